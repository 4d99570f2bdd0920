package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

const (
	sessionAge   = 12 * time.Hour
	mostSessions = 256
)

// sessions are the browsers in which somebody has entered the token, by the hash of
// their id: a comparison of hashes reveals nothing about an id.
type sessions struct {
	mu   sync.Mutex
	open map[[sha256.Size]byte]*session
}

type session struct {
	token  [sha256.Size]byte // the hash of the one that it was begun with
	ends   time.Time
	ctx    context.Context //nolint:containedctx // ends with the session, and the requests of it
	cancel context.CancelFunc
}

// begin starts a session with a token and returns its id.
func (s *sessions) begin(token *Token, now time.Time) (id string) {
	id = rand.Text()
	added := &session{token: token.want, ends: now.Add(sessionAge)}
	added.ctx, added.cancel = context.WithCancel(context.Background())
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[[sha256.Size]byte]*session{}
	}
	var oldest [sha256.Size]byte
	for hash, other := range s.open {
		if !now.Before(other.ends) {
			s.endLocked(hash)
		} else if o := s.open[oldest]; o == nil || other.ends.Before(o.ends) {
			oldest = hash
		}
	}
	if len(s.open) >= mostSessions {
		s.endLocked(oldest)
	}
	s.open[sha256.Sum256([]byte(id))] = added
	return id
}

// find returns a session that is open, or nil.
func (s *sessions) find(id string, now time.Time) *session {
	hash := sha256.Sum256([]byte(id))
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.open[hash]
	if found != nil && !now.Before(found.ends) {
		s.endLocked(hash)
		return nil
	}
	return found
}

// end ends a session, with its requests.
func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endLocked(sha256.Sum256([]byte(id)))
}

func (s *sessions) endLocked(hash [sha256.Size]byte) {
	if found := s.open[hash]; found != nil {
		found.cancel()
		delete(s.open, hash)
	}
}
