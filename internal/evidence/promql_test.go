package evidence

import (
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/promcheck"
)

func TestPromQL(t *testing.T) {
	metrics := promcheck.Catalog()
	for _, tt := range []struct {
		question Question
		want     string
	}{
		{Question{Form: Last, Of: catalog.ShardUp, By: []string{"shard"}}, `max by (job, bot, region, cluster, shard) (discord_shard_up)`},
		{Question{Form: Last, Of: catalog.Interactions, By: []string{"region", "cluster"}, Where: []Match{Is("type", "ping")}}, `sum by (job, bot, region, cluster) (max by (job, bot, region, cluster, type, status) (discord_interactions_total{type="ping"}))`},
		{Question{Form: Last, Of: catalog.ShardsConnected, Combine: Sum}, `max by (job, bot, region, cluster) (discord_shards_connected)`},
		{Question{Form: Age, Of: catalog.HeartbeatAck, By: []string{"shard"}}, `time() - max by (job, bot, region, cluster, shard) (discord_shard_heartbeat_ack_timestamp_seconds)`},
		{Question{Form: Age, Of: catalog.HeartbeatAck}, `time() - min by (job, bot, region, cluster) (max by (job, bot, region, cluster, shard) (discord_shard_heartbeat_ack_timestamp_seconds))`},
		{Question{Form: Age, Of: catalog.HeartbeatAck, By: []string{"shard"}, Ago: time.Hour}, `time() - 3600 - max by (job, bot, region, cluster, shard) (discord_shard_heartbeat_ack_timestamp_seconds offset 1h)`},
		{
			Question{Form: Increase, Of: catalog.ShardDisconnects, By: []string{"code"}, Over: 15 * time.Minute, Where: []Match{Is("code", "4004", "4014"), IsNot("initiator", "client")}},
			`sum by (job, bot, region, cluster, code) (max by (job, bot, region, cluster, shard, code, initiator) (increase(discord_shard_disconnects_total{code=~"4004|4014",initiator!="client"}[15m])))`,
		},
		{
			Question{Form: Rate, Of: catalog.GatewayEvents, Over: 90 * time.Second, Ago: time.Hour, Where: []Match{Is("event", "READY")}},
			`sum by (job, bot, region, cluster) (max by (job, bot, region, cluster, event) (rate(discord_gateway_events_total{event="READY"}[90s] offset 1h)))`,
		},
		{Question{Form: Increase, Of: catalog.ReceiptAge, Over: time.Hour}, `sum by (job, bot, region, cluster) (max by (job, bot, region, cluster, type) (increase(discord_interaction_receipt_age_seconds_count[1h])))`},
		{
			Question{Form: Quantile, Of: catalog.ReceiptAge, At: 0.95, Over: 5 * time.Minute},
			`histogram_quantile(0.95, sum by (job, bot, region, cluster, le) (max by (job, bot, region, cluster, type, le) (rate(discord_interaction_receipt_age_seconds_bucket[5m]))))`,
		},
		{
			Question{Form: Above, Of: catalog.ReceiptAge, At: 3, Over: 5 * time.Minute},
			"sum by (job, bot, region, cluster) (max by (job, bot, region, cluster, type) (increase(discord_interaction_receipt_age_seconds_count[5m])))\n- " +
				`sum by (job, bot, region, cluster) (max by (job, bot, region, cluster, type) (increase(discord_interaction_receipt_age_seconds_bucket{le=~"3|3\\.0"}[5m])))`,
		},
		{
			Question{Form: Mean, Of: catalog.RequestDuration, By: []string{"route"}, Over: 5 * time.Minute},
			"sum by (job, bot, region, cluster, route) (max by (job, bot, region, cluster, method, route, status) (increase(discord_rest_request_duration_seconds_sum[5m])))\n/ " +
				`sum by (job, bot, region, cluster, route) (max by (job, bot, region, cluster, method, route, status) (increase(discord_rest_request_duration_seconds_count[5m])))`,
		},
		{Question{Form: Highest, Of: catalog.LockUnavailable, Over: 10 * time.Minute}, `max by (job, bot, region, cluster) (max_over_time(discord_shard_lock_unavailable_seconds[10m]))`},
		{Question{Form: Lowest, Of: catalog.SessionStartRemaining, Over: time.Hour, Combine: Min}, `max by (job, bot, region, cluster) (min_over_time(discord_gateway_session_start_remaining[1h]))`},
		{Question{Form: Changes, Of: catalog.ShardStateChange, By: []string{"shard"}, Over: 5 * time.Minute}, `max by (job, bot, region, cluster, shard) (changes(discord_shard_state_change_timestamp_seconds[5m]))`},
		{Question{Form: Latest, Of: catalog.BotShards, Over: 24 * time.Hour}, `max by (job, bot, region, cluster) (last_over_time(discord_bot_shards[1d]))`},
		{Question{Form: Resets, Of: catalog.Uptime, Over: 30 * time.Minute}, `max by (job, bot, region, cluster) (resets(discord_uptime_seconds[30m]))`},
	} {
		got := tt.question.PromQL(Scope{})
		if got != tt.want {
			t.Errorf("got\n%s\nwant\n%s", got, tt.want)
		}
		if err := metrics.Check(got); err != nil {
			t.Errorf("%s: %v", got, err)
		}
	}
	music := Scope{Namespace: "music", Where: Bot{Job: "fun", Name: "it's"}.Matches()}
	for _, tt := range []struct {
		question Question
		want     string
	}{
		{Question{Form: Last, Of: catalog.Guilds}, `max by (job, bot, region, cluster) (music_guilds{job="fun",bot="it's"})`},
		{Question{Form: Last, Of: catalog.Instrument{Name: "up", Kind: catalog.Gauge}, OfTarget: true}, `max by (job, bot, region, cluster) (up{job="fun"})`},
		{
			Question{Form: Above, Of: catalog.ReceiptAge, At: 2.5, Over: time.Minute, Where: []Match{IsNot("type", "ping")}},
			"sum by (job, bot, region, cluster) (max by (job, bot, region, cluster, type) (increase(music_interaction_receipt_age_seconds_count{job=\"fun\",bot=\"it's\",type!=\"ping\"}[1m])))\n- " +
				`sum by (job, bot, region, cluster) (max by (job, bot, region, cluster, type) (increase(music_interaction_receipt_age_seconds_bucket{job="fun",bot="it's",type!="ping",le="2.5"}[1m])))`,
		},
	} {
		if got := tt.question.PromQL(music); got != tt.want {
			t.Errorf("got\n%s\nwant\n%s", got, tt.want)
		}
	}
}
