package instrument

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/excerpt"
)

// metrics are the instruments.
type metrics struct {
	shardLatency                                 metric.Float64ObservableGauge
	shardUp                                      metric.Int64ObservableGauge
	shardsConnected, shardsConfigured, botShards metric.Int64ObservableGauge
	attached                                     metric.Int64ObservableGauge
	events, disconnects, reconnects              metric.Int64ObservableCounter
	attempts, voiceDisconnects, shardEvents      metric.Int64ObservableCounter

	shardState                                metric.Int64ObservableGauge
	stateChange, heartbeatAck, lastEvent      metric.Float64ObservableGauge
	heartbeatInterval, lockUnavailable        metric.Float64ObservableGauge
	handshakes, sent, io                      metric.Int64ObservableCounter
	startRemaining, startLimit, startMostOnce metric.Int64ObservableGauge
	startReset                                metric.Float64ObservableGauge

	guilds, guildsUnavailable, members metric.Int64ObservableGauge
	cache                              [cacheParts]metric.Int64ObservableGauge
	voiceClients                       metric.Int64ObservableGauge

	interactions, appCommands, commands, commandErrors metric.Int64ObservableCounter
	appCommandDuration, commandDuration                metric.Float64Histogram
	taskDuration                                       metric.Float64Histogram
	taskErrors                                         metric.Int64ObservableCounter
	commandNames                                       metric.Int64ObservableGauge

	acks                       metric.Int64ObservableCounter
	receiptAge, handlerDelay   metric.Float64Histogram
	responseDelay, ackDuration metric.Float64Histogram
	clockOffset                metric.Float64ObservableGauge

	rateLimits, invalidRequests, restErrors metric.Int64ObservableCounter
	proxyResponses                          metric.Int64ObservableCounter
	requestDuration, queueWait              metric.Float64Histogram
	requestsInFlight                        metric.Int64ObservableUpDownCounter

	uptime, cpuLimit metric.Float64ObservableGauge
	cpuThrottled     metric.Float64ObservableCounter
	botInfo, up      metric.Int64ObservableGauge
	faults, evicted  metric.Int64ObservableCounter
	logRecords       metric.Int64ObservableCounter
	dropped          metric.Int64ObservableCounter
}

// A maker makes instruments from rows of the catalog and collects the errors.
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

func (m *maker) cacheGauges() (gauges [cacheParts]metric.Int64ObservableGauge) {
	for part, instrument := range cacheInstruments {
		gauges[part] = m.gauge(instrument)
	}
	return gauges
}

func (m *maker) gauge(c catalog.Instrument) metric.Int64ObservableGauge {
	c = c.In(m.namespace)
	g, err := m.meter.Int64ObservableGauge(c.Name, metric.WithDescription(c.Description), metric.WithUnit(c.Unit))
	m.note(g, err, c)
	return g
}

func (m *maker) floats(c catalog.Instrument) metric.Float64ObservableGauge {
	c = c.In(m.namespace)
	g, err := m.meter.Float64ObservableGauge(c.Name, metric.WithDescription(c.Description), metric.WithUnit(c.Unit))
	m.note(g, err, c)
	return g
}

func (m *maker) floatCounter(c catalog.Instrument) metric.Float64ObservableCounter {
	c = c.In(m.namespace)
	n, err := m.meter.Float64ObservableCounter(c.Name, metric.WithDescription(c.Description), metric.WithUnit(c.Unit))
	m.note(n, err, c)
	return n
}

func (m *maker) counter(c catalog.Instrument) metric.Int64ObservableCounter {
	c = c.In(m.namespace)
	n, err := m.meter.Int64ObservableCounter(c.Name, metric.WithDescription(c.Description), metric.WithUnit(c.Unit))
	m.note(n, err, c)
	return n
}

func (m *maker) upDownCounter(c catalog.Instrument) metric.Int64ObservableUpDownCounter {
	c = c.In(m.namespace)
	n, err := m.meter.Int64ObservableUpDownCounter(c.Name, metric.WithDescription(c.Description), metric.WithUnit(c.Unit))
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
		shardLatency:     m.floats(catalog.ShardLatency),
		shardUp:          m.gauge(catalog.ShardUp),
		shardsConnected:  m.gauge(catalog.ShardsConnected),
		shardsConfigured: m.gauge(catalog.ShardsConfigured),
		botShards:        m.gauge(catalog.BotShards),
		attached:         m.gauge(catalog.Sessions),
		events:           m.counter(catalog.GatewayEvents),
		shardEvents:      m.counter(catalog.ShardEvents),
		disconnects:      m.counter(catalog.ShardDisconnects),
		reconnects:       m.counter(catalog.ShardReconnects),
		attempts:         m.counter(catalog.ConnectionAttempts),
		voiceDisconnects: m.counter(catalog.VoiceDisconnects),

		shardState:        m.gauge(catalog.ShardState),
		stateChange:       m.floats(catalog.ShardStateChange),
		heartbeatAck:      m.floats(catalog.HeartbeatAck),
		lastEvent:         m.floats(catalog.LastEvent),
		heartbeatInterval: m.floats(catalog.HeartbeatInterval),
		lockUnavailable:   m.floats(catalog.LockUnavailable),
		handshakes:        m.counter(catalog.Handshakes),
		sent:              m.counter(catalog.ShardSent),
		io:                m.counter(catalog.GatewayIO),
		startRemaining:    m.gauge(catalog.SessionStartRemaining),
		startLimit:        m.gauge(catalog.SessionStartLimit),
		startReset:        m.floats(catalog.SessionStartReset),
		startMostOnce:     m.gauge(catalog.SessionStartConcurrency),

		guilds:            m.gauge(catalog.Guilds),
		guildsUnavailable: m.gauge(catalog.GuildsUnavailable),
		members:           m.gauge(catalog.Members),
		cache:             m.cacheGauges(),
		voiceClients:      m.gauge(catalog.VoiceClients),

		interactions:       m.counter(catalog.Interactions),
		appCommands:        m.counter(catalog.AppCommands),
		commands:           m.counter(catalog.Commands),
		commandErrors:      m.counter(catalog.CommandErrors),
		appCommandDuration: m.histogram(catalog.AppCommandDuration),
		commandDuration:    m.histogram(catalog.CommandDuration),
		taskDuration:       m.histogram(catalog.TaskDuration),
		taskErrors:         m.counter(catalog.TaskErrors),
		commandNames:       m.gauge(catalog.CommandNames),

		acks:          m.counter(catalog.Acks),
		receiptAge:    m.histogram(catalog.ReceiptAge),
		handlerDelay:  m.histogram(catalog.HandlerDelay),
		responseDelay: m.histogram(catalog.ResponseDelay),
		ackDuration:   m.histogram(catalog.AckDuration),
		clockOffset:   m.floats(catalog.ClockOffset),

		rateLimits:       m.counter(catalog.RateLimits),
		invalidRequests:  m.counter(catalog.InvalidRequests),
		restErrors:       m.counter(catalog.RESTErrors),
		proxyResponses:   m.counter(catalog.ProxyResponses),
		requestDuration:  m.histogram(catalog.RequestDuration),
		queueWait:        m.histogram(catalog.QueueWait),
		requestsInFlight: m.upDownCounter(catalog.RequestsInFlight),

		uptime:       m.floats(catalog.Uptime),
		cpuLimit:     m.floats(catalog.CPULimit),
		cpuThrottled: m.floatCounter(catalog.CPUThrottled),

		botInfo: m.gauge(catalog.BotInfo),
		up:      m.gauge(catalog.Up),
		faults:  m.counter(catalog.InstrumentationErrors),
		evicted: m.counter(catalog.TimersEvicted),
		dropped: m.counter(catalog.TelemetryDropped),

		logRecords: m.counter(catalog.LogRecords),
	}
}

// newMetrics makes every instrument of the catalog that belongs to this package.
func newMetrics(meter metric.Meter, namespace string) (metrics, []metric.Observable, error) {
	m := maker{meter: meter, namespace: namespace}
	all := m.all()
	return all, m.observable, errors.Join(m.errs...)
}

// buildInfo is the only series of discord.bot.info. The bot's version is the given
// one, or else that of the build.
func buildInfo(version string) []metric.ObserveOption {
	v := versions()
	return labelled(
		attribute.String("discordgo_version", v.discordgo),
		attribute.String("argus_version", v.argus),
		attribute.String("go_version", runtime.Version()),
		attribute.String("version", cmp.Or(excerpt.Clip(strings.ToValidUTF8(version, ""), maxVersion), v.bot)),
	)
}

// maxVersion is the size limit of the bot's version in bytes.
const maxVersion = 128
