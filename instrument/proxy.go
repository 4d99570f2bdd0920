package instrument

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/proxy"
)

// dialThrough dials addr, through a proxy if the user's Dialer.Proxy returns one.
// It calls that function with the URL that gorilla/websocket would use, except
// for the path.
func dialThrough(ctx context.Context, choose proxyFunc, dial dialFunc, scheme, network, addr string) (net.Conn, error) {
	via, err := proxyFor(choose, scheme, addr)
	if err != nil {
		return nil, err
	}
	if via == nil {
		return dial(ctx, network, addr)
	}
	if via.Scheme == "http" {
		return connectTunnel(ctx, via, dial, network, addr)
	}
	dialer, err := proxy.FromURL(via, forward{ctx, dial})
	if err != nil {
		return nil, fmt.Errorf("argus: proxy with the scheme %q: %w", via.Scheme, errProxyScheme)
	}
	if withContext, ok := dialer.(proxy.ContextDialer); ok {
		return withContext.DialContext(ctx, network, addr)
	}
	return dialer.Dial(network, addr)
}

var errProxyScheme = errors.New("not supported; use http, socks5 or socks5h")

func proxyFor(choose proxyFunc, scheme, addr string) (*url.URL, error) {
	if choose == nil {
		return nil, nil //nolint:nilnil // no proxy
	}
	host := strings.TrimSuffix(addr, map[string]string{"http": ":80", "https": ":443"}[scheme])
	return choose(&http.Request{
		Method: http.MethodGet,
		URL:    &url.URL{Scheme: scheme, Host: host, Path: "/"},
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{},
		Host:   host,
	})
}

// forward dials to the proxy.
type forward struct {
	ctx  context.Context //nolint:containedctx // proxy.Dialer takes no context
	dial dialFunc
}

func (f forward) Dial(network, addr string) (net.Conn, error) { return f.dial(f.ctx, network, addr) }

func (f forward) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return f.dial(ctx, network, addr)
}

// connectTunnel requests a tunnel from an HTTP proxy (RFC 9110, section 9.3.6).
func connectTunnel(ctx context.Context, via *url.URL, dial dialFunc, network, addr string) (net.Conn, error) {
	proxyAddr := via.Host
	if via.Port() == "" {
		proxyAddr = net.JoinHostPort(via.Hostname(), "80")
	}
	conn, err := dial(ctx, network, proxyAddr)
	if err != nil {
		return nil, err
	}
	if err := askForTunnel(ctx, conn, via, addr); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

func askForTunnel(ctx context.Context, conn net.Conn, via *url.URL, addr string) error {
	// If the proxy does not answer, the connection is closed with the dial's
	// context.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	header := http.Header{}
	if user := via.User; user != nil {
		if password, ok := user.Password(); ok {
			credentials := base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + password))
			header.Set("Proxy-Authorization", "Basic "+credentials)
		}
	}
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: addr}, Host: addr, Header: header}
	if err := request.Write(conn); err != nil {
		return orContext(ctx, err)
	}
	// The server sends nothing before the client does, so the buffer contains
	// nothing beyond the proxy's response.
	response, err := http.ReadResponse(bufio.NewReader(conn), request) //nolint:bodyclose // closing reads the body, which may never arrive
	if err != nil {
		return orContext(ctx, err)
	}
	if response.StatusCode != http.StatusOK {
		return tunnelError(response.StatusCode)
	}
	return nil
}

// A tunnelError is the status with which a proxy refused the tunnel.
type tunnelError int

func (e tunnelError) Error() string {
	return fmt.Sprintf("argus: the proxy refused the tunnel: status %d", int(e))
}

func orContext(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
