package instrument

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/argus-dgo/argus/internal/catalog"
)

// A callSpan is the span of one REST request. It is nil if the request belongs to
// no trace: there is none for a request alone.
type callSpan struct {
	traces *traces
	span   trace.Span
	ctx    context.Context //nolint:containedctx // has the span, for the exemplar
	ending ending
}

// beginSpan starts the span of a request. Its parent is the span in its context,
// or else that of the interaction that it answers.
func (c *call) beginSpan(r *http.Request) {
	defer c.inst.faults.catch(hookTrace)
	k := c.inst.tracker
	if k == nil {
		return
	}
	parent := r.Context()
	if c.interaction != 0 || c.token != 0 {
		var in context.Context
		if c.track, in = k.request(c.interaction, c.token); !trace.SpanContextFromContext(parent).IsValid() {
			parent = in
		}
	}
	if k.traces == nil || !recording(parent) {
		return
	}
	method := methods[c.method]
	name, attributes := method, make([]attribute.KeyValue, 0, 6)
	if method == catalog.Other {
		name, method = "HTTP", "_OTHER" // as OpenTelemetry's conventions have it
	}
	attributes = append(attributes, attribute.String(catalog.AttrMethod, method), attribute.String(catalog.AttrServerAddress, r.URL.Hostname()))
	if port := portOf(r); port != 0 {
		attributes = append(attributes, attribute.Int(catalog.AttrServerPort, port))
	}
	if c.route != catalog.RouteOther {
		name += " " + c.route
		attributes = append(attributes, attribute.String(catalog.AttrURLTemplate, c.route))
	}
	if n, _ := r.Context().Value(resendKey{}).(int); n > 0 {
		attributes = append(attributes, attribute.Int(catalog.AttrResendCount, n))
	}
	s := &callSpan{traces: k.traces}
	s.ctx, s.span = k.traces.start(parent, name, c.began, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attributes...))
	c.span = s
}

func portOf(r *http.Request) int {
	if port, err := strconv.Atoi(r.URL.Port()); err == nil {
		return port
	}
	switch r.URL.Scheme {
	case "https":
		return 443
	case "http":
		return 80
	}
	return 0
}

// context returns the context of a request's span, for the exemplar.
func (s *callSpan) context() context.Context {
	if s == nil {
		return context.Background()
	}
	return s.ctx
}

// responded takes the response, or the error if there was none.
func (s *callSpan) responded(response *http.Response, err error, now time.Time) {
	if s == nil {
		return
	}
	s.ending.at = now
	switch {
	case response == nil && err != nil:
		s.ending.errorType = errorType(err)
	case response == nil:
		s.ending.errorType = catalog.ErrorTypePanic
	default:
		s.ending.attributes = append(s.ending.attributes, attribute.Int(catalog.AttrStatusCode, response.StatusCode))
		if response.StatusCode >= http.StatusBadRequest {
			s.ending.errorType = strconv.Itoa(response.StatusCode)
		}
		if response.StatusCode == http.StatusTooManyRequests {
			s.ending.attributes = append(s.ending.attributes, attribute.String(catalog.AttrRateLimitScope, scopeOf(response.Header)))
		}
	}
}

// end ends the span. code is that of Discord's error, or 0.
func (s *callSpan) end(code int) {
	if s == nil {
		return
	}
	if code != 0 {
		s.ending.attributes = append(s.ending.attributes, attribute.Int(catalog.AttrErrorCode, code))
	}
	s.traces.end(s.span, s.ending)
}

// resendKey is the key of how often a request was sent before.
type resendKey struct{}

// joinTrace lets a request belong to the trace of ctx, which does not cancel it,
// unless it belongs to one already. before is how often it was sent before.
func joinTrace(ctx context.Context, cfg *discordgo.RequestConfig, before int) {
	of := cfg.Request.Context()
	if trace.SpanContextFromContext(of).IsValid() {
		if before == 0 {
			return
		}
	} else {
		of = trace.ContextWithSpan(of, trace.SpanFromContext(ctx))
	}
	if before > 0 {
		of = context.WithValue(of, resendKey{}, before)
	}
	cfg.Request = cfg.Request.WithContext(of)
}
