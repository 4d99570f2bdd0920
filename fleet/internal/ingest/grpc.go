package ingest

import (
	"context"
	"errors"
	"time"

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
		grpc.UnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			if !tokens.admit(authorization(ctx)) {
				r.stats.failed(resultToken)
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
	return server
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
	a := s.receiver.answer(err, s.report)
	st := status.New(a.code, err.Error())
	if a.retry {
		if detailed, detailErr := st.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(retryAfter)}); detailErr == nil {
			st = detailed
		}
	}
	return pmetricotlp.NewExportResponse(), st.Err()
}

func response(receipt Receipt) pmetricotlp.ExportResponse {
	answer := pmetricotlp.NewExportResponse()
	if receipt.Refused > 0 {
		answer.PartialSuccess().SetRejectedDataPoints(int64(receipt.Refused))
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

// answer counts an error and reports one of the engine's.
func (r *Receiver) answer(err error, report func(error)) answer {
	a := answer{codes.InvalidArgument, 400, false, resultInvalid}
	switch {
	case errors.Is(err, ErrStorage):
		report(Cause(err))
		a = answer{codes.Unavailable, 503, true, resultStorage}
	case errors.Is(err, ErrBusy):
		a = answer{codes.Unavailable, 503, true, resultBusy}
	case errors.Is(err, ErrPace):
		a = answer{codes.Unavailable, 429, true, resultPace}
	}
	r.stats.failed(a.result)
	return a
}
