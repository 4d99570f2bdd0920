package instrument

import (
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"
)

// A tap is what an attachment has put around a session's Dialer and Client.
//
// It outlives the attachment. discordgo reads both fields without a lock while it
// runs, so they cannot be restored then. Instead the tap drops its target and
// passes everything through until the session is attached again.
type tap struct {
	target atomic.Pointer[attachment]
	conn   atomic.Pointer[tappedConn] // the newest gateway connection
	called atomic.Bool                // whether there was a REST call

	edgeHost  atomic.Pointer[string] // the last host whose responses came from Discord's edge
	routed    atomic.Bool            // whether a REST call had a known route
	strangers atomic.Int32           // REST calls before the first with a known route

	dialer, userDialer *websocket.Dialer
	client, userClient *http.Client
	beside             *http.Client // for calls that are not the session's
	below              *tap         // the previous tap; nil without one
}

// fields guards the Dialer and Client of all sessions, and the targets of taps,
// between instrumentations. The session's lock guards them from discordgo. Others
// may hold that lock to read something, so it is not always available.
var fields sync.Mutex

// newTap wraps the session's Dialer and Client, as copies: discordgo's default
// Dialer is shared by the whole program, and a Client may be.
//
// The session's lock must be held for writing, fields must be locked, and the
// session must never have been opened.
func newTap(s *discordgo.Session) *tap {
	t := &tap{userDialer: s.Dialer, userClient: s.Client}
	t.dialer = t.wrapDialer(s.Dialer)
	s.Dialer = t.dialer
	if s.Client != nil {
		if before, ok := s.Client.Transport.(*transport); ok {
			t.below = before.tap
		}
		client := *s.Client
		client.Transport = &transport{tap: t, next: s.Client.Transport}
		t.client = &client
		s.Client = t.client
		beside := client
		beside.Transport = &transport{tap: t, next: t.userClient.Transport, beside: true}
		t.beside = &beside
	}
	return t
}

// stays reports whether the tap has seen that the session is in use, so that the
// fields must not be written any more. It never becomes false again.
//
// A session that makes only REST calls is never opened, and other goroutines read
// its Client for each call.
func (t *tap) stays() bool { return t.called.Load() || t.conn.Load() != nil }

// restore restores what newTap replaced, unless the user has set something else
// since. It then restores what lower taps replaced, if they were released while
// this one was around them. The conditions of newTap apply, and the tap must
// neither stay nor have a target.
func (t *tap) restore(s *discordgo.Session) {
	if s.Dialer == t.dialer {
		s.Dialer = t.userDialer
	}
	if t.client != nil && s.Client == t.client {
		s.Client = t.userClient
	}
	if b := t.below; b != nil && b.target.Load() == nil && !b.stays() {
		b.restore(s)
	}
}

// idleTap finds a tap without a target around the session's Client. fields must
// be locked.
func idleTap(s *discordgo.Session) *tap {
	if s.Client == nil {
		return nil
	}
	for rt := s.Client.Transport; ; {
		ours, ok := rt.(*transport)
		if !ok {
			return nil
		}
		if ours.tap.target.Load() == nil {
			return ours.tap
		}
		rt = ours.next
	}
}

// openConn returns the newest gateway connection, ready or not. It is nil if
// there is none or it has ended.
func (t *tap) openConn() *tappedConn {
	if c := t.conn.Load(); c != nil && c.open() {
		return c
	}
	return nil
}

func (t *tap) fault(err error) {
	if a := t.target.Load(); a != nil {
		a.inst.faults.report(hookTap, err)
	}
}
