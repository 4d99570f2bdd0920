package documents

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/expr"
	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/link"
)

// A SlowTrace is an interaction that was answered slowly, and whose trace is known.
type SlowTrace struct {
	At       time.Time `json:"answered_at"`
	Type     string    `json:"type"`
	Command  string    `json:"command"`
	Duration float64   `json:"ack_duration_seconds"`
	TraceID  string    `json:"trace_id"`
	TraceURL *string   `json:"trace_url"`
}

const (
	slowWithin    = time.Hour
	mostSlow      = 20
	traceIDLength = 32
	spanIDLength  = 16
)

// Exemplars finds exemplars above a number, of the series that are selected.
type Exemplars func(ctx context.Context, selector string, above float64, from, to time.Time) ([]evidence.Exemplar, error)

// slowOf are the last slow interactions of a place that have a trace, the newest first. It
// is nil where exemplars are not to be had.
func slowOf(ctx context.Context, in Input, place members.Place) ([]SlowTrace, error) {
	if in.Exemplars == nil {
		return nil, nil
	}
	selector := fmt.Sprintf("%s_bucket{%s}", expr.Name(catalog.AckDuration), selectorOf(place))
	found, err := in.Exemplars(ctx, selector, catalog.SlowAfter.Seconds(), in.At.Add(-slowWithin), in.At)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b evidence.Exemplar) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Number, a.Number), cmp.Compare(a.Labels["trace_id"], b.Labels["trace_id"]))
	})
	list, seen := []SlowTrace{}, map[string]bool{}
	for _, x := range found {
		trace, span := x.Labels["trace_id"], x.Labels["span_id"]
		// What a process pushes goes into links.
		if !isID(trace, traceIDLength) || !isID(span, spanIDLength) || seen[trace] {
			continue
		}
		if seen[trace] = true; len(seen) > mostSlow {
			break
		}
		list = append(list, SlowTrace{
			At: x.At.UTC(), Type: x.Series["type"], Command: x.Series["command"], Duration: x.Number, TraceID: trace, TraceURL: link.Trace(in.TraceURL, trace, span),
		})
	}
	return list, nil
}

// isID reports whether a text is an id of so many hexadecimal digits.
func isID(text string, length int) bool {
	return len(text) == length && strings.Trim(text, "0123456789abcdef") == ""
}
