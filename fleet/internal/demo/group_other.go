//go:build !unix

package main

import "syscall"

func group() *syscall.SysProcAttr { return nil }
