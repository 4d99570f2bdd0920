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

// ExportError is a failed export as it is reported.
type ExportError struct {
	Protocol   Protocol
	Endpoint   string     // host and port
	Code       codes.Code // the collector's or gRPC's status; with HTTPProtobuf the one that means the same
	HTTPStatus int        // of the response to HTTPProtobuf; 0 for none
	Message    string     // the response's text, or why there is none, without header values
	Suppressed int        // failures since the last report
	Final      bool       // the export at shutdown, which is not tried again
	Insecure   bool       // it was sent in plain text, without TLS
}

// Error is one line: what, why, and what to do.
func (e *ExportError) Error() string {
	next := "the bot runs on, and the export is tried again"
	if e.Final {
		next = "it was the last one: what had not been sent before is lost"
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
			return "the collector, or a proxy before it, takes nothing now: see its log"
		}
		if strings.HasPrefix(e.Message, "proxyconnect ") { // net/http's
			return "check HTTP_PROXY and HTTPS_PROXY"
		}
		if other := e.otherPort(); other != "" {
			return "is the collector running there? " + other
		}
		// One that is away and one that breaks off the handshake look much alike: in TLS 1.3 the collector looks at the
		// client's certificate, or the lack of it, when the handshake is over for the client.
		if e.Insecure {
			return "is the collector running there, and does it expect TLS, which is off here?"
		}
		return "is the collector running there, does it speak TLS, and does it ask for a client certificate?"
	case codes.InvalidArgument:
		if e.Protocol == HTTPProtobuf && e.Insecure {
			return "see the collector's log; does it expect TLS, which is off here?"
		}
		return "see the collector's log"
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
			return "the endpoint does not take OTLP/HTTP metrics: check its port (" + portHTTP + ") and its path (" + metricsPath + "), and that it has a metrics pipeline"
		}
		return "the endpoint does not take OTLP/gRPC metrics: check its port (" + portGRPC + ") and that it has a metrics pipeline"
	case codes.ResourceExhausted:
		return "the collector refuses the amount: check its limits"
	default:
		return "see the collector's log"
	}
}

// otherPort is what to do where the port is mostly that of the other protocol.
func (e *ExportError) otherPort() string {
	_, port, _ := net.SplitHostPort(e.Endpoint)
	const text = "port %s is mostly that of the protocol %s: set OTEL_EXPORTER_OTLP_PROTOCOL=%s, or the endpoint to port %s"
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

// push stands between the reader and OpenTelemetry's exporter and sees how each
// export ends.
type push struct {
	sdkmetric.Exporter
	protocol   Protocol
	endpoint   string
	insecure   bool
	timeout    time.Duration // of an export with its tries, where the exporter has none; 0 is without
	disconnect func()        // closes idle connections; nil where the exporter does
	secrets    []string
	report     func(error)
	onState    func(bool)
	again      chan struct{} // asks for another export soon
	limiter    limit.Limiter

	mu        sync.Mutex
	state     state
	last      error
	closing   bool
	notBefore time.Time // the collector has asked for a pause until then
}

// Export returns nil for an export that failed, except for the one at shutdown:
// it was reported here, at a limited rate. Whoever flushes gets it from lastError.
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

// rest keeps the exports that nobody asks for away from the collector for a while.
func (p *push) rest(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notBefore = time.Now().Add(d)
}

// pause is what is left of that time.
func (p *push) pause() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Until(p.notBefore)
}

// refusal is the last answer to the tries of one export that says more than
// that time ran out.
type refusal struct{ last *answer }

// answer is what one try of an export was answered, or why it was not.
type answer struct {
	code       codes.Code
	status     int // HTTP's
	message    string
	retryAfter time.Duration // the pause that the collector asks for
}

// refusalKey marks the context of an export with its *refusal.
type refusalKey struct{}

// exportError keeps the text and not the error: what it wraps could be printed
// with the header values in it.
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
			e.Message = "no response in time" // and not the URL, as net/http has it
		}
	}
	e.Message = p.scrub(strings.TrimPrefix(e.Message, "failed to upload metrics: "))
	return e
}

// maxMessage is how much of another program's text a report quotes.
const maxMessage = 500

// proxyAnswer is how gRPC quotes the answer of a proxy that opens no tunnel (v1.85):
// its head and its whole body, of which the status says enough.
var proxyAnswer = regexp.MustCompile(`(failed to do connect handshake, response: )\\*"(HTTP/[0-9.]+ [0-9]{3}[^\\"]*).*`)

// scrub makes one line of bounded length of a text that a collector or a proxy
// may have written, without the values of headers.
func (p *push) scrub(s string) string {
	s = proxyAnswer.ReplaceAllString(s, "$1$2")
	return excerpt.Line(excerpt.Hide(s, p.secrets...), maxMessage)
}
