package targets

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const newFileMode = 0o644 // Prometheus is another user

// replace puts content in place of the file's, in one step: whoever reads the file
// sees the former content or the new one. It does nothing when they are the same.
// An existing file keeps its mode; a link stays, and what it leads to is replaced.
func replace(path string, content []byte) (changed bool, err error) {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	mode := fs.FileMode(newFileMode)
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return false, err
	case !info.Mode().IsRegular():
		return false, fmt.Errorf("%s is not a regular file: use a file, or - for standard output", path)
	default:
		mode = info.Mode().Perm()
		former, err := os.ReadFile(path) //nolint:gosec // the operator names the file
		if err != nil {
			return false, err
		}
		if bytes.Equal(former, content) {
			return false, nil
		}
	}
	dir := filepath.Dir(path)
	// The name does not end in .json, or Prometheus would read this one too.
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return false, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return false, err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return false, err
	}
	return true, syncDir(dir)
}
