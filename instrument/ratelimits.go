package instrument

import (
	"net/http"
	"sync"

	"go.opentelemetry.io/otel/attribute"

	"github.com/argus-dgo/argus/internal/catalog"
)

// scopeOf returns the scope of a rate limit
// (https://discord.com/developers/docs/topics/rate-limits#header-format).
func scopeOf(h http.Header) string {
	switch scope := h.Get("X-RateLimit-Scope"); scope {
	case catalog.ScopeUser, catalog.ScopeShared, catalog.ScopeGlobal:
		return scope
	}
	if h.Get("X-RateLimit-Global") != "" {
		return catalog.ScopeGlobal
	}
	return catalog.Unknown
}

// rateLimitSet counts 429s. Both labels are closed sets, so the map is bounded.
type rateLimitSet struct {
	mu    sync.Mutex
	cells map[rateLimit]*cell
}

type rateLimit struct{ scope, route string }

func newRateLimitSet() *rateLimitSet {
	s := &rateLimitSet{cells: map[rateLimit]*cell{}}
	for _, scope := range catalog.Scopes() {
		s.cell(rateLimit{scope, catalog.RouteOther})
	}
	return s
}

func (s *rateLimitSet) count(scope, route string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cell(rateLimit{scope, route}).n.Add(1)
}

func (s *rateLimitSet) cell(key rateLimit) *cell {
	c, ok := s.cells[key]
	if !ok {
		c = &cell{opts: labelled(attribute.String("scope", key.scope), attribute.String("route", key.route))}
		s.cells[key] = c
	}
	return c
}

func (s *rateLimitSet) each(f func(*cell)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.cells {
		f(c)
	}
}
