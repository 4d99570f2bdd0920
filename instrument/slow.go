package instrument

import (
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
)

// SlowAfter is the time after which an answer is slow: a third of what Discord waits for
// it. It counts from the creation of the interaction.
const SlowAfter = catalog.SlowAfter

// mostSlow is how many interactions [Instrumentation.SlowInteractions] returns at most.
const mostSlow = 64

// A SlowInteraction is an interaction that was missed, rejected or answered after
// [SlowAfter]. It has no ids of Discord's.
//
// Attempt and Answer count from Received. Age, Attempt and the rest of Answer are what
// passed on the way to the bot, in the bot, and on the way to Discord.
type SlowInteraction struct {
	Received time.Time
	Shard    string        // as in the label shard; empty for an interaction by HTTP
	Type     string        // as in the label type
	Command  string        // as in the label command
	Outcome  string        // as in the label outcome of discord.interaction.acks
	Age      time.Duration // by Discord's clock; 0 if it is not known
	Attempt  time.Duration // until the first attempt to answer; 0 if there was none
	Answer   time.Duration // until the response that decided the outcome; 0 if none did

	TraceID, SpanID string // of its span, in hexadecimal; empty without one, or if it is not sampled
}

// SlowInteractions returns the last 64 interactions that were missed, rejected or
// answered slowly, the oldest first. A handler that answers after the outcome of its
// interaction, up to a minute after its receipt, still adds its Attempt.
func (i *Instrumentation) SlowInteractions() []SlowInteraction {
	s := i.acks
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settleLocked(time.Now())
	list := make([]SlowInteraction, 0, len(s.slow.kept))
	for n := range s.slow.kept {
		list = append(list, s.slow.kept[(s.slow.next+n)%len(s.slow.kept)].SlowInteraction)
	}
	return list
}

// slowLog keeps the last slow interactions.
type slowLog struct {
	kept []slowEntry // up to mostSlow; then a ring
	next int         // the oldest, which is replaced next
}

type slowEntry struct {
	id uint64
	SlowInteraction
}

// note keeps an interaction that has its outcome, if it is slow.
func (l *slowLog) note(e *entry[ack], outcome int, answer time.Duration) {
	a := &e.value
	switch outcome {
	case ackElsewhere, ackSuperseded: // nobody waited for this process
		return
	case ackInTime:
		if a.age+answer <= SlowAfter {
			return
		}
	}
	slow := slowEntry{e.id, SlowInteraction{
		Received: e.received, Type: interactionTypes[a.kind], Command: a.command.name, Outcome: ackOutcomes[outcome],
		Age: a.age, Attempt: a.attempt, Answer: answer,
	}}
	if a.shard != nil {
		slow.Shard = a.shard.label
	}
	if sc := a.track.trace(); sc.IsValid() {
		slow.TraceID, slow.SpanID = sc.TraceID().String(), sc.SpanID().String()
	}
	if len(l.kept) < mostSlow {
		l.kept = append(l.kept, slow)
		return
	}
	l.kept[l.next] = slow
	l.next = (l.next + 1) % mostSlow
}

// attempted adds the first attempt to answer an interaction that was missed.
func (l *slowLog) attempted(id uint64, after time.Duration) {
	for n := range l.kept {
		if l.kept[n].id == id {
			l.kept[n].Attempt = after
		}
	}
}
