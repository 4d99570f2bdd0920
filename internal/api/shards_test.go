package api

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/history"
)

// TestShards: what is known of each shard, and nothing of what is not.
func TestShards(t *testing.T) {
	bubble(t, func(t *testing.T, b *bot, a *API) {
		for _, name := range []string{"10", "2", "other"} {
			b.shard(name)
		}
		b.set(catalog.ShardUp, 1, "shard", "3") // attached after Open
		b.steps(1)
		for range 13 {
			b.add(catalog.ShardEvents, 50, "shard", "2")
			b.steps(1)
		}
		b.add(catalog.ShardDisconnects, 2, "shard", "10", "code", "1006", "initiator", "network")
		b.add(catalog.ShardReconnects, 1, "shard", "10", "kind", catalog.KindResume)
		b.add(catalog.ShardReconnects, 2, "shard", "10", "kind", catalog.KindIdentify)
		closed := LastClose{At: time.Now().UTC(), Code: "1006", Initiator: "network"}
		b.closes = map[string]LastClose{"10": closed, "7": closed}
		b.set(catalog.LockUnavailable, 7.5, "shard", "10")
		b.state("10", catalog.StateDisconnected)
		b.set(catalog.ShardStateChange, float64(time.Now().Unix()), "shard", "10")
		b.steps(60)
		var d Shards
		_, body := ask(t, a, ShardsPath, &d)
		var names []string
		for _, s := range d.Shards {
			names = append(names, s.Shard)
		}
		if !slices.Equal(names, []string{"2", "3", "10", "other"}) {
			t.Fatalf("the shards are %q", names)
		}
		two, three, ten := d.Shards[0], d.Shards[1], d.Shards[2]
		if !*two.Up || *two.State != catalog.StateReady || *two.Latency != 0.05 || *two.HeartbeatAge != 74*5 || *two.EventAge != 74*5 ||
			*two.Events != 0 || *two.EventsOver != 60 || *two.Closes != 0 || *two.Resumes != 0 || *two.Lock != 0 {
			t.Errorf("shard 2: %s", body)
		}
		if !*three.Up || three.State != nil || three.Latency != nil || three.HeartbeatAge != nil || three.Events != nil || three.Closes != nil || three.Lock != nil || len(three.Findings) > 0 {
			t.Errorf("shard 3: %s", body)
		}
		if *ten.Up || *ten.State != catalog.StateDisconnected || time.Since(*ten.Since) != 300*time.Second || *ten.Closes != 2 || *ten.Resumes != 1 || *ten.NewSessions != 2 || *ten.Lock != 7.5 || ten.LastClose == nil || *ten.LastClose != closed || two.LastClose != nil ||
			!slices.Contains(ten.Findings, "DiscordShardDown") {
			t.Errorf("shard 10: %s", body)
		}
		refuses(t, a, map[string]string{ShardsPath + "?shard=2": "there is no such parameter"})
	})
}

// TestManyShards: of more than 64 shards, the others have what is kept of them.
func TestManyShards(t *testing.T) {
	bubble(t, func(t *testing.T, b *bot, a *API) {
		for n := range 100 {
			b.shard(strconv.Itoa(n))
		}
		b.steps(1)
		b.set(catalog.BotShards, 100)
		for range 11 * time.Minute / history.FineStep {
			for n := range 100 {
				b.add(catalog.ShardEvents, 10, "shard", strconv.Itoa(n))
			}
			b.steps(1)
		}
		b.state("99", catalog.StateResuming)
		b.closes = map[string]LastClose{}
		for n := range 100 {
			b.closes[strconv.Itoa(n)] = LastClose{At: time.Now().Add(-time.Duration(n) * time.Second).UTC(), Code: "1001", Initiator: "discord"}
		}
		b.steps(13)
		var d Shards
		if _, body := ask(t, a, ShardsPath, &d); len(d.Shards) != 100 {
			t.Fatalf("%s", body)
		}
		sparse := 0
		for n, s := range d.Shards {
			if s.Shard != strconv.Itoa(n) || *s.Up != (n != 99) || s.Latency == nil || s.Events == nil || s.LastClose == nil || *s.LastClose != b.closes[s.Shard] {
				t.Fatalf("shard %d: %+v", n, s)
			}
			if *s.EventsOver == sparseEventsOver.Seconds() {
				if sparse++; s.HeartbeatAge != nil || s.Closes != nil || *s.Events < 1 {
					t.Errorf("shard %d: %+v", n, s)
				}
			}
		}
		if sparse != 36 {
			t.Errorf("%d shards do not have all numbers", sparse)
		}
		var of ShardOf
		if ask(t, a, ShardOfPath+"?guild="+strconv.Itoa(99<<22), &of); *of.Shard != "99" || !*of.Here || *of.Up || *of.State != catalog.StateResuming {
			t.Errorf("%+v", of)
		}
	})
}
