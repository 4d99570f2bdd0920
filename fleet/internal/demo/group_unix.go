//go:build unix

package main

import "syscall"

// group keeps the terminal's Ctrl-C from a process, so that all end in order.
func group() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
