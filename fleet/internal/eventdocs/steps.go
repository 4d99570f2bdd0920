package eventdocs

import "time"

// maxPoints is the number of points that a chart has at most.
const maxPoints = 400

// lengths are those of steps.
var lengths = []time.Duration{
	time.Hour, 2 * time.Hour, 3 * time.Hour, 4 * time.Hour, 6 * time.Hour, 8 * time.Hour, 12 * time.Hour, day, 2 * day, 3 * day, 7 * day,
}

// stepOf returns the shortest step that cuts a window in few enough points, also where
// the window begins and ends within a step.
func stepOf(window time.Duration) time.Duration {
	for _, step := range lengths {
		if window/step+2 <= maxPoints {
			return step
		}
	}
	return lengths[len(lengths)-1]
}
