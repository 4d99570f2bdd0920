package instrument

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/instrument/internal/wire"
)

// Errors of Attach, which wraps them.
var (
	// ErrNilSession is the error of a session that is nil.
	ErrNilSession = errors.New("the session is nil; make it with discordgo.New")
	// ErrClosed is the error of an instrumentation that was closed.
	ErrClosed = errors.New("the instrumentation is closed")
)

// An attachment is one session of one instrumentation.
type attachment struct {
	inst    *Instrumentation
	session *discordgo.Session

	// tap is nil for a session that had been opened before it was attached.
	// What the tap would have told then comes from handlers.
	tap      *tap
	detached atomic.Bool

	settings atomic.Pointer[settings]
	shard    atomic.Pointer[shard]
	// started is set once the session was ready: the next time is a reconnect.
	started atomic.Bool
	// seq is the number of the newest dispatch that the tap saw.
	seq atomic.Int64
	// deaf is set while the session is connected and the tap hears nothing of
	// it, deafLook when that was seen last, by clock, and deafFor for how long.
	deaf     atomic.Bool
	deafLook atomic.Int64
	deafFor  atomic.Int64

	life   life // with a tap
	guilds guildSet
	cache  cacheReader
	locked lockedReader
	order  sequencer // without a tap

	handlers *handlers // nil with a tap
}

// settings are what is read from a session when it holds still: when it is
// attached, and when it dials.
type settings struct {
	shardID, shardCount int
	guilds              bool // whether the gateway tells of guilds
	cached              bool // whether discordgo keeps a state
	syncEvents          bool
	state               *discordgo.State
}

// configure reads the settings. It must be called where they are not written.
func (a *attachment) configure() {
	s := a.session
	set := settings{
		shardID: s.ShardID, shardCount: max(1, s.ShardCount),
		guilds:     s.Identify.Intents&discordgo.IntentsGuilds != 0,
		cached:     s.StateEnabled && s.State != nil,
		syncEvents: s.SyncEvents,
		state:      s.State,
	}
	// Identify.Shard is written by discordgo where ShardCount is above 1, and
	// then has nothing new to say.
	if s.ShardCount <= 1 && s.Identify.Shard != nil {
		set.shardID, set.shardCount = s.Identify.Shard[0], max(1, s.Identify.Shard[1])
	}
	a.settings.Store(&set)
	a.shard.Store(a.inst.shards.get(set.shardID))
}

// Attach begins to measure the given sessions. Each may be attached at any
// time; a session that is attached already is left as it is. The function that
// it returns ends the measuring of those that this call attached, and may be
// called more than once.
//
// Attach a session before its first Open to have everything measured. One that
// has been opened has handlers alone: it is then not known how long a heartbeat
// takes, with which code a connection ended, what the scope of a rate limit
// was, and how many members the guilds had that it knew before. Those series
// are absent, or "unknown". Of the 429s those alone are counted after which
// discordgo tries again: not where retries are off, and not those whose body is
// not Discord's JSON.
//
// When a session is nil, none is attached.
//
// discordgo reads Dialer and Client without a lock. So a session that has not
// been opened must not make a REST call while it is being attached. Detaching
// puts both fields back where the session was not opened and has made no REST
// call since; it must not make its first while it is being detached. Anywhere
// else what is around the two stays there and passes everything through, and is
// used again when the session is attached again.
//
// A session that uses SyncEvents is best attached before Open. discordgo calls
// its handlers with a lock held that adding one waits for, and nobody gets that
// lock again until the handlers at work return: one that makes a REST call then
// which is answered with 429, or that calls Close, waits for ever (v0.28.1 to
// v0.29.1, whoever adds the handler). So there, Attach returns at once, and the
// handlers are added as soon as the lock is free; they stay when the session is
// detached, do nothing, and are used again when it is attached again.
func (i *Instrumentation) Attach(sessions ...*discordgo.Session) (detach func(), err error) {
	var errs []error
	for n, s := range sessions {
		if s == nil {
			errs = append(errs, fmt.Errorf("instrument: session %d of %d: %w", n+1, len(sessions), ErrNilSession))
		}
	}
	if len(errs) > 0 {
		return func() {}, errors.Join(errs...)
	}
	var made []*attachment
	for _, s := range sessions {
		a, err := i.attach(s)
		if err != nil {
			i.detach(made)
			return func() {}, err
		}
		if a != nil {
			made = append(made, a)
		}
	}
	var once sync.Once
	return func() { once.Do(func() { i.detach(made) }) }, nil
}

// attach returns nil for a session that is attached already.
func (i *Instrumentation) attach(s *discordgo.Session) (*attachment, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed.Load() {
		return nil, fmt.Errorf("instrument: %w", ErrClosed)
	}
	attached := *i.attached.Load()
	if slices.ContainsFunc(attached, func(a *attachment) bool { return a.session == s }) {
		return nil, nil //nolint:nilnil // the contract above
	}
	a := &attachment{inst: i, session: s}
	a.life.since = time.Now()
	a.order.apply = a.follow
	a.configure()
	if a.tap = tapOf(s, a); a.tap == nil {
		a.started.Store(true)
		i.opened.Store(true)
		i.listen(a)
	} else {
		a.shard.Load().tapped.Store(true)
		i.tapped.Store(true)
		if a.tap.openConn() != nil {
			// The tap was there before us, and so was the connection.
			a.started.Store(true)
			a.seed()
		}
	}
	attached = append(slices.Clip(attached), a)
	i.attached.Store(&attached)
	return a, nil
}

// tapOf puts a tap on the session, or takes one that is there and idle. It
// returns nil where neither can be.
func tapOf(s *discordgo.Session, a *attachment) *tap {
	fields.Lock()
	defer fields.Unlock()
	// Where the session's lock cannot be had, discordgo is in Open or Close.
	locked := soon(s.TryLock, attachPatience)
	if locked {
		defer s.Unlock()
	}
	if t := idleTap(s); t != nil && t.target.CompareAndSwap(nil, a) {
		return t
	}
	if !locked || opened(s) {
		return nil
	}
	t := newTap(s)
	t.target.Store(a)
	return t
}

// opened reports whether the session has ever been opened, also when that
// cannot be told. From then on discordgo reads Dialer and Client without a lock,
// and they must not be written. The session's lock must be held.
func opened(s *discordgo.Session) bool {
	if s.DataReady {
		return true
	}
	if s.State == nil {
		return false
	}
	if !s.State.TryRLock() {
		return true
	}
	defer s.State.RUnlock()
	return s.State.SessionID != "" // kept from READY, also where StateEnabled is off
}

// attachPatience is how long Attach tries to have a lock of the session's or its
// state's. It is the user's goroutine that waits, once.
const attachPatience = 250 * time.Millisecond

// seed takes over the guilds that the session knows already and that no event
// has told of. Their member counts cannot be read without a race (discordgo
// v0.29.0).
func (a *attachment) seed() {
	set := a.settings.Load()
	if !set.cached || !soon(set.state.TryRLock, attachPatience) {
		return
	}
	defer set.state.RUnlock()
	a.guilds.mu.Lock()
	defer a.guilds.mu.Unlock()
	// Before the first READY the state is empty, which says nothing.
	a.guilds.known = a.guilds.known || set.state.SessionID != ""
	for _, g := range set.state.Guilds {
		if g == nil {
			continue
		}
		if id, err := strconv.ParseUint(g.ID, 10, 64); err == nil {
			a.guilds.add(id, guild{available: !g.Unavailable, members: unknownMembers})
		}
	}
}

// detach ends the measuring. It never waits for a lock of discordgo's.
func (i *Instrumentation) detach(gone []*attachment) {
	i.mu.Lock()
	defer i.mu.Unlock()
	attached := slices.DeleteFunc(slices.Clone(*i.attached.Load()), func(a *attachment) bool { return slices.Contains(gone, a) })
	i.attached.Store(&attached)
	for _, a := range gone {
		a.detach()
	}
}

func (a *attachment) detach() {
	if a.detached.Swap(true) {
		return
	}
	if a.tap == nil {
		a.handlers.release(a)
		return
	}
	fields.Lock()
	defer fields.Unlock()
	a.tap.target.CompareAndSwap(a, nil)
	if a.tap.stays() || !soon(a.session.TryLock, patience) {
		return
	}
	defer a.session.Unlock()
	if !a.tap.stays() && !opened(a.session) { // a call may have come by meanwhile
		a.tap.restore(a.session)
	}
}

// deafAfter is how long a session may say that it is connected, while the tap
// has no connection, before that is taken for a fault: between the end of a
// connection and discordgo's noticing it there is a moment.
const deafAfter = 5 * time.Second

var errDeaf = errors.New("a session is connected by a Dialer that was set after it was attached: heartbeats, close codes and dispatches are not seen; set Session.Dialer before")

// ready reports whether the session is up. Without a tap, or with one that is
// deaf, it is asked, and the last answer stands while its lock is not free.
func (a *attachment) ready() bool {
	if a.tap == nil || a.deaf.Load() {
		return a.locked.last().dataReady
	}
	c := a.tap.conn.Load()
	return c != nil && c.up()
}

// dispatch counts one dispatch that the tap saw, in the gateway's order.
//
// What is replayed before RESUMED may have been seen before: discordgo does not
// handle what it has read but not got to when a connection ends, and asks for
// it again.
func (a *attachment) dispatch(p *wire.Packet, replayed bool) {
	switch {
	case p.Event == wire.EventReady:
		a.seq.Store(p.Seq)
	case replayed && p.Event != wire.EventResumed && p.Has&wire.HasSeq != 0 && p.Seq <= a.seq.Load():
		return
	case p.Seq > a.seq.Load():
		a.seq.Store(p.Seq)
	}
	r := a.inst.count(p)
	if p.Event == wire.EventInteractionCreate {
		a.inst.timers.start(r.id, r.at)
		// discordgo asks for the gateway's address before it dials: a session
		// whose REST calls do not come by has a Client that was set since.
		if a.tap.called.Load() {
			a.inst.acks.receive(r, findCommand(a.inst.commands, p.Command))
		}
	}
	if followed(p) {
		a.follow(p)
	}
}

// followed reports whether a dispatch changes what follow keeps.
func followed(p *wire.Packet) bool {
	switch p.Event {
	case wire.EventReady, wire.EventResumed,
		wire.EventGuildCreate, wire.EventGuildDelete, wire.EventGuildMemberAdd, wire.EventGuildMemberRemove:
		return true
	}
	return false
}

// follow keeps what dispatches change. They must come in their order.
func (a *attachment) follow(p *wire.Packet) {
	switch p.Event {
	case wire.EventReady:
		if a.started.Swap(true) {
			a.shard.Load().reconnects[kindIdentify].n.Add(1)
		}
	case wire.EventResumed:
		a.started.Store(true)
		a.shard.Load().reconnects[kindResume].n.Add(1)
	}
	a.guilds.apply(p)
}

// count counts a dispatch, in whatever order, and returns what is known of an
// interaction.
func (i *Instrumentation) count(p *wire.Packet) (r receipt) {
	i.events[p.Event].n.Add(1)
	if p.Event == wire.EventInteractionCreate {
		return i.received(p)
	}
	return r
}
