//go:build unix

package demo

import (
	"os/signal"
	"syscall"
)

// stayInBackground lets a demo that a shell has put into the background go on: to read
// from the terminal would stop it.
func stayInBackground() { signal.Ignore(syscall.SIGTTIN) }
