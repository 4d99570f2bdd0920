package server

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

type fakeConn struct{ net.Conn }

func TestConnectionsKnowTheFiles(t *testing.T) {
	for files, want := range map[uint64][2]int{
		0: {128, 120}, 1 << 20: {128, 120}, 512: {128, 120}, 256: {64, 60}, 64: {16, 15}, 20: {8, 7}, 1: {8, 7}, 1<<64 - 1: {128, 120},
	} {
		if c := newConnections(files); c.limit != want[0] || c.most != want[1] {
			t.Errorf("%d files: %d connections at a time, one closed beyond %d; want %v", files, c.limit, c.most, want)
		}
	}
	if n := maxFiles(); n == 0 {
		t.Log("the number of files is not known on this system")
	}
}

// TestWhoIsClosedFirst: the phases of the open connections, from the oldest to the
// newest, and the one that is closed.
func TestWhoIsClosedFirst(t *testing.T) {
	for name, tt := range map[string]struct {
		phases []phase
		newest phase
		victim int // its index, or -1
	}{
		"room":                             {[]phase{serving, waiting}, waiting, -1},
		"most wait: the oldest that waits": {[]phase{serving, idle, waiting, waiting, waiting, waiting, waiting}, waiting, 2},
		"few wait: the oldest idle one":    {[]phase{serving, waiting, idle, idle, idle, idle, idle}, waiting, 2},
		"none is idle":                     {[]phase{serving, serving, serving, serving, waiting, serving, serving}, waiting, 4},
		"all serve: not the newest":        {[]phase{serving, serving, serving, serving, serving, serving, serving}, waiting, 0},
		"all wait":                         {[]phase{waiting, waiting, waiting, waiting, waiting, waiting, waiting}, waiting, 0},
		"all are idle":                     {[]phase{idle, idle, idle, idle, idle, idle, idle}, waiting, 0},
	} {
		c := newConnections(20) // 7 at most
		var conns []net.Conn
		for _, p := range tt.phases {
			conn := &fakeConn{}
			conns = append(conns, conn)
			if c.note(conn, waiting) != nil || c.note(conn, p) != nil {
				t.Fatalf("%s: one gave way too early", name)
			}
		}
		got := c.note(&fakeConn{}, tt.newest)
		switch {
		case tt.victim < 0 && got != nil:
			t.Errorf("%s: one gave way", name)
		case tt.victim >= 0 && got != conns[tt.victim]:
			t.Errorf("%s: another gave way, or none", name)
		}
	}
	c := newConnections(20)
	if conn := (&fakeConn{}); c.note(conn, serving) != nil || len(c.open) != 0 {
		t.Error("a connection that was closed is held")
	}
}

// TestUselessConnectionsGoFirst: scrapes in progress continue, whatever else is opened,
// and a new scrape is answered.
func TestUselessConnectionsGoFirst(t *testing.T) {
	entered, release := make(chan struct{}, 100), make(chan struct{})
	s := newServer(t, Config{Pages: at("/metrics", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "" {
			entered <- struct{}{}
			<-release
		}
		_, _ = io.WriteString(w, "whole page")
	}))})
	addr := start(t, s)
	dial := func(send string) net.Conn {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if err := c.SetDeadline(time.Now().Add(5 * time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, send); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Logf("closed already: %v", err)
		}
		return c
	}
	read := func(c net.Conn) string {
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			return err.Error()
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			return err.Error()
		}
		return string(body)
	}
	var scrapes []net.Conn
	for range 20 {
		scrapes = append(scrapes, dial("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"))
		<-entered
	}
	for _, useless := range []string{
		"", "G", "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ", "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /metrics HT", "\x16\x03\x01\x02",
	} {
		for range mostConnections + 20 {
			dial(useless)
		}
		if got := read(dial("GET /metrics?quick HTTP/1.1\r\nHost: x\r\n\r\n")); got != "whole page" {
			t.Errorf("after %q: a new scrape got %q", useless, got)
		}
	}
	close(release)
	for n, c := range scrapes {
		if got := read(c); got != "whole page" {
			t.Errorf("scrape %d was cut off: %q", n, got)
		}
	}
}

// TestHosts: a page in a browser reaches nothing under a name that a stranger can own.
// Other clients are served under any name.
func TestHosts(t *testing.T) {
	const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36"
	browser := []string{"User-Agent", chrome, "Accept-Language", "en"}
	scraper := []string{"User-Agent", "Prometheus/3.0.0", "Accept-Encoding", "gzip", "X-Prometheus-Scrape-Timeout-Seconds", "10"}
	cfg := Config{Addr: "bot.example.org:0", AllowedHosts: []string{"metrics.example.com", ".corp.example.com"}}
	for _, tt := range []struct {
		host   string
		header []string
		want   int
	}{
		{"evil.example.net:9191", browser, 403},
		{"evil.example.net", browser, 403},
		{"EVIL.example.net.:9191", browser, 403},
		{"evil.example.net:9191", []string{"Accept-Language", ""}, 403}, // a script that hides its browser
		{"evil.example.net:9191", []string{"User-Agent", chrome}, 403},
		{"evil.example.net:9191", []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors"}, 403},
		{"evil.example.net:9191", []string{"Origin", "http://evil.example.net:9191"}, 403},
		{"127.0.0.1.evil.example.net", browser, 403},
		{"localhost.evil.example.net", browser, 403},
		{"xcorp.example.com", browser, 403},
		{"example.com", browser, 403},
		{"[::1].example.net", browser, 403},
		{"localhost:9191", browser, 200},
		{"LOCALHOST", browser, 200},
		{"bot.localhost:9191", browser, 200},
		{"127.0.0.1:9191", browser, 200},
		{"192.0.2.7", browser, 200},
		{"[::1]:9191", browser, 200},
		{"[2001:db8::1]", browser, 200},
		{"bot:9191", browser, 200},
		{"pi.local", browser, 200},
		{"bot.default.svc.cluster.local:9191", browser, 200},
		{"bot.internal", browser, 200},
		{"bot.example.org:9191", browser, 200},
		{"metrics.example.com", browser, 200},
		{"Metrics.Example.Com.:443", browser, 200},
		{"a.b.corp.example.com", browser, 200},
		{"", browser, 200},
		{"evil.example.net:9191", scraper, 200}, // how Prometheus finds a bot by DNS
		{"bot.games.svc:9191", scraper, 200},
		{"evil.example.net:9191", []string{"User-Agent", "curl/8.5.0", "Accept", "*/*"}, 200},
		{"evil.example.net:9191", []string{"User-Agent", "kube-probe/1.34"}, 200},
		{"evil.example.net:9191", nil, 200},
		{"localhost:9191", append(browser, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"), 403},
		{"localhost:9191", append(browser, "Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors"), 403},
		{"localhost:9191", append(browser, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"), 200}, // a link on a dashboard
		{"localhost:9191", append(browser, "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors"), 200},
		{"localhost:9191", append(browser, "Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate"), 200},
		{"localhost:9191", append(browser, "Origin", "https://evil.example.net"), 403},
		{"localhost:9191", append(browser, "Origin", "null"), 403},
		{"localhost:9191", append(browser, "Origin", "http://localhost:9191"), 200},
	} {
		for _, path := range []string{"/metrics", "/", "/readyz"} {
			s := newServer(t, cfg)
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Host = tt.host
			for i := 0; i < len(tt.header); i += 2 {
				r.Header.Add(tt.header[i], tt.header[i+1])
			}
			w := httptest.NewRecorder()
			s.http.Handler.ServeHTTP(w, r)
			if w.Code != tt.want {
				t.Errorf("%s on %q with %q: %d, want %d", path, tt.host, tt.header, w.Code, tt.want)
			}
			if w.Code == 403 && !strings.Contains(w.Body.String(), "browser") {
				t.Errorf("the answer does not say why: %s", w.Body)
			}
		}
	}
	guarded := newServer(t, Config{AuthToken: token})
	all := newServer(t, Config{AllowedHosts: []string{"*"}})
	for _, tt := range []struct {
		h      http.Handler
		header []string
		want   int
	}{
		{guarded.http.Handler, append(browser, "Authorization", "Bearer "+token), 200},
		{guarded.http.Handler, append(browser, "Authorization", "Bearer x"), 403},
		{all.http.Handler, browser, 200},
		{One(page(), "", nil), browser, 200}, // on a server of the program's own
	} {
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.Host = "evil.example.net"
		for i := 0; i < len(tt.header); i += 2 {
			r.Header.Add(tt.header[i], tt.header[i+1])
		}
		w := httptest.NewRecorder()
		tt.h.ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("%q: %d, want %d", tt.header, w.Code, tt.want)
		}
	}
	for _, bad := range []string{"", "http://x", "a b", "x:9191", "*.example.com", "."} {
		if _, err := New(Config{Addr: ":0", Pages: at("/metrics", page()), AllowedHosts: []string{bad}}); err == nil || !strings.Contains(err.Error(), "AllowedHosts") {
			t.Errorf("AllowedHosts %q: %v", bad, err)
		}
	}
}

// TestIPv4Alone: an address of IPv4 does not listen on IPv6 as well.
func TestIPv4Alone(t *testing.T) {
	for host, want := range map[string]string{"0.0.0.0": "tcp4", "127.0.0.1": "tcp4", "": "tcp", "::": "tcp", "::1": "tcp", "localhost": "tcp"} {
		if got := network(host); got != want {
			t.Errorf("%q: %s, want %s", host, got, want)
		}
	}
	s := newServer(t, Config{Addr: "0.0.0.0:0"})
	_, port, err := net.SplitHostPort(start(t, s))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("tcp6", net.JoinHostPort("::1", port)); err == nil {
		_ = c.Close()
		t.Error("0.0.0.0 listens on IPv6")
	}
	if c, err := net.Dial("tcp4", net.JoinHostPort("127.0.0.1", port)); err != nil {
		t.Error(err)
	} else {
		_ = c.Close()
	}
}
