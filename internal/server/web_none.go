//go:build argus_no_web_config

package server

import (
	"errors"
	"net"
)

var errNoWebConfig = errors.New("cannot be used: the build tag argus_no_web_config has left out web configuration files; build without it")

// ReadWebConfig always returns an error.
func ReadWebConfig(string) (WebConfig, error) { return WebConfig{}, errNoWebConfig }

func (s *Server) serveWeb(net.Listener) error { return errNoWebConfig }
