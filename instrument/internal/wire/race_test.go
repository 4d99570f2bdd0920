//go:build race

package wire

// Under the race detector sync.Pool drops items at random.
const raceDetector = true
