package api

import (
	"context"
	"errors"
	"time"

	"github.com/argus-dgo/argus/internal/findings"
)

// A Glance is what the page without JavaScript shows of a bot.
type Glance struct {
	Head
	Report findings.Report
	Shards []Shard
	// Cache is that of the [Overview].
	Cache map[string]*float64
}

// glances are those that were made last, guarded by the turn.
type glances struct {
	at   time.Time
	list []Glance
}

// Glances returns one for each bot. Everyone who asks within a second gets the same
// ones. The error is for a person.
func (a *API) Glances(ctx context.Context) ([]Glance, error) {
	ctx, done, err := a.take(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	now := time.Now()
	if age := now.Sub(a.glances.at); !a.glances.at.IsZero() && age >= 0 && age < reuse {
		return a.glances.list, nil
	}
	var list []Glance
	for _, m := range a.members() {
		report, err := a.examine(ctx, m)
		if err == nil {
			g := Glance{Head: head(m, now.UTC()), Report: report}
			if g.Shards, err = shardList(ctx, m, now.UTC(), report); err == nil {
				var o Overview
				o, err = overviewOf(ctx, m, now.UTC())
				g.Cache = o.Cache
			}
			list = append(list, g)
		}
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			return nil, errBusy
		case err != nil:
			return nil, err
		}
	}
	a.glances = glances{time.Now(), list}
	return list, nil
}

// Busy reports whether an error says that the process is busy.
func Busy(err error) bool { return errors.Is(err, errBusy) }
