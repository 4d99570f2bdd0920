package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/history"
)

// An Overview is the document at [OverviewPath]. What is not known, or not enabled, is
// null.
type Overview struct {
	Head
	// Since is the time of the first step of the history: the windows do not begin before.
	Since    *time.Time `json:"history_since"`
	Uptime   *float64   `json:"uptime_seconds"`
	Versions Versions   `json:"versions"`
	// Clock is the least age of the interactions on receipt, by the local clock.
	Clock       *float64 `json:"clock_offset_seconds"`
	Guilds      *float64 `json:"guilds"`
	Unavailable *float64 `json:"guilds_unavailable"`
	Members     *float64 `json:"members"`
	Voice       *float64 `json:"voice_clients"`
	BotShards   *float64 `json:"bot_shards"`
	InFlight    *float64 `json:"rest_requests_in_flight"`
	// Cache are the entries of discordgo's state cache by kind.
	Cache map[string]*float64 `json:"cache"`
	// Events are the dispatches per second by event, over what the history covers of the
	// last 5 min, without those of which there were none.
	Events map[string]float64 `json:"events_per_second_5m"`
	// RateLimits are the responses with status 429 in the last 15 min by scope.
	RateLimits map[string]float64 `json:"rate_limits_15m"`
	Invalid    Invalid            `json:"invalid_requests_10m"`
	Telemetry  Telemetry          `json:"telemetry"`
}

// Versions are those of what runs.
type Versions struct {
	Bot       *string `json:"bot"`
	Discordgo *string `json:"discordgo"`
	Go        *string `json:"go"`
}

// Invalid are the responses in the last 10 min that count towards Discord's limit.
type Invalid struct {
	Statuses map[string]float64 `json:"statuses"`
	// Routes are in the order of their counts, the most first.
	Routes []InvalidRoute `json:"routes"`
}

// An InvalidRoute has the invalid requests of a route with one status.
type InvalidRoute struct {
	Route  string  `json:"route"`
	Status string  `json:"status"`
	Count  float64 `json:"count"`
}

// Telemetry is how Argus itself does.
type Telemetry struct {
	Subsystems map[string]bool `json:"subsystems"`
	// The others are those of the last hour.
	Errors  map[string]float64 `json:"instrumentation_errors_1h"`
	Evicted map[string]float64 `json:"timers_evicted_1h"`
	Logs    map[string]float64 `json:"log_records_1h"`
}

// caches are the gauges of discordgo's state cache, by kind.
func caches() map[string]catalog.Instrument {
	return map[string]catalog.Instrument{
		"members": catalog.CachedMembers, "channels": catalog.Channels, "threads": catalog.Threads, "private_channels": catalog.PrivateChannels,
		"roles": catalog.Roles, "emojis": catalog.Emojis, "stickers": catalog.Stickers, "voice_states": catalog.VoiceStates, "presences": catalog.Presences,
	}
}

// tooMany is the status of a rate limit.
const tooMany = "429"

// The windows of an overview.
const (
	overviewEventsOver     = 5 * time.Minute
	overviewRateLimitsOver = 15 * time.Minute
	overviewTelemetryOver  = time.Hour
)

func overviewTask(_ Member, p *parameters) task {
	return task{key: p.key(), make: func(ctx context.Context, _ *API, m Member, at time.Time) (any, error) { return overviewOf(ctx, m, at) }}
}

func overviewOf(ctx context.Context, m Member, at time.Time) (Overview, error) {
	var s sheet
	last := func(of catalog.Instrument, by ...string) *answers {
		return s.ask(evidence.Question{Form: evidence.Last, Of: of, By: by})
	}
	increase := func(of catalog.Instrument, over time.Duration, by ...string) *answers {
		return s.ask(evidence.Question{Form: evidence.Increase, Of: of, By: by, Over: over})
	}
	uptime, clock, shards, inFlight := last(catalog.Uptime), last(catalog.ClockOffset), last(catalog.BotShards), last(catalog.RequestsInFlight)
	info := last(catalog.BotInfo, "version", "discordgo_version", "go_version")
	guilds, unavailable, members, voice := last(catalog.Guilds), last(catalog.GuildsUnavailable), last(catalog.Members), last(catalog.VoiceClients)
	cache := map[string]*answers{}
	for kind, of := range caches() {
		cache[kind] = last(of)
	}
	events := increase(catalog.GatewayEvents, overviewEventsOver, "event")
	limits := increase(catalog.RateLimits, overviewRateLimitsOver, "scope")
	invalid := askInvalid(&s)
	subsystems := s.ask(evidence.Question{Form: evidence.Last, Of: catalog.SubsystemUp, By: []string{"subsystem"}, Combine: evidence.Min})
	faults := increase(catalog.InstrumentationErrors, overviewTelemetryOver, "hook")
	evicted := increase(catalog.TimersEvicted, overviewTelemetryOver, "timer")
	logs := increase(catalog.LogRecords, overviewTelemetryOver, "level")
	if err := s.learn(ctx, m.Source, at); err != nil {
		return Overview{}, err
	}
	d := Overview{
		Head: head(m, at), Uptime: uptime.one(), Versions: versionsOf(*info), Clock: clock.one(),
		Guilds: guilds.one(), Unavailable: unavailable.one(), Members: members.one(), Voice: voice.one(), BotShards: shards.one(), InFlight: inFlight.one(),
		Cache: map[string]*float64{}, RateLimits: limits.each("scope"), Invalid: invalid.invalid(),
		Telemetry: Telemetry{Errors: faults.each("hook"), Evicted: evicted.each("timer"), Logs: logs.each("level")},
	}
	if begin := m.Source.Begin().UTC(); !begin.IsZero() {
		d.Since = &begin
	}
	for kind, of := range cache {
		d.Cache[kind] = of.one()
	}
	if seconds := covered(m, at, overviewEventsOver); len(*events) > 0 && seconds != nil && *seconds >= history.FineStep.Seconds() {
		d.Events = map[string]float64{}
		for labels, n := range events.counts() {
			d.Events[labels["event"]] = *number(n / *seconds)
		}
	}
	if up := subsystems.each("subsystem"); up != nil {
		d.Telemetry.Subsystems = map[string]bool{}
		for name, is := range up {
			d.Telemetry.Subsystems[name] = is == 1
		}
	}
	return d, nil
}

func versionsOf(info answers) (v Versions) {
	if len(info) == 0 {
		return v
	}
	of := func(label string) *string {
		if version := info[0].Labels[label]; version != "" {
			return &version
		}
		return nil
	}
	return Versions{of("version"), of("discordgo_version"), of("go_version")}
}

// askedInvalid has the questions of [Invalid]. The 429s by route are those of the rate
// limits, which have the scope.
type askedInvalid struct{ statuses, refused, limited *answers }

func askInvalid(s *sheet) askedInvalid {
	refusals := slices.DeleteFunc(catalog.InvalidStatuses(), func(status string) bool { return status == tooMany })
	ask := func(of catalog.Instrument, by []string, where ...evidence.Match) *answers {
		return s.ask(evidence.Question{Form: evidence.Increase, Of: of, Where: where, By: by, Over: catalog.InvalidRequestWindow})
	}
	return askedInvalid{
		statuses: ask(catalog.InvalidRequests, []string{"status"}),
		refused:  ask(catalog.RequestDuration, []string{"route", "status"}, evidence.Is("status", refusals...)),
		limited:  ask(catalog.RateLimits, []string{"route"}, evidence.IsNot("scope", catalog.ScopeShared)),
	}
}

func (a askedInvalid) invalid() Invalid {
	d := Invalid{Statuses: a.statuses.each("status"), Routes: []InvalidRoute{}}
	for labels, n := range a.refused.counts() {
		d.Routes = append(d.Routes, InvalidRoute{labels["route"], labels["status"], n})
	}
	for labels, n := range a.limited.counts() {
		d.Routes = append(d.Routes, InvalidRoute{labels["route"], tooMany, n})
	}
	slices.SortFunc(d.Routes, func(a, b InvalidRoute) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Route, b.Route), cmp.Compare(a.Status, b.Status))
	})
	return d
}
