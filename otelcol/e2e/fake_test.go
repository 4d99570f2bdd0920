package e2e

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	colmetricpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	metricpb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// An answer is how the fake treats an export. The zero value takes it.
type answer struct {
	code     codes.Code
	hang     bool
	delay    time.Duration
	rejected int64 // data points, of an export that is taken otherwise
}

// A fake is an OTLP/gRPC server that answers as it is told.
type fake struct {
	colmetricpb.UnimplementedMetricsServiceServer
	addr string

	mu    sync.Mutex
	set   answer
	count int   // of requests
	total int64 // the interactions of the last export that was taken
}

func startFake(t testing.TB) *fake {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{addr: l.Addr().String()}
	srv := grpc.NewServer()
	colmetricpb.RegisterMetricsServiceServer(srv, f)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = srv.Serve(l)
	}()
	t.Cleanup(func() {
		srv.Stop()
		<-served
	})
	return f
}

func (f *fake) answer(a answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set = a
}

func (f *fake) requests() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

func (f *fake) interactions() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.total
}

// Export is the one call of the service.
func (f *fake) Export(ctx context.Context, req *colmetricpb.ExportMetricsServiceRequest) (*colmetricpb.ExportMetricsServiceResponse, error) {
	f.mu.Lock()
	f.count++
	a := f.set
	f.mu.Unlock()
	if a.hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if a.delay > 0 {
		select {
		case <-time.After(a.delay):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if a.code != codes.OK {
		return nil, status.Error(a.code, "refused on purpose")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.total = sum(req, "discord.interactions")
	if a.rejected > 0 {
		return &colmetricpb.ExportMetricsServiceResponse{PartialSuccess: &colmetricpb.ExportMetricsPartialSuccess{
			RejectedDataPoints: a.rejected, ErrorMessage: "refused on purpose",
		}}, nil
	}
	return &colmetricpb.ExportMetricsServiceResponse{}, nil
}

// sum adds up a counter's points.
func sum(req *colmetricpb.ExportMetricsServiceRequest, name string) (total int64) {
	for _, rm := range req.GetResourceMetrics() {
		for _, sm := range rm.GetScopeMetrics() {
			for _, m := range sm.GetMetrics() {
				if m.GetName() != name {
					continue
				}
				for _, p := range m.GetSum().GetDataPoints() {
					total += p.GetValue().(*metricpb.NumberDataPoint_AsInt).AsInt //nolint:forcetypeassert // a counter of whole numbers
				}
			}
		}
	}
	return total
}
