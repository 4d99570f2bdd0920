package ingest

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Where OTLP exporters push by HTTP.
const (
	Path       = "/v1/metrics"
	EventsPath = "/v1/logs"
)

const (
	protobufType = "application/x-protobuf"
	jsonType     = "application/json"
)

// A message is an answer of OTLP.
type message interface {
	MarshalJSON() ([]byte, error)
	MarshalProto() ([]byte, error)
}

// A signal is what one path takes.
type signal struct {
	name   string // as errors have it
	pushes *prometheus.CounterVec
	// take reads a body and stores it. The error is errNotOTLP if it cannot be read.
	take func(ctx context.Context, body []byte, json bool) (message, error)
}

func (s signal) failed(result string) { s.pushes.WithLabelValues(result).Inc() }

var errNotOTLP = errors.New("the body is not an OTLP export")

// HTTP returns a handler of OTLP over HTTP, in protobuf and JSON.
func (r *Receiver) HTTP(tokens Tokens, report func(error)) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST "+Path, served(signal{"metrics", r.stats.pushes, r.takeMetrics}, tokens, report))
	mux.Handle("POST "+EventsPath, served(signal{"logs", r.stats.eventPushes, r.takeEvents}, tokens, report))
	return mux
}

func (r *Receiver) takeMetrics(ctx context.Context, body []byte, json bool) (message, error) {
	push := pmetricotlp.NewExportRequest()
	if unmarshal(push, body, json) != nil {
		return nil, errNotOTLP
	}
	receipt, err := r.Push(ctx, push.Metrics())
	return response(receipt), err
}

func (r *Receiver) takeEvents(ctx context.Context, body []byte, json bool) (message, error) {
	if r.events == nil {
		return nil, ErrNoEvents
	}
	push := plogotlp.NewExportRequest()
	if unmarshal(push, body, json) != nil {
		return nil, errNotOTLP
	}
	receipt, err := r.PushEvents(ctx, push.Logs())
	return eventsResponse(receipt), err
}

func unmarshal(push interface {
	UnmarshalJSON(data []byte) error
	UnmarshalProto(data []byte) error
}, body []byte, json bool,
) error {
	if json {
		return push.UnmarshalJSON(body)
	}
	return push.UnmarshalProto(body)
}

// served answers requests with a signal.
func served(s signal, tokens Tokens, report func(error)) http.HandlerFunc {
	return func(w http.ResponseWriter, request *http.Request) {
		kind, _, err := mime.ParseMediaType(request.Header.Get("Content-Type"))
		if err != nil || kind != protobufType && kind != jsonType {
			s.failed(resultInvalid)
			http.Error(w, "the content type must be "+protobufType+" or "+jsonType, http.StatusUnsupportedMediaType)
			return
		}
		reply := replier{w, kind}
		if !tokens.admit(request.Header.Values("Authorization")) {
			s.failed(resultToken)
			w.Header().Set("WWW-Authenticate", `Bearer realm="argus-fleet"`)
			reply.fail(http.StatusUnauthorized, codes.Unauthenticated, tokenText)
			return
		}
		serve(s, reply, request, report)
	}
}

func serve(s signal, reply replier, request *http.Request, report func(error)) {
	body, err := read(reply.w, request)
	if err != nil {
		if errors.Is(err, errTooLarge) {
			s.failed(resultLarge)
			reply.fail(http.StatusRequestEntityTooLarge, codes.ResourceExhausted, err.Error())
			return
		}
		s.failed(resultInvalid)
		reply.fail(http.StatusBadRequest, codes.InvalidArgument, err.Error())
		return
	}
	taken, err := s.take(request.Context(), body, reply.kind == jsonType)
	if err == nil {
		reply.ok(taken)
		return
	}
	a := answerOf(err, report)
	s.failed(a.result)
	if a.retry {
		reply.w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	}
	text := err.Error()
	if errors.Is(err, errNotOTLP) {
		text += " of " + s.name
	}
	reply.fail(a.status, a.code, text)
}

var (
	errTooLarge = errors.New("the push is larger than " + strconv.Itoa(maxPush>>20) + " MiB")
	errEncoding = errors.New("the content encoding must be gzip or none")
	errBody     = errors.New("the body cannot be read")
)

// read reads the body, decompressed.
func read(w http.ResponseWriter, request *http.Request) ([]byte, error) {
	var from io.Reader = http.MaxBytesReader(w, request.Body, maxPush)
	switch request.Header.Get("Content-Encoding") {
	case "", "identity":
	case "gzip":
		unzipped, err := gzip.NewReader(from)
		if err != nil {
			return nil, errBody
		}
		defer unzipped.Close()
		from = unzipped
	default:
		return nil, errEncoding
	}
	body, err := io.ReadAll(io.LimitReader(from, maxPush+1))
	if _, large := errors.AsType[*http.MaxBytesError](err); large || len(body) > maxPush {
		return nil, errTooLarge
	}
	if err != nil {
		return nil, errBody
	}
	return body, nil
}

// A replier answers in the type of the request, as OTLP asks for.
type replier struct {
	w    http.ResponseWriter
	kind string
}

func (r replier) ok(answer message) {
	var body []byte
	var err error
	if r.kind == jsonType {
		body, err = answer.MarshalJSON()
	} else {
		body, err = answer.MarshalProto()
	}
	r.write(http.StatusOK, body, err)
}

func (r replier) fail(status int, code codes.Code, text string) {
	s := &spb.Status{Code: int32(code), Message: text} //nolint:gosec // a small number
	var body []byte
	var err error
	if r.kind == jsonType {
		body, err = protojson.Marshal(s)
	} else {
		body, err = proto.Marshal(s)
	}
	r.write(status, body, err)
}

func (r replier) write(status int, body []byte, err error) {
	if err != nil {
		http.Error(r.w, "the answer cannot be written", http.StatusInternalServerError)
		return
	}
	r.w.Header().Set("Content-Type", r.kind)
	r.w.Header().Set("X-Content-Type-Options", "nosniff")
	r.w.WriteHeader(status)
	_, _ = r.w.Write(body)
}
