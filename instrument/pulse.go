package instrument

import (
	"sync"
	"time"
)

const (
	// pulseEvery is the interval of a pulse.
	pulseEvery = time.Second
	// pulseLost is the longest delay of a beat. If it is longer, the process or
	// the machine was paused.
	pulseLost = 3 * time.Second
)

// A pulse measures how long the process was paused while an answer was pending,
// by a SIGSTOP, a debugger or a pause of the machine. Meanwhile data waits in the
// socket, so that its time of arrival does not show who was late.
//
// It runs only while needed returns true, which is rare: most answers arrive
// within the first second.
type pulse struct {
	needed func() bool

	mu    sync.Mutex
	timer *time.Timer
	beats bool
	asked bool  // started since the last beat
	last  int64 // the last beat, by clock
	lost  int64 // the total time that the process was paused
}

// start starts the pulse if it does not run, and returns the time lost so far.
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

// lostBy returns how long the process has been paused while the pulse ran.
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
	needed := p.needed() // takes locks that are held around start

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
