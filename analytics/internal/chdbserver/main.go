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
	addr := flag.String("addr", "127.0.0.1:0", "`address` to listen on")
	flag.Parse()
	if err := serve(context.Background(), *path, *addr); err != nil {
		fmt.Fprintf(os.Stderr, "chdbserver: %v\n", err)
		os.Exit(1)
	}
}

// serve listens until the process is killed.
func serve(ctx context.Context, path, addr string) error {
	e, err := open(path)
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, l.Addr())
	s := http.Server{Handler: handler{e}, ReadHeaderTimeout: 10 * time.Second}
	return s.Serve(l)
}
