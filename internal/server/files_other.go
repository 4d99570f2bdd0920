//go:build !unix

package server

// maxFiles is unknown on this system.
func maxFiles() uint64 { return 0 }
