package settingfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	const most = 64 << 10
	dir := t.TempDir()
	write := func(name string, size int) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.Repeat("x", size)), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	longest := write("longest", most)
	if content, err := Read(longest, most); err != nil || len(content) != most {
		t.Errorf("the longest file: %d bytes, %v", len(content), err)
	}
	if content, err := Read(write("empty", 0), most); err != nil || len(content) != 0 {
		t.Errorf("an empty file: %q, %v", content, err)
	}
	// As Kubernetes mounts a secret.
	link := filepath.Join(dir, "link")
	if err := os.Symlink(longest, link); err != nil {
		t.Logf("no symbolic links here: %v", err)
	} else if content, err := Read(link, most); err != nil || len(content) != most {
		t.Errorf("a link: %d bytes, %v", len(content), err)
	}
	for name, tt := range map[string]struct {
		path string
		want error // nil: any
	}{
		"too long": {write("long", most+1), nil},
		"absent":   {filepath.Join(dir, "absent"), fs.ErrNotExist},
		"folder":   {dir, errNotRegular},
		"device":   {os.DevNull, errNotRegular},
	} {
		content, err := Read(tt.path, most)
		path, ok := errors.AsType[*fs.PathError](err)
		if content != nil || !ok || path.Path != tt.path || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s: %d bytes, %v", name, len(content), err)
		}
	}
}
