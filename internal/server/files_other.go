//go:build !unix

package server

// maxFiles is not known on this system.
func maxFiles() uint64 { return 0 }
