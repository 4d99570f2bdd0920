package instrument_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"github.com/argus-dgo/argus/discordtest"
)

// A front is a listener that hands connections on to a backend, after a TLS
// handshake if it has a configuration.
type front struct {
	addr     string
	accepted atomic.Int64
}

func newFront(t *testing.T, backend string, config *tls.Config) *front {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	f := &front{addr: ln.Addr().String()}
	serve(t, ln, func(conn net.Conn) {
		f.accepted.Add(1)
		if config != nil {
			secured := tls.Server(conn, config)
			if secured.Handshake() != nil {
				return
			}
			conn = secured
		}
		forward(conn, backend)
	})
	return f
}

// serve handles each connection in a goroutine, and ends with the test.
func serve(t *testing.T, ln net.Listener, handle func(net.Conn)) {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	conns := map[net.Conn]bool{}
	closed := false
	wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			if closed {
				_ = conn.Close()
			}
			conns[conn] = true
			mu.Unlock()
			wg.Go(func() {
				defer conn.Close()
				handle(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		mu.Lock()
		closed = true
		for conn := range conns {
			_ = conn.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
}

// forward copies both ways until either side ends.
func forward(conn net.Conn, backend string) {
	to, err := net.Dial("tcp", backend)
	if err != nil {
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		defer to.Close()
		_, _ = io.Copy(to, conn)
	})
	_, _ = io.Copy(conn, to)
	_ = conn.Close()
	wg.Wait()
}

// gatewayAt answers GET /gateway with another address.
type gatewayAt struct {
	url  string
	next http.RoundTripper
}

func (g gatewayAt) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/gateway") {
		return g.next.RoundTrip(r)
	}
	return &http.Response{
		StatusCode: http.StatusOK, Request: r, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(`{"url":"` + g.url + `"}`)),
	}, nil
}

// bareAndTapped opens a session without and with the instrumentation, at the
// gateway's address given and with a dialer of its own.
func bareAndTapped(t *testing.T, b *bench, gateway string, test func(t *testing.T, tapped bool, s *discordgo.Session, d *websocket.Dialer)) {
	t.Helper()
	for _, tapped := range []bool{false, true} {
		t.Run(fmt.Sprintf("tapped=%v", tapped), func(t *testing.T) {
			sub := &bench{T: t, srv: b.srv, reader: b.reader, inst: b.inst}
			s := sub.session(0, 1)
			s.Client.Transport = gatewayAt{gateway, s.Client.Transport}
			d := &websocket.Dialer{HandshakeTimeout: patience}
			s.Dialer = d
			test(t, tapped, s, d)
		})
	}
}

var varying = regexp.MustCompile(`127\.0\.0\.1:\d+|current time \S+`)

// outcome is how an Open ended, without what differs from one to the next.
func outcome(err error) string {
	if err == nil {
		return "open"
	}
	return varying.ReplaceAllString(err.Error(), "…")
}

// clientAuthority makes a client certificate, and the pool that trusts it.
func clientAuthority(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(t, err)
	leaf, err := x509.ParseCertificate(der)
	check(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// TestTLSIsAsBefore: every case ends with the tap exactly as without it.
func TestTLSIsAsBefore(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	ca, err := discordtest.NewCA()
	check(t, err)
	issue := func(from, to time.Duration, hosts ...string) *tls.Config {
		cert, err := ca.Issue(time.Now().Add(from), time.Now().Add(to), hosts...)
		check(t, err)
		return &tls.Config{Certificates: []tls.Certificate{cert}}
	}
	good := issue(-time.Hour, time.Hour, "127.0.0.1")
	other := issue(-time.Hour, time.Hour, "gateway.example")
	expired := issue(-2*time.Hour, -time.Hour, "127.0.0.1")
	future := issue(time.Hour, 2*time.Hour, "127.0.0.1")
	old := good.Clone()
	old.MaxVersion = tls.VersionTLS12
	client, clientPool := clientAuthority(t)
	mutual := good.Clone()
	mutual.ClientAuth, mutual.ClientCAs = tls.RequireAndVerifyClientCert, clientPool
	errPinned := errors.New("not the pinned certificate")

	for name, tt := range map[string]struct {
		server *tls.Config
		client *tls.Config
		want   string // part of the error; "" for none
	}{
		"good":                      {good, &tls.Config{RootCAs: ca.Pool()}, ""},
		"unknown authority":         {good, nil, "signed by unknown authority"},
		"another authority":         {good, &tls.Config{RootCAs: clientPool}, "signed by unknown authority"},
		"wrong host":                {other, &tls.Config{RootCAs: ca.Pool()}, "doesn't contain any IP SANs"},
		"ServerName":                {other, &tls.Config{RootCAs: ca.Pool(), ServerName: "gateway.example"}, ""},
		"wrong ServerName":          {good, &tls.Config{RootCAs: ca.Pool(), ServerName: "gateway.example"}, "gateway.example"},
		"expired":                   {expired, &tls.Config{RootCAs: ca.Pool()}, "expired"},
		"not yet valid":             {future, &tls.Config{RootCAs: ca.Pool()}, "not yet valid"},
		"InsecureSkipVerify":        {expired, &tls.Config{InsecureSkipVerify: true}, ""},
		"MinVersion":                {old, &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS13}, "protocol version"},
		"without a client's":        {mutual, &tls.Config{RootCAs: ca.Pool()}, "certificate required"},
		"with a client's":           {mutual, &tls.Config{RootCAs: ca.Pool(), Certificates: []tls.Certificate{client}}, ""},
		"VerifyPeerCertificate":     {good, &tls.Config{RootCAs: ca.Pool(), VerifyPeerCertificate: func([][]byte, [][]*x509.Certificate) error { return errPinned }}, errPinned.Error()},
		"VerifyConnection":          {good, &tls.Config{RootCAs: ca.Pool(), VerifyConnection: func(tls.ConnectionState) error { return errPinned }}, errPinned.Error()},
		"verification, skipped":     {other, &tls.Config{InsecureSkipVerify: true, VerifyPeerCertificate: func([][]byte, [][]*x509.Certificate) error { return errPinned }}, errPinned.Error()},
		"GetClientCertificate":      {mutual, &tls.Config{RootCAs: ca.Pool(), GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &client, nil }}, ""},
		"no cipher suite in common": {&tls.Config{Certificates: good.Certificates, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}}, &tls.Config{RootCAs: ca.Pool(), CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}, "handshake failure"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, servers(discordtest.WithResumeURL(false)))
			f := newFront(t, b.srv.Addr(), tt.server)
			outcomes := map[bool]string{}
			bareAndTapped(t, b, "wss://"+f.addr, func(t *testing.T, tapped bool, s *discordgo.Session, d *websocket.Dialer) {
				d.TLSClientConfig = tt.client
				if tapped {
					b.attach(s)
				}
				err := s.Open()
				if err == nil {
					_ = s.Close()
				}
				outcomes[tapped] = outcome(err)
				if f.accepted.Load() == 0 {
					t.Error("nobody connected")
				}
				if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
					t.Errorf("Open: %v, want %q", err, tt.want)
				}
			})
			if outcomes[false] != outcomes[true] {
				t.Errorf("bare:   %s\ntapped: %s", outcomes[false], outcomes[true])
			}
			events := 0.0
			if tt.want == "" {
				events = 1
			}
			if got := b.collect()[event("READY")]; got != events {
				t.Errorf("the tap saw %v READYs, want %v", got, events)
			}
		})
	}
}

// TestDialFunctionsStayInForce: whichever the user has set is called, before
// and after Attach, and is tapped.
func TestDialFunctionsStayInForce(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	dial := (&net.Dialer{}).DialContext
	for _, secure := range []bool{false, true} {
		for name, set := range map[string]func(d *websocket.Dialer, called *atomic.Int64, config *tls.Config){
			"NetDial": func(d *websocket.Dialer, called *atomic.Int64, _ *tls.Config) {
				d.NetDial = func(network, addr string) (net.Conn, error) {
					called.Add(1)
					return net.Dial(network, addr)
				}
			},
			"NetDialContext": func(d *websocket.Dialer, called *atomic.Int64, _ *tls.Config) {
				d.NetDialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
					called.Add(1)
					return dial(ctx, network, addr)
				}
			},
			"NetDialTLSContext": func(d *websocket.Dialer, called *atomic.Int64, config *tls.Config) {
				d.NetDialTLSContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
					called.Add(1)
					return (&tls.Dialer{Config: config}).DialContext(ctx, network, addr)
				}
				d.TLSClientConfig = nil // gorilla does not look at it then
			},
		} {
			if name == "NetDialTLSContext" && !secure {
				continue
			}
			t.Run(fmt.Sprintf("%s secure=%v", name, secure), func(t *testing.T) {
				t.Parallel()
				opts := servers(discordtest.WithGuilds(3))
				if secure {
					opts = append(opts, discordtest.WithTLS())
				}
				b := newBench(t, opts)
				s := b.session(0, 1)
				var called atomic.Int64
				set(s.Dialer, &called, &tls.Config{RootCAs: b.srv.CertPool()})
				b.attach(s)
				b.open(s)
				b.awaitValue(event("GUILD_CREATE"), 3).want(t, reading{up(0): 1})
				if called.Load() != 1 {
					t.Errorf("the user's function was called %d times, want once", called.Load())
				}
			})
		}
	}
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("NetDialContext set after Attach secure=%v", secure), func(t *testing.T) {
			t.Parallel()
			var opts []discordtest.Option
			if secure {
				opts = servers(discordtest.WithTLS())
			}
			b := newBench(t, opts)
			s := b.session(0, 1)
			b.attach(s)
			var called atomic.Int64
			s.Dialer.NetDialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
				called.Add(1)
				return dial(ctx, network, addr)
			}
			b.open(s)
			if called.Load() != 1 {
				t.Errorf("the user's function was called %d times, want once", called.Load())
			}
		})
	}
	t.Run("an error", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil)
		s := b.session(0, 1)
		errDial := errors.New("no way through")
		s.Dialer.NetDialContext = func(context.Context, string, string) (net.Conn, error) { return nil, errDial }
		b.attach(s)
		if err := s.Open(); !errors.Is(err, errDial) {
			t.Errorf("Open: %v, want %v", err, errDial)
		}
	})
}

func TestSharedDialerIsLeftAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	before := *websocket.DefaultDialer
	s, err := discordgo.New("Bot x")
	check(t, err)
	if s.Dialer != websocket.DefaultDialer {
		t.Fatal("discordgo has a dialer for each session now")
	}
	b.attach(s)
	if s.Dialer == websocket.DefaultDialer {
		t.Error("the session has no dialer of its own")
	}
	now := websocket.DefaultDialer
	if now.NetDialContext != nil || now.NetDialTLSContext != nil || now.NetDial != nil || now.TLSClientConfig != nil ||
		now.HandshakeTimeout != before.HandshakeTimeout || now.Proxy == nil {
		t.Error("the shared dialer was changed")
	}
}

// TestJar: cookies are sent and kept.
func TestJar(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("secure=%v", secure), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			sent := make(chan string, 2)
			up := websocket.Upgrader{}
			start := httptest.NewServer
			if secure {
				start = httptest.NewTLSServer
			}
			gateway := start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				sent <- r.Header.Get("Cookie")
				conn, err := up.Upgrade(w, r, http.Header{"Set-Cookie": {"balancer=node7"}})
				if err == nil {
					_ = conn.Close()
				}
			}))
			t.Cleanup(gateway.Close)
			bareAndTapped(t, b, "ws"+strings.TrimPrefix(gateway.URL, "http"), func(t *testing.T, tapped bool, s *discordgo.Session, d *websocket.Dialer) {
				jar, err := cookiejar.New(nil)
				check(t, err)
				at, err := url.Parse(gateway.URL)
				check(t, err)
				jar.SetCookies(at, []*http.Cookie{{Name: "affinity", Value: "12"}})
				d.Jar = jar
				if secure {
					d.TLSClientConfig = gateway.Client().Transport.(*http.Transport).TLSClientConfig
				}
				if tapped {
					b.attach(s)
				}
				if err := s.Open(); err == nil {
					t.Error("Open: no error without a HELLO")
				}
				if got := <-sent; got != "affinity=12" {
					t.Errorf("the cookie sent is %q", got)
				}
				kept := jar.Cookies(at)
				if !slices.ContainsFunc(kept, func(c *http.Cookie) bool { return c.Name == "balancer" && c.Value == "node7" }) {
					t.Errorf("the jar has %v", kept)
				}
			})
		})
	}
}

// TestHandshakeTimeout: a server that accepts and says nothing.
func TestHandshakeTimeout(t *testing.T) {
	t.Parallel()
	ca, err := discordtest.NewCA()
	check(t, err)
	cert, err := ca.Issue(time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "127.0.0.1")
	check(t, err)
	silent := func(t *testing.T, config *tls.Config) string {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		check(t, err)
		serve(t, ln, func(conn net.Conn) {
			if config != nil {
				conn = tls.Server(conn, config)
			}
			_, _ = io.Copy(io.Discard, conn)
		})
		return ln.Addr().String()
	}
	for name, tt := range map[string]struct {
		scheme string
		config *tls.Config
	}{
		"upgrade":          {"ws://", nil},
		"TLS":              {"wss://", nil},
		"upgrade over TLS": {"wss://", &tls.Config{Certificates: []tls.Certificate{cert}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			bareAndTapped(t, b, tt.scheme+silent(t, tt.config), func(t *testing.T, tapped bool, s *discordgo.Session, d *websocket.Dialer) {
				d.HandshakeTimeout = 300 * time.Millisecond
				d.TLSClientConfig = &tls.Config{RootCAs: ca.Pool()}
				if tapped {
					b.attach(s)
				}
				start := time.Now()
				err := s.Open()
				var timeout interface{ Timeout() bool }
				if !errors.As(err, &timeout) || !timeout.Timeout() {
					t.Errorf("Open: %v, want a timeout", err)
				}
				if took := time.Since(start); took < d.HandshakeTimeout {
					t.Errorf("it took %v, less than the timeout", took)
				}
			})
			if got := b.collect().sum("discord.shard.disconnects"); got != 0 {
				t.Errorf("%v disconnects of connections that never were", got)
			}
		})
	}
}

// tappedPipe returns the tapped end of a pipe, and the other end.
func tappedPipe(t *testing.T) (tapped, inner, other net.Conn) {
	t.Helper()
	b := newBench(t, nil)
	s := b.session(0, 1)
	inner, other = net.Pipe()
	s.Dialer.NetDialContext = func(context.Context, string, string) (net.Conn, error) { return inner, nil }
	b.attach(s)
	tapped, err := s.Dialer.NetDialContext(context.Background(), "tcp", "192.0.2.1:80")
	check(t, err)
	if tapped == inner {
		t.Fatal("the connection is not tapped")
	}
	t.Cleanup(func() { _, _ = inner.Close(), other.Close() })
	return tapped, inner, other
}

func TestConnPassesThrough(t *testing.T) {
	t.Parallel()
	t.Run("bytes", func(t *testing.T) {
		tapped, _, other := tappedPipe(t)
		sent := bytes.Repeat([]byte("GET /?encoding=json HTTP/1.1\r\n\r\n\x81\xff garbage that is no frame"), 50)
		go func() {
			_, _ = tapped.Write(sent)
			_ = tapped.Close()
		}()
		got, err := io.ReadAll(other)
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("%d bytes came out, %v; want the %d that were written", len(got), err, len(sent))
		}
	})
	t.Run("bytes in", func(t *testing.T) {
		tapped, _, other := tappedPipe(t)
		sent := bytes.Repeat([]byte("HTTP/1.1 101 X\r\n\r\n\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff"), 50)
		go func() {
			_, _ = other.Write(sent)
			_ = other.Close()
		}()
		got, err := io.ReadAll(tapped)
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("%d bytes came out, %v; want the %d that were written", len(got), err, len(sent))
		}
	})
	t.Run("addresses", func(t *testing.T) {
		tapped, inner, _ := tappedPipe(t)
		if tapped.LocalAddr() != inner.LocalAddr() || tapped.RemoteAddr() != inner.RemoteAddr() {
			t.Error("the addresses are not the connection's")
		}
	})
	t.Run("deadlines", func(t *testing.T) {
		for name, set := range map[string]func(net.Conn, time.Time) error{
			"both": net.Conn.SetDeadline, "read": net.Conn.SetReadDeadline, "write": net.Conn.SetWriteDeadline,
		} {
			tapped, _, _ := tappedPipe(t)
			check(t, set(tapped, time.Now().Add(20*time.Millisecond)))
			if name != "write" {
				if _, err := tapped.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("%s: Read: %v", name, err)
				}
			}
			if name != "read" {
				if n, err := tapped.Write([]byte("x")); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("%s: Write: %d, %v", name, n, err)
				}
			}
		}
	})
	t.Run("back-pressure and partial writes", func(t *testing.T) {
		tapped, _, other := tappedPipe(t)
		type result struct {
			n   int
			err error
		}
		written := make(chan result, 1)
		go func() {
			n, err := tapped.Write([]byte("0123456789"))
			written <- result{n, err}
		}()
		_, err := io.ReadFull(other, make([]byte, 4))
		check(t, err)
		select {
		case r := <-written:
			t.Fatalf("Write returned %+v before the other side had read", r)
		default:
		}
		check(t, other.Close())
		if r := <-written; r.n != 4 || r.err != io.ErrClosedPipe { //nolint:errorlint // the very error
			t.Errorf("Write: %+v, want 4 bytes and io.ErrClosedPipe", r)
		}
		if _, err := tapped.Read(make([]byte, 1)); err != io.EOF { //nolint:errorlint // as above
			t.Errorf("Read: %v, want io.EOF", err)
		}
	})
	t.Run("Close unblocks", func(t *testing.T) {
		tapped, _, _ := tappedPipe(t)
		read, written := make(chan error, 1), make(chan error, 1)
		go func() { _, err := tapped.Read(make([]byte, 1)); read <- err }()
		go func() { _, err := tapped.Write([]byte("x")); written <- err }()
		check(t, tapped.Close())
		if err := <-read; err != io.ErrClosedPipe { //nolint:errorlint // the very error
			t.Errorf("Read: %v", err)
		}
		if err := <-written; err != io.ErrClosedPipe { //nolint:errorlint // as above
			t.Errorf("Write: %v", err)
		}
	})
}

// TestSettingsAreReadAtOpen: what is set between Attach and Open counts.
func TestSettingsAreReadAtOpen(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	b.attach(s)
	s.ShardID, s.ShardCount = 1, 4
	s.Identify.Intents = discordgo.IntentsGuildMessages
	b.open(s)
	b.awaitValue(up(1), 1).want(t, reading{up(0): absent, "discord.bot.shards": 4, "discord.shards.configured": 1, "discord.guilds": absent})
}

// TestVoiceIsNotTheGateway: discordgo dials its voice connections with the same
// dialer.
func TestVoiceIsNotTheGateway(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	eachWay(t, func(t *testing.T, w way) {
		b := w.bench(t)
		s := w.session(b, 0, 1)
		up8 := websocket.Upgrader{}
		heard := make(chan string, 4)
		voice := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			conn, err := up8.Upgrade(rw, r, nil)
			if err != nil {
				return
			}
			defer conn.Close()
			// Ops that mean something else at the gateway, and a look-alike.
			for _, m := range []string{`{"op":8,"d":{"heartbeat_interval":41250}}`, `{"op":0,"t":"READY","s":1,"d":{"guilds":[]}}`, `{"op":11,"d":{}}`} {
				_ = conn.WriteMessage(websocket.TextMessage, []byte(m))
			}
			for {
				_, m, err := conn.ReadMessage()
				if err != nil {
					return
				}
				heard <- string(m)
				_ = conn.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(4014, "moved"))
			}
		}))
		t.Cleanup(voice.Close)
		if s.Dialer.TLSClientConfig == nil {
			s.Dialer.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
		}
		s.Dialer.TLSClientConfig.RootCAs.AddCert(voice.Certificate())
		b.attach(s)
		b.steady(s)
		b.await("a round trip, and the guild", func(r reading) bool { return r[latency] > 0 && r["discord.guilds"] == 1 })
		before := b.collect()

		s.ShardID = 7 // must not be read: a voice connection is dialled outside the session's lock
		conn, resp, err := s.Dialer.Dial("ws"+strings.TrimPrefix(voice.URL, "http")+"/?v=4", nil)
		check(t, err)
		_ = resp.Body.Close()
		for range 3 {
			_, _, err := conn.ReadMessage()
			check(t, err)
		}
		identify := `{"op":1,"d":{"server_id":"1"}}`
		check(t, conn.WriteMessage(websocket.TextMessage, []byte(identify)))
		if got := <-heard; got != identify {
			t.Errorf("the voice server heard %q", got)
		}
		if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, 4014) {
			t.Errorf("the end is %v, want 4014", err)
		}
		check(t, conn.Close())

		after := b.collect()
		for _, name := range []string{"discord.gateway.events", "discord.shard.disconnects", "discord.shard.reconnects", "discord.shard.up", "discord.shard.latency", "discord.guilds"} {
			if got, want := fmt.Sprint(after.with(name)), fmt.Sprint(before.with(name)); got != want {
				t.Errorf("%s:\nbefore %s\nafter  %s", name, want, got)
			}
		}
		after.want(t, reading{up(0): 1, "argus.instrumentation.errors{hook=tap}": 0})
	})
}
