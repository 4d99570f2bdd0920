package prometheus

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

const (
	// burst is the number of pages made for requests in quick succession. After that
	// a page is served again for ten times the time that it took to make, within
	// minReuse and maxReuse. A loop of requests then takes a tenth of a core at most,
	// and gets pages that are at most a second old.
	burst     = 5
	minReuse  = 100 * time.Millisecond
	maxReuse  = time.Second
	reuseCost = 10

	// maxVariants is the number of encodings of a page that are kept.
	maxVariants = 16
)

var (
	errEnded           = errors.New("argus was shut down; this process no longer serves metrics")
	errNothingGathered = errors.New("no metrics could be gathered; see the log of the process")
)

// pages makes a page on request. Concurrent requests share it, and so do requests
// in quick succession.
type pages struct {
	gather func() ([]*dto.MetricFamily, error)
	faults *scrapeErrors
	now    func() time.Time

	mu     sync.Mutex
	latest *exposition
	making *making // nil if no request waits
	saved  float64 // number of pages that may be made at once, as of since
	since  time.Time
}

// A making is a page that is being made.
type making struct {
	done chan struct{}
	page *exposition // set when done is closed
}

// get returns a complete page. It waits until ctx is done at most.
func (p *pages) get(ctx context.Context) (*exposition, error) {
	p.mu.Lock()
	m := p.making
	if m == nil {
		if !p.mayMake() {
			defer p.mu.Unlock()
			return p.latest, p.latest.err
		}
		m = &making{done: make(chan struct{})}
		p.making = m
		go p.make(m)
	}
	p.mu.Unlock()
	select {
	case <-m.done:
		return m.page, m.page.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// mayMake is a token bucket that limits how often pages are made. The lock is held.
func (p *pages) mayMake() bool {
	now := p.now()
	if p.latest == nil {
		p.saved = burst
	} else {
		p.saved = min(burst, p.saved+now.Sub(p.since).Seconds()/p.latest.reuse().Seconds())
	}
	p.since = now
	if p.saved < 1 {
		return false
	}
	p.saved--
	return true
}

// make continues when its clients have left: other clients may be waiting.
func (p *pages) make(m *making) {
	began := p.now()
	m.page = &exposition{err: errNothingGathered, faults: p.faults, now: p.now}
	defer func() { // also if the program's gatherer ends the goroutine
		m.page.cost = p.now().Sub(began)
		p.mu.Lock()
		p.latest, p.making = m.page, nil
		p.mu.Unlock()
		close(m.done)
	}()
	m.page.families, m.page.err = p.gatherAll()
}

// gatherAll gathers and reports faults. If there is no page it returns an error
// whose text is safe to publish.
func (p *pages) gatherAll() (families []*dto.MetricFamily, err error) {
	defer func() {
		// A registry recovers from panics in its collectors; the program's own gatherer may not.
		if r := recover(); r != nil {
			p.faults.note("gathering", fmt.Errorf("scrape: the gatherer panicked: %v", r))
			families, err = nil, errNothingGathered
		}
	}()
	families, err = p.gather()
	if err == nil {
		return families, nil
	}
	if err == errEnded { //nolint:errorlint // other errors may be the program's, with methods that panic
		return nil, err
	}
	p.faults.noteGathering(err)
	if len(families) == 0 {
		return nil, errNothingGathered
	}
	return families, nil
}

// An exposition is the result of one gathering, in each encoding that was requested.
type exposition struct {
	families []*dto.MetricFamily
	err      error
	faults   *scrapeErrors
	now      func() time.Time

	mu   sync.Mutex
	cost time.Duration // of making and encoding it
	kept map[variant][]byte
}

type variant struct {
	format expfmt.Format
	gzip   bool
	names  string
}

// reuse returns how long the page is served to requests in quick succession.
func (p *exposition) reuse() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return min(max(reuseCost*p.cost, minReuse), maxReuse)
}

// write returns the page in one encoding. Names, if any, select families. The
// returned bytes are shared.
func (p *exposition) write(format expfmt.Format, compressed bool, names []string) ([]byte, error) {
	v := variant{format, compressed, url.Values{"": slices.Sorted(slices.Values(names))}.Encode()}
	p.mu.Lock() // also so that requests for more variants than are kept take turns
	defer p.mu.Unlock()
	if text, there := p.kept[v]; there {
		return text, nil
	}
	began := p.now()
	text, err := p.encode(format, names)
	if err == nil && compressed {
		text, err = compress(text)
	}
	p.cost += p.now().Sub(began)
	if err == nil && len(p.kept) < maxVariants {
		if p.kept == nil {
			p.kept = map[variant][]byte{}
		}
		p.kept[v] = text
	}
	return text, err
}

func (p *exposition) encode(format expfmt.Format, names []string) (text []byte, err error) {
	families := p.families
	if scheme := format.ToEscapingScheme(); scheme != noEscaping && slices.ContainsFunc(families, beyondLegacy) {
		var left leftOut
		families = fit(families, scheme, &left)
		p.faults.refused(&left)
	}
	var b bytes.Buffer
	e := expfmt.NewEncoder(&b, format)
	for _, mf := range families {
		if len(names) > 0 && !slices.Contains(names, mf.GetName()) {
			continue
		}
		whole := b.Len()
		if err := encodeFamily(e, mf); err != nil {
			b.Truncate(whole)
			p.faults.note("encoding", fmt.Errorf("scrape: cannot encode a metric: %w", err))
		}
	}
	if closer, ok := e.(expfmt.Closer); ok {
		err = closer.Close() // writes the last line of OpenMetrics
	}
	return b.Bytes(), err
}

func encodeFamily(e expfmt.Encoder, mf *dto.MetricFamily) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: the encoder panicked: %v", quote(mf.GetName()), p)
		}
	}()
	return e.Encode(mf)
}

// beyondLegacy reports whether a family has names that must be escaped for clients
// that do not accept UTF-8.
func beyondLegacy(mf *dto.MetricFamily) bool {
	return !model.LegacyValidation.IsValidMetricName(mf.GetName()) || slices.ContainsFunc(mf.Metric, func(m *dto.Metric) bool {
		return slices.ContainsFunc(m.Label, func(l *dto.LabelPair) bool { return !model.LegacyValidation.IsValidLabelName(l.GetName()) })
	})
}

func compress(text []byte) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(text)
	err = errors.Join(err, z.Close())
	return b.Bytes(), err
}

// acceptsGzip parses an Accept-Encoding header.
func acceptsGzip(header []string) bool {
	named, others := false, false
	for _, list := range header {
		for entry := range strings.SplitSeq(list, ",") {
			coding, weight, _ := strings.Cut(entry, ";")
			refused := strings.Trim(strings.ReplaceAll(strings.ToLower(weight), " ", ""), "0.") == "q="
			switch strings.ToLower(strings.TrimSpace(coding)) {
			case "gzip", "x-gzip":
				if refused {
					return false
				}
				named = true
			case "*":
				others = !refused
			}
		}
	}
	return named || others
}
