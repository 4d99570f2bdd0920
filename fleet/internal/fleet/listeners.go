package fleet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/argus-dgo/argus/fleet/internal/settings"
)

// listeners are the addresses, bound.
type listeners struct {
	pages, otlpGRPC, otlpHTTP net.Listener
}

func (l *listeners) bind(ctx context.Context, s settings.Settings) error {
	var errs []error
	for _, one := range []struct {
		name, addr string
		into       *net.Listener
	}{
		{"ARGUS_FLEET_ADDR", s.Addr, &l.pages},
		{"ARGUS_FLEET_OTLP_GRPC_ADDR", s.OTLPGRPCAddr, &l.otlpGRPC},
		{"ARGUS_FLEET_OTLP_HTTP_ADDR", s.OTLPHTTPAddr, &l.otlpHTTP},
	} {
		if one.addr == "" {
			continue
		}
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", one.addr)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: cannot listen on %s: %w%s", one.name, one.addr, cause(err), hint(err)))
			continue
		}
		*one.into = listener
	}
	return errors.Join(errs...)
}

// cause is the system's own error, without the address.
func cause(err error) error {
	if op, is := errors.AsType[*net.OpError](err); is && op.Err != nil {
		return op.Err
	}
	return err
}

func hint(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "; another program has the address: stop it, or set another one"
	case errors.Is(err, syscall.EACCES):
		return "; ports below 1024 are reserved: choose a higher one"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "; the address is not one of this machine"
	}
	return ""
}

func (l *listeners) close() error {
	var errs []error
	for _, one := range []net.Listener{l.pages, l.otlpGRPC, l.otlpHTTP} {
		if one == nil {
			continue
		}
		if err := one.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
