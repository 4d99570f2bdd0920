package argus

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bwmarrin/discordgo"
	client "github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/metric"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/resource"
)

// TestResourceLabels: the catalog, which rules and dashboards are made from, names the labels that package resource makes.
func TestResourceLabels(t *testing.T) {
	want := []string{string(resource.BotKey), string(resource.ClusterKey), string(resource.RegionKey)}
	if got := catalog.ResourceLabels(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestBotAndRegionAreLabels of every series, the runtime's and the program's own included, and of none where they are not set.
func TestBotAndRegionAreLabels(t *testing.T) {
	for name, tt := range map[string]struct {
		variables map[string]string
		opts      []Option
		want      string
	}{
		"options":   {nil, []Option{WithBot("music"), WithRegion("eu"), WithClusterID("7")}, `bot="music",cluster="7",region="eu"`},
		"variables": {map[string]string{"ARGUS_BOT": "music", "ARGUS_REGION": "eu", "CLUSTER_ID": "7"}, nil, `bot="music",cluster="7",region="eu"`},
		"OpenTelemetry's variable": {
			map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "bot=music,region=eu%201"}, nil, `bot="music",cluster="default",region="eu 1"`,
		},
		"bot alone": {nil, []Option{WithBot("music")}, `bot="music",cluster="default"`},
		"neither":   {nil, nil, `cluster="default"`},
	} {
		t.Run(name, func(t *testing.T) {
			session := newSession(t)
			a, log := startTest(t, tt.variables, append(tt.opts, WithSessions(session))...)
			failToOpen(t, session)
			jokes, err := a.MeterProvider().Meter("bot").Int64Counter("jokes")
			if err != nil {
				t.Fatal(err)
			}
			jokes.Add(t.Context(), 1)
			page := scrape(t, a.Handler())
			seen := map[string]bool{}
			for line := range strings.Lines(page) {
				if strings.HasPrefix(line, "#") {
					continue
				}
				series, _, _ := strings.Cut(line, " ")
				family, labels, _ := strings.Cut(strings.TrimSpace(line), "{")
				var have []string
				for _, label := range catalog.ResourceLabels() {
					if _, rest, ok := strings.Cut("{"+labels, `{`+label+`="`); ok {
						value, _, _ := strings.Cut(rest, `"`)
						have = append(have, label+`="`+value+`"`)
					} else if _, rest, ok := strings.Cut(labels, `,`+label+`="`); ok {
						value, _, _ := strings.Cut(rest, `"`)
						have = append(have, label+`="`+value+`"`)
					}
				}
				if got := strings.Join(have, ","); got != tt.want {
					t.Errorf("%s has %s, want %s", series, got, tt.want)
				}
				seen[family] = true
			}
			for _, family := range []string{"argus_up", "discord_shard_up", "go_goroutines", "target_info", "jokes_total", "promhttp_metric_handler_errors_total"} {
				if !seen[family] {
					t.Errorf("there is no %s: the test would show too little", family)
				}
			}
			if said := strings.Contains(log.String(), "bot=music"); said != strings.Contains(tt.want, "bot=") {
				t.Errorf("the log about the start is\n%s", log)
			}
		})
	}
}

// TestSharedRegistryOfTwoBots: two that have the same cluster share a registry, whether or not each has a bot and a region.
func TestSharedRegistryOfTwoBots(t *testing.T) {
	registry := client.NewRegistry()
	shared := WithRegistry(registry, registry)
	startTest(t, nil, shared)
	startTest(t, nil, shared, WithBot("music"))
	startTest(t, nil, shared, WithBot("mod"))
	startTest(t, nil, shared, WithBot("mod"), WithRegion("eu"))
	if a, err := start(environ(nil, nil), newSession(t), []Option{WithAddr("127.0.0.1:0"), new(journal).option(), shared, WithBot("mod")}); err == nil {
		shutDown(t, a)
		t.Error("a second Argus with the same bot and cluster was started")
	} else if !strings.Contains(err.Error(), `(bot "mod", cluster "default")`) || !strings.Contains(err.Error(), "WithBot") {
		t.Errorf("the error is %v", err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "argus_up" && len(f.GetMetric()) != 4 {
			t.Errorf("argus_up is there %d times, want 4", len(f.GetMetric()))
		}
	}
}

// TestTokenIsNoName: whatever form the token has, it becomes no label and is not shown.
func TestTokenIsNoName(t *testing.T) {
	srv := newDiscord(t, discordtest.WithToken("an-odd-token"))
	session := sessionOf(t, srv, 0, 1)
	for name, opts := range map[string][]Option{
		"bot":                   {WithBot("an-odd-token")},
		"region":                {WithRegion("an-odd-token")},
		"cluster":               {WithClusterID("an-odd-token")},
		"of the page":           {WithBot("the page's the-token-of-the-page"), WithAuthToken("the-token-of-the-page")},
		"of another session":    {WithBot("another"), WithSessions(&discordgo.Session{Token: "Bot another"})},
		"of Discord's own form": {WithBot("MTk4NjIyNDgzNDcxOTI1MjQ4.an-odd-token.an-odd-token")},
	} {
		a, err := start(environ(nil, nil), session, append(opts, WithAddr("127.0.0.1:0"), new(journal).option()))
		if err == nil {
			shutDown(t, a)
			t.Errorf("%s: it was taken", name)
		} else if strings.Contains(err.Error(), "odd-token") || strings.Contains(err.Error(), "the-token-of") || !strings.Contains(err.Error(), "With") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, fine := range []string{"music", "odd", "an-odd-token-bot"} {
		a, err := start(environ(nil, nil), session, []Option{WithBot(fine), WithAddr("127.0.0.1:0"), new(journal).option()})
		if err != nil {
			t.Errorf("%s: %v", fine, err)
			continue
		}
		shutDown(t, a)
	}
}

// TestOwnAttributeOfTheName: what a program's own instrument has under the name of such a label costs no other series.
func TestOwnAttributeOfTheName(t *testing.T) {
	a, _ := startTest(t, nil, WithBot("music"))
	calls, err := a.MeterProvider().Meter("bot").Int64Counter("calls")
	if err != nil {
		t.Fatal(err)
	}
	calls.Add(t.Context(), 1, metric.WithAttributes(resource.RegionKey.String("us-east")))
	wantLine(t, scrape(t, a.Handler()), `calls_total{bot="music",cluster="default",region="us-east"} 1`)
	calls.Add(t.Context(), 1, metric.WithAttributes(resource.BotKey.String("mod")))
	status, page := get(t, a.URL(), "")
	if status != http.StatusOK {
		t.Fatalf("the page is answered with %d", status)
	}
	wantLine(t, page, `argus_up{bot="music",cluster="default"} 1`)
}
