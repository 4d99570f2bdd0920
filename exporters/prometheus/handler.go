package prometheus

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"github.com/argus-dgo/argus/exporters/internal/limit"
)

const (
	// maxScrapes is the number of scrapes served at a time: some servers in a
	// high-availability pair, a person with a browser, and room to spare.
	maxScrapes = 8

	// scrapeTimeout is twice Prometheus' default scrape time-out and below the
	// server's write time-out, so that the client still gets the answer.
	scrapeTimeout = 20 * time.Second

	// maxReport is the length of a report in bytes; it becomes a line in a log.
	maxReport = 2 << 10
)

// errNothingGathered is the one text about a failed scrape that a client sees.
var errNothingGathered = errors.New("no metric could be gathered; the cause is in the log of the process")

// newHandler serves what g gathers. A collector that fails takes only its own
// metrics off the page.
func newHandler(g client.Gatherer, faults *scrapeErrors) http.Handler {
	page := promhttp.HandlerFor(faults.watch(g), promhttp.HandlerOpts{
		ErrorHandling:       promhttp.ContinueOnError,
		ErrorLog:            faults,
		EnableOpenMetrics:   true,
		MaxRequestsInFlight: maxScrapes,
		CoalesceGather:      true,
		Timeout:             scrapeTimeout,
	})
	return readOnly(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		page.ServeHTTP(w, r)
	}))
}

// readOnly lets GET and HEAD through.
func readOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD are served here", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// scrapeErrors counts and reports what goes wrong in a scrape. promhttp would
// count by itself, but panics when the shared registry has its counter under
// other labels, and would show an error's text to the client.
type scrapeErrors struct {
	counter *client.CounterVec
	report  func(error)
	limiter limit.Limiter
}

func newScrapeErrors(report func(error)) *scrapeErrors {
	s := &scrapeErrors{
		counter: client.NewCounterVec(client.CounterOpts{
			Name: "promhttp_metric_handler_errors_total",
			Help: "Total number of internal errors encountered by the promhttp metric handler.",
		}, []string{"cause"}),
		report: report,
	}
	s.counter.WithLabelValues("gathering")
	s.counter.WithLabelValues("encoding")
	return s
}

func (s *scrapeErrors) note(cause string, err error) {
	s.counter.WithLabelValues(cause).Inc()
	suppressed, ok := s.limiter.Allow()
	if !ok {
		return
	}
	// A registry lists every series that is there twice, and the stack of a
	// collector that panicked.
	if text := err.Error(); len(text) > maxReport {
		err = errors.New(strings.ToValidUTF8(text[:maxReport], "") + "…")
	}
	if suppressed > 0 {
		err = fmt.Errorf("%w (%d more since the last report)", err, suppressed)
	}
	s.report(err)
}

// watch notes what g reports and hides it from the client.
func (s *scrapeErrors) watch(g client.Gatherer) client.Gatherer {
	return client.GathererFunc(func() (mfs []*dto.MetricFamily, err error) {
		defer func() {
			// A registry recovers its collectors; a gatherer of the program's own
			// may not, and it is called in a scrape's goroutine.
			if p := recover(); p != nil {
				s.note("gathering", fmt.Errorf("scrape: the gatherer panicked: %v", p))
				mfs, err = nil, errNothingGathered
			}
		}()
		mfs, err = g.Gather()
		if err == nil {
			return mfs, nil
		}
		s.note("gathering", fmt.Errorf("scrape: some metrics are left out of the page: %w", err))
		if len(mfs) == 0 {
			return nil, errNothingGathered
		}
		return mfs, nil
	})
}

// Println is promhttp's logger. What comes here is either errNothingGathered,
// which was noted, or a failure to write a metric.
func (s *scrapeErrors) Println(v ...any) {
	for _, x := range v {
		err, ok := x.(error)
		if !ok || errors.Is(err, errNothingGathered) {
			continue
		}
		var gone net.Error
		if errors.Is(err, http.ErrHandlerTimeout) || errors.As(err, &gone) {
			continue // The client is gone, which is its own affair.
		}
		s.note("encoding", fmt.Errorf("scrape: a metric could not be written: %w", err))
	}
}
