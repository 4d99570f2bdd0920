//go:build linux || darwin

package engine

import "syscall"

// free is how many bytes of the disk of a folder are free for this process.
func free(dir string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil //nolint:gosec // never negative
}
