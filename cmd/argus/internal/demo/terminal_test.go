package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
)

// Somebody has the live page open and types what is to happen next: the page's address
// stays, and a line that makes no sense changes nothing.
func TestSwitch(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs a demo for seconds")
	}
	c, err := parse(small("--addr", "127.0.0.1:0", "--scenario", calm), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	c.pace = quick()
	ctx, cancel := context.WithCancel(t.Context())
	in, keyboard := io.Pipe()
	r := &running{out: new(journal), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		r.err = runAll(ctx, c, in, r.out)
	}()
	t.Cleanup(func() {
		r.end(t)
		_ = keyboard.Close()
		if t.Failed() {
			t.Logf("the demo wrote:\n%s", r.out)
		}
	})
	enter := func(line string) {
		t.Helper()
		if _, err := fmt.Fprintln(keyboard, line); err != nil {
			t.Fatal(err)
		}
	}

	r.ready(t)
	if !r.wrote("type its name, such as storm, and press Enter. Press Ctrl-C to stop.")() {
		t.Error("the introduction does not say how to switch")
	}
	page := r.pages("page")[0]
	for line, says := range map[string]string{"strom": `unknown scenario "strom"`, "mix,storm": "mix cannot be combined", " ": "scenarios: calm, storm, "} {
		enter(line)
		r.until(t, "the answer to "+line, r.wrote(says))
	}
	if strings.Count(r.out.String(), "  ready: ") != 1 {
		t.Error("a line that names no scenario restarts the bot")
	}

	began := time.Now()
	for n, next := range []struct{ line, says string }{{"storm", "Scenario storm: "}, {mix, "Each kind of fault happens once"}} {
		enter(next.line)
		r.until(t, "the bot to be ready again", func() bool { return strings.Count(r.out.String(), "  ready: ") == n+2 })
		if !r.wrote(next.says)() {
			t.Errorf("after %q the demo does not say %q", next.line, next.says)
		}
		r.until(t, page+" to answer", func() bool {
			code, _, _ := get(t, page+"api/v1/status")
			return code == http.StatusOK
		})
	}
	if n := strings.Count(r.out.String(), "Live page: "); n != 1 {
		t.Errorf("the introduction is there %d times", n)
	}
	uptime := total(parsePage(t, mustGet(t, r.pages("metrics")[0]))[catalog.Uptime.PrometheusName()])
	if most := time.Since(began).Seconds(); uptime <= 0 || uptime > most {
		t.Errorf("the bot has run for %v s, %v s after the first switch", uptime, most)
	}
}
