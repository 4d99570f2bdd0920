package api

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/history"
)

// Commands is the document at [CommandsPath].
type Commands struct {
	Window
	// Answers is the time from the receipt of an interaction until the first attempt to
	// answer it, over all commands.
	Answers Delays `json:"answers"`
	// Bounds are those of the buckets that the quantiles by command come from.
	Bounds []float64 `json:"quantile_bounds_seconds"`
	// Commands are in the order of their runs, the most first. Those that the history
	// has no room for share the name "other".
	Commands []Command `json:"commands"`
}

// A Window is the head of a document about a window of time.
type Window struct {
	Head
	Over    float64  `json:"window_seconds"`
	Covered *float64 `json:"covered_seconds"`
}

// Delays are quantiles, null without observations.
type Delays struct {
	Count *float64 `json:"count"`
	P50   *float64 `json:"p50_seconds"`
	P95   *float64 `json:"p95_seconds"`
	P99   *float64 `json:"p99_seconds"`
}

// A Command is one command, by its name.
type Command struct {
	Command string `json:"command"`
	// Application and Text are null for a command that has no runs of this kind.
	Application *Runs `json:"application"`
	Text        *Runs `json:"text"`
	// ErrorTypes are the failures by the type of the error.
	ErrorTypes map[string]float64 `json:"error_types"`
	// Answers is the time until the first attempt to answer, null without any.
	Answers *Durations `json:"answers"`
}

// Runs are those of a command.
type Runs struct {
	Count  float64 `json:"count"`
	Failed float64 `json:"failed"`
	// Duration is that of the handler.
	Duration *Durations `json:"duration"`
}

// Quantiles by command or by route come from a few buckets. They are null without
// observations, and above the highest bound of the buckets.
type Quantiles struct {
	P50 *float64 `json:"p50_seconds"`
	P95 *float64 `json:"p95_seconds"`
	P99 *float64 `json:"p99_seconds"`
}

// Durations are those of a command or a route.
type Durations struct {
	Count float64  `json:"count"`
	Mean  *float64 `json:"mean_seconds"`
	// Quantiles are null for prefix commands, of which too few buckets are kept.
	Quantiles
	// Above1 and Above3 are the numbers of those above 1 s and 3 s.
	Above1 float64 `json:"above_1s"`
	Above3 float64 `json:"above_3s"`
}

// The windows of a document.
const (
	usualOver = time.Hour
	leastOver = time.Minute
	mostOver  = history.CoarseSpan
)

func window(m Member, at time.Time, over time.Duration) Window {
	return Window{head(m, at), over.Seconds(), covered(m, at, over)}
}

func commandsTask(_ Member, p *parameters) task {
	over := p.duration("over", usualOver, leastOver)
	return task{key: p.key(), make: func(ctx context.Context, _ *API, m Member, at time.Time) (any, error) {
		var s sheet
		by := func(of catalog.Instrument, labels ...string) *answers {
			return s.ask(evidence.Question{Form: evidence.Increase, Of: of, By: labels, Over: over})
		}
		application, text := by(catalog.AppCommands, "command", "status"), by(catalog.Commands, "command", "status")
		errors := by(catalog.CommandErrors, "command", "error_type")
		applicationTook, textTook := askDurations(&s, catalog.AppCommandDuration, "command", over), askDurations(&s, catalog.CommandDuration, "command", over)
		applicationTook.quantiles = askQuantiles(&s, catalog.AppCommandDuration, over, "command")
		answered := askDurations(&s, catalog.ResponseDelay, "command", over)
		answered.quantiles = askQuantiles(&s, catalog.ResponseDelay, over, "command")
		all := askDelays(&s, catalog.ResponseDelay, over)
		if err := s.learn(ctx, m.Source, at); err != nil {
			return nil, err
		}
		commands := map[string]*Command{}
		get := func(name string) *Command {
			if commands[name] == nil {
				commands[name] = &Command{Command: name, ErrorTypes: map[string]float64{}}
			}
			return commands[name]
		}
		for name, r := range runs(*application, applicationTook) {
			get(name).Application = r
		}
		for name, r := range runs(*text, textTook) {
			get(name).Text = r
		}
		for labels, n := range errors.counts() {
			get(labels["command"]).ErrorTypes[labels["error_type"]] = n
		}
		for name, delay := range answered.durations() {
			get(name).Answers = delay
		}
		d := Commands{Window: window(m, at, over), Answers: all.delays(), Bounds: history.DurationBounds(), Commands: []Command{}}
		for _, name := range slices.Sorted(maps.Keys(commands)) {
			d.Commands = append(d.Commands, *commands[name])
		}
		slices.SortStableFunc(d.Commands, func(a, b Command) int { return cmp.Compare(b.runs(), a.runs()) })
		return d, nil
	}}
}

// runs returns how often a command ran, or at least was answered.
func (c Command) runs() (n float64) {
	for _, r := range []*Runs{c.Application, c.Text} {
		if r != nil {
			n += r.Count
		}
	}
	if n == 0 && c.Answers != nil {
		n = c.Answers.Count
	}
	return n
}

// runs returns the runs by command, of those that have any.
func runs(counts answers, took askedDurations) map[string]*Runs {
	all := map[string]*Runs{}
	durations := took.durations()
	for labels, n := range counts.counts() {
		name := labels["command"]
		if all[name] == nil {
			all[name] = &Runs{Duration: durations[name]}
		}
		all[name].Count += n
		if labels["status"] == catalog.StatusError {
			all[name].Failed += n
		}
	}
	return all
}

// askedQuantiles has the questions of [Quantiles] by labels. Without questions all are null.
type askedQuantiles struct {
	labels []string
	of     []*answers
}

func askQuantiles(s *sheet, of catalog.Instrument, over time.Duration, labels ...string) askedQuantiles {
	asked := askedQuantiles{labels: labels}
	for _, at := range []float64{0.5, 0.95, 0.99} {
		asked.of = append(asked.of, s.ask(evidence.Question{Form: evidence.Quantile, Of: of, By: labels, Over: over, At: at}))
	}
	return asked
}

// index returns a function that returns those of a group, by the values of its labels.
func (a askedQuantiles) index() func(key string) Quantiles {
	if len(a.of) == 0 {
		return func(string) Quantiles { return Quantiles{} }
	}
	p50, p95, p99 := a.of[0].by(a.labels...), a.of[1].by(a.labels...), a.of[2].by(a.labels...)
	return func(key string) Quantiles { return Quantiles{p50.of(key), p95.of(key), p99.of(key)} }
}

// askedDurations has the questions of [Durations] by a label.
type askedDurations struct {
	label                       string
	count, mean, above1, above3 *answers
	quantiles                   askedQuantiles
}

func askDurations(s *sheet, of catalog.Instrument, label string, over time.Duration) askedDurations {
	ask := func(form evidence.Form, at float64) *answers {
		return s.ask(evidence.Question{Form: form, Of: of, By: []string{label}, Over: over, At: at})
	}
	return askedDurations{
		label: label, count: ask(evidence.Increase, 0), mean: ask(evidence.Mean, 0),
		above1: ask(evidence.Above, 1), above3: ask(evidence.Above, catalog.AnswerWithin.Seconds()),
	}
}

// durations returns those that there are.
func (a askedDurations) durations() map[string]*Durations {
	all := map[string]*Durations{}
	mean, above1, above3, quantiles := a.mean.by(a.label), a.above1.by(a.label), a.above3.by(a.label), a.quantiles.index()
	for labels, n := range a.count.counts() {
		name := labels[a.label]
		all[name] = &Durations{Count: n, Mean: mean.of(name), Quantiles: quantiles(name), Above1: above1[name], Above3: above3[name]}
	}
	return all
}

// askedDelays has the questions of [Delays].
type askedDelays struct{ count, p50, p95, p99 *answers }

func askDelays(s *sheet, of catalog.Instrument, over time.Duration, where ...evidence.Match) askedDelays {
	ask := func(form evidence.Form, at float64) *answers {
		return s.ask(evidence.Question{Form: form, Of: of, Where: where, Over: over, At: at})
	}
	return askedDelays{ask(evidence.Increase, 0), ask(evidence.Quantile, 0.5), ask(evidence.Quantile, 0.95), ask(evidence.Quantile, 0.99)}
}

func (a askedDelays) delays() Delays {
	return Delays{a.count.one(), a.p50.one(), a.p95.one(), a.p99.one()}
}
