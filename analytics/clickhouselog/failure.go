package clickhouselog

import (
	"errors"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/connection"
	"github.com/argus-dgo/argus/internal/clickhousesettings"
)

// An ExportError describes a batch that was not written.
type ExportError struct {
	Endpoint   string // host and port
	Dropped    int    // events that are lost with it; 0 while they are kept
	Suppressed int    // failures since the last report
	Final      bool   // at Shutdown, so that the batch is not repeated
	Ingest     bool   // it was not events, but what was dropped of them
	err        error
}

// Error returns one line: what failed, why, and what to do. It has no more of the server's
// words than the name of its error, since they may quote values.
func (e *ExportError) Error() string {
	what := "events"
	if e.Ingest {
		what = "the number of dropped events"
	}
	s := fmt.Sprintf("clickhouselog: cannot write %s to ClickHouse at %s: %s%s; %s", what, e.Endpoint, cause(e.err), hint(e.err), e.next())
	if e.Suppressed > 0 {
		s += fmt.Sprintf(" (%d more since the last report)", e.Suppressed)
	}
	return s
}

func (e *ExportError) Unwrap() error { return e.err }

func (e *ExportError) next() string {
	switch {
	case e.Final:
		return fmt.Sprintf("this was the last attempt: %s lost", are(e.Dropped))
	case e.Dropped > 0:
		return fmt.Sprintf("the bot keeps running; %s lost, because a retry would fail as well", are(e.Dropped))
	case e.Ingest:
		return "the bot keeps running"
	}
	return "the bot keeps running and the batch is retried"
}

func (e *Exporter) failure(err error, dropped int) *ExportError {
	return &ExportError{Endpoint: e.endpoint, Dropped: dropped, err: err}
}

// A settingError is that of a file that cannot be read any more.
type settingError struct{ err error }

func (e *settingError) Error() string { return e.err.Error() }
func (e *settingError) Unwrap() error { return e.err }

var errPanic = errors.New("the client of ClickHouse panicked")

func cause(err error) error {
	if _, is := errors.AsType[*settingError](err); is || errors.Is(err, errPanic) {
		return err
	}
	return connection.Reason(err)
}

// corrections are errors that are gone once somebody has corrected something
// (https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp). The
// batch waits for that.
var corrections = func() map[int32]string {
	const (
		user   = ": check " + clickhousesettings.EnvUser + " and " + clickhousesettings.EnvPasswordFile
		rights = ": grant the user INSERT on the database"
		tables = ": run argus-analytics init, or migrate"
	)
	return map[int32]string{
		192: user, // UNKNOWN_USER
		193: user, // WRONG_PASSWORD
		194: user, // REQUIRED_PASSWORD
		516: user, // AUTHENTICATION_FAILED

		164: rights, // READONLY
		291: rights, // DATABASE_ACCESS_DENIED
		497: rights, // ACCESS_DENIED

		16: tables, // NO_SUCH_COLUMN_IN_TABLE
		60: tables, // UNKNOWN_TABLE
		81: tables, // UNKNOWN_DATABASE
	}
}()

func correction(err error) (string, bool) {
	exception, is := errors.AsType[*clickhouse.Exception](err)
	if !is {
		return "", false
	}
	hint, is := corrections[exception.Code]
	return hint, is
}

// hint says what to do, where that is known.
func hint(err error) string {
	text, _ := correction(err)
	return text
}

// retryable reports whether a batch may be accepted later.
func retryable(err error) bool {
	if _, is := errors.AsType[*settingError](err); is {
		return true
	}
	if errors.Is(err, errPanic) {
		return false
	}
	_, corrected := correction(err)
	return corrected || analytics.Retryable(err)
}
