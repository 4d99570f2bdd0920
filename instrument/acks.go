package instrument

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/argus-dgo/argus/catalog"
)

// missedAfter is how long after its receipt an interaction may be without a
// callback before it counts as missed.
const missedAfter = 5 * time.Second

var (
	ackOutcomes = catalog.AckOutcomes()
	ackInTime   = slices.Index(ackOutcomes, catalog.AckInTime)
	ackLate     = slices.Index(ackOutcomes, catalog.AckLate)
	ackRejected = slices.Index(ackOutcomes, catalog.AckRejected)
	ackMissed   = slices.Index(ackOutcomes, catalog.AckMissed)
)

// ackSet follows interactions from their receipt to the response to a callback,
// which is seen as a REST call. Each gets one outcome.
//
// No goroutine waits for a missed one: outcomes are looked at when somebody
// collects, and those that time has decided are settled before.
type ackSet struct {
	off     bool
	evicted cell
	cells   []cell // by type, then outcome
	series  *recordSet[ackSeries]
	record  metric.Float64Histogram

	mu      sync.Mutex
	pending window[ack]
}

type ackSeries struct {
	kind    int
	command *command
}

// An ack is an interaction that has no outcome yet.
type ack struct {
	ackSeries
	deadline  time.Time
	underWay  int  // callbacks that wait for their response
	tried     bool // a callback was sent
	triedLate bool // one was sent, or refused, after the deadline
}

func newAckSet(off bool) *ackSet {
	s := &ackSet{
		off:     off,
		evicted: evictions(catalog.TimerAnswer),
		cells:   make([]cell, len(interactionTypes)*len(ackOutcomes)),
		pending: window[ack]{limit: maxPending},
	}
	for t, name := range interactionTypes {
		for n, outcome := range ackOutcomes {
			s.cells[t*len(ackOutcomes)+n].opts = labelled(attribute.String("type", name), attribute.String("outcome", outcome))
		}
	}
	s.series = newRecordSet(func(k ackSeries) attribute.Set {
		return attribute.NewSet(attribute.String("type", interactionTypes[k.kind]), attribute.String("command", k.command.name))
	})
	return s
}

// receive begins to follow an interaction.
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
		e.value = ack{ackSeries: ackSeries{r.kind, c}, deadline: r.at.Add(answerWithin - r.age)}
	}
}

// begin notes that a callback is sent.
func (s *ackSet) begin(id uint64, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleLocked(now) // this one too, if it was missed by now
	if e := s.pending.find(id); e != nil {
		e.value.underWay++
		e.value.tried = true
		e.value.triedLate = e.value.triedLate || now.After(e.value.deadline)
	}
}

// end notes the response to a callback; status is 0 if there was none. The first
// that is accepted decides. One that is refused does not: it may be repeated, by
// discordgo after 429 and 502, by the bot with another body.
func (s *ackSet) end(id uint64, status int, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.pending.find(id)
	if e == nil || e.value.underWay == 0 {
		return
	}
	e.value.underWay--
	late := now.After(e.value.deadline)
	switch {
	case status >= http.StatusOK && status < http.StatusMultipleChoices:
		outcome := ackInTime
		if late {
			outcome = ackLate
		}
		s.record.Record(context.Background(), now.Sub(e.received).Seconds(), s.series.get(e.value.ackSeries)...)
		s.decide(e, outcome)
	default:
		e.value.triedLate = e.value.triedLate || late
		if !e.queued && e.value.underWay == 0 {
			s.decide(e, unanswered(&e.value))
		}
	}
}

// settle decides those for which the time is over.
func (s *ackSet) settle(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleLocked(now)
}

func (s *ackSet) settleLocked(now time.Time) {
	for e := s.pending.oldest; e != nil && now.Sub(e.received) >= missedAfter; e = s.pending.oldest {
		if e.value.underWay > 0 {
			s.pending.unqueue(e) // its response decides
			continue
		}
		s.decide(e, unanswered(&e.value))
	}
}

// unanswered is the outcome of an interaction without an accepted callback.
func unanswered(a *ack) int {
	switch {
	case !a.tried:
		return ackMissed
	case a.triedLate:
		return ackLate
	default:
		return ackRejected
	}
}

func (s *ackSet) decide(e *entry[ack], outcome int) {
	s.cells[e.value.kind*len(ackOutcomes)+outcome].n.Add(1)
	s.pending.remove(e)
}
