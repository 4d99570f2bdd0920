package e2e

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/argus-dgo/argus"
)

// TestPrometheusOfFleet: a real Prometheus scrapes the processes that a fleet tells it of, and the fleet's own /federate, and gets the
// fleet's remote write. All have the same, and what is federated has the labels and the times that it has in the fleet.
func TestPrometheusOfFleet(t *testing.T) {
	t.Parallel()
	page, prometheus := freeAddr(t), freeAddr(t)
	remote := filepath.Join(t.TempDir(), "remote.yml")
	write(t, remote, fmt.Appendf(nil, "global: {external_labels: {fleet: a}}\nremote_write: [{url: http://%s/api/v1/write, queue_config: {batch_send_deadline: 1s}}]\n", prometheus))
	f := startFleet(t, buildFleet(t), "fleet", "--remote-write-config", remote)
	startBot(t, "0", 2, pushTo(f.otlp, "OTEL_METRICS_EXPORTER", "otlp,prometheus", "OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf",
		"OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20"+f.ingest, "ARGUS_ADVERTISE_ADDR", page), argus.WithAddr(page), argus.WithBot("federated"))
	views := filepath.Join(t.TempDir(), "viewer")
	write(t, views, []byte(f.views+"\n"))
	p := startPrometheusAt(t, prometheus, "prometheus", fmt.Sprintf(`
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: bots
    http_sd_configs: [{url: "http://%[1]s/api/fleet/v1/targets", refresh_interval: 1s, authorization: {credentials_file: %[2]q}}]
    relabel_configs: [{source_labels: [__meta_argus_job], target_label: job}]
  - job_name: fleet
    honor_labels: true
    metrics_path: /federate
    params: {"match[]": ['{__name__=~"discord_shard_up|cluster:.+"}']}
    authorization: {credentials_file: %[2]q}
    static_configs: [{targets: [%[1]q]}]
`, f.addr, views), takesRemoteWrite)
	const patience = 2 * time.Minute
	scraped := fmt.Sprintf(`{job="discord-bot",instance=%q}`, page)
	p.waitValue("count(discord_shard_up"+scraped+" == 1)", 2, patience)
	p.waitValue(fmt.Sprintf(`count(discord_shard_up{job="discord-bot",cluster="0",instance!=%q,fleet=""} == 1)`, page), 2, patience)
	p.waitValue(`count(discord_shard_up{job="discord-bot",cluster="0",fleet="a"} == 1)`, 2, patience)
	// A recorded series has no instance in the fleet, and gets none.
	p.waitValue(`count(group by (instance) ({__name__=~"cluster:.+",cluster="0"}))`, 1, patience)
	if n, is := p.value(`count({__name__=~"cluster:.+",instance!=""})`); is {
		t.Errorf("%v recorded series have an instance", n)
	}
	if n, is := p.value(`count({exported_cluster!=""})`); is {
		t.Errorf("%v series have another cluster", n)
	}
	// Its time is that of the push, which is earlier than the scrape.
	if n, is := p.value(fmt.Sprintf(`count(timestamp(discord_shard_up{cluster="0",instance!=%q,fleet=""}) < time())`, page)); !is || n != 2 {
		t.Errorf("%v of 2 series have the time of a push", n)
	}
}
