package analytics_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/analytics/figures/figurestest"
	"github.com/argus-dgo/argus/internal/catalog"
)

// few returns events that are all interactions of one bot, in the hour before this one.
func few(n int) []event.Row {
	s := figurestest.Sample{Seed: 3, End: time.Now().UTC().Truncate(time.Hour), Span: time.Hour}
	all := make([]event.Row, 0, n)
	for _, r := range s.Rows(2*n + 100) {
		if r.Name == catalog.EventInteractionCompleted.Name && len(all) < n {
			r.Bot, r.Time = figurestest.FirstBot, s.End.Add(-time.Duration(len(all)+1)*time.Millisecond)
			all = append(all, r)
		}
	}
	return all
}

func some[T any](value T) sql.Null[T] { return sql.Null[T]{V: value, Valid: true} }

// batchSize is that of a writer with much to do.
const batchSize = 5000

// write inserts all events, as writers do whose connection breaks now and then: one batch
// in four is repeated with its token. Those of the second bot are then written once more,
// in other batches, as by a second way.
func write(ctx context.Context, t *testing.T, store *analytics.Store, all []event.Row) {
	t.Helper()
	send := func(name string, batch []event.Row) {
		if err := store.Insert(ctx, batch, name); err != nil {
			t.Fatalf("batch %s: %v", name, err)
		}
	}
	for n := 0; n*batchSize < len(all); n++ {
		batch := all[n*batchSize : min((n+1)*batchSize, len(all))]
		name := fmt.Sprintf("%s/%d", t.Name(), n)
		send(name, batch)
		if n%4 == 0 {
			send(name, batch)
		}
	}
	var again []event.Row
	for _, r := range all {
		if r.Bot == figurestest.SecondBot {
			again = append(again, r)
		}
	}
	send(t.Name()+"/again", again)
}

// null is the opposite of a pointer to a value.
func null[T any](p *T) sql.Null[T] {
	if p == nil {
		return sql.Null[T]{}
	}
	return some(*p)
}

func nullFloat(p *float32) sql.Null[float64] {
	if p == nil {
		return sql.Null[float64]{}
	}
	return some(float64(*p))
}
