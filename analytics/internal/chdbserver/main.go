package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

func main() {
	path := flag.String("path", "", "folder of the `data`")
	flag.Parse()
	if err := serve(context.Background(), *path); err != nil {
		fmt.Fprintf(os.Stderr, "chdbserver: %v\n", err)
		os.Exit(1)
	}
}

// serve listens until the process is killed.
func serve(ctx context.Context, path string) error {
	e, err := open(path)
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, l.Addr())
	s := http.Server{Handler: handler{e}, ReadHeaderTimeout: 10 * time.Second}
	return s.Serve(l)
}
