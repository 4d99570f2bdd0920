package promcheck

import (
	"fmt"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for _, expr := range []string{
		`discord_shard_up == 0`,
		`sum by (cluster) (rate(discord_interactions_total[5m]))`,
		`sum(rate(discord_gateway_io_bytes_total{direction="receive"}[$__rate_interval])) by (cluster)`,
		`histogram_quantile(0.95, sum by (le, command) (rate(discord_app_command_duration_seconds_bucket[5m])))`,
		`max_over_time(discord_shard_up[$__rate_interval] offset $__rate_interval) < $__rate_interval_ms / 1000`,
		`max by (shard) (discord_shard_up offset 1d) # and a remark: nothing_of_this`,
		`discord_shard_up{cluster=~"$cluster",shard!="by"} * on (cluster) group_left (go_version) discord_bot_info`,
		`sum(discord_shard_disconnects_total{code=~"4004|401[0-4]", initiator='discord',}) or vector(0)`,
		`discord_interaction_acks_total{outcome=~"$outcome"}`,
		`sum by (cluster, sign) (label_replace(discord_shard_up{shard="0"}, "sign", "none", "", ""))`,
		`max by (job, bot, region, cluster) (discord_shards_configured{bot="music",job!="mod"})`,
		`1e3 * -discord_clock_offset_seconds > bool .5 and on () absent(argus_up)`,
	} {
		if err := Catalog().Check(expr); err != nil {
			t.Errorf("%s: %v", expr, err)
		}
	}
	for expr, want := range map[string]string{
		`discord_shard_upp == 0`:                                                      `no metric "discord_shard_upp"`,
		`rate(discord_shard_latency_seconds_bucket[5m])`:                              `no metric "discord_shard_latency_seconds_bucket"`,
		`sum by (shard) (rate(discord_gateway_events_total[5m]))`:                     `has the label "shard"`,
		`sum without (guild) (discord_guilds)`:                                        `has the label "guild"`,
		`discord_guilds / on (cluster, shard) discord_members`:                        `has the label "shard"`,
		`discord_guilds{shard="0"}`:                                                   `discord_guilds has no label "shard"`,
		`discord_interaction_acks_total{outcome="on_time"}`:                           `outcome is never "on_time"`,
		`discord_interaction_acks_total{outcome!="on_time"}`:                          `outcome is never "on_time"`,
		`discord_shard_disconnects_total{code=~"4004|4099"}`:                          `code never fits "4099"`,
		`discord_guilds{instance="a:9191"}`:                                           `discord_guilds has no label "instance"`,
		`{__name__="discord_shard_up"}`:                                               `without the name`,
		`discord_shard_up{shard="0"`:                                                  `cannot be read`,
		`sum by (cluster`:                                                             `does not end`,
		`discord_shard_up ? 1`:                                                        `what is this?`,
		`sum(discord_guilds`:                                                          `) is missing`,
		`sum(discord_guilds))`:                                                        `) too many`,
		`discord_guilds{"cluster"}`:                                                   `cannot be read`,
		`sum by (sign) (label_replace(discord_guilds, "sing", "none", "", ""))`:       `has the label "sign"`,
		`rate(discord_rest_request_duration_seconds_count{route="/guilds/1"}[5m])`:    `route is never "/guilds/1"`,
		`rate(discord_rest_request_duration_seconds_count{route=~"/webhook/.*"}[5m])`: `route never fits "/webhook/.*"`,
		`sum(discord_guilds) + sum by (command) (discord_app_commands_totals)`:        `no metric "discord_app_commands_totals"`,
	} {
		if err := Catalog().Check(expr); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want an error with %q, got %v", expr, want, err)
		}
	}
}

func TestParse(t *testing.T) {
	q, err := Parse(`sum by (cluster, le) (rate(a_bucket{cluster=~"$cluster",le!="3"}[$__rate_interval])) / on (x) group_left () (b > bool 0.5e3)
		or label_replace(min(c{d="e, \"f"} offset 5m), "made", "v", "", "") unless count(up)`)
	if err != nil {
		t.Fatal(err)
	}
	want := `{[{a_bucket [{cluster =~ $cluster} {le != 3}] true} {b [] false} {c [{d = e, \"f}] false} {up [] false}] [cluster le x] [made]}`
	if got := fmt.Sprint(q); got != want {
		t.Errorf("parsed\n%s, want\n%s", got, want)
	}
}
