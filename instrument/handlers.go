package instrument

import (
	"maps"
	"sync/atomic"
	"time"
	"weak"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/instrument/internal/route"
	"github.com/argus-dgo/argus/instrument/internal/wire"
	"github.com/argus-dgo/argus/internal/catalog"
)

// handlers stand in for the tap, in a session that had been opened before it
// was attached.
type handlers struct {
	target atomic.Pointer[attachment] // nil while the session is not attached
	remove []func()                   // empty under SyncEvents, and so nothing here keeps the session
}

// listen adds the handlers to a session, or takes up those that are there. The
// instrumentation's lock must be held.
//
// The guilds are taken over once the events are followed: discordgo's state has
// changed before a handler is called, so that none is missed in between.
func (i *Instrumentation) listen(a *attachment, s *discordgo.Session) {
	if kept := i.kept[a.session]; kept != nil {
		a.handlers = weak.Make(kept)
		kept.target.Store(a)
		a.seed()
		return
	}
	h := &handlers{}
	a.handlers = weak.Make(h) // the session keeps them
	h.target.Store(a)
	add := func() (remove []func()) {
		defer i.faults.catch(hookHandler)
		remove = append(remove, s.AddHandler(h.onEvent), s.AddHandler(h.onDisconnect), s.AddHandler(h.onRateLimit))
		a.seed()
		return remove
	}
	if !a.settings.Load().syncEvents {
		h.remove = add()
		return
	}
	maps.DeleteFunc(i.kept, func(s weak.Pointer[discordgo.Session], _ *handlers) bool { return s.Value() == nil })
	i.kept[a.session] = h
	// The caller may be one of the session's handlers, and so hold the lock
	// that this takes.
	go add()
}

// release ends the listening. Under SyncEvents the handlers stay: to remove one
// takes the same lock as to add it.
func (h *handlers) release(a *attachment) {
	h.target.CompareAndSwap(a, nil)
	for _, f := range h.remove {
		f()
	}
}

// onEvent is called once for each dispatch. Of the event only the envelope and
// the raw data are ours to read: its Struct is being written by others. It
// starts no timers: the interaction's own handler may have been called before,
// under SyncEvents always.
func (h *handlers) onEvent(_ *discordgo.Session, e *discordgo.Event) {
	a := h.target.Load()
	if a == nil {
		return
	}
	defer a.inst.faults.catch(hookHandler)
	var p wire.Packet
	wire.ScanData(&p, e.Type, e.Sequence, e.RawData)
	a.inst.count(&p)
	switch set := a.settings.Load(); {
	case !followed(&p):
	case set.syncEvents:
		a.follow(&p) // they come in order
	case p.Event == wire.EventReady:
		a.order.push(&p, readySession(e.RawData), time.Now())
	default:
		session := set.gatewaySession()
		a.order.push(&p, session, time.Now())
	}
}

// onDisconnect is called when discordgo has closed a connection, more often
// than once. The next may take the session's lock before anybody has collected,
// and never give it back.
func (h *handlers) onDisconnect(*discordgo.Session, *discordgo.Disconnect) {
	if a := h.target.Load(); a != nil {
		a.locked.gone()
	}
}

// onRateLimit is called for the 429s after which discordgo tries again. It does
// not tell whose limit it was.
func (h *handlers) onRateLimit(_ *discordgo.Session, r *discordgo.RateLimit) {
	a := h.target.Load()
	if a == nil {
		return
	}
	defer a.inst.faults.catch(hookHandler)
	a.inst.rateLimits.count(catalog.Unknown, route.FromURL(r.URL))
}
