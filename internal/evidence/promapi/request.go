package promapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/argus-dgo/argus/internal/credential"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/excerpt"
	"github.com/argus-dgo/argus/internal/reason"
)

// The endpoints, and the types of their answers.
const (
	instantPath, vector = "/api/v1/query", "vector"
	rangePath, matrix   = "/api/v1/query_range", "matrix"
)

// query runs one query. The error names the server and is one line.
func (c *Client) query(ctx context.Context, path, resultType string, form url.Values) ([]evidence.Series, error) {
	form.Set("timeout", strconv.FormatFloat(c.timeout.Seconds(), 'f', -1, 64))
	return ask(ctx, c, http.MethodPost, path, form, func(body []byte) ([]evidence.Series, error) { return decode(body, resultType) })
}

// ask makes a request and decodes its answer. The error names the server and is one line.
func ask[T any](ctx context.Context, c *Client, method, path string, form url.Values, decode func(body []byte) (T, error)) (T, error) {
	var zero T
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return zero, context.Cause(ctx)
	}
	limited, cancel := context.WithTimeoutCause(ctx, c.timeout, errTimeout)
	defer cancel()
	body, err := c.request(limited, method, path, form)
	if err == nil {
		var answer T
		if answer, err = decode(body); err == nil {
			return answer, nil
		}
	}
	switch {
	case ctx.Err() != nil: // the caller's own reason
		return zero, context.Cause(ctx)
	case limited.Err() != nil:
		err = fmt.Errorf("no answer within %v", c.timeout)
	}
	return zero, c.failure(err)
}

// failure names the server in an error, which stays one that [errors.Is] finds.
func (c *Client) failure(err error) error {
	if errors.Is(err, errNoAPI) {
		return noAPIError{c.errorf("%v", err)}
	}
	return c.errorf("%v", err)
}

// errNoAPI is the error of a server that does not have an endpoint.
var errNoAPI = errors.New("there is no Prometheus API")

type noAPIError struct{ error }

// Is implements the interface of [errors.Is].
func (noAPIError) Is(target error) bool { return target == errNoAPI }

// errorf returns an error that names the server, as one line and without the token.
func (c *Client) errorf(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	return errors.New("Prometheus at " + c.address + ": " + excerpt.Line(c.credential.Load().Hide(text), 2*maxQuoted))
}

var errTimeout = errors.New("the query took too long")

func (c *Client) request(ctx context.Context, method, path string, form url.Values) ([]byte, error) {
	to, sent := c.base.JoinPath(path), form.Encode()
	if method == http.MethodGet {
		to.RawQuery, sent = sent, ""
	}
	request, err := http.NewRequestWithContext(ctx, method, to.String(), strings.NewReader(sent))
	if err != nil {
		return nil, errors.New("cannot make a request")
	}
	maps.Copy(request.Header, c.header)
	if method != http.MethodGet {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	request.Header.Set("Accept", "application/json")
	c.credential.Load().Set(request)
	response, err := c.http.Do(request)
	if err != nil {
		return nil, cause(err)
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
	return body, nil
}

func isWebPage(response *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	return kind == "text/html" || kind == "application/xhtml+xml"
}

// refusal returns what an answer means that is not a success.
func (c *Client) refusal(response *http.Response, body []byte) error {
	status, credentials := response.StatusCode, c.credential.Load()
	said := "" // Prometheus' own words
	var e envelope
	if json.Unmarshal(body, &e) == nil && e.Status == "error" {
		said = excerpt.Line(credentials.Hide(e.Error), maxQuoted)
	}
	switch {
	case status >= 300 && status <= 399:
		return fmt.Errorf("unexpected redirect%s (status %d): correct the URL, or a proxy wants a login", target(response), status)
	case status == http.StatusUnauthorized && credentials.Kind() == credential.None:
		return errors.New("it requires credentials (status 401): give a bearer token, or a user name and a password")
	case status == http.StatusUnauthorized:
		return errors.New("it rejects the credentials (status 401)")
	case status == http.StatusForbidden && credentials.Kind() == credential.None:
		return errors.New("it denies access without credentials (status 403)")
	case status == http.StatusForbidden:
		return errors.New("it denies access with these credentials (status 403)")
	case status == http.StatusProxyAuthRequired:
		return errors.New("the proxy requires credentials (status 407)")
	case said != "" && (e.ErrorType == "timeout" || e.ErrorType == "canceled"):
		return fmt.Errorf("the query took too long for it (status %d): %s", status, said)
	case said != "":
		return fmt.Errorf("the query failed (status %d): %s", status, said)
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		return fmt.Errorf("%w at %s (status %d): check the URL and its path prefix", errNoAPI, response.Request.URL.Path, status)
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

// cause is why a request had no answer.
func cause(err error) error {
	switch err := reason.Of(err); {
	case errors.Is(err, reason.ErrTimeout):
		return errTimeout
	case errors.Is(err, reason.ErrNotTLS):
		return fmt.Errorf("%w: write http:// in the URL", err)
	default:
		return err
	}
}
