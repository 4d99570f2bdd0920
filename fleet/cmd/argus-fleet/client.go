package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/settings"
	"github.com/argus-dgo/argus/fleet/internal/tokenfile"
	"github.com/argus-dgo/argus/internal/excerpt"
	"github.com/argus-dgo/argus/internal/reason"
)

const (
	requestTimeout = 30 * time.Second
	maxAnswer      = 16 << 20
	maxQuoted      = 300
)

// newClient returns a client of the fleet that the settings are about.
func newClient(s settings.Settings, timeout time.Duration) (*client, error) {
	c := &client{url: s.URL, http: &http.Client{Timeout: timeout}}
	if s.OperatorTokenFile == "" {
		return c, nil
	}
	var err error
	if c.token, err = tokenfile.First(s.OperatorTokenFile); err != nil {
		return nil, fmt.Errorf("ARGUS_FLEET_OPERATOR_TOKEN_FILE: %w", err)
	}
	return c, nil
}

// A client talks to a fleet that runs.
type client struct {
	url, token string
	http       *http.Client
}

// do sends a request and reads the answer into a document. Errors do not contain the
// token.
func (c *client) do(ctx context.Context, method, path string, body, into any) error {
	var content bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, c.url+"/api/fleet/v1/"+path, &content) //nolint:gosec // the operator names the address
	if err != nil {
		return err
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(request) //nolint:gosec // the operator names the address
	if err != nil {
		return fmt.Errorf("the fleet at %s does not answer: %w", c.url, reason.Of(err))
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("the answer of the fleet at %s ends in the middle", c.url)
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		var refusal struct{ Error string }
		if json.Unmarshal(answer, &refusal) != nil || refusal.Error == "" {
			return fmt.Errorf("%s is not a fleet: it answers with status %d", c.url, response.StatusCode)
		}
		return errors.New(excerpt.Line(refusal.Error, maxQuoted))
	}
	if into != nil && json.Unmarshal(answer, into) != nil {
		return fmt.Errorf("%s is not a fleet: its answer is not JSON of one", c.url)
	}
	return nil
}
