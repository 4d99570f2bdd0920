package server

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/argus-dgo/argus/internal/access"
	"github.com/argus-dgo/argus/internal/limit"
)

// The server's own paths.
const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
	indexPath  = "/"
)

// The limits of the server; the package documentation explains them.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 8 << 10

	firstBindTimeout = time.Second // Start waits for it; resolving a name may take longer
	minBindDelay     = time.Second
	maxBindDelay     = time.Minute
)

// Config configures [New]. Addr and Pages are required.
type Config struct {
	// Addr is host:port. An empty host means all addresses, port 0 any free port.
	Addr string

	// Pages are served besides /healthz, /readyz and an index.
	Pages []Page

	// AuthToken guards the pages if it is not empty: clients must send
	// "Authorization: Bearer <token>". [access.CheckToken] defines its syntax. /healthz,
	// /readyz and the index need no token, since an orchestrator has none.
	AuthToken string

	// Rest serves all other paths, with all methods and without the token. nil means the
	// index at /, and 404 elsewhere.
	Rest http.Handler

	// Authorized reports whether a request has another token than AuthToken, for Rest.
	// Such requests are served under any name. nil means that there is none.
	Authorized func(*http.Request) bool

	// WebConfigFile is a web configuration file of exporter-toolkit, for TLS and basic
	// authentication of all paths, or empty. Changes of it and of its certificates
	// apply to the next connection or request.
	WebConfigFile string

	// AllowedHosts are further names that a browser may use for the server, such as
	// "bot.example.com", ".example.com" for all names below it, or "*" for any.
	// IP addresses, names of one label and names of private networks are always
	// allowed. Requests with the token, and those that are not from a browser, are
	// served under any name. [One] does not check names.
	AllowedHosts []string

	// Shards returns how many shards of this process are up, and how many are
	// assigned to it, for the body of /readyz. If Ready is nil, the process is ready
	// when all shards, at least one, are up. It must be quick and safe for concurrent
	// use.
	Shards func() (up, total int)

	// Ready returns nil if the process is ready, and otherwise the reason. The
	// error's text is public, so it must contain no secret. If Ready and Shards are
	// both nil, the process is ready as soon as it serves. It must be quick and safe
	// for concurrent use.
	Ready func() error

	// ErrorLog handles faults: a *BindError each time the reason why the address is
	// unavailable changes, and faults while serving. It must be safe for concurrent
	// use. nil means OpenTelemetry's global error handler.
	ErrorLog func(error)

	// OnState is called once per change, with whether the server listens: first by
	// Start, later from a goroutine of the server, one call at a time. Shutdown does
	// not count as a change. It must not call Shutdown.
	OnState func(up bool)
}

// A Page is served under exactly one path, for GET and HEAD.
type Page struct {
	Path    string // see [CheckPath]
	Title   string // shown in the index
	Handler http.Handler
}

// Server serves pages, /healthz, /readyz and an index. [New] makes one.
type Server struct {
	addr     string
	handler  http.Handler
	faults   *serveFaults
	routes   *routes
	conns    *connections
	report   func(error)
	onState  func(bool)
	listen   func(ctx context.Context, addr string) (net.Listener, error)
	after    func(time.Duration) <-chan time.Time
	jitter   func() float64
	ctx      context.Context
	cancel   context.CancelFunc
	done     chan struct{}
	shutdown sync.Once
	err      error

	webConfig string

	mu       sync.Mutex
	http     *http.Server // replaced by run alone
	started  bool
	closed   bool
	listener net.Listener
	bindErr  *BindError
}

// ErrStarted is returned by a second call of [Server.Start].
var ErrStarted = errors.New("server: already started")

// New checks the configuration and starts nothing. The error joins all problems,
// each with the field and the value; it never contains a token.
func New(cfg Config) (*Server, error) {
	errs := checkPages(cfg.Pages)
	if err := checkAddr(cfg.Addr); err != nil {
		errs = append(errs, fmt.Errorf("Addr %q: %w", cfg.Addr, err))
	}
	if cfg.AuthToken != "" {
		if err := access.CheckToken(cfg.AuthToken); err != nil {
			errs = append(errs, fmt.Errorf("AuthToken: %w", err))
		}
	}
	listenHost, _, _ := net.SplitHostPort(cfg.Addr) // checked above
	hosts, err := newHosts(listenHost, cfg.AllowedHosts)
	errs = append(errs, err)
	if cfg.WebConfigFile != "" {
		if _, err := ReadWebConfig(cfg.WebConfigFile); err != nil {
			errs = append(errs, fmt.Errorf("WebConfigFile: %q %w", cfg.WebConfigFile, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}

	s := &Server{
		addr:    cfg.Addr,
		report:  cfg.ErrorLog,
		onState: cfg.OnState,
		listen: func(ctx context.Context, addr string) (net.Listener, error) {
			return (&net.ListenConfig{}).Listen(ctx, network(listenHost), addr)
		},
		after:     time.After,
		jitter:    rand.Float64,
		done:      make(chan struct{}),
		webConfig: cfg.WebConfigFile,
	}
	if s.report == nil {
		s.report = otel.Handle
	}
	if s.onState == nil {
		s.onState = func(bool) {}
	}
	s.faults = &serveFaults{report: s.report}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.routes, s.conns = newRoutes(cfg, s.faults.note), newConnections(maxFiles())
	s.handler = s.conns.requests(hosts.guard(s.routes, s.routes.authorized))
	s.http = s.newHTTP()
	return s, nil
}

func (s *Server) newHTTP() *http.Server {
	return &http.Server{
		Handler:                      s.handler,
		DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout:            readHeaderTimeout,
		ReadTimeout:                  readTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		MaxHeaderBytes:               maxHeaderBytes,
		ErrorLog:                     log.New(s.faults, "", 0),
		ConnState:                    s.conns.changed,
		ConnContext:                  s.conns.context,
	}
}

// Start binds the address and serves. It returns nil even if the address is
// unavailable, or its name is not resolved within a second: a bot does not stop
// for its metrics. In that case ErrorLog receives a [*BindError], [Server.Up] is
// false, and the server retries after 1 s, 2 s, 4 s and so on, up to a minute,
// until it succeeds or Shutdown is called. The errors are [ErrStarted] and
// http.ErrServerClosed.
func (s *Server) Start() error {
	s.mu.Lock()
	switch {
	case s.closed:
		s.mu.Unlock()
		return http.ErrServerClosed
	case s.started:
		s.mu.Unlock()
		return ErrStarted
	}
	s.started = true
	s.mu.Unlock()

	ctx, cancel := context.WithTimeout(s.ctx, firstBindTimeout)
	defer cancel()
	l := s.bind(ctx)
	go s.run(l)
	return nil
}

// Up reports whether the server listens now.
func (s *Server) Up() bool { return s.Addr() != nil }

// Addr returns the address that the server listens on, with the actual port if the
// configured one is 0. It is nil while the server does not listen.
func (s *Server) Addr() net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return nil
	}
	return s.listener.Addr()
}

// Err returns a [*BindError] that says why the server does not listen. It is nil
// while the server listens, before Start and after Shutdown.
func (s *Server) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bindErr == nil {
		return nil
	}
	return s.bindErr
}

// Shutdown stops listening and retrying, and waits for requests in progress until
// ctx is done. Then it cuts them off and returns ctx's error. It is idempotent and
// may be called before Start.
func (s *Server) Shutdown(ctx context.Context) error {
	s.shutdown.Do(func() {
		s.mu.Lock()
		s.closed = true
		started, running := s.started, s.http
		s.mu.Unlock()

		s.cancel()
		if err := running.Shutdown(ctx); err != nil {
			s.err = fmt.Errorf("server: requests were cut off at shutdown: %w", errors.Join(err, running.Close()))
		}
		if started {
			<-s.done
		}
	})
	return s.err
}

// run serves on l and, whenever there is no listener, binds again with back-off. It
// owns every listener.
func (s *Server) run(l net.Listener) {
	defer close(s.done)
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.bindErr = nil
	}()
	for delay := minBindDelay; ; {
		if l != nil {
			err := s.serve(l)
			s.lost()
			if s.ctx.Err() != nil {
				return
			}
			s.failed(err)
			s.renew()
			delay = minBindDelay
		}
		select {
		case <-s.ctx.Done():
			return
		case <-s.after(delay + time.Duration(s.jitter()*float64(delay)/4)):
		}
		delay = min(2*delay, maxBindDelay)
		l = s.bind(s.ctx)
	}
}

// bind tries once to listen, until ctx is done.
func (s *Server) bind(ctx context.Context) net.Listener {
	l, err := s.listen(ctx, s.addr)
	if err != nil {
		if s.ctx.Err() == nil {
			s.failed(err)
		}
		return nil
	}
	s.mu.Lock()
	s.listener, s.bindErr = l, nil
	s.mu.Unlock()
	s.onState(true)
	return l
}

// failed reports a reason once, until the reason changes or the server was up.
func (s *Server) failed(err error) {
	b := newBindError(s.addr, err)
	s.mu.Lock()
	was := s.bindErr
	s.bindErr = b
	s.mu.Unlock()
	if was == nil || was.Error() != b.Error() {
		s.report(b)
	}
	if was == nil {
		s.onState(false)
	}
}

func (s *Server) lost() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listener = nil
}

// network returns tcp4 for an IPv4 address: Go would treat "0.0.0.0" as all
// addresses, including IPv6.
func network(host string) string {
	if ip, err := netip.ParseAddr(host); err == nil && ip.Is4() {
		return "tcp4"
	}
	return "tcp"
}

func checkAddr(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return errors.New(`it is not host:port; write ":9191", "127.0.0.1:9191" or "[::1]:9191"`)
	}
	if err := CheckHost(host); err != nil {
		return fmt.Errorf("the host %w", err)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return errors.New("the port is not a number from 0 to 65535")
	} else if strconv.FormatUint(n, 10) != port {
		return fmt.Errorf("write the port as %d", n)
	}
	return nil
}

// serveFaults reports faults of single requests and connections at a limited rate,
// so that a client cannot fill the log.
type serveFaults struct {
	report  func(error)
	limiter limit.Limiter
}

func (f *serveFaults) note(err error) {
	suppressed, ok := f.limiter.Allow()
	if !ok {
		return
	}
	if suppressed > 0 {
		err = fmt.Errorf("%w (%d more since the last report)", err, suppressed)
	}
	f.report(fmt.Errorf("server: %w", err))
}

// Write receives a line of net/http's log.
func (f *serveFaults) Write(p []byte) (int, error) {
	f.note(errors.New(strings.TrimSpace(string(p))))
	return len(p), nil
}
