package doctor

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// The permissions of all users.
const (
	othersRead  fs.FileMode = 0o004
	othersWrite fs.FileMode = 0o002
)

// othersMay reports whether every user has a permission, and can reach the file. It is
// false for what is not there, and on Windows, whose permissions are others.
func othersMay(name string, what fs.FileMode) bool {
	const enter fs.FileMode = 0o001
	absolute, err := filepath.Abs(name)
	if err != nil || runtime.GOOS == "windows" || !allowed(absolute, what) {
		return false
	}
	for dir := filepath.Dir(absolute); ; dir = filepath.Dir(dir) {
		if !allowed(dir, enter) {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
	}
}

// allowed reports whether every user has a permission for a file or folder.
func allowed(name string, what fs.FileMode) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode()&what != 0
}
