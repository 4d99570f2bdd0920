package otlp

import "fmt"

// A LossReason says why spans or log records were dropped.
type LossReason string

// The reasons.
const (
	LossQueueFull LossReason = "queue_full" // the collector was unavailable or slow for too long
	LossRejected  LossReason = "rejected"   // the collector refused them
	LossShutdown  LossReason = "shutdown"   // they had not been sent when the exporter was shut down, or came later
)

// Losses counts what was dropped since the start, by reason.
type Losses struct {
	QueueFull, Rejected, Shutdown uint64
}

func (l *Losses) add(r LossReason, n int) {
	switch r {
	case LossQueueFull:
		l.QueueFull += uint64(n) //nolint:gosec // a length, or a number that was checked
	case LossRejected:
		l.Rejected += uint64(n) //nolint:gosec // see above
	case LossShutdown:
		l.Shutdown += uint64(n) //nolint:gosec // see above
	}
}

// A LossError reports spans or log records that were dropped without a failed export.
type LossError struct {
	Signal   Signal
	Endpoint string // host and port
	Reason   LossReason
	Count    int    // since the last report; 0 if the collector accepted everything and has a message
	Message  string // of the collector; empty if it has none
}

// Error returns one line: what was lost, why, and what to do.
func (e *LossError) Error() string {
	if e.Count == 0 {
		return fmt.Sprintf("otlp: the collector at %s accepted all %ss and says: %s", e.Endpoint, e.Signal.item(), e.Message)
	}
	why := "the collector at " + e.Endpoint + " rejected it, and accepted the rest of the export"
	switch e.Reason {
	case LossQueueFull:
		why = "the queue is full, because the collector at " + e.Endpoint + " is unavailable or too slow; the bot keeps running"
	case LossShutdown:
		why = "not sent to " + e.Endpoint + " before the time limit of Shutdown"
	case LossRejected:
	}
	s := fmt.Sprintf("otlp: %s: %s", e.Signal.areLost(e.Count), why)
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}
