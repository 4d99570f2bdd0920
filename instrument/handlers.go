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

// handlers replace the tap in a session that had been opened before it was
// attached.
type handlers struct {
	target atomic.Pointer[attachment] // nil while the session is not attached
	remove []func()                   // empty under SyncEvents, so that nothing here keeps the session
}

// listen adds the handlers to a session, or reuses existing ones. The
// instrumentation's lock must be held.
//
// The guilds are read after the handlers are added. discordgo changes its state
// before it calls a handler, so that no guild is missed in between.
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
	// The caller may be one of the session's handlers, and then holds the lock
	// that add takes.
	go add()
}

// release stops the handlers. Under SyncEvents they stay: removing a handler
// takes the same lock as adding one.
func (h *handlers) release(a *attachment) {
	h.target.CompareAndSwap(a, nil)
	for _, f := range h.remove {
		f()
	}
}

// onEvent is called once for each dispatch. Only the envelope and the raw data of
// the event may be read: its Struct is written concurrently. onEvent starts no
// timers: the interaction's own handler may have been called before, and always
// has been under SyncEvents.
func (h *handlers) onEvent(_ *discordgo.Session, e *discordgo.Event) {
	a := h.target.Load()
	if a == nil {
		return
	}
	defer a.inst.faults.catch(hookHandler)
	var p wire.Packet
	wire.ScanData(&p, e.Type, e.Sequence, e.RawData)
	a.count(&p)
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

// onDisconnect is called when discordgo has closed a connection, possibly more
// than once. The next connection may take the session's lock before the next
// collection, and never release it.
func (h *handlers) onDisconnect(*discordgo.Session, *discordgo.Disconnect) {
	if a := h.target.Load(); a != nil {
		a.locked.gone()
	}
}

// onRateLimit is called for the 429s after which discordgo tries again. Their
// scope is unknown.
func (h *handlers) onRateLimit(_ *discordgo.Session, r *discordgo.RateLimit) {
	a := h.target.Load()
	if a == nil {
		return
	}
	defer a.inst.faults.catch(hookHandler)
	path := route.FromURL(r.URL)
	a.inst.rateLimits.count(catalog.Unknown, path)
	a.inst.eventLog.rateLimited(catalog.Unknown, path, "", r.RetryAfter)
}
