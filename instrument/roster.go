package instrument

import (
	"errors"
	"fmt"
	"time"
)

// A roster assigns the attached sessions to shards.
type roster struct {
	shards map[*shard]*attachment // the session that represents each shard
	seats  map[seat]*attachment   // the same by shard count; several counts exist while the bot is scaled
	mixed  bool                   // whether there are several shard counts
}

// A seat is a shard under one shard count.
type seat struct {
	of    *shard
	count int
}

// newRoster selects among sessions. Several can have the same shard id, for
// example while one replaces another. Then the one that is up represents the
// shard, and of two such sessions the later one.
func newRoster(sessions []*attachment) roster {
	r := roster{shards: map[*shard]*attachment{}, seats: map[seat]*attachment{}}
	counts := 0
	for _, a := range sessions {
		if !a.speaks() || a.outdated(sessions) {
			continue
		}
		of := a.shard.Load()
		at := seat{of, a.settings.Load().shardCount}
		if before := r.seats[at]; before == nil || a.ready() || !before.ready() {
			r.seats[at] = a
		}
		if before := r.shards[of]; before == nil || a.ready() || !before.ready() {
			r.shards[of] = a
		}
		r.mixed = r.mixed || counts != 0 && counts != at.count
		counts = at.count
	}
	return r
}

// speaks reports whether a session counts as a shard. If it was attached after it
// had been opened, or its tap is deaf, its closing cannot be detected.
func (a *attachment) speaks() bool {
	switch {
	case a.left.Load():
		return false
	case a.tap == nil || a.deaf.Load():
		return true
	default:
		return a.presence.opened() && !a.presence.over()
	}
}

// outdated reports whether a session that is not up has another shard count than
// a session that was opened later and is up: the bot has been scaled.
func (a *attachment) outdated(sessions []*attachment) bool {
	if a.ready() {
		return false
	}
	count, began := a.settings.Load().shardCount, a.presence.began.Load()
	for _, b := range sessions {
		if b.settings.Load().shardCount != count && b.presence.began.Load() > began && b.speaks() && b.ready() {
			return true
		}
	}
	return false
}

// guilds sums the guilds of all shards. While the bot is scaled, two shards can
// have the same guild, which counts once.
func (r roster) guilds() (sum guildCounts, known bool) {
	all := map[uint64]guild{}
	for at, a := range r.seats {
		if !r.hears(at, a) {
			continue
		}
		if r.mixed {
			known = a.guilds.addTo(all) || known
		} else if counts, ok := a.guilds.read(); ok {
			known = true
			sum.available += counts.available
			sum.unavailable += counts.unavailable
			sum.members += counts.members
			sum.uncounted += counts.uncounted
		}
	}
	for _, g := range all {
		sum.add(g, 1)
	}
	return sum, known
}

// hears reports whether the guilds of a seat's session are those of its shard.
func (r roster) hears(at seat, a *attachment) bool {
	return a.settings.Load().guilds && (a.ready() || r.shards[at.of] == a)
}

// caching returns the sessions whose caches are counted. While the bot is scaled,
// the caches of both shard counts have the same content. Those of the count with
// more guilds are then used.
func (r roster) caching() []*attachment {
	var sessions []*attachment
	if !r.mixed {
		for _, a := range r.shards {
			sessions = append(sessions, a)
		}
		return sessions
	}
	guilds, latest := map[int]int64{}, map[int]int64{}
	for at, a := range r.seats {
		counts, _ := a.guilds.read()
		guilds[at.count] += counts.available
		latest[at.count] = max(latest[at.count], a.presence.began.Load())
	}
	best := 0
	for count := range guilds {
		if best == 0 || guilds[count] > guilds[best] || guilds[count] == guilds[best] && latest[count] > latest[best] {
			best = count
		}
	}
	for at, a := range r.seats {
		if at.count == best {
			sessions = append(sessions, a)
		}
	}
	return sessions
}

// total returns the shard count of the bot, or 0 if it is unknown.
func (r roster) total(sessions []*attachment) (total int) {
	for at := range r.seats {
		total = max(total, at.count)
	}
	for _, a := range r.toCome(sessions) {
		if set := a.settings.Load(); set.sharded {
			total = max(total, set.shardCount)
		}
	}
	return total
}

// toCome returns the sessions that will become shards, as far as that can be
// determined. Sessions with a declared shard count do. A session with discordgo's
// default may be the only session of a bot, or one for REST calls in addition to
// its shards.
func (r roster) toCome(sessions []*attachment) []*attachment {
	var sharded, others []*attachment
	for _, a := range sessions {
		switch {
		case a.left.Load() || a.speaks() || a.presence.opened():
		case a.settings.Load().sharded:
			if !r.scaledSince(a) {
				sharded = append(sharded, a)
			}
		case !a.restOnly():
			others = append(others, a)
		}
	}
	if len(sharded) > 0 || len(r.seats) > 0 {
		return sharded
	}
	return others
}

// scaledSince reports whether a session that was not opened yet has another shard
// count than a session that was attached later and is up.
func (r roster) scaledSince(a *attachment) bool {
	for at, b := range r.seats {
		if at.count != a.settings.Load().shardCount && b.since.After(a.since) && b.ready() {
			return true
		}
	}
	return false
}

// restOnlyAfter is how long a session that makes REST calls may take to request
// the gateway's address. After that it counts as a session that makes only REST
// calls. A bot may register its commands, or request its own user, before it
// opens its session.
const restOnlyAfter = 30 * time.Second

// restOnly reports whether a session makes only REST calls.
func (a *attachment) restOnly() bool {
	if a.presence.asked.Load() {
		return false
	}
	return a.inst.byHTTP() || a.presence.rest.Load() && time.Since(a.since) >= restOnlyAfter
}

// byHTTP reports whether the bot is known to need no gateway.
func (i *Instrumentation) byHTTP() bool { return i.withoutGateway || i.endpoint.used.Load() }

// expected returns the number of shards that are up, and of all shards including
// future ones.
func (r roster) expected(sessions []*attachment) (up, expected int) {
	for _, a := range r.shards {
		up += int(oneIf(a.ready()))
	}
	awaited := map[*shard]bool{}
	for _, a := range r.toCome(sessions) {
		if of := a.shard.Load(); r.shards[of] == nil {
			awaited[of] = true
		}
	}
	return up, len(r.shards) + len(awaited)
}

// ShardsUp returns the number of shards that are up, and the number of all
// shards, including those that wait to be opened. Sessions that make only REST
// calls, and those that the bot has closed, are not shards; see
// [Instrumentation.Ready]. ShardsUp never waits for a lock of discordgo's.
func (i *Instrumentation) ShardsUp() (up, configured int) {
	sessions := i.readable()
	return newRoster(sessions).expected(sessions)
}

var (
	errNoSession = errors.New("no session is attached")
	errAllClosed = errors.New("every session has been closed")
)

// Ready returns nil if the bot can do its work, and otherwise the reason, which
// contains no secret. Use it for a readiness probe. A bot with shards is ready
// when all of them are up, including the pending ones. A session that was not
// opened yet counts as a pending shard if it has a shard count (ShardCount above
// 1 or Identify.Shard), unless a session with another count was attached later
// and is up. Without a shard count it is pending only if no other session is a
// shard or has a shard count, and not if it makes only REST calls. A session is
// taken to do so if it has not requested the gateway's address, and
//
//   - [WithoutGateway] is set,
//   - [Instrumentation.InteractionEndpoint] is in use, or
//   - it has made other REST calls and has been attached for 30 s.
//
// Ready never waits for a lock of discordgo's.
func (i *Instrumentation) Ready() error {
	sessions := i.readable()
	up, expected := newRoster(sessions).expected(sessions)
	switch {
	case up < expected:
		return fmt.Errorf("%d of %d shards are up", up, expected)
	case expected > 0:
		return nil
	}
	switch {
	case i.opened.Load():
		return errAllClosed
	case len(sessions) == 0 && !i.byHTTP():
		return errNoSession
	default:
		return nil
	}
}

// readable returns the attachments, after reading the sessions without a tap.
func (i *Instrumentation) readable() []*attachment {
	sessions := i.present()
	for _, a := range sessions {
		if s := a.session.Value(); s != nil && a.tap == nil {
			_, _ = a.locked.read(s)
		}
	}
	return sessions
}
