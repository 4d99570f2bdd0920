package chdbtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// errNoLibrary says how to have the tests run that need the engine.
var errNoLibrary = errors.New("libchdb.so is not installed: run make test-analytics")

// A server is a chdbserver, which starts when it is needed first.
type server struct {
	once    sync.Once
	folder  string
	process *exec.Cmd
	addr    string
	err     error
}

// shared is the server of all tests of a package: a start takes a second.
var shared server

// Run runs the tests of a package, for its TestMain, and stops the server after them.
func Run(m *testing.M) int {
	defer shared.stop()
	return m.Run()
}

// Addr returns the address of the server.
func Addr(t *testing.T) string {
	t.Helper()
	shared.once.Do(func() { shared.err = shared.start() })
	if errors.Is(shared.err, errNoLibrary) && os.Getenv("REQUIRE_CHDB") == "" {
		t.Skip(shared.err)
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.addr
}

func (s *server) start() error {
	library, err := library()
	if err != nil {
		return err
	}
	if s.folder, err = os.MkdirTemp("", "chdbtest-*"); err != nil {
		return err
	}
	// It outlives the test that needs it first.
	ctx := context.Background()
	binary := filepath.Join(s.folder, "chdbserver")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/argus-dgo/argus/analytics/internal/chdbserver") //nolint:gosec // the path is ours
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build chdbserver: %w\n%s", err, out)
	}
	s.process = exec.CommandContext(ctx, binary, "-path", filepath.Join(s.folder, "data")) //nolint:gosec // the path is ours
	s.process.Env = append(os.Environ(), "CHDB_LIB_PATH="+library)
	s.process.Stderr = os.Stderr
	out, err := s.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.process.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		return errors.Join(errors.New("chdbserver printed no address"), lines.Err())
	}
	s.addr = lines.Text()
	return nil
}

func (s *server) stop() {
	if s.process != nil && s.process.Process != nil {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
	}
	if s.folder != "" {
		_ = os.RemoveAll(s.folder)
	}
}

// library finds libchdb.so. Its folder has the version in its name.
func library() (string, error) {
	at, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(at, "scripts", "chdb.sh")); err == nil {
			break
		}
		if filepath.Dir(at) == at {
			return "", errNoLibrary
		}
		at = filepath.Dir(at)
	}
	found, err := filepath.Glob(filepath.Join(at, ".cache", "chdb@*", "libchdb.so"))
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", errNoLibrary
	}
	return found[0], nil
}
