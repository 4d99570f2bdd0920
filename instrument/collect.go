package instrument

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/metric"
)

// collect is the callback: it reads everything when somebody asks.
func (i *Instrumentation) collect(_ context.Context, o metric.Observer) error {
	defer i.faults.catch(hookState)
	m := &i.metrics
	count := func(c *cell, of metric.Int64ObservableCounter) {
		if n := c.n.Load(); n > 0 || !c.quiet {
			o.ObserveInt64(of, int64(n), c.opts...) //nolint:gosec // no counter gets that far
		}
	}
	each := func(cells []cell, of metric.Int64ObservableCounter) {
		for n := range cells {
			count(&cells[n], of)
		}
	}

	o.ObserveInt64(m.up, 1)
	o.ObserveInt64(m.botInfo, 1, i.info...)
	o.ObserveFloat64(m.uptime, time.Since(i.start).Seconds())
	each(i.events, m.events)
	each(i.interactions.cells, m.interactions)
	now := time.Now()
	if offset, known := i.skew.least(now); known {
		o.ObserveFloat64(m.clockOffset, offset.Seconds())
	}
	i.rateLimits.each(func(c *cell) { count(c, m.rateLimits) })
	if i.tapped.Load() {
		if !i.acks.off {
			i.acks.settle(now)
			each(i.acks.cells, m.acks)
			count(&i.acks.evicted, m.evicted)
		}
		each(i.requests.invalid, m.invalidRequests)
		each(i.requests.errors, m.restErrors)
		each(i.requests.proxied, m.proxyResponses)
		o.ObserveInt64(m.requestsInFlight, i.requests.inFlight.Load())
		each(i.io, m.io)
		i.collectSessionStart(o, now)
		i.expireHandshakes()
	}
	if i.logs != nil {
		each(i.logs.cells, m.logRecords)
	}
	wrapped := i.timers.used.Load()
	i.commands.each(func(c *command) {
		if wrapped || c.app.any() {
			each(c.app.cells[:], m.appCommands)
		}
		if c.text.any() { // nobody says beforehand what is a prefix command
			each(c.text.cells[:], m.commands)
		}
	})
	i.commands.errors.each(func(c *cell) { count(c, m.commandErrors) })
	o.ObserveInt64(m.commandNames, int64(len(*i.commands.names.Load())))
	count(&i.timers.evicted, m.evicted)
	for _, s := range i.shards.list() {
		each(s.reconnects, m.reconnects)
		if s.tapped.Load() {
			each(s.disconnects, m.disconnects)
			each(s.handshakes, m.handshakes)
			each(s.sent, m.sent)
		}
	}
	i.collectSessions(o)
	for n := range i.hookOpts {
		o.ObserveInt64(m.faults, int64(i.faults.counts[n].Load()), i.hookOpts[n]...) //nolint:gosec // as above
	}
	return nil
}

// collectSessionStart gives the budget of IDENTIFYs. What is left of it is known
// until it is set back.
func (i *Instrumentation) collectSessionStart(o metric.Observer, now time.Time) {
	limit := i.sessionStart.last.Load()
	if limit == nil {
		return
	}
	m := &i.metrics
	o.ObserveInt64(m.startMostOnce, *limit.MaxConcurrency)
	if now.Before(limit.reset) {
		o.ObserveInt64(m.startTotal, *limit.Total)
		o.ObserveInt64(m.startRemaining, *limit.Remaining)
		o.ObserveFloat64(m.startReset, unixSeconds(limit.reset.UnixNano()))
	}
}

// unixSeconds is Unix time in the unit of the metrics.
func unixSeconds(nanoseconds int64) float64 { return float64(nanoseconds) / float64(time.Second) }

// expireHandshakes counts those that have taken too long.
func (i *Instrumentation) expireHandshakes() {
	for _, a := range *i.attached.Load() {
		if a.tap == nil {
			continue
		}
		if c := a.tap.openConn(); c != nil {
			c.handshake.expire(a.shard.Load())
		}
	}
}

// collectSessions reads the sessions. Of several with one shard id, as while
// one takes over from another, the one that is up speaks for the shard, and of
// two of those the later one.
func (i *Instrumentation) collectSessions(o metric.Observer) {
	m := &i.metrics
	speaker := map[*shard]*attachment{}
	refused := map[*shard]time.Duration{}
	var (
		cache           cacheCounts
		cacheKnown      bool
		voice           int64
		voiceKnown      bool
		total, sessions int64
	)
	for _, a := range *i.attached.Load() {
		i.watch(func() {
			locked, fresh := a.locked.read(a.session)
			a.checkTap(fresh && locked.dataReady)
			voice += locked.voiceClients
			voiceKnown = voiceKnown || locked.known
			total = max(total, int64(a.settings.Load().shardCount))
			if a.tap == nil {
				a.order.settle(time.Now())
			}
		})
		sessions++
		of := a.shard.Load()
		refused[of] = max(refused[of], a.locked.unavailable())
		if before := speaker[of]; before == nil || a.ready() || !before.ready() {
			speaker[of] = a
		}
	}

	var connected int64
	var guilds guildCounts
	guildsKnown, membersKnown := false, true
	for of, a := range speaker {
		up := oneIf(a.ready())
		connected += up
		o.ObserveInt64(m.shardUp, up, of.opts...)
		o.ObserveFloat64(m.lockUnavailable, refused[of].Seconds(), of.opts...)
		i.collectLife(o, a, of)
		if latency, ok := a.heartbeat(); ok {
			o.ObserveFloat64(m.shardLatency, latency.Seconds(), of.opts...)
		}
		set := a.settings.Load()
		if set.cached {
			i.watch(func() {
				if counts, ok := a.cache.read(set.state); ok {
					cache.add(counts)
					cacheKnown = true
				}
			})
		}
		if !set.guilds {
			continue
		}
		if counts, ok := a.guilds.read(); ok {
			guildsKnown = true
			guilds.available += counts.available
			guilds.unavailable += counts.unavailable
			guilds.members += counts.members
			membersKnown = membersKnown && counts.uncounted == 0
		}
	}
	o.ObserveInt64(m.shardsConnected, connected)
	o.ObserveInt64(m.shardsConfigured, int64(len(speaker)))
	if sessions > 0 {
		o.ObserveInt64(m.shardsTotal, total)
	}
	if guildsKnown {
		o.ObserveInt64(m.guilds, guilds.available)
		o.ObserveInt64(m.guildsUnavailable, guilds.unavailable)
		if membersKnown {
			o.ObserveInt64(m.members, guilds.members)
		}
	}
	if voiceKnown {
		o.ObserveInt64(m.voiceClients, voice)
	}
	if cacheKnown {
		for n, v := range [...]int64{
			cache.members, cache.channels, cache.threads, cache.privateChannels,
			cache.roles, cache.emojis, cache.stickers, cache.voiceStates, cache.presences,
		} {
			o.ObserveInt64(m.cache[n], v)
		}
	}
}

// collectLife reads what the tap knows of a session's connection. One that is
// deaf does not know it.
func (i *Instrumentation) collectLife(o metric.Observer, a *attachment, of *shard) {
	if a.tap == nil || a.deaf.Load() {
		return
	}
	m := &i.metrics
	state, since := a.life.read()
	for n, opts := range of.states {
		o.ObserveInt64(m.shardState, oneIf(n == state), opts...)
	}
	o.ObserveFloat64(m.stateChange, unixSeconds(since.UnixNano()), of.opts...)
	seen := func(gauge metric.Float64ObservableGauge, nanoseconds int64) {
		if nanoseconds != 0 {
			o.ObserveFloat64(gauge, unixSeconds(nanoseconds), of.opts...)
		}
	}
	seen(m.heartbeatAck, a.life.lastAck.Load())
	seen(m.lastEvent, a.life.lastEvent.Load())
	seen(m.heartbeatInterval, a.life.interval.Load())
}

func oneIf(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// watch keeps one session's trouble from the others.
func (i *Instrumentation) watch(read func()) {
	defer i.faults.catch(hookState)
	read()
}

// heartbeat returns the last completed round trip of the connection that is
// open.
func (a *attachment) heartbeat() (time.Duration, bool) {
	if a.tap == nil {
		return 0, false
	}
	c := a.tap.openConn()
	if c == nil {
		return 0, false
	}
	latency := c.latency.Load()
	return time.Duration(latency), latency != 0
}

// checkTap notices a session that is connected by a Dialer that is not the
// tap's. connected is whether discordgo says that it is.
func (a *attachment) checkTap(connected bool) {
	if a.tap == nil {
		return
	}
	if !connected || a.tap.openConn() != nil {
		a.deafSince.Store(0)
		a.deaf.Store(false)
		return
	}
	now := clock()
	since := a.deafSince.Load()
	if since == 0 {
		a.deafSince.CompareAndSwap(0, now)
		return
	}
	if time.Duration(now-since) >= deafAfter && !a.deaf.Swap(true) {
		a.inst.faults.report(hookTap, errDeaf)
	}
}

// ShardsUp returns how many of the attached shards are up, and how many there
// are: what a readiness probe asks. It never waits for a lock of discordgo's.
func (i *Instrumentation) ShardsUp() (up, configured int) {
	state := map[*shard]bool{}
	for _, a := range *i.attached.Load() {
		if a.tap == nil {
			_, _ = a.locked.read(a.session)
		}
		of := a.shard.Load()
		state[of] = state[of] || a.ready()
	}
	for _, ready := range state {
		if ready {
			up++
		}
	}
	return up, len(state)
}
