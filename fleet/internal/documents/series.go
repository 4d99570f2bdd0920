package documents

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/expr"
	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
)

// points is the number of values of a series over time, about: a screen has no more.
const points = 240

// A Grid is the times of series: multiples of the step, so that a value stays the same
// when it is asked for again.
type Grid struct {
	From time.Time
	Step time.Duration
	N    int
}

// NewGrid covers a time that ends now.
func NewGrid(length time.Duration, to time.Time) Grid {
	step := max((length / points).Truncate(5*time.Second), 15*time.Second)
	last := to.Truncate(step)
	n := int(length/step) + 1
	return Grid{last.Add(-time.Duration(n-1) * step), step, n}
}

func (g Grid) to() time.Time { return g.From.Add(time.Duration(g.N-1) * g.Step) }

// values puts points onto the grid; what is not known is nil.
func (g Grid) values(s evidence.Series) []*float64 {
	list := make([]*float64, g.N)
	for _, p := range s.Points {
		if i := int(p.At.Sub(g.From).Round(g.Step) / g.Step); i >= 0 && i < g.N {
			list[i] = &p.Number
		}
	}
	return list
}

// ask asks for the series of an expression on the grid.
func (g Grid) ask(ctx context.Context, in Input, format string, args ...any) ([]evidence.Series, error) {
	return in.Querier.QueryRange(ctx, fmt.Sprintf(format, args...), g.From, g.to(), g.Step)
}

// one asks for a single series. Without an answer all values are nil.
func (g Grid) one(ctx context.Context, in Input, format string, args ...any) ([]*float64, error) {
	series, err := g.ask(ctx, in, format, args...)
	if err != nil || len(series) == 0 {
		return make([]*float64, g.N), err
	}
	return g.values(series[0]), nil
}

// Sparks are the lines of the table of clusters.
type Sparks struct {
	Head
	Step     float64   `json:"step_seconds"`
	From     time.Time `json:"from"`
	Clusters []Spark   `json:"clusters"`
}

// A Spark is the line of one cluster.
type Spark struct {
	Named
	FailureRatio []*float64 `json:"failure_ratio"`
}

// MakeSparks makes the lines of the last hour, of the bots that are wanted.
func MakeSparks(ctx context.Context, in Input, wanted Wanted) (*Sparks, error) {
	g := Grid{in.At.Truncate(time.Minute).Add(-59 * time.Minute), time.Minute, 60}
	series, err := g.ask(ctx, in, "%s", expr.FailureRatio(wanted.selector()))
	if err != nil {
		return nil, err
	}
	s := &Sparks{Head: in.head(), Step: g.Step.Seconds(), From: g.From.UTC(), Clusters: []Spark{}}
	for _, one := range series {
		s.Clusters = append(s.Clusters, Spark{named(placeOf(one.Labels)), g.values(one)})
	}
	return s, nil
}

// History is what the overview shows over time.
type History struct {
	Head
	Step      float64          `json:"step_seconds"`
	From      time.Time        `json:"from"`
	Versions  []VersionHistory `json:"versions"`
	Remaining []*float64       `json:"session_starts_remaining"`
	Marks     []Mark           `json:"marks"`
}

// VersionHistory is the line of a version of the bot.
type VersionHistory struct {
	Version      *string    `json:"version"`
	Clusters     int        `json:"clusters"`
	FailureRatio []*float64 `json:"failure_ratio"`
}

// A Mark is something that happened, on a chart.
type Mark struct {
	At   time.Time `json:"at"`
	Kind string    `json:"kind"`
	What string    `json:"what"`
}

// MakeHistory makes the charts of the overview, of the bots that are wanted.
func MakeHistory(ctx context.Context, in Input, length time.Duration, marks []Mark, wanted Wanted) (*History, error) {
	g := NewGrid(length, in.At)
	h := &History{Head: in.head(), Step: g.Step.Seconds(), From: g.From.UTC(), Versions: []VersionHistory{}, Marks: marks}
	selector := wanted.selector()
	versions, err := g.ask(ctx, in, "%s / %s", expr.ByVersion(expr.Answers(selector, true), selector), expr.ByVersion(expr.Answers(selector, false), selector))
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for _, m := range in.Members {
		if list := m.Reporting(); len(list) > 0 && wanted.Is(m.Job, m.Bot) {
			counts[list[0].Version]++
		}
	}
	for _, s := range versions {
		version := s.Labels["version"]
		h.Versions = append(h.Versions, VersionHistory{known(version), counts[version], g.values(s)})
	}
	slices.SortStableFunc(h.Versions, func(a, b VersionHistory) int { return b.Clusters - a.Clusters })
	h.Remaining, err = g.one(ctx, in, "min(%s{%s})", expr.Name(catalog.SessionStartRemaining), selector)
	return h, err
}

// selectorOf selects the series of a place.
func selectorOf(p members.Place) string {
	return fmt.Sprintf("job=%q,bot=%q,region=%q,cluster=%q", p.Job, p.Bot, p.Region, p.Cluster)
}
