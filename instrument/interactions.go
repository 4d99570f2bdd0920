package instrument

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/argus-dgo/argus/instrument/internal/wire"
	"github.com/argus-dgo/argus/internal/catalog"
)

const (
	// Discord's deadline for the first answer to an interaction.
	answerWithin = catalog.AnswerWithin
	// maxAge is the maximum age of an interaction, even if our clock or Discord's
	// is wrong by some hours.
	maxAge = 24 * time.Hour
	// timerLife is how long an interaction may wait for its handler. discordgo
	// calls handlers immediately; an interaction that no handler has taken by
	// then has no wrapped handler.
	timerLife  = time.Minute
	maxPending = catalog.MaxPending
	// Milliseconds from the Unix epoch to Discord's
	// (https://discord.com/developers/docs/reference#snowflakes).
	discordEpoch = 1_420_070_400_000
)

var (
	interactionTypes    = catalog.InteractionTypes()
	interactionStatuses = []string{catalog.StatusReceived, catalog.StatusExpired}
	statusReceived      = slices.Index(interactionStatuses, catalog.StatusReceived)
	statusExpired       = slices.Index(interactionStatuses, catalog.StatusExpired)

	typePing         = slices.Index(interactionTypes, "ping")
	typeCommand      = slices.Index(interactionTypes, "application_command")
	typeAutocomplete = slices.Index(interactionTypes, "autocomplete")
)

// interactionSet counts interactions when they are received.
type interactionSet struct {
	cells  []cell                  // by type, then status
	byType [][]metric.RecordOption // for durations
}

func newInteractionSet() *interactionSet {
	s := &interactionSet{cells: make([]cell, len(interactionTypes)*len(interactionStatuses))}
	for t, name := range interactionTypes {
		for n, status := range interactionStatuses {
			s.cells[t*len(interactionStatuses)+n].opts = labelled(attribute.String("type", name), attribute.String("status", status))
		}
		s.byType = append(s.byType, []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(attribute.String("type", name)))})
	}
	return s
}

// A receipt describes an interaction when it arrives.
type receipt struct {
	id    uint64
	token uint64 // its hash; 0 if unknown
	shard *shard // nil by HTTP
	at    time.Time
	kind  int           // an index into interactionTypes
	age   time.Duration // by Discord's clock; 0 if it is not known
	aged  bool          // whether it is
	track *tracked      // nil if the interaction is not tracked
	about about
}

// commandIn returns the command of the interaction, which is looked up once.
func (r *receipt) commandIn(s *commandSet, p *wire.Packet) *command {
	if r.track != nil {
		return r.track.command
	}
	return findCommand(s, p.Command)
}

// about is what else is known of an interaction; has says what.
type about struct {
	has                  wire.Fields
	guild, channel, user uint64
	origin               uint64    // the interaction that made the message to which it belongs
	locale, context      int       // as in wire.Packet
	guilds               *guildSet // that has the guild; nil by HTTP
}

// An arrival is the way on which an interaction arrives.
type arrival struct {
	at    time.Time
	shard *shard // nil by HTTP
	// heard is whether this is before any handler of the bot's can know of it.
	heard bool
	// awaited is whether its outcome will be known.
	awaited bool
	ctx     context.Context //nolint:containedctx // of the request; Background by the gateway
	guilds  *guildSet       // of the session; nil by HTTP
}

// received counts an interaction that has arrived.
func (i *Instrumentation) received(p *wire.Packet, by arrival) receipt {
	r := receipt{id: p.ID, token: p.Token, at: by.at, shard: by.shard}
	if p.Has&wire.HasType != 0 && p.Type > 0 && p.Type < len(interactionTypes) {
		r.kind = p.Type
	}
	status := statusReceived
	if p.Has&wire.HasID != 0 {
		age := r.at.Sub(snowflakeTime(p.ID))
		// Discord does not deliver interactions of the previous day. If our clock
		// is right, such an id does not contain a time.
		if (age - i.skew.correction()).Abs() < maxAge {
			i.skew.receipt(age, r.at)
			r.age, r.aged = max(0, age-i.skew.correction()), true
			if r.age > answerWithin {
				status = statusExpired
			}
		}
	}
	if i.tracker != nil && by.heard && (by.awaited || i.timers.used.Load()) {
		r.about = about{p.Has, p.GuildID, p.ChannelID, p.UserID, p.Origin, p.Locale, p.Context, by.guilds}
		r.track = i.tracker.begin(by.ctx, r, findCommand(i.commands, p.Command), by.awaited)
	}
	if r.aged {
		i.metrics.receiptAge.Record(r.track.context(), r.age.Seconds(), i.interactions.byType[r.kind]...)
	}
	i.interactions.cells[r.kind*len(interactionStatuses)+status].n.Add(1)
	return r
}

// snowflakeTime returns the time at which Discord made an id.
func snowflakeTime(id uint64) time.Time {
	return time.UnixMilli(int64(id>>22) + discordEpoch)
}

// timerSet keeps the receipt times of interactions until their handlers are
// called.
type timerSet struct {
	// used is set once a handler is wrapped: without one, no timer is taken.
	used    atomic.Bool
	evicted cell

	mu      sync.Mutex
	pending window[struct{}]
}

func newTimerSet() *timerSet {
	return &timerSet{evicted: evictions(catalog.TimerHandler), pending: window[struct{}]{limit: maxPending}}
}

// evictions is the series of evicted timers of one kind.
func evictions(timer string) cell { return cell{opts: labelled(attribute.String("timer", timer))} }

// start starts the timer of an interaction.
func (s *timerSet) start(id uint64, at time.Time) {
	if id == 0 || !s.used.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for e := s.pending.oldest; e != nil && at.Sub(e.received) > timerLife; e = s.pending.oldest {
		s.pending.remove(e)
	}
	_, evicted := s.pending.add(id, at)
	s.evicted.n.Add(uint64(evicted)) //nolint:gosec // 0 or 1
}

// take removes a timer and returns the receipt time of its interaction.
func (s *timerSet) take(id uint64) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.pending.find(id)
	if e == nil {
		return time.Time{}, false
	}
	at := e.received
	s.pending.remove(e)
	return at, true
}
