//go:build unix

package analytics_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/cmd/argus/internal/analytics"
)

// asProgram makes the test binary behave as argus-analytics.
const asProgram = "ARGUS_TEST_AS_ANALYTICS"

func TestMain(m *testing.M) {
	switch os.Getenv(asProgram) {
	case "":
		os.Exit(m.Run())
	case "echo":
		fmt.Println(strings.Join(os.Args[1:], " "))
		fmt.Fprintln(os.Stderr, "problems were found")
		os.Exit(3)
	case "wait":
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, os.Interrupt)
		fmt.Println("ready")
		<-signals
		os.Exit(4)
	}
}

// install puts the program into PATH, where nothing else is.
func install(t *testing.T, does string) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(binary, filepath.Join(dir, "argus-analytics")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	t.Setenv(asProgram, does)
}

func TestRun(t *testing.T) {
	install(t, "echo")
	var out, errOut bytes.Buffer
	code := analytics.Run(context.Background(), []string{"erase", "--guild", "1"}, &out, &errOut)
	if code != 3 || out.String() != "erase --guild 1\n" || errOut.String() != "problems were found\n" {
		t.Errorf("%d %s%s", code, &out, &errOut)
	}
}

// TestInterrupt: the program is told to end, and says with which code.
func TestInterrupt(t *testing.T) {
	install(t, "wait")
	ctx, cancel := context.WithCancel(context.Background())
	read, write := io.Pipe()
	go func() {
		_, _ = io.ReadFull(read, make([]byte, len("ready\n")))
		cancel()
	}()
	if code := analytics.Run(ctx, nil, write, io.Discard); code != 4 {
		t.Errorf("%d, want 4", code)
	}
}

func TestMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var out, errOut bytes.Buffer
	code := analytics.Run(context.Background(), []string{"init"}, &out, &errOut)
	if code != 1 || out.Len() > 0 || !strings.Contains(errOut.String(), "install it from the same release") {
		t.Errorf("%d %s%s", code, &out, &errOut)
	}
}
