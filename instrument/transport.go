package instrument

import (
	"net/http"
	"strconv"
	"time"

	"github.com/argus-dgo/argus/instrument/internal/route"
	"github.com/argus-dgo/argus/instrument/internal/wire"
	"github.com/argus-dgo/argus/internal/catalog"
)

// A transport observes a session's REST calls: each of discordgo's retries is a
// separate round trip. It passes the request to the user's transport unchanged,
// and returns its response and error unchanged. The body of some responses is
// read along as the user reads it.
type transport struct {
	tap  *tap
	next http.RoundTripper // nil: http.DefaultTransport, as for http.Client
	// beside is for calls that are not the session's own, and so give no
	// information about the Client of its calls.
	beside bool
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.beside {
		t.tap.called.Store(true)
	}
	a := t.tap.target.Load()
	if a == nil || r == nil || r.URL == nil || t.heardBelow(a.inst) || !a.admitCall(r.Header) {
		return t.inner().RoundTrip(r)
	}
	c := a.inst.beginCall(t, r)
	defer c.done() // also if the user's transport panics
	response, err := t.inner().RoundTrip(r)
	c.end(response, err)
	if !t.beside {
		a.calls(c.route, response)
	}
	return response, err
}

// heardBelow reports whether a lower transport of the same instrumentation
// observes the call as well: a session's Client may be that of another session
// that was attached before.
func (t *transport) heardBelow(i *Instrumentation) bool {
	for {
		below, ok := t.next.(*transport)
		if !ok {
			return false
		}
		if a := below.tap.target.Load(); a != nil && a.inst == i {
			return true
		}
		t = below
	}
}

func (t *transport) inner() http.RoundTripper {
	if t.next == nil {
		return http.DefaultTransport
	}
	return t.next
}

// CloseIdleConnections supports http.Client.CloseIdleConnections.
func (t *transport) CloseIdleConnections() {
	if closer, ok := t.inner().(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// A call is one request that is in flight.
type call struct {
	inst        *Instrumentation
	tap         *tap
	host        string
	method      int
	route       string
	began       time.Time
	interaction uint64 // the interaction of a callback; 0 for other calls
	token       uint64 // the hash of the token in the path of a webhook's call; 0 for others
	track       *tracked
	span        *callSpan // nil without a trace
	proxied     bool      // a proxy made the response
	ended       bool
}

func (i *Instrumentation) beginCall(t *transport, r *http.Request) (c call) {
	c = call{inst: i, tap: t.tap, host: r.URL.Host, method: methodOf(r.Method), route: catalog.RouteOther, began: time.Now()}
	i.requests.inFlight.Add(1)
	defer i.faults.catch(hookTransport)
	template, path := route.Find(r.URL.EscapedPath())
	c.route = template
	if !t.beside && t.tap.strange(template) {
		i.faults.report(hookTransport, errStrangeRoutes)
	}
	switch template {
	case catalog.RouteCallback:
		if r.Method == http.MethodPost {
			c.interaction, _ = strconv.ParseUint(route.Segment(path, 1), 10, 64) // a number: the route requires it
			i.endpoint.answering(c.interaction)
			i.acks.begin(c.interaction, c.began)
		}
	case catalog.RouteFollowUp, catalog.RouteFollowUpMessage, catalog.RouteOriginalResponse:
		c.token = wire.TokenHash(route.Segment(path, 2))
	}
	c.beginSpan(r)
	return c
}

// end takes the response, which is nil if there was none.
func (c *call) end(response *http.Response, err error) {
	defer c.inst.faults.catch(hookTransport)
	c.ended = true
	now := time.Now()
	if c.track != nil {
		defer c.inst.tracker.responded(c.track, now)
	}
	status := 0
	if response != nil {
		status = response.StatusCode
		c.proxied = c.tap.proxied(c, response)
	}
	c.span.responded(response, err, now)
	coded := hasError(response) && !c.proxied // Discord's code is in the body
	if !coded {
		c.span.end(0)
	}
	switch {
	case c.interaction != 0 && coded:
	case c.interaction != 0:
		c.inst.acks.end(c.interaction, status, 0, now)
	case c.token != 0 && status >= http.StatusOK && status < http.StatusMultipleChoices:
		c.inst.acks.followedUp(c.token)
	}
	c.inst.requests.responded(c, response, now)
	if response == nil {
		return
	}
	if status == http.StatusTooManyRequests && !c.proxied {
		scope := scopeOf(response.Header)
		c.inst.rateLimits.count(scope, c.route)
		c.inst.eventLog.rateLimited(scope, c.route, methods[c.method], retryAfter(response.Header))
	}
	c.inst.readDate(c, response, now)
	c.inst.readAlong(c, response, now)
}

// done ends a call. It has no response if the user's transport panicked.
func (c *call) done() {
	c.inst.requests.inFlight.Add(-1)
	if !c.ended {
		c.end(nil, nil)
	}
}

// readDate compares our clock with Discord's. The Date of a cached response is
// old.
func (i *Instrumentation) readDate(c *call, response *http.Response, now time.Time) {
	if c.route == catalog.RouteOther || c.proxied || cached(response) || !i.skew.dateDue() {
		return
	}
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		i.skew.response(date, c.began, now)
	}
}
