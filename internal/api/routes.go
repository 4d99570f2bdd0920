package api

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/history"
)

// Routes is the document at [RoutesPath].
type Routes struct {
	Window
	// Requests are the durations of all requests, and Waits those in the rate limiter
	// of discordgo.
	Requests Delays `json:"requests"`
	Waits    Delays `json:"waits"`
	// Bounds are those of the buckets that the quantiles by route come from.
	Bounds []float64 `json:"quantile_bounds_seconds"`
	// Routes are in the order of their requests, the most first. Those that the history
	// has no room for share the route "other".
	Routes []Route `json:"routes"`
}

// A Route is a route of Discord's API.
type Route struct {
	Route   string   `json:"route"`
	Methods []Method `json:"methods"`
	// Wait is the time in discordgo's rate limiter, null without any.
	Wait *Durations `json:"wait"`
	// RateLimits are the responses with status 429 by their scope.
	RateLimits map[string]float64 `json:"rate_limits"`
}

// A Method has the requests of one method on a route.
type Method struct {
	Method string  `json:"method"`
	Count  float64 `json:"count"`
	// PerSecond is null before the history covers any time.
	PerSecond *float64 `json:"requests_per_second"`
	Mean      *float64 `json:"mean_seconds"`
	// Quantiles are also null where the history has no room for the buckets.
	Quantiles
	// Statuses are the numbers of responses by status.
	Statuses map[string]float64 `json:"statuses"`
}

func routesTask(_ Member, p *parameters) task {
	over := p.duration("over", usualOver, leastOver)
	return task{key: p.key(), make: func(ctx context.Context, _ *API, m Member, at time.Time) (any, error) {
		var s sheet
		requests := s.ask(evidence.Question{Form: evidence.Increase, Of: catalog.RequestDuration, By: []string{"route", "method", "status"}, Over: over})
		mean := s.ask(evidence.Question{Form: evidence.Mean, Of: catalog.RequestDuration, By: []string{"route", "method"}, Over: over})
		limits := s.ask(evidence.Question{Form: evidence.Increase, Of: catalog.RateLimits, By: []string{"route", "scope"}, Over: over})
		quantiles := askQuantiles(&s, catalog.RequestDuration, over, "route", "method")
		waits := askDurations(&s, catalog.QueueWait, "route", over)
		waits.quantiles = askQuantiles(&s, catalog.QueueWait, over, "route")
		all, allWaits := askDelays(&s, catalog.RequestDuration, over), askDelays(&s, catalog.QueueWait, over)
		if err := s.learn(ctx, m.Source, at); err != nil {
			return nil, err
		}
		d := Routes{Window: window(m, at, over), Requests: all.delays(), Waits: allWaits.delays(), Bounds: history.DurationBounds(), Routes: []Route{}}
		routes, means, quantilesOf := map[string]*Route{}, mean.by("route", "method"), quantiles.index()
		get := func(name string) *Route {
			if routes[name] == nil {
				routes[name] = &Route{Route: name, Methods: []Method{}, RateLimits: map[string]float64{}}
			}
			return routes[name]
		}
		for labels, n := range requests.counts() {
			get(labels["route"]).count(labels, n)
		}
		for labels, n := range limits.counts() {
			get(labels["route"]).RateLimits[labels["scope"]] = n
		}
		for name, wait := range waits.durations() {
			get(name).Wait = wait
		}
		for _, name := range slices.Sorted(maps.Keys(routes)) {
			r := *routes[name]
			for i := range r.Methods {
				of := &r.Methods[i]
				key := evidence.Labels{"route": name, "method": of.Method}.Key("route", "method")
				of.Mean = means.of(key)
				if name != catalog.RouteOther { // which has more routes where buckets are kept
					of.Quantiles = quantilesOf(key)
				}
				if d.Covered != nil && *d.Covered > 0 {
					of.PerSecond = number(of.Count / *d.Covered)
				}
			}
			slices.SortStableFunc(r.Methods, func(a, b Method) int { return cmp.Compare(b.Count, a.Count) })
			d.Routes = append(d.Routes, r)
		}
		slices.SortStableFunc(d.Routes, func(a, b Route) int { return cmp.Compare(b.requests(), a.requests()) })
		return d, nil
	}}
}

// count adds requests to those of their method.
func (r *Route) count(labels evidence.Labels, n float64) {
	i := slices.IndexFunc(r.Methods, func(m Method) bool { return m.Method == labels["method"] })
	if i < 0 {
		i = len(r.Methods)
		r.Methods = append(r.Methods, Method{Method: labels["method"], Statuses: map[string]float64{}})
	}
	r.Methods[i].Count += n
	r.Methods[i].Statuses[labels["status"]] = n
}

func (r *Route) requests() (n float64) {
	for _, m := range r.Methods {
		n += m.Count
	}
	return n
}
