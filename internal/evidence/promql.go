package evidence

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Scope says which series of a Prometheus server are the bot's.
type Scope struct {
	// Namespace is that of the bot's metrics, or empty for "discord".
	Namespace string
	// Where selects among the series of that namespace, in every selector.
	Where []Match
}

// PromQL renders the question.
func (q Question) PromQL(in Scope) string {
	name := q.Of.In(in.Namespace).PrometheusName()
	q.Where = slices.Concat(in.Where, q.Where)
	if q.OfTarget {
		q.Where = slices.DeleteFunc(q.Where, func(m Match) bool { return m.Label == "bot" || m.Label == "cluster" })
	}
	groups, series := q.Groups(), q.SeriesLabels()
	switch q.Form {
	case Last:
		return q.combined(groups, series, q.selector(name, 0))
	case Age:
		// The oldest time is the greatest age.
		times := q
		times.Combine = map[Combination]Combination{Max: Min, Min: Max}[q.Combination()]
		now := "time() - "
		if q.Ago > 0 {
			now += number(q.Ago.Seconds()) + " - " // offset moves the series, not time()
		}
		return now + times.combined(groups, series, q.selector(name, 0))
	case Highest:
		return q.combined(groups, series, "max_over_time("+q.selector(name, q.Over)+")")
	case Lowest:
		return q.combined(groups, series, "min_over_time("+q.selector(name, q.Over)+")")
	case Changes:
		return q.combined(groups, series, "changes("+q.selector(name, q.Over)+")")
	case Latest:
		return q.combined(groups, series, "last_over_time("+q.selector(name, q.Over)+")")
	case Resets:
		return q.combined(groups, series, "resets("+q.selector(name, q.Over)+")")
	case Increase:
		return q.combined(groups, series, "increase("+q.selector(q.counted(name), q.Over)+")")
	case Rate:
		return q.combined(groups, series, "rate("+q.selector(q.counted(name), q.Over)+")")
	case Quantile:
		buckets := q.combined(append(groups, "le"), append(series, "le"), "rate("+q.selector(name+"_bucket", q.Over)+")")
		return fmt.Sprintf("histogram_quantile(%s, %s)", number(q.At), buckets)
	case Above:
		all := q.combined(groups, series, "increase("+q.selector(name+"_count", q.Over)+")")
		within := q
		within.Where = append(slices.Clone(q.Where), Is("le", bounds(q.At)...))
		below := within.combined(groups, series, "increase("+within.selector(name+"_bucket", q.Over)+")")
		return all + "\n- " + below
	case Mean:
		increase := func(part string) string {
			return q.combined(groups, series, "increase("+q.selector(name+part, q.Over)+")")
		}
		return increase("_sum") + "\n/ " + increase("_count")
	}
	return ""
}

// counted returns the name of the counter that increases with each observation.
func (q Question) counted(name string) string {
	if len(q.Of.Buckets) > 0 {
		return name + "_count"
	}
	return name
}

// combined renders the combination of series into groups. A process that is both
// scraped and pushed has each series twice; the maximum by the series' own labels is
// one of them, and of two times it is the newer one.
func (q Question) combined(groups, series []string, expr string) string {
	by := func(operation string, labels []string, expr string) string {
		return operation + " by (" + strings.Join(labels, ", ") + ") (" + expr + ")"
	}
	operation := combinations[q.Combination()]
	if operation == "max" || len(groups) == len(series) {
		return by("max", groups, expr)
	}
	return by(operation, groups, by("max", series, expr))
}

func (q Question) selector(name string, over time.Duration) string {
	var b strings.Builder
	b.WriteString(name)
	for i, m := range q.Where {
		if i == 0 {
			b.WriteByte('{')
		} else {
			b.WriteByte(',')
		}
		b.WriteString(m.PromQL())
	}
	if len(q.Where) > 0 {
		b.WriteByte('}')
	}
	if over > 0 {
		b.WriteString("[" + duration(over) + "]")
	}
	if q.Ago > 0 {
		b.WriteString(" offset " + duration(q.Ago))
	}
	return b.String()
}

// PromQL renders the matcher.
func (m Match) PromQL() string {
	equal, like := "=", "=~"
	if m.Not {
		equal, like = "!=", "!~"
	}
	if len(m.Values) == 1 {
		return m.Label + equal + strconv.Quote(m.Values[0])
	}
	quoted := make([]string, len(m.Values))
	for i, v := range m.Values {
		quoted[i] = regexp.QuoteMeta(v)
	}
	return m.Label + like + strconv.Quote(strings.Join(quoted, "|"))
}

// bounds returns how a bound of a bucket may be written: exporters write 3, and
// Prometheus stores 3.0 since version 3.
func bounds(f float64) []string {
	text := number(f)
	if f == math.Trunc(f) {
		return []string{text, text + ".0"}
	}
	return []string{text}
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// duration renders a duration in the largest unit that divides it.
func duration(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if d%unit.of == 0 {
			return strconv.FormatInt(int64(d/unit.of), 10) + unit.name
		}
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
}
