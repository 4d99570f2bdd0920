package instrument

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/metric"
)

// collect is the callback: it reads everything at each collection.
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

	up := int64(1)
	if i.ending.Load() {
		up = 0
	}
	o.ObserveInt64(m.up, up)
	o.ObserveInt64(m.botInfo, 1, i.info...)
	o.ObserveFloat64(m.uptime, time.Since(i.start).Seconds())
	if cpu, limited := i.group.CPU(); limited {
		o.ObserveFloat64(m.cpuLimit, cpu.Limit)
		o.ObserveFloat64(m.cpuThrottled, cpu.Throttled.Seconds())
	}
	each(i.events, m.events)
	each(i.interactions.cells, m.interactions)
	now := time.Now()
	if offset, known := i.skew.least(now); known {
		o.ObserveFloat64(m.clockOffset, offset.Seconds())
	}
	i.rateLimits.each(func(c *cell) { count(c, m.rateLimits) })
	if (i.tapped.Load() || i.endpoint.used.Load()) && !i.acks.off {
		i.acks.settle(now)
		each(i.acks.cells, m.acks)
		count(&i.acks.evicted, m.evicted)
	}
	if i.tapped.Load() {
		each(i.requests.invalid, m.invalidRequests)
		each(i.requests.errors, m.restErrors)
		each(i.requests.proxied, m.proxyResponses)
		o.ObserveInt64(m.requestsInFlight, i.requests.inFlight.Load())
		each(i.io, m.io)
		each(i.voice, m.voiceDisconnects)
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
		if c.text.any() { // prefix commands are not known beforehand
			each(c.text.cells[:], m.commands)
		}
	})
	i.commands.errors.each(func(c *cell) { count(c, m.commandErrors) })
	i.tasks.errors.each(func(c *cell) { count(c, m.taskErrors) })
	o.ObserveInt64(m.commandNames, int64(len(*i.commands.names.Load())))
	count(&i.timers.evicted, m.evicted)
	if i.traces != nil {
		count(&i.traces.dropped, m.dropped)
		count(&i.tracker.evicted, m.dropped)
	}
	if i.eventLog != nil {
		count(&i.eventLog.dropped, m.dropped)
		count(&i.eventLog.evicted, m.dropped)
	}
	for _, s := range i.shards.list() {
		if !s.seen.Load() {
			continue
		}
		count(&s.events, m.shardEvents)
		each(s.reconnects, m.reconnects)
		if s.tapped.Load() {
			each(s.attempts, m.attempts)
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

// collectSessionStart reports the budget of IDENTIFYs. What remains of it is
// known only until the next reset.
func (i *Instrumentation) collectSessionStart(o metric.Observer, now time.Time) {
	limit := i.sessionStart.last.Load()
	if limit == nil {
		return
	}
	m := &i.metrics
	o.ObserveInt64(m.startMostOnce, *limit.MaxConcurrency)
	if now.Before(limit.until) {
		o.ObserveInt64(m.startLimit, *limit.Total)
		o.ObserveInt64(m.startRemaining, *limit.Remaining)
		if *limit.ResetAfter > 0 {
			o.ObserveFloat64(m.startReset, unixSeconds(limit.reset.UnixNano()))
		}
	}
}

// unixSeconds converts Unix time in nanoseconds to the unit of the metrics.
func unixSeconds(nanoseconds int64) float64 { return float64(nanoseconds) / float64(time.Second) }

// expireHandshakes counts handshakes that have timed out.
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

// collectSessions reads the sessions and reports them by shard.
func (i *Instrumentation) collectSessions(o metric.Observer) {
	m := &i.metrics
	sessions := i.present()
	var attached [2]int64 // by catalog.Attachings
	for _, a := range sessions {
		i.watch(func() { a.look() })
		if !a.presence.over() {
			attached[oneIf(a.tap == nil)]++
		}
	}
	for n, opts := range i.attachOpts {
		o.ObserveInt64(m.attached, attached[n], opts...)
	}
	r := newRoster(sessions)
	var (
		voice      int64
		voiceKnown bool
		refused    = map[*shard]time.Duration{}
	)
	for _, a := range sessions {
		locked := a.locked.last()
		voice += locked.voiceClients // also of a closed session: closing leaves them open
		voiceKnown = voiceKnown || locked.known
		if of := a.shard.Load(); a.speaks() {
			refused[of] = max(refused[of], a.locked.unavailable())
		}
	}

	var connected int64
	for of, a := range r.shards {
		up := oneIf(a.ready())
		connected += up
		o.ObserveInt64(m.shardUp, up, of.opts...)
		o.ObserveFloat64(m.lockUnavailable, refused[of].Seconds(), of.opts...)
		i.collectLife(o, a, of)
		if latency, ok := a.heartbeat(); ok {
			o.ObserveFloat64(m.shardLatency, latency.Seconds(), of.opts...)
		}
	}
	o.ObserveInt64(m.shardsConnected, connected)
	o.ObserveInt64(m.shardsConfigured, int64(len(r.shards)))
	if total := r.total(sessions); total > 0 {
		o.ObserveInt64(m.botShards, int64(total))
	}
	if guilds, known := r.guilds(); known {
		o.ObserveInt64(m.guilds, guilds.available)
		o.ObserveInt64(m.guildsUnavailable, guilds.unavailable)
		if guilds.uncounted == 0 {
			o.ObserveInt64(m.members, guilds.members)
		}
	}
	if voiceKnown {
		o.ObserveInt64(m.voiceClients, voice)
	}
	i.collectCaches(o, r.caching())
}

// look updates what a collection reads from the session.
func (a *attachment) look() {
	s := a.session.Value()
	if s == nil {
		return
	}
	locked, fresh := a.locked.read(s)
	a.checkTap(fresh && locked.dataReady)
	if a.tap == nil {
		a.order.settle(time.Now())
	}
}

// collectCaches reads the sizes of discordgo's caches.
func (i *Instrumentation) collectCaches(o metric.Observer, sessions []*attachment) {
	var cache cacheCounts
	known := false
	for _, a := range sessions {
		set := a.settings.Load()
		if !set.cached {
			continue
		}
		i.watch(func() {
			if counts, ok := a.cache.read(set.state); ok {
				cache.add(counts)
				known = true
			}
		})
	}
	if !known {
		return
	}
	for part, n := range cache {
		o.ObserveInt64(i.metrics.cache[part], n)
	}
}

// collectLife reports the state of a session's connection as the tap has seen it.
// A deaf tap reports nothing.
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

// watch keeps a fault with one session from affecting the others.
func (i *Instrumentation) watch(read func()) {
	defer i.faults.catch(hookState)
	read()
}

// heartbeat returns the last completed round trip of the open connection.
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

// checkTap detects a session that is connected by a Dialer other than the tap's.
// connected is whether discordgo considers it connected.
func (a *attachment) checkTap(connected bool) {
	if a.tap == nil {
		return
	}
	if !connected || a.tap.openConn() != nil {
		a.deafLook.Store(0)
		a.deafFor.Store(0)
		a.deaf.Store(false)
		return
	}
	now := clock()
	last := a.deafLook.Swap(now)
	if last == 0 {
		return
	}
	// The process, and with it discordgo, may have been paused since the last
	// check.
	deafFor := a.deafFor.Add(min(now-last, int64(deafAfter)/2))
	if time.Duration(deafFor) >= deafAfter && !a.deaf.Swap(true) {
		a.inst.faults.report(hookTap, errDeaf)
	}
}
