package shard

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestShard(t *testing.T) {
	page := `# TYPE argus_up gauge
argus_up{cluster="3"} 1
# TYPE discord_bot_shards gauge
discord_bot_shards{cluster="3"} 16
# TYPE discord_shard_up gauge
discord_shard_up{cluster="3",shard="3"} 0
discord_shard_up{cluster="3",shard="4"} 1
`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		_, _ = w.Write([]byte(page))
	}))
	defer s.Close()
	address := strings.TrimPrefix(s.URL, "http://")
	// The first is Discord's example of a snowflake.
	for args, want := range map[string]string{
		"175928847299117063 --shards 16":     "Shard 4 of 16 has guild 175928847299117063.\n",
		"175928847299117063 --shards 1":      "Shard 0 of 1 has guild 175928847299117063.\n",
		"18446744073709551615 --shards 4096": "Shard 4095 of 4096 has guild 18446744073709551615.\n",
		"20971520 " + address:                "Shard 5 of 16 has guild 20971520; the process does not own it.\n",
		"12582912 " + address:                "Shard 3 of 16 has guild 12582912; it is down.\n",
		"16777216 " + address:                "Shard 4 of 16 has guild 16777216; it is up.\n",
	} {
		var out, errs strings.Builder
		if code := Run(t.Context(), strings.Fields(args), &out, &errs); code != 0 || out.String() != want {
			t.Errorf("%s: code %d, %q, %q; want %q", args, code, out.String(), errs.String(), want)
		}
	}
	for args, want := range map[string]string{
		"":                              "give the id of a guild",
		"12582912":                      "the number of shards is unknown",
		"general --shards 3":            `"general" is not the id of a guild`,
		"12582912 --shards 0":           "must be a number from 1 on",
		"12582912 127.0.0.1:1":          "connection refused",
		"12582912 a:1 b:1":              "give the id of a guild",
		"12582912 --shards 3 --unknown": "flag provided but not defined",
	} {
		var out, errs strings.Builder
		if code := Run(t.Context(), strings.Fields(args), &out, &errs); code == 0 || out.Len() > 0 || !strings.Contains(errs.String(), want) {
			t.Errorf("%s: code %d, %q; want %q", args, code, errs.String(), want)
		}
	}
}
