package fleet

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/fleet/internal/api"
	"github.com/argus-dgo/argus/fleet/internal/clickhousestore"
	"github.com/argus-dgo/argus/fleet/internal/eventdocs"
	"github.com/argus-dgo/argus/fleet/internal/eventstore"
	"github.com/argus-dgo/argus/fleet/internal/ingest"
	"github.com/argus-dgo/argus/fleet/internal/journal"
)

const (
	eventsFolder = "events"
	eventsFile   = "events.db"
	retainEvery  = time.Hour
	lookEvery    = 30 * time.Second
	eraseTimeout = 10 * time.Minute
)

// An eventStore keeps events, and answers questions about them.
type eventStore interface {
	ingest.EventStore
	figures.Reader
	EraseGuild(ctx context.Context, guild uint64) (events int64, err error)
	Close() error
}

// openEvents opens the store of events, if they are on. A fleet goes on without them if it
// cannot: a file is left alone for a person to look at.
func (f *Fleet) openEvents() {
	if !f.cfg.Events {
		return
	}
	open := f.openFile
	if f.cfg.ClickHouse.URL != "" {
		open = f.openClickHouse
	}
	if err := open(); err != nil {
		f.report(fmt.Errorf("no events are taken: %w", err))
		return
	}
	f.events.Reader = f.store
	f.receiver.KeepEvents(f.store)
}

// eventsIn is the file of events in a folder.
func eventsIn(dir string) string { return filepath.Join(dir, eventsFolder, eventsFile) }

func (f *Fleet) openFile() error {
	store, err := eventstore.Open(eventstore.Config{
		File: eventsIn(f.cfg.Data), Retention: f.cfg.EventsRetention, Hourly: f.cfg.EventsHourly,
		MaxEvents: int64(f.cfg.EventsMax), Now: time.Now, Dropped: f.eventsDropped,
	})
	if err != nil {
		return err
	}
	f.store, f.file = store, store
	f.events = eventdocs.Source{Store: "SQLite", Retention: func(context.Context) (raw, hourly time.Duration, err error) {
		return f.cfg.EventsRetention, f.cfg.EventsHourly, nil
	}}
	f.keepEvents = func() { f.every(retainEvery, func(tick <-chan time.Time) { store.Run(f.ctx, tick, f.report) }) }
	return nil
}

// openClickHouse does not wait for the server. Its tables say how long events are kept.
func (f *Fleet) openClickHouse() error {
	store, err := clickhousestore.Open(clickhousestore.Config{Connection: f.cfg.ClickHouse, Now: time.Now, Report: f.report})
	if err != nil {
		return err
	}
	f.store = store
	f.events = eventdocs.Source{Store: "ClickHouse", Retention: store.Retention}
	f.keepEvents = func() { f.every(lookEvery, func(tick <-chan time.Time) { store.Run(f.ctx, tick) }) }
	return nil
}

// every runs a function that ends with the fleet.
func (f *Fleet) every(interval time.Duration, run func(<-chan time.Time)) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	run(ticker.C)
}

func (f *Fleet) eventsDropped(day time.Time, events int64) {
	f.report(fmt.Errorf("the %d events of %s were dropped, because there are more than ARGUS_FLEET_EVENTS_MAX %d", events, day.Format(time.DateOnly), f.cfg.EventsMax))
}

// EraseGuild implements api.Fleet. Neither the log nor the journal has the guild.
func (f *Fleet) EraseGuild(guild uint64, by string) (int64, error) {
	if f.store == nil {
		return 0, api.ErrNoEvents
	}
	ctx, cancel := context.WithTimeout(f.ctx, eraseTimeout)
	defer cancel()
	n, err := f.store.EraseGuild(ctx, guild)
	if err != nil {
		return n, err
	}
	f.log.Info("a guild was erased from the events", "events", n, "by", by)
	f.keep(journal.Event{At: time.Now(), Kind: "erasure", What: fmt.Sprintf("A guild was erased from the events, by %s: %d events.", by, n)})
	return n, nil
}
