package otlp

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

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
	Signal     Signal     // what was exported
	Dropped    int        // spans or log records that are lost with this failure; 0 while they are kept

	pause time.Duration // that the collector requests
}

// Error returns one line: what failed, why, and what to do.
func (e *ExportError) Error() string {
	s := fmt.Sprintf("otlp: export of %s to %s failed (%s): %s; %s; %s", e.Signal, e.Endpoint, e.Code, e.Message, e.hint(), e.next())
	if e.Suppressed > 0 {
		s += fmt.Sprintf(" (%d more since the last report)", e.Suppressed)
	}
	return s
}

// next says what becomes of the data.
func (e *ExportError) next() string {
	switch {
	case e.Signal == SignalMetrics && e.Final:
		return "this was the last export: metrics that were not sent are lost"
	case e.Final:
		return "this was the last export: " + e.Signal.areLost(e.Dropped)
	case e.Dropped > 0:
		return "the bot keeps running; " + e.Signal.areLost(e.Dropped) + ", because a retry would fail as well"
	}
	return "the bot keeps running and the export is retried"
}

// retryable reports whether the same export may succeed later, as OTLP defines it
// (https://opentelemetry.io/docs/specs/otlp/#failures).
func (e *ExportError) retryable() bool {
	switch e.Code {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Aborted, codes.OutOfRange, codes.DataLoss:
		return true
	case codes.ResourceExhausted:
		return e.pause > 0 || e.HTTPStatus == http.StatusTooManyRequests
	default:
		return false
	}
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
		elsewhere := ""
		if e.Signal != SignalMetrics {
			elsewhere = ", or set " + e.Signal.prefix() + "ENDPOINT to one that does"
		}
		if e.Protocol == HTTPProtobuf {
			return fmt.Sprintf("the endpoint does not accept OTLP/HTTP %s: check its port (%s) and its path (%s), and that it has a %[1]s pipeline%[4]s", e.Signal, portHTTP, e.Signal.path(), elsewhere)
		}
		return fmt.Sprintf("the endpoint does not accept OTLP/gRPC %s: check its port (%s) and that it has a %[1]s pipeline%[3]s", e.Signal, portGRPC, elsewhere)
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

// push makes exports through one of OpenTelemetry's exporters, and records and
// reports their outcome.
type push struct {
	signal     Signal
	protocol   Protocol
	endpoint   string
	insecure   bool
	timeout    time.Duration // of an export with its retries, if the exporter has no limit itself; 0 means none
	disconnect func()        // closes idle connections that the exporter does not close
	secrets    []string
	report     func(error)
	onState    func(bool)
	limiter    limit.Limiter

	mu        sync.Mutex
	state     state
	last      error
	closing   bool
	notBefore time.Time // end of the pause that the collector requested
}

func makePush(c *config) *push {
	return &push{
		signal:     c.signal,
		protocol:   c.protocol,
		endpoint:   c.host(),
		insecure:   c.plain(),
		disconnect: func() {},
		secrets:    c.secrets(),
		report:     c.report,
		onState:    c.onState,
	}
}

// overHTTP returns the client for an exporter. The exporters have no time limit for
// a client that they are given, and do not close its connections.
func (p *push) overHTTP(c *config) (*http.Client, error) {
	client, transport, err := c.newHTTPClient()
	if err != nil {
		return nil, err
	}
	p.timeout, p.disconnect = c.exportTimeout(), transport.CloseIdleConnections
	return client, nil
}

// notConnected is the error of a constructor.
func (p *push) notConnected(err error) error {
	return fmt.Errorf("otlp: endpoint %s: %s", p.endpoint, p.scrub(err.Error()))
}

// send makes one export and records a success. It returns why the export failed,
// which it does not record or report, and what the collector rejected of an export
// that it accepted; with metrics that is a failure.
func (p *push) send(ctx context.Context, export func(context.Context) error) (*ExportError, *partial) {
	if p.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.timeout)
		defer cancel()
	}
	var refused refusal
	err := export(context.WithValue(ctx, refusalKey{}, &refused))
	if err == nil || refused.partial != nil && p.signal != SignalMetrics {
		p.ended(stateUp, nil)
		return nil, refused.partial
	}
	return p.exportError(err, refused.last), nil
}

// failed records a failure and reports it at a limited rate.
func (p *push) failed(e *ExportError) {
	p.ended(stateDown, e)
	if suppressed, ok := p.limiter.Allow(); ok {
		reported := *e
		reported.Suppressed = suppressed
		p.report(&reported)
	}
	p.rest(e.pause)
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

func (p *push) isClosing() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closing
}

// up reports whether the last export succeeded; known is false before the first.
func (p *push) up() (up, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state == stateUp, p.state != stateUnknown
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

// spread returns a duration from half of d to d. Many bots lose one collector at the
// same time: their reconnects must not come at the same time.
func spread(d time.Duration) time.Duration {
	return d/2 + rand.N(d/2+1) //nolint:gosec // a spread in time is no secret
}

// refusal holds the last answer within one export that says more than that time
// ran out, or what was rejected of an accepted export.
type refusal struct {
	last    *answer
	partial *partial
}

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
	e := &ExportError{Signal: p.signal, Protocol: p.protocol, Endpoint: p.endpoint, Insecure: p.insecure, Code: codes.Unknown, Message: err.Error()}
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
	if refused != nil {
		e.pause = min(refused.retryAfter, maxRetryAfter)
	}
	e.Message = p.scrub(strings.TrimPrefix(strings.TrimPrefix(e.Message, "failed to upload metrics: "), "traces export: "))
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
