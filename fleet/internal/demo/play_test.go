package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 5 * time.Minute // on a busy machine

// A screen is what the demo has written.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// build builds a program, as this test is built: so what it consists of is compiled
// already.
func build(t *testing.T, dir, pkg string) string {
	t.Helper()
	line := []string{"build", "-o", filepath.Join(t.TempDir(), filepath.Base(pkg))}
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		line = append(line, "-race")
	}
	cmd := exec.CommandContext(t.Context(), "go", append(line, pkg)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	return line[2]
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// states are those of the clusters in the overview, and their regions; nil if the fleet
// does not answer.
func states(t *testing.T, addr string) map[string]string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Get("http://" + addr + "/api/fleet/v1/overview")
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	var overview struct {
		Clusters []struct{ Cluster, Region, State string }
	}
	if err := json.NewDecoder(response.Body).Decode(&overview); err != nil {
		t.Fatal(err)
	}
	of := map[string]string{}
	for _, c := range overview.Clusters {
		of[c.Cluster] = c.Region + " " + c.State
	}
	return of
}

// TestDemo builds the programs once.
func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the fleet and five processes")
	}
	programs := []string{"--argus", build(t, filepath.Join("..", "..", ".."), "./cmd/argus"), "--fleet", build(t, filepath.Join("..", ".."), "./cmd/argus-fleet")}
	t.Run("scenarios", func(t *testing.T) { knowsAll(t, programs[1]) })
	t.Run("plays", func(t *testing.T) { plays(t, programs) })
	t.Run("analytics", func(t *testing.T) { analytics(t, programs) })
	t.Run("address in use", func(t *testing.T) { addressInUse(t, programs) })
}

// knowsAll: it offers each scenario of docs/SCENARIOS.md.
func knowsAll(t *testing.T, argus string) {
	t.Helper()
	got, err := scenarios(t.Context(), argus)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "SCENARIOS.md"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, m := range regexp.MustCompile("(?m)^## `([a-z-]+)`$").FindAllStringSubmatch(string(page), -1) {
		want = append(want, m[1])
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the scenarios are\n%v, want\n%v", got, want)
	}
}

// plays: five processes in two regions are in the overview. One that crashes is gone and
// comes back, one that shuts down has left, a scenario is played, a fleet that crashes
// knows all of them after its next start, and nothing runs after the end.
func plays(t *testing.T, programs []string) {
	t.Helper()
	addr := freeAddr(t)
	out := &screen{}
	in, keyboard := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, slices.Concat(programs, []string{"--addr", addr, "--otlp", freeAddr(t), "--interval", "1s"}), in, out, out)
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-done; code != 0 {
			t.Errorf("it ends with %d", code)
		}
		_ = keyboard.Close()
		if t.Failed() {
			t.Logf("it wrote:\n%s", out)
		}
		if _, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
			t.Error("the fleet still runs")
		}
	})
	eventually := func(what string, is func() bool) {
		t.Helper()
		waiting, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for !is() {
			select {
			case <-waiting.Done():
				t.Fatalf("waited %v for: %s; the clusters are %v", patience, what, states(t, addr))
			case code := <-done:
				done <- code
				t.Fatalf("it has ended with %d before: %s", code, what)
			case <-tick.C:
			}
		}
	}
	enter := func(line, says string) {
		t.Helper()
		if _, err := fmt.Fprintln(keyboard, line); err != nil {
			t.Fatal(err)
		}
		eventually("the answer to "+line, func() bool { return strings.Contains(out.String(), says) })
	}

	regions := []string{"eu", "eu", "eu", "us", "us"}
	eventually("five clusters in two regions", func() bool {
		of := states(t, addr)
		for n, region := range regions {
			if of[fmt.Sprint("demo-", n)] != region+" up" {
				return false
			}
		}
		return len(of) == len(regions)
	})
	enter("9 outage", `"9" is no process`)
	enter("2 strom", `"strom" is neither kill, stop, start nor a scenario`)
	enter("2 start", "demo-2 runs already")

	enter("3 kill", "demo-3 was killed.")
	eventually("demo-3 to be missed", func() bool { return states(t, addr)["demo-3"] == "us gone" })
	enter("3 kill", "demo-3 does not run")
	enter("0 stop", "demo-0 was stopped.")
	eventually("demo-0 to have left", func() bool { return states(t, addr)["demo-0"] == "eu left" })
	enter("3 start", "demo-3 was started.")
	enter("0 start", "demo-0 was started.")
	eventually("both to be back", func() bool {
		of := states(t, addr)
		return of["demo-3"] == "us up" && of["demo-0"] == "eu up"
	})

	enter("2 outage", "demo-2 restarts with the scenario outage.")
	logs := regexp.MustCompile(`Logs are in (\S+)\.\n`).FindStringSubmatch(out.String())
	if logs == nil {
		t.Fatal("it does not say where the logs are")
	}
	log := process{log: filepath.Join(logs[1], "demo-2.log")}
	eventually("the outage", func() bool { return strings.Contains(log.lastLines(1000), "Scenario outage: ") })

	enter("fleet kill", "the fleet was killed.")
	enter("fleet start", "the fleet was started.")
	eventually("the fleet to know all again", func() bool { return len(states(t, addr)) == len(regions) })
}

// addressInUse is an error that says which flag sets another.
// analytics: the token that it writes opens the pages, which have the day before of all
// processes.
func analytics(t *testing.T, programs []string) {
	t.Helper()
	addr := freeAddr(t)
	out := &screen{}
	in, keyboard := io.Pipe()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, slices.Concat(programs, []string{"--addr", addr, "--otlp", freeAddr(t), "--interval", "1s", "--analytics"}), in, out, out)
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-done; code != 0 || t.Failed() {
			t.Errorf("it ends with %d, and wrote:\n%s", code, out)
		}
		_ = keyboard.Close()
	})
	token := regexp.MustCompile(`made for this run: (\w+)\n`)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for runs := 0; runs < 29_000; {
		select {
		case <-ctx.Done():
			t.Fatalf("the pages have %d runs of commands", runs)
		case <-tick.C:
		}
		if m := token.FindStringSubmatch(out.String()); m != nil {
			runs = commandRuns(t, addr, m[1])
		}
	}
}

// commandRuns is how many runs of commands the pages have for the last 48 h.
func commandRuns(t *testing.T, addr, token string) (n int) {
	t.Helper()
	from := time.Now().Add(-48 * time.Hour).UTC().Format(time.RFC3339)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/api/fleet/v1/events/commands?from="+from, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	var document struct{ Commands []struct{ Runs int } }
	if err := json.NewDecoder(response.Body).Decode(&document); err != nil {
		t.Fatal(err)
	}
	for _, c := range document.Commands {
		n += c.Runs
	}
	return n
}

func addressInUse(t *testing.T, programs []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var out bytes.Buffer
	if code := run(t.Context(), slices.Concat(programs, []string{"--addr", freeAddr(t), "--otlp", l.Addr().String()}), strings.NewReader(""), &out, &out); code != failed {
		t.Errorf("it ends with %d", code)
	}
	for _, want := range []string{"--addr and --otlp set others", "address already in use"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in:\n%s", want, &out)
		}
	}
}
