package clickhousestore

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/connection"
	"github.com/argus-dgo/argus/internal/clickhousesettings"
)

// A CheckError is why no events are taken, and what to do about it.
type CheckError struct{ Text, Do string }

func (e *CheckError) Error() string { return e.Text + ": " + e.Do }

// unanswered is the problem behind an error of the server, or of the way to it.
func (s *Store) unanswered(err error) *CheckError {
	p := clickhousesettings.Problem{Text: connection.Reason(err).Error(), Do: clickhousesettings.CheckConnection}
	if _, is := errors.AsType[*clickhouse.HTTPError](err); is {
		p.Do = clickhousesettings.CheckProxy
	}
	if e, is := errors.AsType[*clickhouse.Exception](err); is {
		p.Do = clickhousesettings.ReadLog
		if known, is := s.server.Problem(int(e.Code)); is {
			p = known
		}
	}
	return &CheckError{
		Text: fmt.Sprintf("ClickHouse (ARGUS_FLEET_CLICKHOUSE_URL %s): %s", s.cfg.Connection.URL, p.Text),
		Do:   strings.ReplaceAll(p.Do, "ARGUS_CLICKHOUSE_", "ARGUS_FLEET_CLICKHOUSE_"), // as the fleet's settings are called
	}
}

// fit returns what is wrong with the tables.
func fit(status analytics.Status) *CheckError {
	switch {
	case status.Version == 0:
		return &CheckError{"ClickHouse has no tables for events", "run argus-analytics migrate"}
	case status.Version < status.Latest:
		return &CheckError{fmt.Sprintf("the tables of ClickHouse have version %d, and this version of argus-fleet needs %d", status.Version, status.Latest), "run argus-analytics migrate"}
	case status.Version > status.Latest:
		return &CheckError{fmt.Sprintf("the tables of ClickHouse have version %d, and this version of argus-fleet knows %d", status.Version, status.Latest), "update argus-fleet"}
	case len(status.Altered) > 0:
		return &CheckError{"somebody altered the tables of ClickHouse", "argus-analytics status says what"}
	}
	return nil
}
