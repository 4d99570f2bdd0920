package main

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/argus-dgo/argus/analytics/connection"
	"github.com/argus-dgo/argus/internal/excerpt"
	"github.com/argus-dgo/argus/internal/reason"
)

// maxError is how much of the server's words an error has.
const maxError = 2000

// connect returns a connection to a database. The server is not asked before a statement.
func (s settings) connect(database string) (driver.Conn, error) {
	return connection.OpenDatabase(s.connection, database, s.timeout) // the context ends it
}

// plain makes an error of a connection readable: clickhouse-go wraps those of net/http,
// which have the whole request.
func (s settings) plain(err error) error {
	if err == nil || errors.Is(err, errProblems) {
		return err
	}
	if request, is := errors.AsType[*url.Error](err); is {
		return fmt.Errorf("ClickHouse at %s: %w", s.server.Addr, reason.Of(request))
	}
	return errors.New(excerpt.Hide(excerpt.Clip(err.Error(), maxError), s.password))
}
