// Command record records the plays of `argus demo` for the test of package agreement, and
// the incidents of the end-to-end tests.
//
//	record --argus FILE [--for 30m] DIR [PLAY…]
//	record --incidents FILE [--for 20m] DIR
//
// It runs each play, or those that are named, against its fake Discord, all at once, and
// scrapes it as Prometheus does. The result is DIR/PLAY.yml.gz: a unit test for promtool
// whose only series are those scraped. So it is for the incidents, which one program plays:
// all is well for the first 3 min.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

func main() {
	argus := flag.String("argus", "", "the program")
	incidents := flag.String("incidents", "", "the program that plays the incidents (otelcol/internal/incidents/play)")
	length := flag.Duration("for", 30*time.Minute, "how long each play is recorded")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if *incidents != "" {
		err = recordIncidents(ctx, *incidents, *length, flag.Args())
	} else {
		err = record(ctx, *argus, *length, flag.Args())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

// plays are the demo's arguments by play. Four shards in two clusters are enough to tell
// a shard's trouble from a cluster's and from the bot's.
var plays = map[string][]string{
	"calm":            nil,
	"clock-skew":      nil,
	"fatal-close":     nil,
	"flapping":        nil,
	"gateway-refused": nil,
	"global-limit":    nil,
	"mix":             nil, // all faults, the demo's default
	"identify-budget": nil,
	"outage":          {"--shards", "8"},
	"raid":            nil,
	"rate-limited":    nil,
	"runaway":         nil,
	"slow-handlers":   nil,
	"storm":           nil,
	"stuck-open":      nil,
	"voice-refused":   nil,
	"zombie":          nil,
}

func record(ctx context.Context, argus string, length time.Duration, args []string) error {
	if argus == "" || len(args) == 0 || length < every {
		return errors.New("usage: record --argus FILE [--for 30m] DIR [PLAY…]")
	}
	dir, names := args[0], args[1:]
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(plays))
	}
	for _, name := range names {
		if _, known := plays[name]; !known {
			return fmt.Errorf("there is no play %q", name)
		}
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() {
			if err := perform(ctx, argus, name, length, filepath.Join(dir, name+".yml.gz")); err != nil {
				results[i] = fmt.Errorf("%s: %w", name, err)
				cancel() // a recording without one of the plays is none
			}
		})
	}
	wg.Wait()
	return errors.Join(results...)
}

var metricsPage = regexp.MustCompile(`^  metrics +(http://\S+/metrics) `)

// perform runs a play and records it, from before its shards are up.
func perform(ctx context.Context, argus, name string, length time.Duration, path string) error {
	ctx, cancel := context.WithCancel(ctx)
	args := append([]string{"demo", "--addr", "127.0.0.1:0", "--cluster", name, "--guilds", "24", "--rate", "60", "--processes", strconv.Itoa(processes)}, plays[name]...)
	if name != "mix" {
		args = append(args, "--scenario", name)
	}
	demo := exec.CommandContext(ctx, argus, args...) //nolint:gosec // both are the caller's
	demo.Cancel = func() error { return demo.Process.Signal(os.Interrupt) }
	demo.WaitDelay = time.Minute
	demo.Env = append(os.Environ(), "ARGUS_BOT="+name)
	printed, err := demo.StdoutPipe()
	if err != nil {
		cancel()
		return err
	}
	if err := demo.Start(); err != nil {
		cancel()
		return err
	}
	defer func() {
		cancel()
		_ = demo.Wait() // it was interrupted
	}()
	var targets []string
	lines := bufio.NewScanner(printed)
	for len(targets) < processes && lines.Scan() {
		if m := metricsPage.FindStringSubmatch(lines.Text()); m != nil {
			targets = append(targets, m[1])
		}
	}
	if len(targets) < processes {
		return fmt.Errorf("the demo has ended: %w", lines.Err())
	}
	go func() { // what it prints further
		for lines.Scan() {
		}
	}()
	t := newTape("bots", targets...)
	if err := t.run(ctx, length); err != nil {
		return err
	}
	return t.save(path, name)
}

// processes is the number of clusters of each play.
const processes = 2
