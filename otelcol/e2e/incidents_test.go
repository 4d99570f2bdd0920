package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/api"
	"github.com/argus-dgo/argus/internal/evidence/promapi"
	"github.com/argus-dgo/argus/internal/findings"
	"github.com/argus-dgo/argus/otelcol/internal/incidents"
)

// TestIncidents: a minute after something went wrong, argus explain says first what it is and whose doing, by the process
// alone and by a Prometheus, and nothing that is untrue.
func TestIncidents(t *testing.T) {
	t.Parallel()
	const calm, onset = 15 * time.Second, 60 * time.Second
	bots := launch(t, "incidents", goBuild(t, moduleDir(t), "./internal/incidents/play"), nil)
	says := func(what string) {
		eventually(t, what, 2*time.Minute, func() (bool, string) {
			log := bots.logged()
			return strings.Contains(log, what), tail(log, 3)
		})
	}
	says("all is well")
	addrs := map[string]string{}
	config := "global:\n  scrape_interval: 5s\nscrape_configs:\n"
	for line := range strings.Lines(bots.logged()) {
		var name, addr string
		if n, _ := fmt.Sscanf(line, "serves %s %s", &name, &addr); n == 2 {
			addrs[name] = addr
			config += scrapeConfig(name, addr)
		}
	}
	prom := startPrometheus(t, "prometheus-incidents", config)
	pass(t, calm)
	bots.signal(syscall.SIGUSR1)
	says("begun")
	pass(t, onset)
	for _, in := range incidents.All() {
		t.Run(in.Name, func(t *testing.T) {
			server, err := promapi.New(promapi.Config{URL: "http://" + prom.addr, Job: in.Name})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			hears(t, in, "the process", func() (findings.Report, error) { return verdict(t.Context(), addrs[in.Name]) })
			hears(t, in, "Prometheus", func() (findings.Report, error) { return findings.Examine(t.Context(), server, time.Now()) })
		})
	}
}

// hears fails unless a source says what it should of an incident. Where the machine stands still in the midst of an
// examination, a scrape that comes too late makes every series unknown: then a later examination counts.
func hears(t *testing.T, in incidents.Incident, source string, examine func() (findings.Report, error)) {
	t.Helper()
	eventually(t, "what "+source+" says is right", 20*time.Second, func() (bool, string) {
		r, err := examine()
		if err != nil {
			return false, err.Error()
		}
		wrong := misjudged(in, r)
		if wrong == "" {
			return true, ""
		}
		var text strings.Builder
		if err := r.Text(&text, findings.TextOptions{All: true}); err != nil {
			t.Fatal(err)
		}
		return false, wrong + "; it says:\n" + text.String()
	})
}

// misjudged is what is wrong with a report of an incident.
func misjudged(in incidents.Incident, r findings.Report) string {
	if in.First == "" && len(r.Findings) > 0 {
		return "there are findings, and nothing is wrong"
	}
	if in.First == "" {
		return ""
	}
	if len(r.Findings) == 0 {
		return "nothing is found"
	}
	first := r.Findings[0]
	if first.ID != in.First || first.Blame != in.Blame {
		return fmt.Sprintf("first is %s by %s, want %s by %s", first.ID, first.Blame, in.First, in.Blame)
	}
	if !strings.Contains(first.Sentence+first.Detail+first.Cause, in.Says) {
		return "the first does not name " + in.Says
	}
	for _, f := range r.Findings[1:] {
		if f.ID != in.First && !slices.Contains(in.Also, f.ID) {
			return f.ID + " is found too"
		}
	}
	return ""
}

// verdict is what the process itself says.
func verdict(ctx context.Context, addr string) (findings.Report, error) {
	status, body, err := get(ctx, "http://"+addr+api.StatusPath, nil)
	if err != nil || status != http.StatusOK {
		return findings.Report{}, fmt.Errorf("status %d, %w: %s", status, err, body)
	}
	var s api.Status
	err = json.Unmarshal([]byte(body), &s)
	return s.Report, err
}
