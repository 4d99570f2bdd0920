package instrument

import (
	"net/http"
	"sync"

	"go.opentelemetry.io/otel/attribute"

	"github.com/argus-dgo/argus/catalog"
	"github.com/argus-dgo/argus/instrument/internal/route"
)

// A transport sees a session's REST calls: each of discordgo's retries is one
// round trip of its own. It hands the user's transport the request as it is,
// and hands back its response and error as they are.
type transport struct {
	tap  *tap
	next http.RoundTripper // nil is http.DefaultTransport, as for http.Client
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.inner().RoundTrip(r)
	if a := t.tap.target.Load(); a != nil && response != nil {
		a.inst.responded(r, response)
	}
	return response, err
}

func (t *transport) inner() http.RoundTripper {
	if t.next == nil {
		return http.DefaultTransport
	}
	return t.next
}

// CloseIdleConnections forwards what http.Client.CloseIdleConnections asks for.
func (t *transport) CloseIdleConnections() {
	if closer, ok := t.inner().(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

func (i *Instrumentation) responded(r *http.Request, response *http.Response) {
	defer i.faults.catch(hookTransport)
	if response.StatusCode != http.StatusTooManyRequests || r.URL == nil {
		return
	}
	i.rateLimits.count(scopeOf(response.Header), route.Template(r.URL.EscapedPath()))
}

// scopeOf reads whose limit it was
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

// rateLimitSet counts 429s. Both labels are closed sets, and so is the map.
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
