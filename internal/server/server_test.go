package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

const (
	token    = "Tok3n-abc_~+/=="
	deadline = time.Minute
)

// record keeps what a server reports.
type record struct {
	mu     sync.Mutex
	errs   []error
	states []bool
	news   chan struct{} // one element per event
}

func newRecord() *record { return &record{news: make(chan struct{}, 1000)} }

func (r *record) err(err error) {
	r.mu.Lock()
	r.errs = append(r.errs, err)
	r.mu.Unlock()
	r.news <- struct{}{}
}

func (r *record) state(up bool) {
	r.mu.Lock()
	r.states = append(r.states, up)
	r.mu.Unlock()
	r.news <- struct{}{}
}

func (r *record) snapshot() ([]error, []bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.errs), slices.Clone(r.states)
}

func page() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the page\n") })
}

func at(path string, page http.Handler) []Page {
	return []Page{{Path: path, Title: "what the test serves", Handler: page}}
}

func newServer(t *testing.T, cfg Config) *Server {
	t.Helper()
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if cfg.Pages == nil {
		cfg.Pages = at("/metrics", page())
	}
	if cfg.ErrorLog == nil {
		cfg.ErrorLog = func(err error) { t.Errorf("reported: %v", err) }
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
	return s
}

func start(t *testing.T, s *Server) string {
	t.Helper()
	if err := s.Start(); err != nil {
		t.Fatalf("Start: %v", err)
	}
	if !s.Up() {
		t.Fatalf("the server is not up: %v", s.Err())
	}
	return s.Addr().String()
}

func do(t *testing.T, h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// raw sends a request without an HTTP client and returns the whole answer.
func raw(t *testing.T, addr, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(deadline)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, request); err != nil && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		t.Fatalf("the server kept the connection open; so far: %q", answer)
	}
	return string(answer)
}

// TestPages: each page is served under its path and listed in the index, and one token
// guards all.
func TestPages(t *testing.T) {
	s := newServer(t, Config{AuthToken: token, Pages: append(at("/a", page()), Page{Path: "/b/c", Title: `B & "C"`, Handler: page()})})
	for _, path := range []string{"/a", "/b/c"} {
		if w := do(t, s.routes, http.MethodGet, path); w.Code != 401 {
			t.Errorf("%s without the token: %d", path, w.Code)
		}
		if w := do(t, s.routes, http.MethodGet, path, "Authorization", "Bearer "+token); w.Code != 200 || w.Body.String() != "the page\n" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if index := do(t, s.routes, http.MethodGet, "/").Body.String(); !strings.Contains(index, `<a href="./b/c">/b/c</a>: B &amp; &#34;C&#34;</li>`) {
		t.Errorf("the index does not name the page: %s", index)
	}
}

// TestOne: a page on the program's own server has the same token check and headers
// under any path, and a panic in it does not end the process.
func TestOne(t *testing.T) {
	rec := newRecord()
	h := One(page(), token, rec.err)
	for _, path := range []string{"/", "/internal/metrics"} {
		if w := do(t, h, http.MethodGet, path); w.Code != 401 {
			t.Errorf("%s without the token: %d", path, w.Code)
		}
		w := do(t, h, http.MethodGet, path, "Authorization", "Bearer "+token)
		if w.Code != 200 || w.Body.String() != "the page\n" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v %s", path, w.Code, w.Header(), w.Body)
		}
		if w := do(t, h, http.MethodPost, path, "Authorization", "Bearer "+token); w.Code != 405 {
			t.Errorf("POST %s: %d", path, w.Code)
		}
	}
	panics := One(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }), "", rec.err)
	if w := do(t, panics, http.MethodGet, "/"); w.Code != 500 || strings.Contains(w.Body.String(), "boom") {
		t.Errorf("a panic: %d %s", w.Code, w.Body)
	}
	if errs, _ := rec.snapshot(); len(errs) != 1 || !strings.Contains(errs[0].Error(), "boom") {
		t.Errorf("reports = %v, want the panic", errs)
	}
}

func TestServe(t *testing.T) {
	rec := newRecord()
	s := newServer(t, Config{OnState: rec.state})
	if s.Up() || s.Addr() != nil || s.Err() != nil {
		t.Errorf("before Start: Up %v, Addr %v, Err %v", s.Up(), s.Addr(), s.Err())
	}
	addr := start(t, s)
	for path, want := range map[string]string{
		"/metrics": "the page\n", "/healthz": "ok\n", "/readyz": "{\"ready\":true}\n", "/": `<a href="./metrics">/metrics</a>`,
	} {
		answer := raw(t, addr, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if !strings.HasPrefix(answer, "HTTP/1.1 200 ") || !strings.Contains(answer, want) {
			t.Errorf("%s: %q", path, answer)
		}
	}
	if err := s.Start(); !errors.Is(err, ErrStarted) {
		t.Errorf("a second Start: %v, want ErrStarted", err)
	}
	for range 2 {
		if err := s.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	}
	if s.Up() || s.Err() != nil {
		t.Errorf("after Shutdown: Up %v, Err %v", s.Up(), s.Err())
	}
	if err := s.Start(); !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Start after Shutdown: %v, want http.ErrServerClosed", err)
	}
	if _, states := rec.snapshot(); !slices.Equal(states, []bool{true}) {
		t.Errorf("states = %v, want one true and none for Shutdown", states)
	}
}

func TestShutdownBeforeStart(t *testing.T) {
	s := newServer(t, Config{})
	if err := s.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Start: %v, want http.ErrServerClosed", err)
	}
}

func TestPathsAndMethods(t *testing.T) {
	s := newServer(t, Config{Pages: at("/argus/metrics", page())})
	for path, want := range map[string]int{
		"/argus/metrics": 200, "/healthz": 200, "/readyz": 200, "/": 200,
		"/metrics": 404, "/argus/metrics/": 404, "/argus": 404, "//": 404, "/healthz/": 404, "/%2e%2e/etc/passwd": 404,
		"/debug/pprof/": 404, "/favicon.ico": 404,
	} {
		w := do(t, s.routes, http.MethodGet, path)
		if w.Code != want {
			t.Errorf("GET %s: status %d, want %d", path, w.Code, want)
		}
		if got := w.Header().Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("GET %s: X-Content-Type-Options %q", path, got)
		}
		if got := w.Header().Get("Content-Security-Policy"); !strings.Contains(got, "default-src 'none'") {
			t.Errorf("GET %s: Content-Security-Policy %q", path, got)
		}
	}
	for _, path := range []string{"/argus/metrics", "/healthz", "/readyz", "/"} {
		if w := do(t, s.routes, http.MethodHead, path); w.Code != 200 {
			t.Errorf("HEAD %s: status %d", path, w.Code)
		}
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"} {
			w := do(t, s.routes, method, path)
			if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: status %d, Allow %q", method, path, w.Code, w.Header().Get("Allow"))
			}
		}
	}
}

func TestOptionsStar(t *testing.T) {
	addr := start(t, newServer(t, Config{}))
	answer := raw(t, addr, "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if !strings.HasPrefix(answer, "HTTP/1.1 404 ") {
		t.Errorf("OPTIONS *: %q", answer)
	}
}

func TestAuth(t *testing.T) {
	s := newServer(t, Config{AuthToken: token})
	tests := map[string]struct {
		header []string
		want   int
	}{
		"right":                   {[]string{"Authorization", "Bearer " + token}, 200},
		"scheme in lower case":    {[]string{"Authorization", "bearer " + token}, 200},
		"scheme in upper case":    {[]string{"Authorization", "BEARER " + token}, 200},
		"two blanks":              {[]string{"Authorization", "Bearer  " + token}, 200},
		"missing":                 {nil, 401},
		"empty":                   {[]string{"Authorization", ""}, 401},
		"scheme alone":            {[]string{"Authorization", "Bearer"}, 401},
		"empty token":             {[]string{"Authorization", "Bearer "}, 401},
		"wrong":                   {[]string{"Authorization", "Bearer wrong"}, 401},
		"prefix":                  {[]string{"Authorization", "Bearer " + token[:5]}, 401},
		"longer":                  {[]string{"Authorization", "Bearer " + token + "x"}, 401},
		"other case":              {[]string{"Authorization", "Bearer " + strings.ToLower(token)}, 401},
		"no scheme":               {[]string{"Authorization", token}, 401},
		"other scheme":            {[]string{"Authorization", "Basic " + token}, 401},
		"two headers":             {[]string{"Authorization", "Bearer " + token, "Authorization", "Bearer x"}, 401},
		"in the query it is void": {[]string{"X-Token", token}, 401},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				w := do(t, s.routes, method, "/metrics?access_token="+token, tt.header...)
				if w.Code != tt.want {
					t.Fatalf("%s: status %d, want %d", method, w.Code, tt.want)
				}
				challenge := w.Header().Get("WWW-Authenticate")
				if (tt.want == 401) != strings.HasPrefix(challenge, "Bearer") {
					t.Errorf("%s: WWW-Authenticate %q", method, challenge)
				}
				if tt.want == 401 && strings.Contains(w.Body.String(), "the page") {
					t.Errorf("%s: the page came without the token", method)
				}
				if strings.Contains(w.Body.String()+fmt.Sprint(w.Header()), token) {
					t.Errorf("%s: the token is in the answer", method)
				}
			}
		})
	}
	for _, path := range []string{"/healthz", "/readyz", "/"} {
		if w := do(t, s.routes, http.MethodGet, path); w.Code != 200 {
			t.Errorf("%s: status %d without the token, want 200", path, w.Code)
		}
	}
	if text := fmt.Sprintf("%+v %#v", s, s.http.Handler); strings.Contains(text, token) {
		t.Error("the token can be printed from the server")
	}
}

func TestReadyz(t *testing.T) {
	shards := func(up, total int) func() (int, int) { return func() (int, int) { return up, total } }
	tests := map[string]struct {
		cfg  Config
		code int
		body string
	}{
		"nothing to ask": {Config{}, 200, `{"ready":true}`},
		"all up":         {Config{Shards: shards(4, 4)}, 200, `{"ready":true,"shards_up":4,"shards_total":4}`},
		"some up":        {Config{Shards: shards(3, 4)}, 503, `{"ready":false,"shards_up":3,"shards_total":4,"reason":"3 of 4 shards are up"}`},
		"none assigned":  {Config{Shards: shards(0, 0)}, 503, `{"ready":false,"shards_up":0,"shards_total":0,"reason":"0 of 0 shards are up"}`},
		"not ready": {
			Config{Ready: func() error { return errors.New(`"warming" <up>`) }},
			503,
			`{"ready":false,"reason":"\"warming\" \u003cup\u003e"}`,
		},
		"Ready decides": {Config{Ready: func() error { return nil }, Shards: shards(3, 4)}, 200, `{"ready":true,"shards_up":3,"shards_total":4}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, tt.cfg)
			w := do(t, s.routes, http.MethodGet, "/readyz")
			if w.Code != tt.code || w.Body.String() != tt.body+"\n" {
				t.Errorf("readyz: %d %s, want %d %s", w.Code, w.Body, tt.code, tt.body)
			}
			if got := w.Header().Get("Content-Type"); got != "application/json" {
				t.Errorf("Content-Type %q", got)
			}
			if w := do(t, s.routes, http.MethodGet, "/healthz"); w.Code != 200 {
				t.Errorf("healthz: %d: it is never red for a shard", w.Code)
			}
		})
	}
}

func TestPanickingHandler(t *testing.T) {
	rec := newRecord()
	s := newServer(t, Config{
		ErrorLog: rec.err,
		Pages:    at("/metrics", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })),
		Ready:    func() error { panic("boom") },
	})
	for _, path := range []string{"/metrics", "/readyz", "/metrics"} {
		if w := do(t, s.routes, http.MethodGet, path); w.Code != 500 || strings.Contains(w.Body.String(), "boom") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if errs, _ := rec.snapshot(); len(errs) != 1 || !strings.Contains(errs[0].Error(), "boom") {
		t.Errorf("reports = %v, want the first alone", errs)
	}

	hostile := newServer(t, Config{ErrorLog: newRecord().err, Ready: func() error { panic((*url.Error)(nil)) }}) // whose methods panic
	if w := do(t, hostile.routes, http.MethodGet, "/readyz"); w.Code != 500 {
		t.Errorf("%d %s", w.Code, w.Body)
	}

	abort := newServer(t, Config{Pages: at("/metrics", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))})
	if answer := raw(t, start(t, abort), "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"); answer != "" {
		t.Errorf("an aborted request was answered: %q", answer)
	}
}

func TestSlowHeader(t *testing.T) {
	s := newServer(t, Config{})
	if s.http.ReadHeaderTimeout != 5*time.Second || s.http.ReadTimeout != 10*time.Second ||
		s.http.WriteTimeout != 30*time.Second || s.http.IdleTimeout != 2*time.Minute {
		t.Errorf("the time-outs are not the documented ones: %+v", s.http)
	}
	s.http.ReadHeaderTimeout = 50 * time.Millisecond
	// The header never ends: raw fails if the server does not close the connection.
	if answer := raw(t, start(t, s), "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: "); strings.Contains(answer, " 200 ") {
		t.Errorf("half a header was answered: %q", answer)
	}
	// A kept connection that stays silent is closed too.
	s = newServer(t, Config{})
	s.http.IdleTimeout = 50 * time.Millisecond
	if answer := raw(t, start(t, s), "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); !strings.HasSuffix(answer, "ok\n") {
		t.Errorf("answer %q", answer)
	}
}

func TestSlowBody(t *testing.T) {
	s := newServer(t, Config{})
	s.http.ReadTimeout = 100 * time.Millisecond
	addr := start(t, s)
	raw(t, addr, "GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nfew")
}

func TestOversizeHeader(t *testing.T) {
	addr := start(t, newServer(t, Config{}))
	answer := raw(t, addr, "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Big: "+strings.Repeat("a", 32<<10)+"\r\n\r\n")
	if !strings.HasPrefix(answer, "HTTP/1.1 431 ") {
		t.Errorf("answer %.80q, want 431", answer)
	}
}

// Open connections do not block a probe.
func TestConnectionLimit(t *testing.T) {
	stuck := make(chan struct{})
	addr := start(t, newServer(t, Config{
		Pages: at("/stuck", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			stuck <- struct{}{}
			<-r.Context().Done()
		})),
	}))
	dial := func() net.Conn {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.SetDeadline(time.Now().Add(deadline)); err != nil {
			t.Fatal(err)
		}
		return c
	}
	ask := func(c net.Conn) {
		if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	read := func(c net.Conn) {
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			t.Fatal(err)
		}
	}
	// Three kinds of connections, each more than the limit.
	var conns []net.Conn
	hold := func() net.Conn {
		c := dial()
		conns = append(conns, c)
		return c
	}
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	for range mostConnections + 10 { // idle after a request
		c := hold()
		ask(c)
		read(c)
	}
	for range mostConnections + 10 { // without a request
		hold()
	}
	for range mostConnections + 10 { // with a request that does not end
		if _, err := io.WriteString(hold(), "GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		select {
		case <-stuck:
		case <-time.After(deadline):
			t.Fatal("a request did not arrive")
		}
	}
	probe := hold()
	ask(probe)
	read(probe)

	// The server closes those above the limit; the client notices later.
	open := func() (n int) {
		for _, c := range conns {
			if isOpen(t, c) {
				n++
			}
		}
		return n
	}
	n := open()
	for end := time.Now().Add(deadline); n > mostConnections && time.Now().Before(end); {
		n = open()
	}
	if n > mostConnections {
		t.Errorf("%d connections are open, want %d at most", n, mostConnections)
	}
}

func isOpen(t *testing.T, c net.Conn) bool {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	_, err := c.Read(make([]byte, 1))
	return errors.As(err, &timeout) && timeout.Timeout()
}

// A port that another process uses: reported once, and bound when it is available.
func TestPortTakenThenFree(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	rec := newRecord()
	s := newServer(t, Config{Addr: other.Addr().String(), ErrorLog: rec.err, OnState: rec.state})
	ticks := make(chan time.Time)
	asked := make(chan time.Duration, 100)
	s.jitter = func() float64 { return 0 }
	s.after = func(d time.Duration) <-chan time.Time {
		asked <- d
		return ticks
	}
	if err := s.Start(); err != nil {
		t.Fatalf("Start: %v: a taken port must not stop the bot", err)
	}
	if s.Up() || s.Addr() != nil {
		t.Errorf("the server says that it is up at %v", s.Addr())
	}
	var delays []time.Duration
	for range 8 {
		delays = append(delays, <-asked) // An attempt has failed.
		ticks <- time.Time{}
	}
	delays = append(delays, <-asked)
	errs, states := rec.snapshot()
	if len(errs) != 1 || !slices.Equal(states, []bool{false}) {
		t.Errorf("after 9 tries: reports %v, states %v; want one of each", errs, states)
	}
	var bind *BindError
	if !errors.As(errs[0], &bind) || !errors.Is(errs[0], syscall.EADDRINUSE) {
		t.Fatalf("report %v, want a *BindError that wraps EADDRINUSE", errs[0])
	}
	for _, want := range []string{other.Addr().String(), "another process holds the address", "ARGUS_PORT", "the bot keeps running"} {
		if !strings.Contains(bind.Error(), want) {
			t.Errorf("the message %q does not say %q", bind, want)
		}
	}
	if strings.Count(bind.Error(), other.Addr().String()) != 1 || strings.Contains(bind.Error(), "\n") {
		t.Errorf("the message is clumsy: %q", bind)
	}
	if err := s.Err(); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("Err = %v", err)
	}

	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	ticks <- time.Time{}
	for up := false; !up; {
		select {
		case <-rec.news:
			up = s.Up()
		case <-time.After(deadline):
			t.Fatal("the port is free, and the server does not bind it")
		}
	}
	if answer := raw(t, s.Addr().String(), "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); !strings.HasSuffix(answer, "ok\n") {
		t.Errorf("answer %q", answer)
	}
	if s.Err() != nil {
		t.Errorf("Err = %v while up", s.Err())
	}
	const sec = time.Second
	want := []time.Duration{sec, 2 * sec, 4 * sec, 8 * sec, 16 * sec, 32 * sec, 60 * sec, 60 * sec, 60 * sec}
	if !slices.Equal(delays, want) {
		t.Errorf("delays %v, want %v", delays, want)
	}
	if errs, states := rec.snapshot(); len(errs) != 1 || !slices.Equal(states, []bool{false, true}) {
		t.Errorf("reports %v, states %v", errs, states)
	}
}

// A different reason is reported again, and so is the same one after the server was
// up. A listener that fails is replaced.
func TestReportsOncePerChange(t *testing.T) {
	rec := newRecord()
	s := newServer(t, Config{ErrorLog: rec.err, OnState: rec.state})
	ticks := make(chan time.Time)
	s.after = func(time.Duration) <-chan time.Time { return ticks }
	listen := s.listen
	results := []error{syscall.EADDRINUSE, syscall.EADDRINUSE, syscall.EACCES, nil, syscall.EADDRINUSE, syscall.EADDRNOTAVAIL, nil}
	n := 0
	s.listen = func(ctx context.Context, addr string) (net.Listener, error) {
		err := results[n]
		n++
		if err != nil {
			return nil, &net.OpError{Op: "listen", Net: "tcp", Err: err}
		}
		return listen(ctx, addr)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	waitState := func(want ...bool) {
		t.Helper()
		for {
			if _, states := rec.snapshot(); slices.Equal(states, want) {
				return
			}
			select {
			case <-rec.news:
			case <-time.After(deadline):
				_, states := rec.snapshot()
				t.Fatalf("states %v, want %v", states, want)
			}
		}
	}
	for range 3 {
		ticks <- time.Time{}
	}
	waitState(false, true)
	s.mu.Lock()
	l := s.listener
	s.mu.Unlock()
	if err := l.Close(); err != nil { // As when the network interface is removed.
		t.Fatal(err)
	}
	waitState(false, true, false)
	for range 3 {
		ticks <- time.Time{}
	}
	waitState(false, true, false, true)

	errs, _ := rec.snapshot()
	want := []string{"ARGUS_PORT or ARGUS_PORT_BASE, or stop", "below 1024", "closed", "ARGUS_PORT or ARGUS_PORT_BASE, or stop", "ARGUS_HOST"}
	if len(errs) != len(want) {
		t.Fatalf("%d reports, want %d: %v", len(errs), len(want), errs)
	}
	for i, w := range want {
		if !strings.Contains(errs[i].Error(), w) {
			t.Errorf("report %d is %q, want one with %q", i, errs[i], w)
		}
	}
}

// A name server that is unavailable, then slow: Start does not wait for it, it is
// reported once, and a later attempt has the time that it needs.
func TestSlowNameServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := newRecord()
		s := newServer(t, Config{Addr: "bot.internal:9191", ErrorLog: rec.err, OnState: rec.state})
		tries := 0
		s.listen = func(ctx context.Context, _ string) (net.Listener, error) {
			tries++
			failed := &net.DNSError{Name: "bot.internal", IsTimeout: true, IsTemporary: true}
			answer := time.After(10 * time.Second)
			if tries > 3 {
				answer = time.After(5 * time.Second)
			}
			select {
			case <-ctx.Done():
				failed.Err = "i/o timeout"
			case <-answer:
				if tries > 3 {
					return net.Listen("tcp", "127.0.0.1:0")
				}
				failed.Server, failed.Err = "127.0.0.53:53", fmt.Sprintf("read udp 127.0.0.1:%d->127.0.0.53:53: i/o timeout", 50000+tries)
			}
			return nil, &net.OpError{Op: "listen", Net: "tcp", Err: failed}
		}
		began := time.Now()
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("Start took %v, want 1s", took)
		}
		var dns *net.DNSError
		if err := s.Err(); s.Up() || !errors.As(err, &dns) || !strings.Contains(err.Error(), "lookup bot.internal: i/o timeout; no name server") {
			t.Errorf("Up %t, Err %v", s.Up(), err)
		}
		for !s.Up() {
			select {
			case <-rec.news:
			case <-time.After(time.Minute):
				t.Fatal("the name server answers, and the address is not bound")
			}
		}
		if errs, states := rec.snapshot(); tries != 4 || len(errs) != 1 || !slices.Equal(states, []bool{false, true}) {
			t.Errorf("after %d tries: reports %v, states %v; want 4, and one report", tries, errs, states)
		}
	})
}

func TestShutdownWhileRetrying(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	rec := newRecord()
	s := newServer(t, Config{Addr: other.Addr().String(), ErrorLog: rec.err, OnState: rec.state})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(context.Background()) }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	case <-time.After(deadline):
		t.Fatal("Shutdown waits for the back-off")
	}
	if err := s.Err(); err != nil {
		t.Errorf("Err = %v after Shutdown", err)
	}
}

func TestShutdownCutsOff(t *testing.T) {
	entered := make(chan struct{})
	s, err := New(Config{
		Addr: "127.0.0.1:0",
		Pages: at("/metrics", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(entered)
			<-r.Context().Done() // Until the connection is cut.
		})),
	})
	if err != nil {
		t.Fatal(err)
	}
	addr := start(t, s)
	answer := make(chan string, 1)
	go func() { answer <- raw(t, addr, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n") }()
	<-entered
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v, want the context's error", err)
	}
	<-answer
}

// The scrape in progress completes.
func TestShutdownLetsRequestsEnd(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	s := newServer(t, Config{Pages: at("/metrics", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		_, _ = io.WriteString(w, "whole page")
	}))})
	addr := start(t, s)
	answer := make(chan string, 1)
	go func() { answer <- raw(t, addr, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n") }()
	<-entered
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(context.Background()) }()
	for s.Up() { // Until Shutdown has begun.
		select {
		case err := <-done:
			t.Fatalf("Shutdown did not wait: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	close(release)
	if err := <-done; err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if got := <-answer; !strings.HasSuffix(got, "whole page") {
		t.Errorf("answer %q", got)
	}
}

func TestStartRacesShutdown(t *testing.T) {
	for range 50 {
		s := newServer(t, Config{})
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := s.Start(); err != nil && !errors.Is(err, http.ErrServerClosed) {
				t.Errorf("Start: %v", err)
			}
		})
		wg.Go(func() {
			if err := s.Shutdown(context.Background()); err != nil {
				t.Errorf("Shutdown: %v", err)
			}
		})
		wg.Wait()
		if s.Up() {
			t.Fatal("the server is up after Shutdown")
		}
	}
}

func TestInvalidConfig(t *testing.T) {
	tests := map[string]struct {
		cfg  Config
		want string
	}{
		"no pages":             {Config{Pages: []Page{}}, "there are no Pages"},
		"no handler":           {Config{Pages: at("/x", nil)}, `path "/x": Handler is nil`},
		"one path twice":       {Config{Pages: append(at("/x", page()), at("/x", page())...)}, `path "/x" is used by two pages`},
		"no address":           {Config{Addr: "-"}, `Addr ""`},
		"no port":              {Config{Addr: "localhost"}, `Addr "localhost"`},
		"port is a word":       {Config{Addr: ":abc"}, `Addr ":abc": the port is not a number`},
		"port too large":       {Config{Addr: ":70000"}, `Addr ":70000": the port is not a number from 0 to 65535`},
		"negative port":        {Config{Addr: ":-1"}, `Addr ":-1"`},
		"empty port":           {Config{Addr: "127.0.0.1:"}, `the port is not a number`},
		"leading zero":         {Config{Addr: ":09191"}, `write the port as 9191`},
		"bare IPv6":            {Config{Addr: "::1:9191"}, `it is not host:port`},
		"URL":                  {Config{Addr: "http://x:9191"}, `Addr "http://x:9191"`},
		"blank in the host":    {Config{Addr: "a b:9191"}, `must be a host name`},
		"relative path":        {Config{Pages: at("metrics", page())}, `path "metrics": must be a path such as /metrics`},
		"path /":               {Config{Pages: at("/", page())}, "is used by the server"},
		"path /healthz":        {Config{Pages: at("/healthz", page())}, "is used by the server"},
		"path /readyz":         {Config{Pages: at("/readyz", page())}, "is used by the server"},
		"path ends in a slash": {Config{Pages: at("/metrics/", page())}, "no slash at the end"},
		"path climbs":          {Config{Pages: at("/a/../b", page())}, "single slashes"},
		"path with a blank":    {Config{Pages: at("/a b", page())}, "must be a path"},
		"path with a query":    {Config{Pages: at("/a?b", page())}, "must be a path"},
		"path with a pattern":  {Config{Pages: at("/{x}", page())}, "must be a path"},
		"token, line break":    {Config{AuthToken: "s3cr3t\n"}, "AuthToken"},
		"token, blank":         {Config{AuthToken: "s3cr3t t0k3n"}, "AuthToken"},
		"token, not ASCII":     {Config{AuthToken: "s3cr3tä"}, "AuthToken"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			switch tt.cfg.Addr {
			case "":
				tt.cfg.Addr = "127.0.0.1:0"
			case "-":
				tt.cfg.Addr = ""
			}
			if tt.cfg.Pages == nil {
				tt.cfg.Pages = at("/metrics", page())
			}
			s, err := New(tt.cfg)
			if err == nil || s != nil {
				t.Fatalf("New = %v, %v: want an error", s, err)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the error %q does not say %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("the error shows the token: %q", err)
			}
		})
	}
	_, err := New(Config{Addr: "x", Pages: at("x", nil), AuthToken: " "})
	for _, want := range []string{"Addr", `path "x"`, "Handler", "AuthToken"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the joined error does not name %s: %v", want, err)
		}
	}
	for _, addr := range []string{":0", "127.0.0.1:9191", "[::1]:65535", "localhost:1"} {
		if _, err := New(Config{Addr: addr, Pages: at("/metrics", page())}); err != nil {
			t.Errorf("Addr %q: %v", addr, err)
		}
	}
}

func FuzzConfig(f *testing.F) {
	for _, s := range []string{":9191", "/metrics", "a b", "[::1]:1", "/a//b", token} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if s, err := New(Config{Addr: ":0", Pages: at(in, page())}); err == nil {
			r := httptest.NewRequest(http.MethodGet, in, nil)
			w := httptest.NewRecorder()
			s.routes.ServeHTTP(w, r)
			if w.Body.String() != "the page\n" {
				t.Errorf("path %q is accepted and not served: %d %s", in, w.Code, w.Body)
			}
		}
		if s, err := New(Config{Addr: ":0", AuthToken: in, Pages: at("/metrics", page())}); err == nil && in != "" {
			if w := do(t, s.routes, http.MethodGet, "/metrics", "Authorization", "Bearer "+in); w.Code != 200 {
				t.Errorf("AuthToken %q is accepted and does not work: %d", in, w.Code)
			}
		}
		if err := checkAddr(in); err == nil {
			if _, err := net.ResolveTCPAddr("tcp", "127.0.0.1"+in[strings.LastIndexByte(in, ':'):]); err != nil {
				t.Errorf("Addr %q is accepted: %v", in, err)
			}
		}
	})
}
