package explain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/argus-dgo/argus/cmd/argus/internal/scrape"
	"github.com/argus-dgo/argus/internal/api"
	"github.com/argus-dgo/argus/internal/cli"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/evidence/page"
	"github.com/argus-dgo/argus/internal/evidence/promapi"
	"github.com/argus-dgo/argus/internal/excerpt"
	"github.com/argus-dgo/argus/internal/findings"
)

// reports returns a report for each source.
func (c *config) reports(ctx context.Context) ([]told, error) {
	if c.prometheus != "" {
		report, err := c.askPrometheus(ctx)
		return []told{{report: report}}, err
	}
	reports := make([]told, len(c.sources))
	var wait sync.WaitGroup
	for i, source := range c.sources {
		wait.Go(func() {
			var t told
			if _, err := os.Stat(source); err == nil {
				t.report, t.err = c.askFile(ctx, source)
			} else {
				t.report, t.err = c.askProcess(ctx, source)
			}
			if len(c.sources) > 1 {
				t.name = source
			}
			reports[i] = t
		})
	}
	wait.Wait()
	return reports, nil
}

func (c *config) askPrometheus(ctx context.Context) (findings.Report, error) {
	config := promapi.Config{URL: c.prometheus, Credential: c.access.Credential, TLS: c.access.TLS, Timeout: c.timeout, Namespace: c.namespace}
	client, err := promapi.New(config)
	if err != nil {
		return findings.Report{}, err
	}
	bots, err := client.Bots(ctx)
	client.Close()
	if err != nil {
		return findings.Report{}, err
	}
	if len(bots) > 0 {
		bot, err := choose(bots, c.bot)
		if err != nil {
			return findings.Report{}, err
		}
		config.Job, config.Bot = bot.Job, bot.Name
	}
	if client, err = promapi.New(config); err != nil {
		return findings.Report{}, err
	}
	defer client.Close()
	if err := client.Check(ctx); err != nil {
		return findings.Report{}, err
	}
	at := c.at
	if at.IsZero() {
		at = time.Now()
	}
	return findings.Examine(ctx, client, at)
}

// choose returns the bot of that name, or the only one.
func choose(bots []evidence.Bot, name string) (evidence.Bot, error) {
	var names []string
	var matching []evidence.Bot
	for _, b := range bots {
		own := b.Name
		if own == "" {
			own = b.Job
		}
		names = append(names, strconv.Quote(own))
		if name == "" || name == own || name == b.Job {
			matching = append(matching, b)
		}
	}
	switch {
	case len(matching) == 1:
		return matching[0], nil
	case name == "":
		return evidence.Bot{}, fmt.Errorf("there are %s: choose one with --bot, of %s", cli.Count(len(bots), "bot"), cli.List(names))
	case len(matching) == 0:
		return evidence.Bot{}, fmt.Errorf("--bot %q: there is none; there is %s", name, cli.List(names))
	}
	// One bot under several jobs, or several bots in one job.
	if b := matching[0]; b.Name != "" && allNamed(matching, b.Name) {
		return evidence.Bot{Name: b.Name}, nil
	}
	return evidence.Bot{Job: name}, nil
}

func allNamed(bots []evidence.Bot, name string) bool {
	for _, b := range bots {
		if b.Name != name {
			return false
		}
	}
	return true
}

func (c *config) askFile(ctx context.Context, name string) (findings.Report, error) {
	p, err := page.Open(name, page.Config{Namespace: c.namespace, Bot: c.bot})
	if err != nil {
		return findings.Report{}, err
	}
	return findings.Examine(ctx, p, p.Made())
}

// askProcess asks a process for its own report.
func (c *config) askProcess(ctx context.Context, address string) (findings.Report, error) {
	if strings.Contains(address, "://") {
		return findings.Report{}, fmt.Errorf("%q: name a process by host:port, without a scheme", address)
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		address = net.JoinHostPort(strings.Trim(address, "[]"), "9191")
	}
	path := api.StatusPath
	if c.bot != "" {
		path += "?" + url.Values{"bot": {c.bot}}.Encode()
	}
	client := scrape.NewClient(api.StatusPath, c.access)
	answer, err := client.Get(ctx, address, path, true)
	if err == nil {
		err = client.Refused(answer)
	}
	if err != nil {
		return findings.Report{}, fmt.Errorf("%s: %w", address, err)
	}
	switch answer.Status {
	case http.StatusOK:
	case http.StatusNotFound:
		return findings.Report{}, fmt.Errorf("%s: the process has no %s: its Argus is older, or ARGUS_HISTORY is false", address, api.StatusPath)
	default:
		var failure struct {
			Error string `json:"error"`
		}
		if json.Unmarshal(answer.Body, &failure) != nil || failure.Error == "" {
			failure.Error = "status " + strconv.Itoa(answer.Status)
		}
		return findings.Report{}, fmt.Errorf("%s: %s", address, excerpt.Line(failure.Error, 200))
	}
	var status api.Status
	if err := json.Unmarshal(answer.Body, &status); err != nil {
		return findings.Report{}, fmt.Errorf("%s: the answer is not Argus': %w", address, errors.New(excerpt.Line(err.Error(), 200)))
	}
	if status.Version != api.Version {
		return findings.Report{}, fmt.Errorf("%s: the answer has version %d, and this argus knows %d: use the argus of the bot's version", address, status.Version, api.Version)
	}
	return status.Report, nil
}
