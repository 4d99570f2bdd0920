package demo

import (
	"bytes"
	"fmt"
	"testing"
	"time"
)

func TestScreenInPlace(t *testing.T) {
	var out bytes.Buffer
	s := &screen{w: &out, inPlace: true}
	step := func(what, want string, do func()) {
		t.Helper()
		out.Reset()
		do()
		if out.String() != want {
			t.Errorf("%s writes %q, want %q", what, out.String(), want)
		}
	}
	step("text before the first status", "hello\n", func() { fmt.Fprintln(s, "hello") })
	step("a status", "\r\x1b[2K\x1b[?7lone\x1b[?7h", func() { s.status("one") })
	step("another", "\r\x1b[2K\x1b[?7ltwo\x1b[?7h", func() { s.status("two") })
	step("text above it", "\r\x1b[2Kfault\n\x1b[?7ltwo\x1b[?7h", func() { fmt.Fprintln(s, "fault") })
	step("keeping it", "\n", s.keep)
	step("keeping nothing", "", s.keep)
	step("text after it", "end\n", func() { fmt.Fprintln(s, "end") })
}

func TestScreenLineByLine(t *testing.T) {
	var out bytes.Buffer
	s := newScreen(&out)
	s.status("one")
	fmt.Fprintln(s, "fault")
	s.status("two")
	s.keep()
	if want := "one\nfault\ntwo\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestClock(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0:00", 9900 * time.Millisecond: "0:09", 65 * time.Second: "1:05", 3599 * time.Second: "59:59", time.Hour + 65*time.Second: "1:01:05",
	} {
		if got := clock(d); got != want {
			t.Errorf("clock(%v) is %s, want %s", d, got, want)
		}
	}
}
