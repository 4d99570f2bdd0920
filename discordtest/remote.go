package discordtest

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/bwmarrin/discordgo"
)

// A Remote is a [Server] in another process on this machine, for the processes of a
// bot that share one Discord. [Connect] makes one. Its methods are safe for
// concurrent use.
type Remote struct{ endpoint *endpoint }

// Address returns one word of printable ASCII for [Connect] in another process: the
// server's address, the bot's token and the certificates to trust. Pass it in a flag
// or an environment variable.
func (s *Server) Address() string {
	e := s.endpoint
	u := url.URL{Scheme: e.scheme("http"), User: url.User(e.token), Host: e.addr}
	var roots []string
	for _, cert := range e.roots {
		roots = append(roots, base64.RawURLEncoding.EncodeToString(cert.Raw))
	}
	u.Fragment = strings.Join(roots, ".")
	return u.String()
}

// Connect uses the result of [Server.Address]. It opens no connection: sessions do.
// Its error does not contain the address, which contains a token.
func Connect(address string) (*Remote, error) {
	bad := func(why string) error {
		return fmt.Errorf("discordtest: Connect: %s: want what Server.Address returned", why)
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, bad("this is no address")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, bad("an address that begins with neither http:// nor https://")
	case u.Hostname() == "" || u.Port() == "" || u.User.Username() == "":
		return nil, bad("an address without a token, a host or a port")
	case u.Fragment == "":
		return nil, bad("an address without certificates")
	}
	var roots []*x509.Certificate
	for part := range strings.SplitSeq(u.Fragment, ".") {
		der, _ := base64.RawURLEncoding.DecodeString(part) // a truncated certificate is rejected below
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, bad("an address that is cut off within a certificate")
		}
		roots = append(roots, cert)
	}
	return &Remote{newEndpoint(u.Host, u.User.Username(), u.Scheme == "https", roots)}, nil
}

// Configure points a session at the server, like [Server.Configure].
func (r *Remote) Configure(sess *discordgo.Session) { r.endpoint.configure(sess) }

// NewSession returns a session for a shard, like [Server.NewSession].
func (r *Remote) NewSession(shard, shardCount int) (*discordgo.Session, error) {
	return r.endpoint.newSession(shard, shardCount)
}

// Transport sends requests for Discord's hosts to the server, like
// [Server.Transport]. With a nil next it is closed with the Remote.
func (r *Remote) Transport(next http.RoundTripper) http.RoundTripper {
	return r.endpoint.transport(next)
}

// Token returns the bot's token, without the prefix "Bot ".
func (r *Remote) Token() string { return r.endpoint.token }

// Close closes the idle connections of [Remote.Configure] and [Remote.Transport].
// Close the sessions first. It returns nil.
func (r *Remote) Close() error {
	r.endpoint.closeIdleConnections()
	return nil
}
