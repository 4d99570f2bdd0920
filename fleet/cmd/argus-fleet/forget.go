package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/settings"
	"github.com/argus-dgo/argus/internal/excerpt"
	"github.com/argus-dgo/argus/internal/reason"
	"github.com/argus-dgo/argus/internal/settingfile"
)

const (
	requestTimeout = 30 * time.Second
	maxAnswer      = 16 << 20
	maxQuoted      = 300
)

// A place is where a process belongs, as the API has it.
type place struct {
	Job     string  `json:"job"`
	Bot     *string `json:"bot"`
	Region  *string `json:"region"`
	Cluster string  `json:"cluster"`
}

func (p place) String() string {
	text := "--job " + p.Job
	if p.Bot != nil {
		text += " --bot " + *p.Bot
	}
	if p.Region != nil {
		text += " --region " + *p.Region
	}
	return text
}

// forget asks the fleet that runs to forget a cluster.
func forget(ctx context.Context, s settings.Settings, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("forget", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	wanted := map[string]*string{}
	for _, name := range []string{"job", "bot", "region"} {
		wanted[name] = flags.String(name, "", "")
	}
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w; usage: argus-fleet [flags] forget [--job JOB] [--bot BOT] [--region REGION] CLUSTER", err)
	}
	if flags.NArg() != 1 {
		return errors.New("usage: argus-fleet [flags] forget [--job JOB] [--bot BOT] [--region REGION] CLUSTER")
	}
	client := &client{url: s.URL, http: &http.Client{Timeout: requestTimeout}}
	if s.OperatorTokenFile != "" {
		var err error
		if client.token, err = firstToken(s.OperatorTokenFile); err != nil {
			return fmt.Errorf("ARGUS_FLEET_OPERATOR_TOKEN_FILE: %w", err)
		}
	}
	var all struct {
		Members []place `json:"members"`
	}
	if err := client.do(ctx, http.MethodGet, "members", nil, &all); err != nil {
		return err
	}
	var found []place
	for _, p := range all.Members {
		if p.Cluster == flags.Arg(0) && matches(*wanted["job"], &p.Job) && matches(*wanted["bot"], p.Bot) && matches(*wanted["region"], p.Region) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return fmt.Errorf("the fleet has no cluster %q", flags.Arg(0))
	case 1:
	default:
		list := make([]string, len(found))
		for i, p := range found {
			list[i] = p.String()
		}
		return fmt.Errorf("there are %d clusters %q; choose one: %s", len(found), flags.Arg(0), strings.Join(list, "; "))
	}
	if err := client.do(ctx, http.MethodPost, "forget", found[0], nil); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "Cluster %s is forgotten.\n", found[0].Cluster)
	return err
}

// matches reports whether a label has a value, if one is wanted.
func matches(want string, is *string) bool {
	return want == "" || is != nil && *is == want
}

// firstToken is the first token of a file.
func firstToken(name string) (string, error) {
	text, err := settingfile.Read(name, maxTokens)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return line, nil
		}
	}
	return "", fmt.Errorf("the token file %s has no token", name)
}

const maxTokens = 64 << 10

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
	request, err := http.NewRequestWithContext(ctx, method, c.url+"/api/fleet/v1/"+path, &content)
	if err != nil {
		return err
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(request)
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
