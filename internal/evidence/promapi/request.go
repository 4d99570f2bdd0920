package promapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/excerpt"
)

// The endpoints, and the types of their answers.
const (
	instantPath, vector = "/api/v1/query", "vector"
	rangePath, matrix   = "/api/v1/query_range", "matrix"
)

// query runs one query. The error names the server and is one line.
func (c *Client) query(ctx context.Context, path, resultType string, form url.Values) ([]evidence.Series, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	limited, cancel := context.WithTimeoutCause(ctx, c.timeout, errTimeout)
	defer cancel()
	series, err := c.post(limited, path, resultType, form)
	switch {
	case err == nil:
		return series, nil
	case ctx.Err() != nil: // the caller's own reason
		return nil, context.Cause(ctx)
	case limited.Err() != nil:
		err = fmt.Errorf("no answer within %v", c.timeout)
	}
	return nil, c.errorf("%v", err)
}

// errorf returns an error that names the server, as one line and without the token.
func (c *Client) errorf(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	return errors.New("Prometheus at " + c.address + ": " + excerpt.Line(excerpt.Hide(text, *c.token), 2*maxQuoted))
}

var errTimeout = errors.New("the query took too long")

func (c *Client) post(ctx context.Context, path, resultType string, form url.Values) ([]evidence.Series, error) {
	form.Set("timeout", strconv.FormatFloat(c.timeout.Seconds(), 'f', -1, 64))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.JoinPath(path).String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, errors.New("cannot make a request")
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	if *c.token != "" {
		request.Header.Set("Authorization", "Bearer "+*c.token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, c.reason(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	ok := response.StatusCode == http.StatusOK
	switch {
	case !ok:
		return nil, c.refusal(response, body)
	case err != nil && ctx.Err() == nil:
		return nil, errCutOff
	case err != nil:
		return nil, ctx.Err()
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("the answer is longer than %d MiB: select a bot, or ask for a shorter time", maxAnswer>>20)
	case isWebPage(response):
		return nil, errors.New("the response is a web page, not JSON: a proxy or a login page answers there")
	}
	return decode(body, resultType)
}

func isWebPage(response *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	return kind == "text/html" || kind == "application/xhtml+xml"
}

// refusal returns what an answer means that is not a success.
func (c *Client) refusal(response *http.Response, body []byte) error {
	status := response.StatusCode
	said := "" // Prometheus' own words
	var e envelope
	if json.Unmarshal(body, &e) == nil && e.Status == "error" {
		said = excerpt.Line(excerpt.Hide(e.Error, *c.token), maxQuoted)
	}
	switch {
	case status >= 300 && status <= 399:
		return fmt.Errorf("unexpected redirect%s (status %d): correct the URL, or a proxy wants a login", target(response), status)
	case status == http.StatusUnauthorized && *c.token == "":
		return errors.New("it requires credentials (status 401): give a bearer token")
	case status == http.StatusUnauthorized:
		return errors.New("it rejects the bearer token (status 401)")
	case status == http.StatusForbidden && *c.token == "":
		return errors.New("it denies access without a token (status 403)")
	case status == http.StatusForbidden:
		return errors.New("it denies access with this token (status 403)")
	case status == http.StatusProxyAuthRequired:
		return errors.New("the proxy requires credentials (status 407)")
	case said != "" && (e.ErrorType == "timeout" || e.ErrorType == "canceled"):
		return fmt.Errorf("the query took too long for it (status %d): %s", status, said)
	case said != "":
		return fmt.Errorf("the query failed (status %d): %s", status, said)
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		return fmt.Errorf("there is no Prometheus API at %s (status %d): check the URL and its path prefix", response.Request.URL.Path, status)
	case status == http.StatusBadRequest && strings.Contains(string(body), "HTTP request to an HTTPS server"):
		return errors.New("it expects TLS: write https:// in the URL")
	case status == http.StatusServiceUnavailable:
		return errors.New("it is unavailable (status 503): it is starting, or overloaded")
	case status == http.StatusBadGateway, status == http.StatusGatewayTimeout:
		return fmt.Errorf("a proxy in front of it has no answer (status %d): check that Prometheus runs", status)
	}
	return fmt.Errorf("unexpected status %d", status)
}

// target is where a redirect leads, without credentials and query.
func target(response *http.Response) string {
	to, err := response.Location()
	if err != nil {
		return ""
	}
	return " to " + excerpt.Line((&url.URL{Scheme: to.Scheme, Host: to.Host, Path: to.Path}).String(), maxQuoted)
}

// reason is the cause of a failed request, without the URL.
func (c *Client) reason(err error) error {
	var (
		dns       *net.DNSError
		op        *net.OpError
		unknown   x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
		wrongCert *tls.CertificateVerificationError
	)
	switch {
	case errors.Is(err, context.DeadlineExceeded) || os.IsTimeout(err):
		return errTimeout
	case errors.As(err, &op) && op.Op == "proxyconnect":
		return errors.New("cannot connect to the proxy that HTTP_PROXY or HTTPS_PROXY names")
	case errors.As(err, &dns) && dns.IsNotFound:
		return errors.New("host name not found in DNS")
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("connection refused: nothing listens there")
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		return errors.New("it does not speak TLS: write http:// in the URL")
	case errors.As(err, &unknown):
		return errors.New("its certificate is signed by an unknown authority: give the CA file of its certificate")
	case errors.As(err, &hostname):
		return fmt.Errorf("its certificate is not valid for %s", c.base.Hostname())
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return errors.New("its certificate has expired, or is not valid yet: check the clocks")
	case errors.As(err, &wrongCert):
		return fmt.Errorf("its certificate is invalid: %w", wrongCert.Err)
	case strings.Contains(err.Error(), "malformed HTTP"):
		return errors.New("it does not speak HTTP")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return errors.New("the connection was closed without a response")
	case errors.As(err, &op) && op.Err != nil:
		return op.Err
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err
}
