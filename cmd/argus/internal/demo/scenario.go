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

const calm = "calm"

func scenarios() []*scenario {
	return []*scenario{
		{
			name: calm, summary: "steady traffic and no faults: everything is answered in time",
			watch: "discord_interaction_acks_total",
			looks: []look{
				{"every interaction is answered in time", `sum by (outcome) (rate(discord_interaction_acks_total[1m]))`},
				{"nothing disconnects: stays 0", `sum(discord_shard_disconnects_total)`},
				{"nobody is rate limited: stays 0", `sum(discord_ratelimits_total)`},
			},
		},
		{
			name: "storm", summary: "connections end over and over on all shards; they resume, are refused, identify, and meet a burst",
			watch: "discord_shard_disconnects_total",
			looks: []look{
				{"why connections end", `sum by (code, initiator) (increase(discord_shard_disconnects_total[1m]))`},
				{"how they come back, and whether they are let in", `sum by (kind, outcome) (increase(discord_shard_handshakes_total[1m]))`},
				{"what each shard is doing", `discord_shard_state == 1`},
				{"the burst on return", `sum by (type) (rate(discord_interactions_total[1m]))`},
			},
			play: storm,
		},
		{
			name: "outage", summary: "Discord's outage: guilds are lost in waves, shards cannot come back for a while, REST answers 5xx",
			watch: "discord_guilds_unavailable",
			looks: []look{
				{"guilds that Discord has lost", `sum(discord_guilds_unavailable)`},
				{"shards that are away", `sum(discord_shards_configured) - sum(discord_shards_connected)`},
				{"attempts to come back, and what became of them", `sum by (kind, outcome) (increase(discord_shard_handshakes_total[1m]))`},
				{"REST, by status", `sum by (status) (rate(discord_rest_request_duration_seconds_count[1m]))`},
				{"a session that waits for a HELLO holds its lock", `discord_shard_lock_unavailable_seconds > 0`},
			},
			play: outage,
		},
		{
			name: "slow-handlers", summary: "commands take 1 to 4 s before their first answer, some never answer; all other traffic is normal",
			watch: "discord_interaction_acks_total",
			looks: []look{
				{"late and missed answers", `sum by (type, outcome) (rate(discord_interaction_acks_total[1m]))`},
				{"how long until an answer is tried", `histogram_quantile(0.95, sum by (le, command) (rate(discord_interaction_response_delay_seconds_bucket[1m])))`},
				{"10062: Discord does not know the interaction any more", `sum by (error_code) (rate(discord_rest_errors_total[1m]))`},
				{"the handlers themselves", `histogram_quantile(0.95, sum by (le, command) (rate(discord_app_command_duration_seconds_bucket[1m])))`},
			},
			prepare: func(_ *config, s *settings) {
				s.slow = true
				s.commands = append(s.commands, slices.Concat(slices.Repeat([]string{"report"}, 6),
					slices.Repeat([]string{lastMomentCommand}, 5), slices.Repeat([]string{silentCommand}, 5))...)
			},
		},
		{
			name: "rate-limited", summary: "429s of every scope, 403s, requests that queue up in discordgo's limiter, and requests for members that the gateway refuses",
			watch: "discord_ratelimits_total",
			looks: []look{
				{"whose limit, and where", `sum by (scope, route) (rate(discord_ratelimits_total[1m]))`},
				{"how long requests wait in discordgo's limiter", `histogram_quantile(0.95, sum by (le, route) (rate(discord_rest_queue_wait_seconds_bucket[1m])))`},
				{"distance to Discord's ban at 10,000 in 10 minutes", `sum by (status) (increase(discord_rest_invalid_requests_total[10m]))`},
				{"answers that a global limit has made late", `sum by (outcome) (rate(discord_interaction_acks_total[1m]))`},
				{"requests for members that the gateway has refused", `increase(discord_gateway_events_total{event="RATE_LIMITED"}[1m])`},
			},
			prepare: func(_ *config, s *settings) {
				s.commands = append(s.commands, slices.Concat(slices.Repeat([]string{"mod ban"}, 3), slices.Repeat([]string{deferredCommand}, 8))...)
			},
			play: rateLimited,
		},
		{
			name: "global-limit", summary: "the bot sends more than Discord allows over all routes, again and again, and discordgo holds back its answers as well",
			watch: "discord_ratelimits_total",
			looks: []look{
				{"429s of the global limit", `sum(rate(discord_ratelimits_total{scope="global"}[1m]))`},
				{"answers that are late for it", `sum by (outcome) (rate(discord_interaction_acks_total[1m]))`},
				{"time until an answer is sent: everything waits", `histogram_quantile(0.95, sum by (le) (rate(discord_interaction_response_delay_seconds_bucket[1m])))`},
				{"what sends the most", `topk(3, sum by (route) (rate(discord_rest_request_duration_seconds_count[1m])))`},
			},
			play: globalLimit,
		},
		{
			name: "flapping", summary: "a shard loses its connection as soon as it is ready, over and over: it is up now and then, and never missing",
			watch: "discord_shard_reconnects_total",
			looks: []look{
				{"how often each shard was ready again", `sum by (shard) (increase(discord_shard_reconnects_total[1m]))`},
				{"why the connections end", `sum by (code, initiator) (increase(discord_shard_disconnects_total[1m]))`},
				{"whether they resume, or use up session starts", `sum by (kind, outcome) (increase(discord_shard_handshakes_total[1m]))`},
				{"share of the time that each shard is up", `avg_over_time(discord_shard_up[1m])`},
			},
			play: flapping,
		},
		{
			name: "zombie", summary: "a shard that is connected and silent: no heartbeat is acknowledged, no event arrives, and it still counts as up",
			watch: "discord_shard_heartbeat_ack_timestamp_seconds",
			looks: []look{
				{"seconds since the last acknowledgement", `time() - discord_shard_heartbeat_ack_timestamp_seconds`},
				{"seconds since the last event", `time() - discord_shard_event_timestamp_seconds`},
				{"and yet: 1", `discord_shard_up`},
				{"what was due meanwhile comes with the RESUME, too late to be answered", `sum by (status) (rate(discord_interactions_total[1m]))`},
			},
			// Five of these have to pass until discordgo notices: long enough to be seen
			// as silence. Much shorter ones would come near the 120 payloads a minute that
			// a connection may send.
			prepare: func(c *config, s *settings) { s.heartbeat = max(c.pace.heartbeat*2/5, 500*time.Millisecond) },
			play:    zombie,
		},
		{
			name: "identify-budget", summary: "the day's session starts are nearly used up, and invalid sessions take the rest",
			watch: "discord_gateway_session_start_remaining",
			looks: []look{
				{"session starts that are left", `min(discord_gateway_session_start_remaining)`},
				{"seconds until all of them are back", `max(discord_gateway_session_start_reset_timestamp_seconds) - time()`},
				{"who uses them up", `sum by (shard) (increase(discord_shard_handshakes_total{kind="identify"}[1m]))`},
			},
			prepare: func(c *config, s *settings) { s.server = append(s.server, c.sessionStarts()) },
			play:    identifyBudget,
		},
		{
			name: "fatal-close", summary: "a shard is closed with a code after which it must not come back (4014, 4004 …), and discordgo tries again",
			watch: "discord_shard_disconnects_total",
			looks: []look{
				{"what Discord refuses, and where", `sum by (shard, code) (increase(discord_shard_disconnects_total{code=~"4004|401[0-4]"}[1m])) > 0`},
				{"attempts, and what became of them", `sum by (kind, outcome) (increase(discord_shard_handshakes_total[1m]))`},
				{"since when the shard is down", `time() - discord_shard_state_change_timestamp_seconds and on (shard) discord_shard_up == 0`},
			},
			play: fatalClose,
		},
		{
			name: "gateway-refused", summary: "a shard cannot connect: what is in front of Discord's gateway answers each attempt with 403, 429, 502 or 520",
			watch: "discord_shard_connection_attempts_total",
			looks: []look{
				{"attempts to connect, and what became of them", `sum by (outcome, status) (increase(discord_shard_connection_attempts_total[1m]))`},
				{"which shards are away", `discord_shard_up == 0`},
				{"handshakes: none, for no attempt comes that far", `sum by (shard, kind, outcome) (increase(discord_shard_handshakes_total[1m])) > 0`},
			},
			play: gatewayRefused,
		},
		{
			name: "voice-refused", summary: "Discord requires end-to-end encryption in voice channels, which the bot's library lacks: each voice connection is closed with 4017",
			watch: "discord_voice_disconnects_total",
			looks: []look{
				{"why voice connections end", `sum by (code, initiator) (increase(discord_voice_disconnects_total[1m])) > 0`},
				{"voice connections that are ready: stays 0", `sum(discord_voice_clients)`},
			},
			play: voiceRefused,
		},
		{
			name: "stuck-open", summary: "a shard comes back to a gateway that accepts it and says nothing: discordgo's Open waits, and holds the session's lock",
			watch: "discord_shard_lock_unavailable_seconds",
			looks: []look{
				{"for how long the lock could not be had", `discord_shard_lock_unavailable_seconds > 0`},
				{"what the shard is doing", `discord_shard_state{state="connecting"} == 1`},
				{"since when", `time() - discord_shard_state_change_timestamp_seconds`},
			},
			play: stuckOpen,
		},
		{
			name: "clock-skew", summary: "the clock of the bot's machine is two seconds behind: interactions arrive before they were made",
			watch: "discord_clock_offset_seconds",
			looks: []look{
				{"the smallest age of an interaction at its receipt: below 0", `discord_clock_offset_seconds`},
				{"ages that seem to be 0", `histogram_quantile(0.95, sum by (le) (rate(discord_interaction_receipt_age_seconds_bucket[1m])))`},
				{"users are answered all the same", `sum by (outcome) (rate(discord_interaction_acks_total[1m]))`},
			},
			prepare: clockSkew,
		},
		{
			name: "runaway", summary: "loops in the bot's own code: a reaction to every message without the permission, and a status that changes all the time",
			watch: "discord_rest_invalid_requests_total",
			looks: []look{
				{"distance to Discord's ban at 10,000 in 10 minutes", `sum by (status) (increase(discord_rest_invalid_requests_total[10m]))`},
				{"which route", `topk(3, sum by (route) (rate(discord_rest_request_duration_seconds_count[1m])))`},
				{"payloads a minute to the gateway: 120 are the limit", `60 * sum by (shard) (rate(discord_shard_sent_total[1m]))`},
				{"which ones", `sum by (op) (rate(discord_shard_sent_total[1m]))`},
			},
			prepare: func(_ *config, s *settings) {
				s.reacts = true
				s.heartbeat = max(s.heartbeat, defaultPace().heartbeat) // see statusEvery
			},
			play: runaway,
		},
		{
			name: "raid", summary: "a crowd uses one slow command at once: more than the bot takes up, and more than Argus follows",
			watch: "discord_interactions_total",
			looks: []look{
				{"the crowd", `sum by (type) (rate(discord_interactions_total[1m]))`},
				{"who got no answer", `sum by (outcome) (rate(discord_interaction_acks_total[1m]))`},
				{"why: the bot had no room for them", `sum by (command, error_type) (rate(discord_command_errors_total[1m]))`},
				{"interactions that Argus has lost sight of, and whose outcome nobody knows", `sum(increase(argus_timers_evicted_total{timer="answer"}[5m]))`},
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
// twice counts once.
func parseScenarios(text string) ([]*scenario, error) {
	names, all := scenarioNames(), scenarios()
	var given []*scenario
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		i := slices.Index(names, name)
		if i < 0 {
			return nil, fmt.Errorf("there is no scenario %q: must be one or several, separated by commas, of %s", name, strings.Join(names, ", "))
		}
		if !slices.ContainsFunc(given, func(sc *scenario) bool { return sc.name == name }) {
			given = append(given, all[i])
		}
	}
	if len(given) > 1 && slices.ContainsFunc(given, func(sc *scenario) bool { return sc.name == calm }) {
		return nil, errors.New("calm is the absence of all the others, so it goes with none of them")
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
