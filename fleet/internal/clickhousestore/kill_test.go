package clickhousestore_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics/connection"
	"github.com/argus-dgo/argus/analytics/figures/figurestest"
	"github.com/argus-dgo/argus/fleet/internal/eventstore"
	"github.com/argus-dgo/argus/internal/catalog"
)

// TestKilled: the server is killed while it inserts, early and late. The sender sends the
// same push again until it is acknowledged: each event counts once, in events and in sums.
func TestKilled(t *testing.T) {
	ctx, s := serve(t)
	s.migrate(ctx, t)
	f := s.front(t)
	f.Start()
	s.open(t, connection.Settings{URL: f.URL + "/" + database, User: "default"})
	if err := s.Check(ctx); err != nil {
		t.Fatal(err)
	}
	of, rows := sample(25_000) // three INSERTs
	drop := eventstore.Drop{Bot: figurestest.FirstBot, Region: "eu", Cluster: "1", Reason: "invalid", Events: 7}
	running := make(chan struct{}, 1)
	f.set("", func(statement string) {
		if !strings.HasPrefix(statement, "INSERT INTO events") {
			return
		}
		select {
		case running <- struct{}{}:
		default:
		}
	})
	acknowledged := make(chan int, 1)
	var hangUp atomic.Pointer[context.CancelFunc]
	go func() {
		for sent := 1; ; sent++ {
			push, cancel := context.WithCancel(ctx)
			hangUp.Store(&cancel)
			_, err := s.Add(push, rows, drop)
			cancel()
			if err == nil || ctx.Err() != nil {
				acknowledged <- sent
				return
			}
		}
	}()
	// Wherever a kill hits an INSERT, which takes some 0.3 s, the test has to pass.
	for n, later := range []time.Duration{0, 100 * time.Millisecond, 200 * time.Millisecond} {
		select {
		case <-running:
		case sent := <-acknowledged:
			t.Fatalf("acknowledged after %d pushes, before all kills", sent)
		}
		<-time.After(later)
		if err := s.server.Kill(); err != nil {
			t.Fatal(err)
		}
		if n == 1 {
			(*hangUp.Load())() // otherwise the fleet itself tries until it succeeds
		}
	}
	sent := <-acknowledged
	if ctx.Err() != nil || f.broke.Load() == 0 || sent < 2 {
		t.Fatalf("%d requests were interrupted, %d pushes sent, %v", f.broke.Load(), sent, ctx.Err())
	}
	t.Logf("%d requests were interrupted, %d pushes sent", f.broke.Load(), sent)
	s.add(ctx, t, rows, drop) // as after an acknowledgement that was lost
	figurestest.Check(t, s, of, rows, figurestest.FirstBot)
	var runs uint64
	for _, r := range rows {
		if r.Name == catalog.EventInteractionCompleted.Name {
			runs++
		}
	}
	for query, want := range map[string]uint64{
		"SELECT count() AS n FROM events":                              uint64(len(rows)),
		"SELECT sum(events) AS n FROM ingest WHERE result = 'taken'":   uint64(len(rows)),
		"SELECT sum(events) AS n FROM ingest WHERE result = 'dropped'": uint64(drop.Events),
		"SELECT sum(runs) AS n FROM hourly_commands":                   runs,
		"SELECT sum(runs) AS n FROM hourly_clusters":                   runs,
		"SELECT sum(interactions) AS n FROM hourly_guilds":             runs,
	} {
		if n := s.number(ctx, t, query); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
}
