package promapi

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/credential"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/evidence/promql"
	"github.com/argus-dgo/argus/internal/excerpt"
)

// Limits of a [Client].
const (
	// DefaultTimeout is the time limit of a query without [Config].Timeout.
	DefaultTimeout = 10 * time.Second
	// Concurrency is the number of queries at a time.
	Concurrency = 8

	maxAnswer = 16 << 20 // bytes
	maxSeries = 50_000   // of an answer
	maxQuoted = 200      // bytes of the server's own words in an error
)

// A Config says where the server is, and which of its series are the bot's.
type Config struct {
	// URL is that of the server, with its path prefix if it has one:
	// "https://prometheus.example/prefix".
	URL string
	// Credential is what the server may want. [Client.Authenticate] changes it.
	Credential credential.Credential
	// Header is sent with each request, such as the tenant of Mimir (X-Scope-OrgID).
	Header http.Header
	// TLS is nil for the certificates of the system.
	TLS *tls.Config
	// Timeout is the time limit of a query. 0 means [DefaultTimeout].
	Timeout time.Duration
	// Namespace is that of the bot's metrics. Empty means "discord".
	Namespace string
	// Job and Bot are labels that the bot's series have, so that bots that share a
	// server are not mixed. An empty one selects nothing.
	Job, Bot string
}

// A Client is a server as a source of evidence.
type Client struct {
	*promql.Source

	base    *url.URL
	address string // of the server, for errors
	timeout time.Duration
	scope   evidence.Scope
	bot     evidence.Bot
	http    *http.Client
	slots   chan struct{} // one for each query that runs

	header     http.Header
	credential *atomic.Pointer[credential.Credential]
}

var (
	_ evidence.Source = (*Client)(nil)
	_ promql.Querier  = (*Client)(nil)
)

// New returns a client. It does not connect: [Client.Check] does.
func New(config Config) (*Client, error) {
	base, err := parseURL(config.URL)
	if err != nil {
		return nil, err
	}
	if config.Namespace != "" {
		if err := catalog.CheckNamespace(config.Namespace); err != nil {
			return nil, fmt.Errorf("the namespace %q %w", config.Namespace, err)
		}
	}
	if config.Timeout < 0 {
		return nil, fmt.Errorf("the timeout %v is negative", config.Timeout)
	}
	settings := config.TLS.Clone()
	if settings == nil {
		settings = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	c := &Client{
		base:       base,
		address:    (&url.URL{Scheme: base.Scheme, Host: base.Host, Path: strings.TrimSuffix(base.Path, "/")}).String(),
		timeout:    config.Timeout,
		header:     config.Header.Clone(),
		credential: &atomic.Pointer[credential.Credential]{},
		bot:        evidence.Bot{Job: config.Job, Name: config.Bot},
		http: &http.Client{
			Transport: &http.Transport{
				Proxy:                  http.ProxyFromEnvironment,
				TLSClientConfig:        settings,
				ForceAttemptHTTP2:      true,
				MaxIdleConnsPerHost:    Concurrency,
				IdleConnTimeout:        30 * time.Second,
				MaxResponseHeaderBytes: 64 << 10,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		slots: make(chan struct{}, Concurrency),
	}
	if c.timeout == 0 {
		c.timeout = DefaultTimeout
	}
	c.Authenticate(config.Credential)
	c.scope = evidence.Scope{Namespace: config.Namespace, Where: c.bot.Matches()}
	c.Source = promql.New(c, c.scope, Concurrency)
	return c, nil
}

// Authenticate sets what is sent as the credential from now on.
func (c *Client) Authenticate(with credential.Credential) { c.credential.Store(&with) }

// Address returns the URL of the server.
func (c *Client) Address() string { return c.address }

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// parseURL returns the URL of a server. Its errors quote no part that may be secret.
func parseURL(text string) (*url.URL, error) {
	if strings.Contains(text, "@") { // anywhere: a password may have a / or a ? in it
		return nil, errors.New("the URL of Prometheus contains credentials: remove what is before the @, and use a token file")
	}
	shown, _, _ := strings.Cut(text, "?")
	shown, _, _ = strings.Cut(shown, "#")
	shown = excerpt.Line(shown, maxQuoted)
	if text == "" {
		return nil, errors.New("the URL of Prometheus is empty")
	}
	if !strings.Contains(shown, "://") {
		return nil, fmt.Errorf("the URL of Prometheus %q has no scheme: write http://%s or https://%s", shown, shown, shown)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return nil, fmt.Errorf("%q is not the URL of a Prometheus: write it as http://host:9090", shown)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("the URL of Prometheus %q has the scheme %q: only http and https are supported", shown, u.Scheme)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("the URL of Prometheus %q has a query or a fragment: remove what follows the path", shown)
	}
	return u, nil
}
