//go:build !linux

package doctor

import "errors"

// kernelClock has nobody to ask here.
func kernelClock() (synchronised bool, err error) {
	return false, errors.New("only supported on Linux")
}
