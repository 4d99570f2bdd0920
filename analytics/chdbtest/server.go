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

// A Server is a chdbserver with a folder of its own.
type Server struct {
	folder  string
	library string
	module  string // the folder of the module analytics
	process *exec.Cmd
	addr    string
}

// shared is the server of all tests of a package, which starts when it is needed first: a
// start takes a second.
var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Run runs the tests of a package, for its TestMain, and stops the server after them.
func Run(m *testing.M) int {
	defer func() {
		if shared.server != nil {
			shared.server.stop()
		}
	}()
	return m.Run()
}

// Addr returns the address of the server that the tests of a package share.
func Addr(t *testing.T) string {
	t.Helper()
	shared.once.Do(func() { shared.server, shared.err = newServer() })
	require(t, shared.err)
	return shared.server.addr
}

// New returns a server of the test's own, which it may kill.
func New(t *testing.T) *Server {
	t.Helper()
	s, err := newServer()
	require(t, err)
	t.Cleanup(s.stop)
	return s
}

// errSkipped is for runs of all tests that another run, with the engine, follows.
var errSkipped = errors.New("SKIP_CHDB is set")

// require skips a test where the engine is not installed and need not be, or is not wanted,
// and fails it for other errors.
func require(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, errSkipped) || errors.Is(err, errNoLibrary) && os.Getenv("REQUIRE_CHDB") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func newServer() (s *Server, err error) {
	if os.Getenv("SKIP_CHDB") != "" {
		return nil, errSkipped
	}
	s = &Server{addr: "127.0.0.1:0"}
	root, err := repository()
	if err != nil {
		return nil, err
	}
	s.module = filepath.Join(root, "analytics")
	if s.library, err = library(root); err != nil {
		return nil, err
	}
	if s.folder, err = os.MkdirTemp("", "chdbtest-*"); err != nil {
		return nil, err
	}
	if err := s.build(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.folder))
	}
	if err := s.start(); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *Server) build() error {
	build := exec.CommandContext(context.Background(), "go", "build", "-o", s.binary(), "github.com/argus-dgo/argus/analytics/internal/chdbserver") //nolint:gosec // the path is ours
	build.Dir = s.module                                                                                                                            // also for tests of other modules
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build chdbserver: %w\n%s", err, out)
	}
	return nil
}

func (s *Server) binary() string { return filepath.Join(s.folder, "chdbserver") }

// start begins the process. It outlives the test that needs it first.
func (s *Server) start() error {
	s.process = exec.CommandContext(context.Background(), s.binary(), "-path", filepath.Join(s.folder, "data"), "-addr", s.addr) //nolint:gosec // the path is ours
	s.process.Env = append(os.Environ(), "CHDB_LIB_PATH="+s.library, "TMPDIR="+s.folder)
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

// Addr is the same after each start.
func (s *Server) Addr() string { return s.addr }

// Kill ends the process at once, in the middle of whatever it does, and starts another one
// with its data, on its address.
func (s *Server) Kill() error {
	s.kill()
	return s.start()
}

func (s *Server) kill() {
	if s.process != nil && s.process.Process != nil {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
	}
}

func (s *Server) stop() {
	s.kill()
	_ = os.RemoveAll(s.folder)
}

// repository finds the folder of the repository, in which the tests run.
func repository() (string, error) {
	at, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(at, "scripts", "chdb.sh")); err == nil {
			return at, nil
		}
		if filepath.Dir(at) == at {
			return "", errNoLibrary
		}
		at = filepath.Dir(at)
	}
}

// library finds libchdb.so. Its folder has the version in its name.
func library(root string) (string, error) {
	found, err := filepath.Glob(filepath.Join(root, ".cache", "chdb@*", "libchdb.so"))
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", errNoLibrary
	}
	return found[0], nil
}
