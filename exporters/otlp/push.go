package otlp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/argus-dgo/argus/internal/excerpt"
	"github.com/argus-dgo/argus/internal/limit"
)

// ExportError describes a failed export.
type ExportError struct {
	Protocol   Protocol
	Endpoint   string     // host and port
	Code       codes.Code // status from the collector or gRPC; with HTTPProtobuf the equivalent code
	HTTPStatus int        // status of the response with HTTPProtobuf; 0 without one
	Message    string     // the response's text, or why there is no response; without header values
	Suppressed int        // failures since the last report
	Final      bool       // the export at shutdown, which is not repeated
	Insecure   bool       // sent in plain text, without TLS
}

// Error returns one line: what failed, why, and what to do.
func (e *ExportError) Error() string {
	next := "the bot keeps running and the export is retried"
	if e.Final {
		next = "this was the last export: metrics that were not sent are lost"
	}
	s := fmt.Sprintf("otlp: export to %s failed (%s): %s; %s; %s", e.Endpoint, e.Code, e.Message, e.hint(), next)
	if e.Suppressed > 0 {
		s += fmt.Sprintf(" (%d more since the last report)", e.Suppressed)
	}
	return s
}

func (e *ExportError) hint() string {
	if e.HTTPStatus >= 300 && e.HTTPStatus <= 399 {
		return "redirects are not followed: set OTEL_EXPORTER_OTLP_ENDPOINT to the address itself"
	}
	switch e.Code {
	case codes.Unavailable, codes.DeadlineExceeded:
		if e.HTTPStatus != 0 {
			return "the collector, or a proxy in front of it, is unavailable: check its log"
		}
		if strings.HasPrefix(e.Message, "proxyconnect ") { // from net/http
			return "check HTTP_PROXY and HTTPS_PROXY"
		}
		if other := e.otherPort(); other != "" {
			return "check that the collector is running there; " + other
		}
		// An unavailable collector and a failed handshake look alike: in TLS 1.3 the collector checks the client's
		// certificate, or that there is none, after the handshake is complete for the client.
		if e.Insecure {
			return "check that the collector is running there, and whether it expects TLS, which is off here"
		}
		return "check that the collector is running there, that it uses TLS, and whether it requires a client certificate"
	case codes.InvalidArgument:
		if e.Protocol == HTTPProtobuf && e.Insecure {
			return "check the collector's log, and whether it expects TLS, which is off here"
		}
		return "check the collector's log"
	case codes.Unauthenticated, codes.PermissionDenied:
		if e.HTTPStatus == http.StatusProxyAuthRequired {
			return "check the credentials in HTTP_PROXY or HTTPS_PROXY"
		}
		return "check OTEL_EXPORTER_OTLP_HEADERS and the client certificate"
	case codes.Unimplemented:
		if other := e.otherPort(); other != "" {
			return other
		}
		if e.Protocol == HTTPProtobuf {
			return "the endpoint does not accept OTLP/HTTP metrics: check its port (" + portHTTP + ") and its path (" + metricsPath + "), and that it has a metrics pipeline"
		}
		return "the endpoint does not accept OTLP/gRPC metrics: check its port (" + portGRPC + ") and that it has a metrics pipeline"
	case codes.ResourceExhausted:
		return "the collector rejects the amount of data: check its limits"
	default:
		return "check the collector's log"
	}
}

// otherPort returns the advice for a port that is usually that of the other protocol.
func (e *ExportError) otherPort() string {
	_, port, _ := net.SplitHostPort(e.Endpoint)
	const text = "port %s is usually for the protocol %s: set OTEL_EXPORTER_OTLP_PROTOCOL=%s, or the endpoint to port %s"
	switch {
	case e.Protocol == HTTPProtobuf && port == portGRPC:
		return fmt.Sprintf(text, port, GRPC, GRPC, portHTTP)
	case e.Protocol == GRPC && port == portHTTP:
		return fmt.Sprintf(text, port, HTTPProtobuf, HTTPProtobuf, portGRPC)
	}
	return ""
}

type state int

const (
	stateUnknown state = iota
	stateUp
	stateDown
)

// push wraps OpenTelemetry's exporter for the reader and records the outcome of
// each export.
type push struct {
	sdkmetric.Exporter
	protocol   Protocol
	endpoint   string
	insecure   bool
	timeout    time.Duration // of an export with its retries, if the exporter has no limit itself; 0 means none
	disconnect func()        // closes idle connections; nil if the exporter does
	secrets    []string
	report     func(error)
	onState    func(bool)
	again      chan struct{} // requests another export soon
	limiter    limit.Limiter

	mu        sync.Mutex
	state     state
	last      error
	closing   bool
	notBefore time.Time // end of the pause that the collector requested
}

// Export returns nil for a failed export, except at shutdown: it reports failures
// itself, at a limited rate. ForceFlush gets the error from lastError.
func (p *push) Export(ctx context.Context, rm *metricdata.ResourceMetrics) error {
	if p.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.timeout)
		defer cancel()
	}
	var refused refusal
	err := p.Exporter.Export(context.WithValue(ctx, refusalKey{}, &refused), rm)
	final, _ := ctx.Value(finalKey{}).(bool)
	if err == nil {
		p.ended(stateUp, nil)
		return nil
	}
	e := p.exportError(err, refused.last)
	if final {
		e.Final = true
		return e
	}
	p.mu.Lock()
	closing := p.closing
	p.mu.Unlock()
	if closing && (errors.Is(err, context.Canceled) || e.Code == codes.Canceled) {
		return nil // Shutdown stopped it; the final export follows.
	}
	p.ended(stateDown, e)
	if suppressed, ok := p.limiter.Allow(); ok {
		reported := *e
		reported.Suppressed = suppressed
		p.report(&reported)
	}
	var pause time.Duration
	if refused.last != nil {
		pause = min(refused.last.retryAfter, maxRetryAfter)
	}
	p.rest(pause)
	if e.Code == codes.Unavailable || e.Code == codes.DeadlineExceeded || pause > 0 {
		select {
		case p.again <- struct{}{}:
		default:
		}
	}
	return nil
}

func (p *push) ended(s state, err error) {
	p.mu.Lock()
	was := p.state
	p.state, p.last = s, err
	p.mu.Unlock()
	if was == s {
		return
	}
	if s == stateUp {
		p.limiter.Reset()
	}
	p.onState(s == stateUp)
}

func (p *push) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closing = true
}

func (p *push) lastError() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// rest suspends periodic exports for d.
func (p *push) rest(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notBefore = time.Now().Add(d)
}

// pause returns the time until the suspension ends.
func (p *push) pause() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Until(p.notBefore)
}

// refusal holds the last answer within one export that says more than that time
// ran out.
type refusal struct{ last *answer }

// answer is the response to one attempt of an export, or why there was none.
type answer struct {
	code       codes.Code
	status     int // of HTTP
	message    string
	retryAfter time.Duration // the pause that the collector requests
}

// refusalKey marks the context of an export with its *refusal.
type refusalKey struct{}

// exportError keeps only the text of the error: wrapped errors could be printed
// with header values.
func (p *push) exportError(err error, refused *answer) *ExportError {
	e := &ExportError{Protocol: p.protocol, Endpoint: p.endpoint, Insecure: p.insecure, Code: codes.Unknown, Message: err.Error()}
	var grpcErr interface{ GRPCStatus() *status.Status }
	switch {
	case errors.As(err, &grpcErr):
		e.Code, e.Message = grpcErr.GRPCStatus().Code(), grpcErr.GRPCStatus().Message()
	case errors.Is(err, context.DeadlineExceeded):
		e.Code = codes.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		e.Code = codes.Canceled
	case p.protocol == HTTPProtobuf && refused != nil:
		e.Code, e.HTTPStatus, e.Message = refused.code, refused.status, refused.message
	}
	if e.Code == codes.DeadlineExceeded {
		switch {
		case refused != nil:
			e.Code, e.HTTPStatus, e.Message = refused.code, refused.status, refused.message+"; then time ran out"
		case p.protocol == HTTPProtobuf:
			e.Message = "no response in time" // without the URL, which net/http includes
		}
	}
	e.Message = p.scrub(strings.TrimPrefix(e.Message, "failed to upload metrics: "))
	return e
}

// maxMessage is how many bytes of another program's text a report quotes.
const maxMessage = 500

// proxyAnswer matches how gRPC (v1.85) quotes the response of a proxy that opens no
// tunnel: the headers and the whole body. The status is enough.
var proxyAnswer = regexp.MustCompile(`(failed to do connect handshake, response: )\\*"(HTTP/[0-9.]+ [0-9]{3}[^\\"]*).*`)

// scrub turns text from a collector or a proxy into one line of limited length,
// without header values.
func (p *push) scrub(s string) string {
	s = proxyAnswer.ReplaceAllString(s, "$1$2")
	return excerpt.Line(excerpt.Hide(s, p.secrets...), maxMessage)
}
