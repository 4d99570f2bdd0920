package instrument_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/catalog"
)

const attempts = "discord.shard.connection_attempts"

func attempt(outcome, status string) string {
	return fmt.Sprintf(attempts+"{outcome=%s,shard=0,status=%s}", outcome, status)
}

// onlyAttempts checks all series of attempts.
func (r reading) onlyAttempts(t *testing.T, want reading) {
	t.Helper()
	all := reading{attempt(catalog.AttemptConnected, catalog.UpgradeAccepted): 0, attempt(catalog.AttemptFailed, catalog.UpgradeNone): 0}
	maps.Copy(all, want)
	got := r.with(attempts)
	if fmt.Sprint(got) != fmt.Sprint(all) {
		t.Errorf("attempts %v, want %v", got, all)
	}
}

// TestRefusedUpgrades: each is counted once, with its status.
func TestRefusedUpgrades(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	eachWay(t, func(t *testing.T, w way) {
		b := w.bench(t)
		s := w.session(b, 0, 1)
		b.attach(s)
		if got := b.collect().with(attempts); len(got) > 0 {
			t.Errorf("%v before the first dial, when it is no shard", got)
		}
		want := reading{}
		for _, status := range []int{400, 401, 403, 429, 500, 502, 503, 520, 530, 200, 204, 302, 418, 599} {
			label := strconv.Itoa(status)
			switch status {
			case 200, 204, 302, 418, 599:
				label = catalog.Other
			}
			b.srv.Behave(discordtest.Behavior{RejectUpgrade: status})
			for range 2 {
				if err := s.Open(); err == nil {
					t.Fatalf("%d: it is open", status)
				}
				want[attempt(catalog.AttemptRefused, label)]++
			}
			r := b.collect()
			r.onlyAttempts(t, want)
			r.want(t, inState(catalog.StateDisconnected))
		}
		b.srv.Behave(discordtest.Behavior{})
		b.steady(s)
		want[attempt(catalog.AttemptConnected, catalog.UpgradeAccepted)] = 1
		b.collect().onlyAttempts(t, want)
	})
}

// answer is a gateway that answers the upgrade with a text.
func answer(t *testing.T, text string, hang bool) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	serve(t, ln, func(conn net.Conn) {
		buf := make([]byte, 4<<10)
		_, _ = conn.Read(buf)
		_, _ = io.WriteString(conn, text)
		if hang {
			_, _ = io.Copy(io.Discard, conn)
		}
	})
	return ln.Addr().String()
}

// TestFailedAttempts: each is counted once, whatever came in the way.
func TestFailedAttempts(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	check(t, closed.Close())
	ctxDial := func(dial func(context.Context) (net.Conn, error)) func(*websocket.Dialer) {
		return func(d *websocket.Dialer) {
			f := func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }
			d.NetDialContext, d.NetDialTLSContext = f, f
		}
	}
	errNo := errors.New("no")
	const none = "failed none"
	for name, tt := range map[string]struct {
		gateway string
		dialer  func(*websocket.Dialer)
		want    string
	}{
		"nobody listens": {"ws://" + closed.Addr().String(), nil, none},
		"no such name":   {"ws://no..name", nil, none}, // no name server is asked,
		"no TLS":         {"wss://" + answer(t, "HTTP/1.1 400 Bad Request\r\n\r\n", false), nil, none},
		"the user's dial function": {"ws://gateway.example", ctxDial(func(context.Context) (net.Conn, error) {
			return nil, errNo
		}), none},
		"the user's dial function with TLS": {"wss://gateway.example", ctxDial(func(context.Context) (net.Conn, error) {
			return nil, errNo
		}), none},
		"the user's dial function, and an error whose methods panic": {"ws://gateway.example", ctxDial(func(context.Context) (net.Conn, error) {
			return nil, (*net.OpError)(nil)
		}), none},
		"the user's old dial function": {"ws://gateway.example", func(d *websocket.Dialer) {
			d.NetDial = func(string, string) (net.Conn, error) { return nil, errNo }
		}, none},
		"a dial that hangs": {"ws://gateway.example", func(d *websocket.Dialer) {
			d.HandshakeTimeout = 50 * time.Millisecond
			ctxDial(func(ctx context.Context) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() })(d)
		}, none},
		"an answer that never comes": {"ws://" + answer(t, "", true), func(d *websocket.Dialer) { d.HandshakeTimeout = 300 * time.Millisecond }, none},
		"half an answer":             {"ws://" + answer(t, "HTTP/1.1 101 Switch", false), nil, none},
		"dropped":                    {"ws://" + answer(t, "", false), nil, none},
		"not HTTP":                   {"ws://" + answer(t, "SSH-2.0-OpenSSH\r\n\r\n", false), nil, none},
		"bytes":                      {"ws://" + answer(t, "\x00\x01\x02\x03\r\n\r\n\xff", false), nil, none},
		"a wrong key": {
			"ws://" + answer(t, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n", true), nil, none,
		},
		"the proxy function": {"ws://gateway.example", func(d *websocket.Dialer) {
			d.Proxy = proxyAt("", errNo)
		}, none},
		"the proxy function, and TLS of the user's": {"wss://gateway.example", func(d *websocket.Dialer) {
			ctxDial(nil)(d)
			d.Proxy = proxyAt("", errNo)
		}, none},
		"a proxy of a kind that gorilla does not know": {"wss://gateway.example", func(d *websocket.Dialer) {
			ctxDial(nil)(d)
			d.Proxy = proxyAt("ftp://127.0.0.1:1", nil)
		}, none},
		"a proxy that nobody listens at": {"ws://gateway.example", func(d *websocket.Dialer) {
			d.Proxy = proxyAt("http://"+closed.Addr().String(), nil)
		}, none},
		"a proxy that refuses": {"ws://gateway.example", func(d *websocket.Dialer) {
			d.Proxy = proxyAt("http://"+answer(t, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", false), nil)
		}, "refused 407"},
		"a proxy that refuses, and TLS of the user's": {"wss://gateway.example", func(d *websocket.Dialer) {
			proxy := answer(t, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", false)
			ctxDial(func(context.Context) (net.Conn, error) { return net.Dial("tcp", proxy) })(d)
			d.Proxy = proxyAt("http://"+proxy, nil)
		}, "refused 403"},
		"GET /gateway": {"fail", nil, ""}, // then nobody dials
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			s := b.session(0, 1)
			if tt.gateway == "fail" {
				b.srv.Fail("GET", "/gateway", 503, -1)
				s.MaxRestRetries = 0
			} else {
				s.Client.Transport = gatewayAt{tt.gateway, s.Client.Transport}
			}
			s.Dialer = &websocket.Dialer{HandshakeTimeout: patience}
			if tt.dialer != nil {
				tt.dialer(s.Dialer)
			}
			b.attach(s)
			want := reading{}
			for n := range 2 {
				if err := s.Open(); err == nil {
					t.Fatal("it is open")
				}
				if outcome, status, ok := strings.Cut(tt.want, " "); ok {
					want[attempt(outcome, status)] = float64(n + 1)
				}
			}
			r := b.collect()
			r.onlyAttempts(t, want)
			r.want(t, inState(catalog.StateDisconnected))
			if n := r.sum("discord.shard.disconnects"); n != 0 {
				t.Errorf("%v disconnects of no connection", n)
			}
			runtime.KeepAlive(s) // one that is gone has no state
		})
	}
}

func proxyAt(address string, err error) func(*http.Request) (*url.URL, error) {
	return func(*http.Request) (*url.URL, error) {
		if err != nil {
			return nil, err
		}
		return url.Parse(address)
	}
}

// TestAttemptsOfReconnects: each is one.
func TestAttemptsOfReconnects(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	s.ShouldReconnectOnError = true
	b.attach(s)
	conn := b.steady(s)
	connected := attempt(catalog.AttemptConnected, catalog.UpgradeAccepted)
	b.collect().onlyAttempts(t, reading{connected: 1})
	check(t, conn.CloseCode(4000, ""))
	b.awaitValue(reconnect("resume"), 1).onlyAttempts(t, reading{connected: 2})
	conn = b.conn(0)
	check(t, conn.WaitHeartbeats(b.context(), 1))
	b.srv.Behave(discordtest.Behavior{RejectUpgrade: 502, Times: 1})
	check(t, conn.CloseCode(4000, ""))
	b.awaitValue(reconnect("resume"), 2).onlyAttempts(t, reading{connected: 3, attempt(catalog.AttemptRefused, "502"): 1})
}

// TestAttemptsForVoice: those that fail are not taken for the gateway's either.
func TestAttemptsForVoice(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	errNo := errors.New("no voice")
	dialer := *s.Dialer
	dialer.NetDialTLSContext = func(context.Context, string, string) (net.Conn, error) { return nil, errNo }
	s.Dialer = &dialer
	b.attach(s)
	b.steady(s)
	guild := b.srv.Guilds()[0]
	if vc, err := s.ChannelVoiceJoin(guild, b.srv.VoiceChannel(guild), false, true); err == nil {
		t.Fatalf("it has joined: %v", vc)
	}
	r := b.collect()
	r.onlyAttempts(t, reading{attempt(catalog.AttemptConnected, catalog.UpgradeAccepted): 1})
	r.want(t, inState(catalog.StateReady))
}

// TestNoAttemptsWithoutTap: what is unknown is absent.
func TestNoAttemptsWithoutTap(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	b.steady(s)
	b.attach(s)
	r := b.awaitValue(up(0), 1)
	if found := r.with(attempts); len(found) != 0 {
		t.Errorf("%v, want none", found)
	}
	if found := r.with("discord.voice.disconnects"); len(found) != 0 {
		t.Errorf("%v, want none", found)
	}
}
