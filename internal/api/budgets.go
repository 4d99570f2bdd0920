package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/rules"
)

// Budgets is the document at [BudgetsPath].
type Budgets struct {
	Head
	// SessionStarts is null while nothing has asked Discord for them.
	SessionStarts   *SessionStarts  `json:"session_starts"`
	InvalidRequests InvalidRequests `json:"invalid_requests"`
	// Sends are those of the shards that are kept in full, the most first.
	Sends   []Sends `json:"sends"`
	Answers Answers `json:"answers"`
}

// SessionStarts are those of the whole bot.
type SessionStarts struct {
	Remaining   float64    `json:"remaining"`
	Limit       *float64   `json:"limit"`
	ResetsAt    *time.Time `json:"resets_at"`
	Concurrency *float64   `json:"max_concurrency"`
}

// InvalidRequests are those of this process. Discord counts all of an address.
type InvalidRequests struct {
	Count  *float64 `json:"count"`
	Limit  int      `json:"limit"`
	Window float64  `json:"window_seconds"`
	// LevelsOffAt is what the count becomes if the last minute goes on.
	LevelsOffAt *float64 `json:"levels_off_at"`
}

// Sends are the payloads that a shard has sent to the gateway.
type Sends struct {
	Shard  string  `json:"shard"`
	Count  float64 `json:"count"`
	Limit  int     `json:"limit"`
	Window float64 `json:"window_seconds"`
}

// Answers is the error budget of the interactions, as the rules define it.
type Answers struct {
	// Budget is the share that may fail. An alert fires where the budget burns at
	// BurnFast or BurnSlow times the rate that it allows for.
	Budget   float64 `json:"budget"`
	BurnFast float64 `json:"burn_fast"`
	BurnSlow float64 `json:"burn_slow"`
	Windows  []Burn  `json:"windows"`
}

// A Burn is what of the budget a window has taken.
type Burn struct {
	Window  float64  `json:"window_seconds"`
	Covered *float64 `json:"covered_seconds"`
	Judged  *float64 `json:"judged"`
	Failed  *float64 `json:"failed"`
	// Ratio is the share that failed, null without interactions, and Burn is Ratio
	// divided by the budget.
	Ratio *float64 `json:"ratio"`
	Burn  *float64 `json:"burn"`
}

// burnWindows are those of the recording rules.
var burnWindows = []time.Duration{5 * time.Minute, 30 * time.Minute, time.Hour, 6 * time.Hour}

func budgetsTask(_ Member, p *parameters) task {
	return task{key: p.key(), make: func(ctx context.Context, _ *API, m Member, at time.Time) (any, error) { return budgetsOf(ctx, m, at) }}
}

func budgetsOf(ctx context.Context, m Member, at time.Time) (Budgets, error) {
	var s sheet
	last := func(of catalog.Instrument) *answers { return s.ask(evidence.Question{Form: evidence.Last, Of: of}) }
	remaining, limit, reset, concurrency := last(catalog.SessionStartRemaining), last(catalog.SessionStartLimit), last(catalog.SessionStartReset), last(catalog.SessionStartConcurrency)
	increase := func(of catalog.Instrument, over time.Duration, by ...string) *answers {
		return s.ask(evidence.Question{Form: evidence.Increase, Of: of, Over: over, By: by})
	}
	invalid, lately := increase(catalog.InvalidRequests, catalog.InvalidRequestWindow), increase(catalog.InvalidRequests, time.Minute)
	sent := increase(catalog.ShardSent, catalog.SendWindow, "shard")
	burns := make([]burn, len(burnWindows))
	for i, over := range burnWindows {
		burns[i] = askBurn(&s, over)
	}
	if err := s.learn(ctx, m.Source, at); err != nil {
		return Budgets{}, err
	}
	d := Budgets{Head: head(m, at), Sends: []Sends{}}
	if left := remaining.one(); left != nil {
		d.SessionStarts = &SessionStarts{*left, limit.one(), instantOf(reset.one()), concurrency.one()}
	}
	d.InvalidRequests = InvalidRequests{Count: invalid.one(), Limit: catalog.InvalidRequestLimit, Window: catalog.InvalidRequestWindow.Seconds()}
	if n := lately.one(); n != nil {
		d.InvalidRequests.LevelsOffAt = number(*n * catalog.InvalidRequestWindow.Minutes())
	}
	for _, value := range *sent {
		if n := number(value.Number); n != nil {
			d.Sends = append(d.Sends, Sends{value.Labels["shard"], *n, catalog.SendLimit, catalog.SendWindow.Seconds()})
		}
	}
	slices.SortStableFunc(d.Sends, func(a, b Sends) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), compareShards(a.Shard, b.Shard))
	})
	d.Answers = Answers{rules.Number("AckBudget"), rules.Number("AckBurnFast"), rules.Number("AckBurnSlow"), make([]Burn, len(burns))}
	for i, b := range burns {
		d.Answers.Windows[i] = b.of(m, at, d.Answers.Budget)
	}
	return d, nil
}

// A burn has the questions of a [Burn].
type burn struct {
	over           time.Duration
	judged, failed *answers
}

func askBurn(s *sheet, over time.Duration) burn {
	ask := func(outcomes ...string) *answers {
		return s.ask(evidence.Question{
			Form: evidence.Increase, Of: catalog.Acks, Over: over,
			Where: []evidence.Match{evidence.Is("type", rules.Awaited()...), evidence.Is("outcome", outcomes...)},
		})
	}
	return burn{over, ask(append(rules.NotInTime(), catalog.AckInTime)...), ask(rules.NotInTime()...)}
}

func (b burn) of(m Member, at time.Time, budget float64) Burn {
	d := Burn{Window: b.over.Seconds(), Covered: covered(m, at, b.over), Judged: b.judged.one(), Failed: b.failed.one()}
	if d.Judged != nil && d.Failed == nil {
		d.Failed = number(0) // there are outcomes, and none of these
	}
	if d.Judged != nil && *d.Judged > 0 {
		ratio := *d.Failed / *d.Judged
		d.Ratio, d.Burn = number(ratio), number(ratio/budget)
	}
	return d
}
