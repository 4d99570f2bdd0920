package prometheus

import (
	"net/http"
	"sync/atomic"
	"time"
)

// SetMaxAsking sets maxAsking, for busy machines.
func SetMaxAsking(d time.Duration) { maxAsking = d }

// SetLookEvery sets how often the exporter looks for metrics that are not described.
func SetLookEvery(d time.Duration) (before time.Duration) {
	before, lookEvery = lookEvery, d
	return before
}

// NewPages returns a handler that makes a page for each request: what a scrape
// costs if nobody else has asked within a moment.
func (e *Exporter) NewPages() http.Handler {
	var clock atomic.Int64
	return &handler{
		pages: pages{gather: e.gather, faults: e.scrape, now: func() time.Time { return time.Unix(clock.Add(1), 0) }},
		ended: &e.ended,
	}
}

// LabelSets returns the number of attribute sets whose labels are kept.
func (e *Exporter) LabelSets() int {
	e.labels.mu.Lock()
	defer e.labels.mu.Unlock()
	return len(e.labels.sets)
}
