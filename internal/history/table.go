package history

import (
	"math"
	"slices"
	"strings"

	"github.com/argus-dgo/argus/internal/catalog"
)

// maxLabels is the number of labels that a row has at most.
const maxLabels = 4

// maxParts is the number of series that a group has at most: a histogram's sum and its
// buckets.
const maxParts = 15

// A row says what is kept of an instrument. An instrument has several rows where sums
// need other labels than parts.
type row struct {
	of catalog.Instrument
	// by are the labels that are kept. Points that differ in others are added up, or if
	// they are gauges, the highest stays.
	by []string
	// only selects the points whose label has the value.
	only, value string
	// bounds are those of a histogram's buckets that are kept. Without any, only the
	// number of observations and their sum are.
	bounds []float64
	// most is the number of groups. The busiest stay, and the others are in one with
	// the value "other" of the labels in fold. 0 is no limit.
	most int
	fold []string
	// sum adds up gauges.
	sum bool
	// all keeps the row for all shards, for most of them coarsely.
	all bool
	// states are the values of a label that becomes the row's number.
	states []string
	// elsewhere is a counter that begins before the process does.
	elsewhere bool
}

// Limits of the rows whose labels depend on the bot.
const (
	maxCommands   = 12
	maxErrorTypes = 24
	maxRoutes     = 32
	maxQueues     = 12
	maxTimed      = 10 // routes and methods whose durations are kept
	maxCodes      = 24
	maxEvents     = 32
)

// DurationBounds returns the bounds, in seconds, of the buckets that are kept of
// application commands by name, and of requests to Discord by route.
func DurationBounds() []float64 { return []float64{0.1, 0.25, 0.5, 1, 3} }

// table returns what is kept.
func table() []row {
	shard := []string{"shard"}
	deadlines, durations := []float64{1, 3}, DurationBounds()
	rows := []row{
		// Shards.
		{of: catalog.ShardUp, by: shard},
		{of: catalog.ShardUp, sum: true},
		{of: catalog.ShardState, by: shard, states: catalog.ShardStates(), all: true},
		{of: catalog.ShardStateChange, by: shard},
		{of: catalog.ShardLatency, by: shard, all: true},
		{of: catalog.HeartbeatAck, by: shard},
		{of: catalog.HeartbeatInterval, by: shard},
		{of: catalog.LastEvent, by: shard},
		{of: catalog.LockUnavailable, by: shard},
		{of: catalog.ShardEvents, by: shard, all: true},
		{of: catalog.ShardEvents},
		{of: catalog.ShardSent, by: []string{"shard", "op"}},
		{of: catalog.ShardSent, by: []string{"op"}},
		{of: catalog.ShardDisconnects, by: []string{"shard", "code", "initiator"}},
		{of: catalog.ShardDisconnects, by: []string{"code", "initiator"}},
		{of: catalog.ShardReconnects, by: []string{"shard", "kind"}},
		{of: catalog.ShardReconnects, by: []string{"kind"}},
		{of: catalog.Handshakes, by: []string{"shard", "kind", "outcome"}},
		{of: catalog.Handshakes, by: []string{"kind", "outcome"}},
		{of: catalog.ConnectionAttempts, by: []string{"shard", "outcome", "status"}},
		{of: catalog.ConnectionAttempts, by: []string{"outcome", "status"}},
		// Commands and their parts.
		{of: catalog.AppCommands, by: []string{"command", "status"}, most: 2 * maxCommands, fold: []string{"command"}},
		{of: catalog.AppCommandDuration, by: []string{"command"}, bounds: durations, most: maxCommands, fold: []string{"command"}},
		{of: catalog.Commands, by: []string{"command", "status"}, most: 2 * maxCommands, fold: []string{"command"}},
		{of: catalog.CommandDuration, by: []string{"command"}, bounds: deadlines, most: maxCommands, fold: []string{"command"}},
		{of: catalog.CommandErrors, by: []string{"command", "error_type"}, most: maxErrorTypes, fold: []string{"command", "error_type"}},
		{of: catalog.TaskDuration},
		{of: catalog.TaskErrors},
		{of: catalog.TelemetryDropped},
		{of: catalog.ExportDropped},
		{of: catalog.ReceiptAge, bounds: catalog.ReceiptAge.Buckets},
		{of: catalog.HandlerDelay, bounds: catalog.HandlerDelay.Buckets},
		{of: catalog.ResponseDelay, bounds: catalog.ResponseDelay.Buckets},
		{of: catalog.ResponseDelay, by: []string{"command"}, bounds: durations, most: maxCommands, fold: []string{"command"}},
		{of: catalog.AckDuration, bounds: catalog.AckDuration.Buckets},
		// REST.
		{of: catalog.RequestDuration, bounds: catalog.RequestDuration.Buckets},
		{of: catalog.RequestDuration, bounds: catalog.RequestDuration.Buckets, only: "route", value: catalog.RouteCallback},
		{of: catalog.RequestDuration, by: []string{"route", "method", "status"}, most: maxRoutes, fold: []string{"route", "method"}},
		{of: catalog.RequestDuration, by: []string{"route", "method"}, bounds: durations, most: maxTimed, fold: []string{"route", "method"}},
		{of: catalog.QueueWait, bounds: catalog.QueueWait.Buckets},
		{of: catalog.QueueWait, bounds: catalog.QueueWait.Buckets, only: "route", value: catalog.RouteCallback},
		{of: catalog.QueueWait, by: []string{"route"}, bounds: durations, most: maxQueues, fold: []string{"route"}},
		{of: catalog.RateLimits, by: []string{"scope", "route"}, most: maxQueues, fold: []string{"route"}},
		{of: catalog.RESTErrors, by: []string{"error_code"}, most: maxCodes, fold: []string{"error_code"}},
		{of: catalog.VoiceDisconnects, by: []string{"code", "initiator"}, most: maxCodes, fold: []string{"code", "initiator"}},
		{of: catalog.GatewayEvents, by: []string{"event"}, most: maxEvents, fold: []string{"event"}},
		{of: catalog.CPUThrottled, elsewhere: true},
	}
	// Instruments with closed sets of labels, or none, are kept as they are.
	for _, i := range []catalog.Instrument{
		catalog.Interactions, catalog.Acks, catalog.InvalidRequests, catalog.ProxyResponses, catalog.RequestsInFlight,
		catalog.ShardsConnected, catalog.ShardsConfigured, catalog.BotShards, catalog.Sessions, catalog.GatewayIO,
		catalog.SessionStartRemaining, catalog.SessionStartLimit, catalog.SessionStartReset, catalog.SessionStartConcurrency,
		catalog.Guilds, catalog.GuildsUnavailable, catalog.Members, catalog.VoiceClients, catalog.ClockOffset,
		catalog.CachedMembers, catalog.Channels, catalog.Threads, catalog.PrivateChannels, catalog.Roles, catalog.Emojis, catalog.Stickers,
		catalog.VoiceStates, catalog.Presences,
		catalog.Uptime, catalog.CPULimit, catalog.BotInfo, catalog.Up, catalog.SubsystemUp, catalog.InstrumentationErrors,
		catalog.TimersEvicted, catalog.LogRecords, catalog.CommandNames,
	} {
		rows = append(rows, row{of: i, by: i.LabelNames()})
	}
	return rows
}

// shard reports whether the row has a group per shard.
func (r *row) shard() bool { return len(r.by) > 0 && r.by[0] == "shard" }

// parts is the number of series of a group: of a histogram, the sum and the buckets.
func (r *row) parts() uint8 {
	if r.of.Kind == catalog.Histogram {
		return uint8(2 + len(r.bounds)) //nolint:gosec // at most maxParts
	}
	return 1
}

// room is the number of groups that a row has at most.
func (r *row) room() int {
	if r.most == 0 {
		return math.MaxInt
	}
	return r.most
}

// scale is what a number is multiplied with before it is rounded. Times and sums of
// durations are kept to a millisecond, and durations to a tenth of it.
func (r *row) scale() float64 {
	switch {
	case r.of.Unit == "{cpu}" || r.isCounter() && r.of.Unit == "s":
		return 1e3
	case isTime(r.of) || strings.HasSuffix(r.of.Name, ".uptime"):
		return 1e3
	case r.of.Unit == "s":
		return 1e4
	}
	return 1
}

func isTime(i catalog.Instrument) bool { return strings.HasSuffix(i.Name, ".timestamp") }

func (r *row) isCounter() bool { return r.of.Kind == catalog.Counter || r.of.Kind == catalog.Histogram }

// index returns where a label is among those that are kept, or -1.
func (r *row) index(label string) int { return slices.Index(r.by, label) }
