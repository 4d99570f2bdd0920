package instrument

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/argus-dgo/argus/catalog"
)

// metrics are the instruments.
type metrics struct {
	shardLatency                                   metric.Float64ObservableGauge
	shardUp                                        metric.Int64ObservableGauge
	shardsConnected, shardsConfigured, shardsTotal metric.Int64ObservableGauge
	events, disconnects, reconnects                metric.Int64ObservableCounter

	guilds, guildsUnavailable, members metric.Int64ObservableGauge
	cache                              [9]metric.Int64ObservableGauge // in the order of cacheCounts.each
	voiceClients                       metric.Int64ObservableGauge

	interactions, appCommands, commands, commandErrors metric.Int64ObservableCounter
	appCommandDuration, commandDuration                metric.Float64Histogram
	registered                                         metric.Int64ObservableGauge

	rateLimits metric.Int64ObservableCounter

	uptime          metric.Float64ObservableGauge
	botInfo, up     metric.Int64ObservableGauge
	faults, evicted metric.Int64ObservableCounter
}

// A maker makes instruments from rows of the catalog and gathers what went
// wrong.
type maker struct {
	meter      metric.Meter
	namespace  string
	observable []metric.Observable
	errs       []error
}

func (m *maker) note(o metric.Observable, err error, c catalog.Instrument) {
	if err != nil {
		m.errs = append(m.errs, fmt.Errorf("instrument: making %s: %w", c.Name, err))
		return
	}
	m.observable = append(m.observable, o)
}

func (m *maker) gauge(c catalog.Instrument) metric.Int64ObservableGauge {
	c = c.In(m.namespace)
	g, err := m.meter.Int64ObservableGauge(c.Name, metric.WithDescription(c.Description), metric.WithUnit(c.Unit))
	m.note(g, err, c)
	return g
}

func (m *maker) seconds(c catalog.Instrument) metric.Float64ObservableGauge {
	c = c.In(m.namespace)
	g, err := m.meter.Float64ObservableGauge(c.Name, metric.WithDescription(c.Description), metric.WithUnit(c.Unit))
	m.note(g, err, c)
	return g
}

func (m *maker) counter(c catalog.Instrument) metric.Int64ObservableCounter {
	c = c.In(m.namespace)
	n, err := m.meter.Int64ObservableCounter(c.Name, metric.WithDescription(c.Description), metric.WithUnit(c.Unit))
	m.note(n, err, c)
	return n
}

func (m *maker) histogram(c catalog.Instrument) metric.Float64Histogram {
	c = c.In(m.namespace)
	h, err := m.meter.Float64Histogram(c.Name, metric.WithDescription(c.Description), metric.WithUnit(c.Unit),
		metric.WithExplicitBucketBoundaries(c.Buckets...))
	if err != nil {
		m.errs = append(m.errs, fmt.Errorf("instrument: making %s: %w", c.Name, err))
	}
	return h
}

func (m *maker) all() metrics {
	return metrics{
		shardLatency:     m.seconds(catalog.ShardLatency),
		shardUp:          m.gauge(catalog.ShardUp),
		shardsConnected:  m.gauge(catalog.ShardsConnected),
		shardsConfigured: m.gauge(catalog.ShardsConfigured),
		shardsTotal:      m.gauge(catalog.ShardsTotal),
		events:           m.counter(catalog.GatewayEvents),
		disconnects:      m.counter(catalog.ShardDisconnects),
		reconnects:       m.counter(catalog.ShardReconnects),

		guilds:            m.gauge(catalog.Guilds),
		guildsUnavailable: m.gauge(catalog.GuildsUnavailable),
		members:           m.gauge(catalog.Members),
		cache: [...]metric.Int64ObservableGauge{
			m.gauge(catalog.CachedMembers),
			m.gauge(catalog.Channels),
			m.gauge(catalog.Threads),
			m.gauge(catalog.PrivateChannels),
			m.gauge(catalog.Roles),
			m.gauge(catalog.Emojis),
			m.gauge(catalog.Stickers),
			m.gauge(catalog.VoiceStates),
			m.gauge(catalog.Presences),
		},
		voiceClients: m.gauge(catalog.VoiceClients),

		interactions:       m.counter(catalog.Interactions),
		appCommands:        m.counter(catalog.AppCommands),
		commands:           m.counter(catalog.Commands),
		commandErrors:      m.counter(catalog.CommandErrors),
		appCommandDuration: m.histogram(catalog.AppCommandDuration),
		commandDuration:    m.histogram(catalog.CommandDuration),
		registered:         m.gauge(catalog.AppCommandsRegistered),

		rateLimits: m.counter(catalog.RateLimits),

		uptime:  m.seconds(catalog.Uptime),
		botInfo: m.gauge(catalog.BotInfo),
		up:      m.gauge(catalog.Up),
		faults:  m.counter(catalog.InstrumentationErrors),
		evicted: m.counter(catalog.TimersEvicted),
	}
}

// newMetrics makes every instrument of the catalog that is this package's.
func newMetrics(meter metric.Meter, namespace string) (metrics, []metric.Observable, error) {
	m := maker{meter: meter, namespace: namespace}
	all := m.all()
	return all, m.observable, errors.Join(m.errs...)
}

// buildInfo is the one series of discord.bot.info.
func buildInfo() []metric.ObserveOption {
	version := "v" + discordgo.VERSION
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "github.com/bwmarrin/discordgo" {
				version = d.Version // tells apart what VERSION does not: a commit, a fork
				if d.Replace != nil && d.Replace.Version != "" {
					version = d.Replace.Version
				}
			}
		}
	}
	return labelled(
		attribute.String("discordgo_version", version),
		attribute.String("argus_version", "v"+Version),
		attribute.String("go_version", runtime.Version()),
	)
}

// collect is the callback: it reads everything when somebody asks.
func (i *Instrumentation) collect(_ context.Context, o metric.Observer) error {
	defer i.faults.catch(hookState)
	m := &i.metrics
	count := func(c *cell, of metric.Int64ObservableCounter) {
		if n := c.n.Load(); n > 0 || !c.quiet {
			o.ObserveInt64(of, int64(n), c.opts...) //nolint:gosec // no counter gets that far
		}
	}

	o.ObserveInt64(m.up, 1)
	o.ObserveInt64(m.botInfo, 1, i.info...)
	o.ObserveFloat64(m.uptime, time.Since(i.start).Seconds())
	for n := range i.events {
		count(&i.events[n], m.events)
	}
	for n := range i.interactions.cells {
		count(&i.interactions.cells[n], m.interactions)
	}
	i.rateLimits.each(func(c *cell) { count(c, m.rateLimits) })
	i.commands.each(func(c *command) {
		for n := range commandStatuses {
			count(&c.app.cells[n], m.appCommands)
			count(&c.text.cells[n], m.commands)
		}
	})
	i.commands.errors.each(func(c *cell) { count(c, m.commandErrors) })
	o.ObserveInt64(m.registered, int64(len(*i.commands.names.Load())))
	o.ObserveInt64(m.evicted, int64(i.timers.evicted.Load())) //nolint:gosec // as above
	for _, s := range i.shards.list() {
		for n := range s.disconnects {
			if s.tapped.Load() {
				count(&s.disconnects[n], m.disconnects)
			}
		}
		for n := range s.reconnects {
			count(&s.reconnects[n], m.reconnects)
		}
	}
	i.collectSessions(o)
	for n := range i.hookOpts {
		o.ObserveInt64(m.faults, int64(i.faults.counts[n].Load()), i.hookOpts[n]...) //nolint:gosec // as above
	}
	return nil
}

// collectSessions reads the sessions. Of several with one shard id, as while
// one takes over from another, the one that is up speaks for the shard, and of
// two of those the later one.
func (i *Instrumentation) collectSessions(o metric.Observer) {
	m := &i.metrics
	speaker := map[*shard]*attachment{}
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
		if before := speaker[of]; before == nil || a.ready() || !before.ready() {
			speaker[of] = a
		}
	}

	var connected int64
	var guilds guildCounts
	guildsKnown, membersKnown := false, true
	for of, a := range speaker {
		up := int64(0)
		if a.ready() {
			up = 1
		}
		connected += up
		o.ObserveInt64(m.shardUp, up, of.opts...)
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
