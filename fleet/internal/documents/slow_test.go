package documents

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/evidence"
)

// exemplar is an observation some time ago, with the trace n.
func exemplar(ago time.Duration, seconds float64, n int) evidence.Exemplar {
	return evidence.Exemplar{
		Series: evidence.Labels{"type": "application_command", "command": fmt.Sprint("command ", n)},
		Labels: evidence.Labels{"trace_id": fmt.Sprintf("%032x", n), "span_id": fmt.Sprintf("%016x", n)},
		Point:  evidence.Point{At: now.Add(-ago), Number: seconds},
	}
}

// detail is the page of the cluster 3, which reports.
func detail(t *testing.T, find Exemplars, template string) (*Detail, error) {
	t.Helper()
	f := fake{up: {row(1, "region", "eu", "cluster", "3", "shard", "0")}}
	m := member("eu", "3", 1, members.Here)
	in := Input{Querier: f, Exemplars: find, Members: []members.Member{m}, At: now, TraceURL: template}
	o, err := MakeOverview(t.Context(), in, Wanted{})
	if err != nil {
		t.Fatal(err)
	}
	return MakeDetail(t.Context(), in, o, m.Place, time.Hour, nil)
}

// TestSlowTraces: the last slow interactions with a trace are listed once, the newest
// first, with their links, and what a process calls an id and is none is in no link.
func TestSlowTraces(t *testing.T) {
	const selector = `discord_interaction_ack_duration_seconds_bucket{job="music",bot="",region="eu",cluster="3"}`
	wrong, short := exemplar(time.Second, 2, 3), exemplar(time.Second, 2, 4)
	wrong.Labels["trace_id"] = "../../../../../../../../logout?a"
	short.Labels["span_id"] = "&redirect="
	untraced := exemplar(time.Second, 2, 5)
	untraced.Labels = evidence.Labels{}
	find := func(_ context.Context, of string, above float64, from, to time.Time) ([]evidence.Exemplar, error) {
		if of != selector || above != 1 || !from.Equal(now.Add(-time.Hour)) || !to.Equal(now) {
			t.Errorf("asked for %s above %v, from %v to %v", of, above, from, to)
		}
		return []evidence.Exemplar{exemplar(time.Hour, 2, 1), exemplar(time.Minute, 1.5, 2), exemplar(2*time.Minute, 2.5, 2), wrong, short, untraced}, nil
	}
	d, err := detail(t, find, "https://jaeger.example/{trace_id}?uiFind={span_id}")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range d.Slow {
		got = append(got, fmt.Sprint(now.Sub(s.At), s.Type, s.Command, s.Duration, s.TraceID, *s.TraceURL))
	}
	two, one := fmt.Sprintf("%032x", 2), fmt.Sprintf("%032x", 1)
	want := []string{
		fmt.Sprint(time.Minute, "application_command", "command 2", 1.5, two, "https://jaeger.example/"+two+"?uiFind=0000000000000002"),
		fmt.Sprint(time.Hour, "application_command", "command 1", 2.0, one, "https://jaeger.example/"+one+"?uiFind=0000000000000001"),
	}
	if !slices.Equal(got, want) || d.SlowAfter != 1 {
		t.Errorf("over %v s:\n got %q\nwant %q", d.SlowAfter, got, want)
	}
}

// TestMostSlowTraces: of many the newest are listed; without a template they have no link.
func TestMostSlowTraces(t *testing.T) {
	d, err := detail(t, func(context.Context, string, float64, time.Time, time.Time) (list []evidence.Exemplar, err error) {
		for n := range 2 * mostSlow {
			list = append(list, exemplar(time.Duration(n)*time.Second, 2, 2*mostSlow-n), exemplar(time.Duration(n)*time.Second, 3, 2*mostSlow-n))
		}
		return list, nil
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Slow) != mostSlow {
		t.Fatalf("%d of them", len(d.Slow))
	}
	for n, s := range d.Slow {
		if !s.At.Equal(now.Add(-time.Duration(n)*time.Second)) || s.Duration != 3 || s.TraceURL != nil || !strings.HasSuffix(s.TraceID, fmt.Sprintf("%x", 2*mostSlow-n)) {
			t.Errorf("%+v", s)
		}
	}
}

// TestNoSlowTraces: none is not the same as unknown, and a fault is reported.
func TestNoSlowTraces(t *testing.T) {
	if d, err := detail(t, nil, ""); err != nil || d.Slow != nil {
		t.Errorf("%+v, %v", d, err)
	}
	none := func(context.Context, string, float64, time.Time, time.Time) ([]evidence.Exemplar, error) {
		return nil, nil
	}
	if d, err := detail(t, none, ""); err != nil || d.Slow == nil || len(d.Slow) != 0 {
		t.Errorf("%+v, %v", d, err)
	}
	fault := errors.New("closed")
	failing := func(context.Context, string, float64, time.Time, time.Time) ([]evidence.Exemplar, error) {
		return nil, fault
	}
	if _, err := detail(t, failing, ""); !errors.Is(err, fault) {
		t.Errorf("%v", err)
	}
}
