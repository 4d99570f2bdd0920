package otlp

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/argus-dgo/argus/internal/excerpt"
	"github.com/argus-dgo/argus/internal/limit"
)

// ExportError is a failed export as it is reported.
type ExportError struct {
	Endpoint   string     // host and port
	Code       codes.Code // the collector's or gRPC's status
	Message    string     // its text, without header values
	Suppressed int        // failures since the last report
	Final      bool       // the export at shutdown, which is not tried again
	Insecure   bool       // it was sent in plain text, without TLS
}

// Error is one line: what, why, and what to do.
func (e *ExportError) Error() string {
	var hint string
	switch e.Code {
	case codes.Unavailable, codes.DeadlineExceeded:
		// One that is away and one that breaks off the handshake look much alike: in TLS 1.3 the collector looks at the
		// client's certificate, or the lack of it, when the handshake is over for the client.
		hint = "is the collector running there, does it speak TLS, and does it ask for a client certificate?"
		if e.Insecure {
			hint = "is the collector running there, and does it expect TLS, which is off here?"
		}
	case codes.Unauthenticated, codes.PermissionDenied:
		hint = "check OTEL_EXPORTER_OTLP_HEADERS and the client certificate"
	case codes.Unimplemented:
		hint = "the endpoint does not take OTLP/gRPC metrics: check its port (4317) and that it has a metrics pipeline"
	case codes.ResourceExhausted:
		hint = "the collector refuses the amount: check its limits"
	default:
		hint = "see the collector's log"
	}
	next := "the bot runs on, and the export is tried again"
	if e.Final {
		next = "it was the last one: what had not been sent before is lost"
	}
	s := fmt.Sprintf("otlp: export to %s failed (%s): %s; %s; %s", e.Endpoint, e.Code, e.Message, hint, next)
	if e.Suppressed > 0 {
		s += fmt.Sprintf(" (%d more since the last report)", e.Suppressed)
	}
	return s
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
	endpoint string
	insecure bool
	secrets  []string
	report   func(error)
	onState  func(bool)
	again    chan struct{} // asks for another export soon
	limiter  limit.Limiter

	mu      sync.Mutex
	state   state
	last    error
	closing bool
}

// Export returns nil for an export that failed, except for the one at shutdown:
// it was reported here, at a limited rate. Whoever flushes gets it from lastError.
func (p *push) Export(ctx context.Context, rm *metricdata.ResourceMetrics) error {
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
	if e.Code == codes.Unavailable || e.Code == codes.DeadlineExceeded {
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

// refusal is the last answer to the tries of one export that says more than
// that time ran out.
type refusal struct{ last *status.Status }

// refusalKey marks the context of an export with its *refusal.
type refusalKey struct{}

// keepRefusal is a gRPC interceptor. An export that is tried until its time-out
// ends with DeadlineExceeded when that strikes within a try; what is wrong was
// said in answer to the tries before.
func keepRefusal(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	err := invoke(ctx, method, req, reply, cc, opts...)
	if r, ok := ctx.Value(refusalKey{}).(*refusal); ok && err != nil && ctx.Err() == nil {
		if s := status.Convert(err); s.Code() != codes.DeadlineExceeded {
			r.last = s
		}
	}
	return err
}

// exportError keeps the text and not the error: what it wraps could be printed
// with the header values in it.
func (p *push) exportError(err error, refused *status.Status) *ExportError {
	e := &ExportError{Endpoint: p.endpoint, Insecure: p.insecure, Code: codes.Unknown, Message: err.Error()}
	var grpcErr interface{ GRPCStatus() *status.Status }
	switch {
	case errors.As(err, &grpcErr):
		e.Code, e.Message = grpcErr.GRPCStatus().Code(), grpcErr.GRPCStatus().Message()
	case errors.Is(err, context.DeadlineExceeded):
		e.Code = codes.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		e.Code = codes.Canceled
	}
	if refused != nil && e.Code == codes.DeadlineExceeded {
		e.Code, e.Message = refused.Code(), refused.Message()+"; then time ran out"
	}
	e.Message = p.scrub(e.Message)
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
