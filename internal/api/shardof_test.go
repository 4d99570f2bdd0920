package api

import (
	"strconv"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/internal/catalog"
)

// aGuild is the id of a guild that shard 4 of 16 and shard 0 of 2 have.
const aGuild = "175928847299117063"

// TestShardOf: which shard has a guild, whether it is here, and how it is.
func TestShardOf(t *testing.T) {
	bubble(t, func(t *testing.T, b *bot, a *API) {
		var d ShardOf
		ask(t, a, ShardOfPath+"?guild="+aGuild, &d)
		if d.Shard != nil || d.Shards != nil || d.Here != nil || d.Up != nil {
			t.Errorf("before the first step: %+v", d)
		}
		b.set(catalog.BotShards, 16)
		b.shard("3")
		b.shard("4")
		b.steps(1)
		_, body := ask(t, a, ShardOfPath+"?guild="+aGuild, &d)
		if *d.Shard != "4" || *d.Shards != 16 || !*d.Here || !*d.Up || *d.State != catalog.StateReady || d.Since == nil || d.Identity.Bot != "music" {
			t.Errorf("%s", body)
		}
		if strings.Contains(body, aGuild) {
			t.Errorf("the guild is in %s", body)
		}
		if d.Guild != nil || d.Members != nil {
			t.Errorf("nobody knows the guild: %s", body)
		}
		b.guild = func(id uint64) (string, *int64) {
			if strconv.FormatUint(id, 10) == aGuild {
				return "available", new(int64(12))
			}
			return "", nil
		}
		if ask(t, a, ShardOfPath+"?guild="+aGuild, &d); d.Guild == nil || *d.Guild != "available" || d.Members == nil || *d.Members != 12 {
			t.Errorf("the guild: %+v", d)
		}
		b.state("4", catalog.StateResuming)
		b.steps(1)
		if ask(t, a, ShardOfPath+"?guild="+aGuild+"&bot=music", &d); !*d.Here || *d.Up || *d.State != catalog.StateResuming {
			t.Errorf("while it resumes: %+v", d)
		}
		d = ShardOf{}
		if ask(t, a, ShardOfPath+"?guild=12582912", &d); *d.Shard != "3" || d.Guild != nil || d.Members != nil {
			t.Errorf("another guild: %+v", d)
		}
		d = ShardOf{}
		if ask(t, a, ShardOfPath+"?guild=4194304", &d); *d.Shard != "1" || *d.Here || d.Up != nil || d.State != nil || d.Since != nil {
			t.Errorf("of another process: %+v", d)
		}
		refuses(t, a, map[string]string{
			ShardOfPath:                                       "guild: the parameter is missing; give the id of a guild",
			ShardOfPath + "?guild=":                           `guild: \"\" is not the id of a guild`,
			ShardOfPath + "?guild=general":                    `guild: \"general\" is not the id of a guild`,
			ShardOfPath + "?guild=-1":                         `guild: \"-1\" is not the id`,
			ShardOfPath + "?guild=1&guild=2":                  "guild: it is given 2 times",
			ShardOfPath + "?guild=1&shards=4":                 "\"shards\\\": there is no such parameter",
			ShardOfPath + "?guild=" + strings.Repeat("1", 99): strings.Repeat("1", 64) + "…",
		})
		if len(a.cache.entries) != 0 {
			t.Error("the guild of a request is kept")
		}
	})
}
