package instrument

import (
	"errors"
	"net/http"
	"strings"

	"github.com/argus-dgo/argus/internal/catalog"
)

// proxied reports whether a proxy between the bot and Discord made the response
// to a call itself, instead of forwarding Discord's. A response without evidence
// counts as Discord's, such as that of a fake server without any of the headers
// below.
//
// Every response from Discord has passed Cloudflare, which adds CF-Ray. Those of
// its API have "Via: 1.1 google" as well. REST proxies forward both. Their own
// responses have neither:
//
//   - nirn-proxy (lib/queue_manager.go, discord.go and queue.go of
//     github.com/germanoeich/nirn-proxy): a 429 with "generated-by-proxy: true"
//     and its own X-RateLimit headers; 408 if Discord takes too long and 500 if it
//     is unreachable; 401 after Discord has sent one, and 404 with code 10015 for
//     a webhook that was not found before. Their Content-Type is net/http's guess,
//     text/plain also for JSON.
//   - Sluice, which is derived from it: any error, with the same header.
//   - discord-api-proxy (github.com/ssMMiles/discord-api-proxy): a 429 with
//     "x-sent-by-proxy: true". Another proxy sets that header to another value, on
//     everything that it forwards.
//   - twilight's http-proxy (src/error.rs of github.com/twilight-rs/http-proxy):
//     500, 501 and 502 with a text and without a Content-Type, which Discord's
//     always have.
//
// @discordjs/proxy forwards Discord's errors as application/json without any of
// their headers (packages/proxy/src/util/responseHelpers.ts of
// github.com/discordjs/discord.js): so an error in JSON without other evidence is
// Discord's.
//
// Any other proxy, such as an nginx whose upstream is unavailable, is recognized
// by the missing headers, once other responses of the same host have had them.
func (t *tap) proxied(c *call, r *http.Response) bool {
	h := r.Header
	switch {
	case first(h, "Generated-By-Proxy") != "", first(h, "X-Sent-By-Proxy") == "true":
		return true
	case first(h, "Cf-Ray") != "", strings.Contains(first(h, "Via"), "google"):
		t.passedEdge(c)
		return false
	case r.StatusCode < http.StatusBadRequest:
		return false
	case r.StatusCode == http.StatusRequestTimeout, r.StatusCode == http.StatusNotImplemented:
		return true // Discord documents neither
	}
	kind := first(h, "Content-Type")
	switch {
	case strings.HasPrefix(kind, "application/json"):
		return false
	case kind == "" && r.StatusCode >= http.StatusInternalServerError && r.ContentLength != 0:
		return true
	}
	edge := t.edgeHost.Load()
	return edge != nil && *edge == c.host
}

// passedEdge records that a call's host leads to Discord's API.
func (t *tap) passedEdge(c *call) {
	if c.route == catalog.RouteOther || strings.HasPrefix(c.route, "/cdn/") {
		return
	}
	if edge := t.edgeHost.Load(); edge == nil || *edge != c.host {
		host := c.host
		t.edgeHost.Store(&host)
	}
}

// cached reports whether a response comes from a cache, and so is old: it then
// has an Age, or X-Cached from nirn-proxy.
func cached(r *http.Response) bool {
	return first(r.Header, "Age") != "" || first(r.Header, "X-Cached") != ""
}

// first returns a header's first value, as Header.Get does. The name must be in
// canonical form, so that this takes a fraction of the time.
func first(h http.Header, canonical string) string {
	if values := h[canonical]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// strangersMost is the number of REST calls without a known route after which
// that is reported.
const strangersMost = 20

var errStrangeRoutes = errors.New("none of the first 20 REST paths of a session is a route of Discord's API, which happens behind a proxy that rewrites paths: " +
	"its routes are \"other\", and interactions that it answers count as missed; turn that off with ARGUS_INTERACTION_ACKS=false or instrument.WithAcks(false)")

// strange takes the route of a call, and reports whether to report that no route
// is known.
func (t *tap) strange(route string) bool {
	if t.routed.Load() {
		return false
	}
	if route != catalog.RouteOther {
		t.routed.Store(true)
		return false
	}
	return t.strangers.Add(1) == strangersMost
}
