package eventdocs

import "time"

// maxPoints is the number of points that a chart has at most.
const maxPoints = 400

// lengths are those of steps, in hours.
var lengths = []time.Duration{1, 2, 3, 4, 6, 8, 12, 24, 48, 72, 168}

// stepOf returns the shortest step that cuts a window in few enough points, also where
// the window begins and ends within a step.
func stepOf(window time.Duration) time.Duration {
	for _, hours := range lengths {
		step := hours * time.Hour
		if window/step+2 <= maxPoints {
			return step
		}
	}
	return lengths[len(lengths)-1] * time.Hour
}
