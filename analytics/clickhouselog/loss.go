package clickhouselog

import (
	"fmt"
	"time"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/internal/catalog"
)

// A LossReason says why events were dropped.
type LossReason string

// The reasons are those of argus.export.dropped and of the table ingest.
const (
	LossQueueFull LossReason = catalog.DropQueueFull // ClickHouse was away or slow for too long
	LossRejected  LossReason = catalog.DropRejected  // ClickHouse refused them, or they cannot be stored
	LossShutdown  LossReason = catalog.DropShutdown  // not written when the exporter was shut down, or later
)

// maxDrops is how many hours and reasons of drops wait to be written: those of ten days.
const maxDrops = 480

// losses count what was dropped.
type losses struct {
	total map[LossReason]uint64
	drops []analytics.Drop // for the table ingest; the newest last

	untold int   // because the queue was full, since the last report
	unfit  int   // cannot be stored, since the last report
	why    error // of the last of these
}

func (l *losses) add(reason LossReason, n int, now time.Time) {
	if l.total == nil {
		l.total = map[LossReason]uint64{}
	}
	l.total[reason] += uint64(n) //nolint:gosec // a length
	if reason == LossQueueFull {
		l.untold += n
	}
	hour := now.UTC().Truncate(time.Hour)
	full := len(l.drops) >= maxDrops
	for i := len(l.drops) - 1; i >= 0; i-- {
		d := &l.drops[i]
		if d.Reason == string(reason) && (full || d.Hour.Equal(hour)) {
			d.Events += uint64(n) //nolint:gosec // a length
			return
		}
		if !full && d.Hour.Before(hour) {
			break
		}
	}
	l.drops = append(l.drops, analytics.Drop{Hour: hour, Reason: string(reason), Events: uint64(n)}) //nolint:gosec // a length
}

// A LossError reports events that were dropped without a failed attempt.
type LossError struct {
	Endpoint string // host and port
	Reason   LossReason
	Count    int   // since the last report
	Cause    error // why an event cannot be stored; nil with another reason
}

// Error returns one line: what was lost, why, and what to do.
func (e *LossError) Error() string {
	why := "they cannot be stored"
	switch e.Reason {
	case LossQueueFull:
		why = "the queue is full, because ClickHouse at " + e.Endpoint + " is unavailable or too slow; the bot keeps running"
	case LossShutdown:
		why = "not written to ClickHouse at " + e.Endpoint + " before the time limit of Shutdown"
	case LossRejected:
		if e.Cause != nil {
			why = e.Cause.Error()
		}
	}
	return fmt.Sprintf("clickhouselog: %s lost: %s", are(e.Count), why)
}

func are(n int) string {
	if n == 1 {
		return "1 event is"
	}
	return fmt.Sprintf("%d events are", n)
}
