package prometheus

import (
	"net"
	"net/http"
	"sync"
)

// connections keeps some of the server's connections free: whoever can reach
// the port could hold all of them for next to nothing, /healthz would not be
// answered any more, and an orchestrator would restart a bot that is well.
type connections struct {
	most int // open at a time before one is closed

	mu      sync.Mutex
	changes uint64
	open    map[net.Conn]uint64 // the last change of its state
}

// changed is http.Server's hook. A new connection beyond the limit closes the
// one in which nothing has begun or ended for longest. That may be one with a
// request: a probe takes no time, so it is not its own.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	if victim := c.note(conn, state); victim != nil {
		_ = victim.Close() // its goroutine finds out
	}
}

func (c *connections) note(conn net.Conn, state http.ConnState) (victim net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state == http.StateClosed || state == http.StateHijacked {
		delete(c.open, conn)
		return nil
	}
	if c.open == nil {
		c.open = make(map[net.Conn]uint64)
	}
	c.changes++
	c.open[conn] = c.changes
	if len(c.open) <= c.most {
		return nil
	}
	oldest := c.changes
	for conn, change := range c.open {
		if change < oldest {
			victim, oldest = conn, change
		}
	}
	delete(c.open, victim)
	return victim
}
