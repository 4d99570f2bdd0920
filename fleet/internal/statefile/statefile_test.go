package statefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReplace: the content is replaced, and nothing else is left in the folder, also where
// it cannot be.
func TestReplace(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "state.json")
	for _, content := range []string{"first", "second"} {
		if err := Replace(name, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || string(got) != content {
			t.Errorf("it has %q, %v", got, err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if Replace(filepath.Join(dir, "folder"), []byte("third")) == nil || Replace(filepath.Join(dir, "none", "x"), nil) == nil {
		t.Error("a folder is replaced by a file, or there is a file in a folder that is not there")
	}
	first, again := Replace(filepath.Join(dir, "folder"), nil), Replace(filepath.Join(dir, "folder"), nil)
	if first.Error() != again.Error() || !strings.Contains(first.Error(), filepath.Join(dir, "folder")) {
		t.Errorf("the same fault has the texts %q and %q", first, again)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("in the folder are %v, %v", entries, err)
	}
}

// TestCreate: a new file is its owner's alone, and one that is there is left alone.
func TestCreate(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "token")
	if err := Create(name, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := Create(name, []byte("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("another file with the name: %v", err)
	}
	info, err := os.Stat(name)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if got, err := os.ReadFile(name); err != nil || string(got) != "first" {
		t.Errorf("it has %q, %v", got, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("in the folder are %v, %v", entries, err)
	}
}
