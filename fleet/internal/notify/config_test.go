package notify

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestWrongSettings(t *testing.T) {
	t.Parallel()
	hook := writeFile(t, "hook", "https://discord.com/api/webhooks/1/planted")
	conf := func(text string) string { return writeFile(t, "alertmanager.yml", text) }
	for name, tt := range map[string]struct {
		c    Config
		want []string
	}{
		"two ways": {Config{DiscordWebhookFile: hook, AlertmanagerURLs: []string{"http://am"}}, []string{settingWebhook, settingURL}},
		"all ways": {
			Config{ConfigFile: hook, DiscordWebhookFile: hook, AlertmanagerURLs: []string{"http://am"}},
			[]string{settingConfig, settingWebhook, settingURL},
		},
		"no webhook file":  {Config{DiscordWebhookFile: "/nowhere/hook"}, []string{settingWebhook, "/nowhere/hook"}},
		"empty webhook":    {Config{DiscordWebhookFile: writeFile(t, "hook", " \n")}, []string{settingWebhook, "empty"}},
		"no URL":           {Config{DiscordWebhookFile: writeFile(t, "hook", "planted")}, []string{settingWebhook, "does not hold one URL"}},
		"two URLs":         {Config{DiscordWebhookFile: writeFile(t, "hook", "https://d/planted\nhttps://d/b")}, []string{settingWebhook, "does not hold one URL"}},
		"webhook by ftp":   {Config{DiscordWebhookFile: writeFile(t, "hook", "ftp://d/planted")}, []string{settingWebhook, "https"}},
		"webhook by http":  {Config{DiscordWebhookFile: writeFile(t, "hook", "http://d/planted")}, []string{settingWebhook, "use https"}},
		"long webhook":     {Config{DiscordWebhookFile: writeFile(t, "hook", "https://d/"+strings.Repeat("planted", 1000))}, []string{settingWebhook, "longer"}},
		"webhook folder":   {Config{DiscordWebhookFile: t.TempDir()}, []string{settingWebhook, "regular"}},
		"no configuration": {Config{ConfigFile: "/nowhere/am.yml"}, []string{settingConfig, "/nowhere/am.yml"}},
		"no YAML":          {Config{ConfigFile: conf("planted: [")}, []string{settingConfig}},
		"unknown receiver": {Config{ConfigFile: conf("route: {receiver: elsewhere}\nreceivers: [{name: a}]")}, []string{settingConfig, "elsewhere"}},
		"bad webhook URL": {
			Config{ConfigFile: conf("route: {receiver: a}\nreceivers: [{name: a, discord_configs: [{webhook_url: 'discord.com/planted:a'}]}]")},
			[]string{settingConfig},
		},
		"wrong type": {Config{ConfigFile: conf("route: {receiver: a}\nreceivers: [{name: a, slack_configs: [planted]}]")}, []string{settingConfig}},
		"password":   {Config{AlertmanagerURLs: []string{"http://u:planted@am:9093"}}, []string{settingURL, "am:9093", "password"}},
		"no host":    {Config{AlertmanagerURLs: []string{"am:9093", "/x"}}, []string{settingURL, `"am:9093"`, `"/x"`}},
		"query":      {Config{AlertmanagerURLs: []string{"http://am?token=planted"}}, []string{settingURL, "query"}},
		"twice":      {Config{AlertmanagerURLs: []string{"http://am", "http://am"}}, []string{settingURL, "twice"}},
		"interval":   {Config{EvaluationInterval: -1}, []string{"negative"}},
		"folder":     {Config{Dir: hook}, []string{hook}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tryStart(t, tt.c, quick())
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
			if strings.Contains(strings.ReplaceAll(err.Error(), t.Name(), ""), "planted") {
				t.Errorf("a secret is in: %v", err)
			}
		})
	}
}

// What cannot be read is not overwritten.
func TestStateThatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "silences"), fs.ModePerm); err != nil {
		t.Fatal(err)
	}
	if _, err := tryStart(t, Config{Dir: dir}, quick()); err == nil || !strings.Contains(err.Error(), "silences") {
		t.Errorf("%v", err)
	}
}

func TestReload(t *testing.T) {
	t.Parallel()
	one, two := newDiscordSink(t), newDiscordSink(t)
	text := func(s *discordSink) []byte {
		return []byte(`
route: {receiver: a, group_by: [alertname], group_wait: 50ms, group_interval: 150ms}
receivers: [{name: a, discord_configs: [{webhook_url: "` + s.url + `", title: '{{ template "argus.discord.title" . }}'}]}]
`)
	}
	file := writeFile(t, "alertmanager.yml", string(text(one)))
	f := start(t, Config{ConfigFile: file, Dir: t.TempDir()}, quick())
	f.Send(firing("First", "warning", "1"))
	eventually(t, "a message at the first", func() bool { return len(one.titles()) == 1 })
	f.killed(t, map[string]string{"nflog": "First"}) // it is known to have been told

	if err := os.WriteFile(file, []byte("route: {receiver: b}\nreceivers: [{name: a}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Reload(); err == nil || !strings.Contains(err.Error(), settingConfig) {
		t.Errorf("Reload: %v", err)
	}
	f.Send(firing("Second", "warning", "1"))
	eventually(t, "another message at the first", func() bool { return len(one.titles()) == 2 })
	f.killed(t, map[string]string{"nflog": "Second"})

	if err := os.WriteFile(file, text(two), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Reload(); err != nil {
		t.Fatal(err)
	}
	f.Send(firing("Third", "warning", "1"))
	eventually(t, "a message at the second", func() bool { return len(two.titles()) > 0 })
	if got := append(one.titles(), two.titles()...); !slices.Equal(got, []string{
		"Warning: First on cluster 1 of bot music", "Warning: Second on cluster 1 of bot music", "Warning: Third on cluster 1 of bot music",
	}) {
		t.Errorf("%q", got)
	}
}
