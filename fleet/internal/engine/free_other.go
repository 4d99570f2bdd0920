//go:build !linux && !darwin

package engine

import "errors"

// free is not known.
func free(string) (uint64, error) { return 0, errors.ErrUnsupported }
