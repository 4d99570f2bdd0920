package fleet

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/api"
	"github.com/argus-dgo/argus/fleet/internal/eventdocs"
	"github.com/argus-dgo/argus/fleet/internal/eventstore"
	"github.com/argus-dgo/argus/fleet/internal/journal"
)

const (
	eventsFolder = "events"
	eventsFile   = "events.db"
	retainEvery  = time.Hour
	eraseTimeout = 10 * time.Minute
)

// openEvents opens the store of events, if they are on. A fleet goes on without them if it
// cannot: the file is left alone for a person to look at.
func (f *Fleet) openEvents() {
	if !f.cfg.Events {
		return
	}
	store, err := eventstore.Open(eventstore.Config{
		File: filepath.Join(f.cfg.Data, eventsFolder, eventsFile), Retention: f.cfg.EventsRetention, Hourly: f.cfg.EventsHourly,
		MaxEvents: int64(f.cfg.EventsMax), Now: time.Now, Dropped: f.eventsDropped,
	})
	if err != nil {
		f.report(fmt.Errorf("no events are taken: %w", err))
		return
	}
	f.store = store
	f.events = eventdocs.Source{Reader: store, Store: "SQLite", Retention: f.cfg.EventsRetention, HourlyRetention: f.cfg.EventsHourly}
	f.receiver.KeepEvents(store)
}

func (f *Fleet) eventsDropped(day time.Time, events int64) {
	f.report(fmt.Errorf("the %d events of %s were dropped, because there are more than ARGUS_FLEET_EVENTS_MAX %d", events, day.Format(time.DateOnly), f.cfg.EventsMax))
}

// retainEvents removes what is too old, until the fleet ends.
func (f *Fleet) retainEvents() {
	ticker := time.NewTicker(retainEvery)
	defer ticker.Stop()
	f.store.Run(f.ctx, ticker.C, f.report)
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
