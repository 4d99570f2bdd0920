// Package statefile writes files as a whole: a fleet's state, and its configuration.
package statefile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Unfinished is in the names of files that a process which was killed could not finish,
// after the name of the file.
const Unfinished = ".tmp-"

// Replace puts content in place of a file, as a whole: after a crash or a power cut there
// is the old content or the new one.
func Replace(name string, content []byte) error { return place(name, content, os.Rename) }

// Create writes a new file, as a whole, that only its owner can read. If there is a file
// with the name, that is left alone, and the error is fs.ErrExist.
func Create(name string, content []byte) error { return place(name, content, os.Link) }

// place writes content under another name, and has that moved or linked to the right one.
func place(name string, content []byte, move func(from, to string) error) error {
	dir := filepath.Dir(name)
	f, err := os.CreateTemp(dir, filepath.Base(name)+Unfinished+"*")
	if err != nil {
		return fmt.Errorf("%s: %w", name, cause(err))
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", name, cause(err)), os.Remove(f.Name()))
	}
	err = move(f.Name(), name)
	_ = os.Remove(f.Name()) // it is gone if it was renamed
	if err != nil {
		return fmt.Errorf("%s: %w", name, cause(err))
	}
	return syncDir(dir)
}

// cause is the system's own error: the name of the unfinished file is another one each
// time, and would make a new error of each.
func cause(err error) error {
	if path, is := errors.AsType[*os.PathError](err); is {
		return path.Err
	}
	if link, is := errors.AsType[*os.LinkError](err); is {
		return link.Err
	}
	return err
}

// syncDir makes a new name survive a power cut. Windows does not sync folders.
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
