package notify

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A client speaks API v2, as amtool does.
type client struct {
	t    *testing.T
	base string
}

func (c client) do(method, path, body string) (status int, answer string) {
	c.t.Helper()
	r, err := http.NewRequest(method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, string(content)
}

func (c client) get(path string, into any) {
	c.t.Helper()
	status, answer := c.do(http.MethodGet, path, "")
	if status != http.StatusOK {
		c.t.Fatalf("%s: status %d: %s", path, status, answer)
	}
	if err := json.Unmarshal([]byte(answer), into); err != nil {
		c.t.Fatal(err)
	}
}

func serve(t *testing.T, f *fixture) client {
	t.Helper()
	srv := httptest.NewServer(f.Handler())
	t.Cleanup(srv.Close)
	return client{t, srv.URL}
}

func TestAPISilences(t *testing.T) {
	t.Parallel()
	sink := newDiscordSink(t)
	f := start(t, Config{DiscordWebhookFile: sink.webhookFile(t)}, quick())
	api := serve(t, f)

	status, answer := api.do(http.MethodPost, Prefix+"/api/v2/silences", `{
		"matchers": [{"name": "alertname", "value": "DiscordShard.*", "isRegex": true, "isEqual": true}],
		"startsAt": "`+time.Now().UTC().Format(time.RFC3339Nano)+`",
		"endsAt": "`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339Nano)+`",
		"createdBy": "operator", "comment": "moving the bot"}`)
	var made struct{ SilenceID string }
	if status != http.StatusOK || json.Unmarshal([]byte(answer), &made) != nil || made.SilenceID == "" {
		t.Fatalf("status %d: %s", status, answer)
	}
	f.Send(firing("DiscordShardDown", "warning", "1"))
	activeAlerts(t, f, 1)
	sink.settleBy(t, f, "Marker")
	checkTitles(t, sink, "Warning: Marker on cluster marker of bot music")

	var alerts []struct {
		Labels map[string]string
		Status struct {
			State      string
			SilencedBy []string
		}
	}
	api.get(Prefix+"/api/v2/alerts", &alerts)
	if len(alerts) != 2 {
		t.Fatalf("%+v", alerts)
	}
	for _, a := range alerts {
		want := "active"
		if a.Labels["alertname"] == "DiscordShardDown" {
			want = "suppressed"
		}
		if a.Status.State != want {
			t.Errorf("%+v, want %s", a, want)
		}
	}
	var groups []struct{ Receiver struct{ Name string } }
	api.get(Prefix+"/api/v2/alerts/groups", &groups)
	if len(groups) != 2 || groups[0].Receiver.Name != "discord" {
		t.Errorf("groups: %+v", groups)
	}
	mutes, err := f.Mutes(t.Context())
	if err != nil || len(mutes) != 1 || mutes[0].ID != made.SilenceID || mutes[0].EndsIfWorse {
		t.Errorf("%+v %v", mutes, err)
	}
	if status, answer := api.do(http.MethodDelete, Prefix+"/api/v2/silence/"+made.SilenceID, ""); status != http.StatusOK {
		t.Errorf("status %d: %s", status, answer)
	}
	eventually(t, "the alert is told", func() bool { return len(sink.titles()) == 2 })
}

func TestAPIShowsNoSecret(t *testing.T) {
	t.Parallel()
	sink := newDiscordSink(t)
	for name, c := range map[string]Config{
		"webhook": {DiscordWebhookFile: sink.webhookFile(t)},
		"configuration": {ConfigFile: writeFile(t, "alertmanager.yml", `
route: {receiver: a}
receivers:
  - name: a
    discord_configs: [{webhook_url: `+sink.url+`}]
    pagerduty_configs: [{routing_key: planted-key}]
`)},
	} {
		f := start(t, c, quick())
		status, answer := serve(t, f).do(http.MethodGet, Prefix+"/api/v2/status", "")
		if status != http.StatusOK || !strings.Contains(answer, "receiver") || strings.Contains(answer, "planted") {
			t.Errorf("%s: status %d: %s", name, status, answer)
		}
	}
}

func TestAPIIsBounded(t *testing.T) {
	t.Parallel()
	f := start(t, Config{}, quick())
	api := serve(t, f)
	for _, path := range []string{
		"/", "/api/v2/status", Prefix, Prefix + "/", Prefix + "/api/v2/planted", Prefix + "/api/v1/alerts", Prefix + "/-/reload",
		Prefix + "/api/status.v3alpha.StatusService/GetStatus", Prefix + "/api/v2/silence/../status", Prefix + "/metrics",
	} {
		if status, _ := api.do(http.MethodGet, path, ""); status != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", path, status)
		}
	}
	large := `[{"labels": {"alertname": "` + strings.Repeat("x", apiBodyMost) + `"}}]`
	if status, _ := api.do(http.MethodPost, Prefix+"/api/v2/alerts", large); status/100 != 4 {
		t.Errorf("status %d for a large body", status)
	}
	if n := len(f.embedded.stored()); n != 0 {
		t.Errorf("%d alerts", n)
	}
}
