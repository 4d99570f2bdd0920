package fleet

import (
	"context"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/documents"
	"github.com/argus-dgo/argus/fleet/internal/journal"
	"github.com/argus-dgo/argus/fleet/internal/members"
)

// Input implements api.Fleet.
func (f *Fleet) Input() documents.Input {
	reports, _ := f.judge.Reports()
	in := documents.Input{
		Querier: f.engine.Present(), Members: f.members.Members(), Reports: reports, Expect: f.expect, At: time.Now(), Sources: f.sourceStates(),
		TraceURL: f.cfg.TraceURL,
	}
	if f.upstream == nil {
		in.Exemplars = f.engine.Exemplars
	}
	return in
}

// expect is how many clusters and shards a bot is to have, by its label bot or else its
// job.
func (f *Fleet) expect(job, bot string) (clusters, shards int, set bool) {
	name := bot
	if name == "" {
		name = job
	}
	for _, e := range f.cfg.Expect {
		if e.Bot == name {
			return e.Clusters, e.Shards, true
		}
	}
	return 0, 0, false
}

// Events implements api.Fleet.
func (f *Fleet) Events(from, to time.Time, most int, is func(journal.Event) bool) ([]journal.Event, bool) {
	return f.journal.Events(from, to, most, is)
}

// SeriesOf implements api.Fleet.
func (f *Fleet) SeriesOf(ctx context.Context) (map[string]int, error) {
	series, err := f.engine.Present().Query(ctx, `count by (instance) ({instance!="",cluster!=""})`, time.Now())
	if err != nil {
		return nil, err
	}
	of := make(map[string]int, len(series))
	for _, s := range series {
		of[s.Labels["instance"]] = int(s.Points[0].Number)
	}
	return of, nil
}

// Forget implements api.Fleet.
func (f *Fleet) Forget(p members.Place, by string) error {
	err := f.members.Forget(p, time.Now())
	if err == nil {
		f.log.Info("a cluster was forgotten", "cluster", p.String(), "by", by)
	}
	return err
}
