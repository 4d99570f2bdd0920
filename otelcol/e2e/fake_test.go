package e2e

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	colmetricpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	metricpb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/argus-dgo/argus/internal/catalog"
)

// An answer is how the fake treats an export. The zero value takes it.
type answer struct {
	code     codes.Code
	hang     bool
	delay    time.Duration
	rejected int64 // data points, of an export that is taken otherwise
}

// A fake is an OTLP/gRPC server that answers as it is told, or as the Collector behind it does.
type fake struct {
	colmetricpb.UnimplementedMetricsServiceServer
	addr      string
	collector colmetricpb.MetricsServiceClient // nil: there is none

	mu    sync.Mutex
	set   answer
	count int     // of requests
	total int64   // the interactions of the last export that was taken
	bytes int     // of the last request
	taken []int64 // when the exports that the Collector has taken were made, in Unix milliseconds
}

// startBetween starts a fake that hands all on to a Collector, and its answers back.
func startBetween(t testing.TB, addr string) *fake {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, MaxDelay: time.Second}, MinConnectTimeout: 5 * time.Second,
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return start(t, &fake{collector: colmetricpb.NewMetricsServiceClient(conn)})
}

func startFake(t testing.TB) *fake {
	t.Helper()
	return start(t, &fake{})
}

func start(t testing.TB, f *fake) *fake {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.addr = l.Addr().String()
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

// size is that of the last request, in bytes.
func (f *fake) size() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.bytes
}

// acknowledged are the times of the exports that the Collector has taken.
func (f *fake) acknowledged() []int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.taken)
}

// Export is the one call of the service.
func (f *fake) Export(ctx context.Context, req *colmetricpb.ExportMetricsServiceRequest) (*colmetricpb.ExportMetricsServiceResponse, error) {
	f.mu.Lock()
	f.count++
	f.bytes = proto.Size(req)
	a := f.set
	f.mu.Unlock()
	if f.collector != nil {
		res, err := f.collector.Export(ctx, req)
		if err == nil && res.GetPartialSuccess().GetRejectedDataPoints() == 0 {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.taken = append(f.taken, madeAt(req)...)
		}
		return res, err
	}
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

// madeAt is the time of the only point of argus.up.
func madeAt(req *colmetricpb.ExportMetricsServiceRequest) (at []int64) {
	for _, rm := range req.GetResourceMetrics() {
		for _, sm := range rm.GetScopeMetrics() {
			for _, m := range sm.GetMetrics() {
				if m.GetName() == catalog.Up.Name {
					for _, p := range m.GetGauge().GetDataPoints() {
						at = append(at, int64(p.GetTimeUnixNano()/uint64(time.Millisecond)))
					}
				}
			}
		}
	}
	return at
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
