package instrument

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/argus-dgo/argus/internal/catalog"
)

// missedAfter is the time after its receipt when an interaction without a
// callback counts as missed.
const missedAfter = 5 * time.Second

var (
	ackOutcomes   = catalog.AckOutcomes()
	ackInTime     = slices.Index(ackOutcomes, catalog.AckInTime)
	ackLate       = slices.Index(ackOutcomes, catalog.AckLate)
	ackRejected   = slices.Index(ackOutcomes, catalog.AckRejected)
	ackMissed     = slices.Index(ackOutcomes, catalog.AckMissed)
	ackElsewhere  = slices.Index(ackOutcomes, catalog.AckAnsweredElsewhere)
	ackSuperseded = slices.Index(ackOutcomes, catalog.AckSuperseded)
)

// ackSet follows interactions from their receipt to the response to a callback,
// which is observed as a REST call. Each interaction gets one outcome.
//
// No goroutine waits for missed interactions. A collection and each new receipt
// or callback first settle the interactions that are overdue.
type ackSet struct {
	off         bool
	evicted     cell
	cells       []cell // by type, then outcome
	series      *recordSet[ackSeries]
	record      metric.Float64Histogram
	recordDelay metric.Float64Histogram

	tracker *tracker // nil if spans and events are off

	mu      sync.Mutex
	pending window[ack]
	// byToken finds the pending interaction of a token, by the token's hash.
	byToken map[uint64]uint64
	// missed are the interactions that had no callback in time. A late one can
	// still follow.
	missed window[missedAck]
	slow   slowLog
}

type missedAck struct {
	ackSeries
	track *tracked
}

type ackSeries struct {
	kind    int
	command *command
}

// An ack is an interaction without an outcome.
type ack struct {
	ackSeries
	shard    *shard // nil by HTTP
	token    uint64 // its hash; 0 if unknown
	track    *tracked
	age      time.Duration
	attempt  time.Duration // from the receipt to the first callback
	underWay int           // callbacks without a response so far

	tried        bool // a callback was sent
	triedInTime  bool // a callback was sent before the deadline
	triedLate    bool // a callback was sent, or rejected, after the deadline
	uncertain    bool // a callback may have been accepted: it got no response, or a server error
	superseded   bool // a callback was rejected because the user had typed on
	acknowledged bool // Discord reports that the interaction is acknowledged
}

func newAckSet(off bool) *ackSet {
	s := &ackSet{
		off:     off,
		evicted: evictions(catalog.TimerAnswer),
		cells:   make([]cell, len(interactionTypes)*len(ackOutcomes)),
		pending: window[ack]{limit: maxPending},
		byToken: map[uint64]uint64{},
		missed:  window[missedAck]{limit: maxPending},
	}
	for t, name := range interactionTypes {
		for n, outcome := range ackOutcomes {
			c := &s.cells[t*len(ackOutcomes)+n]
			c.opts = labelled(attribute.String("type", name), attribute.String("outcome", outcome))
			c.quiet = n == ackSuperseded && t != typeAutocomplete // impossible for other types
		}
	}
	s.series = newRecordSet(func(k ackSeries) attribute.Set {
		return attribute.NewSet(attribute.String("type", interactionTypes[k.kind]), attribute.String("command", k.command.name))
	})
	s.pending.removed = func(a *ack) { delete(s.byToken, a.token) }
	return s
}

// receive starts to follow an interaction.
func (s *ackSet) receive(r receipt, c *command) {
	if s.off || r.id == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleLocked(r.at)
	e, evicted := s.pending.add(r.id, r.at)
	s.evicted.n.Add(uint64(evicted)) //nolint:gosec // 0 or 1
	if e != nil {
		e.value = ack{ackSeries: ackSeries{r.kind, c}, shard: r.shard, token: r.token, track: r.track, age: r.age}
		if r.token != 0 {
			s.byToken[r.token] = r.id
		}
	}
}

// isLate reports whether Discord's deadline for an answer is over.
func isLate(e *entry[ack], now time.Time) bool { return now.Sub(e.received) > answerWithin-e.value.age }

// begin records that a callback is sent.
func (s *ackSet) begin(id uint64, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleLocked(now) // also settles this interaction, if it is missed by now
	if e := s.missed.find(id); e != nil {
		s.attempted(e.value.ackSeries, e.value.track, now.Sub(e.received))
		s.slow.attempted(id, now.Sub(e.received))
		s.missed.remove(e)
		return
	}
	e := s.pending.find(id)
	if e == nil {
		return
	}
	a := &e.value
	if !a.tried {
		a.attempt = now.Sub(e.received)
		s.attempted(a.ackSeries, a.track, a.attempt)
	}
	a.underWay++
	a.tried = true
	if isLate(e, now) {
		a.triedLate = true
	} else {
		a.triedInTime = true
	}
}

// attempted records the time to the first callback.
func (s *ackSet) attempted(series ackSeries, track *tracked, after time.Duration) {
	s.recordDelay.Record(track.context(), after.Seconds(), s.series.get(series)...)
}

// end takes the response to a callback. status is 0 if there was none, and code
// is 0 if its JSON has none. The first accepted callback determines the outcome.
// A rejected one does not, unless it says that the interaction cannot be answered
// any more: it may be repeated, by discordgo after 429 and 502, by the bot with
// another body.
func (s *ackSet) end(id uint64, status, code int, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.pending.find(id)
	if e == nil || e.value.underWay == 0 {
		return
	}
	a := &e.value
	a.underWay--
	late := isLate(e, now)
	if status >= http.StatusOK && status < http.StatusMultipleChoices {
		outcome := ackInTime
		if late {
			outcome = ackLate
		}
		s.record.Record(a.track.context(), now.Sub(e.received).Seconds(), s.series.get(a.ackSeries)...)
		s.decide(e, outcome, now.Sub(e.received))
		return
	}
	a.triedLate = a.triedLate || late
	switch {
	case code == discordgo.ErrCodeInteractionHasAlreadyBeenAcknowledged:
		a.acknowledged = true
	case code == discordgo.ErrCodeUnknownInteraction && a.kind == typeAutocomplete:
		a.superseded = true
	case status == 0, status == http.StatusRequestTimeout, status >= http.StatusInternalServerError:
		a.uncertain = true
	}
	if a.underWay == 0 && (a.acknowledged || a.superseded || !e.queued) {
		s.decide(e, unanswered(a), now.Sub(e.received))
	}
}

// followedUp records that Discord accepted a request with an interaction's token.
// It does so only after the interaction is acknowledged, possibly by a callback
// that is still without a response.
func (s *ackSet) followedUp(token uint64) {
	if s.off {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.pending.find(s.byToken[token])
	if e == nil {
		return
	}
	e.value.acknowledged = true
	if e.value.underWay == 0 {
		s.decide(e, unanswered(&e.value), 0)
	}
}

// settle gives overdue interactions their outcome.
func (s *ackSet) settle(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleLocked(now)
}

func (s *ackSet) settleLocked(now time.Time) {
	for e := s.pending.oldest; e != nil && now.Sub(e.received) >= missedAfter; e = s.pending.oldest {
		if e.value.underWay > 0 {
			s.pending.unqueue(e) // its response determines the outcome
			continue
		}
		outcome := unanswered(&e.value)
		if outcome == ackMissed {
			if late, _ := s.missed.add(e.id, e.received); late != nil {
				late.value = missedAck{e.value.ackSeries, e.value.track}
			}
		}
		s.decide(e, outcome, 0)
	}
	for e := s.missed.oldest; e != nil && now.Sub(e.received) > timerLife; e = s.missed.oldest {
		s.missed.remove(e)
	}
}

// unanswered returns the outcome of an interaction without an accepted callback.
//
// If the interaction is acknowledged, it was answered by one of the bot's
// callbacks with an unknown result, if there is one, and otherwise from
// elsewhere. Either way the answer was in time: Discord accepts nothing later.
func unanswered(a *ack) int {
	switch {
	case a.acknowledged && a.uncertain && a.triedInTime:
		return ackInTime
	case a.acknowledged:
		return ackElsewhere
	case !a.tried:
		return ackMissed
	case a.triedLate:
		return ackLate
	case a.superseded:
		return ackSuperseded
	default:
		return ackRejected
	}
}

// decide gives an interaction its outcome. answer is the time from its receipt to the
// response that decides it, or 0.
func (s *ackSet) decide(e *entry[ack], outcome int, answer time.Duration) {
	s.slow.note(e, outcome, answer)
	s.cells[e.value.kind*len(ackOutcomes)+outcome].n.Add(1)
	track := e.value.track
	s.pending.remove(e)
	if track != nil {
		s.tracker.decided(track, outcome, answer)
	}
}
