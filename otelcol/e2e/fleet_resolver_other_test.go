//go:build !linux

package e2e

func runWithResolver() int { return exitNotPermitted }
