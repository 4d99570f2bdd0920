package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/argus-dgo/argus/internal/excerpt"
	"github.com/argus-dgo/argus/internal/reason"
)

// ports are those of ClickHouse's HTTP interface.
var ports = map[string]string{"http": "8123", "https": "8443"}

// maxError is how much of the server's words an error has.
const maxError = 2000

// connect returns a connection to a database. The server is not asked before a statement.
func (s settings) connect(database string) (driver.Conn, error) {
	o := &clickhouse.Options{
		Addr: []string{s.addr()}, Protocol: clickhouse.HTTP,
		Auth:        clickhouse.Auth{Database: database, Username: s.user, Password: s.password},
		ReadTimeout: s.timeout, // the context ends it
	}
	if s.server.Scheme == "https" {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return clickhouse.Open(o)
}

func (s settings) addr() string {
	if port := s.server.Port(); port != "" {
		return s.server.Host
	}
	return net.JoinHostPort(s.server.Hostname(), ports[s.server.Scheme])
}

// plain makes an error of a connection readable: clickhouse-go wraps those of net/http,
// which have the whole request.
func (s settings) plain(err error) error {
	if err == nil || errors.Is(err, errProblems) {
		return err
	}
	if request, is := errors.AsType[*url.Error](err); is {
		return fmt.Errorf("ClickHouse at %s: %w", s.addr(), reason.Of(request))
	}
	return errors.New(excerpt.Hide(excerpt.Clip(err.Error(), maxError), s.password))
}
