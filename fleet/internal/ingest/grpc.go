package ingest

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // what senders compress with
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	maxPush        = 16 << 20
	maxConnections = 2048
	maxHeaders     = 16 << 10 // bytes, as over HTTP
	retryAfter     = 5 * time.Second
	// silence is how long a connection may say nothing before its first request, TLS
	// included.
	silence = 5 * time.Second
)

// GRPC returns a server of OTLP over gRPC. tls is nil for plain text.
func (r *Receiver) GRPC(tls credentials.TransportCredentials, tokens Tokens, report func(error)) *grpc.Server {
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxPush),
		grpc.MaxConcurrentStreams(64),
		grpc.MaxHeaderListSize(maxHeaders),
		grpc.ConnectionTimeout(silence),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: 15 * time.Minute, Time: 2 * time.Minute, Timeout: 20 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.UnaryInterceptor(func(ctx context.Context, request any, call *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			if !tokens.admit(authorization(ctx)) {
				r.pushesOf(call.FullMethod).WithLabelValues(resultToken).Inc()
				return nil, status.Error(codes.Unauthenticated, tokenText)
			}
			return next(ctx, request)
		}),
	}
	if tls != nil {
		options = append(options, grpc.Creds(tls))
	}
	server := grpc.NewServer(options...)
	pmetricotlp.RegisterGRPCServer(server, &metricsServer{receiver: r, report: report})
	plogotlp.RegisterGRPCServer(server, &eventsServer{receiver: r, report: report})
	return server
}

// eventsService is the service of OTLP that takes logs.
const eventsService = "/opentelemetry.proto.collector.logs.v1.LogsService/"

// pushesOf is the metric of pushes by a method.
func (r *Receiver) pushesOf(method string) *prometheus.CounterVec {
	if strings.HasPrefix(method, eventsService) {
		return r.stats.eventPushes
	}
	return r.stats.pushes
}

func authorization(ctx context.Context) []string {
	md, _ := metadata.FromIncomingContext(ctx)
	return md.Get("authorization")
}

type metricsServer struct {
	pmetricotlp.UnimplementedGRPCServer
	receiver *Receiver
	report   func(error)
}

// Export implements pmetricotlp.GRPCServer.
func (s *metricsServer) Export(ctx context.Context, request pmetricotlp.ExportRequest) (pmetricotlp.ExportResponse, error) {
	receipt, err := s.receiver.Push(ctx, request.Metrics())
	if err == nil {
		return response(receipt), nil
	}
	return pmetricotlp.NewExportResponse(), failure(err, s.receiver.stats.pushes, s.report)
}

type eventsServer struct {
	plogotlp.UnimplementedGRPCServer
	receiver *Receiver
	report   func(error)
}

// Export implements plogotlp.GRPCServer.
func (s *eventsServer) Export(ctx context.Context, request plogotlp.ExportRequest) (plogotlp.ExportResponse, error) {
	receipt, err := s.receiver.PushEvents(ctx, request.Logs())
	if err == nil {
		return eventsResponse(receipt), nil
	}
	return plogotlp.NewExportResponse(), failure(err, s.receiver.stats.eventPushes, s.report)
}

// failure counts an error, and returns it as gRPC has it.
func failure(err error, pushes *prometheus.CounterVec, report func(error)) error {
	a := answerOf(err, report)
	pushes.WithLabelValues(a.result).Inc()
	st := status.New(a.code, err.Error())
	if a.retry {
		if detailed, detailErr := st.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(retryAfter)}); detailErr == nil {
			st = detailed
		}
	}
	return st.Err()
}

func response(receipt Receipt) pmetricotlp.ExportResponse {
	answer := pmetricotlp.NewExportResponse()
	if receipt.Refused > 0 {
		answer.PartialSuccess().SetRejectedDataPoints(int64(receipt.Refused))
		answer.PartialSuccess().SetErrorMessage(receipt.Reason)
	}
	return answer
}

func eventsResponse(receipt Receipt) plogotlp.ExportResponse {
	answer := plogotlp.NewExportResponse()
	if receipt.Refused > 0 {
		answer.PartialSuccess().SetRejectedLogRecords(int64(receipt.Refused))
		answer.PartialSuccess().SetErrorMessage(receipt.Reason)
	}
	return answer
}

// An answer is what an error means on the wire.
type answer struct {
	code   codes.Code
	status int // of HTTP
	retry  bool
	result string
}

// answerOf returns what an error means, and reports one of the storage.
func answerOf(err error, report func(error)) answer {
	switch {
	case errors.Is(err, ErrStorage), errors.Is(err, ErrEventStorage):
		report(Cause(err))
		return answer{codes.Unavailable, 503, true, resultStorage}
	case errors.Is(err, ErrBusy):
		return answer{codes.Unavailable, 503, true, resultBusy}
	case errors.Is(err, ErrPace), errors.Is(err, ErrEventPace):
		return answer{codes.Unavailable, 429, true, resultPace}
	case errors.Is(err, ErrNoEvents):
		return answer{codes.Unimplemented, 404, false, resultOff}
	}
	return answer{codes.InvalidArgument, 400, false, resultInvalid}
}
