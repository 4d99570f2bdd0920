package e2e

import (
	"os"
	"path/filepath"
	"testing"
)

// TestLogDir: what an earlier run of a test has left is not read as its own, and what the test itself has written is not taken away.
func TestLogDir(t *testing.T) {
	left := filepath.Join(toolSet(t).Root(), ".cache", "e2e", "logs", "TestLogDir", "former.log")
	if err := os.MkdirAll(filepath.Dir(left), 0o750); err != nil {
		t.Fatal(err)
	}
	write(t, left, []byte("of a run that failed"))
	own := filepath.Join(logDir(t), "own.log")
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("what an earlier run left is still there: %v", err)
	}
	write(t, own, []byte("of this run"))
	if again := filepath.Join(logDir(t), "own.log"); again != own {
		t.Errorf("the folder is %s and then %s", own, again)
	}
	if _, err := os.Stat(own); err != nil {
		t.Errorf("a second process of the test takes the log of the first away: %v", err)
	}
}

// TestFreeAddr: two roles never get one address.
func TestFreeAddr(t *testing.T) {
	given := map[string]bool{}
	for range 1000 {
		addr := freeAddr(t)
		if given[addr] {
			t.Fatalf("%s was given twice", addr)
		}
		given[addr] = true
	}
}
