//go:build unix

package server

import "syscall"

// maxFiles returns how many files the process may open, or 0 if that is unknown.
func maxFiles() uint64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return uint64(limit.Cur) //nolint:unconvert // signed on some systems, where a negative value becomes a very large one
}
