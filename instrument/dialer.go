package instrument

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/gorilla/websocket"
)

// errProxyChanged refuses to dial rather than to talk in the clear: with a TLS
// dial function in place gorilla/websocket v1.5.3 leaves TLS to it, and would
// call it with the proxy's address.
var errProxyChanged = errors.New("argus: the session's Dialer.Proxy was changed after the session was attached; set it before")

// wrapDialer returns a copy of the dialer whose connections are tapped. It
// dials as the user's would: with the same functions, proxy, certificates and
// time limits.
//
// gorilla/websocket does TLS itself and then reads frames from inside it. To
// hear them, the tap must sit there too, so the TLS handshake moves into the
// dial function, and with it the way through a proxy. Only where the user has a
// function that dials TLS does gorilla go through the proxy, as it would.
func (t *tap) wrapDialer(user *websocket.Dialer) *websocket.Dialer {
	if user == nil {
		user = websocket.DefaultDialer
	}
	d := *user
	dial, dialTLS, proxy := netDial(user), user.NetDialTLSContext, user.Proxy
	if proxy != nil {
		d.Proxy = func(r *http.Request) (*url.URL, error) {
			if r.URL.Scheme == "https" && dialTLS != nil {
				return proxy(r) // gorilla's, which talks TLS to the proxy then
			}
			return nil, nil //nolint:nilnil // what a proxy function says for "none"
		}
	}
	ours := d.Proxy
	d.NetDialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		t.dialing()
		if !sameFunc(d.Proxy, ours) { // gorilla asked it, and goes on from here
			return t.listen(dial(ctx, network, addr))
		}
		return t.listen(dialThrough(ctx, proxy, dial, "http", network, addr))
	}
	plain := d.NetDialContext
	d.NetDialTLSContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		t.dialing()
		if dialTLS != nil {
			return t.listen(dialTLS(ctx, network, addr))
		}
		if !sameFunc(d.Proxy, ours) {
			return t.listen(nil, errProxyChanged)
		}
		dial := dial
		if d.NetDialContext != nil && !sameFunc(d.NetDialContext, plain) {
			dial = d.NetDialContext // set since the session was attached
		}
		conn, err := dialThrough(ctx, proxy, dial, "https", network, addr)
		if err != nil {
			return t.listen(nil, err)
		}
		return t.listen(secure(ctx, conn, d.TLSClientConfig, addr))
	}
	return &d
}

func (t *tap) dialing() {
	if a := t.target.Load(); a != nil {
		a.dials()
		a.life.dialing()
	}
}

// listen puts the tap on a connection that was dialled, and takes note of one
// that was not.
func (t *tap) listen(conn net.Conn, err error) (net.Conn, error) {
	if err != nil || conn == nil {
		if a := t.target.Load(); a != nil {
			a.life.undialed()
		}
		return conn, err
	}
	return newTappedConn(conn, t), nil
}

type (
	dialFunc  = func(ctx context.Context, network, addr string) (net.Conn, error)
	proxyFunc = func(*http.Request) (*url.URL, error)
)

// netDial returns the user's way to dial in the clear, in gorilla's order.
func netDial(user *websocket.Dialer) dialFunc {
	switch {
	case user.NetDialContext != nil:
		return user.NetDialContext
	case user.NetDial != nil:
		plain := user.NetDial
		return func(_ context.Context, network, addr string) (net.Conn, error) { return plain(network, addr) }
	default:
		return (&net.Dialer{}).DialContext
	}
}

// secure does what gorilla/websocket v1.5.3 does after dialling: the name is
// the host's unless the configuration has one, and it is verified unless the
// configuration says not to.
func secure(ctx context.Context, conn net.Conn, config *tls.Config, addr string) (net.Conn, error) {
	if config == nil {
		config = &tls.Config{}
	} else {
		config = config.Clone()
	}
	if config.ServerName == "" {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			host = strings.Trim(addr, "[]")
		}
		config.ServerName = host
	}
	secured := tls.Client(conn, config)
	err := secured.HandshakeContext(ctx)
	if err == nil && !config.InsecureSkipVerify {
		err = secured.VerifyHostname(config.ServerName)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secured, nil
}

// sameFunc compares functions by their code: enough to tell our own from any
// that a user put in its place.
func sameFunc[F any](a, b F) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}
