package doctor

import (
	"fmt"
	"syscall"
)

// The kernel's words for a clock that nobody keeps: adjtimex(2).
const (
	timeError = 5    // TIME_ERROR
	staUnsync = 0x40 // STA_UNSYNC
)

// kernelClock asks the kernel, offline, whether something keeps its clock. To read
// needs no privilege.
func kernelClock() (synchronised bool, err error) {
	var t syscall.Timex
	state, err := syscall.Adjtimex(&t)
	if err != nil {
		return false, fmt.Errorf("adjtimex: %w", err)
	}
	return state != timeError && t.Status&staUnsync == 0, nil
}
