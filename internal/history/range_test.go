package history

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
)

// TestRange: answers at any times, and none where nothing is known.
func TestRange(t *testing.T) {
	b := newBot()
	for n := range 60 {
		for _, shard := range []string{"0", "1", "2"} {
			b.set(catalog.ShardLatency, float64(n), "shard", shard)
		}
		b.step()
	}
	b.at = b.at.Add(time.Minute) // a pause
	b.steps(2)
	q := evidence.Question{Form: evidence.Last, Of: catalog.ShardLatency, By: []string{"shard"}}
	times := []time.Time{noon.Add(-time.Minute), noon, noon.Add(33 * time.Second), noon.Add(5*time.Minute + 30*time.Second), b.now()}
	series, left, err := b.history.Range(t.Context(), times, 2, q)
	if err != nil || left != 1 || len(series) != 2 {
		t.Fatalf("%v, %d left out, %d series", err, left, len(series))
	}
	want := []evidence.Point{{At: times[1], Number: 0}, {At: times[2], Number: 6}, {At: times[4], Number: 59}}
	for n, s := range series {
		if s.Labels["shard"] != fmt.Sprint(n) || !reflect.DeepEqual(s.Points, want) {
			t.Errorf("%v: %v, want %v", s.Labels, s.Points, want)
		}
	}
	if series, left, err := b.history.Range(t.Context(), nil, 2, q); series != nil || left != 0 || err != nil {
		t.Errorf("without times: %v, %d, %v", series, left, err)
	}
}

// TestRises: the steps at which a counter rose, also before the fine steps begin, and
// after it has been reset.
func TestRises(t *testing.T) {
	b := newBot()
	closes := func(n float64) {
		b.add(catalog.ShardDisconnects, n, "shard", "0", "code", "1006", "initiator", "network")
	}
	b.add(catalog.ShardDisconnects, 1, "shard", "1", "code", "4000", "initiator", "discord")
	closes(0)
	b.steps(11)
	closes(2)
	b.steps(12 * 30)
	closes(3)
	rose := b.at
	b.steps(10)
	b.set(catalog.ShardDisconnects, 1, "shard", "0", "code", "1006", "initiator", "network") // of 5
	reset := b.at
	b.steps(2)
	q := evidence.Question{Of: catalog.ShardDisconnects, By: []string{"code"}}
	series, err := b.history.Rises(t.Context(), noon.Add(-time.Hour), b.now(), q)
	if err != nil || len(series) != 2 {
		t.Fatalf("%v, %v", err, series)
	}
	// The first rise is seen at the next coarse step.
	want := []evidence.Point{{At: noon.Add(time.Minute), Number: 2}, {At: rose, Number: 3}, {At: reset, Number: 1}}
	same := func(a, b evidence.Point) bool { return a.At.Equal(b.At) && a.Number == b.Number }
	if got := series[0].Points; series[0].Labels["code"] != "1006" || !slices.EqualFunc(got, want, same) {
		t.Errorf("%v: %v, want %v", series[0].Labels, got, want)
	}
	if got := series[1].Points; series[1].Labels["code"] != "4000" || len(got) != 1 || got[0].Number != 1 || !got[0].At.Equal(noon) {
		t.Errorf("%v: %v", series[1].Labels, got)
	}
	series, err = b.history.Rises(t.Context(), rose.Add(time.Second), b.now(), q)
	if err != nil || len(series) != 1 || len(series[0].Points) != 1 {
		t.Errorf("since the last rise but one: %v, %v", err, series)
	}
	if _, err := b.history.Rises(t.Context(), noon, b.now(), evidence.Question{Of: catalog.Guilds}); err == nil {
		t.Error("a gauge rises")
	}
}

// TestCheck: what cannot be answered is known without an answer.
func TestCheck(t *testing.T) {
	h := New(Options{Namespace: "other"})
	for says, q := range map[string]evidence.Question{
		"":                              {Form: evidence.Last, Of: catalog.Guilds},
		"is not kept":                   {Form: evidence.Last, Of: unknown},
		"it is not a counter":           {Form: evidence.Rate, Of: catalog.Guilds, Over: time.Minute},
		"too few buckets are kept":      {Form: evidence.Quantile, Of: catalog.CommandDuration, By: []string{"command"}, At: 0.5, Over: time.Minute},
		`the label "status" is not kep`: {Form: evidence.Mean, Of: catalog.QueueWait, By: []string{"status"}, Over: time.Minute},
	} {
		if err := h.Check(q); says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%q: %v", says, err)
		}
	}
}

// TestNext: whoever waits for the next step is woken by it.
func TestNext(t *testing.T) {
	b := newBot()
	next := b.history.Next()
	select {
	case <-next:
		t.Fatal("there was no step")
	default:
	}
	b.step()
	<-next
	if again := b.history.Next(); again == next {
		t.Error("the channel is that of a step that is over")
	}
}

// TestIncreaseOfCoarseSteps: the increase of a window is that of its length, however its
// end lies between two coarse steps.
func TestIncreaseOfCoarseSteps(t *testing.T) {
	b := newBot()
	for range int(time.Hour / FineStep) {
		b.add(catalog.GatewayEvents, FineStep.Seconds(), "event", "MESSAGE_CREATE")
		b.step()
	}
	for _, over := range []time.Duration{CoarseStep, 2 * CoarseStep, 5 * CoarseStep} {
		var times []time.Time
		for n := range 12 {
			times = append(times, noon.Add(30*time.Minute+time.Duration(n)*FineStep))
		}
		series, _, err := b.history.Range(t.Context(), times, 1, evidence.Question{Form: evidence.Increase, Of: catalog.GatewayEvents, Over: over})
		if err != nil || len(series) != 1 || len(series[0].Points) != len(times) {
			t.Fatalf("%v, %v", err, series)
		}
		for _, p := range series[0].Points {
			if p.Number != over.Seconds() {
				t.Errorf("%v until %v: %v", over, p.At.Format(time.TimeOnly), p.Number)
			}
		}
	}
}

// unknown is an instrument that the catalog does not have.
var unknown = catalog.Instrument{Name: "discord.nothing", Kind: catalog.Gauge}

// TestEveryInstrumentIsKept: each instrument of the catalog has a row.
func TestEveryInstrumentIsKept(t *testing.T) {
	h := New(Options{})
	for _, i := range catalog.All() {
		if len(h.store.byName[i.Name]) == 0 {
			t.Errorf("%s is not kept", i.Name)
		}
	}
}

// TestRowWithMostGroups: a question that several rows can answer is answered by the one that
// has the most groups, and one about buckets by a row that has those.
func TestRowWithMostGroups(t *testing.T) {
	b := newBot()
	b.set(catalog.Uptime, 1)
	b.step()
	const routes = maxTimed + 5
	for n := range routes {
		b.observe(catalog.RequestDuration, 0.2, uint64(routes-n), "route", fmt.Sprint(n), "method", "GET", "status", "200")
	}
	b.step()
	q := evidence.Question{Form: evidence.Increase, Of: catalog.RequestDuration, By: []string{"route", "method"}, Over: time.Minute}
	if got := b.ask(t, q); len(got) != routes {
		t.Errorf("%d routes are counted, want %d", len(got), routes)
	}
	q.Form, q.At = evidence.Above, 0.1
	if got := b.ask(t, q); len(got) != maxTimed+1 {
		t.Errorf("%d routes have buckets, want %d", len(got), maxTimed+1)
	}
}
