package eventstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/argus-dgo/argus/analytics/event"
)

// The reasons why [Store.Add] refuses an event.
const (
	TooManyValues = "too_many_values"
	Full          = "full"
)

// ErrFull is why an event was refused that had no room.
var ErrFull = errors.New("the store is full with the events of one day: raise ARGUS_FLEET_EVENTS_MAX")

// A Refusal is an event that was not stored.
type Refusal struct {
	Row    int // of the rows that were given
	Reason string
	Err    error // names what is wrong, but no value
}

// A Result says what became of rows.
type Result struct {
	Added   int
	Known   int // were there
	Refused []Refusal
}

// A Drop is events that somebody else dropped, to be counted.
type Drop struct {
	Bot, Region, Cluster string
	Reason               string // one of a closed set
	Events               int64
}

// Add writes events that have passed event.Row.Check, and counts others as dropped. After
// an error nothing is written.
func (s *Store) Add(ctx context.Context, rows []event.Row, drops ...Drop) (Result, error) {
	if err := s.enter(ctx); err != nil {
		return Result{}, err
	}
	defer s.leave()
	ctx = context.WithoutCancel(ctx) // what has begun is short
	s.mu.Lock()
	days := maps.Clone(s.days)
	s.mu.Unlock()
	b := batch{s: s, now: s.cfg.Now(), days: days, sums: newSums()}
	s.texts.begin()
	if err := transaction(ctx, s.conn, func() error { return b.write(ctx, rows, drops) }); err != nil {
		return Result{}, fmt.Errorf("the store of events cannot be written: %w", err)
	}
	s.texts.commit()
	s.committed(&b)
	return b.result, nil
}

// A batch is what one transaction writes.
type batch struct {
	s       *Store
	now     time.Time
	days    map[int64]day
	dropped map[int64]int64 // days that were dropped for it, and their events
	sums    *sums
	result  Result
}

func (b *batch) write(ctx context.Context, rows []event.Row, drops []Drop) error {
	if err := b.makeRoom(ctx, int64(len(rows))); err != nil {
		return err
	}
	room := b.s.cfg.MaxEvents
	for _, d := range b.days {
		room -= d.events
	}
	for n := range rows {
		r, err := b.s.record(ctx, &rows[n], b.now)
		if err == nil && int64(b.result.Added) >= room {
			err = ErrFull
		}
		if err == nil {
			err = b.add(ctx, r)
		}
		many, isMany := errors.AsType[TooManyError](err)
		switch {
		case err == nil:
			continue
		case isMany:
			b.refuse(n, r, TooManyValues, many)
		case errors.Is(err, ErrFull):
			b.refuse(n, r, Full, err)
		default:
			return err
		}
	}
	for _, d := range drops {
		if err := b.drop(ctx, d); err != nil {
			return err
		}
	}
	return b.s.writeSums(ctx, b.sums)
}

func (b *batch) makeRoom(ctx context.Context, events int64) error {
	before := maps.Clone(b.days)
	gone, err := b.s.makeRoom(ctx, b.days, events, dayOf(b.now))
	b.dropped = map[int64]int64{}
	for _, n := range gone {
		b.dropped[n] = before[n].events
	}
	return err
}

// add writes an event, unless it is there: in the table of its day, or in that of another
// one if it arrived when it was late or early.
func (b *batch) add(ctx context.Context, r *record) error {
	for _, n := range overlapping(b.days, r.at, r.at+1) {
		if n == r.filed {
			continue
		}
		stmt, err := b.s.prepared(ctx, ofDay("SELECT count(*) FROM events_DAY WHERE guild = ? AND time = ? AND id = ?", n))
		if err != nil {
			return err
		}
		var there int
		if err := stmt.QueryRowContext(ctx, r.guild, r.at, r.row.ID[:]).Scan(&there); err != nil {
			return err
		}
		if there > 0 {
			b.result.Known++
			return nil
		}
	}
	if _, there := b.days[r.filed]; !there {
		if err := b.s.makeDay(ctx, r.filed); err != nil {
			return err
		}
		b.days[r.filed] = day{}
	}
	inserted, err := b.s.insert(ctx, r)
	switch {
	case err != nil:
		return err
	case !inserted:
		b.result.Known++
	default:
		b.result.Added++
		b.sums.add(r)
	}
	return nil
}

// refuse counts an event as dropped, by as much as is known of its sender.
func (b *batch) refuse(n int, r *record, reason string, err error) {
	b.result.Refused = append(b.result.Refused, Refusal{n, reason, err})
	if r.bot != 0 && r.region != 0 && r.cluster != 0 {
		b.sums.ingest[ingestKey{r.bot, floor(b.now.Unix(), hour), r.region, r.cluster, dropped, reason}]++
	}
}

func (b *batch) drop(ctx context.Context, d Drop) error {
	key := ingestKey{start: floor(b.now.Unix(), hour), result: dropped, reason: d.Reason}
	for _, text := range []struct {
		kind  kind
		value string
		into  *int64
	}{{ofBot, d.Bot, &key.bot}, {ofRegion, d.Region, &key.region}, {ofCluster, d.Cluster, &key.cluster}} {
		id, err := b.s.text(ctx, text.kind, text.value, dayOf(b.now))
		if _, is := errors.AsType[TooManyError](err); is {
			return nil // the fleet's own metrics count it
		}
		if err != nil {
			return err
		}
		*text.into = id
	}
	b.sums.ingest[key] += d.Events
	return nil
}

// committed makes known what a transaction has written.
func (s *Store) committed(b *batch) {
	s.mu.Lock()
	for n, added := range b.sums.days {
		d, there := b.days[n]
		if !there || d.events == 0 {
			d = day{first: added.first, last: added.last}
		}
		b.days[n] = day{d.events + added.events, min(d.first, added.first), max(d.last, added.last)}
	}
	s.days = b.days
	for _, events := range b.dropped {
		s.dropped += uint64(events) //nolint:gosec // a count
	}
	s.mu.Unlock()
	for n, events := range b.dropped {
		if s.cfg.Dropped != nil {
			s.cfg.Dropped(timeOf(n), events)
		}
	}
}
