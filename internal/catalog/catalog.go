package catalog

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Namespace is the first segment of the names that describe the bot.
const Namespace = "discord"

var namespacePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)

// CheckNamespace returns an error that completes "the namespace" where a namespace cannot be used.
func CheckNamespace(namespace string) error {
	if !namespacePattern.MatchString(namespace) {
		return errors.New("must be a lower-case letter followed by at most 62 lower-case letters, digits and underscores")
	}
	switch namespace {
	case "argus", "go", "process":
		return errors.New("is a prefix that other metrics use; choose another one")
	}
	return nil
}

// minSessionStartPoll is often enough for a daily budget.
const minSessionStartPoll = time.Minute

// CheckSessionStartPoll returns an error that completes the interval where it is not
// one for requests of the session start limit.
func CheckSessionStartPoll(every time.Duration) error {
	if every < 0 || every > 0 && every < minSessionStartPoll {
		return fmt.Errorf("must be at least %v, or 0", minSessionStartPoll)
	}
	return nil
}

// A Kind says what an instrument's values mean.
type Kind uint8

// The kinds of instruments that the catalog knows.
const (
	// Gauge is a value that goes up and down and is not meaningful as a sum of
	// its changes.
	Gauge Kind = iota + 1
	// Counter is a sum that only grows while the process lives.
	Counter
	// Histogram is a distribution with explicit bucket bounds.
	Histogram
	// UpDownCounter is a sum that grows and shrinks.
	UpDownCounter
)

// String returns the kind's name as OpenTelemetry's specification writes it.
func (k Kind) String() string {
	switch k {
	case Gauge:
		return "gauge"
	case Counter:
		return "counter"
	case Histogram:
		return "histogram"
	case UpDownCounter:
		return "up-down counter"
	default:
		return "unknown"
	}
}

// A Label is a dimension of an instrument.
type Label struct {
	// Name is the same on every path: it needs no translation.
	Name string
	// Values is the closed set of values. It is nil if the set depends on the bot.
	Values []string
	// Bound describes the values and their limit if Values is nil.
	Bound string
}

// ResourceLabels names the labels that every series has from the OpenTelemetry
// resource, alike on every path: cluster always, bot and region where they are set.
func ResourceLabels() []string { return []string{"bot", "cluster", "region"} }

// An Instrument is one row of the catalog.
type Instrument struct {
	// Name is the OpenTelemetry name.
	Name string
	Kind Kind
	// Unit is a UCUM code ("s", "By"), an annotation ("{guild}"), or empty. A
	// gauge never has the unit "1": the translation to Prometheus would add
	// "_ratio" to its name.
	Unit string
	// Labels are the instrument's dimensions, without [ResourceLabels].
	Labels []Label
	// Description is the help text: a noun phrase without a final full stop.
	Description string
	// Notes are Markdown for docs/METRICS.md: what exactly is counted, when a series
	// is absent, where a number comes from, what the values of labels mean.
	Notes string
	// Buckets are the upper bounds of a histogram's buckets.
	Buckets []float64
	// Section is the heading under which docs/METRICS.md shows it.
	Section string
}

// In returns the instrument with its name under the given namespace instead of
// "discord". Names that begin with "argus." and an empty namespace leave it as
// it is.
func (i Instrument) In(namespace string) Instrument {
	if rest, ok := strings.CutPrefix(i.Name, Namespace+"."); ok && namespace != "" {
		i.Name = namespace + "." + rest
	}
	return i
}

// LabelNames returns the names of the labels, in the order of the row.
func (i Instrument) LabelNames() []string {
	names := make([]string, len(i.Labels))
	for n, l := range i.Labels {
		names[n] = l.Name
	}
	return names
}

// PrometheusName returns the name of the metric family after translation with
// the strategy UnderscoreEscapingWithSuffixes: dots become underscores, a unit
// becomes a suffix, a counter gains "_total".
func (i Instrument) PrometheusName() string {
	name := strings.ReplaceAll(i.Name, ".", "_")
	if suffix := unitSuffix(i.Unit); suffix != "" && !strings.HasSuffix(name, suffix) {
		name += suffix
	}
	if i.Kind == Counter && !strings.HasSuffix(name, "_total") {
		name += "_total"
	}
	return name
}

// unitSuffix knows the units that the catalog uses; a test compares every name
// with the translator that the exporters use.
func unitSuffix(unit string) string {
	switch unit {
	case "s":
		return "_seconds"
	case "By":
		return "_bytes"
	default:
		return ""
	}
}

// ByName returns the instrument with the given OpenTelemetry name.
func ByName(name string) (Instrument, bool) {
	all := All()
	if n := slices.IndexFunc(all, func(i Instrument) bool { return i.Name == name }); n >= 0 {
		return all[n], true
	}
	return Instrument{}, false
}
