//go:build unix

package settingfile

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A pipe that nobody writes to.
func TestPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	read := make(chan error, 1)
	go func() {
		_, err := Read(pipe, 1)
		read <- err
	}()
	select {
	case err := <-read:
		if !errors.Is(err, errNotRegular) {
			t.Errorf("Read: %v, want errNotRegular", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Read waits for somebody to write")
	}
}
