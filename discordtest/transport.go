package discordtest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"
)

// discordDomains are the domains that [Server.Transport] redirects to the fake,
// including their subdomains.
var discordDomains = []string{"discord.com", "discordapp.com", "discordapp.net", "discord.gg", "discord.media"}

func isDiscordHost(host string) bool {
	host = strings.ToLower(host)
	for _, d := range discordDomains {
		if host == d || strings.HasSuffix(host, "."+d) {
			return true
		}
	}
	return false
}

// An endpoint is what sessions need to know about a server in this process or in
// another one.
type endpoint struct {
	addr   string              // host and port
	token  string              // of the bot, without the prefix "Bot "
	secure bool                // TLS at the gateway and REST; voice always has it
	roots  []*x509.Certificate // that verify the server's certificate
	pool   *x509.CertPool      // of roots

	mu         sync.Mutex
	transports []*http.Transport
}

func newEndpoint(addr, token string, secure bool, roots []*x509.Certificate) *endpoint {
	e := &endpoint{addr: addr, token: token, secure: secure, roots: roots, pool: x509.NewCertPool()}
	for _, cert := range roots {
		e.pool.AddCert(cert)
	}
	return e
}

func (e *endpoint) scheme(base string) string {
	if e.secure {
		return base + "s"
	}
	return base
}

func (e *endpoint) closeIdleConnections() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, t := range e.transports {
		t.CloseIdleConnections()
	}
}

// Transport returns a RoundTripper that sends requests for Discord's hosts (API and
// CDN) to this server, by rewriting scheme and host, and passes other requests to
// next unchanged. With a nil next it uses a separate http.Transport that trusts
// [Server.CertPool] and is closed with the server.
func (s *Server) Transport(next http.RoundTripper) http.RoundTripper {
	return s.endpoint.transport(next)
}

func (e *endpoint) transport(next http.RoundTripper) http.RoundTripper {
	if next == nil {
		t := &http.Transport{MaxIdleConnsPerHost: 32, IdleConnTimeout: 90 * time.Second}
		if e.secure {
			t.TLSClientConfig = &tls.Config{RootCAs: e.pool, MinVersion: tls.VersionTLS12}
		}
		e.mu.Lock()
		e.transports = append(e.transports, t)
		e.mu.Unlock()
		next = t
	}
	return &rewriter{scheme: e.scheme("http"), host: e.addr, next: next}
}

type rewriter struct {
	scheme, host string
	next         http.RoundTripper
}

func (t *rewriter) RoundTrip(r *http.Request) (*http.Response, error) {
	if !isDiscordHost(r.URL.Hostname()) {
		return t.next.RoundTrip(r)
	}
	out := r.Clone(r.Context())
	if out.Host == "" {
		out.Host = r.URL.Host // the server distinguishes CDN and API by it
	}
	out.URL.Scheme, out.URL.Host = t.scheme, t.host
	resp, err := t.next.RoundTrip(out)
	if resp != nil {
		resp.Request = r
	}
	return resp, err
}

// CloseIdleConnections passes http.Client.CloseIdleConnections on.
func (t *rewriter) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// Configure points a session at this server. It gives the session new copies of its
// http.Client and websocket.Dialer, with [Server.Transport] around the client's
// transport and the server's authority in the dialer's roots: discordgo always dials
// voice servers over TLS, also if the gateway uses none. Shared defaults are not
// changed. Call Configure before Open, and before anything else wraps the session's
// transport or dialer. A nil session is ignored.
func (s *Server) Configure(sess *discordgo.Session) { s.endpoint.configure(sess) }

func (e *endpoint) configure(sess *discordgo.Session) {
	if sess == nil {
		return
	}
	client := &http.Client{Timeout: 20 * time.Second} // as in discordgo.New
	if sess.Client != nil {
		*client = *sess.Client
	}
	client.Transport = e.transport(client.Transport)
	sess.Client = client

	dialer := &websocket.Dialer{HandshakeTimeout: 45 * time.Second}
	if sess.Dialer != nil {
		*dialer = *sess.Dialer
	}
	dialer.Proxy = nil // no proxy on loopback
	tc := &tls.Config{MinVersion: tls.VersionTLS12}
	if dialer.TLSClientConfig != nil {
		tc = dialer.TLSClientConfig.Clone()
	}
	tc.RootCAs = e.pool
	dialer.TLSClientConfig = tc
	sess.Dialer = dialer
}

// NewSession returns a session for a shard, made by discordgo.New, configured for
// this server and not yet open. ShouldReconnectOnError is false, so that a session
// whose connection a test ends does not reconnect forever.
func (s *Server) NewSession(shard, shardCount int) (*discordgo.Session, error) {
	return s.endpoint.newSession(shard, shardCount)
}

func (e *endpoint) newSession(shard, shardCount int) (*discordgo.Session, error) {
	if shardCount < 1 || shard < 0 || shard >= shardCount {
		return nil, errors.New("discordtest: NewSession: want 0 <= shard < shardCount")
	}
	sess, err := discordgo.New("Bot " + e.token)
	if err != nil {
		return nil, err
	}
	sess.ShardID, sess.ShardCount = shard, shardCount
	sess.ShouldReconnectOnError = false
	e.configure(sess)
	return sess, nil
}
