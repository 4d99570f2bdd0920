package fleet

import (
	"os"
	"runtime/debug"
)

// garbage is how much the heap may grow before garbage is collected, in percent: what
// Prometheus sets, whose engine has the most of it.
const garbage = 75

// SetMemory sets how a program that is a fleet uses memory, unless its environment does.
func SetMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
}
