package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/argus-dgo/argus/otelcol/internal/tools"
)

// long is whether outages last as long as the promises say, not only long enough to see. The Makefile knows the same values for no.
var long = !slices.Contains([]string{"", "0", "false", "no"}, os.Getenv("E2E_LONG"))

// either chooses a duration for the form that is run.
func either(inShort, inLong time.Duration) time.Duration {
	if long {
		return inLong
	}
	return inShort
}

func TestMain(m *testing.M) {
	if os.Getenv(envResolver) != "" {
		os.Exit(runWithResolver()) // the flags are the other program's
	}
	flag.Parse()
	if os.Getenv(envBot) != "" {
		os.Exit(runBot())
	}
	// Side by side, the tests mostly wait; those that measure the Collector run alone, before the others.
	if err := flag.Set("test.parallel", "6"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	// Children die with this process, and an interrupt is the end of it.
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupted
		killAll()
		os.Exit(130)
	}()
	code := m.Run()
	killAll()
	if code == 0 {
		err := goleak.Find(
			goleak.IgnoreTopFunction("os/signal.loop"), goleak.IgnoreTopFunction("os/signal.signal_recv"),
			goleak.IgnoreAnyFunction("github.com/argus-dgo/argus/otelcol/e2e.TestMain.func1"),
		)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

var openTools = sync.OnceValues(tools.Open)

// toolSet is the built tools' set.
func toolSet(t testing.TB) *tools.Set {
	t.Helper()
	set, err := openTools()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// tool is the path of a built tool. The test is skipped without it.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := toolSet(t).Path(name)
	if err == nil {
		return path
	}
	if os.Getenv("E2E") != "" {
		t.Fatal(err)
	}
	t.Skip(err)
	return ""
}

// moduleDir is the folder otelcol.
func moduleDir(t testing.TB) string { return filepath.Join(toolSet(t).Root(), "otelcol") }

// logDirs are the folders of the tests that run.
var logDirs struct {
	sync.Mutex
	inUse map[string]bool
}

// logDir is where the processes of a test write their logs. It stays if the test fails, until the test is run again.
func logDir(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(toolSet(t).Root(), ".cache", "e2e", "logs", strings.ReplaceAll(t.Name(), "/", "_"))
	logDirs.Lock()
	defer logDirs.Unlock()
	if logDirs.inUse[dir] {
		return dir
	}
	// What an earlier run has left would be read as this one's.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if logDirs.inUse == nil {
		logDirs.inUse = map[string]bool{}
	}
	logDirs.inUse[dir] = true
	t.Cleanup(func() {
		logDirs.Lock()
		defer logDirs.Unlock()
		delete(logDirs.inUse, dir)
		if !t.Failed() {
			_ = os.RemoveAll(dir)
		}
	})
	return dir
}
