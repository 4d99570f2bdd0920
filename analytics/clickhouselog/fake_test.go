package clickhouselog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.uber.org/goleak"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/internal/catalog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	errAway = errors.New("the server is away")
	// errRefused is of values that do not suit a column.
	errRefused = &clickhouse.Exception{Code: 53, Message: "hunter22 does not suit"}
)

// A server keeps what it is sent.
type server struct {
	mu       sync.Mutex
	answer   func(rows []event.Row) error // nil accepts
	attempts []attempt
	taken    []event.Row
	drops    []analytics.Drop
	opened   int
}

type attempt struct {
	token string
	rows  int
}

func (s *server) open() (inserter, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened++
	return s, nil
}

func (s *server) Close() error { return nil }

func (s *server) Insert(_ context.Context, rows []event.Row, token string) error {
	s.mu.Lock()
	s.attempts = append(s.attempts, attempt{token, len(rows)})
	answer := s.answer
	s.mu.Unlock()
	if answer != nil {
		if err := answer(rows); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken = append(s.taken, rows...)
	return nil
}

func (s *server) InsertDrops(_ context.Context, drops []analytics.Drop, _ string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drops = append(s.drops, drops...)
	return nil
}

func (s *server) answers(f func([]event.Row) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

func always(err error) func([]event.Row) error { return func([]event.Row) error { return err } }

// shards returns the numbers of the events that arrived.
func (s *server) shards() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]string, len(s.taken))
	for i, r := range s.taken {
		all[i] = r.Shard.V
	}
	return all
}

// errorsOf keeps what an exporter reports.
type errorsOf struct {
	mu  sync.Mutex
	all []string
}

func (e *errorsOf) Handle(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, err.Error())
}

func (e *errorsOf) list() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.all)
}

func (e *errorsOf) expect(t *testing.T, want ...string) {
	t.Helper()
	got := e.list()
	if len(got) != len(want) {
		t.Fatalf("%d reports, want %d: %q", len(got), len(want), got)
	}
	for i, w := range want {
		if !strings.Contains(got[i], w) {
			t.Errorf("%q, want %q", got[i], w)
		}
	}
}

// start makes an exporter to a server of the test.
func start(t *testing.T, s *server, opts ...Option) (*Exporter, *errorsOf) {
	t.Helper()
	reports := &errorsOf{}
	c, err := newConfig(append([]Option{WithURL("http://ch:8123/argus"), WithErrorHandler(otel.ErrorHandlerFunc(reports.Handle))}, opts...))
	if err != nil {
		t.Fatal(err)
	}
	return begin(t.Context(), c, "ch:8123", s.open), reports
}

// emit emits events with the numbers from first on.
func emit(t *testing.T, e *Exporter, first, n int) {
	t.Helper()
	p := e.Processor()
	for i := range n {
		r := interaction()
		r.SetAttributes(attribute.String(catalog.AttrShard, fmt.Sprint(first+i)))
		if err := p.OnEmit(t.Context(), &r); err != nil {
			t.Error(err)
		}
	}
}

func expectLosses(t *testing.T, e *Exporter, queueFull, rejected, shutdown uint64) {
	t.Helper()
	if f, r, s := e.Losses(); f != queueFull || r != rejected || s != shutdown {
		t.Errorf("losses %d, %d, %d; want %d, %d, %d", f, r, s, queueFull, rejected, shutdown)
	}
}

func expectUp(t *testing.T, e *Exporter, up, known bool) {
	t.Helper()
	if u, k := e.Up(); u != up || k != known {
		t.Errorf("up %t, known %t; want %t, %t", u, k, up, known)
	}
}

// pass lets time go by, by the clock of the bubble.
func pass(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // see above

func end(t *testing.T, e *Exporter) {
	t.Helper()
	if err := e.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}
