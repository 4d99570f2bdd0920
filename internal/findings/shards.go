package findings

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/rules"
)

// downAfter is how long a shard is down before it is a finding: a reconnect takes
// seconds, with discordgo's pauses up to half a minute.
const downAfter = 30 * time.Second

var (
	shard      = []string{"shard"}
	ofShard    = append(evidence.Identity(), "shard")
	up         = evidence.Question{Form: evidence.Last, Of: catalog.ShardUp, By: shard}
	reconnects = evidence.Question{Form: evidence.Increase, Of: catalog.ShardReconnects, By: shard, Over: 5 * time.Minute}
)

func is(want float64) func(float64) bool { return func(v float64) bool { return v == want } }

// shardsDown finds shards that a process owns and that are up nowhere.
func shardsDown(v *view) (found []Finding) {
	values := v.ask(up)
	upSomewhere := map[string]bool{}
	for _, value := range values {
		if value.Number == 1 {
			upSomewhere[value.Labels.Key("job", "bot", "shard")] = true
		}
	}
	age := by(v.ask(evidence.Question{Form: evidence.Age, Of: catalog.ShardStateChange, By: shard}), ofShard...)
	connected := by(v.ask(evidence.Question{Form: evidence.Last, Of: catalog.ShardsConnected}), evidence.Identity()...)
	configured := by(v.ask(evidence.Question{Form: evidence.Last, Of: catalog.ShardsConfigured}), evidence.Identity()...)
	for _, value := range values {
		// The last push of a shard that was closed for good stays for five minutes.
		process := value.Labels.Key(evidence.Identity()...)
		if own, known := configured[process]; known && connected[process] >= own {
			continue
		}
		if value.Number != 0 || upSomewhere[value.Labels.Key("job", "bot", "shard")] {
			continue
		}
		f := v.make("DiscordShardDown", value.Labels, 0)
		f.Affects, f.Blame = true, Unknown
		f.Evidence = []Evidence{{Says: "whether the shard is up", question: of(up, value.Labels), Value: 0}}
		f.Since, f.Before = v.holding(up, value.Labels, is(0))
		// The change of state is exact if it is the one that the data shows.
		changed := v.ago(age[value.Labels.Key(ofShard...)])
		if !f.Before && f.Since.Sub(changed) >= 0 && f.Since.Sub(changed) < time.Minute {
			f.Since = changed
		}
		if !f.Before && v.at.Sub(f.Since) < downAfter {
			continue // it is reconnecting
		}
		v.whyDown(&f, value.Labels)
		found = append(found, f)
	}
	return found
}

// whyDown says in which step a shard that is down is.
func (v *view) whyDown(f *Finding, labels evidence.Labels) {
	attempts := evidence.Question{Form: evidence.Increase, Of: catalog.ConnectionAttempts, By: []string{"outcome", "status"}, Over: 5 * time.Minute, Where: []evidence.Match{evidence.Is("shard", labels["shard"])}}
	status, n := "", 0.0
	for _, value := range v.detail(kindsOf(attempts, labels)) {
		if value.Number > n && value.Labels["outcome"] != catalog.AttemptConnected {
			status, n = value.Labels["status"], value.Number
		}
	}
	state := ""
	for _, value := range v.detail(of(evidence.Question{Form: evidence.Last, Of: catalog.ShardState, By: []string{"shard", "state"}}, labels)) {
		if value.Number == 1 {
			state = value.Labels["state"]
		}
	}
	switch {
	case state == catalog.StateConnecting, state == catalog.StateIdentifying, state == catalog.StateResuming:
		handshake := map[string]string{catalog.StateConnecting: "HELLO", catalog.StateIdentifying: "READY", catalog.StateResuming: "RESUMED"}[state]
		f.Cause = fmt.Sprintf("It is connected, and waits for Discord's %s.", handshake)
		f.Blame = Discord
		f.Do = "Check https://discordstatus.com. discordgo waits without a limit: if Discord is well, restart the process."
		f.Not = []string{"Not the network: the connection to the gateway is open."}
	case n > 0 && status == catalog.UpgradeNone:
		f.Cause = fmt.Sprintf("It tries to connect: %s failed without a response in 5 min.", plural(int(round(n)), "attempt", "attempts"))
		f.Blame = Network
		f.Do = "Check the way to Discord's gateway: DNS, the network, the proxy."
	case n > 0:
		f.Cause = fmt.Sprintf("It tries to connect: %s with the status %s in 5 min.", plural(int(round(n)), "attempt was refused", "attempts were refused"), status)
		f.Blame = Network
		f.Do = "Check the way to Discord's gateway: the proxy, Cloudflare, https://discordstatus.com."
	default:
		f.Cause = "It has made no failed attempt to connect in the last 5 min: discordgo waits before the next one, GET /gateway fails, or the process closed the session."
		f.Do = "Read the bot's log. If the process does not reconnect, restart it."
	}
}

// gatewayRefused finds processes whose shards are down and whose attempts to connect
// fail.
func gatewayRefused(v *view) (found []Finding) {
	attempts := evidence.Question{Form: evidence.Increase, Of: catalog.ConnectionAttempts, By: []string{"shard", "outcome", "status"}, Over: rules.Window("RefusedWindow")}
	attempts.Where = []evidence.Match{evidence.Is("outcome", catalog.AttemptRefused, catalog.AttemptFailed)}
	isUp, reached := by(v.ask(up), ofShard...), v.reachedWhileDown()
	type group struct {
		labels evidence.Labels
		shards []string
	}
	process := append(evidence.Identity(), "outcome", "status")
	groups := map[string]*group{}
	var order []string
	for _, value := range v.ask(attempts) {
		k := value.Labels.Key(ofShard...)
		if up, owned := isUp[k]; round(value.Number) <= 0 || !owned || up != 0 || reached[k] {
			continue
		}
		g := value.Labels.Key(process...)
		if groups[g] == nil {
			groups[g] = &group{labels: value.Labels.Only(process...)}
			order = append(order, g)
		}
		groups[g].shards = append(groups[g].shards, value.Labels["shard"])
	}
	for _, k := range order {
		g := groups[k]
		f := v.make("DiscordGatewayRefused", g.labels, float64(len(g.shards)))
		f.Affects = true
		q := attempts
		q.By = []string{"outcome", "status"}
		f.Evidence = []Evidence{{Says: "shards that cannot connect", question: of(q, g.labels), Value: float64(len(g.shards))}}
		f.Since, f.Before = v.rising(q, g.labels, 11*time.Minute)
		f.Cause = "Shards: " + list(g.shards) + "."
		status := g.labels["status"]
		switch {
		case g.labels["outcome"] == catalog.AttemptFailed:
			f.Blame, f.Do = Network, "Check DNS, the network, TLS and the proxy between the bot and gateway.discord.gg."
		case status == "407":
			f.Blame, f.Do = Network, "The proxy asks for credentials: check HTTPS_PROXY."
		case status == "403" || status == "429":
			f.Blame, f.Do = Operation, "Discord or Cloudflare has banned this address: stop what makes invalid requests, and wait; do not restart in a loop."
		default:
			f.Blame, f.Do = Discord, "Check https://discordstatus.com and wait: discordgo retries by itself."
		}
		f.Not = []string{"Not the token: a connection that is refused has not sent it."}
		found = append(found, f)
	}
	return found
}

// reachedWhileDown returns the shards that the gateway let in since they went down, or
// within 5 min: they are closed again and again, not shut out.
func (v *view) reachedWhileDown() map[string]bool {
	let := map[string]bool{}
	for _, within := range []time.Duration{time.Minute, 3 * time.Minute, 5 * time.Minute} {
		wasUp := by(v.ask(evidence.Question{Form: evidence.Highest, Of: catalog.ShardUp, By: shard, Over: within}), ofShard...)
		for _, value := range v.ask(evidence.Question{
			Form: evidence.Increase, Of: catalog.ConnectionAttempts, By: shard, Over: within,
			Where: []evidence.Match{evidence.Is("outcome", catalog.AttemptConnected)},
		}) {
			if k := value.Labels.Key(ofShard...); wasUp[k] != 1 && round(value.Number) > 0 {
				let[k] = true
			}
		}
	}
	return let
}

// fatalCloses finds processes whose connections Discord closes for good.
func fatalCloses(v *view) (found []Finding) {
	q := evidence.Question{
		Form: evidence.Increase, Of: catalog.ShardDisconnects, By: []string{"code"}, Over: rules.Window("FatalWindow"),
		Where: []evidence.Match{evidence.Is("code", catalog.FatalCloseCodes()...)},
	}
	total := q
	total.Form = evidence.Last
	for _, value := range v.counted(q, rules.Number("FatalSeconds")) {
		f := v.make("DiscordFatalClose", value.Labels, value.Number)
		f.Affects, f.Blame = true, Operation
		f.Evidence = []Evidence{{Says: "fatal closes", question: of(q, value.Labels), Value: value.Number}}
		f.Since, f.Before = v.rising(total, value.Labels, 11*time.Minute)
		f.Cause, f.Do = fatal(value.Labels["code"])
		f.Not = []string{"Not the network: Discord accepted the connection and closed it itself."}
		found = append(found, f)
	}
	return found
}

// counted returns the increases that are not 0, with what a young process counted before
// its first sample: that is no increase.
func (v *view) counted(q evidence.Question, young float64) (values []evidence.Value) {
	total := q
	total.Form, total.Over = evidence.Last, 0
	uptime := by(v.ask(evidence.Question{Form: evidence.Last, Of: catalog.Uptime}), evidence.Identity()...)
	recent := by(v.ask(q), q.Groups()...)
	for _, value := range v.ask(total) {
		n := recent[value.Labels.Key(q.Groups()...)]
		if seconds, known := uptime[value.Labels.Key(evidence.Identity()...)]; known && seconds < young {
			n = max(n, value.Number)
		}
		if round(n) > 0 {
			values = append(values, evidence.Value{Labels: value.Labels, Number: n})
		}
	}
	return values
}

// fatal explains a close code after which a client must not reconnect.
func fatal(code string) (cause, do string) {
	switch code {
	case "4004":
		return "The token is wrong: it was reset, or another one is set.", "Set the bot's current token and restart."
	case "4010":
		return "The shard is invalid: its id is not below the shard count.", "Correct the shard ids and the shard count."
	case "4011":
		return "The bot is in too many guilds for its number of shards.", "Raise the shard count of all processes."
	case "4012":
		return "The version of the API is no longer supported.", "Update discordgo."
	case "4013":
		return "The intents are invalid.", "Correct the intents of the session."
	case "4014":
		return "An intent is not allowed for this bot.", "Enable the privileged intent in Discord's developer portal, or do not request it."
	}
	return "", ""
}

// locksStuck finds sessions whose lock is not released.
func locksStuck(v *view) (found []Finding) {
	q := evidence.Question{Form: evidence.Last, Of: catalog.LockUnavailable, By: shard}
	isUp := by(v.ask(up), ofShard...)
	state := by(v.ask(evidence.Question{Form: evidence.Age, Of: catalog.ShardStateChange, By: shard}), ofShard...)
	changed := by(v.ask(evidence.Question{Form: evidence.Changes, Of: catalog.ShardStateChange, By: shard, Over: rules.Window("LockWindow")}), ofShard...)
	ready := by(v.ask(reconnects), ofShard...)
	waits := map[string]bool{}
	for _, value := range v.ask(evidence.Question{
		Form: evidence.Last, Of: catalog.ShardState, By: []string{"shard", "state"},
		Where: []evidence.Match{evidence.Is("state", catalog.StateIdentifying, catalog.StateResuming)},
	}) {
		if value.Number == 1 {
			waits[value.Labels.Key(ofShard...)] = true
		}
	}
	for _, value := range v.ask(q) {
		k := value.Labels.Key(ofShard...)
		// A shard that changes its state or becomes ready releases its lock in between,
		// whether or not a sample shows it. Above LockSeconds it is certain that the lock
		// hangs. Before, Open may still succeed: while it waits for READY or RESUMED, it is
		// Discord that does not answer.
		hangs := value.Number > rules.Number("LockSeconds") && changed[k] <= 0 && ready[k] <= 0
		up, owned := isUp[k]
		age, known := state[k]
		opens := owned && up == 0 && !waits[k] && value.Number > lockSuspect.Seconds() &&
			(!known || age >= downAfter.Seconds()) && round(ready[k]) < rules.Number("FlapsAtLeast")
		if !hangs && !opens {
			continue
		}
		f := v.make("DiscordSessionLockStuck", value.Labels, value.Number)
		f.Affects, f.Blame = true, Library
		f.Evidence = []Evidence{{Says: "seconds since the lock was available", question: of(q, value.Labels), Value: value.Number}}
		f.Since = v.ago(value.Number)
		f.Cause = "Open waits for Discord's HELLO or READY without a limit, or two goroutines wait for each other."
		f.Do = "Restart the process. discordgo does not recover from this."
		f.Not = []string{"Not a slow reconnect: a request and a dial end within two to three minutes."}
		if !hangs {
			f.Not = nil
			f.Do = "Wait until five minutes have passed; then restart the process."
		}
		found = append(found, f)
	}
	return found
}

// lockSuspect is how long the lock of a shard that is down has been held before it is a
// finding: discordgo holds it for the whole of Open.
const lockSuspect = downAfter

// zombies finds shards that look up although nothing acknowledges their heartbeats.
func zombies(v *view) (found []Finding) {
	ack := evidence.Question{Form: evidence.Age, Of: catalog.HeartbeatAck, By: shard}
	interval := by(v.ask(evidence.Question{Form: evidence.Last, Of: catalog.HeartbeatInterval, By: shard}), ofShard...)
	isUp := by(v.ask(up), ofShard...)
	// What the process says at the end of the window is compared with what it said at its
	// beginning: its clock may be off, and its last samples may be repeated. Where the
	// intervals are shorter than Discord's, so is the window.
	most := rules.Window("ZombieWindow")
	window := most
	for _, seconds := range interval {
		if all := rules.Number("ZombieIntervals") * seconds; all >= 1 {
			window = min(window, time.Duration(all)*time.Second)
		}
	}
	earlier := func(q evidence.Question) evidence.Question { q.Ago = window; return q }
	last := evidence.Question{Form: evidence.Last, Of: catalog.HeartbeatAck, By: shard}
	sent := evidence.Question{Form: evidence.Last, Of: catalog.ShardSent, By: shard, Where: []evidence.Match{evidence.Is("op", "heartbeat")}}
	now, before := by(v.ask(last), ofShard...), by(v.ask(earlier(last)), ofShard...)
	sentNow, sentBefore := by(v.ask(sent), ofShard...), by(v.ask(earlier(sent)), ofShard...)
	reports := by(v.ask(evidence.Question{Form: evidence.Changes, Of: catalog.Uptime, Over: most}), evidence.Identity()...)
	event := by(v.ask(evidence.Question{Form: evidence.Age, Of: catalog.LastEvent, By: shard}), ofShard...)
	for _, value := range v.ask(ack) {
		k := value.Labels.Key(ofShard...)
		if !(value.Number > rules.Number("ZombieIntervals")*interval[k] && interval[k] > 0) || isUp[k] != 1 || reports[value.Labels.Key(evidence.Identity()...)] <= 0 {
			continue
		}
		if late, _ := v.readsLate(value.Labels); late {
			continue // the acknowledgement has arrived, and waits to be read
		}
		if was, known := before[k]; !known || was != now[k] {
			continue
		}
		if n, known := sentBefore[k]; known && sentNow[k]-n < rules.Number("ZombieHeartbeats") {
			continue // the process stood still
		}
		f := v.make("DiscordShardZombie", value.Labels, value.Number)
		f.Affects, f.Blame = true, Network
		f.Evidence = []Evidence{{Says: "seconds since the last heartbeat acknowledgement", question: of(ack, value.Labels), Value: value.Number}}
		f.Since = v.ago(value.Number)
		f.Cause = "The connection is open, but nothing arrives on it."
		if age, known := event[k]; known && value.Number-age > lateAck*interval[k] {
			f.Cause = "Events arrive on the connection, but no acknowledgement of its heartbeats does."
		}
		f.Do = "Wait: discordgo reconnects after five intervals. If it happens again, look at the network (NAT, idle time-outs)."
		f.Not = []string{"Not a process that stands still: it keeps sending heartbeats."}
		found = append(found, f)
	}
	return found
}

// lateAck is the number of intervals after which the next heartbeat acknowledgement is late.
const lateAck = 1.5

// readsLate reports whether shards of a process, which have been ready for an interval and
// a half, have received events, old ones, for so long after the last heartbeat
// acknowledgement: discordgo's reader waits for handlers. On a dead connection both end
// together. It names their connections.
func (v *view) readsLate(labels evidence.Labels) (is bool, names string) {
	process := labels.Only(evidence.Identity()...)
	k := process.Key(evidence.Identity()...)
	old := evidence.Question{Form: evidence.Above, Of: catalog.ReceiptAge, At: slowArrival, Over: now}
	if by(v.ask(old), evidence.Identity()...)[k] < failuresAtOnce {
		return false, ""
	}
	interval := by(v.ask(evidence.Question{Form: evidence.Last, Of: catalog.HeartbeatInterval, By: shard}), ofShard...)
	event := by(v.ask(evidence.Question{Form: evidence.Age, Of: catalog.LastEvent, By: shard}), ofShard...)
	state := by(v.ask(evidence.Question{Form: evidence.Age, Of: catalog.ShardStateChange, By: shard}), ofShard...)
	var shards []string
	for _, ack := range v.ask(evidence.Question{Form: evidence.Age, Of: catalog.HeartbeatAck, By: shard}) {
		s := ack.Labels.Key(ofShard...)
		age, receives := event[s]
		late := interval[s] > 0 && min(ack.Number-age, state[s]) > lateAck*interval[s]
		if ack.Labels.Key(evidence.Identity()...) == k && late && receives {
			shards = append(shards, ack.Labels["shard"])
		}
	}
	if own, one := labels["shard"]; one && !slices.Contains(shards, own) {
		return false, ""
	}
	if len(shards) == 1 {
		return true, "the connection of shard " + shards[0] + " is"
	}
	return len(shards) > 0, "the connections of shards " + list(shards) + " are"
}

// silent finds shards that are connected and receive nothing.
func silent(v *view) (found []Finding) {
	age := evidence.Question{Form: evidence.Age, Of: catalog.LastEvent, By: shard}
	isUp := by(v.ask(up), ofShard...)
	events := evidence.Question{Form: evidence.Increase, Of: catalog.ShardEvents, By: shard, Over: time.Hour, Ago: 20 * time.Minute}
	usual := by(v.ask(events), ofShard...)
	for _, value := range v.ask(age) {
		k := value.Labels.Key(ofShard...)
		// So many events an hour that none in this time is not chance.
		if isUp[k] != 1 || value.Number < silentAfter.Seconds() || usual[k]/3600*value.Number < silentExpected {
			continue
		}
		f := v.make("DiscordShardSilent", value.Labels, 0)
		f.Affects, f.Blame = true, Discord
		f.Detail = fmt.Sprintf("Its last event arrived %s ago; in the hour before, it had %s events.", seconds(value.Number), count(usual[k]))
		f.Evidence = []Evidence{{Says: "seconds since the last event", question: of(age, value.Labels), Value: value.Number}, {Says: "events in the hour before", question: of(events, value.Labels), Value: usual[k]}}
		f.Since = v.ago(value.Number)
		f.Do = "Close the session and open it again, or restart the process."
		f.Not = []string{"Not a dead connection: heartbeats are acknowledged."}
		found = append(found, f)
	}
	return found
}

const (
	// silentAfter is how long a shard without events is not a finding, whatever is usual.
	silentAfter = time.Minute
	// silentExpected is the number of events that would usually have arrived. With ten
	// independent events expected, none is less likely than 1 in 20,000.
	silentExpected = 10
)

// flapping finds shards that lose their connection again and again.
func flapping(v *view) (found []Finding) {
	for _, value := range v.ask(reconnects) {
		if round(value.Number) < rules.Number("FlapsAtLeast") {
			continue
		}
		f := v.make("DiscordShardFlapping", value.Labels, value.Number)
		f.Affects, f.Blame = true, Unknown
		f.Detail = fmt.Sprintf("It became ready again %s times in 5 min.", count(value.Number))
		f.Evidence = []Evidence{{Says: "reconnects in 5 min", question: of(reconnects, value.Labels), Value: value.Number}}
		f.Since, f.Before = v.rising(reconnects, value.Labels, 3*time.Minute)
		closes := evidence.Question{Form: evidence.Increase, Of: catalog.ShardDisconnects, By: []string{"code", "initiator"}, Over: 5 * time.Minute, Where: []evidence.Match{evidence.Is("shard", value.Labels["shard"])}}
		if e, known := v.worst("closes with the most frequent code", kindsOf(closes, value.Labels)); known && e.Value > 0 {
			match := e.question.Where[len(e.question.Where)-2:]
			code, initiator := match[0].Values[0], match[1].Values[0]
			f.Evidence = append(f.Evidence, e)
			f.Cause = fmt.Sprintf("Most connections are lost, with the code %s.", code)
			if by := map[string]Blame{"discord": Discord, "client": Library}[initiator]; by != "" {
				f.Cause = fmt.Sprintf("%s ends most connections with the code %s.", by, code)
			}
			f.Blame = map[string]Blame{"discord": Discord, "network": Network, "client": Library}[initiator]
			if code == "1012" && initiator == "client" {
				f.Blame, f.Cause = Discord, "Discord asks the shard to reconnect (op 7), and discordgo closes the connection with 1012."
				f.Do = "Check https://discordstatus.com and wait: the sessions are resumed."
			}
			if code == "none" && initiator == "network" {
				f.Cause = "Most connections break without a close frame."
			}
			if code == "4008" {
				f.Blame, f.Do = Handler, "The bot sends too much to the gateway: presence updates, member requests."
			}
		}
		invalid := evidence.Question{Form: evidence.Increase, Of: catalog.Handshakes, Over: 5 * time.Minute, Where: []evidence.Match{
			evidence.Is("outcome", catalog.HandshakeInvalidSession), evidence.Is("shard", value.Labels["shard"]),
		}}
		if e, known := v.worst("handshakes that Discord answered with an invalid session", kindsOf(invalid, value.Labels)); known && e.Value >= value.Number/2 {
			f.Evidence = append(f.Evidence, e)
			f.Blame, f.Cause = Discord, "Discord answers with an invalid session (op 9), and each new session costs a session start."
		}
		// A session that ends without a close ends by op 9: discordgo identifies again on
		// the connection that it has.
		renewed := evidence.Question{Form: evidence.Increase, Of: catalog.Handshakes, Over: 5 * time.Minute, Where: []evidence.Match{
			evidence.Is("kind", catalog.KindIdentify), evidence.Is("outcome", catalog.HandshakeReady), evidence.Is("shard", value.Labels["shard"]),
		}}
		if e, known := v.worst("new sessions", kindsOf(renewed, value.Labels)); known && f.Cause == "" && e.Value >= value.Number/2 {
			f.Evidence = append(f.Evidence, e)
			f.Blame, f.Cause = Discord, "Discord ends the session on an open connection (op 9), and each new session costs a session start."
		}
		if f.Do == "" {
			f.Do = "Stop the process if session starts are running out: each new session costs one."
		}
		found = append(found, f)
	}
	return found
}

// resumesFail finds processes that lose their sessions when they reconnect.
func resumesFail(v *view) (found []Finding) {
	tried := evidence.Question{Form: evidence.Increase, Of: catalog.Handshakes, Over: time.Hour, Where: []evidence.Match{evidence.Is("kind", catalog.KindResume)}}
	kept := tried
	kept.Where = append(slices.Clone(tried.Where), evidence.Is("outcome", catalog.HandshakeResumed))
	resumed := by(v.ask(kept), evidence.Identity()...)
	for _, value := range v.ask(tried) {
		share := resumed[value.Labels.Key(evidence.Identity()...)] / value.Number
		if !(round(value.Number) >= rules.Number("ResumesAtLeast") && share < rules.Number("ResumeShare")) {
			continue
		}
		f := v.make("DiscordResumesFail", value.Labels, share)
		f.Blame = Library
		f.Evidence = []Evidence{{Says: "RESUMEs", question: of(tried, value.Labels), Value: value.Number}, {Says: "RESUMEs that kept the session", question: of(kept, value.Labels), Value: resumed[value.Labels.Key(evidence.Identity()...)]}}
		f.Do = "See which close codes come before: after 1000 and 1001 Discord ends the session."
		found = append(found, f)
	}
	return found
}

// voiceRefused finds processes whose voice connections need an encryption that
// discordgo lacks.
func voiceRefused(v *view) (found []Finding) {
	q := evidence.Question{Form: evidence.Increase, Of: catalog.VoiceDisconnects, Over: rules.Window("ErrorWindow"), Where: []evidence.Match{evidence.Is("code", "4017")}}
	for _, value := range v.ask(q) {
		if round(value.Number) <= 0 {
			continue
		}
		f := v.make("DiscordVoiceEncryptionRequired", value.Labels, value.Number)
		f.Affects, f.Blame = true, Library
		f.Evidence = []Evidence{{Says: "voice connections closed with 4017", question: of(q, value.Labels), Value: value.Number}}
		f.Since, f.Before = v.rising(q, value.Labels, 5*time.Minute)
		f.Do = "discordgo has no DAVE: turn voice off, or use a library that supports it."
		found = append(found, f)
	}
	return found
}

// list names up to eight values.
func list(values []string) string {
	const most = 8
	slices.Sort(values)
	if n := len(values) - most; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(values[:most], ", "), n)
	}
	return strings.Join(values, ", ")
}
