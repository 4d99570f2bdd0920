package examples_test

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/grpc"
)

// A collector takes what is pushed to it.
type collector struct {
	collectorpb.UnimplementedMetricsServiceServer
	addr string

	mu   sync.Mutex
	last series
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &collector{addr: listener.Addr().String(), last: series{}}
	server, done := grpc.NewServer(), make(chan struct{})
	collectorpb.RegisterMetricsServiceServer(server, c)
	go func() {
		defer close(done)
		if err := server.Serve(listener); err != nil {
			t.Errorf("the collector: %v", err)
		}
	}()
	t.Cleanup(func() {
		server.Stop()
		<-done
	})
	return c
}

// latest is the last push, under the names that Prometheus has for it.
func (c *collector) latest() series {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// Export is called for each push.
func (c *collector) Export(_ context.Context, request *collectorpb.ExportMetricsServiceRequest) (*collectorpb.ExportMetricsServiceResponse, error) {
	pushed := series{}
	for _, rm := range request.GetResourceMetrics() {
		for _, sm := range rm.GetScopeMetrics() {
			for _, m := range sm.GetMetrics() {
				name := strings.ReplaceAll(m.GetName(), ".", "_")
				points := m.GetGauge().GetDataPoints()
				if sum := m.GetSum(); sum != nil {
					name, points = name+"_total", sum.GetDataPoints()
				}
				for _, p := range points {
					value := p.GetAsDouble()
					if n, ok := p.GetValue().(*metricspb.NumberDataPoint_AsInt); ok {
						value = float64(n.AsInt)
					}
					pushed[key(name, rm.GetResource().GetAttributes(), p.GetAttributes())] = value
				}
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = pushed
	return &collectorpb.ExportMetricsServiceResponse{}, nil
}

// key is what the series is called on a page; of the resource it has cluster.
func key(name string, resource, attributes []*commonpb.KeyValue) string {
	labels := map[string]string{}
	for _, kv := range resource {
		if kv.GetKey() == "cluster" {
			labels["cluster"] = kv.GetValue().GetStringValue()
		}
	}
	for _, kv := range attributes {
		labels[kv.GetKey()] = kv.GetValue().GetStringValue()
	}
	var parts []string
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		parts = append(parts, fmt.Sprintf("%s=%q", label, labels[label]))
	}
	return name + "{" + strings.Join(parts, ",") + "}"
}
