package instrument

import (
	"maps"
	"sync"
	"sync/atomic"
)

// A nameSet has what is kept of each value of a label that the bot registers.
type nameSet[T any] struct {
	made  func(name string) T
	mu    sync.Mutex
	names atomic.Pointer[map[string]T] // replaced, never changed
}

func newNameSet[T any](made func(name string) T) *nameSet[T] {
	s := &nameSet[T]{made: made}
	s.names.Store(&map[string]T{})
	return s
}

// add adds names, and returns how many there are with them. If there are more than
// limit, none is added.
func (s *nameSet[T]) add(names []string, limit int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := maps.Clone(*s.names.Load())
	for _, name := range names {
		if _, there := next[name]; !there {
			next[name] = s.made(name)
		}
	}
	if len(next) <= limit {
		s.names.Store(&next)
	}
	return len(next)
}
