package prometheus

import "time"

// SetMaxAsking gives a busy machine the time that it takes.
func SetMaxAsking(d time.Duration) { maxAsking = d }
