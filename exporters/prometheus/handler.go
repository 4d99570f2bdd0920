package prometheus

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/argus-dgo/argus/internal/excerpt"
	"github.com/argus-dgo/argus/internal/limit"
	"github.com/argus-dgo/argus/internal/readonly"
)

const (
	// scrapeTimeout is twice Prometheus' default scrape time-out and below the
	// server's write time-out, so that the client still gets the answer.
	scrapeTimeout = 20 * time.Second

	// maxReport is the length of a report in bytes; it becomes a line in a log.
	maxReport = 2 << 10

	// maxTold is the number of names that are remembered as reported.
	maxTold = 1000
)

// handler serves the page. A failing collector removes only its own metrics from
// it.
type handler struct {
	pages pages
	ended *atomic.Bool
}

func newHandler(gather func() ([]*dto.MetricFamily, error), ended *atomic.Bool, faults *scrapeErrors) http.Handler {
	return readonly.Handler(&handler{pages: pages{gather: gather, faults: faults, now: time.Now}, ended: ended})
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	if h.ended.Load() {
		http.Error(w, errEnded.Error(), http.StatusServiceUnavailable)
		return
	}
	patience := scrapePatience(r)
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	p, err := h.pages.get(ctx)
	switch {
	case r.Context().Err() != nil:
		return // the client has left
	case h.ended.Load():
		err = errEnded
	}
	if err != nil {
		status := http.StatusInternalServerError
		switch {
		case errors.Is(err, errEnded):
			status = http.StatusServiceUnavailable
		case errors.Is(err, context.DeadlineExceeded):
			status, err = http.StatusServiceUnavailable, fmt.Errorf("gathering the metrics took longer than %v", patience)
		}
		http.Error(w, err.Error(), status)
		return
	}
	format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...)
	compressed := acceptsGzip(r.Header.Values("Accept-Encoding"))
	text, err := p.write(format, compressed, r.URL.Query()["name[]"])
	if err != nil {
		http.Error(w, "the metrics could not be encoded", http.StatusInternalServerError)
		return
	}
	header.Set("Content-Type", string(format))
	header.Add("Vary", "Accept")
	header.Add("Vary", "Accept-Encoding")
	if compressed {
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = w.Write(text) //nolint:gosec // the type is not HTML and is not sniffed; a client that has left needs no answer
}

// scrapePatience returns how long the client waits, from Prometheus' request header.
func scrapePatience(r *http.Request) time.Duration {
	seconds, err := strconv.ParseFloat(r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || math.IsNaN(seconds) || seconds <= 0 || seconds >= scrapeTimeout.Seconds() {
		return scrapeTimeout
	}
	return time.Duration(seconds * float64(time.Second))
}

// scrapeErrors counts and reports scrape faults, under the metric name that promhttp
// uses.
type scrapeErrors struct {
	counter *client.CounterVec
	report  func(error)
	limiter limit.Limiter

	mu      sync.Mutex
	told    map[string]bool // names that were reported as left out
	left    limit.Limiter
	program limit.Limiter
}

func newScrapeErrors(report func(error)) *scrapeErrors {
	s := &scrapeErrors{
		counter: client.NewCounterVec(client.CounterOpts{
			Name: "promhttp_metric_handler_errors_total",
			Help: "Total number of internal errors encountered by the promhttp metric handler.",
		}, []string{"cause"}),
		report: report,
		told:   map[string]bool{},
	}
	s.counter.WithLabelValues("gathering")
	s.counter.WithLabelValues("encoding")
	return s
}

func (s *scrapeErrors) note(cause string, err error) {
	s.counter.WithLabelValues(cause).Inc()
	s.tell(&s.limiter, err)
}

func (s *scrapeErrors) noteGathering(err error) {
	if err == errEnded { //nolint:errorlint // other errors may be the program's, with methods that panic
		return
	}
	s.note("gathering", fmt.Errorf("scrape: some metrics are missing from the page: %w", err))
}

func (s *scrapeErrors) tell(l *limit.Limiter, err error) {
	suppressed, ok := l.Allow()
	if !ok {
		return
	}
	// A registry lists every duplicate series, and the stack of a collector that
	// panicked.
	if text := err.Error(); len(text) > maxReport {
		err = errors.New(excerpt.Clip(strings.ToValidUTF8(text, ""), maxReport))
	}
	if suppressed > 0 {
		err = fmt.Errorf("%w (%d more since the last report)", err, suppressed)
	}
	s.report(err)
}

// refused counts and reports what Prometheus would refuse, each metric once.
func (s *scrapeErrors) refused(left *leftOut) {
	if len(left.what) == 0 {
		return
	}
	s.counter.WithLabelValues("gathering").Inc()
	s.once(&s.left, left, "scrape: missing from the page, because Prometheus would reject it: %s; rename the instrument or the attribute")
}

// taken reports metrics that the program has itself, each once. It is not an error.
func (s *scrapeErrors) taken(l *limit.Limiter, left *leftOut) {
	s.once(l, left, "scrape: Argus omits metrics whose names the program's registry already uses: %s; rename the program's metrics, or set ARGUS_NAMESPACE")
}

func (s *scrapeErrors) once(l *limit.Limiter, left *leftOut, format string) {
	news := s.news(l, left)
	if len(news) == 0 {
		return
	}
	text := strings.Join(news, "; ")
	if left.more > 0 {
		text += fmt.Sprintf("; and %d more", left.more)
	}
	s.report(fmt.Errorf(format, excerpt.Clip(text, maxReport)))
}

// news returns what has not been reported yet, and nothing while the limiter is
// closed.
func (s *scrapeErrors) news(l *limit.Limiter, left *leftOut) (news []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, what := range left.what {
		if !s.told[what] && len(s.told)+len(news) < maxTold {
			news = append(news, what)
		}
	}
	if len(news) == 0 {
		return nil
	}
	if _, ok := l.Allow(); !ok {
		return nil
	}
	for _, what := range news {
		s.told[what] = true
	}
	return news
}
