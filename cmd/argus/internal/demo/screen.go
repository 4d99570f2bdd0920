package demo

import (
	"io"
	"os"
	"sync"
)

// A screen is where the demo talks to a person: text that stays and, below it,
// on a terminal, one line that changes in place.
type screen struct {
	mu      sync.Mutex
	w       io.Writer
	inPlace bool
	line    string // what is shown in place now
}

func newScreen(w io.Writer) *screen { return &screen{w: w, inPlace: isTerminal(w)} }

// isTerminal takes a character device for one. A null device is taken for one
// too, which harms nobody.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

const (
	clearLine = "\r\x1b[2K"
	// A line that is longer than the terminal is wide is cut off, for a wrapped
	// one could not be replaced.
	wrapOff = "\x1b[?7l"
	wrapOn  = "\x1b[?7h"
)

// Write writes whole lines, above the one in place.
func (s *screen) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line == "" {
		return s.w.Write(text)
	}
	_, _ = io.WriteString(s.w, clearLine)
	n, err := s.w.Write(text)
	s.draw()
	return n, err
}

// status replaces the line in place, or writes one more where it cannot.
func (s *screen) status(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.inPlace {
		_, _ = io.WriteString(s.w, line+"\n")
		return
	}
	_, _ = io.WriteString(s.w, clearLine)
	s.line = line
	s.draw()
}

// keep ends the line in place: it stays.
func (s *screen) keep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line != "" {
		s.line = ""
		_, _ = io.WriteString(s.w, "\n")
	}
}

func (s *screen) draw() { _, _ = io.WriteString(s.w, wrapOff+s.line+wrapOn) }
