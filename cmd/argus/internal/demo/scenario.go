package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/argus-dgo/argus/discordtest"
)

// A scenario is one cause of trouble, or its absence. Those that are given play
// together, over the same steady traffic.
type scenario struct {
	name, summary string
	// watch is the series that moves first. looks are queries that tell more. Both
	// are in the namespace "discord".
	watch string
	looks []look
	// prepare changes what is settled before the run begins, play makes things
	// happen until ctx is done. Either may be nil.
	prepare func(*config, *settings)
	play    func(ctx context.Context, st *stage)
}

// A look is a query of Prometheus' and what it answers.
type look struct{ what, query string }

const (
	calm = "calm"
	mix  = "mix" // a little of everything, without a scenario
)

func scenarios() []*scenario {
	return []*scenario{
		{
			name: calm, summary: "steady traffic without faults: all interactions are answered in time",
			watch: "discord_interaction_acks_total",
			looks: []look{
				{"interactions by outcome: all in_time", `sum by (outcome) (rate(discord_interaction_acks_total[1m]))`},
				{"disconnects: stays 0", `sum(discord_shard_disconnects_total)`},
				{"rate limit responses: stays 0", `sum(discord_ratelimits_total)`},
			},
		},
		{
			name: "storm", summary: "connections end repeatedly on all shards, which resume, identify or are refused, and interactions arrive in bursts",
			watch: "discord_shard_disconnects_total",
			looks: []look{
				{"disconnects by cause", `sum by (code, initiator) (increase(discord_shard_disconnects_total[1m]))`},
				{"handshakes by kind and outcome", `sum by (kind, outcome) (increase(discord_shard_handshakes_total[1m]))`},
				{"state of each shard", `discord_shard_state == 1`},
				{"burst of interactions after reconnects", `sum by (type) (rate(discord_interactions_total[1m]))`},
			},
			play: storm,
		},
		{
			name: "outage", summary: "an outage of Discord: guilds become unavailable in waves, shards cannot reconnect for a while, REST returns 5xx",
			watch: "discord_guilds_unavailable",
			looks: []look{
				{"unavailable guilds", `sum(discord_guilds_unavailable)`},
				{"shards that are down", `sum(discord_shards_configured) - sum(discord_shards_connected)`},
				{"handshakes by kind and outcome", `sum by (kind, outcome) (increase(discord_shard_handshakes_total[1m]))`},
				{"REST requests by status", `sum by (status) (rate(discord_rest_request_duration_seconds_count[1m]))`},
				{"session locks held while waiting for HELLO", `discord_shard_lock_unavailable_seconds > 0`},
			},
			play: outage,
		},
		{
			name: "slow-handlers", summary: "commands take 1 to 4 s to answer, and some never do; all other traffic is normal",
			watch: "discord_interaction_acks_total",
			looks: []look{
				{"interactions by outcome, such as late and missed", `sum by (type, outcome) (rate(discord_interaction_acks_total[1m]))`},
				{"time until the first attempt to answer", `histogram_quantile(0.95, sum by (le, command) (rate(discord_interaction_response_delay_seconds_bucket[1m])))`},
				{"REST errors by code; 10062: answered too late", `sum by (error_code) (rate(discord_rest_errors_total[1m]))`},
				{"time until the handler returns", `histogram_quantile(0.95, sum by (le, command) (rate(discord_app_command_duration_seconds_bucket[1m])))`},
			},
			prepare: func(_ *config, s *settings) {
				s.slow = true
				s.commands = append(s.commands, slices.Concat(slices.Repeat([]string{"report"}, 6),
					slices.Repeat([]string{lastMomentCommand}, 5), slices.Repeat([]string{silentCommand}, 5))...)
			},
		},
		{
			name: "rate-limited", summary: "429s of all scopes, 403s, requests queued in discordgo's rate limiter, and member requests refused by the gateway",
			watch: "discord_ratelimits_total",
			looks: []look{
				{"rate limit responses by scope and route", `sum by (scope, route) (rate(discord_ratelimits_total[1m]))`},
				{"wait in discordgo's rate limiter", `histogram_quantile(0.95, sum by (le, route) (rate(discord_rest_queue_wait_seconds_bucket[1m])))`},
				{"invalid requests; Discord bans after 10,000 in 10 minutes", `sum by (status) (increase(discord_rest_invalid_requests_total[10m]))`},
				{"interactions by outcome: a global limit makes answers late", `sum by (outcome) (rate(discord_interaction_acks_total[1m]))`},
				{"member requests refused by the gateway", `increase(discord_gateway_events_total{event="RATE_LIMITED"}[1m])`},
			},
			prepare: func(_ *config, s *settings) {
				s.commands = append(s.commands, slices.Concat(slices.Repeat([]string{"mod ban"}, 3), slices.Repeat([]string{deferredCommand}, 8))...)
			},
			play: rateLimited,
		},
		{
			name: "global-limit", summary: "the bot repeatedly exceeds Discord's global rate limit, and discordgo delays its answers too",
			watch: "discord_ratelimits_total",
			looks: []look{
				{"rate limit responses with scope global", `sum(rate(discord_ratelimits_total{scope="global"}[1m]))`},
				{"interactions by outcome: late answers", `sum by (outcome) (rate(discord_interaction_acks_total[1m]))`},
				{"time until the first attempt to answer", `histogram_quantile(0.95, sum by (le) (rate(discord_interaction_response_delay_seconds_bucket[1m])))`},
				{"busiest routes", `topk(3, sum by (route) (rate(discord_rest_request_duration_seconds_count[1m])))`},
			},
			play: globalLimit,
		},
		{
			name: "flapping", summary: "a shard loses its connection every time it is ready: up for moments, never down for long",
			watch: "discord_shard_reconnects_total",
			looks: []look{
				{"reconnects per shard", `sum by (shard) (increase(discord_shard_reconnects_total[1m]))`},
				{"disconnects by cause", `sum by (code, initiator) (increase(discord_shard_disconnects_total[1m]))`},
				{"handshakes: resume, or identify and use a session start", `sum by (kind, outcome) (increase(discord_shard_handshakes_total[1m]))`},
				{"availability of each shard", `avg_over_time(discord_shard_up[1m])`},
			},
			play: flapping,
		},
		{
			name: "zombie", summary: "a connected but silent shard, without heartbeat acknowledgements and events, that still counts as up",
			watch: "discord_shard_heartbeat_ack_timestamp_seconds",
			looks: []look{
				{"seconds since the last acknowledgement", `time() - discord_shard_heartbeat_ack_timestamp_seconds`},
				{"seconds since the last event", `time() - discord_shard_event_timestamp_seconds`},
				{"shard up: still 1", `discord_shard_up`},
				{"interactions replayed after the RESUME: expired", `sum by (status) (rate(discord_interactions_total[1m]))`},
			},
			// Five of these have to pass until discordgo notices: long enough to be seen
			// as silence. Much shorter ones would come near the 120 payloads a minute that
			// a connection may send.
			prepare: func(c *config, s *settings) { s.heartbeat = max(c.pace.heartbeat*2/5, 500*time.Millisecond) },
			play:    zombie,
		},
		{
			name: "identify-budget", summary: "the daily session starts are nearly used up, and invalid sessions use up the rest",
			watch: "discord_gateway_session_start_remaining",
			looks: []look{
				{"session starts left", `min(discord_gateway_session_start_remaining)`},
				{"seconds until the reset", `max(discord_gateway_session_start_reset_timestamp_seconds) - time()`},
				{"identifies per shard", `sum by (shard) (increase(discord_shard_handshakes_total{kind="identify"}[1m]))`},
			},
			prepare: func(c *config, s *settings) { s.server = append(s.server, c.sessionStarts()) },
			play:    identifyBudget,
		},
		{
			name: "fatal-close", summary: "Discord closes a shard with a code that forbids reconnecting (4014, 4004 …), and discordgo keeps reconnecting",
			watch: "discord_shard_disconnects_total",
			looks: []look{
				{"fatal close codes by shard", `sum by (shard, code) (increase(discord_shard_disconnects_total{code=~"4004|401[0-4]"}[1m])) > 0`},
				{"handshakes by kind and outcome", `sum by (kind, outcome) (increase(discord_shard_handshakes_total[1m]))`},
				{"seconds since the shard went down", `time() - discord_shard_state_change_timestamp_seconds and on (shard) discord_shard_up == 0`},
			},
			play: fatalClose,
		},
		{
			name: "gateway-refused", summary: "a shard cannot connect: each attempt gets a 403, 429, 502 or 520 before it reaches Discord's gateway",
			watch: "discord_shard_connection_attempts_total",
			looks: []look{
				{"connection attempts by outcome and status", `sum by (outcome, status) (increase(discord_shard_connection_attempts_total[1m]))`},
				{"shards that are down", `discord_shard_up == 0`},
				{"handshakes: none for this shard", `sum by (shard, kind, outcome) (increase(discord_shard_handshakes_total[1m])) > 0`},
			},
			play: gatewayRefused,
		},
		{
			name: "voice-refused", summary: "Discord requires end-to-end encryption in voice channels, which discordgo does not support: each voice connection is closed with 4017",
			watch: "discord_voice_disconnects_total",
			looks: []look{
				{"voice disconnects by cause", `sum by (code, initiator) (increase(discord_voice_disconnects_total[1m])) > 0`},
				{"ready voice connections: stays 0", `sum(discord_voice_clients)`},
			},
			play: voiceRefused,
		},
		{
			name: "stuck-open", summary: "a gateway accepts a shard but sends nothing: discordgo's Open hangs and holds the session lock",
			watch: "discord_shard_lock_unavailable_seconds",
			looks: []look{
				{"seconds since the lock was last available", `discord_shard_lock_unavailable_seconds > 0`},
				{"shards that are connecting", `discord_shard_state{state="connecting"} == 1`},
				{"seconds since the last state change", `time() - discord_shard_state_change_timestamp_seconds`},
			},
			play: stuckOpen,
		},
		{
			name: "clock-skew", summary: "the local clock is two seconds behind: interactions seem to arrive before their creation",
			watch: "discord_clock_offset_seconds",
			looks: []look{
				{"minimum age of interactions on receipt: below 0", `discord_clock_offset_seconds`},
				{"age of interactions on receipt", `histogram_quantile(0.95, sum by (le) (rate(discord_interaction_receipt_age_seconds_bucket[1m])))`},
				{"interactions by outcome: users are still answered", `sum by (outcome) (rate(discord_interaction_acks_total[1m]))`},
			},
			prepare: clockSkew,
		},
		{
			name: "runaway", summary: "loops in the bot's code: reactions to every message without permission, and constant status changes",
			watch: "discord_rest_invalid_requests_total",
			looks: []look{
				{"invalid requests; Discord bans after 10,000 in 10 minutes", `sum by (status) (increase(discord_rest_invalid_requests_total[10m]))`},
				{"busiest routes", `topk(3, sum by (route) (rate(discord_rest_request_duration_seconds_count[1m])))`},
				{"payloads to the gateway per minute; the limit is 120", `60 * sum by (shard) (rate(discord_shard_sent_total[1m]))`},
				{"payloads by operation", `sum by (op) (rate(discord_shard_sent_total[1m]))`},
			},
			prepare: func(_ *config, s *settings) {
				s.reacts = true
				s.heartbeat = max(s.heartbeat, defaultPace().heartbeat) // see statusEvery
			},
			play: runaway,
		},
		{
			name: "raid", summary: "many users run one slow command at once: more than the bot can handle, and more than Argus can follow",
			watch: "discord_interactions_total",
			looks: []look{
				{"interactions by type", `sum by (type) (rate(discord_interactions_total[1m]))`},
				{"interactions by outcome", `sum by (outcome) (rate(discord_interaction_acks_total[1m]))`},
				{"command errors: the bot was busy", `sum by (command, error_type) (rate(discord_command_errors_total[1m]))`},
				{"interactions dropped by Argus, with unknown outcome", `sum(increase(argus_timers_evicted_total{timer="answer"}[5m]))`},
			},
			prepare: func(c *config, s *settings) {
				s.slots = c.pace.crowd / 24
				s.server = append(s.server, discordtest.WithRecordLimit(2*c.pace.crowd)) // or the first of a crowd are forgotten
			},
			play: raid,
		},
	}
}

func scenarioNames() []string {
	var names []string
	for _, sc := range scenarios() {
		names = append(names, sc.name)
	}
	return names
}

// parseScenarios reads a list of names, separated by commas. One that is there
// twice counts once. There is none for the mix.
func parseScenarios(text string) ([]*scenario, error) {
	if strings.TrimSpace(text) == mix {
		return nil, nil
	}
	names, all := scenarioNames(), scenarios()
	var given []*scenario
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		i := slices.Index(names, name)
		switch {
		case name == mix:
			return nil, errors.New("mix cannot be combined with scenarios")
		case i < 0:
			return nil, fmt.Errorf("unknown scenario %q: must be mix, or one or more of %s, separated by commas", name, strings.Join(names, ", "))
		}
		if !slices.ContainsFunc(given, func(sc *scenario) bool { return sc.name == name }) {
			given = append(given, all[i])
		}
	}
	if len(given) > 1 && slices.ContainsFunc(given, func(sc *scenario) bool { return sc.name == calm }) {
		return nil, errors.New("calm cannot be combined with other scenarios")
	}
	return given, nil
}

// settings are what does not change any more once a run has begun.
type settings struct {
	server    []discordtest.Option
	heartbeat time.Duration
	commands  []string // the application commands in use: see used
	flawed    bool     // the bot's commands fail now and then
	reacts    bool     // it reacts to every message
	slots     int      // handlers that are at work at a time, at most
	slow      bool     // it has commands that are answered at the last moment, and never
	faults    bool     // Discord's faults happen one by one, as the traffic has them
	lateShare float64  // of the interactions, as [discordtest.TrafficConfig] has it
}

// settle is what the flags come to: without a scenario a mixed day, else what
// the scenarios have in common with what each of them changes.
func (c *config) settle() settings {
	s := settings{heartbeat: c.pace.heartbeat, commands: used(), slots: maxAtWork, flawed: true, faults: true}
	if len(c.scenarios) == 0 {
		return s
	}
	s.commands, s.flawed, s.faults, s.lateShare = steady(), false, false, -1
	for _, sc := range c.scenarios {
		if sc.prepare != nil {
			sc.prepare(c, &s)
		}
	}
	return s
}
