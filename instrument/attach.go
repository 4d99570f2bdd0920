package instrument

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/instrument/internal/wire"
)

// Errors that [Instrumentation.Attach] wraps.
var (
	// ErrNilSession is the error for a nil session.
	ErrNilSession = errors.New("the session is nil; make it with discordgo.New")
	// ErrClosed is the error for an instrumentation that is closed.
	ErrClosed = errors.New("the instrumentation is closed")
	// ErrShardCount is the error for a session with another shard count than that
	// of the attached sessions, while none of them has been opened.
	ErrShardCount = errors.New("all sessions of a bot must have the same ShardCount: set it before you attach them; " +
		"sessions with a new count can be attached once those with the old count have been opened")
)

// An attachment is one session of one instrumentation.
//
// It holds no strong reference to a session that was ready once: if the bot has
// dropped that session, the attachment is removed with the next collection or the
// next Attach. It does hold a session that was never opened, which may still be
// opened, and a session whose Open has failed, because its shard is down: see
// isShard.
type attachment struct {
	inst    *Instrumentation
	session weak.Pointer[discordgo.Session]
	held    atomic.Pointer[discordgo.Session] // the same session, or nil

	// tap is nil for a session that had been opened before it was attached. Then
	// handlers replace it.
	tap      *tap
	detached atomic.Bool
	// since is when it was attached.
	since time.Time
	// recognised is set once the session's bot is known, and left if that is
	// another bot.
	recognised, left atomic.Bool
	presence         presence

	settings atomic.Pointer[settings]
	shard    atomic.Pointer[shard]
	// started is set once the session was ready: from then on READY is a
	// reconnect.
	started atomic.Bool
	// seq is the number of the newest dispatch that the tap has seen.
	seq atomic.Int64
	// deaf is set while the session is connected but the tap sees no connection.
	// deafLook is the time of the last such observation, by clock, and deafFor
	// the duration so far.
	deaf     atomic.Bool
	deafLook atomic.Int64
	deafFor  atomic.Int64

	life   life // with a tap
	guilds guildSet
	cache  cacheReader
	locked lockedReader
	order  sequencer // used without a tap

	handlers weak.Pointer[handlers] // nil with a tap
}

// settings are the fields of a session, read when nothing writes them: when the
// session is attached, and when it dials.
type settings struct {
	shardID, shardCount int
	sharded             bool // whether the session was given a shard count
	reconnects          bool // whether discordgo reconnects by itself
	guilds              bool // whether the gateway sends guild events
	cached              bool // whether discordgo keeps a state
	syncEvents          bool
	state               *discordgo.State
}

// configure reads the settings. It must be called when nothing writes them.
func (a *attachment) configure(s *discordgo.Session) {
	set := settings{
		shardID: s.ShardID, shardCount: max(1, s.ShardCount), sharded: declaredCount(s) != 0,
		reconnects: s.ShouldReconnectOnError,
		guilds:     s.Identify.Intents&discordgo.IntentsGuilds != 0,
		cached:     s.StateEnabled && s.State != nil,
		syncEvents: s.SyncEvents,
		state:      s.State,
	}
	// discordgo writes Identify.Shard if ShardCount is above 1. It then contains
	// the same values.
	if s.ShardCount <= 1 && s.Identify.Shard != nil {
		set.shardID, set.shardCount = s.Identify.Shard[0], max(1, s.Identify.Shard[1])
	}
	a.settings.Store(&set)
	a.shard.Store(a.inst.shards.get(set.shardID))
}

// declaredCount returns the shard count that the session was given, or 0 if it
// has discordgo's default.
func declaredCount(s *discordgo.Session) int {
	switch {
	case s.ShardCount > 1:
		return s.ShardCount
	case s.Identify.Shard != nil:
		return s.Identify.Shard[1]
	default:
		return 0
	}
}

// Attach measures the given sessions. It may be called at any time, and leaves
// attached sessions unchanged. detach ends the measuring of the sessions that
// this call attached, and may be called more than once. After an error, none of
// the sessions is attached.
//
// Attach a session before its first Open to measure everything. A session that
// has been opened is measured by event handlers only. Then these are not known,
// and their series are absent or "unknown":
//
//   - the duration of heartbeats,
//   - the close codes of connections,
//   - the scopes of rate limits,
//   - the member counts of guilds that the session already had.
//
// Of the 429s, only those count after which discordgo tries again: none if
// retries are off, and none whose body is not Discord's JSON.
//
// All sessions must belong to one bot. A session with the token of another bot is
// [ErrOtherBot]. A session with another shard count than the sessions that wait
// to be opened is [ErrShardCount]; once one has been opened, another count means
// that the bot is being scaled. If a session gets its token later and turns out
// to belong to another bot, it is reported to the error handler and no longer
// measured.
//
// A session counts as a shard from its first dial to the gateway until the bot
// closes it, and again when it is reopened. A session that makes only REST calls
// never counts. A session that was ready once need not be detached before it is
// dropped. One whose Open has failed is kept, and its shard is down, until it is
// ready, until another session of the same shard dials, or until it is detached.
//
// discordgo reads Dialer and Client without a lock. So a session that has not
// been opened must not make a REST call while it is being attached. Detaching
// restores both fields if the session was not opened and has made no REST call
// since; it must not make its first call while it is being detached. Otherwise
// the wrappers stay, pass everything through, and are used again when the session
// is attached again.
//
// Attach a session that uses SyncEvents before Open. discordgo calls its handlers
// with a lock held, and adding a handler waits for that lock. While the addition
// waits, nobody else gets the lock until the running handlers return: a handler
// that calls Close, or makes a REST call that is answered with 429, then waits
// forever (v0.28.1 to v0.29.1, whoever adds the handler). For such a session
// Attach returns immediately, and the handlers are added as soon as the lock is
// available. They stay when the session is detached, do nothing, and are used
// again when it is attached again.
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
	i.mu.Lock()
	made, err := i.attachAll(sessions)
	i.mu.Unlock()
	if err != nil {
		return func() {}, err
	}
	if slices.ContainsFunc(made, func(a *attachment) bool { return a.tap == nil }) {
		i.attachedLate.Do(func() { i.faults.tell(errAttachedLate) })
	}
	if i.poll != nil {
		i.poll.add(sessions)
	}
	var once sync.Once
	return func() { once.Do(func() { i.detach(made) }) }, nil
}

// errAttachedLate is reported once.
var errAttachedLate = errors.New("argus: a session was attached after Open, so its heartbeats, close codes and " +
	"rate limit scopes are not measured: attach it before Open, or create it with NewSession instead of discordgo.New " +
	"(reported once; discord_sessions{attached=\"after_open\"} counts such sessions)")

// NewSession is discordgo.New followed by [Instrumentation.Attach], for code that
// makes and opens sessions in one step: pass it to a manager of shards as the
// constructor, or call it in place of discordgo.New. The token is discordgo's,
// with the prefix "Bot ". Set all other fields of the session as usual, before it
// is opened. It need not be detached.
func (i *Instrumentation) NewSession(token string) (*discordgo.Session, error) {
	s, err := discordgo.New(token)
	if err != nil {
		return nil, err
	}
	if _, err := i.Attach(s); err != nil {
		return nil, err
	}
	return s, nil
}

// attachAll attaches the sessions that are not attached yet, or none of them. The
// lock must be held.
func (i *Instrumentation) attachAll(sessions []*discordgo.Session) (made []*attachment, err error) {
	if i.closed.Load() {
		return nil, fmt.Errorf("instrument: %w", ErrClosed)
	}
	i.sweepLocked()
	if err := i.check(sessions); err != nil {
		return nil, err
	}
	for _, s := range sessions {
		if i.find(s) == nil {
			made = append(made, i.attach(s))
		}
	}
	return made, nil
}

// check reports whether all sessions, including the attached ones, have the same
// bot and the same shard count.
func (i *Instrumentation) check(sessions []*discordgo.Session) error {
	var errs []error
	var ours bot
	if known := i.bot.Load(); known != nil {
		ours = *known
	}
	count := i.countToCome()
	for n, s := range sessions {
		if i.find(s) != nil {
			continue
		}
		if b := botAtRest(s); ours == (bot{}) {
			ours = b
		} else if b != (bot{}) && b != ours {
			errs = append(errs, fmt.Errorf("instrument: session %d of %d: %w", n+1, len(sessions), ErrOtherBot))
		}
		if c := declaredCount(s); count == 0 {
			count = c
		} else if c != 0 && c != count {
			errs = append(errs, fmt.Errorf("instrument: session %d of %d: ShardCount %d with others of %d: %w", n+1, len(sessions), c, count, ErrShardCount))
		}
	}
	return errors.Join(errs...)
}

// countToCome returns the shard count of the sessions that wait to be opened. It
// is 0 if the count is unknown or a session has been opened: from then on another
// count means that the bot is being scaled.
func (i *Instrumentation) countToCome() (count int) {
	for _, a := range *i.attached.Load() {
		if a.presence.opened() {
			return 0
		}
		if set := a.settings.Load(); set.sharded {
			count = set.shardCount
		}
	}
	return count
}

// find returns the attachment of a session, or nil.
func (i *Instrumentation) find(s *discordgo.Session) *attachment {
	for _, a := range *i.attached.Load() {
		if a.session == weak.Make(s) {
			return a
		}
	}
	return nil
}

// attach attaches a session that is not attached yet. The lock must be held.
func (i *Instrumentation) attach(s *discordgo.Session) *attachment {
	a := &attachment{inst: i, session: weak.Make(s), since: time.Now()}
	a.life.since = a.since
	a.order.apply = a.follow
	a.held.Store(s)
	a.configure(s)
	if b := botAtRest(s); b != (bot{}) {
		a.recognised.Store(true)
		i.isOurs(b)
	}
	if a.tap = tapOf(s, a); a.tap == nil {
		a.started.Store(true)
		a.isShard()
		a.held.Store(nil)
		i.opened.Store(true)
		i.listen(a, s)
	} else {
		i.tapped.Store(true)
		if a.tap.openConn() != nil {
			// The tap and the connection already exist.
			a.started.Store(true)
			a.isShard()
			a.held.Store(nil)
			a.seed()
		}
	}
	attached := append(slices.Clip(*i.attached.Load()), a)
	i.attached.Store(&attached)
	return a
}

// tapOf puts a tap on the session, or reuses an idle one. It returns nil if
// neither is possible.
func tapOf(s *discordgo.Session, a *attachment) *tap {
	fields.Lock()
	defer fields.Unlock()
	// If the session's lock is unavailable, discordgo is in Open or Close.
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

// opened reports whether the session has ever been opened, or whether that cannot
// be determined. From then on discordgo reads Dialer and Client without a lock,
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
	return s.State.SessionID != "" // kept from READY, even if StateEnabled is off
}

// attachPatience is how long Attach tries to get a lock of the session or of its
// state. It delays the user's goroutine, once.
const attachPatience = 250 * time.Millisecond

// seed adds the guilds that the session already has and that no event has
// reported. Their member counts cannot be read without a race (discordgo
// v0.29.0).
func (a *attachment) seed() {
	set := a.settings.Load()
	if !set.cached || !soon(set.state.TryRLock, attachPatience) {
		return
	}
	defer set.state.RUnlock()
	a.order.begin(set.state.SessionID)
	a.guilds.mu.Lock()
	defer a.guilds.mu.Unlock()
	// Before the first READY the state is empty, and its guilds are unknown.
	a.guilds.known = a.guilds.known || set.state.SessionID != ""
	a.guilds.seeded = true
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
	if i.poll != nil {
		defer i.poll.forget()
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	attached := slices.DeleteFunc(slices.Clone(*i.attached.Load()), func(a *attachment) bool { return slices.Contains(gone, a) })
	i.attached.Store(&attached)
	for _, a := range gone {
		a.detach()
		a.held.Store(nil)
	}
}

// sweepLocked removes the attachments of sessions that no longer exist or belong
// to another bot. The lock must be held.
func (i *Instrumentation) sweepLocked() {
	attached := *i.attached.Load()
	if slices.ContainsFunc(attached, (*attachment).gone) {
		attached = slices.DeleteFunc(slices.Clone(attached), (*attachment).gone)
		i.attached.Store(&attached)
	}
}

// present returns the attachments, without those of sessions that are gone.
func (i *Instrumentation) present() []*attachment {
	if i.mu.TryLock() { // Attach holds it for a while, and sweeps as well
		i.sweepLocked()
		i.mu.Unlock()
	}
	return *i.attached.Load()
}

func (a *attachment) gone() bool { return a.left.Load() || a.session.Value() == nil }

func (a *attachment) detach() {
	if a.detached.Swap(true) {
		return
	}
	if a.tap == nil {
		if h := a.handlers.Value(); h != nil {
			h.release(a)
		}
		return
	}
	fields.Lock()
	defer fields.Unlock()
	a.tap.target.CompareAndSwap(a, nil)
	s := a.session.Value()
	if s == nil || a.tap.stays() || !soon(s.TryLock, patience) {
		return
	}
	defer s.Unlock()
	if !a.tap.stays() && !opened(s) { // a call may have been made meanwhile
		a.tap.restore(s)
	}
}

// deafAfter is how long a session may be connected according to discordgo,
// without a connection of the tap, before that is a fault. discordgo notices the
// end of a connection with a short delay.
const deafAfter = 5 * time.Second

var errDeaf = errors.New("Session.Dialer was replaced after the session was attached: heartbeats, close codes and dispatches are not measured; set Session.Dialer before you attach the session")

// ready reports whether the session is up. Without a tap, or with a deaf one, it
// is the session's own value, or the last one while the session's lock is
// unavailable.
func (a *attachment) ready() bool {
	if a.tap == nil || a.deaf.Load() {
		return a.locked.last().dataReady
	}
	c := a.tap.conn.Load()
	return c != nil && c.up()
}

// dispatch counts one dispatch that the tap has seen, in the gateway's order.
//
// Dispatches that are replayed before RESUMED may have been seen before: when a
// connection ends, discordgo drops what it has read but not handled, and requests
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
	r := a.count(p)
	if p.Event == wire.EventInteractionCreate {
		a.inst.timers.start(r.id, r.at)
		if a.answersSeen() {
			a.inst.acks.receive(r, r.commandIn(a.inst.commands, p))
		}
	}
	if followed(p) {
		a.follow(p)
	}
}

// followed reports whether follow uses the dispatch.
func followed(p *wire.Packet) bool {
	switch p.Event {
	case wire.EventReady, wire.EventResumed,
		wire.EventGuildCreate, wire.EventGuildDelete, wire.EventGuildMemberAdd, wire.EventGuildMemberRemove:
		return true
	}
	return false
}

// follow updates what the attachment keeps. Dispatches must come in order.
func (a *attachment) follow(p *wire.Packet) {
	switch p.Event {
	case wire.EventReady:
		a.inst.eventLog.ready(a.shard.Load())
		a.held.Store(nil)
		if a.started.Swap(true) {
			a.shard.Load().reconnects[kindIdentify].n.Add(1)
		}
	case wire.EventResumed:
		a.inst.eventLog.resumed(a.shard.Load())
		a.held.Store(nil)
		a.started.Store(true)
		a.shard.Load().reconnects[kindResume].n.Add(1)
	}
	a.inst.eventLog.guild(&a.guilds, p, a.shard.Load())
	a.guilds.apply(p)
}

// count counts a dispatch, in any order, and returns the receipt of an
// interaction.
func (a *attachment) count(p *wire.Packet) (r receipt) {
	i := a.inst
	a.shard.Load().events.n.Add(1)
	i.events[p.Event].n.Add(1)
	if p.Event == wire.EventInteractionCreate {
		r = i.received(p, arrival{
			at: time.Now(), shard: a.shard.Load(), ctx: context.Background(), guilds: &a.guilds,
			heard: a.tap != nil, awaited: a.answersSeen() && !i.acks.off,
		})
	}
	return r
}

// answersSeen reports whether the session's REST calls are seen. discordgo requests
// the gateway's address before it dials: if the tap has seen no REST call when a
// dispatch arrives, the Client was replaced after the session was attached.
func (a *attachment) answersSeen() bool { return a.tap != nil && a.tap.called.Load() }
