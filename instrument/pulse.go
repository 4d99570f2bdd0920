package instrument

import (
	"sync"
	"time"
)

const (
	// pulseEvery is how often a pulse beats.
	pulseEvery = time.Second
	// pulseLost is how long a pulse may be away. Beyond that the process, or the
	// machine, stood still.
	pulseLost = 3 * time.Second
)

// A pulse tells how long the process stood still while something was awaited: a
// SIGSTOP, a paused machine, a debugger. What comes in meanwhile waits in the
// socket, so that its time of arrival says nothing of who was late.
//
// It beats only while its needed says so, and so hardly ever: most answers come
// within the first second.
type pulse struct {
	needed func() bool

	mu    sync.Mutex
	timer *time.Timer
	beats bool
	asked bool  // started since the last beat
	last  int64 // the last beat, by clock
	lost  int64 // how long it was away, in all
}

// start begins to watch, where it does not yet, and returns what was lost by
// then.
func (p *pulse) start(now int64) (lost int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.catchUp(now)
	p.asked = true
	if !p.beats {
		p.beats, p.last = true, now
		if p.timer == nil {
			p.timer = time.AfterFunc(pulseEvery, func() { p.beat(clock()) })
		} else {
			p.timer.Reset(pulseEvery)
		}
	}
	return p.lost
}

// lostBy returns for how long the process has stood still while this watched.
func (p *pulse) lostBy(now int64) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.catchUp(now)
	return p.lost
}

func (p *pulse) beat(now int64) {
	p.mu.Lock()
	p.catchUp(now)
	p.asked = false
	p.mu.Unlock()
	needed := p.needed() // which has locks that are held around start

	p.mu.Lock()
	defer p.mu.Unlock()
	if p.beats = needed || p.asked; p.beats {
		p.timer.Reset(pulseEvery)
	}
}

func (p *pulse) catchUp(now int64) {
	if !p.beats {
		return
	}
	if away := now - p.last; away > int64(pulseLost) {
		p.lost += away
	}
	p.last = now
}
