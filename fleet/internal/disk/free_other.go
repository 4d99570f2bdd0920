//go:build !linux && !darwin

package disk

import "errors"

// Free is not known.
func Free(string) (uint64, error) {
	return 0, errors.New("cannot tell how much space is free on this system")
}
