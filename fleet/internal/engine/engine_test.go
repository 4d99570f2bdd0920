package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.uber.org/goleak"

	"github.com/argus-dgo/argus/fleet/internal/expect"
	"github.com/argus-dgo/argus/internal/rules"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open opens an engine whose clock stands still at now, if there is one.
func open(t *testing.T, dir string, change ...func(*Options)) *Engine {
	t.Helper()
	opts := Options{Dir: dir, Retention: 24 * time.Hour, Every: 50 * time.Millisecond, URL: "http://fleet", Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()}
	for _, f := range change {
		f(&opts)
	}
	e, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func at(now time.Time) func(*Options) {
	return func(o *Options) { o.Now = func() time.Time { return now } }
}

func withRules(text string) func(*Options) {
	return func(o *Options) { o.Rules = map[string]string{"test.rules.yml": text} }
}

// resource makes the metrics of a process.
func resource(instance string, fill func(pmetric.MetricSlice)) pmetric.ResourceMetrics {
	rm := pmetric.NewResourceMetrics()
	for name, value := range map[string]string{"service.name": "music", "service.instance.id": instance, "cluster": "3", "region": "eu", "host.name": "h"} {
		rm.Resource().Attributes().PutStr(name, value)
	}
	fill(rm.ScopeMetrics().AppendEmpty().Metrics())
	return rm
}

func gauge(list pmetric.MetricSlice, name string, value float64, when time.Time, attributes ...string) {
	m := list.AppendEmpty()
	m.SetName(name)
	p := m.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetDoubleValue(value)
	p.SetTimestamp(pcommon.NewTimestampFromTime(when))
	for i := 0; i < len(attributes); i += 2 {
		p.Attributes().PutStr(attributes[i], attributes[i+1])
	}
}

func counter(list pmetric.MetricSlice, name, unit string, value int64, when time.Time, temporality pmetric.AggregationTemporality) {
	m := list.AppendEmpty()
	m.SetName(name)
	m.SetUnit(unit)
	s := m.SetEmptySum()
	s.SetIsMonotonic(true)
	s.SetAggregationTemporality(temporality)
	p := s.DataPoints().AppendEmpty()
	p.SetIntValue(value)
	p.SetTimestamp(pcommon.NewTimestampFromTime(when))
}

// push pushes the metrics of one process.
func push(t *testing.T, e *Engine, room int, instance string, fill func(pmetric.MetricSlice)) Outcome {
	t.Helper()
	b := e.Begin(t.Context())
	outcome := b.Add(t.Context(), resource(instance, fill), room)
	if err := b.Commit(); err != nil {
		t.Fatal(err)
	}
	return outcome
}

// rows writes the answer to a query as lines.
func rows(t *testing.T, e *Engine, expr string, when time.Time) string {
	t.Helper()
	series, err := e.Query(t.Context(), expr, when)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, s := range series {
		fmt.Fprintf(&b, "%v %v\n", s.Labels, s.Points[0].Number)
	}
	return b.String()
}

const room = 1000

// TestNames: what is pushed has the names and labels that it has on /metrics, and the
// labels that identify a process.
func TestNames(t *testing.T) {
	now := time.Now()
	e := open(t, t.TempDir())
	outcome := push(t, e, room, "i", func(list pmetric.MetricSlice) {
		gauge(list, "discord.shard.up", 1, now, "shard", "0")
		counter(list, "discord.gateway.events", "{event}", 7, now, pmetric.AggregationTemporalityCumulative)
		h := list.AppendEmpty()
		h.SetName("discord.interaction.ack.duration")
		h.SetUnit("s")
		hist := h.SetEmptyHistogram()
		hist.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		p := hist.DataPoints().AppendEmpty()
		p.SetTimestamp(pcommon.NewTimestampFromTime(now))
		p.ExplicitBounds().FromRaw([]float64{0.5, 3})
		p.BucketCounts().FromRaw([]uint64{1, 2, 3})
		p.SetCount(6)
		p.SetSum(12)
	})
	if outcome.Points != 3 || outcome.Refused != 0 || outcome.Reason != nil || outcome.Created != 8 || outcome.Newest.UnixMilli() != now.UnixMilli() {
		t.Errorf("%+v", outcome)
	}
	const own = `cluster:3 instance:i job:music region:eu`
	for expr, want := range map[string]string{
		`discord_shard_up`:                                        "map[__name__:discord_shard_up " + own + " shard:0] 1\n",
		`discord_gateway_events_total`:                            "map[__name__:discord_gateway_events_total " + own + "] 7\n",
		`discord_interaction_ack_duration_seconds_count`:          "map[__name__:discord_interaction_ack_duration_seconds_count " + own + "] 6\n",
		`discord_interaction_ack_duration_seconds_bucket{le="3"}`: "map[__name__:discord_interaction_ack_duration_seconds_bucket cluster:3 instance:i job:music le:3 region:eu] 3\n",
		`target_info`: "map[__name__:target_info cluster:3 host_name:h instance:i job:music region:eu] 1\n",
	} {
		if got := rows(t, e, expr, now); got != want {
			t.Errorf("%s:\n got %swant %s", expr, got, want)
		}
	}
}

// TestRefusals: of a push, what is good is stored, and of the rest the number and the first
// reason are told.
func TestRefusals(t *testing.T) {
	now := time.Now()
	e := open(t, t.TempDir(), at(now))
	// Before the pushes with another value for the time: within one push the engine drops
	// the second value without a word.
	push(t, e, room, "i", func(list pmetric.MetricSlice) { gauge(list, "known", 1, now) })
	for name, tt := range map[string]struct {
		bad  func(pmetric.MetricSlice)
		room int
		want error
	}{
		"old":        {func(list pmetric.MetricSlice) { gauge(list, "bad", 1, now.Add(-3*time.Hour)) }, room, ErrOld},
		"future":     {func(list pmetric.MetricSlice) { gauge(list, "bad", 1, now.Add(11*time.Minute)) }, room, ErrFuture},
		"1970":       {func(list pmetric.MetricSlice) { gauge(list, "bad", 1, time.Unix(1, 0)) }, room, ErrOld},
		"two values": {func(list pmetric.MetricSlice) { gauge(list, "known", 2, now) }, room, ErrDuplicate},
		"delta": {func(list pmetric.MetricSlice) {
			counter(list, "bad", "", 1, now, pmetric.AggregationTemporalityDelta)
		}, room, ErrDelta},
		"series":     {func(list pmetric.MetricSlice) { gauge(list, "bad", 1, now) }, 1, ErrSeries},
		"long value": {func(list pmetric.MetricSlice) { gauge(list, "bad", 1, now, "a", strings.Repeat("x", maxLabelBytes+1)) }, room, ErrLabels},
		"long label": {func(list pmetric.MetricSlice) { gauge(list, "bad", 1, now, strings.Repeat("x", maxLabelBytes+1), "a") }, room, ErrLabels},
		"labels": {func(list pmetric.MetricSlice) {
			var many []string
			for n := range maxLabels {
				many = append(many, fmt.Sprint("a", n), "x")
			}
			gauge(list, "bad", 1, now, many...)
		}, room, ErrLabels},
	} {
		good := "good_" + strings.ReplaceAll(name, " ", "_")
		outcome := push(t, e, tt.room, "i", func(list pmetric.MetricSlice) {
			gauge(list, good, 1, now)
			gauge(list, "known", 1, now)
			tt.bad(list)
		})
		if outcome.Refused != 1 || outcome.Points != 2 || !errors.Is(outcome.Reason, tt.want) {
			t.Errorf("%s: %+v, want %v", name, outcome, tt.want)
		}
		if got := rows(t, e, good, now); !strings.HasSuffix(got, "] 1\n") {
			t.Errorf("%s: what is good is not there: %q", name, got)
		}
		if got := rows(t, e, "bad", now); got != "" {
			t.Errorf("%s: what is not good is there: %q", name, got)
		}
	}
	if got := rows(t, e, "known", now); !strings.HasSuffix(got, "] 1\n") {
		t.Errorf("the first of two values is %q", got)
	}
}

// TestOldestPointCostsNothing: a push that has points of 1970 beside those of now does not
// have target_info filled in for all the time between them.
func TestOldestPointCostsNothing(t *testing.T) {
	now := time.Now()
	e := open(t, t.TempDir(), at(now))
	push(t, e, room, "i", func(list pmetric.MetricSlice) {
		gauge(list, "a", 1, time.Unix(1, 0))
		gauge(list, "b", 1, now)
	})
	if got := rows(t, e, "count_over_time(target_info[1d])", now); got != "" {
		t.Errorf("target_info is %q", got)
	}
}

// TestLatePoints: points of the last two hours are taken in any order.
func TestLatePoints(t *testing.T) {
	now := time.Now()
	e := open(t, t.TempDir(), at(now))
	for _, age := range []time.Duration{0, time.Minute, 119 * time.Minute, time.Hour} {
		outcome := push(t, e, room, "i", func(list pmetric.MetricSlice) { gauge(list, "late", age.Minutes(), now.Add(-age)) })
		if outcome.Refused != 0 {
			t.Errorf("a point of %v ago: %v", age, outcome.Reason)
		}
	}
	if got := rows(t, e, "count_over_time(late[2h])", now); !strings.HasSuffix(got, "] 4\n") {
		t.Errorf("there are %q", got)
	}
}

// TestEnd: the series of a process end at once, those of others and what is kept do not,
// and they are back with the next push.
func TestEnd(t *testing.T) {
	now := time.Now()
	e := open(t, t.TempDir())
	fill := func(list pmetric.MetricSlice) {
		gauge(list, "a", 1, now)
		gauge(list, "b", 1, now)
	}
	push(t, e, room, "one", fill)
	push(t, e, room, "two", fill)
	up := Sample{Name: "up", Labels: map[string]string{"job": "music", "instance": "one"}, At: now, Number: 1}
	if err := e.Write(t.Context(), up); err != nil {
		t.Fatal(err)
	}
	n, err := e.End(t.Context(), "music", "one", now.Add(time.Millisecond), "up")
	if err != nil || n != 3 { // with target_info
		t.Errorf("%d series ended, %v", n, err)
	}
	later := now.Add(time.Second)
	if got := rows(t, e, "count by (instance) ({job=\"music\"})", later); got != "map[instance:one] 1\nmap[instance:two] 3\n" && got != "map[instance:two] 3\nmap[instance:one] 1\n" {
		t.Errorf("there are %q", got)
	}
	now = now.Add(2 * time.Second)
	push(t, e, room, "one", fill)
	if got := rows(t, e, `count({instance="one"})`, now); got != "map[] 4\n" {
		t.Errorf("after another push there are %q", got)
	}
}

// copyOf is the folder as a process leaves it that is killed now.
func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestKilled: what was committed is there after the process was killed.
func TestKilled(t *testing.T) {
	now := time.Now()
	dir := t.TempDir()
	e := open(t, dir)
	for n := range 100 {
		push(t, e, room, fmt.Sprint(n), func(list pmetric.MetricSlice) { gauge(list, "a", float64(n), now) })
	}
	if got := rows(t, open(t, copyOf(t, dir)), "sum(a)", now); got != "map[] 4950\n" {
		t.Errorf("the sum is %q", got)
	}
}

// TestDamagedLog: a write-ahead log that is damaged does not keep the fleet from starting.
func TestDamagedLog(t *testing.T) {
	now := time.Now()
	dir := t.TempDir()
	e := open(t, dir)
	push(t, e, room, "i", func(list pmetric.MetricSlice) { gauge(list, "before", 1, now) })
	size := func(dir string) int64 {
		info, err := os.Stat(filepath.Join(dir, "wal", "00000000"))
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	good := size(dir)
	push(t, e, room, "j", func(list pmetric.MetricSlice) { gauge(list, "after", 1, now) })
	damaged := copyOf(t, dir)
	f, err := os.OpenFile(filepath.Join(damaged, "wal", "00000000"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("damage"), good+10); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	repaired := open(t, damaged)
	if got := rows(t, repaired, "before", now); !strings.HasSuffix(got, "] 1\n") {
		t.Errorf("what was before the damage is %q", got)
	}
	push(t, repaired, room, "k", func(list pmetric.MetricSlice) { gauge(list, "new", 1, now) })
	if got := rows(t, repaired, "new", now); !strings.HasSuffix(got, "] 1\n") {
		t.Errorf("what comes then is %q", got)
	}
}

// TestInUse: a second process on the folder is told so.
func TestInUse(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	_, err := Open(Options{Dir: dir, Every: time.Second, Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()})
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), dir) {
		t.Errorf("%v", err)
	}
	if _, err := Open(Options{Dir: dir, Size: LeastSize - 1}); err == nil {
		t.Error("a retention size is taken that would keep nothing")
	}
}

// TestSnapshot: another engine opens the copy.
func TestSnapshot(t *testing.T) {
	now := time.Now()
	e := open(t, t.TempDir())
	push(t, e, room, "i", func(list pmetric.MetricSlice) { gauge(list, "a", 1, now) })
	dir := filepath.Join(t.TempDir(), "backup")
	if err := e.Snapshot(dir); err != nil {
		t.Fatal(err)
	}
	if got := rows(t, open(t, dir), "a", now); !strings.HasSuffix(got, "] 1\n") {
		t.Errorf("the copy has %q", got)
	}
}

// TestShippedRules: the rules load unchanged, all of them, and none fails.
func TestShippedRules(t *testing.T) {
	files, err := rules.Files()
	if err != nil {
		t.Fatal(err)
	}
	shipped := map[string]string{}
	for name, text := range files {
		if strings.HasPrefix(name, "dashboards/rules/prometheus/") {
			shipped[filepath.Base(name)] = text
		}
	}
	e := open(t, t.TempDir(), func(o *Options) { o.Rules = shipped })
	want := 0
	for _, g := range rules.Records() {
		want += len(g.Records)
	}
	for _, g := range rules.Alerts() {
		want += len(g.Alerts)
	}
	if got := len(e.rules.Rules()); got != want {
		t.Errorf("%d rules, want %d", got, want)
	}
	expect.Eventually(t, "an alert of the rules", func() bool { return len(e.Alerts()) > 0 })
	if a := e.Alerts()[0]; a.Name != "ArgusTelemetryAbsent" || a.State != Pending || a.For != 5*time.Minute || a.Annotations["runbook_url"] == "" {
		t.Errorf("the alert of an empty fleet is %+v", a)
	}
	if failing := e.Failing(); len(failing) > 0 {
		t.Errorf("rules fail: %v", failing)
	}
	if _, err := Open(Options{
		Dir: t.TempDir(), Every: time.Second, Rules: map[string]string{"bad.yml": "groups: [{name: a, rules: [{record: a, expr: 'sum('}]}]"},
		Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(),
	}); err == nil || !strings.Contains(err.Error(), "rules") {
		t.Errorf("a rule that is not valid: %v", err)
	}
}

const pending = `groups: [{name: g, rules: [{alert: Pending, expr: vector(1), for: 1h}]}]`

// TestPendingAlertsSurvive: since when an alert is pending is known after a restart, though
// its `for` is shorter than the ten minutes that Prometheus asks for.
func TestPendingAlertsSurvive(t *testing.T) {
	short := strings.ReplaceAll(pending, "1h", "2m")
	dir := t.TempDir()
	e := open(t, dir, withRules(short))
	expect.Eventually(t, "a pending alert", func() bool { return len(e.Alerts()) == 1 && rows(t, e, "ALERTS_FOR_STATE", time.Time{}) != "" })
	since := e.Alerts()[0].ActiveAt
	expect.Eventually(t, "the alert to have been pending for a while", func() bool { return time.Since(since) > 3*time.Second })
	killed := copyOf(t, dir)
	began := time.Now()
	again := open(t, killed, withRules(short))
	expect.Eventually(t, "the time spent pending to be restored", func() bool {
		a := again.Alerts()
		return len(a) == 1 && began.Sub(a[0].ActiveAt) > 2*time.Second
	})
}

// TestNotify: an alert that fires is sent, and once it has ended it is sent as resolved.
func TestNotify(t *testing.T) {
	var mu sync.Mutex
	var sent []Notification
	e := open(t, t.TempDir(), withRules(`groups: [{name: g, rules: [{alert: Down, expr: shard_down == 1, labels: {severity: critical}, annotations: {summary: 'cluster {{ $labels.cluster }}'}}]}]`),
		func(o *Options) {
			o.Notify = func(list []Notification) {
				mu.Lock()
				defer mu.Unlock()
				sent = append(sent, list...)
			}
		})
	last := func() (n Notification, there bool) {
		mu.Lock()
		defer mu.Unlock()
		if len(sent) == 0 {
			return n, false
		}
		return sent[len(sent)-1], true
	}
	push(t, e, room, "i", func(list pmetric.MetricSlice) { gauge(list, "shard_down", 1, time.Now()) })
	expect.Eventually(t, "a notification", func() bool { _, there := last(); return there })
	n, _ := last()
	if n.Labels["alertname"] != "Down" || n.Labels["cluster"] != "3" || n.Labels["severity"] != "critical" || n.Annotations["summary"] != "cluster 3" ||
		!n.EndsAt.After(time.Now()) || n.StartsAt.IsZero() || !strings.HasPrefix(n.URL, "http://fleet/") {
		t.Errorf("%+v", n)
	}
	if a := e.Alerts(); len(a) != 1 || a[0].State != Firing || a[0].FiredAt.IsZero() || a[0].Value != 1 {
		t.Errorf("the alerts are %+v", a)
	}
	push(t, e, room, "i", func(list pmetric.MetricSlice) { gauge(list, "shard_down", 0, time.Now()) })
	expect.Eventually(t, "it to be resolved", func() bool { n, _ := last(); return !n.EndsAt.After(time.Now()) })
}

// TestSentAgain: an alert that fires is sent at each evaluation, and is one for as long as
// several evaluations take.
func TestSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var sent []Notification
		e := open(t, t.TempDir(), withRules(`groups: [{name: g, rules: [{alert: Down, expr: shard_down == 1}]}]`), func(o *Options) {
			o.Every = 15 * time.Second
			o.Notify = func(list []Notification) {
				mu.Lock()
				defer mu.Unlock()
				sent = append(sent, list...)
			}
		})
		push(t, e, room, "i", func(list pmetric.MetricSlice) { gauge(list, "shard_down", 1, time.Now()) })
		time.Sleep(time.Minute) //nolint:forbidigo // by the clock of the bubble
		mu.Lock()
		defer mu.Unlock()
		if len(sent) != 4 {
			t.Fatalf("it is sent %d times in a minute", len(sent))
		}
		if left := time.Until(sent[3].EndsAt); left < Valid-15*time.Second {
			t.Errorf("it is one for another %v", left)
		}
	})
}

// TestAPI: what reads is served, and nothing else.
func TestAPI(t *testing.T) {
	now := time.Now()
	e := open(t, t.TempDir(), withRules(pending))
	push(t, e, room, "i", func(list pmetric.MetricSlice) { gauge(list, "a", 7, now) })
	h := e.API("1.2.3", map[string][]Help{"a": {{Type: "gauge", Help: "Number of a."}}, "b": {{Type: "counter"}}})
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		if !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s is not JSON: %s", path, w.Body)
		}
		return w.Code, w.Body.String()
	}
	for path, want := range map[string]string{
		"/api/v1/query?query=a": `"value":[`,
		fmt.Sprintf("/api/v1/query_range?query=a&start=%d&end=%d&step=15", now.Unix()-60, now.Unix()+1): `"resultType":"matrix"`,
		"/api/v1/labels":                                `"cluster"`,
		"/api/v1/label/cluster/values":                  `["3"]`,
		"/api/v1/series?match[]=a":                      `"instance":"i"`,
		"/api/v1/rules":                                 `"Pending"`,
		"/api/v1/alerts":                                `"alerts":[`,
		"/api/v1/status/buildinfo":                      `"1.2.3"`,
		"/api/v1/status/tsdb":                           `"numSeries"`,
		"/api/v1/metadata":                              `"b":[{`,
		"/api/v1/metadata?metric=a":                     `{"a":[{"type":"gauge","help":"Number of a.","unit":""}]}`,
		"/api/v1/query_exemplars?query=a&start=0&end=1": `"success"`,
	} {
		if code, body := get(path); code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s, want %s", path, code, body, want)
		}
	}
	for _, path := range []string{
		"/api/v1/admin/tsdb/snapshot", "/api/v1/write", "/api/v1/otlp/v1/metrics", "/api/v1/read", "/api/v1/status/config", "/api/v1/status/flags",
		"/api/v1/notifications", "/api/v1/targets", "/api/v1/labels/../admin/tsdb/clean_tombstones", "/api/v1/queryx", "/api/v1",
	} {
		if code, body := get(path); code != http.StatusNotFound || !strings.Contains(body, "not_found") {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	if code, body := get("/api/v1/query?query=sum("); code != http.StatusBadRequest || !strings.Contains(body, "parse error") {
		t.Errorf("a query that is not valid: %d %s", code, body)
	}
}

// TestTooManyQueries: more at a time than there is room for are told to come again.
func TestTooManyQueries(t *testing.T) {
	e := open(t, t.TempDir())
	h := e.API("1", nil)
	held := make(chan struct{})
	entered := make(chan struct{}, concurrentQueries)
	var wait sync.WaitGroup
	for range concurrentQueries {
		wait.Go(func() {
			r := httptest.NewRequest(http.MethodPost, "/api/v1/query", &slow{entered, held})
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			h.ServeHTTP(httptest.NewRecorder(), r)
		})
	}
	for range concurrentQueries {
		<-entered
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/query?query=1", http.NoBody))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	w = httptest.NewRecorder()
	e.Federation().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/federate?match[]=up", http.NoBody))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("/federate: %d", w.Code)
	}
	close(held)
	wait.Wait()
}

// slow is a body that takes its time.
type slow struct {
	entered chan<- struct{}
	held    <-chan struct{}
}

func (s *slow) Read([]byte) (int, error) {
	s.entered <- struct{}{}
	<-s.held
	return 0, errors.New("gone")
}
