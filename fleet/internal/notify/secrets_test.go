package notify

import (
	"os"
	"strings"
	"testing"

	amconfig "github.com/prometheus/alertmanager/config"
)

func TestSecretsOfAConfiguration(t *testing.T) {
	file := writeFile(t, "token", "planted-in-a-file\n")
	conf, err := amconfig.Load(`
global:
  smtp_smarthost: mail.example.org:25
  smtp_from: fleet@example.org
  smtp_auth_password: planted-password
route:
  receiver: a
  routes: [{receiver: a, matchers: ['severity="critical"']}]
receivers:
  - name: a
    webhook_configs:
      - url: https://hooks.example.org/services/planted-path?key=planted-query
        http_config: {authorization: {credentials: planted-bearer}}
    pagerduty_configs: [{routing_key: planted-key}]
    slack_configs: [{api_url_file: ` + file + `, channel: '#c'}]
    discord_configs: [{webhook_url: https://discord.com/api/webhooks/1/planted-discord}]
    email_configs: [{to: a@example.org}]
`)
	if err != nil {
		t.Fatal(err)
	}
	s := secretsOf(conf)
	for _, secret := range []string{
		"planted-password", "planted-bearer", "planted-key", "planted-in-a-file",
		"https://hooks.example.org/services/planted-path?key=planted-query", "key=planted-query",
		"/services/planted-path?key=planted-query", "/services/planted-path", "planted-path",
		"https://discord.com/api/webhooks/1/planted-discord", "/api/webhooks/1/planted-discord", "planted-discord",
	} {
		if got := s.clean("status 404:\nno " + secret + " here"); strings.Contains(got, "planted") || got != "status 404: no [redacted] here" {
			t.Errorf("%s: %s", secret, got)
		}
	}
	if err := os.WriteFile(file, []byte("planted-anew"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := s.clean("no planted-anew here"); got != "no [redacted] here" {
		t.Errorf("after the file changed: %s", got)
	}
	if got := s.clean(strings.Repeat("x", 10_000)); len(got) > reasonMost+len("…") {
		t.Errorf("%d bytes", len(got))
	}
}
