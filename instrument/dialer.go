package instrument

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/gorilla/websocket"
)

// errProxyChanged is returned instead of sending plaintext: if there is a TLS
// dial function, gorilla/websocket v1.5.3 leaves TLS to it, and would call it
// with the proxy's address.
var errProxyChanged = errors.New("argus: Session.Dialer.Proxy was changed after the session was attached; set it before you attach the session")

// wrapDialer returns a copy of the dialer whose connections are tapped. It dials
// as the user's dialer does: with the same functions, proxy, certificates and
// timeouts.
//
// gorilla/websocket does TLS itself and reads frames from inside it. The tap must
// be inside TLS too, so the TLS handshake moves into the dial function, and with
// it the connection through a proxy. Only if the user has a function that dials
// TLS does gorilla connect through the proxy, as it would without the tap.
func (t *tap) wrapDialer(user *websocket.Dialer) *websocket.Dialer {
	if user == nil {
		user = websocket.DefaultDialer
	}
	d := *user
	dial, dialTLS, proxy := netDial(user), user.NetDialTLSContext, user.Proxy
	if proxy != nil {
		d.Proxy = func(r *http.Request) (*url.URL, error) {
			if r.URL.Scheme == "https" && dialTLS != nil {
				// gorilla connects through the proxy itself, with TLS to the
				// proxy
				via, err := proxy(r)
				if err != nil || via != nil && !slices.Contains(gorillasProxies, via.Scheme) {
					_, _ = t.dialing(net.JoinHostPort(r.URL.Hostname(), "443")).done(nil, cmp.Or(err, errProxyScheme)) // gorilla does not dial
				}
				return via, err
			}
			return nil, nil //nolint:nilnil // the result of a proxy function for "none"
		}
	}
	ours := d.Proxy
	d.NetDialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		attempt := t.dialing(addr)
		if !sameFunc(d.Proxy, ours) { // gorilla has called the new function, and continues from here
			return attempt.done(dial(ctx, network, addr))
		}
		return attempt.done(dialThrough(ctx, proxy, dial, "http", network, addr))
	}
	plain := d.NetDialContext
	d.NetDialTLSContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		attempt := t.dialing(addr)
		if dialTLS != nil {
			return attempt.done(dialTLS(ctx, network, addr))
		}
		if !sameFunc(d.Proxy, ours) {
			return attempt.done(nil, errProxyChanged)
		}
		dial := dial
		if d.NetDialContext != nil && !sameFunc(d.NetDialContext, plain) {
			dial = d.NetDialContext // set after the session was attached
		}
		conn, err := dialThrough(ctx, proxy, dial, "https", network, addr)
		if err != nil {
			return attempt.done(nil, err)
		}
		return attempt.done(secure(ctx, conn, d.TLSClientConfig, addr))
	}
	return &d
}

// gorillasProxies are the proxy schemes that gorilla/websocket v1.5.3 supports.
var gorillasProxies = []string{"http", "socks5"}

type (
	dialFunc  = func(ctx context.Context, network, addr string) (net.Conn, error)
	proxyFunc = func(*http.Request) (*url.URL, error)
)

// netDial returns the user's function for plain connections, in gorilla's order.
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

// secure does what gorilla/websocket v1.5.3 does after dialing: the server name
// is that of the host unless the configuration has one, and it is verified unless
// the configuration disables that.
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

// sameFunc compares functions by their code: enough to distinguish our function
// from any that a user has set.
func sameFunc[F any](a, b F) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}
