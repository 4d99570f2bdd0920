// Package settingfile reads the files that a setting names, such as tokens and
// certificates. What the operator wrote there by mistake neither holds the
// program up, as a named pipe would, nor takes its memory, as a device would.
package settingfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

var errNotRegular = errors.New("it is not a regular file")

// Read returns what is in a regular file, or one that a symbolic link leads to,
// of most bytes at most. Its errors are a *fs.PathError.
func Read(name string, most int64) ([]byte, error) {
	fail := func(err error) ([]byte, error) { return nil, &fs.PathError{Op: "read", Path: name, Err: err} }
	// Before it is opened: to open a pipe waits for somebody to write to it.
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return fail(errNotRegular)
	}
	f, err := os.Open(name) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(content)) > most {
		return fail(fmt.Errorf("it is longer than %d bytes", most))
	}
	return content, nil
}
