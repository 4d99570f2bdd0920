package tokenfile

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, name, text string, when time.Time) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, when, when); err != nil {
		t.Fatal(err)
	}
}

// admits reports whether a token is one of those of the file. It is read at once.
func (f *File) admits(token string) bool {
	f.mu.Lock()
	f.looked = time.Time{}
	f.mu.Unlock()
	header := http.Header{"Authorization": {"Bearer " + token}}
	for _, one := range f.Tokens() {
		if one.Matches(header.Values("Authorization")) {
			return true
		}
	}
	return false
}

// TestRotation: a token that is added is valid, one that is removed is not any more; a
// change that cannot be read, or a file that is gone, changes nothing and is told once.
func TestRotation(t *testing.T) {
	name := filepath.Join(t.TempDir(), "tokens")
	at := time.Now().Add(-time.Hour)
	next := func(text string) {
		at = at.Add(time.Minute)
		write(t, name, text, at)
	}
	next("# members\n\nthe-first-token-of-all\n")
	var told []string
	f, err := Open(name, func(err error) { told = append(told, err.Error()) })
	if err != nil {
		t.Fatal(err)
	}
	if !f.admits("the-first-token-of-all") || f.admits("# members") || f.admits("") {
		t.Error("the first token is not valid, or something else is")
	}
	next("the-first-token-of-all\nthe-second-token-of-all\n")
	if !f.admits("the-first-token-of-all") || !f.admits("the-second-token-of-all") {
		t.Error("while both are there, one is not valid")
	}
	next("the-second-token-of-all\r\n")
	if f.admits("the-first-token-of-all") || !f.admits("the-second-token-of-all") {
		t.Error("the one that was removed is valid, or the other is not")
	}
	next("two words on one line\n")
	for range 3 {
		if !f.admits("the-second-token-of-all") {
			t.Error("a mistake in the file takes all tokens away")
		}
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if !f.admits("the-second-token-of-all") {
			t.Error("a file that is gone takes all tokens away")
		}
	}
	if len(told) != 2 || !strings.Contains(told[0], "line 1 must be letters") || !strings.Contains(told[1], "does not exist") || strings.Contains(strings.Join(told, ""), "two words") {
		t.Errorf("told was %q", told)
	}
}

// TestErrors: they name the file and the line, and never a token.
func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "has no token",
		"# none\n":                "has no token",
		"a-token-of-someone\nb c": "line 2 must be letters",
		"short":                   "line 1 has fewer than 16 characters; openssl rand -hex 32 makes a token",
		strings.Repeat("the-token-of-a-member\n", maxTokens+1): "more than 256 tokens",
		strings.Repeat("x", maxSize+1):                         "longer than",
	} {
		name := filepath.Join(t.TempDir(), "tokens")
		write(t, name, text, time.Now())
		_, err := Open(name, nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "a-token-of") {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none"), nil); err == nil || !strings.Contains(err.Error(), "does not exist: make one with openssl rand -hex 32") {
		t.Errorf("%v", err)
	}
}
