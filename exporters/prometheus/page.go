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
	// burst is how many pages are made for those who ask one after the other. For
	// more, a page is served again for ten times as long as it took to make, within
	// these bounds: whoever asks without a pause then costs a tenth of a core, and
	// sees nothing that is older than a second.
	burst     = 5
	minReuse  = 100 * time.Millisecond
	maxReuse  = time.Second
	reuseCost = 10

	// maxVariants bounds the forms that a page is kept in.
	maxVariants = 16
)

var (
	errEnded           = errors.New("argus was shut down; this process has no metrics any more")
	errNothingGathered = errors.New("no metric could be gathered; the cause is in the log of the process")
)

// pages makes a page when somebody asks. Those who ask while it is made share it,
// and so do those who ask again and again.
type pages struct {
	gather func() ([]*dto.MetricFamily, error)
	faults *scrapeErrors
	now    func() time.Time

	mu     sync.Mutex
	latest *exposition
	making *making // nil while nobody waits
	saved  float64 // pages that may be made at once, as of since
	since  time.Time
}

// A making is a page that is not there yet.
type making struct {
	done chan struct{}
	page *exposition // set when done is closed
}

// get returns a page that is whole. It does not wait for longer than ctx.
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

// mayMake is a bucket of pages that fills with time. The lock is held.
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

// make goes on when those who asked have left: others may have come.
func (p *pages) make(m *making) {
	began := p.now()
	m.page = &exposition{err: errNothingGathered, faults: p.faults, now: p.now}
	defer func() { // also where the program's gatherer ends the goroutine
		m.page.cost = p.now().Sub(began)
		p.mu.Lock()
		p.latest, p.making = m.page, nil
		p.mu.Unlock()
		close(m.done)
	}()
	m.page.families, m.page.err = p.gatherAll()
}

// gatherAll reports what is wrong, and returns an error that anybody may see if
// there is no page.
func (p *pages) gatherAll() (families []*dto.MetricFamily, err error) {
	defer func() {
		// A registry recovers its collectors; a gatherer of the program's own may not.
		if r := recover(); r != nil {
			p.faults.note("gathering", fmt.Errorf("scrape: the gatherer panicked: %v", r))
			families, err = nil, errNothingGathered
		}
	}()
	families, err = p.gather()
	if err == nil {
		return families, nil
	}
	if err == errEnded { //nolint:errorlint // another may be of the program's, with methods that panic
		return nil, err
	}
	p.faults.noteGathering(err)
	if len(families) == 0 {
		return nil, errNothingGathered
	}
	return families, nil
}

// An exposition is what one gathering found, in the forms that somebody asked for.
type exposition struct {
	families []*dto.MetricFamily
	err      error
	faults   *scrapeErrors
	now      func() time.Time

	mu   sync.Mutex
	cost time.Duration // of making and writing it
	kept map[variant][]byte
}

type variant struct {
	format expfmt.Format
	gzip   bool
	names  string
}

// reuse is how long the page is served to those who ask without a pause.
func (p *exposition) reuse() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return min(max(reuseCost*p.cost, minReuse), maxReuse)
}

// write returns the page in a form. Names, if there are any, choose families. The
// bytes are shared with others.
func (p *exposition) write(format expfmt.Format, compressed bool, names []string) ([]byte, error) {
	v := variant{format, compressed, url.Values{"": slices.Sorted(slices.Values(names))}.Encode()}
	p.mu.Lock() // also so that those who ask for more forms than are kept take turns
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
			p.faults.note("encoding", fmt.Errorf("scrape: a metric could not be written: %w", err))
		}
	}
	if closer, ok := e.(expfmt.Closer); ok {
		err = closer.Close() // the last line of OpenMetrics
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

// beyondLegacy says whether a family has names that are escaped for those who do
// not ask for UTF-8.
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

// acceptsGzip reads an Accept-Encoding header.
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
