package demo

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	dto "github.com/prometheus/client_model/go"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/catalog"
)

// series are those of an instrument that have these labels, written
// "name=value, name=value".
type series struct {
	instrument catalog.Instrument
	labels     string
}

func (s series) String() string { return s.instrument.PrometheusName() + "{" + s.labels + "}" }

// total is that of its series.
func (s series) total(families map[string]*dto.MetricFamily) float64 {
	sum := 0.0
	for _, m := range families[s.instrument.PrometheusName()].GetMetric() {
		set, matches := labels(m), true
		for pair := range strings.SplitSeq(s.labels, ", ") {
			name, value, _ := strings.Cut(pair, "=")
			matches = matches && (s.labels == "" || set[name] == value)
		}
		if matches {
			sum += m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return sum
}

// moves are the signals that each scenario moves, within a minute at the pace
// that the demo has.
var moves = map[string][]series{
	"calm": {
		{catalog.GatewayEvents, "event=INTERACTION_CREATE"},
		{catalog.Interactions, "status=received, type=application_command"},
		{catalog.AppCommands, "command=ping, status=success"},
		{catalog.AppCommandDuration, "command=stats, status=success"},
		{catalog.CommandDuration, "command=weather, status=success"},
		{catalog.ShardLatency, ""},
		{catalog.Acks, "outcome=in_time, type=application_command"},
		{catalog.AckDuration, "type=application_command, command=ping"},
		{catalog.ReceiptAge, "type=application_command"},
		{catalog.HandlerDelay, "type=application_command"},
		{catalog.HeartbeatAck, ""},
		{catalog.LastEvent, ""},
		{catalog.ShardSent, "op=heartbeat"},
		{catalog.GatewayIO, "direction=receive"},
		{catalog.GatewayIO, "direction=transmit"},
		{catalog.RequestDuration, "method=POST, route=/interactions/{id}/{token}/callback, status=204"},
		{catalog.QueueWait, "route=/interactions/{id}/{token}/callback"},
		{catalog.VoiceClients, ""},
	},
	"storm": {
		{catalog.Handshakes, "kind=resume, outcome=resumed"},
		{catalog.Handshakes, "kind=resume, outcome=invalid_session"},
		{catalog.Handshakes, "kind=identify, outcome=ready"},
		{catalog.ShardState, "state=ready"},
		{catalog.ShardStateChange, ""},
		{catalog.ShardSent, "op=resume"},
		{catalog.ShardSent, "op=identify"},
		{catalog.LogRecords, "level=warning"},
		{catalog.InstrumentationErrors, "hook=tap"},
		{catalog.ShardDisconnects, "initiator=discord"},
		{catalog.ShardDisconnects, "initiator=network, code=none"},
		{catalog.ShardReconnects, "kind=resume"},
		{catalog.ShardReconnects, "kind=identify"},
		{catalog.GatewayEvents, "event=RESUMED"},
		{catalog.GatewayEvents, "event=READY"},
		{catalog.ShardsConnected, ""},
	},
	"outage": {
		{catalog.Handshakes, "kind=resume, outcome=closed"},
		{catalog.ShardState, "state=connecting"},
		{catalog.LockUnavailable, ""},
		{catalog.RequestDuration, "status=500"},
		{catalog.RequestDuration, "status=502"},
		{catalog.RequestDuration, "status=503"},
		{catalog.Acks, "outcome=rejected"},
		{catalog.LogRecords, "level=error"},
		{catalog.GuildsUnavailable, ""},
		{catalog.Guilds, ""},
		{catalog.ShardsConnected, ""},
		{catalog.ShardDisconnects, "initiator=discord, code=4000"},
		{catalog.ShardReconnects, "kind=resume"},
		{catalog.AppCommands, "status=error"},
		{catalog.CommandErrors, "error_type=*discordgo.RESTError"},
	},
	"slow-handlers": {
		{catalog.Acks, "outcome=in_time"},
		{catalog.Acks, "outcome=late"},
		{catalog.Acks, "outcome=missed"},
		{catalog.AckDuration, "command=report"},
		{catalog.RESTErrors, "error_code=10062"},
		{catalog.AppCommands, "command=report, status=success"},
		{catalog.AppCommands, "command=digest, status=error"},
		{catalog.AppCommands, "command=survey, status=success"},
		{catalog.AppCommandDuration, "command=report"},
		{catalog.CommandErrors, "command=digest, error_type=*discordgo.RESTError"},
	},
	"rate-limited": {
		{catalog.QueueWait, "route=/webhooks/{id}/{token}/messages/@original"},
		{catalog.InvalidRequests, "status=403"},
		{catalog.InvalidRequests, "status=429"},
		{catalog.RESTErrors, "error_code=50013"},
		{catalog.RequestsInFlight, ""},
		{catalog.RateLimits, "scope=user, route=/channels/{id}/messages"},
		{catalog.RateLimits, "scope=user, route=/webhooks/{id}/{token}/messages/@original"},
		{catalog.RateLimits, "scope=shared, route=/channels/{id}/messages"},
		{catalog.RateLimits, "scope=global, route=/channels/{id}/messages"},
		{catalog.CommandErrors, "command=mod ban, error_type=*discordgo.RESTError"},
		{catalog.GatewayEvents, "event=RATE_LIMITED"},
		{catalog.ShardSent, "op=request_guild_members"},
	},
	"global-limit": {
		{catalog.RateLimits, "scope=global, route=/channels/{id}/messages"},
		{catalog.InvalidRequests, "status=429"},
		{catalog.ResponseDelay, "type=application_command"},
	},
	"flapping": {
		{catalog.ShardDisconnects, "initiator=network"},
		{catalog.ShardReconnects, "kind=resume"},
		{catalog.Handshakes, "kind=resume, outcome=resumed"},
		{catalog.ShardUp, ""},
	},
	"zombie": {
		{catalog.Handshakes, "kind=resume, outcome=resumed"},
		{catalog.HeartbeatAck, ""},
		{catalog.LastEvent, ""},
		{catalog.ShardDisconnects, "initiator=client, code=1000"},
		{catalog.ShardReconnects, "kind=resume"},
		{catalog.GatewayEvents, "event=RESUMED"},
	},
	"identify-budget": {
		{catalog.SessionStartRemaining, ""},
		{catalog.Handshakes, "kind=identify, outcome=ready"},
		{catalog.ShardReconnects, "kind=identify"},
		{catalog.GatewayEvents, "event=READY"},
	},
	"fatal-close": {
		{catalog.ShardDisconnects, "initiator=discord, code=4014"},
		{catalog.ShardDisconnects, "initiator=discord, code=4004"},
		{catalog.Handshakes, "outcome=closed"},
		{catalog.ShardUp, ""},
		{catalog.ShardStateChange, ""},
		{catalog.LogRecords, "level=error"},
	},
	"gateway-refused": {
		{catalog.ConnectionAttempts, "outcome=refused, status=403"},
		{catalog.ConnectionAttempts, "outcome=connected"},
		{catalog.ShardUp, ""},
		{catalog.ShardDisconnects, "initiator=discord, code=4000"},
		{catalog.Handshakes, "kind=resume, outcome=resumed"},
	},
	"voice-refused": {
		{catalog.VoiceDisconnects, "initiator=discord, code=4017"},
		{catalog.ShardSent, "op=voice_state_update"},
	},
	"stuck-open": {
		{catalog.LockUnavailable, ""},
		{catalog.ShardState, "state=connecting"},
		{catalog.ShardUp, ""},
		{catalog.ShardDisconnects, "initiator=discord, code=4000"},
		{catalog.Handshakes, "kind=resume, outcome=resumed"},
	},
	"clock-skew": {
		{catalog.ReceiptAge, "type=application_command"},
		{catalog.Acks, "outcome=in_time, type=application_command"},
	},
	"runaway": {
		{catalog.InvalidRequests, "status=403"},
		{catalog.RESTErrors, "error_code=50013"},
		{catalog.RequestDuration, "method=PUT, route=/channels/{id}/messages/{id}/reactions/{emoji}/@me, status=403"},
		{catalog.ShardSent, "op=presence_update"},
	},
	// catalog.TimersEvicted takes the whole crowd, which the end-to-end tests have.
	"raid": {
		{catalog.Interactions, "status=received, type=application_command"},
		{catalog.Acks, "outcome=missed"},
		{catalog.AppCommands, "command=report, status=error"},
		{catalog.AppCommands, "command=report, status=success"},
		{catalog.CommandErrors, "command=report, error_type=*demo.busyError"},
	},
}

// rests are those that must not move, for their cause is another scenario's.
var rests = map[string][]series{
	"calm": {
		{catalog.ShardDisconnects, ""},
		{catalog.ShardReconnects, ""},
		{catalog.ShardsConnected, ""},
		{catalog.RateLimits, ""},
		{catalog.CommandErrors, ""},
		{catalog.AppCommands, "status=error"},
		{catalog.Commands, "status=error"},
		{catalog.GuildsUnavailable, ""},
		{catalog.InstrumentationErrors, ""},
		{catalog.Acks, "outcome=late"},
		{catalog.Acks, "outcome=rejected"},
		{catalog.Acks, "outcome=missed"},
		{catalog.Handshakes, ""},
		{catalog.InvalidRequests, ""},
		{catalog.RESTErrors, ""},
		{catalog.TimersEvicted, ""},
	},
	"storm":           {{catalog.RateLimits, ""}},
	"outage":          {{catalog.RateLimits, ""}},
	"slow-handlers":   {{catalog.ShardDisconnects, ""}, {catalog.RateLimits, ""}, {catalog.GuildsUnavailable, ""}},
	"rate-limited":    {{catalog.ShardDisconnects, ""}, {catalog.GuildsUnavailable, ""}},
	"global-limit":    {{catalog.ShardDisconnects, ""}, {catalog.GuildsUnavailable, ""}, {catalog.RateLimits, "scope=user"}, {catalog.RateLimits, "scope=shared"}},
	"flapping":        {{catalog.RateLimits, ""}, {catalog.GuildsUnavailable, ""}, {catalog.InvalidRequests, ""}},
	"zombie":          {{catalog.ShardDisconnects, "initiator=discord"}, {catalog.RateLimits, ""}, {catalog.GuildsUnavailable, ""}},
	"identify-budget": {{catalog.ShardDisconnects, ""}, {catalog.RateLimits, ""}, {catalog.GuildsUnavailable, ""}},
	"fatal-close":     {{catalog.RateLimits, ""}, {catalog.GuildsUnavailable, ""}, {catalog.InvalidRequests, ""}, {catalog.InstrumentationErrors, ""}},
	"gateway-refused": {{catalog.RateLimits, ""}, {catalog.GuildsUnavailable, ""}, {catalog.InvalidRequests, ""}, {catalog.InstrumentationErrors, ""}},
	"voice-refused":   {{catalog.ShardDisconnects, ""}, {catalog.VoiceClients, ""}, {catalog.RateLimits, ""}, {catalog.InvalidRequests, ""}, {catalog.InstrumentationErrors, ""}},
	"stuck-open":      {{catalog.RateLimits, ""}, {catalog.GuildsUnavailable, ""}, {catalog.InvalidRequests, ""}, {catalog.InstrumentationErrors, ""}},
	"clock-skew": {
		{catalog.ShardDisconnects, ""},
		{catalog.RateLimits, ""},
		{catalog.GuildsUnavailable, ""},
		{catalog.CommandErrors, ""},
		{catalog.Interactions, "status=expired"},
		{catalog.VoiceClients, ""}, // there is no music but on calm days
		{catalog.Acks, "outcome=rejected"},
		{catalog.InvalidRequests, ""},
	},
	"runaway": {{catalog.ShardDisconnects, ""}, {catalog.RateLimits, ""}, {catalog.GuildsUnavailable, ""}, {catalog.CommandErrors, ""}},
	"raid":    {{catalog.ShardDisconnects, ""}, {catalog.RateLimits, ""}, {catalog.GuildsUnavailable, ""}, {catalog.InvalidRequests, ""}},
}

// A watch compares a page with the first one.
type watch struct {
	*running
	url   string
	first map[string]*dto.MetricFamily
	seen  map[string]bool // those that have moved
	slow  map[string]bool // interactions that Discord was answered late, see isSlow
}

func (r *running) watch(t *testing.T) *watch {
	t.Helper()
	r.ready(t)
	w := &watch{running: r, url: r.pages("metrics")[0], seen: map[string]bool{}, slow: map[string]bool{}}
	// The last GUILD_CREATEs may still be on their way.
	r.until(t, "all guilds to be available", func() bool {
		w.first = w.look(t)
		return total(w.first[catalog.GuildsUnavailable.PrometheusName()]) == 0
	})
	return w
}

// look fetches and checks the page.
func (w *watch) look(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	page := mustGet(t, w.url)
	families := parsePage(t, page)
	checkSeries(t, families, "default")
	checkSecrets(t, page)
	for _, c := range w.demo.server.Callbacks() {
		if w.isSlow(t, c) {
			w.slow[c.InteractionID] = true
		}
	}
	return families
}

// isSlow says whether the fake Discord got an answer at a time when Argus may have
// found it late. Where nothing but the machine holds answers back, it was too busy.
func (w *watch) isSlow(t *testing.T, c discordtest.Callback) bool {
	t.Helper()
	const quick = 2 * time.Second // of the three that Discord waits
	created, err := discordgo.SnowflakeTimestamp(c.InteractionID)
	if err != nil {
		t.Fatal(err)
	}
	ahead := time.Until(w.demo.server.Now())
	return c.Time.Add(ahead).Sub(created) > quick
}

// moved waits until all of the signals have moved, at one time or another.
func (w *watch) moved(t *testing.T, signals []series) {
	t.Helper()
	var missing []series
	defer func() {
		if len(missing) > 0 {
			t.Logf("these have not moved: %v", missing)
		}
	}()
	w.until(t, "the scenario's signals to move", func() bool {
		families := w.look(t)
		missing = nil
		for _, s := range signals {
			name := s.String()
			w.seen[name] = w.seen[name] || s.total(families) != s.total(w.first)
			if !w.seen[name] {
				missing = append(missing, s)
			}
		}
		return len(missing) == 0
	})
}

// timed are the instruments that an answer moves which comes too late.
var timed = []catalog.Instrument{catalog.Acks, catalog.AppCommands, catalog.CommandErrors, catalog.Interactions, catalog.RESTErrors}

// rested says that none of the signals has moved. A gauge may have, for a moment: after an IDENTIFY guilds are unavailable until
// their GUILD_CREATEs are there. On a busy machine answers can be late: what tells of that has moved by no more than the fake Discord
// has seen.
func (w *watch) rested(t *testing.T, signals []series) {
	t.Helper()
	families := w.look(t)
	for _, s := range signals {
		before, now := s.total(w.first), s.total(families)
		is := func(now float64) bool { return now == before }
		what := " to be what it was"
		if s.instrument.Kind != catalog.Gauge {
			if !slices.ContainsFunc(timed, func(i catalog.Instrument) bool { return i.Name == s.instrument.Name }) {
				if !is(now) {
					t.Errorf("%v has moved from %v to %v", s, before, now)
				}
				continue
			}
			is = func(now float64) bool { return now-before <= float64(len(w.slow)) }
			what = " to have moved by slow answers alone"
		}
		if !is(now) { // else one look is enough for all
			w.until(t, s.String()+what, func() bool { return is(s.total(w.look(t))) })
		}
	}
}

// statuses are what REST has answered, by status and route.
func (w *watch) statuses() map[int][]string {
	all := map[int][]string{}
	for _, r := range w.demo.server.Requests() {
		if !slices.Contains(all[r.Status], r.Pattern) {
			all[r.Status] = append(all[r.Status], r.Pattern)
		}
	}
	return all
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	// What the fake Discord knows of it, beside the series.
	checks := map[string]func(*testing.T, *watch){
		"calm":            checkCalm,
		"storm":           checkStorm,
		"outage":          checkOutage,
		"slow-handlers":   checkSlowHandlers,
		"rate-limited":    checkRateLimited,
		"global-limit":    checkGlobalLimit,
		"flapping":        checkFlapping,
		"zombie":          checkZombie,
		"identify-budget": checkIdentifyBudget,
		"fatal-close":     checkFatalClose,
		"gateway-refused": checkGatewayRefused,
		"voice-refused":   checkVoiceRefused,
		"stuck-open":      checkStuckOpen,
		"clock-skew":      checkClockSkew,
		"runaway":         checkRunaway,
		"raid":            checkRaid,
	}
	for _, sc := range scenarios() {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			p := quick()
			// discordgo gives a connection up after five of these without an
			// acknowledgement: a machine that is busy must not come near that.
			p.heartbeat = 5 * time.Second
			rate := "200"
			switch sc.name {
			case "raid":
				p.heartbeat = defaultPace().heartbeat // its crowd would outlast several
				fallthrough
			case "storm", "flapping", "zombie", "fatal-close", "gateway-refused", "stuck-open":
				// The traffic is not what they are about. With much of it a bot on a busy
				// machine is behind: it finds out late that a connection has ended, and every
				// answer of the raid is late.
				rate = "20"
			}
			r := beginAt(t, p, "--scenario", sc.name, "--addr", "127.0.0.1:0", "--shards", "2", "--guilds", "12", "--rate", rate)
			for _, want := range []string{"Scenario " + sc.name + ": " + sc.summary, sc.looks[0].query} {
				if !r.wrote(want)() {
					t.Errorf("the introduction lacks %q", want)
				}
			}
			w := r.watch(t)
			checks[sc.name](t, w)
			w.moved(t, moves[sc.name])
			w.rested(t, rests[sc.name])
			r.until(t, "a status line that names the scenario", func() bool {
				return r.wrote("["+sc.name+"] ")() && r.wrote("; watch "+sc.watch)()
			})
			if r.wrote("fault: ")() {
				t.Error("a fault of the mixed day has happened")
			}
		})
	}
}

func checkCalm(t *testing.T, w *watch) {
	w.until(t, "callbacks", func() bool { return len(w.demo.server.Callbacks()) >= 25 })
	for status, routes := range w.statuses() {
		if status >= 300 && (status != http.StatusNotFound || !slices.Equal(routes, []string{callbackRoute})) {
			t.Errorf("status %d from %v", status, routes)
		}
	}
	for _, c := range w.demo.server.Callbacks() {
		if c.Status >= 300 && !w.isSlow(t, c) {
			t.Errorf("the callback of %s was answered with %d", c.InteractionID, c.Status)
		}
	}
	if conns := w.demo.server.Conns(); len(conns) != 2 || conns[0].Resumed() || conns[1].Resumed() {
		t.Error("the connections are not those of the start")
	}
}

func checkStorm(t *testing.T, w *watch) {
	w.until(t, "disconnects with several codes", func() bool {
		codes := map[string]bool{}
		for _, m := range w.look(t)[catalog.ShardDisconnects.PrometheusName()].GetMetric() {
			if m.GetCounter().GetValue() > 0 {
				codes[labels(m)["code"]] = true
			}
		}
		return len(codes) >= 3
	})
	w.until(t, "the bursts to reach the bot", func() bool {
		traffic := 0
		for _, n := range w.demo.traffic.Stats().Interactions {
			traffic += n
		}
		return int(w.demo.tally.interactions.Load()) > traffic
	})
}

func checkOutage(t *testing.T, w *watch) {
	w.until(t, "500, 502 and 503", func() bool {
		all := w.statuses()
		return all[http.StatusInternalServerError] != nil && all[http.StatusBadGateway] != nil && all[http.StatusServiceUnavailable] != nil
	})
	w.moved(t, moves["outage"])
	w.until(t, "Discord to be well again", func() bool {
		families := w.look(t)
		return total(families[catalog.ShardsConnected.PrometheusName()]) == 2 && total(families[catalog.GuildsUnavailable.PrometheusName()]) == 0
	})
}

func checkSlowHandlers(t *testing.T, w *watch) {
	w.until(t, "answers that Discord takes, and some that it refuses", func() bool {
		statuses := map[int]int{}
		for _, c := range w.demo.server.Callbacks() {
			statuses[c.Status]++
		}
		return statuses[http.StatusNotFound] >= 2 && statuses[http.StatusNoContent] >= 10
	})
	for status, routes := range w.statuses() {
		if status >= 300 && (status != http.StatusNotFound || !slices.Equal(routes, []string{callbackRoute})) {
			t.Errorf("status %d from %v, which has nothing to do with slow handlers", status, routes)
		}
	}
}

func checkRateLimited(t *testing.T, w *watch) {
	w.until(t, "429s of all scopes on three routes", func() bool {
		scopes := w.demo.server.RateLimited()
		return scopes["user"] > 0 && scopes["shared"] > 0 && scopes["global"] > 0 && len(w.statuses()[http.StatusTooManyRequests]) >= 3
	})
	w.until(t, "403s", func() bool { return slices.Contains(w.statuses()[http.StatusForbidden], banRoute) })
	// "ping" does nothing but answer: what takes longer was held back by a global
	// limit. "play" works for 2.5 s at most: what takes longer was in the queue.
	w.until(t, "callbacks to be held back, and edits to queue up", func() bool {
		families := w.look(t)
		return longer(families, "ping", 0.5) > 0 && longer(families, deferredCommand, 5) > 0
	})
}

func checkGlobalLimit(t *testing.T, w *watch) {
	w.until(t, "the global limit to be met again and again", func() bool { return w.demo.server.RateLimited()["global"] >= 5 })
	// "ping" does nothing but answer: what takes longer was held back.
	w.until(t, "callbacks to be held back", func() bool { return longer(w.look(t), "ping", 0.5) > 0 })
}

func checkFlapping(t *testing.T, w *watch) {
	w.until(t, "a shard to be ready again five times", func() bool {
		for _, m := range w.look(t)[catalog.ShardReconnects.PrometheusName()].GetMetric() {
			if m.GetCounter().GetValue() >= 5 {
				return true
			}
		}
		return false
	})
}

// longer is how many application commands of a name took longer than a bound of
// the histogram's.
func longer(families map[string]*dto.MetricFamily, command string, bound float64) (n uint64) {
	for _, m := range families[catalog.AppCommandDuration.PrometheusName()].GetMetric() {
		for _, b := range m.GetHistogram().GetBucket() {
			if labels(m)["command"] == command && b.GetUpperBound() == bound {
				n += m.GetHistogram().GetSampleCount() - b.GetCumulativeCount()
			}
		}
	}
	return n
}

var silentLine = regexp.MustCompile(`zombie: shard (\d+): silent`)

// checkZombie follows a silence from its beginning to its end. On a busy machine
// one may be over before anybody has looked: then the next one is as good.
func checkZombie(t *testing.T, w *watch) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	for !watchSilence(ctx, t, w) {
		t.Log("a silence was over too early, on to the next")
	}
}

// watchSilence waits for the next shard to fall silent, and looks at it until it is
// back. It returns false when it came too late to see it silent.
func watchSilence(ctx context.Context, t *testing.T, w *watch) bool {
	t.Helper()
	silences := func() [][]string { return silentLine.FindAllStringSubmatch(w.out.String(), -1) }
	before, shard := len(silences()), 0
	var open, last []*discordtest.Conn // of the last two looks
	w.until(t, "a shard to fall silent", func() bool {
		open, last = last, w.demo.server.Conns()
		all := silences()
		if len(all) == before {
			return false
		}
		shard, _ = strconv.Atoi(all[before][1])
		return true
	})
	// It was open before, and is the one that is silent unless it is closed by now.
	i := slices.IndexFunc(open, func(c *discordtest.Conn) bool { return c.Ready() && c.Shard() == shard })
	if i < 0 {
		return false
	}
	c := open[i]
	if c.WaitHeartbeat(ctx) != nil {
		return false
	}
	sent := c.Sent()
	up := series{catalog.ShardUp, "shard=" + strconv.Itoa(shard)}
	got := up.total(w.look(t))
	if c.WaitHeartbeat(ctx) != nil { // so it was still silent then
		return false
	}
	if got != 1 {
		t.Errorf("while its heartbeats are not acknowledged, %v is %v, want 1", up, got)
	}
	if now := c.Sent(); !maps.Equal(sent, now) {
		t.Errorf("the silent connection got %v, then %v", sent, now)
	}
	if err := c.WaitClosed(ctx); err != nil {
		t.Fatal(err)
	}
	if code, byClient := c.CloseStatus(); code != 1000 || !byClient {
		t.Errorf("it ended with %d, by the client: %t; want 1000, as discordgo ends a zombie", code, byClient)
	}
	again, err := w.demo.server.WaitConn(ctx, shard)
	if err != nil {
		t.Fatal(err)
	}
	if !again.Resumed() || again.SessionID() != c.SessionID() {
		t.Error("the shard has not resumed its session")
	}
	return true
}

func checkIdentifyBudget(t *testing.T, w *watch) {
	before, total, _ := w.demo.server.SessionStarts()
	if total != sessionTotal || before > w.demo.reserve()+sessionSpare {
		t.Errorf("it begins with %d of %d session starts, want at most %d of %d", before, total, w.demo.reserve()+sessionSpare, sessionTotal)
	}
	w.until(t, "invalid sessions to take from the budget", func() bool {
		remaining, _, _ := w.demo.server.SessionStarts()
		return remaining <= before-3
	})
	asked := 0
	for _, r := range w.demo.server.Requests() {
		if r.Pattern == "/gateway/bot" {
			asked++
		}
	}
	if asked < 2 {
		t.Errorf("the bot has asked for its budget %d times, want more", asked)
	}
}

func checkFatalClose(t *testing.T, w *watch) {
	w.until(t, "a shard to be down for good, and an attempt to come back to be refused as well", func() bool {
		families := w.look(t)
		return total(families[catalog.ShardUp.PrometheusName()]) < 2 && series{catalog.Handshakes, "outcome=closed"}.total(families) > 0
	})
	w.moved(t, moves["fatal-close"])
	w.until(t, "it to be corrected", func() bool { return total(w.look(t)[catalog.ShardUp.PrometheusName()]) == 2 })
}

func checkGatewayRefused(t *testing.T, w *watch) {
	w.until(t, "a shard to be turned away twice while it is down", func() bool {
		families := w.look(t)
		return total(families[catalog.ShardUp.PrometheusName()]) < 2 && series{catalog.ConnectionAttempts, "outcome=refused"}.total(families) >= 2
	})
	w.until(t, "it to be let in", func() bool { return total(w.look(t)[catalog.ShardUp.PrometheusName()]) == 2 })
}

func checkVoiceRefused(t *testing.T, w *watch) {
	w.until(t, "two voice connections to be refused", func() bool {
		return series{catalog.VoiceDisconnects, "initiator=discord, code=4017"}.total(w.look(t)) >= 2
	})
}

func checkStuckOpen(t *testing.T, w *watch) {
	const held = 1 // s; the gateway is silent for 3.5 s at this pace
	w.until(t, "a lock that is not to be had while its shard connects", func() bool {
		families := w.look(t)
		return total(families[catalog.LockUnavailable.PrometheusName()]) > held && series{catalog.ShardState, "state=connecting"}.total(families) == 1
	})
	w.until(t, "the gateway to speak", func() bool { return total(w.look(t)[catalog.ShardUp.PrometheusName()]) == 2 })
}

func checkClockSkew(t *testing.T, w *watch) {
	w.until(t, "interactions from the future", func() bool {
		offset := total(w.look(t)[catalog.ClockOffset.PrometheusName()])
		return offset < -1.5 && offset > -2.5
	})
}

// checkRaid: those whom the bot has room for are answered, and the others are not.
func checkRaid(t *testing.T, w *watch) {
	w.until(t, "a crowd", func() bool { return strings.Contains(w.out.String(), "raid: users ran /report") })
	w.until(t, "answers to some of it", func() bool {
		answered := 0
		for _, c := range w.demo.server.Callbacks() {
			if c.Status == http.StatusNoContent {
				answered++
			}
		}
		return answered >= w.demo.settings.slots/4
	})
}

func checkRunaway(t *testing.T, w *watch) {
	w.until(t, "reactions that are refused, and nothing else", func() bool {
		statuses := w.statuses()
		if routes := statuses[http.StatusForbidden]; len(routes) > 0 && !slices.Equal(routes, []string{reactionRoute}) {
			t.Fatalf("status 403 from %v", routes)
		}
		return len(statuses[http.StatusForbidden]) > 0
	})
	w.until(t, "more payloads than one in two thirds of a second", func() bool {
		conns := w.demo.server.Conns()
		return len(conns) == 2 && conns[0].Received()[3] >= 10
	})
}

// discordgo takes a second and more to come back, and longer on a busy machine. What
// a scenario has in store for a shard that comes back lasts until it has.
func TestScenariosWaitForDiscordgo(t *testing.T) {
	t.Parallel()
	moved := func(s series) func(*testing.T, *watch) bool {
		return func(t *testing.T, w *watch) bool {
			t.Helper()
			return s.total(w.look(t)) > 0
		}
	}
	for name, happened := range map[string]func(*testing.T, *watch) bool{
		"gateway-refused": moved(series{catalog.ConnectionAttempts, "outcome=refused, status=403"}),
		"fatal-close":     moved(series{catalog.Handshakes, "outcome=closed"}),
		"outage":          moved(series{catalog.Handshakes, "kind=resume, outcome=closed"}),
		"stuck-open": func(_ *testing.T, w *watch) bool {
			return slices.ContainsFunc(w.demo.server.Conns(), func(c *discordtest.Conn) bool {
				return len(c.Received()) == 0 && time.Since(c.Started()) > 400*time.Millisecond
			})
		},
		"storm": func(_ *testing.T, w *watch) bool {
			traffic := 0
			for _, n := range w.demo.traffic.Stats().Interactions {
				traffic += n
			}
			return int(w.demo.tally.interactions.Load()) > traffic
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := quick()
			p.heartbeat = 5 * time.Second
			p.beat = 10 * time.Millisecond // 75 of these are shorter than that second
			r := beginAt(t, p, "--scenario", name, "--addr", "127.0.0.1:0", "--shards", "1", "--guilds", "3", "--rate", "10")
			w := r.watch(t)
			w.until(t, "a shard to meet what it comes back to", func() bool { return happened(t, w) })
		})
	}
}

// What a runaway bot sends stays below what Discord closes the connection for.
func TestRunawayStaysBelowTheLimit(t *testing.T) {
	const limit, window = 120, time.Minute
	if sends := window/statusEvery + window/defaultPace().heartbeat + 2; sends >= limit {
		t.Errorf("%d payloads a minute, and Discord allows %d", sends, limit)
	}
}

// The budget is never used up, and is full again at the end of a day.
func TestIdentifyBudgetDay(t *testing.T) {
	t.Parallel()
	p := quick()
	p.beat = 100 * time.Millisecond // a day has 6 s, of which a connection is not ended in its first two
	r := beginAt(t, p, "--scenario", "identify-budget", "--addr", "127.0.0.1:0", "--shards", "1", "--guilds", "2", "--rate", "20")
	r.ready(t)
	reserve := r.demo.reserve()
	low := fmt.Sprintf("%d of 1000 session starts left; a restart of 1 shard would leave", reserve)
	r.until(t, low, func() bool {
		// All but one are spent for the scenario: a day is short. On a busy machine it
		// may take several.
		remaining, _, _ := r.demo.server.SessionStarts()
		if spare := remaining - reserve - 1; spare > 0 && spare < sessionSpare {
			r.demo.server.SpendSessionStarts(spare)
		}
		return r.wrote(low)()
	})
	for _, want := range []string{
		"a new day: 1000 session starts left",
		fmt.Sprintf("a crash loop of another process with this token: %d session starts left", reserve+sessionSpare),
	} {
		r.until(t, want, r.wrote(want))
	}
	r.until(t, "the shard to be up", func() bool { return r.demo.up() == 1 })
	if r.wrote("4004")() {
		t.Error("the shard was shut out")
	}
}

// The causes of several scenarios are at work together.
func TestMixedScenarios(t *testing.T) {
	t.Parallel()
	names := []string{"storm", "rate-limited", "slow-handlers"}
	r := begin(t, "--scenario", strings.Join(names, ","), "--addr", "127.0.0.1:0", "--shards", "2", "--guilds", "12", "--rate", "200")
	r.watch(t).moved(t, []series{
		{catalog.ShardDisconnects, "initiator=discord"},
		{catalog.RateLimits, "scope=shared, route=/channels/{id}/messages"},
		{catalog.CommandErrors, "command=mod ban, error_type=*discordgo.RESTError"},
		{catalog.CommandErrors, "command=digest, error_type=*discordgo.RESTError"},
		{catalog.AppCommands, "command=survey, status=success"},
	})
	r.until(t, "a status line", r.wrote("[storm,rate-limited,slow-handlers] "))
	if want := "watch discord_interaction_acks_total, discord_ratelimits_total, discord_shard_disconnects_total"; !r.wrote(want)() {
		t.Errorf("the status line lacks %q", want)
	}
}

func TestScenarioInNamespace(t *testing.T) {
	t.Setenv("ARGUS_NAMESPACE", "mybot")
	r := begin(t, small("--addr", "127.0.0.1:0", "--scenario", "zombie")...)
	if r.wrote("discord_")() || !r.wrote("time() - mybot_shard_heartbeat_ack_timestamp_seconds")() {
		t.Error("the introduction names metrics that this namespace does not have")
	}
}

// What a scenario draws follows from the seed.
func TestScenariosFollowFromTheSeed(t *testing.T) {
	deal := func(seed uint64) (names []string) {
		d := &deck{rng: rand.New(rand.NewPCG(seed, 1)), all: resumable()}
		for range 3 * len(d.all) {
			names = append(names, d.deal().name)
		}
		return names
	}
	first := deal(1)
	if !slices.Equal(first, deal(1)) {
		t.Error("the same seed gives other endings")
	}
	if slices.Equal(first, deal(2)) {
		t.Error("another seed gives the same endings")
	}
	round := slices.Clone(first[:len(resumable())])
	slices.Sort(round)
	if len(slices.Compact(round)) != len(resumable()) {
		t.Errorf("a round deals %v, want each ending once", first[:len(resumable())])
	}

	d := newDemo(config{seed: 7, scenarios: scenarios(), pace: quick()}, new(journal))
	drawn := map[uint64]string{}
	for n, sc := range d.scenarios {
		draw := d.stage(n).rng.Uint64()
		if draw != d.stage(n).rng.Uint64() {
			t.Errorf("%s draws differently each time", sc.name)
		}
		if other, ok := drawn[draw]; ok {
			t.Errorf("%s and %s draw alike", sc.name, other)
		}
		drawn[draw] = sc.name
	}
}

// The table is whole, and the document tells each of its scenarios with every
// query that the demo prints.
func TestScenariosAreTold(t *testing.T) {
	text, err := os.ReadFile("../../../../docs/SCENARIOS.md")
	if err != nil {
		t.Fatal(err)
	}
	_, all, _ := strings.Cut(string(text), "\n## ")
	chapters := map[string]string{}
	for chapter := range strings.SplitSeq(all, "\n## ") {
		heading, rest, _ := strings.Cut(chapter, "\n")
		chapters[heading] = rest
	}
	known := map[string]bool{}
	for _, i := range catalog.All() {
		known[i.PrometheusName()] = true
	}
	// The document has every query, so its names are all there are.
	for _, name := range regexp.MustCompile(`(?:discord|argus)_[a-z_]+[a-z]`).FindAllString(string(text), -1) {
		bare := name
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			bare = strings.TrimSuffix(bare, suffix)
		}
		if !known[name] && !known[bare] {
			t.Errorf("docs/SCENARIOS.md names %s, which is not in the catalog", name)
		}
	}
	series := regexp.MustCompile(`^discord_[a-z_]+[a-z]$`)
	for _, sc := range scenarios() {
		chapter, ok := chapters["`"+sc.name+"`"]
		if !ok {
			t.Errorf("docs/SCENARIOS.md has no chapter about %s", sc.name)
		}
		if !series.MatchString(sc.watch) || !strings.Contains(chapter, sc.watch) {
			t.Errorf("%s: the chapter does not name %q", sc.name, sc.watch)
		}
		if len(sc.looks) == 0 || moves[sc.name] == nil || rests[sc.name] == nil {
			t.Errorf("%s has nothing to look at, or no signals to test", sc.name)
		}
		for _, look := range sc.looks {
			if !strings.Contains(chapter, look.query) {
				t.Errorf("%s: the chapter lacks the query %s", sc.name, look.query)
			}
		}
		for _, part := range []string{"**Cause.**", "**Symptoms.**", "**Action.**", "**When to ignore it.**"} {
			if !strings.Contains(chapter, part) {
				t.Errorf("%s: the chapter lacks %s", sc.name, part)
			}
		}
	}
}

// The commands of slow-handlers are that bot's alone.
func TestSlowCommands(t *testing.T) {
	b := newBot(new(tally), rand.New(rand.NewPCG(1, 2)), &settings{slots: maxAtWork, slow: true})
	if !slices.Contains(b.commandNames(), silentCommand) || !slices.Contains(b.commandNames(), lastMomentCommand) {
		t.Errorf("the bot has the commands %v", b.commandNames())
	}
	if err := b.commands[silentCommand](t.Context(), nil, nil); err != nil { // a request would need a session
		t.Errorf("the command that does not answer fails: %v", err)
	}
	if normal := testBot(); slices.Contains(normal.commandNames(), silentCommand) {
		t.Error("the bot of other scenarios has it too")
	}
}
