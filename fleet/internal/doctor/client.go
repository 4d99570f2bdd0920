package doctor

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"github.com/argus-dgo/argus/fleet/internal/settings"
	"github.com/argus-dgo/argus/internal/excerpt"
	"github.com/argus-dgo/argus/internal/reason"
)

const maxAnswer = 32 << 20

// A client asks the fleet.
type client struct {
	url  string      // where a fleet answers
	tls  *tls.Config // nil without a certificate of the fleet's own
	http *http.Client
}

// newClient trusts the fleet's own certificate besides those that the machine trusts.
func newClient(s settings.Settings) *client {
	c := &client{}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: requestTimeout}
	if s.TLSCertFile != "" {
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		if text, err := os.ReadFile(s.TLSCertFile); err == nil { // else it is told already
			roots.AppendCertsFromPEM(text)
		}
		c.tls = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
		if u, err := url.Parse(s.URL); err == nil {
			c.tls.ServerName = u.Hostname()
		}
		transport.TLSClientConfig = c.tls
	}
	c.http = &http.Client{
		Transport: transport, Timeout: requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a token is for this address alone
	}
	return c
}

// An answer is that to a request.
type answer struct {
	status int
	body   []byte
	tls    *tls.ConnectionState
}

// do sends a request to an address, with a token if there is one.
func (c *client) do(ctx context.Context, method, address, token, kind string, body []byte) (*answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, reason.Of(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return c.send(r)
}

// send sends a request, and reads the answer.
func (c *client) send(r *http.Request) (*answer, error) {
	response, err := c.http.Do(r)
	if err != nil {
		return nil, reason.Of(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, reason.Of(err)
	}
	return &answer{response.StatusCode, text, response.TLS}, nil
}

// get gets a page of the fleet.
func (c *client) get(ctx context.Context, path, token string) (*answer, error) {
	return c.do(ctx, http.MethodGet, c.url+path, token, "", nil)
}

// document gets a document of the fleet.
func (c *client) document(ctx context.Context, path, token string, into any) error {
	a, err := c.get(ctx, path, token)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return fmt.Errorf("status %d: %s", a.status, a.text())
	}
	if json.Unmarshal(a.body, into) != nil {
		return fmt.Errorf("the answer is not JSON of a fleet: %s", a.text())
	}
	return nil
}

// text is what the answer says, in one line.
func (a *answer) text() string {
	var refusal struct{ Error string }
	if json.Unmarshal(a.body, &refusal) == nil && refusal.Error != "" {
		return excerpt.Line(refusal.Error, maxText)
	}
	return excerpt.Line(string(a.body), maxText)
}
