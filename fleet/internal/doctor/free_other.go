//go:build !linux && !darwin

package doctor

import "errors"

func freeSpace(string) (uint64, error) {
	return 0, errors.New("cannot tell how much space is free on this system")
}
