//go:build !race

// With the race detector these take minutes: make test-incidents does without.

package fleet

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// An incident is a recorded bot, and what a fleet has to make of it.
type incident struct {
	name string
	// first is a finding that comes first within ten minutes.
	first string
	// told are the alerts of which there are messages, sorted.
	told []string
}

// plays are the scenarios of argus demo, with two clusters each.
var plays = []incident{
	{"calm", "", nil},
	{"clock-skew", "DiscordClockSkewed", []string{"DiscordClockSkewed"}},
	{"fatal-close", "DiscordFatalClose", []string{"DiscordFatalClose", "DiscordResumesFail"}},
	{"flapping", "DiscordShardFlapping", []string{"DiscordShardFlapping"}},
	{"gateway-refused", "DiscordAckBudgetBurnsFast", []string{"DiscordAckBudgetBurnsFast", "DiscordAckBudgetBurnsSlowly"}},
	{"global-limit", "DiscordGlobalRateLimit", []string{"DiscordAckBudgetBurnsFast", "DiscordAckBudgetBurnsSlowly", "DiscordGlobalRateLimit"}},
	{"identify-budget", "DiscordIdentifyBudgetNearlySpent", []string{"DiscordIdentifyBudgetNearlySpent", "DiscordShardFlapping"}},
	{"mix", "DiscordAckBudgetBurnsSlowly", []string{"DiscordCommandFails"}},
	{"outage", "DiscordShardFlapping", []string{"DiscordAckBudgetBurnsFast", "DiscordCommandFails", "DiscordResumesFail", "DiscordShardFlapping"}},
	{"raid", "DiscordAckBudgetBurnsFast", []string{"DiscordAckBudgetBurnsFast", "DiscordCommandFails"}},
	{"rate-limited", "DiscordGlobalRateLimit", []string{"DiscordCommandFails", "DiscordGlobalRateLimit", "DiscordMemberRequestsRefused"}},
	{"runaway", "DiscordInvalidRequestsNearBan", []string{"DiscordInvalidRequestsHigh", "DiscordInvalidRequestsNearBan", "DiscordSendsNearLimit"}},
	{"slow-handlers", "DiscordAckBudgetBurnsFast", []string{"DiscordAckBudgetBurnsFast", "DiscordCommandFails"}},
	{"storm", "DiscordShardFlapping", []string{"ArgusInstrumentationErrors", "DiscordShardFlapping"}},
	{"stuck-open", "DiscordSessionLockStuck", []string{"DiscordAckBudgetBurnsFast", "DiscordCommandFails"}},
	{"voice-refused", "DiscordVoiceEncryptionRequired", []string{"DiscordVoiceEncryptionRequired"}},
	{"zombie", "DiscordAckBudgetBurnsFast", []string{"DiscordAckBudgetBurnsFast", "DiscordAckBudgetBurnsSlowly"}},
}

// others are those of the end-to-end tests, with one cluster each.
var others = []incident{
	{"nothing", "", nil},
	{"one-command-fails", "DiscordCommandFails", []string{"DiscordCommandFails"}},
	{"nothing-is-answered", "DiscordAckBudgetBurnsFast", []string{"DiscordAckBudgetBurnsFast"}},
	{"one-command-is-slow", "DiscordAckBudgetBurnsSlowly", []string{"DiscordAckBudgetBurnsSlowly"}},
	{"a-button-has-no-handler", "DiscordAckBudgetBurnsFast", []string{"DiscordAckBudgetBurnsFast", "DiscordAckBudgetBurnsSlowly"}},
	{"discord-fails-callbacks", "DiscordAckBudgetBurnsFast", []string{"DiscordAckBudgetBurnsFast", "DiscordCommandFails"}},
	{"callbacks-are-slow", "DiscordAckBudgetBurnsFast", []string{"DiscordAckBudgetBurnsFast"}},
	{"callbacks-hang", "DiscordAckBudgetBurnsFast", []string{"DiscordAckBudgetBurnsFast", "DiscordCommandFails"}},
	{"answers-are-invalid", "DiscordAckBudgetBurnsFast", []string{"DiscordAckBudgetBurnsFast", "DiscordCommandFails"}},
	{"a-route-is-full", "DiscordAckBudgetBurnsFast", []string{"DiscordAckBudgetBurnsFast", "DiscordInvalidRequestsHigh"}},
	{"cloudflare-bans", "DiscordAckBudgetBurnsFast", []string{"DiscordAckBudgetBurnsFast", "DiscordCommandFails", "DiscordInvalidRequestsHigh", "DiscordInvalidRequestsNearBan"}},
	{"token-was-reset", "DiscordFatalClose", []string{"DiscordFatalClose", "DiscordResumesFail", "DiscordShardsMissing"}},
	{"discord-is-gone", "DiscordGatewayRefused", []string{"DiscordGatewayRefused", "DiscordShardsMissing"}},
	{"no-hello", "DiscordSessionLockStuck", []string{"DiscordSessionLockStuck", "DiscordShardsMissing"}},
	{"no-ready", "DiscordShardDown", []string{"DiscordResumesFail", "DiscordShardDown", "DiscordShardsMissing"}},
	{"reconnect-requests", "DiscordShardFlapping", []string{"DiscordShardFlapping"}},
	{"invalid-sessions", "DiscordShardFlapping", []string{"DiscordShardFlapping"}},
	{"half-the-guilds-are-gone", "DiscordGuildOutage", []string{"DiscordGuildOutage"}},
	{"presence-updates", "DiscordSendsNearLimit", []string{"DiscordSendsNearLimit"}},
	{"clock-ahead", "DiscordClockSkewed", []string{"DiscordClockSkewed"}},
	{"clock-behind", "DiscordClockSkewed", []string{"DiscordClockSkewed"}},
	{"half-arrives-late", "DiscordAckBudgetBurnsFast", []string{"DiscordAckBudgetBurnsFast"}},
	{"handlers-block-the-reader", "DiscordAckBudgetBurnsFast", []string{"DiscordAckBudgetBurnsFast", "DiscordAckBudgetBurnsSlowly", "DiscordResumesFail"}},
	{"latency-is-high", "", nil},
	{"acks-are-lost", "DiscordShardZombie", []string{"DiscordResumesFail", "DiscordShardFlapping", "DiscordShardZombie"}},
	{"one-reconnect", "", nil},
	{"answered-by-another", "DiscordCommandFails", []string{"DiscordCommandFails"}},
}

// TestIncidents: in an hour in which something goes wrong with a bot, until it is started
// anew and well, the fleet says what argus explain says, the messages name what the fleet
// says, and there is one message for a cause, another only when more alerts join, and one
// when the last has ended. In recorded time, with Alertmanager's real timers.
func TestIncidents(t *testing.T) {
	for _, in := range plays {
		t.Run(in.name, func(t *testing.T) {
			t.Parallel()
			in.run(t, "plays", "calm", "bots", in.name)
		})
	}
	for _, in := range others {
		t.Run(in.name, func(t *testing.T) {
			t.Parallel()
			in.run(t, "incidents", "nothing", in.name, "")
		})
	}
}

const (
	// watched is how long a bot that was started anew is watched at least, and patience at
	// most: the longest window of an alert that what has ended is still in is an hour.
	watched  = 30 * time.Minute
	patience = 100 * time.Minute
)

func (in incident) run(t *testing.T, folder, calm, job, bot string) {
	channel := newChannel(t)
	bad, well := readTape(t, folder, in.name), readTape(t, folder, calm)
	synctest.Test(t, func(t *testing.T) {
		r := newReplay(t, channel, 30*time.Second)
		defer r.close()
		clusters := bad.clusters()
		sick := r.start(bad, job, bot, "sick", clusters)
		for range bad.steps - lead {
			r.step(sick, 1)
		}
		sick.leave = true
		r.step(sick, 2)
		cured := r.start(well, job, bot, "cured", clusters)
		cured.every = 2
		for d := time.Duration(0); d < watched || !r.quiet() && d < patience; d += 2 * tapeStep {
			r.step(cured, 4)
		}
		in.check(t, r)
	})
}

// check checks what was found and told.
func (in incident) check(t *testing.T, r *replay) {
	t.Helper()
	if early := r.firsts.until(10 * time.Minute); !slices.Contains(early, in.first) {
		t.Errorf("first are %q, want %q", early, in.first)
	}
	by := map[string][]told{}
	for _, m := range r.told {
		by[m.alert] = append(by[m.alert], m)
	}
	if names := slices.Sorted(maps.Keys(by)); !slices.Equal(names, in.told) {
		t.Errorf("told are %q, want %q", names, in.told)
	}
	for name, messages := range by {
		if !r.found[name] {
			t.Errorf("%s is told, and the fleet does not find it", name)
		}
		for i, m := range messages {
			if m.ended != (i == len(messages)-1) {
				t.Errorf("%s has not one end, after everything else: %v", name, messages)
				break
			}
			if !m.ended {
				r.named(t, m)
			}
			if i > 0 && !m.ended {
				r.joined(t, messages[i-1], m)
			}
		}
	}
	if t.Failed() {
		t.Logf("first were\n%v\ntold were\n%s", r.firsts, strings.Join(texts(r.told), "\n"))
	}
}

func texts(list []told) []string {
	out := make([]string, len(list))
	for i, m := range list {
		out[i] = m.String()
	}
	return out
}

// named checks that a message about one alert has its summary as the title, and what the
// finding knows of it; and that one about several has their name and the bot's.
func (r *replay) named(t *testing.T, m told) {
	t.Helper()
	_, title, _ := strings.Cut(m.title, ": ")
	for _, a := range r.fired[m.alert] {
		if title != a.summary {
			continue
		}
		// Its beginning is always known to the finding, the cause not always. Beside
		// alerts that have ended there is no room for either.
		if !strings.Contains(m.text, "•") && !strings.Contains(m.text, "**Responsible:**") && !strings.Contains(m.text, "\nSince 2000-01-01T") {
			t.Errorf("%v: the message has nothing of its finding:\n%s", m.at, m.text)
		}
		return
	}
	var n int
	if _, err := fmt.Sscanf(title, m.alert+", %d alerts, bot ", &n); err != nil || n < 2 {
		t.Errorf("the title does not name %s: %q", m.alert, m.title)
	}
}

// joined checks that a message differs from the one before by an alert.
func (r *replay) joined(t *testing.T, before, m told) {
	t.Helper()
	if m.at-before.at < 5*time.Minute-tapeStep {
		t.Errorf("%s is told again after %v", m.alert, m.at-before.at)
	}
	for _, a := range r.fired[m.alert] {
		if a.at > before.at-tapeStep && a.at <= m.at || strings.Contains(m.text, a.summary) && !strings.Contains(before.text, a.summary) {
			return
		}
	}
	t.Errorf("%s is told again, and nothing has joined:\n%s\n%s", m.alert, before.text, m.text)
}

// TestCalmDay: on a day on which all is well nothing is found, and nothing is told. A
// recording of 18 min is played again and again; its counters go on. It is pushed and
// evaluated each minute, and examined each ten.
func TestCalmDay(t *testing.T) {
	channel := newChannel(t)
	well := readTape(t, "incidents", "nothing")
	synctest.Test(t, func(t *testing.T) {
		r := newReplay(t, channel, time.Minute)
		defer r.close()
		a := r.start(well, "calm", "", "first", well.clusters())
		a.every = 2
		for range int(24 * time.Hour / time.Minute) {
			r.step(a, 10)
		}
		if len(r.told) > 0 || len(r.found) > 0 || len(r.fired) > 0 {
			t.Errorf("told is %v, found are %v, fired are %v", r.told, slices.Sorted(maps.Keys(r.found)), r.fired)
		}
		if got := r.query(t, `sum(rate(discord_interactions_total[12h]))`); got <= 0 {
			t.Errorf("%v interactions a second", got)
		}
	})
}
