package evidence

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
)

// A Form says which number is taken from a series.
type Form uint8

// The forms of a question.
const (
	// Last is the value of a gauge, or the total of a counter.
	Last Form = iota + 1
	// Age is the time since the Unix time that a gauge has, in seconds.
	Age
	// Increase is what was added to a counter over a window. Of a histogram it is the
	// number of its observations.
	Increase
	// Rate is Increase per second.
	Rate
	// Quantile is a quantile of a histogram's observations over a window.
	Quantile
	// Above is the number of a histogram's observations over a window that are above a
	// bound of its buckets.
	Above
	// Highest and Lowest are those of a gauge over a window.
	Highest
	Lowest
	// Changes is how often a gauge has changed over a window.
	Changes
	// Mean is the mean of a histogram's observations over a window.
	Mean
	// Latest is the newest value of a gauge within a window, also of a series that is
	// gone. Only a source with all processes has those.
	Latest
	// Resets is how often a gauge has fallen over a window.
	Resets
)

var forms = [...]string{
	Last: "last", Age: "age", Increase: "increase", Rate: "rate", Quantile: "quantile", Above: "above",
	Highest: "highest", Lowest: "lowest", Changes: "changes", Mean: "mean", Latest: "latest", Resets: "resets",
}

// Forms returns the names of the forms that a single process answers.
func Forms() []string { return slices.Clone(forms[Last:Latest]) }

// FormOf returns the form that has one of these names, and 0 for any other name.
func FormOf(name string) Form {
	return Form(slices.Index(forms[Last:Latest], name) + 1) //nolint:gosec // a small number
}

// String returns the name of the form.
func (f Form) String() string {
	if f < Last || int(f) >= len(forms) {
		return "unknown"
	}
	return forms[f]
}

// Windowed reports whether the form needs a window.
func (f Form) Windowed() bool { return f != Last && f != Age }

// A Combination says how the series of a group become one number.
type Combination uint8

// The combinations. The zero value is Sum for counters and histograms, and Max for
// gauges.
const (
	Usual Combination = iota
	Sum
	Max
	Min
)

var combinations = [...]string{Usual: "", Sum: "sum", Max: "max", Min: "min"}

// Combinations returns the names of the combinations, without the usual one.
func Combinations() []string { return slices.Clone(combinations[Sum:]) }

// CombinationOf returns the combination of a name, and [Usual] for a name that is none.
func CombinationOf(name string) Combination {
	return Combination(slices.Index(combinations[Sum:], name) + 1) //nolint:gosec // a small number
}

// A Match selects series by a label. Equal values are alternatives.
type Match struct {
	Label  string
	Values []string
	Not    bool
}

// Is selects the series whose label has one of the values.
func Is(label string, values ...string) Match { return Match{Label: label, Values: values} }

// IsNot selects the series whose label has none of the values.
func IsNot(label string, values ...string) Match { return Match{label, values, true} }

// Accepts reports whether a series with this value of the label is selected.
func (m Match) Accepts(value string) bool { return slices.Contains(m.Values, value) != m.Not }

// A Question asks for a number for each group of an instrument's series.
type Question struct {
	Form  Form
	Of    catalog.Instrument
	Where []Match
	// By are labels that distinguish groups, besides those of [Identity].
	By []string
	// Over is the window, for the forms that have one.
	Over time.Duration
	// Ago moves the question into the past.
	Ago time.Duration
	// At is the quantile, or the bound in seconds of [Above].
	At      float64
	Combine Combination
	// OfTarget says that the series are those of Prometheus itself about a target, which
	// have its labels job and instance, but none of the bot.
	OfTarget bool
}

// Identity are the labels that every answer has where they exist: those of a process.
func Identity() []string { return []string{"job", "bot", "region", "cluster"} }

// A Bot is identified by the labels job and bot of its series. An empty field is a
// label that they lack.
type Bot struct{ Job, Name string }

// String names the bot in a message.
func (b Bot) String() string {
	switch {
	case b.Name == "":
		return fmt.Sprintf("job %q", b.Job)
	case b.Job == "":
		return fmt.Sprintf("bot %q", b.Name)
	}
	return fmt.Sprintf("bot %q in job %q", b.Name, b.Job)
}

// Matches selects series by the fields that are not empty.
func (b Bot) Matches() []Match {
	var matches []Match
	if b.Job != "" {
		matches = append(matches, Is("job", b.Job))
	}
	if b.Name != "" {
		matches = append(matches, Is("bot", b.Name))
	}
	return matches
}

// Groups returns the labels that an answer may have.
func (q Question) Groups() []string { return distinct(Identity(), q.By) }

// SeriesLabels returns the labels that distinguish the series of the question's
// instrument. A process that is both scraped and pushed has two series with the same
// values of them.
func (q Question) SeriesLabels() []string { return distinct(Identity(), q.Of.LabelNames(), q.By) }

func distinct(lists ...[]string) []string {
	var names []string
	for _, name := range slices.Concat(lists...) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Combination returns how the series of a group become one number: as asked, or as is
// usual for the instrument.
func (q Question) Combination() Combination {
	switch {
	case q.Combine != Usual:
		return q.Combine
	case q.Of.Kind == catalog.Counter || q.Of.Kind == catalog.Histogram:
		return Sum
	}
	return Max
}

// Labels are those of an answer. A label that a series lacks is absent.
type Labels map[string]string

// Key returns the values of labels as one string, to join answers by.
func (l Labels) Key(names ...string) string {
	values := make([]string, len(names))
	for i, name := range names {
		values[i] = l[name]
	}
	return strings.Join(values, "\xff")
}

// Only returns the labels of these names, as far as they are there.
func (l Labels) Only(names ...string) Labels {
	only := Labels{}
	for _, name := range names {
		if value, there := l[name]; there {
			only[name] = value
		}
	}
	return only
}

// A Value is the answer for one group.
type Value struct {
	Labels Labels
	Number float64
}

// LabelsOf returns the labels of a series of Prometheus, where an empty label is the same
// as none.
func LabelsOf(metric map[string]string) Labels {
	l := Labels{}
	for name, value := range metric {
		if value != "" {
			l[name] = value
		}
	}
	return l
}

// Known reports whether a value is a number: a division by nothing is NaN.
func Known(number float64) bool { return !math.IsNaN(number) && !math.IsInf(number, 0) }

// A Point is a value at a time.
type Point struct {
	At     time.Time
	Number float64
}

// A Series is the answers for one group over time. Where nothing was known, there is
// no point.
type Series struct {
	Labels Labels
	Points []Point
}

// An Exemplar is one observation of a series, and the trace that it belongs to.
type Exemplar struct {
	Series Labels
	Labels Labels // its own: trace_id and span_id
	Point
}

// Sort sorts answers to the question by their groups.
func (q Question) Sort(values []Value) {
	names := q.Groups()
	sortBy(values, func(v Value) string { return v.Labels.Key(names...) })
}

// SortSeries sorts answers over time by their groups.
func (q Question) SortSeries(series []Series) {
	names := q.Groups()
	sortBy(series, func(s Series) string { return s.Labels.Key(names...) })
}

// sortBy sorts a list by keys, each of which is made once: a fleet has thousands of
// answers.
func sortBy[T any](list []T, key func(T) string) {
	type keyed struct {
		key string
		of  T
	}
	all := make([]keyed, len(list))
	for i, one := range list {
		all[i] = keyed{key(one), one}
	}
	slices.SortFunc(all, func(a, b keyed) int { return cmp.Compare(a.key, b.key) })
	for i, one := range all {
		list[i] = one.of
	}
}

// A Source answers questions. The answers are in the order of the questions. It is safe
// for concurrent use.
type Source interface {
	// Ask answers questions as of a time.
	Ask(ctx context.Context, at time.Time, questions ...Question) ([][]Value, error)
	// Trace answers a question as of each time that the source has data for, from one
	// time to another.
	Trace(ctx context.Context, from, to time.Time, question Question) ([]Series, error)
	// Namespace returns the prefix of the bot's metrics instead of "discord", or "".
	Namespace() string
	// Fleet reports whether the source has all processes of a bot, and so can tell what
	// none of them does.
	Fleet() bool
}
