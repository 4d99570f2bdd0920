package server

import (
	"net"

	"golang.org/x/net/netutil"
)

// A WebConfig says what a web configuration file turns on.
type WebConfig struct {
	TLS       bool
	BasicAuth bool
}

// webConfigError is a web configuration file that has become bad since the start.
type webConfigError struct{ error }

func (e webConfigError) Unwrap() error { return e.error }

// serve serves on a listener until it fails or the server shuts down.
func (s *Server) serve(l net.Listener) error {
	l = netutil.LimitListener(l, s.conns.limit)
	if s.webConfig == "" {
		return s.http.Serve(l)
	}
	defer func() { _ = l.Close() }() // serveWeb may leave it open
	if _, err := ReadWebConfig(s.webConfig); err != nil {
		return webConfigError{err}
	}
	return s.serveWeb(l)
}

// renew replaces the http.Server after its listener was lost. Its connections are cut
// off: those of a network interface that is gone are lost anyway.
func (s *Server) renew() {
	if s.webConfig == "" {
		return
	}
	_ = s.http.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.http = s.newHTTP()
	}
}
