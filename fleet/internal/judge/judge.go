// Package judge examines the bots of a fleet again and again, with the findings that argus
// explain has, and remembers when each began and ended.
package judge

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/evidence/promql"
	"github.com/argus-dgo/argus/internal/findings"
)

const (
	// Every is the time between two examinations.
	Every = 15 * time.Second
	// costShare is how much longer the time between two is than one takes: examinations
	// take at most this part of one processor.
	costShare = 5
	// queries is the number of queries of an examination at a time.
	queries = 2
	// timeLimit is that of an examination of all bots.
	timeLimit = 5 * time.Minute
)

// A Change is a finding that began or ended.
type Change struct {
	At      time.Time
	Finding findings.Finding
	Ended   bool
}

// A Judge is safe for concurrent use.
type Judge struct {
	changed func(Change)

	mu      sync.Mutex
	at      time.Time
	took    time.Duration
	reports map[evidence.Bot]findings.Report
	open    map[string]findings.Finding
	failed  error
	since   time.Time // when it failed first, in a row
}

// New returns a judge. changed is called with each change, in order.
func New(changed func(Change)) *Judge { return &Judge{changed: changed} }

// Run examines until the context ends.
func (j *Judge) Run(ctx context.Context, querier promql.Querier) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		began := time.Now()
		j.Examine(ctx, querier, began)
		timer.Reset(max(Every, costShare*time.Since(began)))
	}
}

// Examine examines all bots as of a time.
func (j *Judge) Examine(ctx context.Context, querier promql.Querier, at time.Time) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	reports, err := examine(ctx, querier, at)
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil {
		if j.failed == nil {
			j.since = at
		}
		j.failed = err
		return
	}
	j.failed, j.since = nil, time.Time{}
	j.at, j.took, j.reports = at, time.Since(began), reports
	j.follow(at)
}

func examine(ctx context.Context, querier promql.Querier, at time.Time) (map[evidence.Bot]findings.Report, error) {
	bots, err := promql.Bots(ctx, querier, at)
	if err != nil {
		return nil, err
	}
	reports := make(map[evidence.Bot]findings.Report, len(bots))
	for _, b := range bots {
		// A label that the bot lacks is matched as empty: it is not mixed with those that
		// have one.
		scope := evidence.Scope{Where: []evidence.Match{evidence.Is("job", b.Job), evidence.Is("bot", b.Name)}}
		report, err := findings.Examine(ctx, promql.New(querier, scope, queries), at)
		if err == nil {
			report, err = rollout(ctx, querier, b, report)
		}
		if err != nil {
			return nil, fmt.Errorf("%v: %w", b, err)
		}
		reports[b] = report
	}
	return reports, nil
}

// follow tells which findings began and ended since the last examination.
func (j *Judge) follow(at time.Time) {
	now := map[string]findings.Finding{}
	var collect func(list []findings.Finding)
	collect = func(list []findings.Finding) {
		for _, f := range list {
			now[fmt.Sprint(f.ID, f.Subject)] = f
			collect(f.Under)
		}
	}
	for _, r := range j.reports {
		collect(r.Findings)
	}
	for key, f := range now {
		if _, known := j.open[key]; !known && j.open != nil {
			began := at
			if !f.Since.IsZero() && f.Since.Before(at) {
				began = f.Since
			}
			j.changed(Change{At: began, Finding: f})
		}
	}
	for key, f := range j.open {
		if _, still := now[key]; !still {
			j.changed(Change{At: at, Finding: f, Ended: true})
		}
	}
	j.open = now
}

// Reports returns the last report of each bot and the time that they are about.
func (j *Judge) Reports() (map[evidence.Bot]findings.Report, time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return maps.Clone(j.reports), j.at
}

// Failure returns why the last examination failed, and since when they fail.
func (j *Judge) Failure() (since time.Time, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.since, j.failed
}

// Took returns how long the last examination took.
func (j *Judge) Took() time.Duration {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.took
}
