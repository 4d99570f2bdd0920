package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/statefile"
)

const (
	stateMost  = 64 << 20         // bytes of a file of the state
	retryWrite = 10 * time.Second // after a failed write
)

// A journal writes the files of the state, each time that what they hold changes.
// Alertmanager itself writes its state each 15 minutes and at a clean stop only: a
// process that is killed would forget silences and repeat notifications.
type journal struct {
	dir      string // empty: nothing is written
	report   func(error)
	failures *atomic.Uint64
	wake     chan struct{}
	stop     chan struct{}
	running  sync.WaitGroup
	files    []*stateFile

	broken atomic.Pointer[string] // why the last write failed
}

// A stateFile is one file of the state. Its fields belong to the journal's goroutine,
// but for dirty.
type stateFile struct {
	name    string
	encode  func(io.Writer) error
	dirty   atomic.Bool
	written []byte
	failed  bool
}

func openJournal(dir string, report func(error), failures *atomic.Uint64) (*journal, error) {
	j := &journal{dir: dir, report: report, failures: failures, wake: make(chan struct{}, 1), stop: make(chan struct{})}
	if dir == "" {
		return j, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	// What a process that was killed did not finish.
	unfinished, err := filepath.Glob(filepath.Join(dir, "*"+statefile.Unfinished+"*"))
	for _, path := range unfinished {
		err = errors.Join(err, os.Remove(path))
	}
	return j, err
}

// add returns the function that tells of a change. It never blocks: it is called under
// the locks of what encode reads.
func (j *journal) add(name string, encode func(io.Writer) error) (changed func()) {
	f := &stateFile{name: name, encode: encode}
	j.files = append(j.files, f)
	return func() {
		f.dirty.Store(true)
		select {
		case j.wake <- struct{}{}:
		default:
		}
	}
}

// load gives a file to decode. A file that decode refuses is moved aside and reported;
// one that cannot be read is an error.
func (j *journal) load(name string, decode func([]byte) error) error {
	if j.dir == "" {
		return nil
	}
	path := filepath.Join(j.dir, name)
	f, err := os.Open(path) //nolint:gosec // in the folder that the operator named
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	content, err := io.ReadAll(io.LimitReader(f, stateMost+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if len(content) > stateMost {
		err = fmt.Errorf("it is longer than %d bytes", stateMost)
	} else {
		err = decode(content)
	}
	if err == nil {
		return nil
	}
	aside := path + ".broken-" + time.Now().UTC().Format("20060102T150405.000Z")
	if moved := os.Rename(path, aside); moved != nil {
		return errors.Join(fmt.Errorf("%s is broken: %w", path, err), moved)
	}
	j.report(fmt.Errorf("%s is broken and was moved to %s: %w", path, aside, err))
	return nil
}

// run writes what changes until close, which writes what is left.
func (j *journal) run() {
	j.running.Go(func() {
		retry := time.NewTimer(0)
		defer retry.Stop()
		for {
			select {
			case <-j.stop:
				j.write()
				return
			case <-j.wake:
			case <-retry.C:
			}
			if !j.write() {
				retry.Reset(retryWrite)
			}
		}
	})
}

func (j *journal) close(ctx context.Context) error {
	close(j.stop)
	return waitFor(ctx, &j.running)
}

func (j *journal) write() bool {
	if j.dir == "" {
		return true
	}
	var failed error
	for _, f := range j.files {
		if !f.dirty.Swap(false) {
			continue
		}
		err := f.write(j.dir)
		if err != nil {
			failed = err
			f.dirty.Store(true)
			j.failures.Add(1)
			if !f.failed {
				j.report(fmt.Errorf("write the state of the notifications, %s: %w", f.name, err))
			}
		}
		f.failed = err != nil
	}
	if failed == nil {
		j.broken.Store(nil)
		return true
	}
	why := failed.Error()
	j.broken.Store(&why)
	return false
}

// write replaces the file as a whole: whoever reads it sees the old or the new state.
func (f *stateFile) write(dir string) error {
	var b bytes.Buffer
	if err := f.encode(&b); err != nil {
		return err
	}
	if f.written != nil && bytes.Equal(f.written, b.Bytes()) {
		return nil
	}
	if err := statefile.Replace(filepath.Join(dir, f.name), b.Bytes()); err != nil {
		return err
	}
	f.written = b.Bytes()
	return nil
}

// waitFor waits for wg until ctx ends.
func waitFor(ctx context.Context, wg *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
