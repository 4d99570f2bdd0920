package discordtest_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
)

// A zombie: the client's heartbeats arrive and get no answer, until discordgo has
// missed five ACKs, disconnects, and resumes.
func TestHang(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newServer(t, discordtest.WithHeartbeatInterval(time.Second))
	_, c, dispatched := reconnecting(t, s)
	if err := c.WaitGuilds(testContext(t)); err != nil {
		t.Fatal(err)
	}
	waitEvent(t, dispatched, "GUILD_CREATE")

	c.Hang()
	before, _ := c.Heartbeats()
	if err := s.Dispatch(0, "TYPING_START", map[string]any{"channel_id": "1", "guild_id": s.Guilds()[0], "user_id": "2", "timestamp": 3}); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitHeartbeats(testContext(t), before+1); err != nil {
		t.Fatal(err)
	}
	if !c.Ready() || c.Sent()["TYPING_START"] != 0 {
		t.Errorf("after one heartbeat more: ready %t, sent %v; want a connection that is open and silent", c.Ready(), c.Sent())
	}
	if err := c.WaitClosed(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if code, byClient := c.CloseStatus(); code != 1000 || !byClient {
		t.Errorf("it was closed with %d, by the client: %t; want 1000 by the client", code, byClient)
	}
	waitEvent(t, dispatched, "TYPING_START")
	again, err := s.WaitConn(testContext(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	if !again.Resumed() || again.SessionID() != c.SessionID() {
		t.Error("the client did not resume its session")
	}
	if n := again.Sent()["TYPING_START"]; n != 1 {
		t.Errorf("the new connection got %d TYPING_START, want the one that was missed", n)
	}
}

// A write that is in progress when the connection begins to hang counts before Hang
// returns, or not at all.
func TestHangDuringWrite(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	raw := dialGateway(t, s)
	raw.expectOp(10)
	raw.identify(0, 1)
	raw.expectOp(0)
	c, err := s.WaitConn(testContext(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.WaitGuilds(testContext(t)); err != nil {
		t.Fatal(err)
	}

	// More than the sockets' buffers can hold, so that the write blocks until the client reads.
	large := map[string]any{"id": "1", "name": strings.Repeat("x", 64<<20)}
	before := c.Sequence()
	written := make(chan error, 1)
	go func() { written <- c.Dispatch("GUILD_UPDATE", large) }()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for ctx := testContext(t); c.Sequence() == before; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("the dispatch has no sequence number yet")
		}
	}
	hung, at := make(chan struct{}), 0
	go func() {
		defer close(hung)
		c.Hang()
		at = c.Sent()["GUILD_UPDATE"]
	}()
	select {
	case <-hung: // before the write began
	case <-time.After(100 * time.Millisecond):
	}
	go func() {
		for err == nil {
			_, _, err = raw.ws.NextReader() // discards the rest of the previous message
		}
	}()
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	<-hung
	if now := c.Sent()["GUILD_UPDATE"]; now != at {
		t.Errorf("%d dispatches had been sent when Hang returned, and %d later", at, now)
	}
}

func TestReadySince(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	raw := dialGateway(t, s)
	raw.expectOp(10)
	if since := s.Conns()[0].ReadySince(); !since.IsZero() {
		t.Errorf("before IDENTIFY it is ready since %v", since)
	}
	before := time.Now()
	raw.identify(0, 1)
	raw.expectOp(0)
	c, err := s.WaitConn(testContext(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	if since := c.ReadySince(); since.Before(before) || since.After(time.Now()) {
		t.Errorf("it is ready since %v, want a time after %v", since, before)
	}
}

// The function decides for each connection, until Behave is called.
func TestBehaveFunc(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var asked atomic.Int32
	s.BehaveFunc(func() discordtest.Behavior {
		return discordtest.Behavior{CloseOnConnect: 4000 + int(asked.Add(1))}
	})
	for _, want := range []int{4001, 4002} {
		if got := dialGateway(t, s).readClose(); got != want {
			t.Errorf("connection %d was closed with %d, want %d", asked.Load(), got, want)
		}
	}
	s.Behave(discordtest.Behavior{})
	dialGateway(t, s).expectOp(10)
	if n := asked.Load(); n != 2 {
		t.Errorf("the function was asked %d times, want 2", n)
	}
}

// An unlimited failure can be ended, and so can a delay, which also keeps its rank
// among other delays.
func TestFailuresAndDelaysEnd(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	sess := newSession(t, s, 0, 1)
	get := func() int {
		_, err := sess.User("@me", discordgo.WithRestRetries(0))
		if err == nil {
			return http.StatusOK
		}
		requests := s.Requests()
		return requests[len(requests)-1].Status
	}
	s.Fail(http.MethodGet, "/users/{user_id}", http.StatusServiceUnavailable, -1)
	s.Fail(http.MethodGet, "/gateway", http.StatusInternalServerError, -1)
	for range 3 {
		if got := get(); got != http.StatusServiceUnavailable {
			t.Fatalf("status %d, want 503", got)
		}
	}
	s.Fail(http.MethodGet, "/users/{user_id}", 0, 0)
	if got := get(); got != http.StatusOK {
		t.Errorf("after its end: status %d, want 200", got)
	}
	if _, err := sess.Gateway(); err == nil {
		t.Error("the failure of another route has ended too")
	}

	// A request that is delayed for an hour is not answered in time.
	held := func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := sess.User("@me", discordgo.WithContext(ctx))
		return errors.Is(err, context.DeadlineExceeded)
	}
	s.Delay("", "", time.Millisecond)
	s.Delay(http.MethodGet, "/users/{user_id}", time.Hour)
	s.Delay("", "", 2*time.Millisecond)
	if !held() {
		t.Error("the delay of every route hides that of one")
	}
	s.Delay(http.MethodGet, "/users/{user_id}", 0)
	if got := get(); got != http.StatusOK {
		t.Errorf("after the delay's end: status %d, want 200", got)
	}
}

func TestSessionStarts(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newServer(t, discordtest.WithSessionStartLimit(100, 40, time.Hour))
	check := func(want int) {
		t.Helper()
		if remaining, total, reset := s.SessionStarts(); remaining != want || total != 100 || time.Until(reset) < 59*time.Minute {
			t.Errorf("%d of %d are left until %v, want %d of 100 in an hour", remaining, total, reset, want)
		}
	}
	check(40)
	sess := newSession(t, s, 0, 1)
	open(t, s, sess)
	check(39)
	s.SpendSessionStarts(30)
	s.SpendSessionStarts(-5)
	check(9)
	if gateway, err := sess.GatewayBot(); err != nil || gateway.SessionStartLimit.Remaining != 9 {
		t.Errorf("GET /gateway/bot says %+v (error %v), want 9 left", gateway, err)
	}
	s.SpendSessionStarts(1000)
	check(0)
	raw := dialGateway(t, s)
	raw.expectOp(10)
	raw.identify(0, 1)
	if got := raw.readClose(); got != 4004 {
		t.Errorf("an IDENTIFY more was answered with %d, want 4004", got)
	}
}
