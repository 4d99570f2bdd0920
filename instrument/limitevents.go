package instrument

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
)

// rateLimited takes a 429 of Discord's. method is empty if it is not known, and
// retryAfter is 0 if Discord did not tell it.
func (l *eventLog) rateLimited(scope, route, method string, retryAfter time.Duration) {
	if l == nil {
		return
	}
	l.add(context.Background(), catalog.EventRateLimit.Name, time.Now(), func(r *record) {
		r.warnIf(true)
		r.body = "Discord limited requests: scope " + scope + ", route " + route + "."
		r.text(catalog.AttrRateLimitScope, scope)
		r.text(catalog.AttrURLTemplate, route)
		if method != "" {
			r.text(catalog.AttrMethod, method)
		}
		if retryAfter > 0 {
			r.seconds(catalog.AttrRetryAfter, retryAfter)
		}
	})
}

// retryAfter returns how long Discord wants no more such requests, or 0. The header
// has whole seconds.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseUint(first(h, "Retry-After"), 10, 32)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// started takes the budget of session starts that Discord told, or nil.
func (l *eventLog) started(limit *sessionStartLimit, now time.Time) {
	if l == nil || limit == nil {
		return
	}
	l.add(context.Background(), catalog.EventSessionStart.Name, now, func(r *record) {
		r.warnIf(*limit.Remaining == 0)
		r.body = fmt.Sprintf("%d of %d session starts remain.", *limit.Remaining, *limit.Total)
		r.number(catalog.AttrStartRemaining, *limit.Remaining)
		r.number(catalog.AttrStartLimit, *limit.Total)
		if *limit.ResetAfter > 0 {
			r.seconds(catalog.AttrStartResetAfter, limit.reset.Sub(now.Round(0)))
		}
		r.number(catalog.AttrStartConcurrency, *limit.MaxConcurrency)
	})
}
