package instrument

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/argus-dgo/argus/instrument/internal/route"
	"github.com/argus-dgo/argus/internal/catalog"
)

var (
	methods     = catalog.Methods()
	methodOther = slices.Index(methods, catalog.Other)

	statuses     = catalog.Statuses()
	statusIndex  = indexOfNumbers(statuses)
	statusOther  = slices.Index(statuses, catalog.Other)
	statusProxy  = slices.Index(statuses, catalog.StatusProxy)
	statusFailed = slices.Index(statuses, catalog.StatusFailed)

	proxyStatuses    = catalog.ProxyStatuses()
	proxyIndex       = indexOfNumbers(proxyStatuses)
	proxyStatusOther = slices.Index(proxyStatuses, catalog.Other)

	invalidStatuses = catalog.InvalidStatuses()
	invalidIndex    = indexOfNumbers(invalidStatuses)

	errorCodes     = catalog.ErrorCodes()
	errorCodeIndex = indexOfNumbers(errorCodes)
	errorCodeOther = slices.Index(errorCodes, catalog.Other)
)

// indexOfNumbers is indexOf for values that are numbers.
func indexOfNumbers(values []string) map[int]int {
	index := make(map[int]int, len(values))
	for n, v := range values {
		if number, err := strconv.Atoi(v); err == nil {
			index[number] = n
		}
	}
	return index
}

func methodOf(method string) int {
	if method == "" {
		method = http.MethodGet // as in net/http
	}
	for n, m := range methods {
		if m == method {
			return n
		}
	}
	return methodOther
}

// requestSet measures REST requests.
type requestSet struct {
	inFlight atomic.Int64
	invalid  []cell // by status
	errors   []cell // by code
	proxied  []cell // by status
	series   *recordSet[requestSeries]
	record   metric.Float64Histogram

	waits      *recordSet[string] // by route
	recordWait metric.Float64Histogram
}

type requestSeries struct {
	method int
	route  string
	status int
}

func newRequestSet() *requestSet {
	s := &requestSet{
		invalid: make([]cell, len(invalidStatuses)), errors: make([]cell, len(errorCodes)), proxied: make([]cell, len(proxyStatuses)),
	}
	for n, status := range proxyStatuses {
		s.proxied[n].opts = labelled(attribute.String("status", status))
		s.proxied[n].quiet = status != catalog.Other
	}
	for n, status := range invalidStatuses {
		s.invalid[n].opts = labelled(attribute.String("status", status))
	}
	for n, code := range errorCodes {
		s.errors[n].opts = labelled(attribute.String("error_code", code))
		s.errors[n].quiet = true
	}
	// The codes for answers that are too late, or repeated.
	for _, code := range []int{discordgo.ErrCodeUnknownInteraction, discordgo.ErrCodeInteractionHasAlreadyBeenAcknowledged} {
		s.errors[errorCodeIndex[code]].quiet = false
	}
	s.series = newRecordSet(func(k requestSeries) attribute.Set {
		return attribute.NewSet(attribute.String("method", methods[k.method]), attribute.String("route", k.route),
			attribute.String("status", statuses[k.status]))
	})
	s.waits = newRecordSet(func(route string) attribute.Set { return attribute.NewSet(attribute.String("route", route)) })
	return s
}

// responded counts a request with its response, or without one.
func (s *requestSet) responded(c *call, response *http.Response, now time.Time) {
	key := requestSeries{c.method, c.route, statusFailed}
	switch {
	case response == nil:
	case c.proxied:
		key.status = statusProxy
		s.proxied[indexOr(proxyIndex, response.StatusCode, proxyStatusOther)].n.Add(1)
	default:
		key.status = indexOr(statusIndex, response.StatusCode, statusOther)
		if n, ok := invalidIndex[response.StatusCode]; ok && scopeOf(response.Header) != catalog.ScopeShared {
			s.invalid[n].n.Add(1)
		}
	}
	rest := key
	rest.route = catalog.RouteOther
	s.record.Record(c.span.context(), now.Sub(c.began).Seconds(), s.series.getUpTo(catalog.MaxRequestSeries, key, rest)...)
}

// indexOr returns the index of a number, or other.
func indexOr(index map[int]int, number, other int) int {
	if n, ok := index[number]; ok {
		return n
	}
	return other
}

// failed counts the code of an error response.
func (s *requestSet) failed(code int) {
	s.errors[indexOr(errorCodeIndex, code, errorCodeOther)].n.Add(1)
}

// errorCode returns the number "code" in the outermost object of a JSON text,
// which may be truncated.
func errorCode(body []byte) (code int, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return 0, false
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return 0, false
		}
		if key == "code" {
			var number *int // nil for null
			err := decoder.Decode(&number)
			// At the end of the text, the number itself may be truncated.
			if err != nil || number == nil || decoder.InputOffset() == int64(len(body)) {
				return 0, false
			}
			return *number, true
		}
		var skipped json.RawMessage
		if decoder.Decode(&skipped) != nil {
			return 0, false
		}
	}
	return 0, false
}

// RequestOption returns an option for one REST call that measures how long the
// call waits in discordgo's rate limiter:
//
//	s.ChannelMessageSend(channel, text, inst.RequestOption(ctx))
//
// Make one for each call, right before it: the wait is measured from then until
// discordgo has the bucket. ctx does not cancel the request: add
// discordgo.WithContext for that. The wait before a retry, after 429 and 502, is
// not included.
//
// With [WithTracerProvider], the wait is a span, and the call belongs to the trace
// of ctx. Otherwise the option does not change the request.
func (i *Instrumentation) RequestOption(ctx context.Context) discordgo.RequestOption {
	ctx = orBackground(ctx)
	began := time.Now()
	var used atomic.Int64
	return func(cfg *discordgo.RequestConfig) {
		defer i.faults.catch(hookTransport)
		if cfg == nil || cfg.Request == nil || cfg.Request.URL == nil || i.closed.Load() {
			return
		}
		before := int(used.Add(1) - 1)
		template := route.Template(cfg.Request.URL.EscapedPath())
		traced := i.traces != nil && recording(ctx)
		if traced {
			joinTrace(ctx, cfg, before)
		}
		if before > 0 {
			return
		}
		now := time.Now()
		i.requests.recordWait.Record(ctx, now.Sub(began).Seconds(), i.requests.waits.get(template)...)
		if traced {
			i.traces.done(ctx, "rate limiter", began, ending{at: now}, trace.WithAttributes(attribute.String(catalog.AttrURLTemplate, template)))
		}
	}
}

// maxBody is the limit for what is read along of a response's body. Discord's
// errors, and the response to GET /gateway/bot, are far shorter.
const maxBody = 16 << 10

// hasError reports whether a response has a body that may contain an error.
// net/http requires the caller to close the body.
func hasError(response *http.Response) bool {
	return response != nil && response.StatusCode >= http.StatusBadRequest && response.Body != nil && response.Body != http.NoBody
}

// readAlong wraps the body of a response if its content is needed.
func (i *Instrumentation) readAlong(c *call, response *http.Response, now time.Time) {
	var look func([]byte)
	switch {
	case c.proxied:
		return
	case hasError(response):
		interaction, span, status := c.interaction, c.span, response.StatusCode
		look = func(body []byte) {
			code, ok := errorCode(body)
			if ok {
				i.requests.failed(code)
			}
			span.end(code)
			if interaction != 0 {
				i.acks.end(interaction, status, code, now)
			}
		}
	case response.Body == nil:
		return
	case response.StatusCode == http.StatusOK && c.route == catalog.RouteGatewayBot && !cached(response):
		look = func(body []byte) { i.eventLog.started(i.sessionStart.read(body, now), now) }
	default:
		return
	}
	response.Body = &overheard{ReadCloser: response.Body, look: look, faults: i.faults}
}

// An overheard body passes on what it reads, and calls look at the end.
type overheard struct {
	io.ReadCloser
	look   func([]byte)
	faults *faults

	mu   sync.Mutex // Close may be called during a Read
	body []byte
}

func (o *overheard) Read(p []byte) (int, error) {
	n, err := o.ReadCloser.Read(p)
	if n > 0 {
		o.mu.Lock()
		o.body = append(o.body, p[:min(n, maxBody-len(o.body))]...)
		o.mu.Unlock()
	}
	if err != nil {
		o.end()
	}
	return n, err
}

func (o *overheard) Close() error {
	o.end()
	return o.ReadCloser.Close()
}

func (o *overheard) end() {
	defer o.faults.catch(hookTransport)
	o.mu.Lock()
	look, body := o.look, o.body
	o.look, o.body = nil, nil
	o.mu.Unlock()
	if look != nil {
		look(body)
	}
}
