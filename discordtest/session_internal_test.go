package discordtest

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// ended returns a client's connection that has ended.
func ended(t *testing.T, s *Server) *Conn {
	t.Helper()
	ws, resp, err := (&websocket.Dialer{}).Dial(s.GatewayURL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	defer func() { _ = ws.Close() }()
	if _, _, err := ws.ReadMessage(); err != nil { // HELLO
		t.Fatal(err)
	}
	c := s.Conns()[0]
	if err := c.Drop(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	if err := c.WaitClosed(ctx); err != nil {
		t.Fatal(err)
	}
	return c
}

// When a connection ends during ReadyDelay, just before its READY or RESUMED, the
// session notices only by the failed write.
func TestConnectionEndsBeforeReady(t *testing.T) {
	t.Parallel()
	s, err := NewServer()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	id := Identify{Shard: [2]int{0, 1}}
	ended(t, s).startSession("t", id, Behavior{})
	if len(s.sessions) != 0 || s.Dispatch(0, "USER_UPDATE", nil) == nil {
		t.Errorf("%d sessions that no client knows of: want none", len(s.sessions))
	}

	sess := s.newSession("t", id) // locked
	sess.seq.Store(1)
	sess.keep("READY", rawNull)
	sess.mu.Unlock()
	ended(t, s).resumeSession(sess, "t", 1, Behavior{})
	if sess.conn != nil || sess.ended.Load() == 0 {
		t.Error("the session that could not be resumed never expires")
	}
	if s.Dispatch(0, "USER_UPDATE", nil) != nil {
		t.Error("the session that could not be resumed is gone: want it kept for another RESUME")
	}
}

func TestReplayIsBounded(t *testing.T) {
	t.Parallel()
	s, err := NewServer(WithReplayLimit(100))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for name, tt := range map[string]struct {
		size, n int
		want    int
	}{
		"few":   {10, 5, 5},
		"many":  {10, 1000, 100},
		"large": {1 << 20, 50, maxReplayBytes >> 20},
		"huge":  {maxReplayBytes + 1, 3, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sess := &session{server: s, first: 1}
			data := make(json.RawMessage, tt.size)
			for range tt.n {
				sess.seq.Add(1)
				sess.keep("X", data)
			}
			if len(sess.events) != tt.want || sess.bytes != tt.want*tt.size {
				t.Errorf("%d events of %d bytes, want %d of %d", len(sess.events), sess.bytes, tt.want, tt.want*tt.size)
			}
			if oldest := int64(tt.n - tt.want); !sess.canReplay(oldest) || oldest > 0 && sess.canReplay(oldest-1) {
				t.Errorf("of %d events the last %d can be replayed, but what can be differs", tt.n, tt.want)
			}
		})
	}
}

func TestMemberOrdinal(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ guild, ordinal int }{{0, 0}, {0, 999_999}, {3, 17}, {99_999, 5}} {
		id := memberID(tt.guild, tt.ordinal)
		if o, ok := memberOrdinal(tt.guild, id); !ok || o != tt.ordinal {
			t.Errorf("member %d of guild %d: %d, %t", tt.ordinal, tt.guild, o, ok)
		}
		if _, ok := memberOrdinal(tt.guild+1, id); ok {
			t.Errorf("member %d of guild %d is in the next one too", tt.ordinal, tt.guild)
		}
	}
	for _, id := range []string{"", "x", "1", botID, "99999999999999999999"} {
		if o, ok := memberOrdinal(0, id); ok {
			t.Errorf("%q is member %d", id, o)
		}
	}
}
