//go:build unix

package eventstore_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/eventstore"
)

const killed = "EVENTSTORE_KILLED"

// TestKilled: a process that is killed while it writes leaves a store in which each event
// is counted once, after all of them were sent again.
func TestKilled(t *testing.T) {
	of := sample(20 * time.Hour)
	if file := os.Getenv(killed); file != "" {
		cfg := config(t)
		cfg.File = file
		s := open(t, cfg)
		of.End, _ = time.Parse(time.RFC3339, os.Getenv(killed+"_END"))
		for batch := range slices.Chunk(of.Rows(100_000), 100) {
			if _, err := s.Add(context.Background(), batch); err != nil {
				t.Fatal(err)
			}
			_, _ = os.Stderr.WriteString("\n")
		}
		return
	}
	cfg := config(t)
	want := open(t, config(t))
	defer closeStore(t, want)
	add(t, want, of.Rows(2000))
	for range 3 {
		kill(t, cfg.File, of.End)
		s := open(t, cfg)
		checkSums(t, s)
		closeStore(t, s)
	}
	s := open(t, cfg)
	defer closeStore(t, s)
	if s.Stats().Events >= 2000 {
		t.Fatalf("the processes wrote all events before they were killed: %+v", s.Stats())
	}
	add(t, s, of.Rows(2000))
	if got, want := answers(t, s, daysOf(of)), answers(t, want, daysOf(of)); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// kill starts a process that writes, and kills it in the middle.
func kill(t *testing.T, file string, end time.Time) {
	t.Helper()
	process := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	process.Env = append(os.Environ(), killed+"="+file, killed+"_END="+end.Format(time.RFC3339))
	out, err := process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range 4 {
		if !lines.Scan() {
			t.Fatal("the process wrote nothing")
		}
	}
	if err := process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = process.Wait()
}

// checkSums compares sums with the events that are there.
func checkSums(t *testing.T, s *eventstore.Store) {
	t.Helper()
	w := daysOf(sample(20 * time.Hour))
	w.From, w.To = w.From.Add(-30*days), w.To.Add(400*days)
	events := int64(0)
	for _, bot := range []string{"first", "second"} {
		w.Bot = bot
		list, err := s.Ingest(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range list {
			events += int64(f.Events)
		}
	}
	if have := s.Stats().Events; events != have || have == 0 {
		t.Errorf("the sums have %d events, the tables %d", events, have)
	}
}
