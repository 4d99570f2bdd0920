package scrape

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/argus-dgo/argus/internal/access"
	"github.com/argus-dgo/argus/internal/credential"
	"github.com/argus-dgo/argus/internal/reason"
)

const (
	// RequestTimeout is how long one answer may take.
	RequestTimeout = 5 * time.Second
	// Concurrency is how many requests there are at a time.
	Concurrency = 32
	// maxBody is as much of a page as deploy/prometheus lets Prometheus read.
	maxBody = 16 << 20
)

// A Client asks for pages.
type Client struct {
	path   string
	access Access
	most   int64 // of an answer, in bytes
	http   *http.Client
}

// NewClient makes a client for pages at that path.
func NewClient(path string, access Access) *Client {
	return &Client{
		path:   path,
		access: access,
		most:   maxBody,
		http: &http.Client{
			Transport: &http.Transport{
				Proxy:                  nil,
				TLSClientConfig:        access.TLS,
				DisableKeepAlives:      true,
				MaxResponseHeaderBytes: 64 << 10,
				DialContext:            dial,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Timeout:       RequestTimeout,
		},
	}
}

// dial connects to what may not be a web server at all.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &asking{Conn: conn, asked: make(chan struct{})}, nil
}

// asking is a connection on which nothing is heard before something is said.
// net/http takes what comes before its request, as SSH's or SMTP's greeting
// does, for the end of an idle connection, and writes that to the global log.
type asking struct {
	net.Conn
	asked chan struct{}
	once  sync.Once
}

func (c *asking) Read(b []byte) (int, error) {
	<-c.asked
	return c.Conn.Read(b)
}

func (c *asking) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.once.Do(func() { close(c.asked) })
	return n, err
}

func (c *asking) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { close(c.asked) })
	return err
}

// An Answer is what a server said.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	// Clock is the server's clock less ours, and Within how far off that may be:
	// the header Date has whole seconds. Within is 0 when there was no such header.
	Clock, Within time.Duration
}

// Argus says whether the answer asks for the token in Argus' words.
func (a *Answer) Argus() bool {
	return a.Status == http.StatusUnauthorized && strings.Contains(a.Header.Get("WWW-Authenticate"), `realm="`+access.Realm+`"`)
}

// Password says whether the answer asks for a user name and a password, as a web
// configuration file can have it.
func (a *Answer) Password() bool {
	return a.Status == http.StatusUnauthorized && strings.HasPrefix(a.Header.Get("WWW-Authenticate"), string(credential.Basic))
}

// Refused says why the answer is not what was asked for, where that is the request's
// access; nil otherwise.
func (c *Client) Refused(a *Answer) error {
	switch {
	case a.Argus() && c.access.Credential.Kind() == credential.Bearer:
		return ErrWrongToken
	case a.Argus():
		return ErrNeedsToken
	case a.Password() && c.access.Credential.Kind() == credential.Basic:
		return ErrWrongPassword
	case a.Password():
		return ErrNeedsPassword
	case a.Status == http.StatusBadRequest && strings.Contains(string(a.Body), "HTTP request to an HTTPS server"):
		return ErrNeedsTLS
	}
	return nil
}

// Get asks one server for a path, with the credentials only if authorized says so.
func (c *Client) Get(ctx context.Context, address, path string, authorized bool) (*Answer, error) {
	scheme := "http"
	if c.access.TLS != nil {
		scheme = "https"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+address+path, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	request.Header.Set("Accept", "text/plain;version=0.0.4")
	if authorized {
		c.access.Credential.Set(request)
	}
	sent := time.Now()
	response, err := c.http.Do(request)
	if err != nil {
		return nil, cause(err)
	}
	defer response.Body.Close()
	came := time.Now()
	body, err := io.ReadAll(io.LimitReader(response.Body, c.most+1))
	if err != nil {
		return nil, fmt.Errorf("the response ended early: %w", cause(err))
	}
	if int64(len(body)) > c.most {
		return nil, fmt.Errorf("the response is longer than %d bytes", c.most)
	}
	a := &Answer{Status: response.StatusCode, Header: response.Header, Body: body}
	a.Clock, a.Within = Clock(response.Header, sent, came)
	return a, nil
}

// Clock compares the header Date of an answer with our clock. Whoever wrote it cut
// its time to whole seconds, at some moment between sent and came.
func Clock(h http.Header, sent, came time.Time) (offset, within time.Duration) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0, 0
	}
	const half = time.Second / 2
	middle := sent.Add(came.Sub(sent) / 2)
	return date.Add(half).Sub(middle), half + came.Sub(sent)/2
}

// Page asks one process for its page.
func (c *Client) Page(ctx context.Context, address string) (*Page, error) {
	a, err := c.Get(ctx, address, c.path, true)
	if err != nil {
		return nil, err
	}
	if err := c.Refused(a); err != nil {
		return nil, err
	}
	switch {
	case a.Status >= 300 && a.Status < 400:
		return nil, fmt.Errorf("unexpected redirect (status %d): another program or a proxy answers there", a.Status)
	case a.Status != http.StatusOK:
		return nil, fmt.Errorf("%s returned status %d", c.path, a.Status)
	}
	p, err := parse(a.Body)
	if err != nil {
		return nil, err
	}
	p.Clock, p.Within = a.Clock, a.Within
	return p, nil
}

// The errors about the access.
var (
	ErrNeedsToken    = errors.New("it requires a bearer token")
	ErrWrongToken    = errors.New("it rejects the bearer token")
	ErrNeedsPassword = errors.New("it requires a user name and a password: give them with --username and --password-file")
	ErrWrongPassword = errors.New("it rejects the user name or the password")
	ErrNeedsTLS      = errors.New("it expects TLS: use --tls, and --ca-file if its certificate is self-signed or from a private CA")
)

// cause is why a request had no answer.
func cause(err error) error {
	if err = reason.Of(err); errors.Is(err, reason.ErrNotTLS) {
		return fmt.Errorf("%w: leave out --tls", err)
	}
	return err
}

// A Result is what became of a target.
type Result struct {
	Address string
	Page    *Page
	Err     error // nil with a Page
	// Labels are those that Prometheus puts on the target, as far as they are known.
	Labels map[string]string
}

// ErrNotAsked is the error of a target that there was no time for.
var ErrNotAsked = errors.New("not queried: the time limit was reached")

// Pages asks all of them, in any order, until ctx is done, and returns the results
// in the order of the addresses.
func (c *Client) Pages(ctx context.Context, addresses []string) []Result {
	results := make([]Result, len(addresses))
	next := make(chan int)
	var wait sync.WaitGroup
	for range min(Concurrency, len(addresses)) {
		wait.Go(func() {
			for i := range next {
				results[i].Page, results[i].Err = c.Page(ctx, addresses[i])
			}
		})
	}
	for i, a := range addresses {
		results[i] = Result{Address: a, Err: ErrNotAsked}
	}
	for i := range addresses {
		select {
		case next <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	wait.Wait()
	return results
}

// ReadToken reads a bearer token from a file. Line breaks at its end are dropped.
// The error never shows what is in the file.
func ReadToken(path string) (credential.Credential, error) {
	token, err := readSecret(path, "token")
	switch {
	case err != nil:
		return credential.Credential{}, err
	case token == "":
		return credential.Credential{}, fmt.Errorf("%s is empty", path)
	}
	c, err := credential.Token(token)
	if err != nil {
		err = fmt.Errorf("%s does not contain a bearer token: it %w", path, err)
	}
	return c, err
}

// maxSecret is the most bytes of a file with a token or a password.
const maxSecret = 64 << 10

// readSecret reads a token or a password. The file may be a pipe of a shell.
func readSecret(path, what string) (string, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return "", fmt.Errorf("cannot read the %s: %w", what, err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", fmt.Errorf("cannot read the %s: %w", what, err)
	}
	if len(content) > maxSecret {
		return "", fmt.Errorf("cannot read the %s: %s is longer than %d bytes", what, path, maxSecret)
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}
