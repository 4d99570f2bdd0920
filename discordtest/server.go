package discordtest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// ErrClosed is returned by methods of a closed server.
var ErrClosed = errors.New("discordtest: the server is closed")

// A Server is a fake Discord on its own port. Its methods are safe for concurrent
// use.
type Server struct {
	cfg      config
	endpoint *endpoint
	http     *http.Server
	world    *world
	rest     *rest
	voice    voiceServer
	ids      atomic.Int64
	up       websocket.Upgrader

	closing chan struct{} // closed by Close
	once    sync.Once
	wg      sync.WaitGroup // Serve, every request, and every goroutine of a connection

	mu           sync.Mutex
	closed       bool
	changed      chan struct{} // closed and replaced when waiters should check again
	behavior     Behavior
	behaviorFunc func() Behavior        // replaces behavior if not nil
	conns        []*Conn                // open connections, in order of arrival
	sessions     map[string]*session    // resumable, by id
	botBehavior  map[string]*Behavior   // by token
	current      map[botShard]*session  // the newest session of each shard
	identifies   map[botShard]time.Time // last accepted IDENTIFY, by rate_limit_key
	remaining    int                    // of the session start limit
	resetAt      time.Time
}

// NewServer starts a server on 127.0.0.1, on a port that the system chooses. The
// error joins all invalid options.
func NewServer(opts ...Option) (*Server, error) {
	cfg := defaultConfig()
	for _, o := range opts {
		if o != nil {
			o.apply(&cfg)
		}
	}
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg:         cfg,
		world:       newWorld(cfg.guilds, cfg.members),
		closing:     make(chan struct{}),
		changed:     make(chan struct{}),
		sessions:    map[string]*session{},
		current:     map[botShard]*session{},
		identifies:  map[botShard]time.Time{},
		botBehavior: map[string]*Behavior{},
		remaining:   cfg.sessionRemaining,
		resetAt:     time.Now().Add(cfg.sessionReset),
	}
	s.rest = newREST(s)
	s.up = websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}

	tc, roots, err := serverTLS(&cfg)
	if err != nil {
		return nil, err
	}
	ln, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("discordtest: listening on the loopback interface: %w", err)
	}
	if err := s.listenVoice(tc); err != nil {
		_ = ln.Close()
		return nil, err
	}
	s.endpoint = newEndpoint(ln.Addr().String(), cfg.token, cfg.tls, roots)
	if cfg.tls {
		ln = tls.NewListener(ln, tc)
	}
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // tests check refused handshakes themselves
	}
	s.wg.Go(func() { _ = s.http.Serve(ln) })
	s.runVoice()
	return s, nil
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		s.date(w.Header())
		http.Error(w, "closing", http.StatusServiceUnavailable)
		return
	}
	defer s.wg.Done()
	if websocket.IsWebSocketUpgrade(r) {
		s.serveGateway(w, r)
		return
	}
	s.rest.ServeHTTP(w, r)
}

// enter adds one to the server's goroutines and returns true, or false if it is
// closing. The caller calls s.wg.Done.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.wg.Add(1)
	return true
}

// run runs f in a goroutine that Close waits for.
func (s *Server) run(f func()) {
	if !s.enter() {
		return
	}
	go func() {
		defer s.wg.Done()
		f()
	}()
}

// sleep waits for d or until the server closes.
func (s *Server) sleep(d time.Duration) bool {
	if d <= 0 {
		select {
		case <-s.closing:
			return false
		default:
			return true
		}
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.closing:
		return false
	}
}

// Close closes every connection and waits for the server's goroutines. It may be
// called more than once and returns nil.
func (s *Server) Close() error {
	s.once.Do(func() {
		s.mu.Lock()
		s.closed = true
		conns := append([]*Conn(nil), s.conns...)
		s.notifyLocked()
		s.mu.Unlock()
		close(s.closing)

		for _, c := range conns {
			c.shutdown()
		}
		_ = s.http.Close()
		s.closeVoice()
		s.endpoint.closeIdleConnections()
	})
	s.wg.Wait()
	return nil
}

// URL returns the base URL of the REST API without a path, such as
// http://127.0.0.1:40001. Routes are below /api/v9 or any other version.
func (s *Server) URL() string { return s.endpoint.scheme("http") + "://" + s.endpoint.addr }

// GatewayURL returns the URL in the answer to GET /gateway, such as
// ws://127.0.0.1:40001.
func (s *Server) GatewayURL() string { return s.endpoint.scheme("ws") + "://" + s.endpoint.addr }

// Addr returns host and port.
func (s *Server) Addr() string { return s.endpoint.addr }

// CertPool returns the roots that verify the server's certificate, or nil without
// TLS.
func (s *Server) CertPool() *x509.CertPool {
	if !s.cfg.tls {
		return nil
	}
	return s.endpoint.pool
}

// Token returns the bot token of sessions from [Server.NewSession], without the
// prefix "Bot ".
func (s *Server) Token() string { return s.cfg.token }

// Now returns the time of the server's clock. It is this machine's time, shifted by
// [WithClockOffset].
func (s *Server) Now() time.Time { return time.Now().Add(s.cfg.clockOffset) }

// date sets the header Date to the server's time. Otherwise net/http sets this
// machine's.
func (s *Server) date(h http.Header) {
	if h.Get("Date") == "" {
		h.Set("Date", s.Now().UTC().Format(http.TimeFormat))
	}
}

// passEdge adds the headers of Discord's edge, which distinguish an answer from a
// proxy's own. A handler may remove them.
func passEdge(h http.Header) {
	h.Set("Server", "cloudflare")
	h.Set("CF-Ray", "8f1e3c5b7a9d2460-FRA")
	h.Set("Via", "1.1 google")
}

// NewID returns a new snowflake with the creation time t. Ids are unique within a
// server.
func (s *Server) NewID(t time.Time) string {
	return strconv.FormatInt(snowflake(t)|s.ids.Add(1)&snowflakeLow, 10)
}

// notifyLocked wakes all waiters. s.mu is held.
func (s *Server) notifyLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Server) notify() {
	s.mu.Lock()
	s.notifyLocked()
	s.mu.Unlock()
}

// wait calls ok until it returns true. ok is called without s.mu and may lock it.
func (s *Server) wait(ctx context.Context, what string, ok func() bool) error {
	for {
		s.mu.Lock()
		changed, closed := s.changed, s.closed
		s.mu.Unlock()
		if ok() {
			return nil
		}
		if closed {
			return ErrClosed
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("discordtest: waiting for %s: %w", what, ctx.Err())
		}
	}
}

// waitWhile is wait for a condition of a connection: it returns gone when the
// connection ends.
func (s *Server) waitWhile(ctx context.Context, done <-chan struct{}, gone error, what string, ok func() bool) error {
	var ended bool
	err := s.wait(ctx, what, func() bool {
		select {
		case <-done:
			ended = true
		default:
		}
		return ok() || ended
	})
	if err == nil && ended && !ok() {
		return fmt.Errorf("waiting for %s: %w", what, gone)
	}
	return err
}

// Conns returns the open gateway connections, in order of arrival.
func (s *Server) Conns() []*Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	var open []*Conn
	for _, c := range s.conns {
		if !c.closed.Load() {
			open = append(open, c)
		}
	}
	return open
}

// WaitConn waits for the newest open connection of a shard, of any bot, on which
// READY or RESUMED was sent, and returns it.
func (s *Server) WaitConn(ctx context.Context, shard int) (*Conn, error) {
	return s.waitConn(ctx, shard, anyBot)
}

// Dispatch sends an event to the newest session of a shard. Unlike [Conn.Dispatch]
// it also works between two connections: the event is kept, and replayed when the
// session resumes. If the shard has no session, that is an error. An event that the
// session's intents exclude is not sent.
func (s *Server) Dispatch(shard int, eventType string, data any) error {
	_, err := s.dispatch(botShard{"", shard}, eventType, data)
	return err
}
