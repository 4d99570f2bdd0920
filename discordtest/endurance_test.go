package discordtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
)

// ready identifies a plain client and returns its connection at the server.
func ready(t *testing.T, s *discordtest.Server, raw *rawClient, shard, shards int) *discordtest.Conn {
	t.Helper()
	raw.expectOp(10)
	raw.identify(shard, shards)
	raw.expectOp(0)
	c, err := s.WaitConn(testContext(t), shard)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func resume(t *testing.T, s *discordtest.Server, sessionID string, seq int) *rawClient {
	t.Helper()
	raw := dialGateway(t, s)
	raw.expectOp(10)
	raw.send(fmt.Sprintf(`{"op":6,"d":{"token":"t","session_id":%q,"seq":%d}}`, sessionID, seq))
	return raw
}

func TestDropAfterReady(t *testing.T) {
	t.Parallel()
	s := newServer(t, discordtest.WithGuilds(3))
	s.Behave(discordtest.Behavior{DropAfterReady: true, Times: 2})
	raw := dialGateway(t, s)
	raw.expectOp(10)
	first := s.Conns()[0]
	raw.identify(0, 1)
	var r struct {
		SessionID string `json:"session_id"`
	}
	if err := json.Unmarshal(raw.expectOp(0), &r); err != nil {
		t.Fatal(err)
	}
	if got := raw.readClose(); got != 1006 {
		t.Errorf("after READY the client saw %d, want a connection that ends without close frame", got)
	}
	if err := first.WaitClosed(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if sent := first.Sent(); sent["READY"] != 1 || sent["GUILD_CREATE"] != 0 {
		t.Errorf("the first connection was sent %v, want READY alone", sent)
	}
	// The missing events are replayed when they exist, and a drop follows RESUMED too.
	eventually(t, "all GUILD_CREATEs are kept", func() bool { return first.WaitGuilds(testContext(t)) == nil })
	raw = resume(t, s, r.SessionID, 1)
	for range 4 {
		raw.expectOp(0) // three GUILD_CREATEs, RESUMED
	}
	if got := raw.readClose(); got != 1006 {
		t.Errorf("after RESUMED the client saw %d, want a connection that ends without close frame", got)
	}
	raw = resume(t, s, r.SessionID, 5)
	raw.expectOp(0) // RESUMED: it behaves normally again
	c, err := s.WaitConn(testContext(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	if sent := c.Sent(); !c.Resumed() || sent["RESUMED"] != 1 || sent["GUILD_CREATE"] != 0 {
		t.Errorf("resumed %t, sent %v; want RESUMED alone", c.Resumed(), sent)
	}
}

func TestGuildCreateDelay(t *testing.T) {
	t.Parallel()
	const guilds, delay = 3, 60 * time.Millisecond
	s := newServer(t, discordtest.WithGuilds(guilds))
	s.Behave(discordtest.Behavior{GuildCreateDelay: delay, Times: 1})
	raw := dialGateway(t, s)
	raw.expectOp(10)
	start := time.Now()
	raw.identify(0, 1)
	raw.expectOp(0)
	c := s.Conns()[0]
	for i := range guilds {
		raw.expectOp(0)
		if d, want := time.Since(start), time.Duration(i+1)*delay; d < want {
			t.Errorf("GUILD_CREATE %d came after %v, want at least %v", i+1, d, want)
		}
	}
	if err := c.WaitGuilds(testContext(t)); err != nil {
		t.Error(err)
	}
	// They continue while the session has no connection, and are replayed.
	s.Behave(discordtest.Behavior{GuildCreateDelay: 20 * time.Millisecond, Times: 1})
	raw = dialGateway(t, s)
	c = ready(t, s, raw, 0, 1)
	if err := c.Drop(); err != nil {
		t.Fatal(err)
	}
	raw = resume(t, s, c.SessionID(), 1)
	for range guilds + 1 {
		raw.expectOp(0)
	}
	// An endless one does not block Close.
	s.Behave(discordtest.Behavior{GuildCreateDelay: time.Hour, Times: 1})
	ready(t, s, dialGateway(t, s), 0, 1)
}

// The behavior applies only to the handshake in On, here RESUME.
func TestAnswersInsteadOfResumed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		b     discordtest.Behavior
		close int
		ops   []int // after HELLO
		next  int   // op of the answer to another RESUME
	}{
		"close that ends the session": {discordtest.Behavior{CloseOnIdentify: 4009, On: discordtest.OnResume}, 4009, nil, 9},
		"close that does not":         {discordtest.Behavior{CloseOnIdentify: 4000, On: discordtest.OnResume}, 4000, nil, 0},
		"close of any handshake":      {discordtest.Behavior{CloseOnIdentify: 4000}, 4000, nil, 0},
		"drop":                        {discordtest.Behavior{DropOnIdentify: true, On: discordtest.OnResume}, 1006, nil, 0},
		"op 9":                        {discordtest.Behavior{FirstOp: 9, On: discordtest.OnResume}, 0, []int{9}, 9},
		"op 9 resumable":              {discordtest.Behavior{FirstOp: 9, Resumable: true, On: discordtest.OnResume}, 0, []int{9}, 0},
		"only IDENTIFY":               {discordtest.Behavior{CloseOnIdentify: 4000, On: discordtest.OnIdentify}, 0, []int{0}, 0},
		"only IDENTIFY is late":       {discordtest.Behavior{ReadyDelay: time.Hour, On: discordtest.OnIdentify}, 0, []int{0}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, discordtest.WithoutGuildCreate())
			c := ready(t, s, dialGateway(t, s), 0, 1)
			if err := c.Drop(); err != nil {
				t.Fatal(err)
			}
			tt.b.Times = 1
			s.Behave(tt.b)
			raw := resume(t, s, c.SessionID(), 1)
			for _, op := range tt.ops {
				raw.expectOp(op)
			}
			if tt.close != 0 {
				if got := raw.readClose(); got != tt.close {
					t.Errorf("closed with %d, want %d", got, tt.close)
				}
			}
			_ = raw.ws.UnderlyingConn().Close()
			resume(t, s, c.SessionID(), 1).expectOp(tt.next)
		})
	}
	t.Run("after IDENTIFY on the same connection", func(t *testing.T) {
		t.Parallel()
		s := newServer(t, discordtest.WithoutGuildCreate())
		s.Behave(discordtest.Behavior{FirstOp: 7, On: discordtest.OnResume})
		raw := dialGateway(t, s)
		c := ready(t, s, raw, 0, 1)
		id := c.SessionID()
		if err := c.InvalidSession(true); err != nil {
			t.Fatal(err)
		}
		raw.expectOp(9)
		raw.send(fmt.Sprintf(`{"op":6,"d":{"token":"t","session_id":%q,"seq":1}}`, id))
		raw.expectOp(7)
	})
}

func TestResumeWindow(t *testing.T) {
	t.Parallel()
	s := newServer(t, discordtest.WithoutGuildCreate(), discordtest.WithResumeWindow(time.Nanosecond))
	c := ready(t, s, dialGateway(t, s), 0, 1)
	// The window starts when the connection ends, not when the session starts.
	resume(t, s, c.SessionID(), 1).expectOp(0)
	if err := c.WaitClosed(testContext(t)); err != nil { // replaced by the next
		t.Fatal(err)
	}
	next, err := s.WaitConn(testContext(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(next.Drop(), next.WaitClosed(testContext(t))); err != nil {
		t.Fatal(err)
	}
	raw := resume(t, s, c.SessionID(), 2)
	if d := raw.expectOp(9); string(d) != "false" {
		t.Errorf("after the window: op 9 with %s, want false", d)
	}
	// It may identify again on the same connection.
	raw.identify(0, 1)
	raw.expectOp(0)

	s = newServer(t, discordtest.WithoutGuildCreate(), discordtest.WithResumeWindow(time.Hour))
	c = ready(t, s, dialGateway(t, s), 0, 1)
	if err := errors.Join(c.Drop(), c.WaitClosed(testContext(t))); err != nil {
		t.Fatal(err)
	}
	resume(t, s, c.SessionID(), 1).expectOp(0)
}

// big is an event so large that its write blocks until the client reads.
var big = json.RawMessage(`{"x":"` + strings.Repeat("x", 256<<10) + `"}`)

// deaf is the connection of a client that reads only its READY.
func deaf(t *testing.T, s *discordtest.Server, shards int) *discordtest.Conn {
	t.Helper()
	raw := dialGateway(t, s)
	if tcp, ok := raw.ws.UnderlyingConn().(*net.TCPConn); !ok || tcp.SetReadBuffer(4096) != nil {
		t.Fatal("the receive buffer cannot be made small")
	}
	return ready(t, s, raw, 0, shards)
}

// fill sends to a client that does not read, until its connection ends.
func fill(stuck *discordtest.Conn) (longest time.Duration, err error) {
	for range 2000 {
		start := time.Now()
		err := stuck.Dispatch("USER_UPDATE", big)
		longest = max(longest, time.Since(start))
		if errors.Is(err, discordtest.ErrConnClosed) {
			return longest, nil
		}
	}
	return longest, errors.New("500 MB went to a client that does not read")
}

// waitStuck waits until a write blocks.
func waitStuck(t *testing.T, stuck *discordtest.Conn) {
	t.Helper()
	eventually(t, "a write is stuck", func() bool {
		before := stuck.Sequence()
		<-time.After(200 * time.Millisecond)
		return before > 1 && stuck.Sequence() == before
	})
}

// A client that stops reading is dropped, and what is kept for it is limited.
func TestClientStopsReading(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	const timeout = 2 * time.Second
	s := newServer(t, discordtest.WithoutGuildCreate(), discordtest.WithWriteTimeout(timeout))
	stuck := deaf(t, s, 1)
	longest, err := fill(stuck)
	if err != nil {
		t.Error(err)
	}
	if longest < timeout/2 {
		t.Errorf("the longest Dispatch took %v, want the write timeout of %v", longest, timeout)
	}
	if code, byClient := stuck.CloseStatus(); code != 0 || byClient {
		t.Errorf("close status %d by client %t, want a drop", code, byClient)
	}
	// The session survives, and what exceeds its limit cannot be replayed.
	for range 200 {
		if err := s.Dispatch(0, "USER_UPDATE", big); err != nil {
			t.Fatal(err)
		}
	}
	resume(t, s, stuck.SessionID(), 1).expectOp(9)
}

// A client that does not read does not block other shards.
func TestStuckWriteBesideAnotherShard(t *testing.T) {
	t.Parallel()
	s := newServer(t, discordtest.WithShards(2), discordtest.WithoutGuildCreate(), discordtest.WithWriteTimeout(time.Hour))
	stuck := deaf(t, s, 2)
	listening := dialGateway(t, s)
	other := ready(t, s, listening, 1, 2)
	filled := make(chan error, 1)
	go func() { _, err := fill(stuck); filled <- err }()
	waitStuck(t, stuck)
	for range 100 {
		if err := other.Dispatch("USER_UPDATE", nil); err != nil {
			t.Fatal(err)
		}
		listening.expectOp(0)
	}
	select {
	case <-stuck.Done():
		t.Error("the client that does not read has been dropped: the test does not test what it says")
	default:
	}
	if err := errors.Join(stuck.Drop(), <-filled); err != nil {
		t.Error(err)
	}
}

// A RESUME does not wait for the blocked write of its old connection.
func TestResumeBesideAStuckWrite(t *testing.T) {
	t.Parallel()
	s := newServer(t, discordtest.WithoutGuildCreate(), discordtest.WithWriteTimeout(time.Hour))
	stuck := deaf(t, s, 1)
	filled := make(chan error, 1)
	go func() { _, err := fill(stuck); filled <- err }()
	waitStuck(t, stuck)
	raw := resume(t, s, stuck.SessionID(), int(stuck.Sequence()))
	raw.expectOp(0)
	if err := errors.Join(stuck.WaitClosed(testContext(t)), <-filled); err != nil {
		t.Fatal(err)
	}
}

// Four shards of 500 guilds open within the time and memory of a test. With the race
// detector there are 50 guilds per shard, which find the same races.
func TestLargeWorld(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	const shards, members = 4, 5
	guilds := 2000
	if raceDetector {
		guilds = 200
	}
	const limit = 4 * time.Minute // a second on a quiet machine
	s := newServer(t, discordtest.WithShards(shards), discordtest.WithGuilds(guilds), discordtest.WithMembers(members))
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var sessions [shards]*discordgo.Session
	var created [shards]chan struct{}
	for shard := range sessions {
		sess, ch := newSession(t, s, shard, shards), make(chan struct{}, guilds)
		sess.Identify.Intents = discordgo.IntentsAll
		sess.AddHandler(func(*discordgo.Session, *discordgo.GuildCreate) { ch <- struct{}{} })
		sessions[shard], created[shard] = sess, ch
	}
	t.Cleanup(func() { closeAll(sessions[:]...) })
	start := time.Now()
	var wg sync.WaitGroup
	for shard, sess := range sessions {
		wg.Go(func() {
			if err := sess.Open(); err != nil {
				t.Errorf("shard %d: %v", shard, err)
				return
			}
			c, err := s.WaitConn(ctx, shard)
			if err == nil {
				err = c.WaitGuilds(ctx)
			}
			if err != nil {
				t.Errorf("shard %d: %v", shard, err)
				return
			}
			if got := c.Sent()["GUILD_CREATE"]; got != guilds/shards {
				t.Errorf("shard %d was sent %d guilds, want %d", shard, got, guilds/shards)
			}
			for n := range guilds / shards {
				select {
				case <-created[shard]:
				case <-ctx.Done():
					t.Errorf("shard %d got %d guilds, want %d", shard, n, guilds/shards)
					return
				}
			}
			sess.State.RLock()
			defer sess.State.RUnlock()
			if len(sess.State.Guilds) != guilds/shards ||
				slices.ContainsFunc(sess.State.Guilds, func(g *discordgo.Guild) bool { return g.Unavailable || len(g.Members) != members }) {
				t.Errorf("shard %d: the state does not hold %d guilds of %d", shard, guilds/shards, members)
			}
		})
	}
	wg.Wait()
	t.Logf("opened in %v", time.Since(start))
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	// The bot's states and what the server keeps for replay, plus tests that run in
	// parallel.
	if m.HeapAlloc > 512<<20 {
		t.Errorf("the heap has %d MB", m.HeapAlloc>>20)
	}
}

// The scripted rules of a route do not modify the request.
func TestRulesLeaveThePathAlone(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	sess := newSession(t, s, 0, 1)
	s.Delay("", "/{channel_id}/{id}", time.Nanosecond)
	s.Handle(http.MethodGet, "/channels/{channel_id}", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"id":%q}`, r.PathValue("channel_id"))
	})
	if c, err := sess.Channel("42"); err != nil || c.ID != "42" {
		t.Errorf("channel %+v, %v; want 42", c, err)
	}
}

// GUILD_UPDATEs and REST both access the guild's name: for the race detector.
func TestRESTDuringTraffic(t *testing.T) {
	t.Parallel()
	s := newServer(t, discordtest.WithGuilds(2))
	raw := dialGateway(t, s)
	ready(t, s, raw, 0, 1)
	go func() {
		for {
			if _, _, err := raw.ws.ReadMessage(); err != nil {
				return
			}
		}
	}()
	tr, err := discordtest.NewTraffic(s, discordtest.TrafficConfig{Mix: map[string]float64{"GUILD_UPDATE": 1}})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := tr.Send(testContext(t), 500); err != nil {
			t.Error(err)
		}
	})
	sess := newSession(t, s, 0, 1)
	for range 20 {
		if guilds, err := sess.UserGuilds(10, "", "", false); err != nil || len(guilds) != 2 {
			t.Errorf("%d guilds, %v", len(guilds), err)
		}
	}
	wg.Wait()
	if st := tr.Stats(); st.Events["GUILD_UPDATE"] != 500 {
		t.Errorf("sent %v, want 500 GUILD_UPDATEs", st.Events)
	}
}
