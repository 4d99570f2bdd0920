package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 12, 1, 3, 0, 0, 0, time.UTC)

func all(Event) bool { return true }

func begin(t *testing.T, name string, most int) *Journal {
	t.Helper()
	j, err := open(name, most)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// TestSurvives: events are there again after a process that was killed, but for a line
// that it could not finish.
func TestSurvives(t *testing.T) {
	name := filepath.Join(t.TempDir(), "journal")
	j := begin(t, name, Most)
	for n := range 3 {
		if err := j.Add(Event{At: start.Add(time.Duration(n) * time.Second), Kind: "gone", Cluster: fmt.Sprint(n), What: "it is\ngone"}); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"at":"2026-12-01T03:00:09Z","kind":"go`); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	for range 2 {
		j = begin(t, name, Most)
		got, more := j.Events(start, start.Add(time.Minute), 10, all)
		if len(got) != 3 || more || got[0].Cluster != "2" || got[2].What != "it is\ngone" {
			t.Errorf("the events are %v", got)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := os.ReadFile(name); err != nil || strings.Count(string(text), "\n") != 3 || !strings.HasSuffix(string(text), "}\n") {
		t.Errorf("the file is %q, %v", text, err)
	}
}

// TestFailedWrite: an event that could not be written is, with the next one that can be.
func TestFailedWrite(t *testing.T) {
	name := filepath.Join(t.TempDir(), "journal")
	j := begin(t, name, Most)
	add := func(n int) error { return j.Add(Event{At: start.Add(time.Duration(n) * time.Second), Kind: "gone"}) }
	if err := add(0); err != nil {
		t.Fatal(err)
	}
	if err := j.file.Close(); err != nil { // no write succeeds
		t.Fatal(err)
	}
	if add(1) == nil {
		t.Error("a write that fails is no error")
	}
	if err := add(2); err != nil {
		t.Errorf("once it can be written: %v", err)
	}
	if got, _ := begin(t, name, Most).Events(start, start.Add(time.Minute), 10, all); len(got) != 3 {
		t.Errorf("the file has the events %v", got)
	}
}

// TestIsBounded: memory and file keep the newest events.
func TestIsBounded(t *testing.T) {
	name := filepath.Join(t.TempDir(), "journal")
	const most = 80
	j := begin(t, name, most)
	for n := range 3*most + 5 {
		if err := j.Add(Event{At: start.Add(time.Duration(n) * time.Second), Kind: "gone", Cluster: fmt.Sprint(n)}); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(name)
	if lines := strings.Count(string(text), "\n"); err != nil || lines < most || lines > 2*most+1 {
		t.Errorf("the file has %d lines, %v", lines, err)
	}
	for range 2 {
		got, more := j.Events(start, start.Add(time.Hour*1000), 2*most, all)
		if len(got) < most || len(got) > most+most/8 || more || got[0].Cluster != fmt.Sprint(3*most+4) {
			t.Errorf("%d events, the newest is %v", len(got), got[0])
		}
		j = begin(t, name, most)
	}
}

// TestEvents: a window, a filter and a limit.
func TestEvents(t *testing.T) {
	j := begin(t, "", Most)
	for n := range 10 {
		if err := j.Add(Event{At: start.Add(time.Duration(n) * time.Second), Kind: []string{"gone", "back"}[n%2], Cluster: fmt.Sprint(n)}); err != nil {
			t.Fatal(err)
		}
	}
	got, more := j.Events(start.Add(time.Second), start.Add(8*time.Second), 3, func(e Event) bool { return e.Kind == "gone" })
	if len(got) != 3 || !more || got[0].Cluster != "8" || got[2].Cluster != "4" {
		t.Errorf("%v, more: %t", got, more)
	}
	if got, more = j.Events(start.Add(time.Second), start.Add(8*time.Second), 4, func(e Event) bool { return e.Kind == "gone" }); len(got) != 4 || more {
		t.Errorf("%v, more: %t", got, more)
	}
}
