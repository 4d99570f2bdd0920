// Package tokenfile reads tokens from files that may change while the fleet runs.
package tokenfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/argus-dgo/argus/internal/access"
	"github.com/argus-dgo/argus/internal/settingfile"
)

const (
	maxSize   = 64 << 10
	maxTokens = 256
	// every is how often the file is looked at.
	every = 5 * time.Second
	// least is the length of a token below which it can be guessed.
	least = 16
)

// A File has one token a line. Empty lines and those that begin with # are left out. It is
// safe for concurrent use.
type File struct {
	name   string
	report func(error)

	mu     sync.Mutex
	tokens []*access.Token
	looked time.Time
	stamp  stamp
}

// stamp tells whether a file has changed.
type stamp struct {
	size int64
	time time.Time
}

// Open reads a file. report takes the error of a change that cannot be read; the tokens
// from before stay then.
func Open(name string, report func(error)) (*File, error) {
	f := &File{name: name, report: report, looked: time.Now()}
	if info, err := os.Stat(name); err == nil {
		f.stamp = stamp{info.Size(), info.ModTime()}
	}
	var err error
	f.tokens, err = read(name)
	return f, err
}

// Tokens returns the tokens at present.
func (f *File) Tokens() []*access.Token {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); now.Sub(f.looked) >= every {
		f.looked = now
		f.look()
	}
	return f.tokens
}

func (f *File) look() {
	info, err := os.Stat(f.name)
	now := stamp{}
	if err == nil {
		if now = (stamp{info.Size(), info.ModTime()}); now == f.stamp {
			return
		}
	} else if f.stamp == now {
		return // it is gone, which was told already
	}
	f.stamp = now
	tokens, err := read(f.name)
	if err != nil {
		f.report(fmt.Errorf("%w; the tokens from before stay valid", err))
		return
	}
	f.tokens = tokens
}

// First returns the first token of a file, for a client.
func First(name string) (string, error) {
	tokens, err := List(name)
	if err != nil {
		return "", err
	}
	return tokens[0], nil
}

// read reads the tokens of a file.
func read(name string) ([]*access.Token, error) {
	texts, err := List(name)
	if err != nil {
		return nil, err
	}
	tokens := make([]*access.Token, len(texts))
	for i, text := range texts {
		tokens[i] = access.NewToken(text)
	}
	return tokens, nil
}

// List reads the tokens of a file, at least one. Its errors contain none of them.
func List(name string) ([]string, error) {
	text, err := settingfile.Read(name, maxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the token file %s does not exist: make one with openssl rand -hex 32", name)
	}
	if err != nil {
		return nil, fmt.Errorf("the token file: %w", err)
	}
	var tokens []string
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := access.CheckToken(line); err != nil {
			return nil, fmt.Errorf("the token file %s: line %d %w", name, n, err)
		}
		if len(line) < least {
			return nil, fmt.Errorf("the token file %s: line %d has fewer than %d characters; openssl rand -hex 32 makes a token", name, n, least)
		}
		tokens = append(tokens, line)
	}
	switch {
	case len(tokens) == 0:
		return nil, fmt.Errorf("the token file %s has no token", name)
	case len(tokens) > maxTokens:
		return nil, fmt.Errorf("the token file %s has more than %d tokens", name, maxTokens)
	}
	return tokens, nil
}
