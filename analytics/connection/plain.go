package connection

import (
	"errors"
	"fmt"
	"net"
	"net/url"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/argus-dgo/argus/internal/reason"
)

// Reason says in few words why a statement failed. It has no more of the server's words
// than the name of its error: they may quote what was written. The words complete a
// sentence that begins with the server.
func Reason(err error) error {
	if e, is := errors.AsType[*clickhouse.Exception](err); is {
		code := proto.Error(e.Code)
		if code.IsAError() {
			return fmt.Errorf("error %w", code) // its name and number
		}
		return fmt.Errorf("error %d", e.Code)
	}
	if e, is := errors.AsType[*clickhouse.HTTPError](err); is {
		return fmt.Errorf("HTTP status %d", e.StatusCode)
	}
	if e, is := errors.AsType[*url.Error](err); is { // it has the whole request
		return reason.Of(e)
	}
	if e, is := errors.AsType[*net.OpError](err); is {
		return reason.Of(e)
	}
	return reason.Of(err)
}
