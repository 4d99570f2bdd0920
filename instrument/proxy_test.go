package instrument_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"github.com/argus-dgo/argus/discordtest"
)

// gatewayHost is a name that only the proxies know: who does not go through
// them gets nowhere.
const gatewayHost = "gateway.invalid"

const (
	proxyUser     = "proxy-user"
	proxyPassword = "proxy-secret"
)

// A proxyServer is an HTTP or SOCKS5 proxy that keeps what it sees.
type proxyServer struct {
	addr    string
	backend string
	auth    bool
	// answer is what an HTTP proxy answers to CONNECT; "" for the usual.
	answer string
	hang   bool
	drop   bool

	mu    sync.Mutex
	seen  bytes.Buffer // both ways
	asked []string
}

func (p *proxyServer) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen.Write(b)
}

func (p *proxyServer) start(t *testing.T, backend string, handle func(net.Conn)) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	p.addr, p.backend = ln.Addr().String(), backend
	serve(t, ln, handle)
}

// saw returns what went through the proxy, and for which addresses it was
// asked.
func (p *proxyServer) saw() (bytes string, asked []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen.String(), p.asked
}

// tunnel asks for an address that is the gateway's, and joins both sides. What
// has arrived was seen before.
func (p *proxyServer) tunnel(conn net.Conn, r io.Reader, addr string) {
	p.mu.Lock()
	p.asked = append(p.asked, addr)
	p.mu.Unlock()
	if host, _, err := net.SplitHostPort(addr); err != nil || host != gatewayHost {
		return
	}
	to, err := net.Dial("tcp", p.backend)
	if err != nil {
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		defer to.Close()
		_, _ = io.Copy(io.MultiWriter(p, to), r)
	})
	_, _ = io.Copy(io.MultiWriter(p, conn), to)
	_ = conn.Close()
	wg.Wait()
}

func (p *proxyServer) http(conn net.Conn) {
	r := bufio.NewReader(conn)
	request, err := http.ReadRequest(r)
	switch {
	case err != nil || p.drop:
		return
	case p.hang:
		_, _ = io.Copy(io.Discard, r)
		return
	case request.Method != http.MethodConnect:
		_, _ = io.WriteString(conn, "HTTP/1.1 405 Method Not Allowed\r\n\r\n")
		return
	case p.auth && request.Header.Get("Proxy-Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte(proxyUser+":"+proxyPassword)):
		// A body that is announced and never comes.
		_, _ = io.WriteString(conn, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 9\r\n\r\n")
		_, _ = io.Copy(io.Discard, r)
		return
	case p.answer != "":
		_, _ = io.WriteString(conn, p.answer)
	default:
		_, _ = io.WriteString(conn, "HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
	}
	p.tunnel(conn, r, request.Host)
}

// socks5 is RFC 1928 with the user names and passwords of RFC 1929.
func (p *proxyServer) socks5(conn net.Conn) {
	read := func(n int) []byte {
		b := make([]byte, n)
		if _, err := io.ReadFull(conn, b); err != nil {
			return make([]byte, n)
		}
		return b
	}
	methods := read(int(read(2)[1]))
	if !p.auth {
		_, _ = conn.Write([]byte{5, 0})
	} else {
		if !bytes.Contains(methods, []byte{2}) {
			_, _ = conn.Write([]byte{5, 0xFF})
			return
		}
		_, _ = conn.Write([]byte{5, 2})
		user := read(int(read(2)[1]))
		password := read(int(read(1)[0]))
		if string(user) != proxyUser || string(password) != proxyPassword {
			_, _ = conn.Write([]byte{1, 1})
			return
		}
		_, _ = conn.Write([]byte{1, 0})
	}
	if head := read(4); head[1] != 1 || head[3] != 3 { // CONNECT to a name
		_, _ = conn.Write([]byte{5, 7, 0, 1, 0, 0, 0, 0, 0, 0})
		return
	}
	host := string(read(int(read(1)[0])))
	port := read(2)
	_, _ = conn.Write([]byte{5, 0, 0, 1, 127, 0, 0, 1, 0, 80})
	p.tunnel(conn, conn, net.JoinHostPort(host, fmt.Sprint(int(port[0])<<8|int(port[1]))))
}

// A proxied is a session whose gateway is behind a proxy.
type proxied struct {
	*bench
	proxy  *proxyServer
	s      *discordgo.Session
	dialed []string // by the user's dial function, in order
	mu     sync.Mutex
}

func newProxied(t *testing.T, secure bool, p *proxyServer, via *url.URL) *proxied {
	t.Helper()
	b := newBench(t, servers(discordtest.WithGuilds(3), discordtest.WithResumeURL(false)))
	ca, err := discordtest.NewCA()
	check(t, err)
	cert, err := ca.Issue(time.Now().Add(-time.Hour), time.Now().Add(time.Hour), gatewayHost)
	check(t, err)
	backend, gateway := b.srv.Addr(), "ws://"+gatewayHost
	if secure {
		backend, gateway = newFront(t, backend, &tls.Config{Certificates: []tls.Certificate{cert}}).addr, "wss://"+gatewayHost
	}
	handle := p.http
	if via.Scheme != "http" {
		handle = p.socks5
	}
	p.start(t, backend, handle)
	via.Host = p.addr

	r := &proxied{bench: b, proxy: p, s: b.session(0, 1)}
	r.s.Client.Transport = gatewayAt{gateway, r.s.Client.Transport}
	r.s.Dialer = &websocket.Dialer{
		HandshakeTimeout: patience,
		Proxy:            func(*http.Request) (*url.URL, error) { return via, nil },
		TLSClientConfig:  &tls.Config{RootCAs: ca.Pool()},
		NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			r.mu.Lock()
			r.dialed = append(r.dialed, addr)
			r.mu.Unlock()
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		},
	}
	return r
}

// onlyProxy checks that nothing but the proxy was dialled.
func (r *proxied) onlyProxy() {
	r.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, addr := range r.dialed {
		if addr != r.proxy.addr {
			r.Errorf("%s was dialled directly", addr)
		}
	}
	if len(r.dialed) == 0 {
		r.Error("nobody was dialled")
	}
}

// noSecret checks that an error names neither the proxy's credentials nor the
// bot's token.
func noSecret(t *testing.T, err error, secrets ...string) {
	t.Helper()
	if err == nil {
		t.Error("no error")
		return
	}
	for _, secret := range append(secrets, proxyPassword, base64.StdEncoding.EncodeToString([]byte(proxyUser+":"+proxyPassword))) {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error holds a secret: %v", err)
		}
	}
}

func credentials() *url.Userinfo { return url.UserPassword(proxyUser, proxyPassword) }

func TestThroughProxy(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for name, tt := range map[string]struct {
		proxy *proxyServer
		via   url.URL
	}{
		"http":                     {&proxyServer{}, url.URL{Scheme: "http"}},
		"http with credentials":    {&proxyServer{auth: true}, url.URL{Scheme: "http", User: credentials()}},
		"http 1.0":                 {&proxyServer{answer: "HTTP/1.0 200 OK\r\n\r\n"}, url.URL{Scheme: "http"}},
		"http with a length":       {&proxyServer{answer: "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"}, url.URL{Scheme: "http"}},
		"socks5":                   {&proxyServer{}, url.URL{Scheme: "socks5"}},
		"socks5 with credentials":  {&proxyServer{auth: true}, url.URL{Scheme: "socks5", User: credentials()}},
		"socks5h with credentials": {&proxyServer{auth: true}, url.URL{Scheme: "socks5h", User: credentials()}},
	} {
		for _, secure := range []bool{false, true} {
			for _, tapped := range []bool{false, true} {
				if !tapped && tt.via.Scheme == "socks5h" {
					continue // gorilla does not know the name; golang.org/x/net does
				}
				t.Run(fmt.Sprintf("%s secure=%v tapped=%v", name, secure, tapped), func(t *testing.T) {
					t.Parallel()
					p, via := proxyServer{auth: tt.proxy.auth, answer: tt.proxy.answer}, tt.via
					r := newProxied(t, secure, &p, &via)
					if tapped {
						r.attach(r.s)
					}
					conn := r.open(r.s)
					check(t, conn.WaitGuilds(r.context()))
					if tapped {
						r.awaitValue(event("GUILD_CREATE"), 3).want(t, reading{up(0): 1})
						r.await("a round trip", func(r reading) bool { return r[latency] > 0 })
						_ = r.s.Close()
						r.collect().want(t, reading{disconnect(0, "1000", "client"): 1, "argus.instrumentation.errors{hook=tap}": 0})
					}
					r.onlyProxy()
					seen, asked := r.proxy.saw()
					want := gatewayHost + ":80"
					if secure {
						want = gatewayHost + ":443"
					}
					if len(asked) != 1 || asked[0] != want {
						t.Errorf("the proxy was asked for %q, want %q", asked, want)
					}
					// What the client sends is masked, so the token would not be
					// seen in the clear; the rest would.
					for _, plain := range []string{"READY", "GET /", "encoding=json", "session_id"} {
						if strings.Contains(seen, plain) == secure {
							t.Errorf("the proxy saw %q: %v, want %v", plain, !secure, secure)
						}
					}
				})
			}
		}
	}
}

// TestProxyAsksAsBefore: the user's function is given what gorilla gives it,
// but for the path.
func TestProxyAsksAsBefore(t *testing.T) {
	t.Parallel()
	for _, gateway := range []string{"ws://" + gatewayHost, "wss://" + gatewayHost, "ws://" + gatewayHost + ":8080", "wss://" + gatewayHost + ":8443", "wss://[2001:db8::1]"} {
		b := newBench(t, nil)
		asked := map[bool]string{}
		bareAndTapped(t, b, gateway, func(t *testing.T, tapped bool, s *discordgo.Session, d *websocket.Dialer) {
			errNo := errors.New("no proxy for you")
			d.NetDialContext = func(_ context.Context, _, addr string) (net.Conn, error) {
				t.Errorf("%s was dialled", addr)
				return nil, errNo
			}
			d.Proxy = func(r *http.Request) (*url.URL, error) {
				asked[tapped] += r.Method + " " + r.URL.Scheme + " " + r.URL.Host + " " + r.Host
				return nil, errNo
			}
			if tapped {
				b.attach(s)
			}
			if err := s.Open(); !errors.Is(err, errNo) {
				t.Errorf("Open: %v, want the proxy function's error", err)
			}
		})
		if asked[false] != asked[true] || asked[true] == "" {
			t.Errorf("bare:   %s\ntapped: %s", asked[false], asked[true])
		}
	}
}

func TestProxyRefuses(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for name, tt := range map[string]struct {
		proxy *proxyServer
		via   url.URL
		want  string
	}{
		"407":             {&proxyServer{auth: true}, url.URL{Scheme: "http", User: url.UserPassword(proxyUser, proxyPassword+"x")}, "407"},
		"502":             {&proxyServer{answer: "HTTP/1.1 502 Bad Gateway\r\n\r\n"}, url.URL{Scheme: "http", User: credentials()}, "502"},
		"not HTTP":        {&proxyServer{answer: "SSH-2.0\r\n\r\n"}, url.URL{Scheme: "http", User: credentials()}, "malformed"},
		"drops":           {&proxyServer{drop: true}, url.URL{Scheme: "http", User: credentials()}, "EOF"},
		"hangs":           {&proxyServer{hang: true}, url.URL{Scheme: "http", User: credentials()}, ""}, // a time-out, whose wording depends on where it strikes
		"socks5 password": {&proxyServer{auth: true}, url.URL{Scheme: "socks5", User: url.UserPassword(proxyUser, proxyPassword+"x")}, "authentication failed"},
		"unknown scheme":  {&proxyServer{}, url.URL{Scheme: "https", User: credentials()}, "not supported; use http, socks5 or socks5h"},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s secure=%v", name, secure), func(t *testing.T) {
				t.Parallel()
				p, via := proxyServer{auth: tt.proxy.auth, answer: tt.proxy.answer, hang: tt.proxy.hang, drop: tt.proxy.drop}, tt.via
				r := newProxied(t, secure, &p, &via)
				if tt.proxy.hang {
					r.s.Dialer.HandshakeTimeout = time.Second
				}
				r.attach(r.s)
				err := r.s.Open()
				noSecret(t, err, r.srv.Token())
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("Open: %v, want %q", err, tt.want)
				}
				if late, ok := errors.AsType[net.Error](err); tt.proxy.hang && (!ok || !late.Timeout()) {
					t.Errorf("Open: %v, want a time-out", err)
				}
				if name != "unknown scheme" {
					r.onlyProxy()
				}
				if seen, _ := p.saw(); strings.Contains(seen, "GET /") {
					t.Error("a request went out although the proxy had refused")
				}
				r.collect().want(t, reading{up(0): 0, disconnect(0, "none", "network"): 0})
			})
		}
	}
}

// TestProxyChangedAfterAttach: over wss it is refused, and nothing goes out in
// the clear; over ws gorilla does what it always does.
func TestProxyChangedAfterAttach(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for name, change := range map[string]func(d *websocket.Dialer, other *url.URL){
		"another": func(d *websocket.Dialer, other *url.URL) {
			d.Proxy = func(*http.Request) (*url.URL, error) { return other, nil }
		},
		"none any more": func(d *websocket.Dialer, _ *url.URL) { d.Proxy = nil },
		"the first": func(d *websocket.Dialer, other *url.URL) {
			d.Proxy = http.ProxyURL(other)
		},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s secure=%v", name, secure), func(t *testing.T) {
				t.Parallel()
				if name == "none any more" && !secure {
					t.Skip("goes directly, as without the tap")
				}
				p, via := proxyServer{}, url.URL{Scheme: "http"}
				r := newProxied(t, secure, &p, &via)
				if name == "the first" {
					r.s.Dialer.Proxy = nil
				}
				r.attach(r.s)
				change(r.s.Dialer, &via)
				if !secure {
					r.open(r.s)
					r.awaitValue(event("READY"), 1)
					r.onlyProxy()
					return
				}
				err := r.s.Open()
				noSecret(t, err, r.srv.Token())
				if err == nil || !strings.Contains(err.Error(), "Dialer.Proxy was changed after the session was attached; set it before") {
					t.Errorf("Open: %v, want the documented error", err)
				}
				if len(r.dialed) != 0 {
					t.Errorf("%v was dialled", r.dialed)
				}
				if seen, asked := p.saw(); seen != "" || asked != nil {
					t.Errorf("the proxy was asked for %v and saw %d bytes", asked, len(seen))
				}
			})
		}
	}
}

// TestProxyOfManyInstrumentations: the outer tap goes the inner one's way.
func TestProxyOfManyInstrumentations(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("secure=%v", secure), func(t *testing.T) {
			t.Parallel()
			p, via := proxyServer{}, url.URL{Scheme: "http"}
			r := newProxied(t, secure, &p, &via)
			r.attach(r.s)
			other := newBench(t, nil)
			other.attach(r.s)
			r.open(r.s)
			r.awaitValue(event("GUILD_CREATE"), 3)
			other.awaitValue(event("GUILD_CREATE"), 3)
			r.onlyProxy()
			if seen, _ := p.saw(); strings.Contains(seen, "READY") == secure {
				t.Errorf("the proxy saw READY: %v, want %v", !secure, secure)
			}
		})
	}
}
