package server

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"
)

// BindError says why the server cannot listen on its address and what to do. The
// server keeps trying.
type BindError struct {
	Addr string // as configured
	Err  error  // from the operating system
	hint string
}

func newBindError(addr string, err error) *BindError {
	// The system's error text, without repeating the address.
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		err = op.Err
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		// Without the name server and the sockets, which differ between attempts.
		reason := *dns
		reason.Server = ""
		if i := strings.LastIndex(reason.Err, ": "); i >= 0 {
			reason.Err = reason.Err[i+2:]
		}
		dns, err = &reason, &reason
	}
	b := &BindError{Addr: addr, Err: err}
	_, config := errors.AsType[webConfigError](err)
	switch {
	case config:
		b.hint = "correct ARGUS_WEB_CONFIG_FILE"
	case dns != nil && dns.Temporary():
		b.hint = "no name server has resolved the name: set ARGUS_HOST to an IP address of this machine, or to nothing for all"
	case errors.Is(err, syscall.EADDRINUSE):
		b.hint = "another process holds the address, or another server of this one: give each process of a host its own port with ARGUS_PORT or ARGUS_PORT_BASE, or stop the other one"
	case errors.Is(err, fs.ErrPermission):
		b.hint = "ports below 1024 are reserved: choose a higher one with ARGUS_PORT"
	case errors.Is(err, syscall.EADDRNOTAVAIL), dns != nil:
		b.hint = "the address is not one of this machine: set ARGUS_HOST to one that is, or to nothing for all"
	default:
		b.hint = "set ARGUS_HOST and ARGUS_PORT to an address that is free"
	}
	return b
}

// Error returns one line: what failed, why, and what to do.
func (e *BindError) Error() string {
	return fmt.Sprintf("server: cannot listen on %s: %v; %s; the bot keeps running without its pages, and the server keeps retrying",
		e.Addr, e.Err, e.hint)
}

// Unwrap returns the operating system's error.
func (e *BindError) Unwrap() error { return e.Err }
