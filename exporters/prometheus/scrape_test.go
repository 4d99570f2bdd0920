package prometheus

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
)

func gaugeFamily(name string, value float64) *dto.MetricFamily {
	return &dto.MetricFamily{Name: &name, Help: new("Help."), Type: dto.MetricType_GAUGE.Enum(), Metric: []*dto.Metric{{Gauge: &dto.Gauge{Value: &value}}}}
}

// A source is the gatherer of a page. It counts calls, and blocks while it is held.
type source struct {
	gathered atomic.Int64
	entered  chan struct{} // an element for each gathering, if there is room
	hold     chan struct{} // nil, or closed to go on
	more     []*dto.MetricFamily
}

func (s *source) gather() ([]*dto.MetricFamily, error) {
	n := s.gathered.Add(1)
	select {
	case s.entered <- struct{}{}:
	default:
	}
	if s.hold != nil {
		<-s.hold
	}
	return append([]*dto.MetricFamily{gaugeFamily("gatherings", float64(n))}, s.more...), nil
}

// newPage returns a handler whose clock advances only on request.
func newPage(t *testing.T, s *source) (h *handler, faults *scrapeErrors, advance func(time.Duration)) {
	t.Helper()
	var now atomic.Int64
	faults = newScrapeErrors(func(err error) { t.Errorf("reported: %v", err) })
	h = &handler{pages: pages{gather: s.gather, faults: faults, now: func() time.Time { return time.Unix(0, now.Load()) }}, ended: new(atomic.Bool)}
	return h, faults, func(d time.Duration) { now.Add(int64(d)) }
}

// TestScrapesShareOneGathering: all requests that arrive while a page is made get it,
// each in its format.
func TestScrapesShareOneGathering(t *testing.T) {
	s := &source{entered: make(chan struct{}, 1), hold: make(chan struct{})}
	h, _, _ := newPage(t, s)
	const clients = 60
	var asked, done sync.WaitGroup
	for n := range clients {
		asked.Add(1)
		done.Go(func() {
			r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			if n%2 == 0 {
				r.Header.Set("Accept", string(expfmt.NewFormat(expfmt.TypeOpenMetrics)))
			}
			if n%3 == 0 {
				r.Header.Set("Accept-Encoding", "gzip")
			}
			asked.Done()
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			body := io.Reader(w.Body)
			if n%3 == 0 {
				z, err := gzip.NewReader(w.Body)
				if err != nil {
					t.Error(err)
					return
				}
				body = z
			}
			text, err := io.ReadAll(body)
			if err != nil || w.Code != http.StatusOK {
				t.Errorf("status %d, %v", w.Code, err)
			}
			if ended := strings.HasSuffix(string(text), "# EOF\n"); ended != (n%2 == 0) || !strings.Contains(string(text), "\ngatherings ") {
				t.Errorf("client %d got %q", n, text)
			}
		})
	}
	<-s.entered
	asked.Wait()
	close(s.hold)
	done.Wait()
	// A request that came too late to share uses the burst; the clock does not advance.
	if n := s.gathered.Load(); n > burst {
		t.Errorf("%d gatherings for %d clients at once", n, clients)
	}
}

// TestLoopOfScrapes: requests in a loop make few pages, and none is older than a
// second.
func TestLoopOfScrapes(t *testing.T) {
	for _, cost := range []time.Duration{0, time.Millisecond, 50 * time.Millisecond, time.Second} {
		s := &source{}
		h, _, advance := newPage(t, s)
		h.pages.gather = func() ([]*dto.MetricFamily, error) {
			advance(cost)
			return s.gather()
		}
		scrape := func() int64 {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
			_, value, _ := strings.Cut(w.Body.String(), "\ngatherings ")
			n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
			if err != nil {
				t.Fatalf("%d %s: %v", w.Code, w.Body, err)
			}
			return n
		}
		for n := range int64(burst) {
			if got := scrape(); got != n+1 {
				t.Errorf("cost %v: scrape %d shows gathering %d: it is not live", cost, n+1, got)
			}
		}
		made := s.gathered.Load()
		began := h.pages.now()
		for range 1000 { // one each 10 ms
			advance(10 * time.Millisecond)
			before, at := s.gathered.Load(), h.pages.now()
			if shown := scrape(); shown == before && at.Sub(h.pages.since) > maxReuse {
				t.Fatalf("cost %v: a page older than %v was served", cost, maxReuse)
			}
		}
		took := h.pages.now().Sub(began)
		made = s.gathered.Load() - made
		most := int64(took/min(max(10*cost, minReuse), maxReuse)) + burst
		if made > most || made < 1 {
			t.Errorf("cost %v: %d pages were made in %v, want %d at most", cost, made, took, most)
		}
		advance(time.Hour)
		if before := s.gathered.Load(); scrape() != before+1 {
			t.Errorf("cost %v: the first scrape after an hour is not live", cost)
		}
	}
}

// TestScrapePatience: the answer comes while the client still waits. A client that
// does not wait does not affect the others.
func TestScrapePatience(t *testing.T) {
	s := &source{hold: make(chan struct{}), entered: make(chan struct{}, 1)}
	h, _, _ := newPage(t, s)
	patient := make(chan *httptest.ResponseRecorder)
	go func() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		patient <- w
	}()
	<-s.entered
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "0.02")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "longer than 20ms") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	close(s.hold)
	if w := <-patient; w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for header, want := range map[string]time.Duration{
		"": scrapeTimeout, "x": scrapeTimeout, "-1": scrapeTimeout, "0": scrapeTimeout, "NaN": scrapeTimeout, "Inf": scrapeTimeout, "1e300": scrapeTimeout,
		"10": 10 * time.Second, "60": scrapeTimeout, "0.5": 500 * time.Millisecond,
	} {
		r.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", header)
		if got := scrapePatience(r); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}

// TestClientsThatLeave: a client that leaves while a page is made or sent is no fault,
// and clients that do not read block nobody.
func TestClientsThatLeave(t *testing.T) {
	s := &source{hold: make(chan struct{}), entered: make(chan struct{}, 1)}
	for n := range 100 {
		name := "filler_" + strconv.Itoa(n)
		mf := gaugeFamily(name, 1)
		mf.Help = new(strings.Repeat("x", 20<<10))
		s.more = append(s.more, mf)
	}
	h, faults, _ := newPage(t, s)
	srv := httptest.NewServer(h)
	defer srv.Close()
	ask := func() net.Conn {
		c, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if err := c.SetDeadline(time.Now().Add(5 * time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		return c
	}
	var early []net.Conn
	for range 5 {
		early = append(early, ask())
	}
	<-s.entered
	for _, c := range early {
		_ = c.Close()
	}
	close(s.hold)
	var slow []net.Conn
	for range 20 {
		c := ask()
		if err := c.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReaderSize(c, 16).ReadString('\n'); err != nil { // the answer has begun
			t.Fatal(err)
		}
		slow = append(slow, c)
	}
	quick := ask()
	res, err := http.ReadResponse(bufio.NewReader(quick), nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, res.Body); err != nil || n < 2_000_000 {
		t.Errorf("%d bytes, %v", n, err)
	}
	_ = res.Body.Close()
	for _, c := range append(slow, quick) {
		_ = c.Close()
	}
	srv.Close() // waits for the handlers
	var m dto.Metric
	for _, cause := range []string{"gathering", "encoding"} {
		if err := faults.counter.WithLabelValues(cause).Write(&m); err != nil || m.GetCounter().GetValue() != 0 {
			t.Errorf("%v errors of %s are counted, %v", m.GetCounter().GetValue(), cause, err)
		}
	}
}

// TestScrapeDuringShutdown: neither an incomplete nor an earlier page is served.
func TestScrapeDuringShutdown(t *testing.T) {
	for name, shared := range map[string]bool{"own": false, "shared": true} {
		var opts []Option
		if shared {
			reg := client.NewRegistry()
			reg.MustRegister(client.NewGauge(client.GaugeOpts{Name: "mine"}))
			opts = append(opts, WithRegistry(reg, reg))
		}
		e, err := New(append(opts, WithErrorHandler(otel.ErrorHandlerFunc(func(err error) { t.Errorf("reported: %v", err) })))...)
		if err != nil {
			t.Fatal(err)
		}
		provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader()))
		entered, hold := make(chan struct{}, 1), make(chan struct{})
		_, err = provider.Meter("m").Int64ObservableGauge("held", metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			entered <- struct{}{}
			<-hold
			o.Observe(1)
			return nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		answer := make(chan *httptest.ResponseRecorder)
		ask := func() *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			e.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
			return w
		}
		go func() { answer <- ask() }()
		<-entered
		if err := e.Reader().Shutdown(t.Context()); err != nil { // as a MeterProvider does
			t.Fatal(err)
		}
		if err := e.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		late := ask()
		close(hold)
		for when, w := range map[string]*httptest.ResponseRecorder{"during": <-answer, "after": late, "long after": ask()} {
			if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "shut down") {
				t.Errorf("%s, %s: %d %q", name, when, w.Code, w.Body)
			}
		}
	}
}

// TestReaderShutDownFirst: a MeterProvider shuts the reader down before the exporter
// is shut down.
func TestReaderShutDownFirst(t *testing.T) {
	reg := client.NewRegistry()
	reg.MustRegister(client.NewGauge(client.GaugeOpts{Name: "mine"}))
	for name, opts := range map[string][]Option{"own": nil, "shared": {WithRegistry(reg, reg)}} {
		e, err := New(opts...)
		if err != nil {
			t.Fatal(err)
		}
		if err := sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.Reader())).Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		e.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		if w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: %d %q", name, w.Code, w.Body)
		}
		if err := e.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if mfs, err := reg.Gather(); err != nil || len(mfs) != 1 {
		t.Errorf("%v, %v: want the program's metric alone", mfs, err)
	}
}

// TestFamilyThatCannotBeWritten: the page omits all of it, and the error is counted.
func TestFamilyThatCannotBeWritten(t *testing.T) {
	var reported []error
	faults := newScrapeErrors(func(err error) { reported = append(reported, err) })
	bad := gaugeFamily("bad", 1)
	bad.Metric = append(bad.Metric, &dto.Metric{Counter: &dto.Counter{}})
	p := exposition{families: []*dto.MetricFamily{gaugeFamily("a", 1), bad, gaugeFamily("z", 1)}, faults: faults, now: time.Now}
	text, err := p.write(expfmt.NewFormat(expfmt.TypeTextPlain), false, nil)
	if err != nil || bytes.Contains(text, []byte("bad")) || !bytes.Contains(text, []byte("\nz 1\n")) {
		t.Errorf("%v\n%s", err, text)
	}
	if len(reported) != 1 || !strings.Contains(reported[0].Error(), "cannot encode") {
		t.Errorf("reports = %v", reported)
	}
}

// TestFormsAreBounded: requests for many variants do not fill the memory.
func TestFormsAreBounded(t *testing.T) {
	p := exposition{families: []*dto.MetricFamily{gaugeFamily("a", 1), gaugeFamily("b", 1)}, faults: newScrapeErrors(func(error) {}), now: time.Now}
	for n := range 1000 {
		text, err := p.write(expfmt.NewFormat(expfmt.TypeTextPlain), false, []string{"a", strconv.Itoa(n)})
		if err != nil || !strings.HasSuffix(string(text), "\na 1\n") {
			t.Fatalf("%v\n%s", err, text)
		}
	}
	if len(p.kept) > maxVariants {
		t.Errorf("%d forms are kept", len(p.kept))
	}
}

func TestAcceptsGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "gzip;q=1.0, identity;q=0.5": true, "deflate, gzip": true, "x-gzip": true, "*": true, "zstd": false,
		"gzip;q=0": false, "gzip;q=0.000": false, "gzip; q = 0.1": true, "*;q=0": false, "gzip;q=0, *": false, "identity": false, "gzipped": false,
	} {
		if got := acceptsGzip([]string{header}); got != want {
			t.Errorf("%q: %t, want %t", header, got, want)
		}
	}
	if !acceptsGzip([]string{"deflate", "gzip"}) || acceptsGzip(nil) {
		t.Error("several headers, or none")
	}
}
