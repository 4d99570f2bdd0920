package members

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 12, 1, 3, 0, 0, 0, time.UTC)

// A fleet is a registry with a clock and the events that it told.
type fleet struct {
	*Registry
	t      *testing.T
	cfg    Config
	now    time.Time
	events []string
}

func newFleet(t *testing.T, cfg Config) *fleet {
	t.Helper()
	f := &fleet{t: t, now: start}
	cfg.Event = func(e Event) {
		text := string(e.Kind) + " " + e.Cluster + " " + e.Instance
		if e.Before != "" || e.After != "" {
			text += " " + e.Before + ">" + e.After
		}
		f.events = append(f.events, text)
	}
	f.cfg = cfg
	f.open()
	return f
}

func (f *fleet) open() {
	f.t.Helper()
	var err error
	if f.Registry, err = Open(f.cfg, f.now); err != nil {
		f.t.Fatal(err)
	}
}

func at(cluster string) Place { return Place{Job: "bot", Cluster: cluster} }

// push is a report now.
func (f *fleet) push(p Place, instance string, more ...func(*Report)) *Ending {
	f.t.Helper()
	r := Report{Place: p, Instance: instance, At: f.now, Newest: f.now, Points: 1}
	for _, change := range more {
		change(&r)
	}
	if _, err := f.Room(p, instance, f.now); err != nil {
		f.t.Fatal(err)
	}
	return f.Report(r)
}

func final(r *Report) { r.Final = true }

func version(v string) func(*Report) { return func(r *Report) { r.Version = v } }

func host(h string) func(*Report) { return func(r *Report) { r.Host = h } }

// run lets time pass in seconds, in which the instances push at their intervals.
func (f *fleet) run(d time.Duration, pushes map[string]time.Duration) (ended []Ending) {
	f.t.Helper()
	for range int(d / time.Second) {
		f.now = f.now.Add(time.Second)
		for instance, every := range pushes {
			if f.now.Sub(start)%every == 0 {
				f.push(at("0"), instance)
			}
		}
		ended = append(ended, f.Tick(f.now)...)
	}
	return ended
}

func (f *fleet) want(events ...string) {
	f.t.Helper()
	if !slices.Equal(f.events, events) {
		f.t.Errorf("the events are %q, want %q", f.events, events)
	}
	f.events = nil
}

func (f *fleet) member(p Place) Member {
	f.t.Helper()
	for _, m := range f.Members() {
		if m.Place == p {
			return m
		}
	}
	f.t.Fatalf("there is no %v", p)
	return Member{}
}

// TestLost: a process is lost two and a half of its own intervals after its last report,
// and 60 s is the interval of one that reported once.
func TestLost(t *testing.T) {
	for _, every := range []time.Duration{time.Second, 15 * time.Second, time.Minute, 2 * time.Minute} {
		f := newFleet(t, Config{})
		f.push(at("0"), "a")
		f.run(6*every, map[string]time.Duration{"a": every})
		last := f.member(at("0")).Incarnations[0].Last
		if ended := f.run(every*5/2, nil); len(ended) != 0 {
			t.Errorf("every %v: ended after %v: %v", every, f.now.Sub(last), ended)
		}
		if ended := f.run(time.Second, nil); len(ended) != 1 || ended[0].Instance != "a" || ended[0].By != Lost || !ended[0].After.After(f.now) {
			t.Errorf("every %v: %v after %v", every, ended, f.now.Sub(last))
		}
		f.want("started 0 a", "gone 0 a")
		if lost := f.Lost(); len(lost) != 1 || len(f.member(at("0")).Reporting()) != 0 {
			t.Errorf("lost are %v", lost)
		}
	}
	f := newFleet(t, Config{})
	f.push(at("0"), "a")
	if ended := f.run(150*time.Second, nil); len(ended) != 0 {
		t.Error("a process whose interval is not known is lost after less than two and a half minutes")
	}
	if ended := f.run(time.Second, nil); len(ended) != 1 {
		t.Error("a process that reported once is never lost")
	}
}

// TestLongInterval: a process whose interval is above 150 s is taken for lost once, before
// its second report tells the interval.
func TestLongInterval(t *testing.T) {
	f := newFleet(t, Config{})
	f.push(at("0"), "a")
	f.run(time.Hour, map[string]time.Duration{"a": 5 * time.Minute})
	f.want("started 0 a", "gone 0 a", "back 0 a")
}

// TestReportOutOfTurn: the report at a start and one that is late do not change the
// interval.
func TestReportOutOfTurn(t *testing.T) {
	f := newFleet(t, Config{})
	for _, gap := range []time.Duration{0, time.Second, 20 * time.Second, 20 * time.Second, 31 * time.Second, 9 * time.Second, 20 * time.Second} {
		f.now = f.now.Add(gap)
		f.push(at("0"), "a")
	}
	if got := f.member(at("0")).Incarnations[0].Interval; got != 20*time.Second {
		t.Errorf("the interval is %v", got)
	}
}

// TestCatchingUp: what was kept on the way arrives at once, and does not change the
// interval.
func TestCatchingUp(t *testing.T) {
	f := newFleet(t, Config{})
	for n := range 20 {
		f.push(at("0"), "a", func(r *Report) { r.Newest = start.Add(time.Duration(n) * 15 * time.Second) })
		f.now = f.now.Add(100 * time.Millisecond)
	}
	if got := f.member(at("0")).Incarnations[0].Interval; got != 15*time.Second {
		t.Errorf("the interval is %v", got)
	}
	if ended := f.run(37*time.Second, nil); len(ended) != 0 {
		t.Errorf("ended: %v", ended)
	}
}

// TestEnds: goodbye, replaced and lost are distinguished, and so are a restart, a process
// that moved, another version, and one that is back.
func TestEnds(t *testing.T) {
	f := newFleet(t, Config{})
	f.push(at("0"), "a", version("1"), host("h1"))
	f.run(time.Minute, map[string]time.Duration{"a": 10 * time.Second})
	if e := f.push(at("0"), "a", final); e == nil || e.By != Goodbye {
		t.Errorf("the last report ended %v", e)
	}
	f.want("started 0 a >1", "left 0 a")
	f.run(time.Minute, nil)
	f.push(at("0"), "b", version("1"), host("h1"))
	f.run(time.Minute, map[string]time.Duration{"b": 10 * time.Second})
	f.want("restarted 0 b 1>1")
	// Killed, and replaced by one with another version on another host.
	f.push(at("0"), "c", version("2"), host("h2"))
	if ended := f.run(time.Minute, map[string]time.Duration{"c": 10 * time.Second}); len(ended) != 1 || ended[0].By != Replaced {
		t.Errorf("the one that was killed: %v", ended)
	}
	f.want("version 0 c 1>2", "moved 0 c h1>h2")
	f.run(time.Minute, nil)
	f.want("gone 0 c")
	f.push(at("0"), "c", version("2"))
	f.want("back 0 c")
	m := f.member(at("0"))
	if ends := []End{m.Incarnations[0].EndedBy, m.Incarnations[1].EndedBy, m.Incarnations[2].EndedBy}; !slices.Equal(ends, []End{Here, Replaced, Goodbye}) {
		t.Errorf("the incarnations, newest first, ended by %q", ends)
	}
	if m.Number != 1 || !m.First.Equal(start) {
		t.Errorf("the place has the number %d, and was first seen at %v", m.Number, m.First)
	}
}

// TestDuplicate: two processes at one place are told apart from a rolling restart, in
// which both report for a while, once.
func TestDuplicate(t *testing.T) {
	f := newFleet(t, Config{})
	f.push(at("0"), "a")
	f.run(time.Minute, map[string]time.Duration{"a": 10 * time.Second})
	f.push(at("0"), "b")
	f.run(80*time.Second, map[string]time.Duration{"a": 10 * time.Second, "b": 10 * time.Second})
	f.want("started 0 a", "restarted 0 b")
	f.run(5*time.Minute, map[string]time.Duration{"a": 10 * time.Second, "b": 10 * time.Second})
	f.want("duplicate 0 b a>")
	if n := len(f.member(at("0")).Reporting()); n != 2 {
		t.Errorf("%d report", n)
	}
	if ended := f.run(time.Minute, map[string]time.Duration{"b": 10 * time.Second}); len(ended) != 1 || ended[0].By != Replaced {
		t.Errorf("after one of them has stopped: %v", ended)
	}
	f.want()
}

// TestNumbers: each bot and region counts by itself, a place keeps its number over a
// restart of the fleet, and one that was forgotten is not used again.
func TestNumbers(t *testing.T) {
	f := newFleet(t, Config{File: filepath.Join(t.TempDir(), "members.json")})
	eu, us, mod := Place{Job: "bot", Region: "eu", Cluster: "0"}, Place{Job: "bot", Region: "us", Cluster: "0"}, Place{Job: "bot", Bot: "mod", Region: "eu", Cluster: "0"}
	second := Place{Job: "bot", Region: "eu", Cluster: "1"}
	for _, p := range []Place{eu, us, mod, second} {
		f.push(p, "i")
	}
	check := func(want map[Place]int) {
		t.Helper()
		got := map[Place]int{}
		for _, m := range f.Members() {
			got[m.Place] = m.Number
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("the numbers are %v, want %v", got, want)
		}
	}
	check(map[Place]int{eu: 1, us: 1, mod: 1, second: 2})
	if err := f.Forget(second, f.now); !errors.Is(err, ErrReports) {
		t.Errorf("forgetting one that reports: %v", err)
	}
	f.run(3*time.Minute, nil)
	if err := f.Forget(second, f.now); err != nil {
		t.Fatal(err)
	}
	if err := f.Forget(second, f.now); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), `cluster "1" of job "bot", region "eu"`) {
		t.Errorf("forgetting it again: %v", err)
	}
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	f.open()
	third := Place{Job: "bot", Region: "eu", Cluster: "2"}
	f.push(third, "i")
	f.push(second, "j")
	check(map[Place]int{eu: 1, us: 1, mod: 1, third: 3, second: 4})
}

// TestFleetRestarts: processes that reported before the fleet was down are not lost before
// they have had the time to report again.
func TestFleetRestarts(t *testing.T) {
	f := newFleet(t, Config{File: filepath.Join(t.TempDir(), "members.json")})
	f.push(at("0"), "a")
	f.run(time.Minute, map[string]time.Duration{"a": 10 * time.Second})
	if !f.Changed() {
		t.Error("nothing is to be saved")
	}
	if err := f.Save(); err != nil || f.Changed() {
		t.Fatal(err, f.Changed())
	}
	f.now = f.now.Add(time.Hour)
	f.open()
	if ended := f.run(25*time.Second, nil); len(ended) != 0 {
		t.Errorf("ended: %v", ended)
	}
	if ended := f.run(time.Second, nil); len(ended) != 1 || ended[0].By != Lost {
		t.Errorf("ended: %v", ended)
	}
	f.want("started 0 a", "gone 0 a")
}

// TestLate: a process is late after one and a half of its intervals, until it reports or is
// lost.
func TestLate(t *testing.T) {
	f := newFleet(t, Config{})
	f.push(at("0"), "a")
	late := func() bool { return f.Members()[0].Incarnations[0].Late() }
	f.run(time.Minute, map[string]time.Duration{"a": 10 * time.Second})
	f.run(14*time.Second, nil)
	if late() {
		t.Error("late after 14 s of 10 s")
	}
	f.run(2*time.Second, nil)
	if !late() {
		t.Error("not late after 16 s of 10 s")
	}
	f.push(at("0"), "a")
	if late() {
		t.Error("late after a report")
	}
	f.run(30*time.Second, nil)
	if late() {
		t.Error("late where it is lost")
	}
}

// TestClockIsSet: a process that reports is not lost, and one that does not is lost after
// its own time, when the fleet's clock is set or the fleet was stopped for a while.
func TestClockIsSet(t *testing.T) {
	for _, by := range []time.Duration{time.Minute, time.Hour, -time.Hour, 365 * 24 * time.Hour} {
		f := newFleet(t, Config{})
		reports := map[string]time.Duration{"a": 10 * time.Second}
		f.push(at("1"), "silent")
		f.push(at("0"), "a")
		f.run(time.Minute, reports)
		f.now = f.now.Add(by)
		if ended := f.Tick(f.now); len(ended) != 0 {
			t.Errorf("set by %v: ended: %v", by, ended)
		}
		// 60 s have passed of the 150 s after which one is lost whose interval is not known.
		if ended := f.run(80*time.Second, reports); len(ended) != 0 {
			t.Errorf("set by %v: ended: %v", by, ended)
		}
		if ended := f.run(20*time.Second, reports); len(ended) != 1 || ended[0].Instance != "silent" || ended[0].By != Lost {
			t.Errorf("set by %v: ended: %v", by, ended)
		}
		if ended := f.run(25*time.Second, nil); len(ended) != 0 {
			t.Errorf("set by %v: ended: %v", by, ended)
		}
		f.want("started 1 silent", "started 0 a", "gone 1 silent")
	}
}

// TestClockWasBack: a process that was saved with a time in the future is lost as any
// other.
func TestClockWasBack(t *testing.T) {
	f := newFleet(t, Config{File: filepath.Join(t.TempDir(), "members.json")})
	f.push(at("0"), "a")
	f.run(time.Minute, map[string]time.Duration{"a": 10 * time.Second})
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	f.now = f.now.Add(-24 * time.Hour)
	f.open()
	if ended := f.run(26*time.Second, nil); len(ended) != 1 || ended[0].By != Lost {
		t.Errorf("ended: %v", ended)
	}
}

// TestBrokenFile: a file that cannot be read is moved aside, and the fleet begins anew.
func TestBrokenFile(t *testing.T) {
	for _, text := range []string{"", "{", `{"format":99}`, `[]`, `{"format":1,"members":[{"cluster":"0"}]}`} {
		file := filepath.Join(t.TempDir(), "members.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(Config{File: file}, start)
		if strings.Contains(text, `"format":1,`) {
			if err != nil || len(r.Members()) != 0 {
				t.Errorf("a place without a process: %v, %v", err, r.Members())
			}
			continue
		}
		aside := file + ".broken-20261201T030000Z"
		if err == nil || !strings.Contains(err.Error(), aside) {
			t.Errorf("%q: %v", text, err)
		}
		if got, err := os.ReadFile(aside); err != nil || string(got) != text {
			t.Errorf("%q was moved aside as %q, %v", text, got, err)
		}
		if r.Report(Report{Place: at("0"), Instance: "a", At: start}); r.Save() != nil {
			t.Error("it cannot be saved")
		}
	}
}

// TestRoom: places, processes of a place, and series of a process are limited.
func TestRoom(t *testing.T) {
	f := newFleet(t, Config{MaxPlaces: 2, MaxSeries: 100})
	f.push(at("0"), "a", func(r *Report) { r.Created = 60 })
	f.push(at("1"), "a")
	if _, err := f.Room(at("2"), "a", f.now); !errors.Is(err, ErrFull) {
		t.Errorf("a third place: %v", err)
	}
	for n := range reportingMost - 1 {
		f.push(at("0"), fmt.Sprint("more", n))
	}
	if _, err := f.Room(at("0"), "another", f.now); !errors.Is(err, ErrCrowded) {
		t.Errorf("another process: %v", err)
	}
	series := func(want int) {
		t.Helper()
		if got, err := f.Room(at("0"), "a", f.now); err != nil || got != want {
			t.Errorf("there is room for %d series, %v, want %d", got, err, want)
		}
	}
	series(40)
	f.now = f.now.Add(90 * time.Minute)
	series(40)
	f.now = f.now.Add(30 * time.Minute)
	series(100)
}

// TestRoomOfPlace: a process that is another instance with each push has the series of
// sixteen processes, and its place room again when two hours have passed.
func TestRoomOfPlace(t *testing.T) {
	f := newFleet(t, Config{MaxSeries: 100})
	room := func(instance string) int {
		t.Helper()
		n, err := f.Room(at("0"), instance, f.now)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	total := 0
	for n := range 40 {
		instance := fmt.Sprint("i", n)
		made := min(90, room(instance))
		total += made
		f.push(at("0"), instance, func(r *Report) { r.Created = made }, final)
	}
	if total != 1600 || room("another") != 0 {
		t.Errorf("40 instances made %d series", total)
	}
	f.now = f.now.Add(2 * time.Hour)
	if n := room("another"); n != 100 {
		t.Errorf("two hours later there is room for %d", n)
	}
}

// TestCrashLoop: a process that starts again and again at one place, and reports once each
// time, is never refused, and those before are replaced.
func TestCrashLoop(t *testing.T) {
	f := newFleet(t, Config{})
	for n := range 200 {
		f.push(at("0"), fmt.Sprint(n))
		for _, e := range f.run(2*time.Second, nil) {
			if e.By != Replaced {
				t.Fatalf("%+v", e)
			}
		}
	}
	if m := f.member(at("0")); len(m.Reporting()) > 16 || len(m.Incarnations) > reportingMost {
		t.Errorf("%d report, %d are kept", len(m.Reporting()), len(m.Incarnations))
	}
}

// TestIncarnationsAreBounded: the oldest that have ended are forgotten.
func TestIncarnationsAreBounded(t *testing.T) {
	f := newFleet(t, Config{})
	for n := range 3 * incarnations {
		f.push(at("0"), fmt.Sprint(n))
		f.push(at("0"), fmt.Sprint(n), final)
		f.now = f.now.Add(time.Minute)
	}
	list := f.member(at("0")).Incarnations
	if len(list) != incarnations || list[0].Instance != fmt.Sprint(3*incarnations-1) || list[incarnations-1].Instance != fmt.Sprint(2*incarnations) {
		t.Errorf("%d are kept, from %s to %s", len(list), list[0].Instance, list[len(list)-1].Instance)
	}
}

// TestWhatAReportTells: refusals, the clock, version and host are kept of each.
func TestWhatAReportTells(t *testing.T) {
	f := newFleet(t, Config{})
	f.push(at("0"), "a", func(r *Report) {
		r.Newest, r.Refused, r.Reason = f.now.Add(-90*time.Second), 3, "too old"
	})
	f.push(at("0"), "a", version("2"), host("h"))
	i := f.member(at("0")).Incarnations[0]
	if i.Refused != 3 || i.LastRefusal != "too old" || *i.ClockOffset != 0 || i.Version != "2" || i.Host != "h" || i.Reports != 2 {
		t.Errorf("%+v", i)
	}
}
