package discordtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"github.com/argus-dgo/argus/discordtest"
)

// reconnecting opens a session that reconnects. It is left alone for two seconds
// before it is closed, because discordgo's Close and reconnect race.
func reconnecting(t *testing.T, s *discordtest.Server) (*discordgo.Session, *discordtest.Conn, <-chan *discordgo.Event) {
	t.Helper()
	sess := newSession(t, s, 0, 1)
	sess.ShouldReconnectOnError = true
	ch := events(sess)
	c := open(t, s, sess)
	t.Cleanup(func() { settle(t, s, sess) })
	if err := c.WaitHeartbeats(testContext(t), 1); err != nil {
		t.Fatal(err)
	}
	return sess, c, ch
}

func dispatchMessage(t *testing.T, c *discordtest.Conn, s *discordtest.Server, content string) {
	t.Helper()
	if err := c.Dispatch("MESSAGE_CREATE", s.Message(s.TextChannel(s.Guilds()[0]), content, discordtest.MentioningBot())); err != nil {
		t.Fatalf("Dispatch: %v", err)
	}
}

func waitNewConn(t *testing.T, s *discordtest.Server, old *discordtest.Conn) *discordtest.Conn {
	t.Helper()
	ctx := testContext(t)
	if err := old.WaitClosed(ctx); err != nil {
		t.Fatal(err)
	}
	c, err := s.WaitConn(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDropIsResumedWithReplay(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for name, drop := range map[string]func(*discordtest.Conn) error{
		"drop":       (*discordtest.Conn).Drop,
		"reset":      (*discordtest.Conn).Reset,
		"op 7":       (*discordtest.Conn).Reconnect,
		"close 4000": func(c *discordtest.Conn) error { return c.CloseCode(4000, "") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			_, c, ch := reconnecting(t, s)
			if err := c.WaitGuilds(testContext(t)); err != nil {
				t.Fatal(err)
			}
			dispatchMessage(t, c, s, "before")
			waitEvent(t, ch, "MESSAGE_CREATE")
			if err := drop(c); err != nil {
				t.Fatal(err)
			}
			if err := c.WaitClosed(testContext(t)); err != nil {
				t.Fatal(err)
			}
			if name != "op 7" {
				if err := c.Dispatch("MESSAGE_CREATE", nil); !errors.Is(err, discordtest.ErrConnClosed) {
					t.Errorf("Dispatch on the ended connection: %v, want ErrConnClosed", err)
				}
			}
			// While it is disconnected, its session gets three more events.
			for i := range 3 {
				m := s.Message(s.TextChannel(s.Guilds()[0]), fmt.Sprint("missed ", i), discordtest.MentioningBot())
				if err := s.Dispatch(0, "MESSAGE_CREATE", m); err != nil {
					t.Fatal(err)
				}
			}
			next := waitNewConn(t, s, c)
			if !next.Resumed() || next.SessionID() != c.SessionID() {
				t.Errorf("resumed %t, session %s; want a resumed session %s", next.Resumed(), next.SessionID(), c.SessionID())
			}
			for i := range 3 {
				e := waitEvent(t, ch, "MESSAGE_CREATE")
				if want := fmt.Sprint("missed ", i); !strings.Contains(string(e.RawData), want) {
					t.Errorf("replayed %s, want %q", e.RawData, want)
				}
			}
			waitEvent(t, ch, "RESUMED")
			if sent := next.Sent(); sent["MESSAGE_CREATE"] != 3 || sent["RESUMED"] != 1 || sent["READY"] != 0 {
				t.Errorf("the new connection was sent %v, want 3 messages and RESUMED", sent)
			}
		})
	}
}

func TestInvalidSession(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for _, resumable := range []bool{true, false} {
		t.Run(fmt.Sprint(resumable), func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			_, c, ch := reconnecting(t, s)
			waitEvent(t, ch, "READY")
			first := c.SessionID()
			if err := c.InvalidSession(resumable); err != nil {
				t.Fatal(err)
			}
			// v0.29 identifies again on the same connection; master makes a new one and resumes
			// if it may.
			next, err := s.WaitConn(testContext(t), 0)
			if err != nil {
				t.Fatal(err)
			}
			if next.Resumed() {
				waitEvent(t, ch, "RESUMED")
				if !resumable || next.SessionID() != first {
					t.Error("a session was resumed that cannot be")
				}
			} else {
				waitEvent(t, ch, "READY")
				if next.SessionID() == first {
					t.Error("IDENTIFY gave the old session")
				}
			}
		})
	}
}

// A session that its client closed with 1000 cannot be resumed, as at Discord.
func TestResumeAfterNormalClosureIsRefused(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newServer(t)
	sess := newSession(t, s, 0, 1)
	ch := events(sess)
	c := open(t, s, sess)
	first := c.SessionID()
	if err := sess.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitClosed(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if code, byClient := c.CloseStatus(); code != 1000 || !byClient {
		t.Errorf("close status %d, by client %t; want 1000 by the client", code, byClient)
	}
	waitEvent(t, ch, "READY")
	raw := dialGateway(t, s)
	raw.expectOp(10)
	raw.send(fmt.Sprintf(`{"op":6,"d":{"token":"x","session_id":%q,"seq":1}}`, first))
	if d := raw.expectOp(9); string(d) != "false" {
		t.Errorf("op 9 with %s, want false", d)
	}
}

// Every close code arrives, and ends the session if Discord's documentation says so.
func TestCloseCodes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for _, code := range []int{1000, 1001, 1006, 1012, 4000, 4001, 4002, 4003, 4004, 4005, 4007, 4008, 4009, 4010, 4011, 4012, 4013, 4014, 4999} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
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
			if err := c.CloseCode(code, "because"); err != nil {
				t.Fatal(err)
			}
			if code == 1006 { // not allowed in a frame: the client takes it as a protocol error
				if got := raw.readClose(); got == 0 {
					t.Error("the connection was not closed")
				}
				return
			}
			if got := raw.readClose(); got != code {
				t.Errorf("the client saw %d, want %d", got, code)
			}
			if got, byClient := c.CloseStatus(); got != code || byClient {
				t.Errorf("CloseStatus %d by client %t, want %d by the server", got, byClient, code)
			}
			again := dialGateway(t, s)
			again.expectOp(10)
			again.send(fmt.Sprintf(`{"op":6,"d":{"token":"t","session_id":%q,"seq":1}}`, c.SessionID()))
			wantOp := 0
			switch code {
			case 1000, 1001, 4003, 4004, 4007, 4009, 4010, 4011, 4012, 4013, 4014:
				wantOp = 9
			}
			again.expectOp(wantOp)
		})
	}
}

// The close codes that Discord sends on its own.
func TestNaturalCloseCodes(t *testing.T) {
	t.Parallel()
	type test struct {
		name string
		opts []discordtest.Option
		path string
		send []string
		want int
	}
	id := `{"op":2,"d":{"token":"Bot good","intents":0}}`
	tests := []test{
		{"unknown op", nil, "", []string{`{"op":99,"d":null}`}, 4001},
		{"no JSON", nil, "", []string{`{"op":`}, 4002},
		{"no op", nil, "", []string{`{"d":1}`}, 4002},
		{"too long", nil, "", []string{`{"op":3,"d":"` + strings.Repeat("x", 4096) + `"}`}, 4002},
		{"wrong heartbeat", nil, "", []string{`{"op":1,"d":"x"}`}, 4002},
		{"not identified", nil, "", []string{`{"op":3,"d":{}}`}, 4003},
		{"wrong token", []discordtest.Option{discordtest.WithToken("other")}, "", []string{id}, 4004},
		{"no token", nil, "", []string{`{"op":2,"d":{"intents":0}}`}, 4004},
		{"twice", nil, "", []string{id, id}, 4005},
		{"too often", []discordtest.Option{discordtest.WithSendLimit(3, time.Minute)}, "", []string{
			`{"op":1,"d":null}`, `{"op":1,"d":null}`, `{"op":1,"d":null}`, `{"op":1,"d":null}`,
		}, 4008},
		{"zombie", []discordtest.Option{discordtest.WithHeartbeatTimeout(50 * time.Millisecond)}, "", []string{id}, 4009},
		{"invalid shard", nil, "", []string{`{"op":2,"d":{"token":"x","intents":0,"shard":[2,2]}}`}, 4010},
		{"sharding required", []discordtest.Option{discordtest.WithGuilds(2501), discordtest.WithMembers(1)}, "", []string{id}, 4011},
		{"version", nil, "?v=5", nil, 4012},
		{"unknown intent", nil, "", []string{`{"op":2,"d":{"token":"x","intents":131072}}`}, 4013},
		{"disallowed intent", []discordtest.Option{discordtest.WithAllowedIntents(1)}, "", []string{`{"op":2,"d":{"token":"x","intents":2}}`}, 4014},
		{"exhausted", []discordtest.Option{discordtest.WithSessionStartLimit(10, 0, time.Hour)}, "", []string{id}, 4004},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, tt.opts...)
			raw := dialGatewayAt(t, s, tt.path)
			for _, p := range tt.send {
				raw.send(p)
			}
			if got := raw.readClose(); got != tt.want {
				t.Errorf("closed with %d, want %d", got, tt.want)
			}
		})
	}
}

func TestResumeWithWrongSequence(t *testing.T) {
	t.Parallel()
	// One server each, so that connections cannot be confused.
	start := func(t *testing.T) (s *discordtest.Server, old *rawClient, c *discordtest.Conn) {
		t.Helper()
		s = newServer(t, discordtest.WithReplayLimit(2), discordtest.WithoutGuildCreate())
		old = dialGateway(t, s)
		old.expectOp(10)
		old.identify(0, 1)
		old.expectOp(0)
		c, err := s.WaitConn(testContext(t), 0)
		if err != nil {
			t.Fatal(err)
		}
		return s, old, c
	}
	resume := func(t *testing.T, s *discordtest.Server, c *discordtest.Conn, token string, seq int) *rawClient {
		t.Helper()
		raw := dialGateway(t, s)
		raw.expectOp(10)
		raw.send(fmt.Sprintf(`{"op":6,"d":{"token":%q,"session_id":%q,"seq":%d}}`, token, c.SessionID(), seq))
		return raw
	}
	t.Run("above ours", func(t *testing.T) {
		t.Parallel()
		s, _, c := start(t)
		if got := resume(t, s, c, "t", 999).readClose(); got != 4007 {
			t.Errorf("closed with %d, want 4007", got)
		}
	})
	t.Run("too far back", func(t *testing.T) {
		t.Parallel()
		s, _, c := start(t)
		for range 5 {
			if err := c.Dispatch("USER_UPDATE", map[string]string{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Drop(); err != nil {
			t.Fatal(err)
		}
		resume(t, s, c, "t", 1).expectOp(9)
	})
	t.Run("other token", func(t *testing.T) {
		t.Parallel()
		s, _, c := start(t)
		resume(t, s, c, "another", 1).expectOp(9)
	})
	t.Run("exactly ours", func(t *testing.T) {
		t.Parallel()
		s, old, c := start(t)
		raw := resume(t, s, c, "t", int(c.Sequence()))
		raw.expectOp(0)
		if old.readClose() == 0 {
			t.Error("the session's old connection is still open")
		}
	})
}

func TestHelloAndAcks(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	t.Run("late", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		s.Behave(discordtest.Behavior{HelloDelay: 300 * time.Millisecond})
		sess := newSession(t, s, 0, 1)
		start := time.Now()
		open(t, s, sess)
		if d := time.Since(start); d < 300*time.Millisecond {
			t.Errorf("Open returned after %v, want the delay of HELLO", d)
		}
	})
	t.Run("absent", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		s.Behave(discordtest.Behavior{NoHello: true, Times: 1})
		sess := newSession(t, s, 0, 1)
		done := make(chan error, 1)
		go func() { done <- sess.Open() }()
		eventually(t, "the client connects", func() bool { return len(s.Conns()) == 1 })
		select {
		case err := <-done:
			t.Fatalf("Open returned without HELLO: %v", err)
		case <-time.After(100 * time.Millisecond):
		}
		if err := s.Conns()[0].Drop(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err == nil {
			t.Error("Open succeeded on a dropped connection")
		}
		open(t, s, sess) // Times is used up
	})
	t.Run("delayed and swallowed acks", func(t *testing.T) {
		t.Parallel()
		s := newServer(t, discordtest.WithHeartbeatInterval(50*time.Millisecond), discordtest.WithSendLimit(10_000, time.Minute))
		s.Behave(discordtest.Behavior{SwallowAckCount: 2, AckDelay: 30 * time.Millisecond})
		raw := dialGateway(t, s)
		raw.expectOp(10)
		raw.identify(0, 1)
		raw.expectOp(0)
		for range 2 {
			raw.send(`{"op":1,"d":1}`)
		}
		c, err := s.WaitConn(testContext(t), 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.WaitHeartbeats(testContext(t), 2); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		raw.send(`{"op":1,"d":1}`)
		raw.waitOp(11)
		if d := time.Since(start); d < 30*time.Millisecond {
			t.Errorf("the ACK came after %v, want 30ms", d)
		}
		if raw.seen[11] != 1 {
			t.Errorf("%d ACKs, want 1 of 3", raw.seen[11])
		}
		if n, seq := c.Heartbeats(); n != 3 || seq != 1 {
			t.Errorf("%d heartbeats with sequence %d, want 3 with 1", n, seq)
		}
	})
	t.Run("requested heartbeat", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		c := open(t, s, newSession(t, s, 0, 1))
		ctx := testContext(t)
		if err := c.WaitHeartbeats(ctx, 1); err != nil {
			t.Fatal(err)
		}
		if err := c.RequestHeartbeat(); err != nil {
			t.Fatal(err)
		}
		if err := c.WaitHeartbeats(ctx, 2); err != nil {
			t.Error(err)
		}
		if err := c.Ping(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "a pong", func() bool { return c.Pongs() == 1 })
	})
	t.Run("zombie", func(t *testing.T) {
		t.Parallel()
		s := newServer(t, discordtest.WithHeartbeatInterval(60*time.Millisecond), discordtest.WithSendLimit(10_000, time.Minute))
		sess := newSession(t, s, 0, 1)
		s.Behave(discordtest.Behavior{SwallowAcks: true})
		c := open(t, s, sess)
		// discordgo gives up after five intervals and closes with 1000.
		if err := c.WaitClosed(testContext(t)); err != nil {
			t.Fatal(err)
		}
		if code, byClient := c.CloseStatus(); code != 1000 || !byClient {
			t.Errorf("closed with %d by client %t, want 1000 by the client", code, byClient)
		}
	})
}

func TestAnswersInsteadOfReady(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	refused := func(t *testing.T, b discordtest.Behavior, want string) {
		s := newServer(t)
		b.Times = 1
		s.Behave(b)
		sess := newSession(t, s, 0, 1)
		err := sess.Open()
		if err == nil {
			t.Fatal("Open succeeded")
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Open: %v, want %q in it", err, want)
		}
		open(t, s, sess)
	}
	for name, tt := range map[string]struct {
		b    discordtest.Behavior
		want string
	}{
		"close on connect":  {discordtest.Behavior{CloseOnConnect: 4000}, "4000"},
		"drop on connect":   {discordtest.Behavior{DropOnConnect: true}, ""},
		"close on identify": {discordtest.Behavior{CloseOnIdentify: 4014}, "4014"},
		"drop on identify":  {discordtest.Behavior{DropOnIdentify: true}, ""},
		"no upgrade":        {discordtest.Behavior{RejectUpgrade: 503}, "bad handshake"},
		"malformed":         {discordtest.Behavior{FirstPacket: []byte(`{"op":0,`)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, tt.b, tt.want)
		})
	}
	// discordgo deadlocks on some of these, so a plain client tests them.
	for _, tt := range []struct {
		name string
		b    discordtest.Behavior
		want []int
	}{
		{"op 7", discordtest.Behavior{FirstOp: 7}, []int{10, 7}},
		{"op 9", discordtest.Behavior{FirstOp: 9}, []int{10, 9}},
		{"op 1 then READY", discordtest.Behavior{FirstOp: 1, ThenReady: true}, []int{10, 1, 0}},
		{"other handshake", discordtest.Behavior{FirstOp: 7, On: discordtest.OnResume}, []int{10, 0}},
		{"late READY", discordtest.Behavior{ReadyDelay: 20 * time.Millisecond}, []int{10, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.Behave(tt.b)
			raw := dialGateway(t, s)
			raw.expectOp(tt.want[0])
			raw.identify(0, 1)
			for _, op := range tt.want[1:] {
				raw.expectOp(op)
			}
			if tt.b.FirstOp == 9 { // it may try again on the same connection
				raw.identify(0, 1)
				raw.expectOp(0)
			}
		})
	}
	t.Run("no READY", func(t *testing.T) {
		t.Parallel()
		s := newServer(t)
		s.Behave(discordtest.Behavior{NoReady: true})
		raw := dialGateway(t, s)
		raw.expectOp(10)
		raw.identify(0, 1)
		raw.send(`{"op":1,"d":null}`)
		raw.expectOp(11)
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		if _, err := s.WaitConn(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("WaitConn: %v, want the context's error", err)
		}
	})
}

func TestMaxConcurrency(t *testing.T) {
	t.Parallel()
	try := func(s *discordtest.Server, shard int) int {
		raw := dialGateway(t, s)
		raw.expectOp(10)
		raw.identify(shard, 8)
		op, d := raw.read()
		if op == 9 && string(d) != "false" {
			t.Errorf("op 9 with %s, want false", d)
		}
		return op
	}
	s := newServer(t, discordtest.WithMaxConcurrency(2), discordtest.WithIdentifyWindow(time.Hour))
	got := []int{try(s, 0), try(s, 1), try(s, 2), try(s, 3)} // keys 0, 1, 0, 1
	if fmt.Sprint(got) != "[0 0 9 9]" {
		t.Errorf("four IDENTIFYs were answered with ops %v, want [0 0 9 9]", got)
	}
	s = newServer(t, discordtest.WithMaxConcurrency(2), discordtest.WithIdentifyWindow(300*time.Millisecond))
	if op := try(s, 0); op != 0 {
		t.Errorf("the first IDENTIFY was answered with op %d, want 0", op)
	}
	eventually(t, "the window is over", func() bool { return try(s, 2) == 0 })
}

func TestIntentsFilter(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newServer(t)
	sess := newSession(t, s, 0, 1)
	sess.Identify.Intents = discordgo.IntentsGuilds | discordgo.IntentsGuildMessages
	ch := events(sess)
	c := open(t, s, sess)
	if err := c.WaitGuilds(testContext(t)); err != nil {
		t.Fatal(err)
	}
	guild := s.Guilds()[0]
	seq := c.Sequence()
	if _, err := s.MemberAdd(guild); err != nil {
		t.Fatal(err)
	}
	for _, eventType := range []string{"TYPING_START", "PRESENCE_UPDATE", "GUILD_BAN_ADD", "MESSAGE_REACTION_ADD"} {
		if err := c.Dispatch(eventType, map[string]string{"guild_id": guild}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Dispatch("MESSAGE_CREATE", s.Message(s.NewID(time.Now()), "direct")); err != nil {
		t.Fatal(err)
	}
	if got := c.Sequence(); got != seq {
		t.Errorf("%d events were sent that the intents leave out", got-seq)
	}
	if c.Wants("TYPING_START", false) || !c.Wants("MESSAGE_CREATE", false) || !c.Wants("NO_SUCH_EVENT", false) {
		t.Error("Wants does not say what Dispatch does")
	}
	if err := c.Dispatch("MESSAGE_CREATE", s.Message(s.TextChannel(guild), "secret")); err != nil {
		t.Fatal(err)
	}
	if e := waitEvent(t, ch, "MESSAGE_CREATE"); strings.Contains(string(e.RawData), "secret") {
		t.Error("a message has content without the intent")
	}
	dispatchMessage(t, c, s, "for you")
	if e := waitEvent(t, ch, "MESSAGE_CREATE"); !strings.Contains(string(e.RawData), "for you") {
		t.Error("a message that mentions the bot has no content")
	}
	sess.State.RLock()
	members := len(sess.State.Guilds[0].Members)
	sess.State.RUnlock()
	if members != 2 {
		t.Errorf("GUILD_CREATE without privileged intents lists %d members, want the bot and the one in voice", members)
	}
}

func TestOddFrames(t *testing.T) {
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
	raw.expectOp(0)
	for _, size := range []int{1, 200, 70_000} {
		want := `"` + strings.Repeat("f", size) + `"`
		if err := c.SendFragmented(websocket.TextMessage, []byte(`{"op":42,"d":`+want+`}`), 3); err != nil {
			t.Fatal(err)
		}
		if d := raw.expectOp(42); string(d) != want {
			t.Errorf("a fragmented message of %d bytes arrived changed", size)
		}
	}
	if err := c.SendRaw(websocket.BinaryMessage, []byte("not zlib")); err != nil {
		t.Fatal(err)
	}
	if _, data, err := raw.ws.ReadMessage(); err != nil || string(data) != "not zlib" {
		t.Errorf("read %q, %v", data, err)
	}
	if err := c.SendFragmented(websocket.TextMessage, nil, 0); err == nil {
		t.Error("0 fragments are accepted")
	}
	if err := c.WriteBytes(discordtest.EncodeFrame(true, 1, []byte("half"))[:3]); err != nil {
		t.Fatal(err)
	}
	if err := c.Drop(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := raw.ws.ReadMessage(); err == nil {
		t.Error("half a frame was read as a message")
	}
}

func TestGuildEvents(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newServer(t, discordtest.WithGuilds(3))
	sess := newSession(t, s, 0, 1)
	sess.Identify.Intents = discordgo.IntentsAll
	ch := events(sess)
	c := open(t, s, sess)
	if err := c.WaitGuilds(testContext(t)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		waitEvent(t, ch, "GUILD_CREATE")
	}
	guild := s.Guilds()[1]
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.GuildOutage(guild))
	if e := waitEvent(t, ch, "GUILD_DELETE"); !strings.Contains(string(e.RawData), `"unavailable":true`) {
		t.Errorf("outage: %s", e.RawData)
	}
	if c := s.Census(0, 1); c.Guilds != 2 || c.Unavailable != 1 {
		t.Errorf("census in the outage: %+v", c)
	}
	must(s.GuildRecover(guild))
	if e := waitEvent(t, ch, "GUILD_CREATE"); !strings.Contains(string(e.RawData), `"unavailable":false`) {
		t.Errorf("recovery: %s", e.RawData)
	}
	added, err := s.MemberAdd(guild)
	must(err)
	if e := waitEvent(t, ch, "GUILD_MEMBER_ADD"); !strings.Contains(string(e.RawData), added) {
		t.Errorf("member add without %s: %s", added, e.RawData)
	}
	for range 2 {
		_, err = s.MemberRemove(guild)
		must(err)
		waitEvent(t, ch, "GUILD_MEMBER_REMOVE")
	}
	if c := s.Census(0, 1); c.Members != 29 {
		t.Errorf("%d members after one joined and two left 30", c.Members)
	}
	joined, err := s.GuildJoin()
	must(err)
	if e := waitEvent(t, ch, "GUILD_CREATE"); strings.Contains(string(e.RawData), "unavailable") {
		t.Errorf("joining: %s", e.RawData)
	}
	must(s.GuildLeave(joined))
	if e := waitEvent(t, ch, "GUILD_DELETE"); strings.Contains(string(e.RawData), "unavailable") {
		t.Errorf("leaving: %s", e.RawData)
	}
	must(s.VoiceState(guild, added, s.VoiceChannel(guild)))
	waitEvent(t, ch, "VOICE_STATE_UPDATE")
	if err := s.GuildOutage("123"); err == nil {
		t.Error("an outage of a guild that is not there is accepted")
	}
	must(sess.RequestGuildMembers(guild, "", 0, "n1", false))
	var chunk struct {
		Nonce   string            `json:"nonce"`
		Members []json.RawMessage `json:"members"`
	}
	must(json.Unmarshal(waitEvent(t, ch, "GUILD_MEMBERS_CHUNK").RawData, &chunk))
	if chunk.Nonce != "n1" || len(chunk.Members) != 9 {
		t.Errorf("chunk %q of %d members, want n1 and 9", chunk.Nonce, len(chunk.Members))
	}
}

func TestShards(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	const shards = 4
	s := newServer(t, discordtest.WithShards(shards), discordtest.WithGuilds(40))
	total := 0
	for shard := range shards {
		sess := newSession(t, s, shard, shards)
		c := open(t, s, sess)
		if c.Shard() != shard || c.ShardCount() != shards {
			t.Errorf("shard %d of %d, want %d of %d", c.Shard(), c.ShardCount(), shard, shards)
		}
		if err := c.WaitGuilds(testContext(t)); err != nil {
			t.Fatal(err)
		}
		if got := c.Sent()["GUILD_CREATE"]; got != 10 {
			t.Errorf("shard %d has %d guilds, want 10 of 40", shard, got)
		}
		total += c.Sent()["GUILD_CREATE"]
		if id := c.Identify(); id.Intents != discordgo.IntentsAllWithoutPrivileged || !id.Compress || id.LargeThreshold != 250 {
			t.Errorf("identify %+v", id)
		}
	}
	if total != 40 || len(s.Conns()) != shards {
		t.Errorf("%d guilds on %d connections", total, len(s.Conns()))
	}
}
