package prometheus

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"

	"github.com/argus-dgo/argus/internal/excerpt"
)

const (
	noEscaping = model.NoEscaping

	// maxLabelValue is the size limit of a label value in bytes. It is far below the
	// 16 MiB that Prometheus cannot store.
	maxLabelValue = 64 << 10

	// maxLeftOut is the number of left-out metrics that are listed for one gathering.
	maxLeftOut = 20
)

// leftOut lists what a gathering leaves out of the page, and why. It contains
// names, never values, which may be secrets.
type leftOut struct {
	what []string
	more int
}

func (l *leftOut) add(name, reason string) {
	what := quote(name)
	if reason != "" {
		what += ": " + reason
	}
	switch {
	case slices.Contains(l.what, what):
	case len(l.what) < maxLeftOut:
		l.what = append(l.what, what)
	default:
		l.more++
	}
}

// quote escapes and shortens a name for a log line.
func quote(name string) string {
	return strconv.QuoteToASCII(excerpt.Clip(name, 100))
}

// fit returns the families without what Prometheus refuses: it usually refuses a
// whole page for one line. Of conflicting metrics the first stays. The families are
// shared and are not modified. Names are compared after the scheme has escaped them.
func fit(families []*dto.MetricFamily, scheme model.EscapingScheme, left *leftOut) []*dto.MetricFamily {
	series := 0
	for _, mf := range families {
		series += len(mf.GetMetric())
	}
	f := fitting{
		scheme: scheme, left: left,
		types: make(map[string]dto.MetricType, len(families)),
		seed:  maphash.MakeSeed(),
		seen:  make(map[uint64]bool, series),
	}
	fitted := make([]*dto.MetricFamily, 0, len(families))
	for _, mf := range families {
		if mf = f.family(mf); mf != nil {
			fitted = append(fitted, mf)
		}
	}
	slices.SortStableFunc(fitted, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	return fitted
}

type fitting struct {
	scheme model.EscapingScheme
	left   *leftOut
	types  map[string]dto.MetricType // of the families so far, by name
	seed   maphash.Seed
	seen   map[uint64]bool // series
}

// family returns the accepted part of a family, or nil.
func (f *fitting) family(mf *dto.MetricFamily) *dto.MetricFamily {
	if mf == nil {
		return nil
	}
	name := model.EscapeName(mf.GetName(), f.scheme)
	if reason := f.refusedName(name, mf.GetType()); reason != "" {
		f.left.add(mf.GetName(), reason)
		return nil
	}
	f.types[name] = mf.GetType()

	kept, all := mf.Metric, true
	for i, m := range mf.Metric {
		reason := f.refused(name, mf.GetType(), m)
		switch {
		case reason == "" && !all:
			kept = append(kept, m)
		case reason != "":
			f.left.add(mf.GetName(), reason)
			if all {
				kept, all = slices.Clone(mf.Metric[:i]), false
			}
		}
	}
	validHelp := utf8.ValidString(mf.GetHelp())
	switch {
	case len(mf.Metric) == 0:
		f.left.add(mf.GetName(), "has no series")
		return nil
	case len(kept) == 0:
		return nil
	case all && validHelp:
		return mf
	}
	help := mf.Help
	if !validHelp {
		help = new(strings.ToValidUTF8(mf.GetHelp(), string(utf8.RuneError)))
	}
	return &dto.MetricFamily{Name: mf.Name, Help: help, Type: mf.Type, Unit: mf.Unit, Metric: kept}
}

// refusedName returns why a family cannot have this name, or "".
func (f *fitting) refusedName(name string, kind dto.MetricType) string {
	if !model.UTF8Validation.IsValidMetricName(name) {
		return "not a valid metric name"
	}
	if _, there := f.types[name]; there {
		return "another metric has this name"
	}
	if base, suffix := cutSuffix(name); suffix != "" {
		if other, there := f.types[base]; there && slices.Contains(suffixes(other), suffix) {
			return fmt.Sprintf("the %s %s has series with this name", strings.ToLower(other.String()), quote(base))
		}
	}
	for _, suffix := range suffixes(kind) {
		if _, there := f.types[name+suffix]; there {
			return fmt.Sprintf("another metric is named %s", quote(name+suffix))
		}
	}
	return ""
}

// suffixes returns the suffixes of a type's series, if it has several.
func suffixes(kind dto.MetricType) []string {
	switch kind {
	case dto.MetricType_HISTOGRAM, dto.MetricType_GAUGE_HISTOGRAM:
		return []string{"_bucket", "_count", "_sum"}
	case dto.MetricType_SUMMARY:
		return []string{"_count", "_sum"}
	}
	return nil
}

func cutSuffix(name string) (base, suffix string) {
	for _, suffix := range suffixes(dto.MetricType_HISTOGRAM) {
		if base, found := strings.CutSuffix(name, suffix); found && base != "" {
			return base, suffix
		}
	}
	return name, ""
}

// refused returns why a series cannot be on the page, or "".
func (f *fitting) refused(name string, kind dto.MetricType, m *dto.Metric) string {
	own := "" // the label that this type adds to its series
	has := false
	switch kind {
	case dto.MetricType_COUNTER:
		has = m.GetCounter() != nil
	case dto.MetricType_GAUGE:
		has = m.GetGauge() != nil
	case dto.MetricType_UNTYPED:
		has = m.GetUntyped() != nil
	case dto.MetricType_SUMMARY:
		has, own = m.GetSummary() != nil, model.QuantileLabel
	case dto.MetricType_HISTOGRAM, dto.MetricType_GAUGE_HISTOGRAM:
		has, own = m.GetHistogram() != nil, model.BucketLabel
	}
	if !has {
		return "a sample does not match the metric's type"
	}
	hash := maphash.String(f.seed, name) ^ uint64(m.GetTimestampMs()) //nolint:gosec // any number does
	for i, l := range m.Label {
		label := model.EscapeName(l.GetName(), f.scheme)
		switch {
		case !model.UTF8Validation.IsValidLabelName(label):
			return fmt.Sprintf("%s is not a valid label name", quote(label))
		case label == own:
			return fmt.Sprintf("the label %[2]s is reserved in a %[1]s", strings.ToLower(kind.String()), label)
		case strings.HasPrefix(label, model.ReservedLabelPrefix):
			return fmt.Sprintf("the label %s begins with two underscores", quote(label))
		case slices.ContainsFunc(m.Label[:i], func(o *dto.LabelPair) bool { return model.EscapeName(o.GetName(), f.scheme) == label }):
			return fmt.Sprintf("duplicate label %s", quote(label))
		case !utf8.ValidString(l.GetValue()):
			return fmt.Sprintf("a value of the label %s is not UTF-8", quote(label))
		case len(l.GetValue()) > maxLabelValue:
			return fmt.Sprintf("a value of the label %s is longer than %d bytes", quote(label), maxLabelValue)
		}
		if l.GetValue() == "" {
			continue // Prometheus treats an empty label as absent
		}
		// A sum, because the order of labels does not matter.
		hash += maphash.Comparable(f.seed, [2]string{label, l.GetValue()})
	}
	if f.seen[hash] {
		return "duplicate series"
	}
	f.seen[hash] = true
	return ""
}
