package prometheus

import "time"

// SetMaxAsking sets maxAsking, for busy machines.
func SetMaxAsking(d time.Duration) { maxAsking = d }

// SetLookEvery sets how often the exporter looks for metrics that are not described.
func SetLookEvery(d time.Duration) (before time.Duration) {
	before, lookEvery = lookEvery, d
	return before
}
