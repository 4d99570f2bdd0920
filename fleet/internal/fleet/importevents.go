package fleet

import (
	"context"
	"errors"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/clickhousestore"
	"github.com/argus-dgo/argus/fleet/internal/eventstore"
	"github.com/argus-dgo/argus/fleet/internal/settings"
)

// An ImportedDay is one of [ImportEvents].
type ImportedDay = clickhousestore.ImportedDay

// ImportEvents copies the events of the data folder into ClickHouse, and tells of each day.
// No fleet may keep its events in the folder meanwhile. The result is since when the folder
// has sums, which are not copied. It is zero if there are none.
func ImportEvents(ctx context.Context, s settings.Settings, told func(ImportedDay)) (sums time.Time, err error) {
	from, err := eventstore.OpenArchive(ctx, eventsIn(s.Data))
	if err != nil {
		return time.Time{}, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if sums, err = from.SumsSince(ctx); err != nil {
		return time.Time{}, err
	}
	to, err := clickhousestore.Open(clickhousestore.Config{Connection: s.ClickHouse, Now: time.Now})
	if err != nil {
		return time.Time{}, err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	return sums, to.Import(ctx, from, told)
}
