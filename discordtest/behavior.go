package discordtest

import (
	"slices"
	"time"
)

// A Handshake says which of a client's two ways in something applies to.
type Handshake int

// The two ways in, and both.
const (
	AnyHandshake Handshake = iota
	OnIdentify
	OnResume
)

func (h Handshake) includes(resume bool) bool {
	return h == AnyHandshake || resume == (h == OnResume)
}

// A Behavior says how the gateway treats a connection. The zero value behaves
// well. Set one with [Server.Behave] or, for a live connection, [Conn.Behave].
type Behavior struct {
	// Times is how many connections this applies to before the gateway behaves
	// well again. 0 means all of them, until the next call of Behave.
	Times int

	// RejectUpgrade answers the websocket upgrade with this HTTP status.
	RejectUpgrade int
	// CloseOnConnect closes with this code in place of HELLO.
	CloseOnConnect int
	// DropOnConnect drops the connection in place of HELLO.
	DropOnConnect bool
	// HelloDelay is the time before HELLO. NoHello leaves it out.
	HelloDelay time.Duration
	NoHello    bool

	// The following are answers to IDENTIFY or RESUME, as On says, in place of
	// READY or RESUMED. FirstOp, FirstPacket and the refusals apply once per
	// connection: a client that tries again on the same one is let in.

	// On restricts the answers below to one handshake.
	On Handshake
	// FirstOp answers with this op code: 1, 7, 9 or 11. An op 9 carries Resumable.
	FirstOp   int
	Resumable bool
	// FirstPacket answers with this text frame, as it is.
	FirstPacket []byte
	// ThenReady makes READY or RESUMED follow FirstOp or FirstPacket.
	ThenReady bool
	// CloseOnIdentify answers with this close code. To answer a RESUME so, set
	// On to OnResume or AnyHandshake (the zero value).
	CloseOnIdentify int
	// DropOnIdentify drops the connection.
	DropOnIdentify bool
	// ReadyDelay is the time before READY or RESUMED. NoReady leaves it out.
	ReadyDelay time.Duration
	NoReady    bool

	// DropAfterReady drops the connection right after READY or RESUMED. The
	// GUILD_CREATEs that were to follow are kept for a RESUME.
	DropAfterReady bool
	// GuildCreateDelay is the time before each GUILD_CREATE that follows READY.
	// NoGuildCreate leaves them out.
	GuildCreateDelay time.Duration
	NoGuildCreate    bool

	// AckDelay is the time between a heartbeat and its ACK. SwallowAcks leaves
	// all ACKs out, SwallowAckCount that many.
	AckDelay        time.Duration
	SwallowAcks     bool
	SwallowAckCount int

	// NoHeartbeatTimeout keeps connections that do not send heartbeats.
	NoHeartbeatTimeout bool
}

// Behave says how the gateway treats the connections that are made from now on.
// Those that exist are not affected: see [Conn.Behave].
func (s *Server) Behave(b Behavior) {
	b.FirstPacket = slices.Clone(b.FirstPacket)
	s.mu.Lock()
	s.behavior, s.behaviorFunc = b, nil
	s.mu.Unlock()
}

// BehaveFunc asks f how the gateway treats each connection that is made from now
// on, until the next call of it or of Behave. Times does not matter. f may be
// called from several goroutines at a time.
func (s *Server) BehaveFunc(f func() Behavior) {
	s.mu.Lock()
	s.behavior, s.behaviorFunc = Behavior{}, f
	s.mu.Unlock()
}

// nextBehavior takes the behavior of a new connection.
func (s *Server) nextBehavior() Behavior {
	s.mu.Lock()
	if f := s.behaviorFunc; f != nil {
		s.mu.Unlock()
		return f()
	}
	defer s.mu.Unlock()
	b := s.behavior
	if b.Times > 0 {
		if s.behavior.Times--; s.behavior.Times == 0 {
			s.behavior = Behavior{}
		}
	}
	return b
}
