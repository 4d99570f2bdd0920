package api

import (
	"context"
	"time"

	"github.com/argus-dgo/argus/internal/findings"
)

// A Status is the document at [StatusPath].
type Status struct {
	Version  int      `json:"version"`
	Identity Identity `json:"identity"`
	// Verdict is "calm", "look", "affected" or "unknown".
	Verdict string          `json:"verdict"`
	Report  findings.Report `json:"report"`
}

// statusTask is the verdict and the findings of one bot.
func statusTask(_ Member, p *parameters) task {
	return task{key: p.key(), make: func(ctx context.Context, a *API, m Member, _ time.Time) (any, error) {
		report, err := a.examine(ctx, m)
		return Status{Version, m.Identity, report.Verdict().String(), report}, err
	}}
}

// costShare is how much longer a report is used than it took: examinations take at most
// this part of one processor.
const costShare = 10

// An examination is the last one of a bot.
type examination struct {
	turn   chan struct{} // held by what uses the others
	at     time.Time
	took   time.Duration
	report findings.Report
}

// examine returns a report on a bot that is new, or new enough. An examination of a bot
// in trouble takes longest, and it needs the processor most.
func (a *API) examine(ctx context.Context, m Member) (findings.Report, error) {
	room := a.room(m)
	e := &room.examination
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return findings.Report{}, ctx.Err()
	}
	now := time.Now()
	if age := now.Sub(e.at); !e.at.IsZero() && age >= 0 && age < max(reuse, costShare*e.took) {
		return e.report, nil
	}
	report, err := findings.Examine(ctx, m.Source, now.UTC())
	if err != nil {
		return findings.Report{}, err
	}
	e.at, e.took, e.report = now, time.Since(now), report
	room.recorder.note(report, m.Source.Begin())
	return report, nil
}
