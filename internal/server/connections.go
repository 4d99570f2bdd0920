package server

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

const (
	// mostConnections is the connection limit if the process may open many files, and
	// fewestConnections the lowest limit.
	mostConnections   = 128
	fewestConnections = 8
	// fileShare divides the process' file limit; the quotient is the connection limit.
	// A bot that cannot open files can reach neither Discord nor its database.
	fileShare = 4
	// freeShare divides the connection limit; the quotient is kept free for new ones.
	freeShare = 16
	// waitingShare, in quarters, is the share of connections without a complete
	// request above which these are closed first.
	waitingShare = 3
)

// connections keeps some of the server's connections free. Otherwise any client
// could hold all of them at little cost, /healthz would time out, and an
// orchestrator would restart a healthy bot.
type connections struct {
	limit int // of connections that are held
	most  int // of connections that are open before one is closed

	mu      sync.Mutex
	changes uint64
	open    map[net.Conn]connection
}

// A connection has its phase, and the number of the change that led to it.
type connection struct {
	phase  phase
	change uint64
}

type phase int

const (
	waiting phase = iota // for a complete request, or for any request
	idle                 // after a request
	serving
	phases
)

// newConnections takes the process' limit of open files, or 0 if it is unknown.
func newConnections(files uint64) *connections {
	limit := mostConnections
	if files > 0 && files/fileShare < mostConnections {
		limit = max(int(files/fileShare), fewestConnections)
	}
	return &connections{limit: limit, most: limit - max(limit/freeShare, 1), open: make(map[net.Conn]connection)}
}

// changed implements http.Server's ConnState.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateClosed, http.StateHijacked:
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.open, conn)
	case http.StateIdle:
		c.enter(conn, idle)
	default: // new, or the first byte of a request was read
		c.enter(conn, waiting)
	}
}

type connectionKey struct{}

// context implements http.Server's ConnContext.
func (c *connections) context(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, conn)
}

// requests marks a connection as serving once its request is complete.
func (c *connections) requests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, ok := r.Context().Value(connectionKey{}).(net.Conn); ok {
			c.enter(conn, serving)
		}
		next.ServeHTTP(w, r)
	})
}

// enter records a connection's phase. Above the limit it closes another connection.
func (c *connections) enter(conn net.Conn, p phase) {
	victim := c.note(conn, p)
	if secure, is := victim.(*tls.Conn); is {
		victim = secure.NetConn() // Close of a tls.Conn waits up to 5 s for the client
	}
	if victim != nil {
		_ = victim.Close() // its goroutine notices
	}
}

// note chooses the connection to close: first the one that has been idle longest,
// then the oldest one without a complete request; the other way round if those
// without a request exceed waitingShare. If all others are serving, it is the one
// that has served longest: a probe must be answered even then, and is quick.
func (c *connections) note(conn net.Conn, p phase) (victim net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.open[conn]; !known && p == serving {
		return nil // it was just closed
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
