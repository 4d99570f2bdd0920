// Package loopback has addresses for tests that leave a port and come back to it.
package loopback

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"testing"
)

// Host returns an address of the loopback interface. On Linux, where it has all of
// 127.0.0.0/8, it is one of this process's own: nobody takes its ports meanwhile, as
// the connections of other processes would on 127.0.0.1.
func Host() string {
	if runtime.GOOS != "linux" {
		return "127.0.0.1"
	}
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d", 1+pid>>16&0x7f, pid>>8&0xff, max(pid&0xff, 1))
}

// Addr returns an address of [Host] and a port that nobody listens on.
func Addr(t testing.TB) string {
	t.Helper()
	return AddrOf(t, Host())
}

// AddrOf is [Addr] for any host, for tests in which its name or address matters.
func AddrOf(t testing.TB, host string) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return addr
}
