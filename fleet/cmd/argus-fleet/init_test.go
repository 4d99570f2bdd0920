package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/argus-dgo/argus/fleet/internal/settings"
)

// content reads a file, without the line break at its end.
func content(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(text), "\n")
}

// names are the files of a folder.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return strings.Join(list, " ")
}

// status is the answer to a request with a token.
func (p *process) status(t *testing.T, method, path, token string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+p.pages+path, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// TestInitPrometheus: a fleet that reads Prometheus has no token of members, and no address
// for their pushes.
func TestInitPrometheus(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "fleet")
	code, out, errOut := command(t, "init", "--dir", dir, "--prometheus", "eu=http://prometheus:9090", "--prometheus-headers", "X-Scope-OrgID=bots")
	if code != 0 || names(t, dir) != "fleet.env operator.token viewer.token" || !strings.Contains(out, "Processes need no setting") {
		t.Fatalf("%d %s%s: %s", code, out, errOut, names(t, dir))
	}
	if env := content(t, filepath.Join(dir, "fleet.env")); !strings.Contains(env, "ARGUS_FLEET_PROMETHEUS=eu=http://prometheus:9090\n") || strings.Contains(env, "OTLP") {
		t.Errorf("the settings are\n%s", env)
	}
}

// TestInit: the line that init prints starts a fleet with the settings that were given, and
// each token is for what init says.
func TestInit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's a fleet")
	code, _, refusal := command(t, "--addr=127.0.0.1:0", "init", "--otlp-grpc-addr", "127.0.0.1:0", "--otlp-http-addr=off", "--dir", dir,
		"--grafana-url", "https://grafana.example.com/d/x?from={from}&to={to}")
	if code == 0 {
		t.Fatalf("a folder with a quote in its name is in a file that cannot have one:\n%s", content(t, filepath.Join(dir, "fleet.env")))
	}
	if names(t, filepath.Dir(dir)) != "" || !strings.Contains(refusal, "single quote") {
		t.Errorf("%s left %q", refusal, names(t, filepath.Dir(dir)))
	}
	dir = filepath.Join(filepath.Dir(dir), "a fleet")
	code, out, errOut := command(t, "--addr=127.0.0.1:0", "init", "--otlp-grpc-addr", "127.0.0.1:0", "--otlp-http-addr=off", "--dir", dir,
		"--grafana-url", "https://grafana.example.com/d/x?from={from}&to={to}")
	if code != 0 || errOut != "" || names(t, dir) != "fleet.env ingest.token operator.token viewer.token" {
		t.Fatalf("%d %s%s: %s", code, out, errOut, names(t, dir))
	}
	tokens := map[string]string{}
	for _, of := range []string{"ingest", "viewer", "operator"} {
		name := filepath.Join(dir, of+".token")
		tokens[of] = content(t, name)
		if info, err := os.Stat(name); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
		if len(tokens[of]) != 64 || strings.Contains(out, tokens[of]) {
			t.Errorf("the token %s is short, or printed:\n%s", of, out)
		}
	}

	line := regexp.MustCompile(`set -a; .*; argus-fleet\n`).FindString(out)
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(binary, filepath.Join(bin, "argus-fleet")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	p := begin(t, exec.Command("sh", "-c", strings.Replace(line, "; argus-fleet", "; exec argus-fleet", 1)))

	conn, err := grpc.NewClient(p.otlp, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	push := func(token string) error {
		ctx := metadata.AppendToOutgoingContext(context.WithoutCancel(t.Context()), "authorization", "Bearer "+token)
		_, err := pmetricotlp.NewGRPCClient(conn).Export(ctx, pmetricotlp.NewExportRequestFromMetrics(metrics(1, time.Now())))
		return err
	}
	if err := push(tokens["viewer"]); err == nil {
		t.Error("viewers may push")
	}
	if err := push(tokens["ingest"]); err != nil {
		t.Error(err)
	}
	const members, mutes = "/api/fleet/v1/members", "/api/fleet/v1/mutes"
	for _, tt := range []struct {
		method, path, token string
		want                int
	}{
		{http.MethodGet, members, tokens["ingest"], 401},
		{http.MethodGet, members, tokens["viewer"], 200},
		{http.MethodGet, members, tokens["operator"], 200},
		{http.MethodPost, mutes, tokens["viewer"], 403},
		{http.MethodPost, mutes, tokens["operator"], 400},
	} {
		if got := p.status(t, tt.method, tt.path, tt.token); got != tt.want {
			t.Errorf("%s %s: %d, want %d", tt.method, tt.path, got, tt.want)
		}
	}
	if names(t, filepath.Join(dir, "data")) == "" {
		t.Error("the data is elsewhere")
	}
}

// TestInitRefuses: what is wrong is an error, and what is there is left as it is.
func TestInitRefuses(t *testing.T) {
	dir := t.TempDir()
	viewer := filepath.Join(dir, "viewer.token")
	if err := os.WriteFile(viewer, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	short := filepath.Join(t.TempDir(), "short")
	if err := os.WriteFile(short, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args string
		code int
		want string
	}{
		{"", 1, viewer + " exists, and is not replaced; nothing was written"},
		{"--addr 9190", 2, `--addr: "9190" is not an address`},
		{"--discord-webhook-file /nowhere/webhook", 2, "ARGUS_FLEET_DISCORD_WEBHOOK_FILE"},
		{"--tls-cert-file a", 2, "belong together"},
		{"--tls-cert-file a --tls-key-file b", 2, "ARGUS_FLEET_TLS_CERT_FILE"},
		{"--viewer-token-file " + short, 2, "fewer than 16 characters"},
		{"--systemd --data x", 2, "--data: argus-fleet.service sets it"},
		{"more", 2, `unexpected argument "more"`},
		{"--nothing", 2, "--nothing"},
	} {
		code, out, errOut := command(t, append([]string{"init", "--dir", dir}, strings.Fields(tt.args)...)...)
		if code != tt.code || !strings.Contains(errOut, tt.want) || out != "" {
			t.Errorf("%q: %d %s%s, want %d %s", tt.args, code, out, errOut, tt.code, tt.want)
		}
		if got := names(t, dir); got != "viewer.token" || content(t, viewer) != "mine" {
			t.Fatalf("%q: there are %s", tt.args, got)
		}
	}
	if code, out, errOut := command(t, "init", "--dir", dir, "--viewer-token-file", viewer); code != 2 {
		t.Errorf("a token of four characters: %d %s%s", code, out, errOut)
	}
	if code, out, _ := command(t, "init", "--help"); code != 0 || !strings.Contains(out, "--show-tokens") {
		t.Errorf("%d %s", code, out)
	}
}

// TestInitSystemd: with the project's unit, the file makes a fleet that is open to others,
// with the tokens of the unit.
func TestInitSystemd(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "fleet")
	webhook := filepath.Join(t.TempDir(), "100%webhook")
	if err := os.WriteFile(webhook, []byte("https://discord.com/api/webhooks/1/planted\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errOut := command(t, "init", "--systemd", "--dir", dir, "--addr", ":9190", "--otlp-grpc-addr", ":4317", "--url", "https://fleet.example.org:9190",
		"--discord-webhook-file", webhook, "--show-tokens")
	if code != 0 {
		t.Fatalf("%s%s", out, errOut)
	}
	for _, want := range []string{
		"Bearer%20" + content(t, filepath.Join(dir, "ingest.token")) + "\n", "OTEL_EXPORTER_OTLP_ENDPOINT=http://fleet.example.org:4317\n",
		"LoadCredential=discord-webhook:" + strings.ReplaceAll(webhook, "%", "%%") + "\nEnvironment=ARGUS_FLEET_DISCORD_WEBHOOK_FILE=%d/discord-webhook\n",
		"systemctl enable --now argus-fleet",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if strings.Contains(out, "planted") {
		t.Error("the webhook is printed")
	}
	unit := content(t, "../../../deploy/systemd/argus-fleet.service")
	env := map[string]string{}
	for line := range strings.Lines(unit + "\n" + content(t, filepath.Join(dir, "fleet.env"))) { // the file wins, as in systemd
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "Environment="), "=")
		if strings.HasPrefix(name, settings.Prefix) {
			env[name] = value
		}
	}
	s, _, err := settings.Parse(nil, func(name string) (string, bool) { v, there := env[name]; return v, there }, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(s.AllowedHosts, s.Addr, s.OTLPGRPCAddr, s.OTLPHTTPAddr, s.Data, s.URL, s.IngestTokenFile, s.ViewerTokenFile, s.OperatorTokenFile)
	if want := fmt.Sprint([]string{"fleet.example.org"}, ":9190", ":4317", "127.0.0.1:4318", "%S/argus-fleet", "https://fleet.example.org:9190", "%d/ingest.token", "%d/viewer.token", "%d/operator.token"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, of := range []string{"ingest", "viewer", "operator"} {
		if load := "LoadCredential=" + of + ".token:/etc/argus-fleet/" + of + ".token\n"; !strings.Contains(unit, load) {
			t.Errorf("the unit does not load %s.token", of)
		}
	}
}
