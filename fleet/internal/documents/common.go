package documents

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/evidence/promql"
)

// Version is that of all documents.
const Version = 1

// The kinds of sources.
const (
	KindPush       = "push"
	KindPrometheus = "prometheus"
)

// A Source is where the data comes from.
type Source struct {
	Kind  string     `json:"kind"`
	Name  string     `json:"name"`
	State string     `json:"state"`
	Since *time.Time `json:"since"`
	Error *string    `json:"error"`
}

// Head is what all documents have, but for the time of the answer.
type Head struct {
	Version int       `json:"version"`
	At      time.Time `json:"at"`
	Sources []Source  `json:"sources"`
}

// A ParameterError is a parameter that cannot be used.
type ParameterError struct {
	Parameter string
	Err       error
}

// Error names the parameter.
func (b ParameterError) Error() string { return b.Parameter + ": " + b.Err.Error() }

// Unwrap returns what is wrong with it.
func (b ParameterError) Unwrap() error { return b.Err }

// Wanted selects bots. A field that is nil selects all.
type Wanted struct{ Job, Bot *string }

// Is reports whether a bot is wanted.
func (w Wanted) Is(job, bot string) bool {
	return (w.Job == nil || *w.Job == job) && (w.Bot == nil || *w.Bot == bot)
}

// selector selects the series of the bots.
func (w Wanted) selector() string {
	var matchers []string
	if w.Job != nil {
		matchers = append(matchers, fmt.Sprintf("job=%q", *w.Job))
	}
	if w.Bot != nil {
		matchers = append(matchers, fmt.Sprintf("bot=%q", *w.Bot))
	}
	return strings.Join(matchers, ",")
}

// Named is a place in a document.
type Named struct {
	Job     string  `json:"job"`
	Bot     *string `json:"bot"`
	Region  *string `json:"region"`
	Cluster string  `json:"cluster"`
}

func named(p members.Place) Named {
	return Named{p.Job, known(p.Bot), known(p.Region), p.Cluster}
}

// known is nil for an empty text.
func known(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func placeOf(l evidence.Labels) members.Place {
	return members.Place{Job: l["job"], Bot: l["bot"], Region: l["region"], Cluster: l["cluster"]}
}

// A bot is what its places have in common.
type bot struct{ Job, Bot string }

func botOf(p members.Place) bot { return bot{p.Job, p.Bot} }

func compareBots(a, b bot) int { return cmp.Or(cmp.Compare(a.Job, b.Job), cmp.Compare(a.Bot, b.Bot)) }

// A batch runs queries as of one time, a few at once, until one fails.
type batch struct {
	ctx     context.Context //nolint:containedctx // of one document
	querier promql.Querier
	at      time.Time
	queries []query
}

type query struct {
	expr string
	take func([]evidence.Series)
}

// add adds a query whose answer is taken after all have been answered.
func (b *batch) add(take func([]evidence.Series), format string, args ...any) {
	b.queries = append(b.queries, query{fmt.Sprintf(format, args...), take})
}

// places adds a query for a number of each place.
func (b *batch) places(into *map[members.Place]float64, format string, args ...any) {
	b.add(func(series []evidence.Series) {
		*into = make(map[members.Place]float64, len(series))
		for _, s := range series {
			(*into)[placeOf(s.Labels)] = s.Points[0].Number
		}
	}, format, args...)
}

// concurrent is the number of queries at a time.
const concurrent = 4

func (b *batch) run() error {
	answers := make([][]evidence.Series, len(b.queries))
	errs := make([]error, len(b.queries))
	ctx, cancel := context.WithCancel(b.ctx)
	defer cancel()
	slots := make(chan struct{}, concurrent)
	done := make(chan struct{})
	for i, q := range b.queries {
		go func() {
			defer func() { done <- struct{}{} }()
			slots <- struct{}{}
			defer func() { <-slots }()
			if errs[i] = ctx.Err(); errs[i] != nil {
				return
			}
			if answers[i], errs[i] = b.querier.Query(ctx, q.expr, b.at); errs[i] != nil {
				cancel()
			}
		}()
	}
	for range b.queries {
		<-done
	}
	if err := firstCause(errs); err != nil {
		return err
	}
	for i, q := range b.queries {
		q.take(answers[i])
	}
	return nil
}

// firstCause is the error that canceled the others.
func firstCause(errs []error) error {
	var first error
	for _, err := range errs {
		if err != nil && (first == nil || first == context.Canceled) { //nolint:errorlint // the context's own
			first = err
		}
	}
	return first
}

// number is nil unless there is one.
func number[K comparable](of map[K]float64, key K) *float64 {
	n, there := of[key]
	if !there || math.IsNaN(n) || math.IsInf(n, 0) {
		return nil
	}
	return &n
}

func whole(n *float64) *int {
	if n == nil {
		return nil
	}
	i := int(math.Round(*n))
	return &i
}

// share is part ÷ all, or nil without any.
func share(part, all float64) *float64 {
	if all <= 0 {
		return nil
	}
	s := part / all
	return &s
}

// ids writes shard ids as ranges: "0-15, 17".
func ids(list []int) string {
	var b strings.Builder
	for _, r := range ranges(list) {
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(r[0]))
		if r[1] > r[0] {
			b.WriteString("-" + strconv.Itoa(r[1]))
		}
	}
	return b.String()
}

// ranges joins numbers that follow one another.
func ranges(list []int) [][]int {
	sorted := slices.Sorted(slices.Values(list))
	joined := [][]int{}
	for _, n := range slices.Compact(sorted) {
		if last := len(joined) - 1; last >= 0 && joined[last][1] == n-1 {
			joined[last][1] = n
		} else {
			joined = append(joined, []int{n, n})
		}
	}
	return joined
}
