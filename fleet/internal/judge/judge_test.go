package judge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/goleak"

	"github.com/argus-dgo/argus/fleet/internal/engine"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/findings"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A history is an engine with what clusters reported in the last 20 minutes.
type history struct {
	*engine.Engine
	now time.Time
}

func newHistory(t *testing.T) *history {
	t.Helper()
	e, err := engine.Open(engine.Options{Dir: t.TempDir(), Every: time.Hour, Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return &history{e, time.Now().Truncate(time.Second)}
}

const (
	past = 20 * time.Minute
	step = 15 * time.Second
)

// report reports what a cluster with one shard has done: its version, since when it runs,
// and which share of ten interactions a minute it does not answer in time.
func (h *history) report(t *testing.T, id, shards int, version string, started time.Duration, failing float64) {
	t.Helper()
	for age := past; age >= 0; age -= step {
		if age > started {
			continue
		}
		when := pcommon.NewTimestampFromTime(h.now.Add(-age))
		rm := pmetric.NewResourceMetrics()
		for name, value := range map[string]string{"service.name": "music", "service.instance.id": fmt.Sprint(id, version), "cluster": fmt.Sprint(id)} {
			rm.Resource().Attributes().PutStr(name, value)
		}
		list := rm.ScopeMetrics().AppendEmpty().Metrics()
		gauge := func(name, unit string, value float64, labels ...string) {
			m := list.AppendEmpty()
			m.SetName(name)
			m.SetUnit(unit)
			p := m.SetEmptyGauge().DataPoints().AppendEmpty()
			p.SetDoubleValue(value)
			p.SetTimestamp(when)
			for i := 0; i < len(labels); i += 2 {
				p.Attributes().PutStr(labels[i], labels[i+1])
			}
		}
		up := (started - age).Seconds()
		gauge("argus.up", "", 1)
		gauge("discord.uptime", "s", up)
		gauge("discord.bot.shards", "{shard}", float64(shards))
		gauge("discord.shard.up", "", 1, "shard", fmt.Sprint(id))
		gauge("discord.bot.info", "", 1, "version", version)
		acks := list.AppendEmpty()
		acks.SetName("discord.interaction.acks")
		acks.SetUnit("{interaction}")
		sum := acks.SetEmptySum()
		sum.SetIsMonotonic(true)
		sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		for outcome, share := range map[string]float64{"in_time": 1 - failing, "late": failing, "missed": 0, "rejected": 0} {
			p := sum.DataPoints().AppendEmpty()
			p.SetDoubleValue(up / 60 * 10 * share)
			p.SetTimestamp(when)
			p.Attributes().PutStr("type", "application_command")
			p.Attributes().PutStr("outcome", outcome)
		}
		b := h.Begin(t.Context())
		if outcome := b.Add(t.Context(), rm, 1000); outcome.Refused > 0 {
			t.Fatal(outcome.Reason)
		}
		if err := b.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

// judge examines the history and returns the report on its only bot.
func (h *history) judge(t *testing.T) findings.Report {
	t.Helper()
	j := New(func(Change) {})
	j.Examine(t.Context(), h, h.now)
	if _, err := j.Failure(); err != nil {
		t.Fatal(err)
	}
	reports, at := j.Reports()
	if !at.Equal(h.now) || len(reports) != 1 {
		t.Fatalf("as of %v there are %d reports", at, len(reports))
	}
	return reports[evidence.Bot{Job: "music"}]
}

// TestRollout: a version that fails where the one before is well is named, with what it is
// not and what to do, and what follows from it lies under it.
func TestRollout(t *testing.T) {
	h := newHistory(t)
	for id := range 6 {
		if id < 3 {
			h.report(t, id, 6, "v2", 10*time.Minute, 0.3)
		} else {
			h.report(t, id, 6, "v1", 2*time.Hour, 0)
		}
	}
	r := h.judge(t)
	if len(r.Findings) != 1 || r.Verdict() != findings.Affected {
		t.Fatalf("the findings are %+v", r.Findings)
	}
	f := r.Findings[0]
	if f.Sentence != "The rollout of version v2 of bot music hurts users" || f.Blame != findings.Handler || f.Do != "Stop the rollout and go back to v1." ||
		!strings.Contains(f.Detail, "3 of 3 clusters") || !strings.Contains(f.Detail, "30%") || !strings.Contains(f.Cause, "the 3 clusters on v1 are well") ||
		len(f.Under) != 3 || f.Since.IsZero() || h.now.Sub(f.Since) > 11*time.Minute || f.Subject["version"] != "v2" {
		t.Errorf("%+v", f)
	}
	for _, e := range f.Evidence {
		series, err := h.Query(t.Context(), e.Query, h.now)
		if err != nil || !slices.ContainsFunc(series, func(s evidence.Series) bool { return s.Labels["version"] == "v2" && s.Points[0].Number == e.Value }) {
			t.Errorf("%s: the query does not give %v: %v, %v", e.Says, e.Value, series, err)
		}
	}
}

// TestNoRollout: where the version before fails as well, where the old one fails, and where
// one cluster of many does, it is not the rollout.
func TestNoRollout(t *testing.T) {
	for name, failing := range map[string]func(id int, isNew bool) float64{
		"both fail":         func(int, bool) float64 { return 0.3 },
		"the old one fails": func(_ int, isNew bool) float64 { return map[bool]float64{false: 0.3}[isNew] },
		"one cluster":       func(id int, _ bool) float64 { return map[int]float64{0: 0.5}[id] },
	} {
		h := newHistory(t)
		for id := range 6 {
			isNew := id < 3
			started, version := 2*time.Hour, "v1"
			if isNew {
				started, version = 10*time.Minute, "v2"
			}
			h.report(t, id, 6, version, started, failing(id, isNew))
		}
		r := h.judge(t)
		if len(r.Findings) == 0 {
			t.Errorf("%s: nothing is found", name)
		}
		for _, f := range r.Findings {
			if f.Subject["version"] != "" {
				t.Errorf("%s: %s", name, f.Sentence)
			}
		}
	}
}

// TestChanges: a finding that begins is told once, with the time since when it is, and its
// end once; what was there when the judge began is not told.
func TestChanges(t *testing.T) {
	h := newHistory(t)
	h.report(t, 0, 1, "v1", 2*time.Hour, 0)
	var told []string
	j := New(func(c Change) {
		text := c.Finding.ID
		if c.Ended {
			text = "end of " + text
		} else if c.At.After(h.now) {
			t.Errorf("%s is said to begin at %v", text, c.At)
		}
		told = append(told, text)
	})
	examine := func() {
		t.Helper()
		j.Examine(t.Context(), h, h.now)
	}
	examine()
	h.now = h.now.Add(4 * time.Minute)
	if _, err := h.End(t.Context(), "music", "0v1", h.now.Add(-3*time.Minute)); err != nil {
		t.Fatal(err)
	}
	examine()
	examine()
	want := []string{"ArgusTelemetryAbsent"}
	if slices.Sort(told); !slices.Contains(told, want[0]) || len(slices.Compact(slices.Clone(told))) != len(told) {
		t.Errorf("told %q, want %q once", told, want)
	}
	again := New(func(c Change) { t.Errorf("told %s", c.Finding.ID) })
	again.Examine(t.Context(), h, h.now)
	if reports, _ := again.Reports(); len(reports[evidence.Bot{Job: "music"}].Findings) == 0 {
		t.Error("nothing is found")
	}
}

// broken is a querier that fails.
type broken struct{}

var errBroken = errors.New("broken")

func (broken) Query(context.Context, string, time.Time) ([]evidence.Series, error) {
	return nil, errBroken
}

func (broken) QueryRange(context.Context, string, time.Time, time.Time, time.Duration) ([]evidence.Series, error) {
	return nil, errBroken
}

// TestFailure: reports from before stay while examinations fail, and since when they do is
// known.
func TestFailure(t *testing.T) {
	h := newHistory(t)
	h.report(t, 0, 1, "v1", 2*time.Hour, 0)
	j := New(func(Change) {})
	j.Examine(t.Context(), h, h.now)
	for n := range 2 {
		j.Examine(t.Context(), broken{}, h.now.Add(time.Duration(n+1)*time.Minute))
	}
	since, err := j.Failure()
	reports, at := j.Reports()
	if !errors.Is(err, errBroken) || !since.Equal(h.now.Add(time.Minute)) || !at.Equal(h.now) || len(reports) != 1 {
		t.Errorf("since %v: %v; %d reports as of %v", since, err, len(reports), at)
	}
	j.Examine(t.Context(), h, h.now)
	if _, err := j.Failure(); err != nil {
		t.Error(err)
	}
}
