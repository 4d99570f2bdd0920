package scrape

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/argus-dgo/argus/internal/access"
	"github.com/argus-dgo/argus/internal/excerpt"
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
	path  string
	token *string // a pointer, which no way of printing follows
	most  int64   // of an answer, in bytes
	http  *http.Client
}

// NewClient makes a client for pages at that path. An empty token is none.
func NewClient(path, token string) *Client {
	return &Client{
		path:  path,
		token: &token,
		most:  maxBody,
		http: &http.Client{
			Transport: &http.Transport{
				Proxy:                  nil,
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

// Get asks one server for a path, with the token only if withToken says so.
func (c *Client) Get(ctx context.Context, address, path string, withToken bool) (*Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	request.Header.Set("Accept", "text/plain;version=0.0.4")
	if withToken && *c.token != "" {
		request.Header.Set("Authorization", "Bearer "+*c.token)
	}
	sent := time.Now()
	response, err := c.http.Do(request)
	if err != nil {
		return nil, reason(err)
	}
	defer response.Body.Close()
	came := time.Now()
	body, err := io.ReadAll(io.LimitReader(response.Body, c.most+1))
	if err != nil {
		return nil, fmt.Errorf("the response ended early: %w", reason(err))
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

// reason is the cause of a failed request in few words, without the URL.
func reason(err error) error {
	var (
		dns *net.DNSError
		op  *net.OpError
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded) || os.IsTimeout(err):
		return errors.New("no answer in time")
	case errors.As(err, &dns) && dns.IsNotFound:
		return errors.New("host name not found in DNS")
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("connection refused: nothing listens there")
	case errors.As(err, &op) && op.Err != nil:
		return op.Err
	case strings.Contains(err.Error(), "malformed HTTP"):
		return errors.New("the server does not speak HTTP")
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	if text := excerpt.Line(err.Error(), maxReason); text != err.Error() { // net/http quotes what the server said
		return errors.New(text)
	}
	return err
}

// maxReason is how much of a server's own words an error has.
const maxReason = 200

// Page asks one process for its page.
func (c *Client) Page(ctx context.Context, address string) (*Page, error) {
	a, err := c.Get(ctx, address, c.path, true)
	if err != nil {
		return nil, err
	}
	switch {
	case a.Argus() && *c.token == "":
		return nil, ErrNeedsToken
	case a.Argus():
		return nil, ErrWrongToken
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

// The errors of Page about the token.
var (
	ErrNeedsToken = errors.New("it requires a bearer token")
	ErrWrongToken = errors.New("it rejects the bearer token")
)

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

// RFC 6750, section 2.1: b64token.
var tokenPattern = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

// ReadToken reads a bearer token from a file. Line breaks at its end are dropped.
// The error never shows what is in the file.
func ReadToken(path string) (string, error) {
	const most = 64 << 10
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return "", fmt.Errorf("cannot read the token: %w", err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return "", fmt.Errorf("cannot read the token: %w", err)
	}
	token := strings.TrimRight(string(content), "\r\n")
	if len(content) > most || !tokenPattern.MatchString(token) {
		return "", fmt.Errorf("%s does not contain a bearer token (RFC 6750): letters, digits and . _ ~ + / -, with = only at the end, at most %d bytes", path, most)
	}
	return token, nil
}
