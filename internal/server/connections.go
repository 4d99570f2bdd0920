package server

import (
	"context"
	"net"
	"net/http"
	"sync"
)

const (
	// mostConnections is what the server holds where the process may have many
	// files open, and fewestConnections where it may not.
	mostConnections   = 128
	fewestConnections = 8
	// fileShare is the part of the process' files that the server takes: a bot
	// without a file left can neither reach Discord nor its database.
	fileShare = 4
	// freeShare of the connections is for who comes next.
	freeShare = 16
	// waitingShare of them, in quarters, may be without a request before those are
	// the first to be closed.
	waitingShare = 3
)

// connections keeps some of the server's connections free: whoever can reach
// the port could hold all of them for next to nothing, /healthz would not be
// answered any more, and an orchestrator would restart a bot that is well.
type connections struct {
	limit int // held at a time
	most  int // open at a time before one is closed

	mu      sync.Mutex
	changes uint64
	open    map[net.Conn]connection
}

// A connection is where one is, and since which change of all.
type connection struct {
	phase  phase
	change uint64
}

type phase int

const (
	waiting phase = iota // for a request that is complete, or for any at all
	idle                 // after one
	serving
	phases
)

// newConnections takes the number of files that the process may have open, 0 if
// it is not known.
func newConnections(files uint64) *connections {
	limit := mostConnections
	if files > 0 && files/fileShare < mostConnections {
		limit = max(int(files/fileShare), fewestConnections)
	}
	return &connections{limit: limit, most: limit - max(limit/freeShare, 1), open: make(map[net.Conn]connection)}
}

// changed is http.Server's ConnState.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateClosed, http.StateHijacked:
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.open, conn)
	case http.StateIdle:
		c.enter(conn, idle)
	default: // new, or a byte of a request was read
		c.enter(conn, waiting)
	}
}

type connectionKey struct{}

// context is http.Server's ConnContext.
func (c *connections) context(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, conn)
}

// requests marks connections as serving once their request is complete.
func (c *connections) requests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, ok := r.Context().Value(connectionKey{}).(net.Conn); ok {
			c.enter(conn, serving)
		}
		next.ServeHTTP(w, r)
	})
}

// enter notes a connection's phase. Beyond the limit it closes another one.
func (c *connections) enter(conn net.Conn, p phase) {
	if victim := c.note(conn, p); victim != nil {
		_ = victim.Close() // its goroutine finds out
	}
}

// note chooses a victim: the oldest of those without a request if they are most
// of all, then the one that is idle for longest, then the oldest one without a
// request. Only when all others are serving is it the one that does so for
// longest: a probe must be answered then too, and takes no time itself.
func (c *connections) note(conn net.Conn, p phase) (victim net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.open[conn]; !known && p == serving {
		return nil // it was closed a moment ago
	}
	c.changes++
	c.open[conn] = connection{p, c.changes}
	if len(c.open) <= c.most {
		return nil
	}
	var oldest [phases]net.Conn
	var count [phases]int
	for other, at := range c.open {
		count[at.phase]++
		if other == conn {
			continue
		}
		if o := oldest[at.phase]; o == nil || at.change < c.open[o].change {
			oldest[at.phase] = other
		}
	}
	order := []phase{idle, waiting, serving}
	if 4*count[waiting] > waitingShare*c.most {
		order = []phase{waiting, idle, serving}
	}
	for _, p := range order {
		if victim = oldest[p]; victim != nil {
			delete(c.open, victim)
			return victim
		}
	}
	return nil
}
