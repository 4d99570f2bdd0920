package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	overviewPath = "/api/fleet/v1/overview"
	warmAsks     = 10
	// askEvery is longer than the overview is served again: each is made anew.
	askEvery = 6500 * time.Millisecond
)

// A row is what was measured with a number of clusters.
type row struct {
	clusters, series int
	load             string // the average of a minute
	fleet            measured
	findings         float64 // the share of the fleet's processor time, 0 to 1
	prometheus       *measured
	cold, median     time.Duration // of the overview
	worst            time.Duration
}

// measured is what a process has used during the measurement.
type measured struct {
	cpu       float64 // of a core
	rss, peak uint64  // bytes
}

// compare measures with each number of clusters.
func compare(ctx context.Context, c config, out io.Writer) error {
	fmt.Fprintf(out, "Capturing a push of a bot with %d shards and %d guilds.\n", c.shards, c.guilds)
	push, err := capture(ctx, c)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "It has %d bytes. Each row takes %v.\n\n", len(push), c.warm+c.measure+warmAsks*askEvery)
	fmt.Fprintln(out, "| clusters | series | load | fleet: processor | findings' part | memory (peak) | Prometheus: processor | memory (peak) | overview: first, median, most |")
	fmt.Fprintln(out, "| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	for _, n := range c.clusters {
		r, err := measure(ctx, c, push, n)
		if err != nil {
			return err
		}
		prometheus := "– | –"
		if p := r.prometheus; p != nil {
			prometheus = p.String()
		}
		fmt.Fprintf(out, "| %d | %d | %s | %s | %.0f %% | %s | %s | %v, %v, %v |\n", r.clusters, r.series, r.load, r.fleet.processor(),
			100*r.findings, r.fleet.memory(), prometheus, r.cold.Round(time.Millisecond), r.median.Round(time.Millisecond), r.worst.Round(time.Millisecond))
	}
	return nil
}

func (m measured) processor() string { return fmt.Sprintf("%.1f %% of a core", 100*m.cpu) }
func (m measured) memory() string    { return fmt.Sprintf("%d MB (%d)", m.rss/1e6, m.peak/1e6) }
func (m measured) String() string    { return m.processor() + " | " + m.memory() }

// measure replays so many clusters to a fleet and to a Prometheus, both new.
func measure(ctx context.Context, c config, push []byte, n int) (r row, err error) {
	dir, err := os.MkdirTemp("", "argus-load-")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	list, err := cast(push, n, c.shards)
	if err != nil {
		return r, err
	}
	fleet, err := startFleet(ctx, filepath.Join(dir, "fleet"))
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, fleet.stop()) }()
	var replayed replay
	var prometheus *server
	if c.prometheus != "" {
		if prometheus, err = startPrometheus(ctx, c.prometheus, dir); err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, prometheus.stop()) }()
		replayed.prometheus = prometheus.otlp
	}
	replaying, end := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- replayed.run(replaying, list, fleet.otlp, c.interval) }()
	defer func() {
		end()
		err = errors.Join(err, <-ended)
	}()
	if err := pass(ctx, c.warm); err != nil {
		return r, err
	}
	r.clusters = n
	if err := r.use(ctx, c, dir, fleet, prometheus); err != nil {
		return r, err
	}
	if r.series, err = seriesOf(ctx, fleet); err != nil {
		return r, err
	}
	if err := r.ask(ctx, fleet); err != nil {
		return r, err
	}
	if failure := replayed.failure.Load(); failure != nil {
		return r, fmt.Errorf("%d of %d pushes failed, such as: %w", replayed.failed.Load(), replayed.pushed.Load(), *failure)
	}
	return r, nil
}

// use measures what both use while nobody looks.
func (r *row) use(ctx context.Context, c config, dir string, fleet, prometheus *server) error {
	profiles := map[*server]string{fleet: filepath.Join(dir, "fleet.prof")}
	before := map[*server]usage{}
	if prometheus != nil {
		profiles[prometheus] = filepath.Join(dir, "prometheus.prof") // so that both have the cost
	}
	for s := range profiles {
		var err error
		if before[s], err = s.usage(); err != nil {
			return err
		}
	}
	began := time.Now()
	errs := make(chan error, len(profiles))
	var wait sync.WaitGroup
	for s, file := range profiles {
		wait.Go(func() {
			profile, _, err := read(ctx, s.prof+"?seconds="+strconv.Itoa(int(c.measure.Seconds())))
			if err == nil {
				err = os.WriteFile(file, profile, 0o600)
			}
			errs <- err
		})
	}
	wait.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	took := time.Since(began).Seconds()
	for s := range profiles {
		now, err := s.usage()
		if err != nil {
			return err
		}
		m := measured{(now.cpu - before[s].cpu) / took, now.rss, now.peak}
		if s == fleet {
			r.fleet = m
		} else {
			r.prometheus = &m
		}
	}
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return err
	}
	r.load, _, _ = strings.Cut(string(load), " ")
	r.findings, err = share(ctx, profiles[fleet], `fleet/internal/judge|internal/evidence|internal/findings`)
	return err
}

var shownShare = regexp.MustCompile(`Showing nodes accounting for \S+, ([0-9.]+)% of`)

// share is the part of a profile in functions of these packages, and in what they call.
func share(ctx context.Context, profile, packages string) (float64, error) {
	text, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-nodefraction=0", "-edgefraction=0", "-nodecount=100000", "-focus="+packages, profile).CombinedOutput() //nolint:gosec // a file of ours
	if err != nil {
		return 0, fmt.Errorf("go tool pprof: %w\n%s", err, text)
	}
	found := shownShare.FindSubmatch(text)
	if found == nil {
		return 0, fmt.Errorf("go tool pprof does not say how much it shows: %.300s", text)
	}
	percent, err := strconv.ParseFloat(string(found[1]), 64)
	return percent / 100, err
}

var seriesLine = regexp.MustCompile(`(?m)^argus_fleet_series ([0-9.e+]+)$`)

// seriesOf is the number of series of the fleet.
func seriesOf(ctx context.Context, fleet *server) (int, error) {
	page, _, err := read(ctx, "http://"+fleet.addr+"/metrics")
	if err != nil {
		return 0, err
	}
	found := seriesLine.FindSubmatch(page)
	if found == nil {
		return 0, errors.New("/metrics of the fleet has no argus_fleet_series")
	}
	n, err := strconv.ParseFloat(string(found[1]), 64)
	return int(n), err
}

// ask asks for the overview, for the first time and then each time that it is to be made
// anew.
func (r *row) ask(ctx context.Context, fleet *server) (err error) {
	if r.cold, err = get(ctx, "http://"+fleet.addr+overviewPath); err != nil {
		return err
	}
	var took []time.Duration
	for range warmAsks {
		if err := pass(ctx, askEvery); err != nil {
			return err
		}
		one, err := get(ctx, "http://"+fleet.addr+overviewPath)
		if err != nil {
			return err
		}
		took = append(took, one)
	}
	slices.Sort(took)
	r.median, r.worst = took[len(took)/2], took[len(took)-1]
	return nil
}

// pass lets time go by.
func pass(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
