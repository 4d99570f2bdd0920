package fleet

import (
	"fmt"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/engine"
	"github.com/argus-dgo/argus/fleet/internal/ingest"
	"github.com/argus-dgo/argus/fleet/internal/journal"
	"github.com/argus-dgo/argus/fleet/internal/judge"
	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/evidence"
)

// lostFor is how long a place that is gone has the series up with the value 0: as long as
// the alerts remember processes.
const lostFor = 24 * time.Hour

// tick ends the series of processes that have stopped reporting, and saves who is there.
func (f *Fleet) tick() {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	var saved, told time.Time
	for {
		var now time.Time
		select {
		case <-f.ctx.Done():
			return
		case now = <-ticker.C:
		}
		ended := f.members.Tick(now)
		if f.upstream == nil { // or the series are not ours
			for _, one := range ended {
				f.end(one, now)
			}
			if now.Sub(told) >= saveEvery {
				told = now
				f.tellLost(now)
			}
		}
		if f.members.Changed() || now.Sub(saved) >= saveEvery {
			saved = now
			if err := f.members.Save(); err != nil {
				f.report(fmt.Errorf("the members cannot be saved: %w", err))
			}
		}
	}
}

// end ends the series of a process. One that was lost is down, one that was replaced is
// not there any more.
func (f *Fleet) end(e members.Ending, now time.Time) {
	var kept []string
	if e.By == members.Lost {
		kept = []string{ingest.Up}
	}
	if _, err := f.engine.End(f.ctx, e.Job, e.Instance, e.After, kept...); err != nil {
		f.report(fmt.Errorf("the series of %v cannot be ended: %w", e.Place, err))
	}
	if e.By == members.Lost {
		f.down(e, now)
	}
}

func (f *Fleet) down(e members.Ending, now time.Time) {
	sample := engine.Sample{Name: ingest.Up, Labels: evidence.Labels{"job": e.Job, "instance": e.Instance}, At: now}
	if err := f.engine.Write(f.ctx, sample); err != nil {
		f.report(fmt.Errorf("the series up of %v cannot be written: %w", e.Place, err))
	}
}

// tellLost writes again that what is gone is down: a series without a sample for five
// minutes is not there.
func (f *Fleet) tellLost(now time.Time) {
	for _, e := range f.members.Lost() {
		if now.Sub(e.After) < lostFor {
			f.down(e, now)
		}
	}
}

// happened keeps an event of the members.
func (f *Fleet) happened(e members.Event) {
	f.keep(journal.Event{
		At: e.At, Kind: string(e.Kind), Job: e.Job, Bot: e.Bot, Region: e.Region, Cluster: e.Cluster, What: whatHappened(e),
	})
}

func whatHappened(e members.Event) string {
	switch e.Kind {
	case members.Started:
		return "The cluster reports for the first time."
	case members.Restarted:
		return "Another process reports for the cluster."
	case members.Moved:
		return fmt.Sprintf("Another process reports for the cluster, on host %s instead of %s.", e.After, e.Before)
	case members.Duplicate:
		return fmt.Sprintf("Two processes report for the cluster: %s and %s.", e.Before, e.Instance)
	case members.Left:
		return "The process has shut down."
	case members.Gone:
		return "The cluster does not report any more; its process did not say that it shuts down."
	case members.Back:
		return "The process reports again."
	case members.Version:
		return fmt.Sprintf("The bot's version is %s, and was %s.", e.After, e.Before)
	case members.Forgotten:
		return "The cluster was forgotten."
	}
	return ""
}

// found keeps that a finding began or ended.
func (f *Fleet) found(c judge.Change) {
	e := journal.Event{
		At: c.At, Kind: "finding_began", Job: c.Finding.Subject["job"], Bot: c.Finding.Subject["bot"], Cluster: c.Finding.Subject["cluster"],
		Shard: c.Finding.Subject["shard"], Severity: c.Finding.Severity, What: c.Finding.Sentence + ".",
	}
	if c.Ended {
		e.Kind, e.What = "finding_ended", "No longer: "+c.Finding.Sentence+"."
	}
	f.keep(e)
}

func (f *Fleet) keep(e journal.Event) {
	if err := f.journal.Add(e); err != nil {
		f.report(fmt.Errorf("the journal: %w", err))
	}
}
