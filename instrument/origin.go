package instrument

import (
	"errors"
	"net/http"
	"strings"

	"github.com/argus-dgo/argus/internal/catalog"
)

// proxied reports whether a proxy between the bot and Discord made the response
// to a call itself, in place of handing on Discord's. What does not tell is taken
// for Discord's, as a fake is that has none of the headers below.
//
// Whatever comes from Discord has passed Cloudflare, which puts CF-Ray on it, and
// what comes from its API has "Via: 1.1 google" as well. REST proxies hand both
// on. What they answer by themselves has neither:
//
//   - nirn-proxy (lib/queue_manager.go, discord.go and queue.go of
//     github.com/germanoeich/nirn-proxy): a 429 with "generated-by-proxy: true"
//     and X-RateLimit headers of its own making; 408 where Discord takes too long
//     and 500 where it is not reached; 401 once Discord has sent one, and 404 with
//     code 10015 for a webhook that was not found before. Their Content-Type is
//     net/http's guess, text/plain also for JSON.
//   - Sluice, which is made from it: any error, with the same header.
//   - discord-api-proxy (github.com/ssMMiles/discord-api-proxy): a 429 with
//     "x-sent-by-proxy: true". Another proxy has another value there, on all that
//     it hands on.
//   - twilight's http-proxy (src/error.rs of github.com/twilight-rs/http-proxy):
//     500, 501 and 502 with a text and without a Content-Type, which Discord's
//     always have.
//
// @discordjs/proxy hands on Discord's errors as application/json without any of
// their headers (packages/proxy/src/util/responseHelpers.ts of
// github.com/discordjs/discord.js): so an error in JSON that says nothing else is
// Discord's.
//
// A proxy of any other kind, as an nginx whose upstream is away, is known by what
// its answers lack, once others of the same host have had it.
func (t *tap) proxied(c *call, r *http.Response) bool {
	h := r.Header
	switch {
	case h.Get("Generated-By-Proxy") != "", h.Get("X-Sent-By-Proxy") == "true":
		return true
	case h.Get("Cf-Ray") != "", strings.Contains(h.Get("Via"), "google"):
		t.passedEdge(c)
		return false
	case r.StatusCode < http.StatusBadRequest:
		return false
	case r.StatusCode == http.StatusRequestTimeout, r.StatusCode == http.StatusNotImplemented:
		return true // nothing that Discord documents
	}
	kind := h.Get("Content-Type")
	switch {
	case strings.HasPrefix(kind, "application/json"):
		return false
	case kind == "" && r.StatusCode >= http.StatusInternalServerError && r.ContentLength != 0:
		return true
	}
	edge := t.edgeHost.Load()
	return edge != nil && *edge == c.host
}

// passedEdge notes that a call's host leads to Discord's API.
func (t *tap) passedEdge(c *call) {
	if c.route == catalog.RouteOther || strings.HasPrefix(c.route, "/cdn/") {
		return
	}
	if edge := t.edgeHost.Load(); edge == nil || *edge != c.host {
		host := c.host
		t.edgeHost.Store(&host)
	}
}

// cached reports whether a response is an old one: what a cache answered has an
// Age, and nirn-proxy's has X-Cached.
func cached(r *http.Response) bool {
	return r.Header.Get("Age") != "" || r.Header.Get("X-Cached") != ""
}

// strangersMost is after how many REST calls it is said that none has a route
// that is known.
const strangersMost = 20

var errStrangeRoutes = errors.New("the paths of a session's first 20 REST calls do not end like a route of Discord's API, as behind a proxy that rewrites them: " +
	"routes are \"other\", and interactions that it answers count as missed unless they are not followed (ARGUS_INTERACTION_ACKS=false, or instrument.WithAcks(false))")

// strange takes the route of a call, and reports whether it is time to say that
// none is known.
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
