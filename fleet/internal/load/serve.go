package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/fleet"
	"github.com/argus-dgo/argus/fleet/internal/settings"
)

// serveCommand has this program be a fleet that can be profiled, as Prometheus can: the
// first argument is the address for profiles, the others are those of argus-fleet.
const serveCommand = "serve"

func serve(ctx context.Context, line []string, errOut io.Writer) (err error) {
	if len(line) == 0 {
		return errors.New("serve needs an address for profiles")
	}
	s, _, err := settings.Parse(line[1:], os.LookupEnv, errOut)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", line[0])
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: endTimeout}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // it is told to end
	}()
	defer func() {
		err = errors.Join(err, server.Close())
		<-served
	}()
	fleet.SetMemory()
	f, err := fleet.Start(fleet.Config{Settings: s, Version: "load", Logger: slog.New(slog.NewTextHandler(errOut, nil))})
	if err != nil {
		return err
	}
	<-ctx.Done()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return f.Close(closing)
}
