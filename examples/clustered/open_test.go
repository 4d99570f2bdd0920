package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/examples/internal/pingbot"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newSessions makes one for each shard, of a bot with as many as the largest id asks for.
func newSessions(t *testing.T, ids []int, opts ...discordtest.Option) (*discordtest.Server, []*discordgo.Session) {
	t.Helper()
	fake, err := discordtest.NewServer(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fake.Close() })
	var sessions []*discordgo.Session
	for _, id := range ids {
		session, err := fake.NewSession(id, slices.Max(ids)+1)
		if err != nil {
			t.Fatal(err)
		}
		sessions = append(sessions, session)
	}
	t.Cleanup(func() { closeAll(sessions) })
	return fake, sessions
}

func TestOpenAllKeepsToMaxConcurrency(t *testing.T) {
	t.Parallel()
	const (
		concurrency = 2
		window      = 300 * time.Millisecond
		opIdentify  = 2
	)
	// Of the shards 0, 1, 2, 4 and 5 the even ones share a key, and so do the odd ones.
	ids := []int{0, 1, 2, 4, 5}
	fake, sessions := newSessions(t, ids, discordtest.WithMaxConcurrency(concurrency), discordtest.WithIdentifyWindow(window))
	began := time.Now()
	if err := openAll(t.Context(), sessions, window); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 2*window {
		t.Errorf("three shards with one key were open after %v; want two windows of %v between them", took, window)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	last := map[int]time.Time{}
	for _, id := range ids {
		conn, err := fake.WaitConn(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		// An identify that comes too early is refused, and discordgo sends another.
		if n := conn.Received()[opIdentify]; n != 1 {
			t.Errorf("shard %d identified %d times, want once", id, n)
		}
		key := id % concurrency
		if before, ok := last[key]; ok && conn.Started().Sub(before) < window {
			t.Errorf("shard %d came %v after the one before it with its key, want %v or more", id, conn.Started().Sub(before), window)
		}
		last[key] = conn.Started()
	}
}

// TestOpenAllSparesTheToken: where the budget does not suffice no shard identifies, and the process waits in good health until it is told to end.
// It is not parallel, for it reads the log of all tests.
func TestOpenAllSparesTheToken(t *testing.T) {
	logged := make(chan string, 10)
	log.SetOutput(lines(logged))
	defer log.SetOutput(os.Stderr)
	fake, sessions := newSessions(t, []int{0, 1}, discordtest.WithSessionStartLimit(1000, 1, 90*time.Minute))
	a, err := argus.Start(sessions[0], argus.WithSessions(sessions[1]), argus.WithAddr("127.0.0.1:0"), argus.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	result := make(chan error, 1)
	go func() { result <- openAll(ctx, sessions, time.Minute) }()
	select {
	case line := <-logged:
		if !strings.Contains(line, "may start 1 more sessions today, and this process needs 2: waiting for 1h3") {
			t.Errorf("the log says %q; want how many sessions are left and for how long it waits", line)
		}
	case err := <-result:
		t.Fatalf("it has ended: %v", err)
	case <-time.After(time.Minute):
		t.Fatal("it does not say that it waits")
	}
	if got := status(t, "http://"+a.Addr()+"/healthz"); got != http.StatusOK {
		t.Errorf("/healthz answers %d while it waits, want 200", got)
	}
	cancel()
	wantCanceled(t, result)
	if n := len(fake.Conns()); n != 0 {
		t.Errorf("%d shards have connected", n)
	}
}

// lines sends what is written, and drops what nobody reads.
type lines chan<- string

func (l lines) Write(text []byte) (int, error) {
	select {
	case l <- string(text):
	default:
	}
	return len(text), nil
}

func status(t *testing.T, url string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

// TestOpenAllWaitsForTheReset: the shards come up when the budget is back, and not before.
func TestOpenAllWaitsForTheReset(t *testing.T) {
	t.Parallel()
	const resetAfter = time.Second
	began := time.Now() // the reset is not before resetAfter from here
	fake, sessions := newSessions(t, []int{0, 1}, discordtest.WithMaxConcurrency(2), discordtest.WithSessionStartLimit(1000, 1, resetAfter))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := openAll(ctx, sessions, 10*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	conns := fake.Conns()
	if len(conns) != 2 {
		t.Errorf("%d shards are connected, want 2", len(conns))
	}
	for _, conn := range conns {
		if early := began.Add(resetAfter).Sub(conn.Started()); early > 0 {
			t.Errorf("a shard has connected %v before the reset", early)
		}
	}
}

func TestOpenAllStops(t *testing.T) {
	t.Parallel()
	fake, sessions := newSessions(t, []int{0, 1})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	result := make(chan error, 1)
	go func() { result <- openAll(ctx, sessions, time.Hour) }()
	if _, err := fake.WaitConn(ctx, 0); err != nil {
		t.Fatal(err)
	}
	cancel()
	wantCanceled(t, result)
}

// wantCanceled waits for the end of what was canceled.
func wantCanceled(t *testing.T, result <-chan error) {
	t.Helper()
	select {
	case err := <-result:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the error is %v, want %v", err, context.Canceled)
		}
	case <-time.After(time.Minute):
		t.Fatal("it waits on")
	}
}

func TestOpenAllOutlastsAnOutage(t *testing.T) {
	t.Parallel()
	fake, sessions := newSessions(t, []int{0, 1}, discordtest.WithMaxConcurrency(2))
	fake.Fail("GET", "/gateway/bot", http.StatusInternalServerError, 2)
	fake.Fail("GET", "/gateway", http.StatusInternalServerError, 1)
	if err := openAll(t.Context(), sessions, time.Millisecond); err != nil {
		t.Fatal(err)
	}
	asked := map[string]int{}
	for _, r := range fake.Requests() {
		asked[r.Path]++
	}
	if want := map[string]int{"/gateway/bot": 3, "/gateway": 3}; !maps.Equal(asked, want) {
		t.Errorf("the requests are %v, want %v", asked, want)
	}
	if n := len(fake.Conns()); n != 2 {
		t.Errorf("%d shards are connected, want 2", n)
	}
}

// TestRegisterOutlastsAnOutage: the sessions stay while Discord takes no commands.
func TestRegisterOutlastsAnOutage(t *testing.T) {
	t.Parallel()
	fake, sessions := newSessions(t, []int{0})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := openAll(ctx, sessions, time.Millisecond); err != nil {
		t.Fatal(err)
	}
	fake.Fail(http.MethodPost, "/applications/{id}/commands", http.StatusServiceUnavailable, 2)
	if err := register(ctx, sessions[0], time.Millisecond); err != nil {
		t.Error(err)
	}
	if got := fake.Commands(); !slices.Equal(got, []string{pingbot.Command}) {
		t.Errorf("the bot's commands are %q, want %q", got, pingbot.Command)
	}
	refused := 0
	for _, r := range fake.Requests() {
		if r.Status == http.StatusServiceUnavailable {
			refused++
		}
	}
	if refused != 2 || len(fake.Conns()) != 1 {
		t.Errorf("%d requests were refused, want 2; %d connections are there, want 1", refused, len(fake.Conns()))
	}
}

func TestOpenAllGivesUp(t *testing.T) {
	t.Parallel()
	fake, sessions := newSessions(t, []int{0})
	fake.Fail("GET", "/gateway/bot", http.StatusUnauthorized, 1)
	// With a wait this long, a second attempt would be the end of the test.
	if err := openAll(t.Context(), sessions, time.Hour); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("the error is %v; want one that shows 401", err)
	}
	if n := len(fake.Requests()); n != 1 {
		t.Errorf("%d requests, want one", n)
	}
	for err, want := range map[error]bool{
		&websocket.CloseError{Code: 4004}: true, &websocket.CloseError{Code: 4014}: true, &websocket.CloseError{Code: 4009}: false,
		fmt.Errorf("opening: %w", &websocket.CloseError{Code: 4013}): true, errors.New("no route to host"): false,
		&discordgo.RESTError{Response: &http.Response{StatusCode: http.StatusBadGateway}}: false, &discordgo.RESTError{}: false,
	} {
		if got := hopeless(err); got != want {
			t.Errorf("%v: hopeless is %v, want %v", err, got, want)
		}
	}
}
