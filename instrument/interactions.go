package instrument

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/argus-dgo/argus/catalog"
	"github.com/argus-dgo/argus/instrument/internal/wire"
)

const (
	// Discord's deadline for the first answer to an interaction
	// (https://discord.com/developers/docs/interactions/receiving-and-responding#responding-to-an-interaction).
	answerWithin = 3 * time.Second
	// timerLife is how long an interaction may wait for its handler. discordgo
	// calls it at once; one that nobody has taken by then is not wrapped.
	timerLife = time.Minute
	// maxTimers is how many interactions may wait for their handlers before the
	// oldest is forgotten. Those that no wrapped handler takes wait for timerLife.
	maxTimers = 10_000
	// Milliseconds from the Unix epoch to Discord's
	// (https://discord.com/developers/docs/reference#snowflakes).
	discordEpoch = 1_420_070_400_000
)

var (
	interactionTypes    = catalog.InteractionTypes()
	interactionStatuses = []string{catalog.StatusReceived, catalog.StatusExpired}
)

// interactionSet counts interactions as they are received.
type interactionSet struct {
	cells []cell // by type, then status
}

func newInteractionSet() *interactionSet {
	s := &interactionSet{cells: make([]cell, len(interactionTypes)*len(interactionStatuses))}
	for t, name := range interactionTypes {
		for n, status := range interactionStatuses {
			s.cells[t*len(interactionStatuses)+n].opts = labelled(attribute.String("type", name), attribute.String("status", status))
		}
	}
	return s
}

// received counts one interaction and returns when that was.
func (s *interactionSet) received(p *wire.Packet) time.Time {
	now := time.Now()
	kind := 0 // unknown
	if p.Has&wire.HasType != 0 && p.Type > 0 && p.Type < len(interactionTypes) {
		kind = p.Type
	}
	status := catalog.StatusReceived
	if p.Has&wire.HasID != 0 && now.Sub(snowflakeTime(p.ID)) > answerWithin {
		status = catalog.StatusExpired
	}
	s.cells[kind*len(interactionStatuses)+slices.Index(interactionStatuses, status)].n.Add(1)
	return now
}

// snowflakeTime is when Discord made an id.
func snowflakeTime(id uint64) time.Time {
	return time.UnixMilli(int64(id>>22) + discordEpoch)
}

// timerSet remembers when interactions were received until their handlers are
// called. It is bounded: the oldest gives way.
type timerSet struct {
	// used is set once a handler is wrapped: without one nobody takes a timer.
	used    atomic.Bool
	evicted atomic.Uint64

	mu      sync.Mutex
	started map[uint64]time.Time
	queue   []uint64 // ids in the order of receipt, a ring; some were taken
	head    int
	size    int
}

// start begins the timer of an interaction.
func (s *timerSet) start(id uint64, at time.Time) {
	if id == 0 || !s.used.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started == nil {
		s.started = map[uint64]time.Time{}
		s.queue = make([]uint64, maxTimers)
	}
	for s.size > 0 {
		oldest := s.queue[s.head]
		since, pending := s.started[oldest]
		expired := pending && at.Sub(since) > timerLife
		if pending && !expired && s.size < maxTimers {
			break
		}
		if pending && !expired {
			s.evicted.Add(1)
		}
		delete(s.started, oldest)
		s.head = (s.head + 1) % maxTimers
		s.size--
	}
	if _, again := s.started[id]; again {
		return
	}
	s.queue[(s.head+s.size)%maxTimers] = id
	s.size++
	s.started[id] = at
}

// take ends a timer and returns when the interaction was received.
func (s *timerSet) take(id uint64) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.started[id]
	delete(s.started, id)
	return at, ok
}
