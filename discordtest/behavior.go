package discordtest

import (
	"slices"
	"time"
)

// A Handshake selects one or both of a client's gateway handshakes.
type Handshake int

// The handshakes: IDENTIFY, RESUME and both.
const (
	AnyHandshake Handshake = iota
	OnIdentify
	OnResume
)

func (h Handshake) includes(resume bool) bool {
	return h == AnyHandshake || resume == (h == OnResume)
}

// A Behavior says how the gateway treats a connection. The zero value behaves like
// Discord. Set it with [Server.Behave] or, for an open connection, [Conn.Behave].
type Behavior struct {
	// Times is the number of connections that this applies to; later ones are
	// treated normally. 0 means all connections, until the next call of Behave.
	Times int

	// RejectUpgrade answers the websocket upgrade with this HTTP status.
	RejectUpgrade int
	// CloseOnConnect closes with this code instead of sending HELLO.
	CloseOnConnect int
	// DropOnConnect drops the connection instead of sending HELLO.
	DropOnConnect bool
	// HelloDelay is the time before HELLO. NoHello omits HELLO.
	HelloDelay time.Duration
	NoHello    bool

	// The following fields replace READY or RESUMED as the answer to IDENTIFY or
	// RESUME, as selected by On. FirstOp, FirstPacket and the refusals apply once
	// per connection: a second attempt on the same connection succeeds.

	// On restricts the answers below to one handshake.
	On Handshake
	// FirstOp answers with this op code: 1, 7, 9 or 11. Op 9 carries Resumable.
	FirstOp   int
	Resumable bool
	// FirstPacket answers with this text frame, unchanged.
	FirstPacket []byte
	// ThenReady sends READY or RESUMED after FirstOp or FirstPacket.
	ThenReady bool
	// CloseOnIdentify answers with this close code. For an answer to RESUME, set
	// On to OnResume or AnyHandshake (the zero value).
	CloseOnIdentify int
	// DropOnIdentify drops the connection.
	DropOnIdentify bool
	// ReadyDelay is the time before READY or RESUMED. NoReady omits them.
	ReadyDelay time.Duration
	NoReady    bool

	// DropAfterReady drops the connection right after READY or RESUMED. The
	// GUILD_CREATEs that would follow are kept for a RESUME.
	DropAfterReady bool
	// GuildCreateDelay is the time before each GUILD_CREATE that follows READY.
	// NoGuildCreate omits them.
	GuildCreateDelay time.Duration
	NoGuildCreate    bool

	// AckDelay is the time between a heartbeat and its ACK. SwallowAcks omits all
	// ACKs, SwallowAckCount that number of them.
	AckDelay        time.Duration
	SwallowAcks     bool
	SwallowAckCount int

	// NoHeartbeatTimeout keeps connections open that send no heartbeats.
	NoHeartbeatTimeout bool
}

// Behave sets how the gateway treats new connections. Open connections are not
// affected: see [Conn.Behave].
func (s *Server) Behave(b Behavior) {
	b.FirstPacket = slices.Clone(b.FirstPacket)
	s.mu.Lock()
	s.behavior, s.behaviorFunc = b, nil
	s.mu.Unlock()
}

// BehaveFunc calls f for each new connection to get its Behavior, until the next
// call of BehaveFunc or Behave. Times has no effect. f may be called from several
// goroutines at once.
func (s *Server) BehaveFunc(f func() Behavior) {
	s.mu.Lock()
	s.behavior, s.behaviorFunc = Behavior{}, f
	s.mu.Unlock()
}

// nextBehavior takes the Behavior for a new connection.
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
