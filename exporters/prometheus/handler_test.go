package prometheus

import (
	"errors"
	"strings"
	"testing"
)

// A report stays short, however many faults there are.
func TestReportIsBounded(t *testing.T) {
	var reported error
	s := newScrapeErrors(func(err error) { reported = err })
	s.note("gathering", errors.New(strings.Repeat("collected before; ", 10_000)))
	if reported == nil {
		t.Fatal("nothing was reported")
	}
	if n := len(reported.Error()); n > maxReport+len("…") {
		t.Errorf("a report of %d bytes", n)
	}
}
