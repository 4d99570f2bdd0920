package main

import (
	"errors"
	"fmt"
	"log"
	"sync"

	"github.com/bwmarrin/discordgo"
)

// A manager makes the sessions of this process, opens them, and replaces one by a new one: what libraries for many shards do,
// each in its own way.
type manager struct {
	// make makes the session of a shard, with its handlers, and does not open it.
	make func(shard int) (*discordgo.Session, error)
	// attach is given each new session before it is opened. What it returns is called when the session is done with.
	attach func(s ...*discordgo.Session) (detach func(), err error)

	mu     sync.Mutex
	shards map[int]managed
}

type managed struct {
	session *discordgo.Session
	detach  func()
}

// open makes and opens the session of a shard. One that the shard had is closed first: Discord would let both run, and
// every event would be answered twice.
func (m *manager) open(shard int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if former, ok := m.shards[shard]; ok {
		delete(m.shards, shard)
		if err := former.close(); err != nil {
			log.Printf("closing shard %d: %v", shard, err)
		}
	}
	session, err := m.make(shard)
	if err != nil {
		return err
	}
	detach, err := m.attach(session)
	if err != nil {
		return err
	}
	if err := session.Open(); err != nil {
		detach()
		return fmt.Errorf("connecting shard %d to Discord: %w", shard, err)
	}
	if m.shards == nil {
		m.shards = make(map[int]managed)
	}
	m.shards[shard] = managed{session, detach}
	return nil
}

// close closes all sessions.
func (m *manager) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var errs []error
	for shard, s := range m.shards {
		delete(m.shards, shard)
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}

// close ends the session, and then its metrics, so that its end is counted.
func (s managed) close() error {
	err := s.session.Close()
	s.detach()
	return err
}
