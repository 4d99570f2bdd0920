package fleet

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery"
	httpsd "github.com/prometheus/prometheus/discovery/http"
	"github.com/prometheus/prometheus/discovery/targetgroup"

	argus "github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/fleet/internal/expect"
)

// TestTargets: Prometheus' own discovery finds a process that says where it can be scraped,
// with the token of viewers, until the process has left.
func TestTargets(t *testing.T) {
	token := filepath.Join(t.TempDir(), "viewer")
	if err := os.WriteFile(token, []byte("token-of-a-viewer\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "--viewer-token-file", token)
	push(t, p.OTLPGRPC())
	discord := newDiscord(t, discordtest.WithShards(2))
	b := newBot(t, discord, "0", 1, 2, 0, argus.WithExporters(argus.OTLP, argus.Prometheus), argus.WithAddr("127.0.0.1:0"), argus.WithAdvertiseAddr("bot-0.example.com:9191"), argus.WithMetricsPath("/m"))
	newBot(t, discord, "1", 1, 2, 1) // does not say it
	expect.Eventually(t, "the members", func() bool { return len(p.members.Members()) == 2 })

	settings := httpsd.DefaultSDConfig
	settings.URL = "http://" + p.Addr() + "/api/fleet/v1/targets?job=discord-bot"
	settings.HTTPClientConfig = config.HTTPClientConfig{Authorization: &config.Authorization{Type: "Bearer", CredentialsFile: token}}
	if got := p.get(t, "/api/fleet/v1/targets", nil); got != http.StatusUnauthorized {
		t.Errorf("without a token: %d", got)
	}
	if got := p.get(t, "/api/fleet/v1/targets?cluster=1", nil, "Authorization", "Bearer token-of-a-viewer"); got != http.StatusBadRequest {
		t.Errorf("another parameter: %d", got)
	}
	var document any
	if p.get(t, "/api/fleet/v1/targets", &document, "Authorization", "Bearer token-of-a-viewer"); openAPI(t)("Targets").Validate(document) != nil {
		t.Errorf("%v is not what the description says", document)
	}
	metrics := settings.NewDiscovererMetrics(prometheus.NewRegistry(), discovery.NewRefreshMetrics(prometheus.NewRegistry()))
	found, err := httpsd.NewDiscovery(&settings, discovery.DiscovererOptions{Metrics: metrics, SetName: "bots", HTTPClientOptions: []config.HTTPClientOption{config.WithKeepAlivesDisabled()}})
	if err != nil {
		t.Fatal(err)
	}
	refresh := func() []*targetgroup.Group {
		t.Helper()
		groups, err := found.Refresh(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return groups
	}
	groups := refresh()
	if len(groups) != 1 || !slices.EqualFunc(groups[0].Targets, []string{"bot-0.example.com:9191"}, func(l model.LabelSet, want string) bool { return string(l[model.AddressLabel]) == want }) ||
		groups[0].Labels["__metrics_path__"] != "/m" || groups[0].Labels["__scheme__"] != "http" || groups[0].Labels["__meta_argus_job"] != "discord-bot" {
		t.Errorf("Prometheus finds %v", groups)
	}
	for name := range groups[0].Labels {
		if !strings.HasPrefix(string(name), "__") {
			t.Errorf("the target has the label %s", name)
		}
	}
	b.stop(t)
	expect.Eventually(t, "the target to end", func() bool {
		groups := refresh()
		return len(groups) == 0 || len(groups[0].Targets) == 0
	})
}
