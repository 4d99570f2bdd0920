// Package statefile replaces files of a fleet's state.
package statefile

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

// Unfinished is in the names of files that a process which was killed could not finish,
// after the name of the file.
const Unfinished = ".tmp-"

// Replace puts content in place of a file, as a whole: after a crash or a power cut there
// is the old content or the new one.
func Replace(name string, content []byte) error {
	dir := filepath.Dir(name)
	f, err := os.CreateTemp(dir, filepath.Base(name)+Unfinished+"*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(dir)
}

// syncDir makes a rename survive a power cut. Windows does not sync folders.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir) //nolint:gosec // the folder that the operator named
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
