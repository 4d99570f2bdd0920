package ingest

import (
	"compress/gzip"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Path is where OTLP exporters push metrics by HTTP.
const Path = "/v1/metrics"

const (
	protobufType = "application/x-protobuf"
	jsonType     = "application/json"
)

// HTTP returns a handler of OTLP over HTTP, in protobuf and JSON.
func (r *Receiver) HTTP(tokens Tokens, report func(error)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+Path, func(w http.ResponseWriter, request *http.Request) {
		kind, _, err := mime.ParseMediaType(request.Header.Get("Content-Type"))
		if err != nil || kind != protobufType && kind != jsonType {
			r.stats.failed(resultInvalid)
			http.Error(w, "the content type must be "+protobufType+" or "+jsonType, http.StatusUnsupportedMediaType)
			return
		}
		reply := replier{w, kind}
		if !tokens.admit(request.Header.Values("Authorization")) {
			r.stats.failed(resultToken)
			w.Header().Set("WWW-Authenticate", `Bearer realm="argus-fleet"`)
			reply.fail(http.StatusUnauthorized, codes.Unauthenticated, tokenText)
			return
		}
		r.serve(reply, request, report)
	})
	return mux
}

func (r *Receiver) serve(reply replier, request *http.Request, report func(error)) {
	body, err := read(reply.w, request)
	if err != nil {
		if errors.Is(err, errTooLarge) {
			r.stats.failed(resultLarge)
			reply.fail(http.StatusRequestEntityTooLarge, codes.ResourceExhausted, err.Error())
			return
		}
		r.stats.failed(resultInvalid)
		reply.fail(http.StatusBadRequest, codes.InvalidArgument, err.Error())
		return
	}
	push := pmetricotlp.NewExportRequest()
	if reply.kind == jsonType {
		err = push.UnmarshalJSON(body)
	} else {
		err = push.UnmarshalProto(body)
	}
	if err != nil {
		r.stats.failed(resultInvalid)
		reply.fail(http.StatusBadRequest, codes.InvalidArgument, "the body is not an OTLP export of metrics")
		return
	}
	receipt, err := r.Push(request.Context(), push.Metrics())
	if err != nil {
		a := r.answer(err, report)
		if a.retry {
			reply.w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
		}
		reply.fail(a.status, a.code, err.Error())
		return
	}
	reply.ok(response(receipt))
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

func (r replier) ok(answer pmetricotlp.ExportResponse) {
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
