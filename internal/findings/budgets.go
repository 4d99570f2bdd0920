package findings

import (
	"fmt"
	"slices"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/rules"
)

var bot = []string{"job", "bot"}

// ofBot combines the answers of a bot's processes.
func ofBot(values []evidence.Value, combine func(a, b float64) float64) []evidence.Value {
	var bots []evidence.Value
	for _, value := range values {
		i := slices.IndexFunc(bots, func(b evidence.Value) bool { return b.Labels.Key(bot...) == value.Labels.Key(bot...) })
		if i >= 0 {
			bots[i].Number = combine(bots[i].Number, value.Number)
			continue
		}
		bots = append(bots, evidence.Value{Labels: value.Labels.Only(bot...), Number: value.Number})
	}
	return bots
}

func add(a, b float64) float64      { return a + b }
func greatest(a, b float64) float64 { return max(a, b) }
func least(a, b float64) float64    { return min(a, b) }

var (
	startsLeft = evidence.Question{Form: evidence.Last, Of: catalog.SessionStartRemaining, Combine: evidence.Min}
	startsMost = evidence.Question{Form: evidence.Last, Of: catalog.SessionStartLimit}
	botShards  = evidence.Question{Form: evidence.Last, Of: catalog.BotShards}
)

// sessionStarts finds bots that run out of session starts: nearly spent, or low.
func sessionStarts(last bool) func(v *view) []Finding {
	return func(v *view) (found []Finding) {
		limit := by(ofBot(v.ask(startsMost), greatest), bot...)
		shards := by(ofBot(v.ask(botShards), greatest), bot...)
		for _, value := range ofBot(v.ask(startsLeft), least) {
			k := value.Labels.Key(bot...)
			nearly := value.Number < shards[k] || value.Number < rules.Number("IdentifyShareLast")*limit[k]
			low := value.Number < rules.Number("IdentifyFleets")*shards[k] || value.Number < rules.Number("IdentifyShareLow")*limit[k]
			if last && !nearly || !last && (nearly || !low) {
				continue
			}
			id := "DiscordIdentifyBudgetLow"
			if last {
				id = "DiscordIdentifyBudgetNearlySpent"
			}
			f := v.make(id, value.Labels, value.Number)
			f.Blame = Operation
			f.Evidence = []Evidence{{Says: "session starts left", question: of(startsLeft, value.Labels), Value: value.Number}, {Says: "session starts a day", question: of(startsMost, value.Labels), Value: limit[k]}}
			bound := max(rules.Number("IdentifyFleets")*shards[k], rules.Number("IdentifyShareLow")*limit[k])
			f.Since, f.Before = v.holding(startsLeft, value.Labels, func(n float64) bool { return n < bound })
			f.Do = "Do not deploy or restart until the reset. Find what identifies: flapping shards, crash loops, invalid sessions."
			if last {
				f.Do = "Stop whatever identifies, now: at 0 Discord ends all sessions and resets the token."
			}
			found = append(found, f)
		}
		return found
	}
}

func noSessionStarts(v *view) (what, how string) {
	if len(v.ask(startsLeft)) > 0 || processes(v) == 0 {
		return "", ""
	}
	return "how many session starts are left: nothing has asked Discord for them", "Set ARGUS_SESSION_START_POLL=10m (WithSessionStartPoll) in one process."
}

// globalLimit finds bots that exceed Discord's global rate limit.
func globalLimit(v *view) (found []Finding) {
	q := evidence.Question{Form: evidence.Increase, Of: catalog.RateLimits, Over: 5 * time.Minute, Where: []evidence.Match{evidence.Is("scope", catalog.ScopeGlobal)}}
	for _, value := range ofBot(v.ask(q), add) {
		if round(value.Number) < rules.Number("GlobalLimitsAtLeast") {
			continue
		}
		f := v.make("DiscordGlobalRateLimit", value.Labels, value.Number)
		f.Affects, f.Blame = true, Handler
		f.Detail = fmt.Sprintf("%s responses were 429 with scope global in 5 min. discordgo then holds back all requests, answers to interactions included.", count(value.Number))
		f.Evidence = []Evidence{{Says: "responses 429 with scope global", question: of(q, value.Labels), Value: value.Number}}
		f.Since, f.Before = v.rising(q, value.Labels, 2*time.Minute)
		requests := evidence.Question{Form: evidence.Rate, Of: catalog.RequestDuration, By: []string{"method", "route"}, Over: 5 * time.Minute}
		if e, known := v.worst("requests per second on the busiest route", of(requests, value.Labels)); known {
			match := e.question.Where[len(e.question.Where)-2:]
			f.Evidence = append(f.Evidence, e)
			f.Cause = fmt.Sprintf("The busiest route is %s %s, with %.0f requests per second.", match[0].Values[0], match[1].Values[0], e.Value)
		}
		f.Do = "Make fewer requests: batch, cache, or spread them. Discord allows 50 a second for the whole bot."
		f.Not = []string{"Not one route's limit: those have the scope user or shared."}
		found = append(found, f)
	}
	return found
}

var invalid = evidence.Question{Form: evidence.Increase, Of: catalog.InvalidRequests, Over: catalog.InvalidRequestWindow}

// invalidRequests finds processes that make many invalid requests.
func invalidRequests(v *view) (found []Finding) {
	for _, value := range v.ask(invalid) {
		if value.Number > rules.Number("InvalidRequestsHigh") || v.willExceed(value) {
			found = append(found, v.invalidFinding("DiscordInvalidRequestsHigh", value))
		}
	}
	return found
}

// willExceed reports whether the requests of the last minute, kept up for ten, are more
// than Discord allows: the answer that a window of ten minutes gives later.
func (v *view) willExceed(value evidence.Value) bool {
	minute := invalid
	minute.Over = time.Minute
	last := by(v.ask(minute), evidence.Identity()...)
	return 10*last[value.Labels.Key(evidence.Identity()...)] > rules.Number("InvalidRequestsNearBan")
}

// nearBan finds bots whose invalid requests are close to Discord's ban.
func nearBan(v *view) (found []Finding) {
	for _, value := range ofBot(v.ask(invalid), add) {
		if value.Number > rules.Number("InvalidRequestsNearBan") {
			f := v.invalidFinding("DiscordInvalidRequestsNearBan", value)
			f.Affects = true
			found = append(found, f)
		}
	}
	return found
}

func (v *view) invalidFinding(id string, value evidence.Value) Finding {
	f := v.make(id, value.Labels, round(value.Number))
	f.Blame = Handler
	f.Evidence = []Evidence{{Says: "invalid requests in 10 min", question: of(invalid, value.Labels), Value: value.Number}}
	f.Since, f.Before = v.rising(invalid, value.Labels, 2*time.Minute)
	status := invalid
	status.By = []string{"status"}
	if e, known := v.worst("of the most frequent status", of(status, value.Labels)); known {
		f.Evidence = append(f.Evidence, e)
		f.Cause = fmt.Sprintf("Most have the status %s.", lastLabel(e))
	}
	routes := evidence.Question{Form: evidence.Increase, Of: catalog.RequestDuration, By: []string{"method", "route"}, Over: 10 * time.Minute, Where: []evidence.Match{evidence.Is("status", catalog.InvalidStatuses()...)}}
	if e, known := v.worst("of them on the busiest route", of(routes, value.Labels)); known && e.Value > 0 {
		match := e.question.Where[len(e.question.Where)-2:]
		f.Evidence = append(f.Evidence, e)
		f.Cause += fmt.Sprintf(" The route with the most is %s %s.", match[0].Values[0], match[1].Values[0])
	}
	f.Do = "Stop the loop that makes them: 401 is the token, 403 a missing permission, 429 ignored rate limits."
	return f
}

// sendsNearLimit finds shards that send nearly as much as Discord allows.
func sendsNearLimit(v *view) (found []Finding) {
	long := evidence.Question{Form: evidence.Rate, Of: catalog.ShardSent, By: shard, Over: now}
	short := long // Discord's own window, if scrapes are frequent enough for it
	short.Over = time.Minute
	lately := by(v.ask(short), ofShard...)
	for _, value := range v.ask(long) {
		q := long
		if n := lately[value.Labels.Key(ofShard...)]; n > value.Number {
			q, value.Number = short, n
		}
		perMinute := 60 * value.Number
		if perMinute <= rules.Number("SendsNearLimit") {
			continue
		}
		f := v.make("DiscordSendsNearLimit", value.Labels, perMinute)
		f.Blame = Handler
		f.Evidence = []Evidence{{Says: "payloads per second", question: of(q, value.Labels), Value: value.Number}}
		f.Since, f.Before = v.rising(q, value.Labels, 30*time.Second)
		ops := q
		ops.By = []string{"op"}
		ops.Where = []evidence.Match{evidence.Is("shard", value.Labels["shard"])}
		if e, known := v.worst("payloads per second with the most frequent op", kindsOf(ops, value.Labels)); known {
			f.Evidence = append(f.Evidence, e)
			f.Cause = fmt.Sprintf("Most are %s.", lastLabel(e))
		}
		f.Do = "Send presence updates and member requests less often."
		found = append(found, f)
	}
	return found
}

// memberRequests finds processes whose member requests Discord refuses.
func memberRequests(v *view) (found []Finding) {
	q := evidence.Question{Form: evidence.Increase, Of: catalog.GatewayEvents, Over: rules.Window("ErrorWindow"), Where: []evidence.Match{evidence.Is("event", catalog.EventRateLimited)}}
	for _, value := range v.counted(q, rules.Number("ErrorSeconds")) {
		f := v.make("DiscordMemberRequestsRefused", value.Labels, value.Number)
		f.Blame = Handler
		f.Evidence = []Evidence{{Says: "events RATE_LIMITED", question: of(q, value.Labels), Value: value.Number}}
		f.Since, f.Before = v.rising(q, value.Labels, 5*time.Minute)
		f.Do = "Request the members of a guild once, and not again within half a minute."
		found = append(found, f)
	}
	return found
}
