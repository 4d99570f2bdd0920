package demo

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/grpc"

	"github.com/argus-dgo/argus/internal/catalog"
)

// records is a collector that keeps when events happened, by their ids, and their versions.
type records struct {
	collogs.UnimplementedLogsServiceServer

	mu       sync.Mutex
	at       map[string]time.Time
	versions map[string]int
}

func (r *records) Export(_ context.Context, request *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, from := range request.GetResourceLogs() {
		version := ""
		for _, a := range from.GetResource().GetAttributes() {
			if a.GetKey() == "service.version" {
				version = a.GetValue().GetStringValue()
			}
		}
		for _, scope := range from.GetScopeLogs() {
			for _, one := range scope.GetLogRecords() {
				for _, a := range one.GetAttributes() {
					if a.GetKey() == catalog.AttrRecordUID {
						r.at[a.GetValue().GetStringValue()] = time.Unix(0, int64(one.GetTimeUnixNano()))
					}
				}
				r.versions[version]++
			}
		}
	}
	return &collogs.ExportLogsServiceResponse{}, nil
}

// span returns how many events there are, the oldest and the newest.
func (r *records) span() (n int, oldest, newest time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, at := range r.at {
		if oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
		if at.After(newest) {
			newest = at
		}
	}
	return len(r.at), oldest, newest
}

// TestAnalytics: the events of the day before arrive, each once, and those of the bot after them.
func TestAnalytics(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	collector, server, done := &records{at: map[string]time.Time{}, versions: map[string]int{}}, grpc.NewServer(), make(chan struct{})
	collogs.RegisterLogsServiceServer(server, collector)
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	t.Cleanup(func() {
		server.Stop()
		<-done
	})
	t.Setenv(variable(signalLogs, "ENDPOINT"), "http://"+l.Addr().String())
	began := time.Now()
	r := begin(t, small("--analytics", "--addr", "127.0.0.1:0")...)
	for _, text := range []string{"Events are pushed to http://" + l.Addr().String(), "--events on --viewer-token-file"} {
		if !r.wrote(text)() {
			t.Errorf("the introduction has no %q", text)
		}
	}
	r.until(t, "the day before", r.wrote("The day before was pushed: "))
	r.until(t, "an event of the bot", func() bool {
		_, _, newest := collector.span()
		return newest.After(began)
	})
	n, oldest, _ := collector.span()
	if age := began.Sub(oldest); n < pastInteractions || age < 23*time.Hour || age > 26*time.Hour {
		t.Errorf("%d events, the oldest %v old", n, age)
	}
	collector.mu.Lock()
	defer collector.mu.Unlock()
	if collector.versions["2.13.4"] == 0 || collector.versions["2.14.0"] == 0 || len(collector.versions) != 2 {
		t.Errorf("versions %v, want two", collector.versions)
	}
}
