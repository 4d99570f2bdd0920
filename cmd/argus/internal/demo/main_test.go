package demo

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// Most of their time the tests wait. -parallel still says otherwise.
	if err := flag.Set("test.parallel", strconv.Itoa(runtime.GOMAXPROCS(0)+1)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// What the machine that runs the tests has set must not matter.
	for _, setting := range os.Environ() {
		name, _, _ := strings.Cut(setting, "=")
		if strings.HasPrefix(name, "ARGUS_") || strings.HasPrefix(name, "OTEL_") || name == "CLUSTER_ID" {
			if err := os.Unsetenv(name); err != nil {
				panic(err)
			}
		}
	}
	goleak.VerifyTestMain(m,
		// Where the gateway's session has ended, discordgo waits for 5 s whether a voice
		// connection comes back.
		goleak.IgnoreAnyFunction("github.com/bwmarrin/discordgo.(*VoiceConnection).wsListen"),
		// A heartbeat during the second that discordgo's Close sleeps makes discordgo
		// reconnect without end, to a server that has closed.
		goleak.IgnoreAnyFunction("github.com/bwmarrin/discordgo.(*Session).reconnect"))
}

// A journal is what a demo has written, to be read while it runs.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// A running demo, as somebody at a terminal has it.
type running struct {
	demo   *demo // its fake Discord is there once the introduction is
	eager  bool  // until looks as often as it can
	out    *journal
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

// quick is a pace at which a test need not wait. A heartbeat every two seconds is far
// from the 120 payloads a minute that a connection may send, and discordgo gives up
// after five of them without an acknowledgement: a busy machine must not take that long.
func quick() pace {
	return pace{
		firstFaults: 6 * time.Second, faultEvery: time.Second, heartbeat: 2 * time.Second, change: 100 * time.Millisecond,
		beat: 250 * time.Millisecond, plainStatus: time.Second, crowd: 480,
	}
}

// begin runs a demo until the test ends, which fails if the demo does.
func begin(t *testing.T, args ...string) *running {
	t.Helper()
	return beginAt(t, quick(), args...)
}

func beginAt(t *testing.T, pace pace, args ...string) *running {
	t.Helper()
	if testing.Short() {
		t.Skip("runs a demo for seconds")
	}
	c, err := parse(args, io.Discard)
	if err != nil {
		t.Fatalf("parse(%q): %v", args, err)
	}
	c.pace = pace
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{out: new(journal), cancel: cancel, done: make(chan struct{})}
	r.demo = newDemo(c, r.out)
	go func() {
		defer close(r.done)
		r.err = r.demo.run(ctx)
	}()
	t.Cleanup(func() {
		r.end(t)
		if t.Failed() {
			t.Logf("the demo wrote:\n%s", r.out)
		}
	})
	r.until(t, "the introduction", func() bool { return strings.Contains(r.out.String(), "Press Ctrl-C to stop.") })
	return r
}

// end interrupts the demo and waits for its end.
func (r *running) end(t *testing.T) {
	t.Helper()
	r.cancel()
	select {
	case <-r.done:
	case <-time.After(time.Minute):
		t.Fatal("the demo has not ended a minute after it was interrupted")
	}
	if r.err != nil {
		t.Errorf("the demo ended with the error: %v", r.err)
	}
}

// until waits for a condition. To look costs processor time that the demo needs, the
// more the larger a page is: it takes a tenth of the time at most, as long as there is
// a look each second.
func (r *running) until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	const often, seldom = 20 * time.Millisecond, time.Second
	deadline := time.After(2 * time.Minute)
	for {
		began := time.Now()
		if condition() {
			return
		}
		pause := often
		if !r.eager {
			pause = min(max(often, 9*time.Since(began)), seldom)
		}
		select {
		case <-time.After(pause):
		case <-r.done:
			t.Fatalf("the demo ended (error: %v) before: %s", r.err, what)
		case <-deadline:
			t.Fatalf("waited in vain for: %s", what)
		}
	}
}

func (r *running) wrote(text string) func() bool {
	return func() bool { return strings.Contains(r.out.String(), text) }
}

func (r *running) ready(t *testing.T) {
	t.Helper()
	r.until(t, "the sessions to be up", r.wrote("  ready: "))
}

var pageLine = regexp.MustCompile(`(?m)^  (page|metrics|healthz|readyz) +(http://\S+)`)

// pages are the addresses of one kind that the introduction names.
func (r *running) pages(kind string) []string {
	var urls []string
	for _, m := range pageLine.FindAllStringSubmatch(r.out.String(), -1) {
		if m[1] == kind {
			urls = append(urls, m[2])
		}
	}
	return urls
}

// get fetches a page over a connection of its own.
func get(t *testing.T, url string) (status int, body string, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(content), err
}

func mustGet(t *testing.T, url string) string {
	t.Helper()
	status, body, err := get(t, url)
	if err != nil || status != http.StatusOK {
		t.Fatalf("GET %s: status %d, error %v, body %q", url, status, err, body)
	}
	return body
}

// consecutivePorts finds n ports in a row that are free now.
func consecutivePorts(t *testing.T, n int) (first int) {
	t.Helper()
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		first, held := l.Addr().(*net.TCPAddr).Port, []net.Listener{l}
		var failed error
		for i := 1; i < n && failed == nil; i++ {
			l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(first+i))
			if failed = err; err == nil {
				held = append(held, l)
			}
		}
		for _, l := range held {
			failed = errors.Join(failed, l.Close())
		}
		if failed == nil {
			return first
		}
	}
	t.Fatalf("found no %d free ports in a row", n)
	return 0
}
