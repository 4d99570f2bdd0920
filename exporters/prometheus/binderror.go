package prometheus

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"
)

// BindError says why the server cannot listen on its address and what to do
// about it. The server goes on trying.
type BindError struct {
	Addr string // as configured
	Err  error  // from the operating system
	hint string
}

func newBindError(addr string, err error) *BindError {
	// The system's own words, without the address a second time.
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		err = op.Err
	}
	b := &BindError{Addr: addr, Err: err}
	var dns *net.DNSError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		b.hint = "another process holds the address: give each process of a host its own port with ARGUS_PORT or ARGUS_PORT_BASE, or stop the other one"
	case errors.Is(err, fs.ErrPermission):
		b.hint = "ports below 1024 are reserved: choose a higher one with ARGUS_PORT"
	case errors.Is(err, syscall.EADDRNOTAVAIL), errors.As(err, &dns):
		b.hint = "the address is not one of this machine: set ARGUS_HOST to one that is, or to nothing for all"
	default:
		b.hint = "set ARGUS_HOST and ARGUS_PORT to an address that is free"
	}
	return b
}

// Error is one line: what, why, and what to do.
func (e *BindError) Error() string {
	return fmt.Sprintf("metrics server: cannot listen on %s: %v; %s; the bot runs on without its metrics page, and listening is tried again until it works",
		e.Addr, e.Err, e.hint)
}

// Unwrap gives the operating system's error.
func (e *BindError) Unwrap() error { return e.Err }
