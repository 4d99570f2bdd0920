package analytics_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/argus-dgo/argus/analytics"
)

// A scene is a database with events, and the events.
type scene struct {
	ctx  context.Context
	conn driver.Conn
	all  []event
	day  window // whole hours within the events
	used map[string]bool
}

// ask runs a query of the package.
func ask[T any](t *testing.T, s *scene, name string, params map[string]any) []T {
	t.Helper()
	s.used[name] = true
	query, err := analytics.Query(name)
	if err != nil {
		t.Fatal(err)
	}
	args := make([]any, 0, len(params))
	for param, value := range params {
		args = append(args, clickhouse.Named(param, value))
	}
	var rows []T
	if err := s.conn.Select(s.ctx, &rows, query, args...); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return rows
}

// in are the parameters of all queries.
func (w window) in(bot string) map[string]any {
	return map[string]any{"bot": bot, "from": w.from, "to": w.to}
}

func with(params map[string]any, name string, value any) map[string]any {
	params[name] = value
	return params
}

// TestQueries compares what each query says of 100,000 events with the same figures,
// computed from the events.
func TestQueries(t *testing.T) {
	ctx, conn, _ := migrated(t)
	// What is written twice stays there twice, whatever the server does beside.
	if err := conn.Exec(ctx, "SYSTEM STOP MERGES"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Exec(context.Background(), "SYSTEM START MERGES"); err != nil {
			t.Error(err)
		}
	})
	end := time.Now().UTC().Truncate(time.Hour)
	w := world{r: rand.New(rand.NewPCG(1, 2)), end: end, span: 46 * time.Hour}
	s := &scene{
		ctx: ctx, conn: conn, all: w.events(100_000), used: map[string]bool{},
		day: window{end.Add(-23 * time.Hour), end.Add(-time.Hour)},
	}
	write(ctx, t, conn, s.all)

	for name, test := range map[string]func(*testing.T, *scene){
		"commands": commands, "trend": trend, "command": command, "release": release, "guilds_hit": guildsHit,
		"growth": growth, "audience": audience, "users": users, "guild": guild, "guild_trend": guildTrend,
		"ingest": ingest, "hourly_check": hourlyCheck,
	} {
		t.Run(name, func(t *testing.T) { test(t, s) })
	}
	if used := slices.Sorted(maps.Keys(s.used)); !slices.Equal(used, analytics.Queries()) {
		t.Errorf("tested %q, and there are %q", used, analytics.Queries())
	}
}

// same reports keys that only one side has.
func same[K comparable, A, B any](t *testing.T, got map[K]A, want map[K]B) {
	t.Helper()
	for k := range want {
		if _, has := got[k]; !has {
			t.Errorf("%v is missing", k)
		}
	}
	for k := range got {
		if _, has := want[k]; !has {
			t.Errorf("%v is not in the events", k)
		}
	}
	if len(want) == 0 {
		t.Error("nothing is compared")
	}
}

// A sums is the part that rows of several queries share.
type sums struct {
	Runs      uint64 `ch:"runs"`
	Failures  uint64 `ch:"failures"`
	InTime    uint64 `ch:"in_time"`
	NotInTime uint64 `ch:"not_in_time"`
}

func (s sums) differs(f *figures) bool {
	return s != sums{f.Runs, f.Failures, f.InTime, f.NotInTime}
}

func commands(t *testing.T, s *scene) {
	type row struct {
		sums
		Kind       *string  `ch:"interaction_type"`
		Command    *string  `ch:"command"`
		Ratio      *float64 `ch:"in_time_ratio"`
		P50        *float64 `ch:"p50"`
		P95        *float64 `ch:"p95"`
		RunsBefore uint64   `ch:"runs_before"`
	}
	rows := ask[row](t, s, "commands", s.day.in(firstBot))
	if !slices.IsSortedFunc(rows, func(a, b row) int { return int(b.Runs) - int(a.Runs) }) {
		t.Error("the rows are not sorted")
	}
	got := map[commandKey]row{}
	for _, r := range rows {
		got[commandKey{labelOf(r.Kind), labelOf(r.Command)}] = r
	}
	length := s.day.to.Sub(s.day.from)
	before := group(s.all, window{s.day.from.Add(-length), s.day.from}, firstBot, byCommand)
	now := group(s.all, s.day, firstBot, byCommand)
	for k := range before {
		if now[k] == nil {
			now[k] = &figures{}
		}
	}
	same(t, got, now)
	for k, want := range now {
		r := got[k]
		if r.differs(want) || !want.closeTo(0.5, r.P50) || !want.closeTo(0.95, r.P95) {
			t.Errorf("%v: %+v (p50 %v, p95 %v), want %+v", k, r.sums, r.P50, r.P95, want.counts())
		}
		if acknowledged := want.InTime + want.NotInTime; acknowledged == 0 {
			if r.Ratio != nil {
				t.Errorf("%v: ratio %v of nothing", k, *r.Ratio)
			}
		} else if r.Ratio == nil || *r.Ratio != float64(want.InTime)/float64(acknowledged) {
			t.Errorf("%v: ratio %v, want %d of %d", k, r.Ratio, want.InTime, acknowledged)
		}
		if b := before[k]; b == nil && r.RunsBefore != 0 || b != nil && r.RunsBefore != b.Runs {
			t.Errorf("%v: %d runs before, want %+v", k, r.RunsBefore, b)
		}
	}
}

func trend(t *testing.T, s *scene) {
	type row struct {
		sums
		Start time.Time `ch:"start"`
		P50   *float64  `ch:"p50"`
		P95   *float64  `ch:"p95"`
	}
	const step = 2 * time.Hour
	var all *string
	for _, only := range append([]*string{all, new("command 7")}, pointers(hostile)...) {
		params := with(with(s.day.in(firstBot), "step", uint32(step.Seconds())), "command", only)
		got := map[int64]row{}
		for _, r := range ask[row](t, s, "trend", params) {
			got[r.Start.Unix()] = r
		}
		want := group(s.all, s.day, firstBot, func(e event) (int64, bool) {
			return e.time.Truncate(step).Unix(), only == nil || e.command != nil && *e.command == *only
		})
		same(t, got, want)
		for k, f := range want {
			if r := got[k]; r.differs(f) || !f.closeTo(0.5, r.P50) || !f.closeTo(0.95, r.P95) {
				t.Errorf("%v, %v: %+v (p50 %v, p95 %v), want %+v", only, time.Unix(k, 0), r.sums, r.P50, r.P95, f.counts())
			}
		}
	}
}

func pointers(texts []string) []*string {
	all := make([]*string, len(texts))
	for n := range texts {
		all[n] = &texts[n]
	}
	return all
}

func command(t *testing.T, s *scene) {
	type row struct {
		sums
		Dimension string  `ch:"dimension"`
		ErrorType *string `ch:"error_type"`
		Region    string  `ch:"region"`
		Cluster   string  `ch:"cluster"`
		Version   string  `ch:"version"`
	}
	type key struct {
		dimension string
		value     label
		region    string
	}
	const name = "command 7"
	got := map[key]row{}
	for _, r := range ask[row](t, s, "command", with(s.day.in(firstBot), "command", name)) {
		k := key{dimension: r.Dimension}
		switch r.Dimension {
		case "error_type":
			k.value = labelOf(r.ErrorType)
		case "cluster":
			k.value, k.region = label{r.Cluster, true}, r.Region
		case "version":
			k.value = label{r.Version, true}
		}
		got[k] = r
	}
	want := map[key]*figures{}
	for _, of := range []func(event) key{
		func(e event) key { return key{"error_type", labelOf(e.errorType), ""} },
		func(e event) key { return key{"cluster", label{e.cluster, true}, e.region} },
		func(e event) key { return key{"version", label{e.version, true}, ""} },
	} {
		maps.Copy(want, group(s.all, s.day, firstBot, func(e event) (key, bool) {
			return of(e), e.command != nil && *e.command == name
		}))
	}
	same(t, got, want)
	for k, f := range want {
		if r := got[k]; r.differs(f) {
			t.Errorf("%v: %+v, want %+v", k, r.sums, f.counts())
		}
	}
}

func release(t *testing.T, s *scene) {
	type row struct {
		Kind            *string  `ch:"interaction_type"`
		Command         *string  `ch:"command"`
		RunsBefore      uint64   `ch:"runs_before"`
		RunsAfter       uint64   `ch:"runs_after"`
		FailuresBefore  uint64   `ch:"failures_before"`
		FailuresAfter   uint64   `ch:"failures_after"`
		InTimeBefore    uint64   `ch:"in_time_before"`
		InTimeAfter     uint64   `ch:"in_time_after"`
		NotInTimeBefore uint64   `ch:"not_in_time_before"`
		NotInTimeAfter  uint64   `ch:"not_in_time_after"`
		P50Before       *float64 `ch:"p50_before"`
		P50After        *float64 `ch:"p50_after"`
		P95Before       *float64 `ch:"p95_before"`
		P95After        *float64 `ch:"p95_after"`
	}
	got := map[commandKey]row{}
	for _, r := range ask[row](t, s, "release", with(with(s.day.in(firstBot), "before", "v1"), "after", "v2")) {
		got[commandKey{labelOf(r.Kind), labelOf(r.Command)}] = r
	}
	same(t, got, group(s.all, s.day, firstBot, byCommand))
	for version, sideOf := range map[string]func(row) (sums, *float64, *float64){
		"v1": func(r row) (sums, *float64, *float64) {
			return sums{r.RunsBefore, r.FailuresBefore, r.InTimeBefore, r.NotInTimeBefore}, r.P50Before, r.P95Before
		},
		"v2": func(r row) (sums, *float64, *float64) {
			return sums{r.RunsAfter, r.FailuresAfter, r.InTimeAfter, r.NotInTimeAfter}, r.P50After, r.P95After
		},
	} {
		want := group(s.all, s.day, firstBot, func(e event) (commandKey, bool) {
			k, _ := byCommand(e)
			return k, e.version == version
		})
		for k, r := range got {
			f := want[k]
			if f == nil {
				f = &figures{}
			}
			if side, p50, p95 := sideOf(r); side.differs(f) || !f.closeTo(0.5, p50) || !f.closeTo(0.95, p95) {
				t.Errorf("%s of %v: %+v, want %+v", version, k, side, f.counts())
			}
		}
	}
}

func guildsHit(t *testing.T, s *scene) {
	type row struct {
		Guild        uint64 `ch:"guild_id"`
		Interactions uint64 `ch:"interactions"`
		Failures     uint64 `ch:"failures"`
		NotInTime    uint64 `ch:"not_in_time"`
		Outages      uint64 `ch:"outages"`
	}
	// An incident ends at no hour.
	incident := window{s.day.from.Add(61*time.Minute + 7*time.Millisecond), s.day.from.Add(93*time.Minute + 13*time.Millisecond)}
	for _, bot := range []string{firstBot, secondBot} {
		want := map[uint64]row{}
		for _, e := range s.all {
			if e.bot != bot || e.guild == nil || !incident.has(e.time) {
				continue
			}
			r := want[*e.guild]
			r.Guild = *e.guild
			switch e.name {
			case completed:
				f := figures{}
				f.add(e)
				r.Interactions, r.Failures, r.NotInTime = r.Interactions+1, r.Failures+f.Failures, r.NotInTime+f.NotInTime
			case unavailable:
				r.Outages++
			}
			want[*e.guild] = r
		}
		maps.DeleteFunc(want, func(_ uint64, r row) bool { return r.Failures+r.NotInTime+r.Outages == 0 })
		got := map[uint64]row{}
		for _, r := range ask[row](t, s, "guilds_hit", incident.in(bot)) {
			got[r.Guild] = r
		}
		same(t, got, want)
		if !maps.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", bot, got, want)
		}
	}
}

func growth(t *testing.T, s *scene) {
	type row struct {
		Day          time.Time `ch:"day"`
		Joins        uint64    `ch:"joins"`
		Leaves       uint64    `ch:"leaves"`
		Interactions uint64    `ch:"interactions"`
		ActiveGuilds *uint64   `ch:"active_guilds"`
	}
	want, active := map[int64]row{}, map[int64]map[uint64]bool{}
	for _, e := range s.all {
		if e.bot != firstBot || !s.day.has(e.time) {
			continue
		}
		d := day(e.time)
		r := want[d.Unix()]
		switch e.name {
		case joined:
			r.Joins++
		case left:
			r.Leaves++
		case completed:
			r.Interactions++
			if active[d.Unix()] == nil {
				active[d.Unix()] = map[uint64]bool{}
			}
			if e.guild != nil {
				active[d.Unix()][*e.guild] = true
			}
		}
		want[d.Unix()] = r
	}
	got := map[int64]row{}
	for _, r := range ask[row](t, s, "growth", s.day.in(firstBot)) {
		got[r.Day.Unix()] = r
	}
	same(t, got, want)
	for k, w := range want {
		r := got[k]
		if r.Joins != w.Joins || r.Leaves != w.Leaves || r.Interactions != w.Interactions || r.ActiveGuilds == nil || *r.ActiveGuilds != uint64(len(active[k])) {
			t.Errorf("%v: got %+v, want %+v and %d active guilds", time.Unix(k, 0), r, w, len(active[k]))
		}
	}
}

func audience(t *testing.T, s *scene) {
	type row struct {
		Locale       *string `ch:"locale"`
		Context      *string `ch:"context"`
		Installation *string `ch:"installation"`
		Interactions uint64  `ch:"interactions"`
	}
	type key struct{ locale, context, installation label }
	got := map[key]row{}
	for _, r := range ask[row](t, s, "audience", s.day.in(firstBot)) {
		got[key{labelOf(r.Locale), labelOf(r.Context), labelOf(r.Installation)}] = r
	}
	want := group(s.all, s.day, firstBot, func(e event) (key, bool) {
		return key{labelOf(e.locale), labelOf(e.context), labelOf(e.installation)}, true
	})
	same(t, got, want)
	for k, f := range want {
		if got[k].Interactions != f.Runs {
			t.Errorf("%v: got %d, want %d", k, got[k].Interactions, f.Runs)
		}
	}
}

func users(t *testing.T, s *scene) {
	type row struct {
		Date  time.Time `ch:"date"`
		Users *uint64   `ch:"users"`
	}
	for _, bot := range []string{firstBot, secondBot} {
		want := map[int64]map[string]bool{}
		for _, e := range s.all {
			if e.name != completed || e.bot != bot || !s.day.has(e.time) {
				continue
			}
			d := day(e.time).Unix()
			if want[d] == nil {
				want[d] = map[string]bool{}
			}
			if e.user != nil {
				want[d][*e.user] = true
			}
		}
		got := map[int64]row{}
		for _, r := range ask[row](t, s, "users", s.day.in(bot)) {
			got[r.Date.Unix()] = r
		}
		same(t, got, want)
		for k, w := range want {
			if r := got[k]; r.Users == nil || *r.Users != uint64(len(w)) {
				t.Errorf("%s, %v: got %v, want %d", bot, time.Unix(k, 0), r.Users, len(w))
			}
		}
	}
}

func guild(t *testing.T, s *scene) {
	type row struct {
		sums
		Kind    *string   `ch:"interaction_type"`
		Command *string   `ch:"command"`
		P50     *float64  `ch:"p50"`
		P95     *float64  `ch:"p95"`
		Last    time.Time `ch:"last"`
	}
	const id = uint64(guildBase + 42)
	near := func(value *float64, want float64) bool { return value != nil && math.Abs(*value-want) <= 1e-6*want }
	for _, bot := range []string{firstBot, secondBot} {
		got := map[commandKey]row{}
		for _, r := range ask[row](t, s, "guild", with(s.day.in(bot), "guild", id)) {
			got[commandKey{labelOf(r.Kind), labelOf(r.Command)}] = r
		}
		last := map[commandKey]time.Time{}
		want := group(s.all, s.day, bot, func(e event) (commandKey, bool) {
			k, _ := byCommand(e)
			of := e.guild != nil && *e.guild == id
			if of && e.time.After(last[k]) {
				last[k] = e.time
			}
			return k, of
		})
		same(t, got, want)
		for k, f := range want {
			r := got[k]
			if r.differs(f) || !r.Last.Equal(last[k]) {
				t.Errorf("%s, %v: %+v, last %v, want %+v, last %v", bot, k, r.sums, r.Last, f.counts(), last[k])
			}
			switch {
			case len(f.durations) == 0 && (r.P50 != nil || r.P95 != nil):
				t.Errorf("%s, %v: quantiles of nothing: %v, %v", bot, k, r.P50, r.P95)
			case len(f.durations) > 0 && (!near(r.P50, f.exact(0.5)) || !near(r.P95, f.exact(0.95))):
				t.Errorf("%s, %v: p50 %v, p95 %v, want %v, %v", bot, k, r.P50, r.P95, f.exact(0.5), f.exact(0.95))
			}
		}
	}
}

func guildTrend(t *testing.T, s *scene) {
	type row struct {
		Start        time.Time `ch:"start"`
		Interactions uint64    `ch:"interactions"`
		Failures     uint64    `ch:"failures"`
		InTime       uint64    `ch:"in_time"`
		NotInTime    uint64    `ch:"not_in_time"`
		Joins        uint64    `ch:"joins"`
		Leaves       uint64    `ch:"leaves"`
		Outages      uint64    `ch:"outages"`
	}
	const id = uint64(guildBase + 42)
	want := map[int64]row{}
	for _, e := range s.all {
		if e.bot != firstBot || e.guild == nil || *e.guild != id || !s.day.has(e.time) || e.name == rateLimit {
			continue
		}
		start := e.time.Truncate(time.Hour)
		r := want[start.Unix()]
		r.Start = start
		switch e.name {
		case completed:
			f := figures{}
			f.add(e)
			r.Interactions, r.Failures, r.InTime, r.NotInTime = r.Interactions+1, r.Failures+f.Failures, r.InTime+f.InTime, r.NotInTime+f.NotInTime
		case joined:
			r.Joins++
		case left:
			r.Leaves++
		case unavailable:
			r.Outages++
		}
		want[start.Unix()] = r
	}
	got := map[int64]row{}
	for _, r := range ask[row](t, s, "guild_trend", with(with(s.day.in(firstBot), "guild", id), "step", uint32(3600))) {
		got[r.Start.Unix()] = r
	}
	same(t, got, want)
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// ingest counts by arrival, so the window is the present.
func ingest(t *testing.T, s *scene) {
	type row struct {
		Region  string `ch:"region"`
		Cluster string `ch:"cluster"`
		Result  string `ch:"result"`
		Reason  string `ch:"reason"`
		Events  uint64 `ch:"events"`
	}
	want := map[string]uint64{}
	for _, e := range s.all {
		if e.bot != firstBot {
			continue
		}
		reason := "on_time"
		switch {
		case e.time.Before(s.day.from.AddDate(0, 0, -2)):
			reason = "late"
		case e.time.After(s.day.to.AddDate(0, 0, 2)):
			reason = "early"
		}
		want[fmt.Sprint(e.region, " ", e.cluster, " taken ", reason)]++
	}
	// A writer says what it dropped.
	err := s.conn.Exec(s.ctx, "INSERT INTO ingest (bot, hour, region, cluster, result, reason, events) SELECT 'first', toStartOfHour(now()), 'eu', '1', 'dropped', 'queue_full', 17")
	if err != nil {
		t.Fatal(err)
	}
	want["eu 1 dropped queue_full"] = 17
	got := map[string]uint64{}
	now := time.Now().UTC().Truncate(time.Hour)
	for _, r := range ask[row](t, s, "ingest", window{now.Add(-time.Hour), now.Add(2 * time.Hour)}.in(firstBot)) {
		got[fmt.Sprint(r.Region, " ", r.Cluster, " ", r.Result, " ", r.Reason)] = r.Events
	}
	same(t, got, want)
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func hourlyCheck(t *testing.T, s *scene) {
	type row struct {
		Hour   time.Time `ch:"hour"`
		Raw    uint64    `ch:"raw"`
		Hourly uint64    `ch:"hourly"`
	}
	if rows := ask[row](t, s, "hourly_check", s.day.in(firstBot)); len(rows) > 0 {
		t.Errorf("the hourly tables differ: %v", rows)
	}
	rows := ask[row](t, s, "hourly_check", s.day.in(secondBot))
	if want := int(s.day.to.Sub(s.day.from).Hours()); len(rows) != want {
		t.Errorf("%d hours of the bot whose events have two ways, want %d", len(rows), want)
	}
	for _, r := range rows {
		if r.Hourly != 2*r.Raw {
			t.Errorf("%v: %d and %d", r.Hour, r.Raw, r.Hourly)
		}
	}
}
