package e2e

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// runWithResolver makes this process the program that envResolver names. In its own view of the file system /etc/resolv.conf is another
// file; nobody else's changes.
func runWithResolver() int {
	runtime.LockOSThread() // the view is the thread's that makes it and then becomes the program
	program, config := os.Getenv(envResolver), os.Getenv(envResolvConf)
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"unshare the mounts", func() error { return syscall.Unshare(syscall.CLONE_NEWNS) }},
		{"keep its mounts to itself", func() error { return syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "") }},
		{"mount /etc/resolv.conf", func() error { return syscall.Mount(config, "/etc/resolv.conf", "", syscall.MS_BIND, "") }},
		{"exec " + program, func() error { return syscall.Exec(program, append([]string{program}, os.Args[1:]...), os.Environ()) }},
	} {
		if err := step.do(); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", step.what, err)
			if errors.Is(err, os.ErrPermission) {
				return exitNotPermitted
			}
			return 1
		}
	}
	return 0
}
