package findings

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/rules"
)

// now is the window of what happens at present. It is short enough for a finding
// within a minute of the beginning, and holds two scrapes at an interval of 60 s.
const now = 2 * time.Minute

// quiet ends an episode of failures. Where they are rare it is fifteen times as long.
const quiet = 2 * time.Minute

var (
	burnFast = rules.Number("AckBurnFast") * rules.Number("AckBudget")
	burnSlow = rules.Number("AckBurnSlow") * rules.Number("AckBudget")
)

// failuresAtOnce is the number of failures within [now] that are a finding. One or two
// happen on calm days.
const failuresAtOnce = 3

func acks(over time.Duration, outcomes ...string) evidence.Question {
	return evidence.Question{
		Form: evidence.Increase, Of: catalog.Acks, Over: over,
		Where: []evidence.Match{evidence.Is("type", rules.Awaited()...), evidence.Is("outcome", outcomes...)},
	}
}

func failed(over time.Duration) evidence.Question { return acks(over, rules.NotInTime()...) }

func judged(over time.Duration) evidence.Question {
	return acks(over, append(rules.NotInTime(), catalog.AckInTime)...)
}

// burning is a process that fails many of its users: at present, or over the last hour
// where it has little traffic. It counts the interactions of that time.
type burning struct {
	process     evidence.Labels
	rarely      bool
	failed, all float64
}

// burningFast returns the processes that fail many of their users.
func (v *view) burningFast() (processes []burning) {
	identity := evidence.Identity()
	all2m, failed5m, all5m := by(v.ask(judged(now)), identity...), by(v.ask(failed(5*time.Minute)), identity...), by(v.ask(judged(5*time.Minute)), identity...)
	failed1h, all1h := by(v.ask(failed(time.Hour)), identity...), by(v.ask(judged(time.Hour)), identity...)
	ofAll := func(q evidence.Question) map[string]float64 { return by(ofBot(v.ask(q), add), bot...) }
	botFailed5m, botAll5m := ofAll(failed(5*time.Minute)), ofAll(judged(5*time.Minute))
	botFailed1h, botAll1h := ofAll(failed(time.Hour)), ofAll(judged(time.Hour))
	for _, value := range v.ask(failed(now)) {
		k, b := value.Labels.Key(identity...), value.Labels.Key(bot...)
		atOnce := round(value.Number) >= failuresAtOnce && value.Number/all2m[k] > burnFast
		hour := failed1h[k]/all1h[k] > burnFast
		burns := hour && failed5m[k]/all5m[k] > burnFast && failed1h[k] >= rules.Number("AckFailuresAtLeast")
		// Of many processes with little traffic each, only all together have enough.
		together := hour && failed1h[k] >= rules.Number("AckFailuresOfOne") &&
			botFailed1h[b]/botAll1h[b] > burnFast && botFailed5m[b]/botAll5m[b] > burnFast && botFailed1h[b] >= rules.Number("AckFailuresAtLeast")
		switch {
		case atOnce || burns:
			processes = append(processes, burning{process: value.Labels, failed: failed5m[k], all: all5m[k]})
		case together:
			processes = append(processes, burning{process: value.Labels, rarely: true, failed: failed1h[k], all: all1h[k]})
		}
	}
	return processes
}

// unanswered finds processes whose users get no answer.
func unanswered(v *view) (found []Finding) {
	for _, b := range v.burningFast() {
		over, words, pause := 5*time.Minute, "5 min", quiet
		if b.rarely {
			over, words, pause = time.Hour, "hour", 15*quiet
		}
		f := v.make("DiscordAckBudgetBurnsFast", b.process, b.failed/b.all)
		f.Affects = true
		notAcknowledged(&f, over, words, b.failed, b.all)
		f.Since, f.Before = v.rising(failed(0), b.process, pause)
		v.waterfall(&f, b.process)
		found = append(found, f)
	}
	return found
}

// unansweredSlowly finds processes that fail some of their users: now, or for hours.
func unansweredSlowly(v *view) (found []Finding) {
	identity := evidence.Identity()
	failed5m, all5m := by(v.ask(failed(5*time.Minute)), identity...), by(v.ask(judged(5*time.Minute)), identity...)
	failed30m, all30m := by(v.ask(failed(30*time.Minute)), identity...), by(v.ask(judged(30*time.Minute)), identity...)
	all1h, all6h := by(v.ask(judged(time.Hour)), identity...), by(v.ask(judged(6*time.Hour)), identity...)
	earlier := failed(5 * time.Hour)
	earlier.Ago = time.Hour
	before := by(v.ask(earlier), identity...)
	fast := map[string]bool{}
	for _, b := range v.burningFast() {
		fast[b.process.Key(identity...)] = true
	}
	for _, value := range v.ask(failed(6 * time.Hour)) {
		k := value.Labels.Key(identity...)
		share := value.Number / all6h[k]
		burns := share > burnSlow && failed30m[k]/all30m[k] > burnSlow && value.Number >= rules.Number("AckFailuresAtLeast")
		present := round(failed5m[k]) >= someFailures && failed5m[k]/all5m[k] > someShare
		if fast[k] || !burns && !present {
			continue
		}
		f := v.make("DiscordAckBudgetBurnsSlowly", value.Labels, share)
		f.Affects = present
		switch {
		case !burns:
			notAcknowledged(&f, 5*time.Minute, "5 min", failed5m[k], all5m[k])
		case before[k] <= 0: // all of them in the last hour
			notAcknowledged(&f, time.Hour, "hour", value.Number, all1h[k])
		default:
			f.Evidence = []Evidence{{Says: "interactions not acknowledged in time", question: of(failed(6*time.Hour), value.Labels), Value: value.Number}}
		}
		f.Since, f.Before = v.rising(failed(0), value.Labels, 10*time.Minute)
		v.waterfall(&f, value.Labels)
		found = append(found, f)
	}
	return found
}

// Some users get no answer if so many interactions of the last five minutes failed, and
// such a share of them: a command that nobody can use may be a small part of a bot.
const (
	someFailures = 5
	someShare    = 0.02
)

// notAcknowledged says how many interactions of a time failed.
func notAcknowledged(f *Finding, over time.Duration, words string, n, all float64) {
	f.Detail = fmt.Sprintf("%s of %s interactions of the last %s were not acknowledged within Discord's 3 s (%s).", count(n), count(all), words, percent(n/all))
	f.Evidence = []Evidence{
		{Says: "interactions not acknowledged in time", question: of(failed(over), f.Subject), Value: n},
		{Says: "interactions with an outcome", question: of(judged(over), f.Subject), Value: all},
	}
}

// Stages of an answer that are slow take at least this many seconds of Discord's 3 s.
const (
	slowArrival  = 1.0
	slowStart    = 0.5
	slowLimiter  = 1.0
	slowWire     = 1.0
	slowResponse = 2.0
)

// waterfall finds the stage in which the time of unanswered interactions went: on
// arrival, before the handler, in discordgo's limiter, on the wire, or in the handler.
func (v *view) waterfall(f *Finding, process evidence.Labels) {
	const window = 5 * time.Minute
	above := func(says string, limit float64, q evidence.Question) (Evidence, bool) {
		q.Form, q.At, q.Over = evidence.Above, limit, window
		return v.worst(says, of(q, process))
	}
	measure := func(says string, limit float64, q evidence.Question) (s stage) {
		s.limit = limit
		s.above, _ = above(fmt.Sprintf("%s, above %s", says, seconds(limit)), limit, q)
		q.Form, q.At, q.Over = evidence.Quantile, 0.95, window
		s.p95, s.known = v.worst(says+", p95", of(q, process))
		return s
	}
	increase := func(says string, q evidence.Question) float64 {
		q.Form, q.Over = evidence.Increase, window
		e, known := v.worst(says, of(q, process))
		if known && e.Value > 0 {
			f.Evidence = append(f.Evidence, e)
		}
		return e.Value
	}
	callback := []evidence.Match{evidence.Is("route", catalog.RouteCallback)}
	arrival := measure("age on receipt", slowArrival, evidence.Question{Of: catalog.ReceiptAge})
	start := measure("time until the handler is called", slowStart, evidence.Question{Of: catalog.HandlerDelay})
	response := measure("time until the first attempt to answer", slowResponse, evidence.Question{Of: catalog.ResponseDelay})
	wire := measure("time of the callback request", slowWire, evidence.Question{Of: catalog.RequestDuration, Where: callback})
	slowest, _ := above("answers of the slowest command that were attempted after more than 1 s", slowLimiter, evidence.Question{Of: catalog.ResponseDelay, By: []string{"command"}})
	queue, queueKnown := above("requests on the busiest route that waited in discordgo's limiter for more than 1 s", slowLimiter, evidence.Question{Of: catalog.QueueWait, By: []string{"route"}})
	broken := increase("callback requests without a response", evidence.Question{Of: catalog.RequestDuration, Where: append(callback, evidence.Is("status", catalog.StatusFailed))})
	fivehundred := increase("callback requests with a status 5xx", evidence.Question{Of: catalog.RequestDuration, Where: append(callback, evidence.Is("status", serverErrors()...))})
	limited := increase("callback requests with the status 429", evidence.Question{Of: catalog.RequestDuration, Where: append(callback, evidence.Is("status", "429"))})
	elsewhere := increase("interactions answered by somebody else", acks(window, catalog.AckAnsweredElsewhere))
	missed := increase("interactions without an attempt to answer", acks(window, catalog.AckMissed))
	late := increase("interactions answered too late", acks(window, catalog.AckLate))
	rejected := increase("answers refused", acks(window, catalog.AckRejected))
	twice := increase("answers refused as repeated (40060)", evidence.Question{Of: catalog.RESTErrors, Where: []evidence.Match{evidence.Is("error_code", "40060")}})
	global := increase("responses 429 with scope global", evidence.Question{Of: catalog.RateLimits, Where: []evidence.Match{evidence.Is("scope", catalog.ScopeGlobal)}})
	throttled := increase("seconds without CPU because of the limit", evidence.Question{Of: catalog.CPUThrottled})

	// What is rarer than a quarter of the failures is not their cause.
	matters := max(failuresAtOnce-1, (missed+late+rejected)/4)

	slow := func(s stage) bool {
		if s.known {
			f.Evidence = append(f.Evidence, s.evidence())
		}
		return s.slow(matters)
	}
	if queueKnown {
		f.Evidence = append(f.Evidence, queue)
	}
	switch {
	case slow(arrival):
		f.Blame, f.Cause = Network, fmt.Sprintf("Interactions are already old when they arrive: %s.", arrival.numbers())
		f.Do = "Check the machine's clock, its load and its network."
		f.onArrival = true
		if n := increase("reconnects of shards", evidence.Question{Of: catalog.ShardReconnects}); round(n) > 0 {
			f.Cause += fmt.Sprintf(" Shards reconnected %s times in 5 min, and Discord replays what they missed.", count(n))
			f.Do = "See why shards lose their connections. What is replayed passes by itself."
		}
		switch late, connections := v.readsLate(process); {
		case throttled > 0:
			f.Blame = Host
		case late:
			f.Blame = Handler
			f.Cause = upper(connections) + " read late: events and heartbeat acknowledgements wait until handlers return. " + f.Cause
			f.Do = "Do not block the reader: leave Session.SyncEvents false, or hand long work to a goroutine."
		case start.slow(matters):
			f.Blame = Host
		}
	case slow(start):
		f.Blame, f.Cause = Host, fmt.Sprintf("Handlers start late: %s after receipt.", start.numbers())
		f.Do = "The process is too busy to call its handlers, or runs them one after the other (SyncEvents): look at its CPU, its limit and its locks."
	case queueKnown && queue.Value > matters:
		f.Blame, f.Cause = Limiter, fmt.Sprintf("Requests wait in discordgo's rate limiter: %s for more than 1 s on %s.", count(queue.Value), lastLabel(queue))
		f.Do = "Make fewer requests on this route, or acknowledge first and do the rest afterwards."
		if global > 0 {
			f.Cause += " Discord's global rate limit holds back everything."
		}
	case limited > matters:
		f.Blame, f.Cause = Handler, fmt.Sprintf("Discord refuses %s callbacks with 429, too many requests.", count(limited))
		f.Do = "Find what makes the requests: GET /gateway and all other routes are refused as well until the ban ends. Do not restart in a loop."
		f.banned = true
		if global == 0 {
			f.Cause += " No rate limit of Discord's is named: its edge has banned this address for too many invalid requests, by this bot or another program behind the address."
		}
	case broken > matters && broken >= fivehundred:
		f.Blame, f.Cause = Network, fmt.Sprintf("Answers do not get through to Discord: %s requests had no response.", count(broken))
		f.Do = "Check DNS, the network and the proxy between the bot and Discord."
	case fivehundred > matters:
		f.Blame, f.Cause = Discord, fmt.Sprintf("Discord fails to take answers: %s responses were 5xx.", count(fivehundred))
		f.Do = "Check https://discordstatus.com and wait; nothing in the bot helps."
	case slow(wire):
		f.Blame, f.Cause = Network, fmt.Sprintf("Discord's responses to callbacks are slow: %s.", wire.numbers())
		f.Do = "Compare with https://discordstatus.com; if Discord is well, look at the network between the bot and Discord."
	case rejected > missed+late && twice > rejected/2:
		f.Blame, f.Cause = Handler, "Discord refuses answers because the interaction is answered already: two handlers or two processes answer it."
		f.Do = "Find the second handler, or the second process with the same token."
	case rejected > missed+late:
		f.Blame, f.Cause = Handler, "Discord refuses the answers."
		f.Do = "Look at the error codes of the callbacks: the answer itself is invalid, or its interaction unknown."
	case slow(response):
		f.Blame, f.Cause = Handler, fmt.Sprintf("Handlers take too long before they answer: %s.", response.numbers())
		if slowest.Value >= 1 {
			f.Evidence = append(f.Evidence, slowest)
			f.Cause += fmt.Sprintf(" The slowest command is %s.", lastLabel(slowest))
		}
		f.Do = "Acknowledge first (deferred), then work. If a new version caused it, roll back."
	case missed > 0 && elsewhere > missed:
		f.Blame, f.Cause = Operation, "Another process answers these interactions."
		f.Do = "Set ARGUS_INTERACTION_ACKS=false where another process answers."
	case missed > 0:
		f.Blame, f.Cause = Handler, fmt.Sprintf("For %s interactions no answer was attempted within 5 s: their handlers still work, wait or do not answer.", count(missed))
		f.Do = "Acknowledge first (deferred), then work; look for a code path without an answer."
		if !queueKnown {
			f.Cause += " Waiting in discordgo's limiter cannot be excluded: it is not measured."
			f.Do += " Pass Argus' RequestOption to requests to measure the limiter."
		}
	}
	cleared := func(what string, s stage) {
		if s.known && !s.slow(matters) {
			f.Not = append(f.Not, fmt.Sprintf("Not %s: %s %s.", what, s.p95.Says, seconds(s.p95.Value)))
		}
	}
	cleared("the way from Discord", arrival)
	cleared("a late start of handlers", start)
	if queueKnown && f.Blame != Limiter {
		f.Not = append(f.Not, fmt.Sprintf("Not the rate limiter: %s requests waited in it for more than 1 s.", count(queue.Value)))
	}
	cleared("the way to Discord", wire)
}

// A stage is a part of the time from Discord's sending of an interaction to Discord's
// receipt of the answer.
type stage struct {
	known      bool
	limit      float64 // in seconds, above which it is slow
	p95, above Evidence
}

// slow reports whether the stage is slow for one in twenty, or for as many as matter.
func (s stage) slow(matters float64) bool {
	return s.known && (s.p95.Value > s.limit || s.above.Value > matters)
}

// evidence is the number that shows best whether the stage is slow.
func (s stage) evidence() Evidence {
	if s.p95.Value <= s.limit && s.above.Value > 0 {
		return s.above
	}
	return s.p95
}

// numbers says how slow the stage is.
func (s stage) numbers() string {
	if s.p95.Value > s.limit {
		return "p95 " + seconds(s.p95.Value)
	}
	return fmt.Sprintf("%s took more than %s", count(s.above.Value), seconds(s.limit))
}

// worst returns the greatest answer to a question, as evidence that names its group.
func (v *view) worst(says string, q evidence.Question) (e Evidence, known bool) {
	e = Evidence{Says: says, question: q}
	for _, value := range v.detail(q) {
		if known && value.Number <= e.Value || math.IsNaN(value.Number) {
			continue
		}
		narrowed := q
		narrowed.By = nil
		narrowed = of(narrowed, nil)
		for _, name := range q.By {
			if label, there := value.Labels[name]; there {
				narrowed.Where = append(narrowed.Where, evidence.Is(name, label))
			}
		}
		e, known = Evidence{Says: says, question: narrowed, Value: value.Number}, true
	}
	return e, known
}

// lastLabel returns the label that distinguishes the group of evidence from others.
func lastLabel(e Evidence) string { return e.question.Where[len(e.question.Where)-1].Values[0] }

// serverErrors are the values of the label status that are 5xx.
func serverErrors() (list []string) {
	for _, status := range catalog.Statuses() {
		if strings.HasPrefix(status, "5") {
			list = append(list, status)
		}
	}
	return list
}

// commandFails finds commands whose handlers fail.
func commandFails(v *view) (found []Finding) {
	const window = 15 * time.Minute
	runs := evidence.Question{Form: evidence.Increase, Of: catalog.AppCommands, By: []string{"command"}, Over: window}
	errors := runs
	errors.Where = []evidence.Match{evidence.Is("status", catalog.StatusError)}
	names := append(evidence.Identity(), "command")
	all := by(v.ask(runs), names...)
	for _, value := range v.ask(errors) {
		share := value.Number / all[value.Labels.Key(names...)]
		if !(share > rules.Number("CommandErrorShare") && value.Number >= rules.Number("CommandErrorsAtLeast")) {
			continue
		}
		f := v.make("DiscordCommandFails", value.Labels, share)
		f.Affects, f.Blame = true, Handler
		f.Evidence = []Evidence{{Says: "runs that failed", question: of(errors, value.Labels), Value: value.Number}, {Says: "runs", question: of(runs, value.Labels), Value: all[value.Labels.Key(names...)]}}
		f.Since, f.Before = v.rising(errors, value.Labels, 5*time.Minute)
		f.Do = "Read the bot's log of this command. If a new version caused it, roll back."
		kinds := evidence.Question{Form: evidence.Increase, Of: catalog.CommandErrors, By: []string{"error_type"}, Over: window, Where: []evidence.Match{evidence.Is("command", value.Labels["command"])}}
		kind, kindKnown := v.worst("errors of its most frequent type", kindsOf(kinds, value.Labels))
		elsewhere, known := v.worst("interactions answered by somebody else", kindsOf(acks(window, catalog.AckAnsweredElsewhere), value.Labels))
		switch {
		// Of all commands, as many as this one has failures: fewer would not explain them.
		case known && elsewhere.Value >= value.Number:
			f.Blame, f.Cause = Operation, fmt.Sprintf("%s interactions of the last 15 min were answered already (40060): by another process with the same token, or by a second handler.", count(elsewhere.Value))
			f.Do = "Stop the other process, or set ARGUS_INTERACTION_ACKS=false where another process answers on purpose."
			f.Evidence = append(f.Evidence, elsewhere)
		case kindKnown && kind.Value > 0:
			f.Cause = fmt.Sprintf("Its most frequent error has the Go type %s.", lastLabel(kind))
			f.Evidence = append(f.Evidence, kind)
		}
		found = append(found, f)
	}
	return found
}

// kindsOf restricts a question to the process of an answer, but to none of its other
// labels.
func kindsOf(q evidence.Question, labels evidence.Labels) evidence.Question {
	return of(q, labels.Only(evidence.Identity()...))
}

func round(f float64) float64 { return math.Round(f) }

func count(f float64) string { return fmt.Sprintf("%.0f", f) }

func percent(f float64) string { return fmt.Sprintf("%.0f%%", 100*f) }

// seconds writes a duration with two digits.
func seconds(f float64) string {
	switch {
	case f < 1:
		return fmt.Sprintf("%.0f ms", 1000*f)
	case f < 10:
		return fmt.Sprintf("%.1f s", f)
	}
	return fmt.Sprintf("%.0f s", f)
}
