package report

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func flush(t *testing.T, q *Queue) {
	t.Helper()
	if err := q.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestOrder(t *testing.T) {
	var q Queue
	var got, want []int
	for round := range 3 {
		for n := range Capacity {
			want = append(want, round*Capacity+n)
			q.Do(func() { got = append(got, round*Capacity+n) })
		}
		flush(t, &q)
	}
	if !slices.Equal(got, want) {
		t.Errorf("called %v, want %v", got, want)
	}
	if n := q.Dropped(); n != 0 {
		t.Errorf("%d dropped", n)
	}
}

// TestBlocked has a function that does not return: Do goes on returning, holds
// Capacity more and counts the rest.
func TestBlocked(t *testing.T) {
	var q Queue
	entered, release := make(chan struct{}), make(chan struct{})
	q.Do(func() { close(entered); <-release })
	<-entered
	called := 0
	for range Capacity + 3 {
		q.Do(func() { called++ })
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := q.Flush(over); !errors.Is(err, context.Canceled) {
		t.Errorf("Flush: %v", err)
	}
	if first, again := q.Dropped(), q.Dropped(); first != 3 || again != 0 {
		t.Errorf("%d dropped, then %d", first, again)
	}
	close(release)
	flush(t, &q)
	if called != Capacity {
		t.Errorf("%d called, want %d", called, Capacity)
	}
}

func TestHostile(t *testing.T) {
	for name, f := range map[string]func(){
		"panics":             func() { panic("a logger's own") },
		"panics with nil":    func() { panic(nil) }, //nolint:govet // what is tested
		"ends the goroutine": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			var q Queue
			called := false
			q.Do(f)
			q.Do(func() { called = true })
			flush(t, &q)
			if !called {
				t.Error("what came after it was not called")
			}
		})
	}
}

// TestReentrant has a function that reports itself.
func TestReentrant(t *testing.T) {
	var q Queue
	called := false
	q.Do(func() { q.Do(func() { called = true }) })
	flush(t, &q)
	if !called {
		t.Error("not called")
	}
}

func TestGuard(t *testing.T) {
	told := errors.New("told")
	var got error
	Guard(func(err error) {
		got = err
		panic("a handler's own")
	})(told)
	if !errors.Is(got, told) {
		t.Errorf("got %v", got)
	}
}
