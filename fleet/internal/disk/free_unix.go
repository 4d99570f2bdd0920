//go:build linux || darwin

package disk

import "syscall"

// Free is how many bytes a user may still write to the file system of a folder.
func Free(dir string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil //nolint:gosec // positive; its type differs between systems
}
