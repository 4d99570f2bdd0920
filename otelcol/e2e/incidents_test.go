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
			process, err := verdict(t.Context(), addrs[in.Name])
			if err != nil {
				t.Fatal(err)
			}
			server, err := promapi.New(promapi.Config{URL: "http://" + prom.addr, Job: in.Name})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			fleet, err := findings.Examine(t.Context(), server, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			judge(t, in, "the process", process)
			judge(t, in, "Prometheus", fleet)
		})
	}
}

func judge(t *testing.T, in incidents.Incident, source string, r findings.Report) {
	t.Helper()
	var text strings.Builder
	if err := r.Text(&text, findings.TextOptions{All: true}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s says:\n%s", source, text.String())
	if in.First == "" {
		if len(r.Findings) > 0 {
			t.Errorf("%s has findings", source)
		}
		return
	}
	if len(r.Findings) == 0 {
		t.Errorf("%s finds nothing", source)
		return
	}
	first := r.Findings[0]
	if first.ID != in.First || first.Blame != in.Blame {
		t.Errorf("%s says first %s by %s, want %s by %s", source, first.ID, first.Blame, in.First, in.Blame)
	}
	if !strings.Contains(first.Sentence+first.Detail+first.Cause, in.Says) {
		t.Errorf("%s does not name %s", source, in.Says)
	}
	for _, f := range r.Findings[1:] {
		if f.ID != in.First && !slices.Contains(in.Also, f.ID) {
			t.Errorf("%s also says %s", source, f.ID)
		}
	}
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
