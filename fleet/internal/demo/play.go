package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
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
	processes = 5
	shards    = 20
	inEurope  = 3 // the first ones; the others are in the US
	calm      = "calm"
	readyTime = time.Minute
)

// A stage is a fleet and its processes.
type stage struct {
	config
	out       io.Writer
	token     string // of the pages; empty if none is needed
	scenarios []string
	fleet     *process
	bots      []*process
	playing   []string      // the scenario of each bot
	ended     chan *process // by themselves
	over      chan struct{} // closed at the end
}

// play runs a fleet until ctx is done, or a line says quit.
func play(ctx context.Context, c config, in io.Reader, out io.Writer) (err error) {
	s := &stage{config: c, out: out, ended: make(chan *process), over: make(chan struct{})}
	if s.scenarios, err = scenarios(ctx, c.argus); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "argus-demo-fleet-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := s.cast(dir); err != nil {
		return err
	}
	defer s.end()
	if err := s.begin(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	s.introduce(dir)
	lines := read(ctx, in)
	for {
		select {
		case <-ctx.Done():
			return nil
		case p := <-s.ended:
			fmt.Fprintf(out, "%s has ended. The end of its log:\n%s\n", p.name, p.lastLines(5))
		case line := <-lines:
			switch line = strings.TrimSpace(line); line {
			case "":
			case "quit":
				return nil
			default:
				if err := s.obey(line); err != nil {
					fmt.Fprintln(out, err)
				}
			}
		}
	}
}

var scenarioLine = regexp.MustCompile(`(?m)^  ([a-z-]+) +\S`)

// scenarios are those that the demo's bot knows.
func scenarios(ctx context.Context, argus string) ([]string, error) {
	help, err := exec.CommandContext(ctx, argus, "demo", "--help").Output()
	if err != nil {
		return nil, fmt.Errorf("%s demo --help: %w", argus, err)
	}
	_, list, _ := strings.Cut(string(help), "\nScenarios")
	var names []string
	for _, m := range scenarioLine.FindAllStringSubmatch(list, -1) {
		names = append(names, m[1])
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s demo --help lists no scenarios", argus)
	}
	return names, nil
}

// cast makes the processes.
func (s *stage) cast(dir string) error {
	var ofFleet, ofBots []string
	if s.analytics {
		s.token = rand.Text() + rand.Text()
		file := filepath.Join(dir, "viewer-token")
		if err := os.WriteFile(file, []byte(s.token+"\n"), 0o600); err != nil {
			return err
		}
		ofFleet, ofBots = []string{"--events", "on", "--viewer-token-file", file}, []string{"--analytics"}
	}
	own := slices.DeleteFunc(os.Environ(), func(pair string) bool {
		for _, prefix := range []string{"ARGUS_", "OTEL_", "CLUSTER_ID", "SHARD"} {
			if strings.HasPrefix(pair, prefix) {
				return true
			}
		}
		return false
	})
	s.fleet = &process{
		name: "the fleet", path: s.config.fleet, env: own, log: filepath.Join(dir, "fleet.log"),
		args: func() []string {
			return append([]string{
				"--addr", s.addr, "--otlp-grpc-addr", s.otlp, "--otlp-http-addr", "off", "--data", filepath.Join(dir, "data"),
				"--expect", fmt.Sprintf("discord-bot=%dx%d", processes, shards),
			}, ofFleet...)
		},
	}
	for n := range processes {
		region := "eu"
		if n >= inEurope {
			region = "us"
		}
		s.playing = append(s.playing, calm)
		s.bots = append(s.bots, &process{
			name: "demo-" + strconv.Itoa(n), path: s.argus, log: filepath.Join(dir, fmt.Sprintf("demo-%d.log", n)),
			env: append(slices.Clone(own),
				"ARGUS_REGION="+region, "ARGUS_SESSION_START_POLL=1m", "OTEL_METRICS_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+s.otlp,
				"OTEL_METRIC_EXPORT_INTERVAL="+strconv.FormatInt(s.interval.Milliseconds(), 10),
			),
			args: func() []string {
				return append([]string{
					"demo", "--cluster", "demo", "--processes", strconv.Itoa(processes), "--process", strconv.Itoa(n),
					"--shards", strconv.Itoa(shards), "--scenario", s.playing[n], "--seed", strconv.Itoa(n + 1),
				}, ofBots...)
			},
		})
	}
	return nil
}

// begin starts the fleet, and the others once it is ready.
func (s *stage) begin(ctx context.Context) error {
	if err := s.start(s.fleet); err != nil {
		return err
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	for _, b := range s.bots {
		if err := s.start(b); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) start(p *process) error {
	return p.start(func(p *process) {
		select {
		case s.ended <- p:
		case <-s.over:
		}
	})
}

// ready waits until the fleet answers, or ctx is done.
func (s *stage) ready(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		request, err := http.NewRequestWithContext(waiting, http.MethodGet, "http://"+s.addr+"/readyz", http.NoBody)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK && s.fleet.running() {
				return nil
			}
		}
		select {
		case <-s.ended:
			return fmt.Errorf("the fleet has ended (are its addresses in use? --addr and --otlp set others):\n%s", s.fleet.lastLines(5))
		case <-ctx.Done():
			return nil
		case <-waiting.Done():
			return fmt.Errorf("the fleet does not answer on %s after %v:\n%s", s.addr, readyTime, s.fleet.lastLines(5))
		case <-tick.C:
		}
	}
}

func (s *stage) introduce(dir string) {
	fmt.Fprintf(s.out, `Fleet: http://%s/

Five processes of one bot push to it: demo-0 to demo-2 in the region eu, demo-3 and demo-4
in us. Each has its own fake Discord. Logs are in %s.

Type what happens next, and press Enter:

  2 outage      process 2 restarts with this scenario
  all calm      each of them
  3 kill        it crashes: the fleet misses it
  3 stop        it shuts down: it says goodbye
  3 start
  fleet kill    the fleet crashes; it has lost nothing when it is started again
  quit          or Ctrl-C: everything ends

Scenarios, described in docs/SCENARIOS.md: %s.

`, s.addr, dir, strings.Join(s.scenarios, ", "))
	if s.token != "" {
		fmt.Fprintf(s.out, "The pages ask for this token, made for this run: %s\n\n", s.token)
	}
}

// obey does what a line says.
func (s *stage) obey(line string) error {
	who, what, _ := strings.Cut(line, " ")
	what = strings.TrimSpace(what)
	chosen, err := s.choose(who)
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range chosen {
		errs = append(errs, s.order(p, what))
	}
	return errors.Join(errs...)
}

func (s *stage) choose(who string) ([]*process, error) {
	switch n, err := strconv.Atoi(who); {
	case who == "fleet":
		return []*process{s.fleet}, nil
	case who == "all":
		return s.bots, nil
	case err == nil && n >= 0 && n < len(s.bots):
		return s.bots[n : n+1], nil
	}
	return nil, fmt.Errorf("%q is no process: 0 to %d, all or fleet, such as \"2 outage\"", who, len(s.bots)-1)
}

func (s *stage) order(p *process, what string) error {
	n := slices.Index(s.bots, p)
	switch {
	case what == "start":
		if err := s.start(p); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s was started.\n", p.name)
	case what == "kill":
		if err := p.kill(); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s was killed.\n", p.name)
	case what == "stop":
		if err := p.stop(); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s was stopped.\n", p.name)
	case n >= 0 && s.known(what):
		s.playing[n] = what // also after its next start
		if err := p.enter(what); err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s restarts with the scenario %s.\n", p.name, what)
	default:
		return fmt.Errorf("%q is neither kill, stop, start nor a scenario: %s", what, strings.Join(s.scenarios, ", "))
	}
	return nil
}

func (s *stage) known(scenario string) bool {
	for one := range strings.SplitSeq(scenario, ",") {
		if !slices.Contains(s.scenarios, one) {
			return false
		}
	}
	return true
}

// end ends the bots, so that they say goodbye, and then the fleet.
func (s *stage) end() {
	close(s.over)
	var wait sync.WaitGroup
	for _, b := range s.bots {
		wait.Go(func() { _ = b.stop() })
	}
	wait.Wait()
	_ = s.fleet.stop()
}

// read reads lines until ctx is done, or there are no more.
func read(ctx context.Context, in io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		for scanner := bufio.NewScanner(in); scanner.Scan(); {
			select {
			case lines <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}
