//go:build unix

package server

import "syscall"

// maxFiles is how many files the process may have open, or 0.
func maxFiles() uint64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return uint64(limit.Cur) //nolint:unconvert // signed on some systems, where less than 0 becomes as many as there can be
}
