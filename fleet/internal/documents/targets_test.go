package documents

import (
	"encoding/json"
	"testing"

	"github.com/argus-dgo/argus/fleet/internal/members"
)

// scraped says where the process of a member can be scraped.
func scraped(m members.Member, bot, address string) members.Member {
	m.Bot = bot
	m.Incarnations[0].Scrape = address
	return m
}

// TestTargets: only processes that report are targets, where they say so in a way that can
// be used, and none has a label cluster.
func TestTargets(t *testing.T) {
	in := Input{Members: []members.Member{
		scraped(member("", "1", 1, members.Here), "", "http://10.0.0.7:9191/metrics"),
		scraped(member("eu", "2", 2, members.Here), "rock", "https://bot.example.com"),
		scraped(member("", "3", 3, members.Lost), "", "http://10.0.0.8:9191/metrics"),
		scraped(member("", "4", 4, members.Goodbye), "", "http://10.0.0.9:9191/metrics"),
		scraped(member("", "5", 5, members.Here), "", ""),
		scraped(member("", "6", 6, members.Here), "pop", "http://[fd00::7]/m"), // two bots in one process
		scraped(member("", "6", 7, members.Here), "jazz", "http://[fd00::7]/m"),
	}}
	for _, wrong := range []string{"10.0.0.7:9191", "ftp://bot:1/", "http://", "http://:9191/", "http://user:planted@bot:1/", "http://bot:1/?a=b", "://", "http://bot:x/"} {
		in.Members = append(in.Members, scraped(member("", wrong, 8, members.Here), "", wrong))
	}
	const want = `[` +
		`{"targets":["10.0.0.7:9191"],"labels":{"__meta_argus_cluster":"1","__meta_argus_instance":"i1","__meta_argus_job":"music","__meta_argus_version":"v1","__metrics_path__":"/metrics","__scheme__":"http"}},` +
		`{"targets":["bot.example.com:443"],"labels":{"__meta_argus_bot":"rock","__meta_argus_cluster":"2","__meta_argus_instance":"i2","__meta_argus_job":"music","__meta_argus_region":"eu","__meta_argus_version":"v1","__metrics_path__":"/","__scheme__":"https"}},` +
		`{"targets":["[fd00::7]:80"],"labels":{"__meta_argus_cluster":"6","__meta_argus_instance":"i6","__meta_argus_job":"music","__meta_argus_version":"v1","__metrics_path__":"/m","__scheme__":"http"}}]`
	if got, err := json.Marshal(MakeTargets(in, Wanted{})); err != nil || string(got) != want {
		t.Errorf("%s, %v, want\n%s", got, err, want)
	}
	bot := "jazz"
	if got := MakeTargets(in, Wanted{Bot: &bot}); len(got) != 1 || got[0].Labels["__meta_argus_bot"] != "jazz" {
		t.Errorf("of one bot: %v", got)
	}
	if got, err := json.Marshal(MakeTargets(Input{}, Wanted{})); err != nil || string(got) != "[]" {
		t.Errorf("of nobody: %s, %v", got, err)
	}
}
