package e2e

import (
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/argus-dgo/argus"
)

// TestJobs: how the clusters of one bot that several jobs scrape become one job again, and what a target label bot does, as docs/HOSTING.md has it.
func TestJobs(t *testing.T) {
	t.Parallel()
	env := map[string]string{"OTEL_METRICS_EXPORTER": "prometheus"}
	loopback := argus.WithAddr("127.0.0.1:0")
	eu, us := startBot(t, "eu-0", 1, env, loopback), startBot(t, "us-0", 1, env, loopback)
	named := startBot(t, "0", 1, env, loopback, argus.WithBot("music"))
	p := startPrometheus(t, "prometheus", "global: {scrape_interval: 1s}\nscrape_configs:\n"+
		// By relabelling, by the label of the target, and not at all.
		scrapeConfig("bots-eu", eu.argus.Addr(), "relabel_configs: [{target_label: job, replacement: discord-bot}]")+
		scrapeConfig("bots-us", us.argus.Addr())+"        labels: {job: discord-bot}\n"+
		scrapeConfig("apart", us.argus.Addr())+
		// A target label names a bot that does not name itself, and replaces what one says that does.
		scrapeConfig("given", eu.argus.Addr())+"        labels: {bot: music}\n"+
		scrapeConfig("replaced", named.argus.Addr())+"        labels: {bot: jukebox}\n")
	for job, want := range map[string]float64{"discord-bot": 2, "apart": 1, "bots-eu": 0, "bots-us": 0} {
		p.waitValue(fmt.Sprintf(`count(count by (cluster) (discord_shard_up{job=%q})) or vector(0)`, job), want, 20*time.Second)
		p.waitValue(fmt.Sprintf(`count(up{job=%q} == 1) or vector(0)`, job), want, 20*time.Second)
	}
	for job, want := range map[string]model.Metric{
		"given":    {"bot": "music", "exported_bot": ""},
		"replaced": {"bot": "jukebox", "exported_bot": "music"},
	} {
		p.waitValue(fmt.Sprintf(`count(discord_shard_up{job=%q})`, job), 1, 20*time.Second)
		for label, value := range want {
			if rows := p.query(fmt.Sprintf(`discord_shard_up{job=%q}`, job)); rows[0].Metric[label] != value {
				t.Errorf("in the job %s %s is %q, want %q", job, label, rows[0].Metric[label], value)
			}
		}
	}
}

// TestExternalLabel: what an external label cluster does to what leaves a Prometheus, as deploy/prometheus/README.md has it.
func TestExternalLabel(t *testing.T) {
	t.Parallel()
	b := startBot(t, "0", 1, map[string]string{"OTEL_METRICS_EXPORTER": "prometheus"}, argus.WithAddr("127.0.0.1:0"))
	receiver := startPrometheus(t, "receiver", "global: {scrape_interval: 1s}\n", takesRemoteWrite)
	config := func(external string) string {
		return "global: {scrape_interval: 1s, external_labels: {" + external + "}}\n" +
			"remote_write: [{url: \"" + receiver.remoteWriteURL() + "\"}]\nscrape_configs:\n" + scrapeConfig("discord-bot", b.argus.Addr())
	}
	first := startPrometheus(t, "first", config("cluster: prod-eu"))
	other := startPrometheus(t, "other", config("prometheus: prod-us"))
	match := url.Values{"match[]": {"up", "discord_guilds"}}.Encode()
	for p, want := range map[*promServer][]string{
		// The bot's keep their cluster, and so say nothing of where they come from; what has none gets a cluster that is no process.
		first: {`discord_guilds{cluster="0",`, `up{instance="` + b.argus.Addr() + `",job="discord-bot",cluster="prod-eu"}`},
		other: {`discord_guilds{cluster="0",`, `prometheus="prod-us"}`},
	} {
		eventually(t, p.name+" has both", 20*time.Second, func() (bool, string) {
			_, page, err := get(t.Context(), "http://"+p.addr+"/federate?"+match, nil)
			if err != nil {
				return false, err.Error()
			}
			for _, text := range want {
				if !strings.Contains(page, text) {
					return false, page
				}
			}
			return true, ""
		})
		if _, page, err := get(t.Context(), "http://"+p.addr+"/federate?"+match, nil); err != nil || strings.Contains(page, `discord_guilds{cluster="prod-eu"`) {
			t.Errorf("%v, %s", err, page)
		}
	}
	receiver.waitValue(`count(discord_guilds{cluster="0",prometheus=""})`, 1, 20*time.Second)
	receiver.waitValue(`count(discord_guilds{cluster="0",prometheus="prod-us"})`, 1, 20*time.Second)
	receiver.waitValue(`count(up{cluster="prod-eu"})`, 1, 20*time.Second)
	names := map[model.LabelValue]bool{}
	for _, row := range receiver.query(`group by (cluster) ({job="discord-bot"})`) {
		names[row.Metric["cluster"]] = true
	}
	if want := map[model.LabelValue]bool{"0": true, "prod-eu": true, "": true}; !maps.Equal(names, want) {
		t.Errorf("the clusters are %v, want %v", names, want)
	}
}
