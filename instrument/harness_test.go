package instrument_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
)

// reported keeps what the instrumentation tells the OpenTelemetry error
// handler, over all tests: none of it may hold a secret.
var reported struct {
	sync.Mutex
	errs []error
}

func TestMain(m *testing.M) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		reported.Lock()
		defer reported.Unlock()
		reported.errs = append(reported.errs, err)
	}))
	// The tests mostly wait for discordgo: it sleeps for a second in each Close.
	// Those that fuzz do not.
	flag.Parse()
	if flag.Lookup("test.fuzz").Value.String() == "" {
		if err := flag.Set("test.parallel", strconv.Itoa(8*runtime.GOMAXPROCS(0))); err != nil {
			panic(err)
		}
	}
	// discordgo deadlocks where an op 7 (on master also an op 9) is the first
	// packet: Open holds the session's lock and calls Close, which takes it. That
	// goroutine stays for good. And a heartbeat that falls into the second that
	// Close sleeps makes it reconnect, to a server that has gone by then, again and
	// again. After a voice connection's 4014 it looks for up to five seconds whether
	// it was only moved. Everything else must end.
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/bwmarrin/discordgo.(*Session).CloseWithCode"),
		goleak.IgnoreAnyFunction("github.com/bwmarrin/discordgo.(*Session).reconnect"),
		goleak.IgnoreTopFunction("github.com/bwmarrin/discordgo.(*VoiceConnection).wsListen"))
}

// patience is how long a test waits for what must happen.
const patience = 90 * time.Second

// A bench is an instrumentation with a reader, and a fake Discord.
type bench struct {
	*testing.T
	srv    *discordtest.Server
	reader *sdkmetric.ManualReader
	inst   *instrument.Instrumentation
}

func newBench(t *testing.T, srvOpts []discordtest.Option, opts ...instrument.Option) *bench {
	t.Helper()
	srv, err := discordtest.NewServer(srvOpts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	reader := sdkmetric.NewManualReader()
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithCardinalityLimit(10_000))
	inst, err := instrument.New(append([]instrument.Option{instrument.WithMeterProvider(provider)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := inst.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return &bench{T: t, srv: srv, reader: reader, inst: inst}
}

func servers(opts ...discordtest.Option) []discordtest.Option { return opts }

func (b *bench) context() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	b.Cleanup(cancel)
	return ctx
}

// session makes a session of the fake Discord's, not attached and not open, that
// is there until the test is over: an instrumentation does not keep one that has
// been opened and that nobody else has.
func (b *bench) session(shard, count int) *discordgo.Session {
	b.Helper()
	s := b.loose(shard, count)
	b.Cleanup(func() { runtime.KeepAlive(s) })
	return s
}

// loose makes a session that nobody keeps.
func (b *bench) loose(shard, count int) *discordgo.Session {
	b.Helper()
	s, err := b.srv.NewSession(shard, count)
	if err != nil {
		b.Fatal(err)
	}
	s.Identify.Intents = discordgo.IntentsAll
	return s
}

func (b *bench) attach(s ...*discordgo.Session) (detach func()) {
	b.Helper()
	detach, err := b.inst.Attach(s...)
	if err != nil {
		b.Fatal(err)
	}
	return detach
}

// open opens a session and closes it with the test, unless discordgo has
// deadlocked. One that reconnects must not be closed before it is steady.
func (b *bench) open(s *discordgo.Session) *discordtest.Conn {
	b.Helper()
	if err := s.Open(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); <-tick.C {
			if !s.TryRLock() {
				continue
			}
			steady := s.DataReady || !s.ShouldReconnectOnError
			s.RUnlock()
			if steady {
				_ = s.Close()
				return
			}
		}
	})
	return b.conn(s.ShardID)
}

// steady opens a session and waits for its first heartbeat. A connection that
// ends before that one is closed and opened twice by discordgo, over and over.
func (b *bench) steady(s *discordgo.Session) *discordtest.Conn {
	b.Helper()
	conn := b.open(s)
	if err := conn.WaitHeartbeats(b.context(), 1); err != nil {
		b.Fatal(err)
	}
	b.until("the first heartbeat to be over", func() bool {
		if !s.TryRLock() {
			return false
		}
		defer s.RUnlock()
		return s.DataReady
	}, func() string { return "not" })
	return conn
}

func (b *bench) conn(shard int) *discordtest.Conn {
	b.Helper()
	conn, err := b.srv.WaitConn(b.context(), shard)
	if err != nil {
		b.Fatal(err)
	}
	return conn
}

// A reading is what one collection gave: values by "name{label=value,…}".
// Histograms give name_count and name_sum.
type reading map[string]float64

func (b *bench) collect() reading {
	b.Helper()
	var rm metricdata.ResourceMetrics
	if err := b.reader.Collect(context.Background(), &rm); err != nil {
		b.Fatal(err)
	}
	r := reading{}
	for _, scope := range rm.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					r[key(m.Name, p.Attributes)] = float64(p.Value)
				}
			case metricdata.Gauge[float64]:
				for _, p := range data.DataPoints {
					r[key(m.Name, p.Attributes)] = p.Value
				}
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					r[key(m.Name, p.Attributes)] = float64(p.Value)
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					r[key(m.Name+"_count", p.Attributes)] = float64(p.Count)
					r[key(m.Name+"_sum", p.Attributes)] = p.Sum
				}
			default:
				b.Fatalf("%s has unexpected data %T", m.Name, m.Data)
			}
		}
	}
	return r
}

func key(name string, set attribute.Set) string {
	if set.Len() == 0 {
		return name
	}
	var labels []string
	for iter := set.Iter(); iter.Next(); {
		kv := iter.Attribute()
		labels = append(labels, string(kv.Key)+"="+kv.Value.AsString())
	}
	slices.Sort(labels)
	return name + "{" + strings.Join(labels, ",") + "}"
}

// sum adds up the series of a name.
func (r reading) sum(name string) (sum float64) {
	for k, v := range r {
		if k == name || strings.HasPrefix(k, name+"{") {
			sum += v
		}
	}
	return sum
}

// observed leaves out what was recorded of durations: it stays with the
// MeterProvider when the instrumentation is closed.
func (r reading) observed() reading {
	left := maps.Clone(r)
	maps.DeleteFunc(left, func(k string, _ float64) bool {
		name, _, _ := strings.Cut(k, "{")
		return strings.HasSuffix(name, "_count") || strings.HasSuffix(name, "_sum")
	})
	return left
}

// with returns the series of a name.
func (r reading) with(name string) reading {
	found := reading{}
	for k, v := range r {
		if k == name || strings.HasPrefix(k, name+"{") {
			found[k] = v
		}
	}
	return found
}

// await collects until the reading is as it should be.
func (b *bench) await(what string, ok func(reading) bool) reading {
	b.Helper()
	var r reading
	b.until(what, func() bool { r = b.collect(); return ok(r) }, func() string { return fmt.Sprint(r) })
	return r
}

// awaitValue collects until one series has a value.
func (b *bench) awaitValue(series string, want float64) reading {
	b.Helper()
	return b.await(fmt.Sprintf("%s = %v", series, want), func(r reading) bool {
		v, there := r[series]
		return there && v == want
	})
}

func (b *bench) until(what string, ok func() bool, found func() string) {
	b.Helper()
	deadline := time.Now().Add(patience)
	// What is not there soon takes seconds: asking on at the same pace would take
	// the processor from the other tests.
	for pause := 2 * time.Millisecond; !ok(); pause = min(pause*3/2, 50*time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("waited %v for: %s\nfound: %s", patience, what, found())
		}
		<-time.After(pause)
	}
}

// dispatch sends an event and fails the test if it cannot be sent.
func (b *bench) dispatch(c *discordtest.Conn, event string, data any) {
	b.Helper()
	if err := c.Dispatch(event, data); err != nil {
		b.Fatalf("dispatching %s: %v", event, err)
	}
}
