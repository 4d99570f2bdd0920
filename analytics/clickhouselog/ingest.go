package clickhouselog

import (
	"context"

	"github.com/google/uuid"

	"github.com/argus-dgo/argus/analytics"
)

// drops stay as they are, with their token, as a batch of events does.
type drops struct {
	token string
	rows  []analytics.Drop
}

// writeDrops writes what was dropped to the table ingest. It is called when ClickHouse has
// accepted events, so that it costs no attempt while ClickHouse is away.
func (e *Exporter) writeDrops(ctx context.Context) {
	if e.drops == nil {
		rows := e.queue.takeDrops()
		if len(rows) == 0 {
			return
		}
		e.drops = &drops{token: uuid.NewString(), rows: rows}
		if who := e.identities.last.Load(); who != nil {
			for i := range rows {
				rows[i].Bot, rows[i].Region, rows[i].Cluster = who.row.Bot, who.row.Region, who.row.Cluster
			}
		}
	}
	err := e.connected(ctx, func(ctx context.Context, to inserter) error {
		return to.InsertDrops(ctx, e.drops.rows, e.drops.token)
	})
	if err == nil || !retryable(err) { // the events matter more: Losses has the number
		e.drops = nil
	}
	if err != nil {
		if suppressed, ok := e.ingest.Allow(); ok {
			failure := e.failure(err, 0)
			failure.Ingest, failure.Suppressed = true, suppressed
			e.report(failure)
		}
	}
}

func (q *queue) takeDrops() []analytics.Drop {
	q.mu.Lock()
	defer q.mu.Unlock()
	taken := q.losses.drops
	q.losses.drops = nil
	return taken
}
