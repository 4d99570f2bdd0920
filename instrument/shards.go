package instrument

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/argus-dgo/argus/instrument/internal/wire"
	"github.com/argus-dgo/argus/internal/catalog"
)

var (
	closeCodes = catalog.CloseCodes()
	codeIndex  = indexOf(closeCodes)
	codeNone   = codeIndex[catalog.CodeNone]

	initiators       = catalog.Initiators()
	initiatorDiscord = slices.Index(initiators, catalog.InitiatorDiscord)
	initiatorClient  = slices.Index(initiators, catalog.InitiatorClient)
	initiatorNetwork = slices.Index(initiators, catalog.InitiatorNetwork)

	kinds        = []string{catalog.KindIdentify, catalog.KindResume}
	kindIdentify = slices.Index(kinds, catalog.KindIdentify)
	kindResume   = slices.Index(kinds, catalog.KindResume)
)

func indexOf(values []string) map[string]int {
	index := make(map[string]int, len(values))
	for n, v := range values {
		index[v] = n
	}
	return index
}

// noCode is the close code of a connection that ended without a close frame.
const noCode = 0

// codeIn returns the index of a close code in one of the closed sets.
func codeIn(index map[string]int, code int) int {
	if code == noCode {
		return index[catalog.CodeNone]
	}
	if n, ok := index[strconv.Itoa(code)]; ok {
		return n
	}
	return index[catalog.Other]
}

// A shard holds the counters of one shard id. Sessions with the same id share it.
// It remains after they are gone, because a counter must not decrease.
type shard struct {
	label       string
	opts        []metric.ObserveOption
	seen        atomic.Bool // whether a session has ever counted as this shard
	tapped      atomic.Bool // whether disconnects are known: set with the first tap
	events      cell
	attempts    []cell // by status
	disconnects []cell // by code, then initiator
	reconnects  []cell // by kind
	handshakes  []cell // by kind, then outcome
	sent        []cell // by op
	states      [][]metric.ObserveOption

	lastDisconnect atomic.Pointer[Disconnect] // nil without one
}

func newShard(label string) *shard {
	id := attribute.String("shard", label)
	s := &shard{
		label:       label,
		opts:        labelled(id),
		events:      cell{opts: labelled(id)},
		attempts:    newAttempts(id),
		disconnects: make([]cell, len(closeCodes)*len(initiators)),
		reconnects:  make([]cell, len(kinds)),
		handshakes:  make([]cell, len(kinds)*len(handshakeOutcomes)),
		sent:        make([]cell, len(sentOps)),
	}
	for c, code := range closeCodes {
		for n, initiator := range initiators {
			cell := s.disconnect(c, n)
			cell.opts = labelled(id, attribute.String("code", code), attribute.String("initiator", initiator))
			cell.quiet = true
		}
	}
	// Series that alerts use exist before the first event.
	for _, code := range catalog.FatalCloseCodes() {
		s.disconnect(codeIndex[code], initiatorDiscord).quiet = false
	}
	s.disconnect(codeNone, initiatorNetwork).quiet = false
	for n, kind := range kinds {
		s.reconnects[n].opts = labelled(id, attribute.String("kind", kind))
		for o, outcome := range handshakeOutcomes {
			cell := s.handshake(n, o)
			cell.opts = labelled(id, attribute.String("kind", kind), attribute.String("outcome", outcome))
			cell.quiet = n == kindIdentify && o == handshakeResumed || n == kindResume && o == handshakeReady // neither is expected
		}
	}
	for n, op := range sentOps {
		s.sent[n].opts = labelled(id, attribute.String("op", op))
		// The series for what every connection sends exist from the start.
		s.sent[n].quiet = n != opToSent[wire.OpHeartbeat] && n != opToSent[wire.OpIdentify] && n != opToSent[wire.OpResume]
	}
	for _, state := range shardStates {
		s.states = append(s.states, labelled(id, attribute.String("state", state)))
	}
	return s
}

func (s *shard) disconnect(code, initiator int) *cell {
	return &s.disconnects[code*len(initiators)+initiator]
}

func (s *shard) handshake(kind, outcome int) *cell {
	return &s.handshakes[kind*len(handshakeOutcomes)+outcome]
}

// A shardSet finds the shard of an id. It is bounded: negative ids, and all ids
// after the first catalog.MaxShards, share one shard.
type shardSet struct {
	mu   sync.Mutex
	byID map[int]*shard
	all  []*shard
	rest *shard
}

func (s *shardSet) get(id int) *shard {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found, ok := s.byID[id]; ok {
		return found
	}
	if id < 0 || len(s.byID) >= catalog.MaxShards {
		if s.rest == nil {
			s.rest = newShard(catalog.Other)
			s.all = append(s.all, s.rest)
		}
		return s.rest
	}
	if s.byID == nil {
		s.byID = map[int]*shard{}
	}
	made := newShard(strconv.Itoa(id))
	s.byID[id] = made
	s.all = append(s.all, made)
	return made
}

func (s *shardSet) list() []*shard {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clip(s.all)
}
