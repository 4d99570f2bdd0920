package prometheus

import "time"

// SetMaxAsking gives a busy machine the time that it takes.
func SetMaxAsking(d time.Duration) { maxAsking = d }

// SetLookEvery changes how often the exporter looks for what describes nothing.
func SetLookEvery(d time.Duration) (before time.Duration) {
	before, lookEvery = lookEvery, d
	return before
}
