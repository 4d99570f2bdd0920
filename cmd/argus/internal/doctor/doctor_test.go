package doctor

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/cmd/argus/internal/bottest"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/checks"
	"github.com/argus-dgo/argus/internal/loopback"
)

var update = flag.Bool("update", false, "write testdata anew")

func TestMain(m *testing.M) {
	if err := bottest.ClearEnv(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// What must not be shown anywhere.
const (
	pageToken    = "planted-page-token"
	fleetToken   = "planted-fleet-token"
	headerSecret = "planted-header-secret"
)

type outcome struct {
	code           int
	stdout, stderr string
}

func newDoctor() *doctor {
	return &doctor{
		timeout: defaultTimeout, discordURL: "http://127.0.0.1:1/", discord: http.DefaultClient,
		kernel: func() (bool, error) { return true, nil }, export: time.Second,
	}
}

// examined runs the command and looks for secrets in what it says.
func examined(t *testing.T, d *doctor, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := d.run(t.Context(), args, &stdout, &stderr)
	o := outcome{code, stdout.String(), stderr.String()}
	if strings.Contains(o.stdout+o.stderr, "planted") {
		t.Errorf("a secret is shown:\n%s%s", o.stdout, o.stderr)
	}
	return o
}

// findings runs the command with --json and returns what it found, as "state check: text → do".
func findings(t *testing.T, d *doctor, args ...string) string {
	t.Helper()
	o := examined(t, d, append(args, "--json")...)
	var r checks.Report
	if err := json.Unmarshal([]byte(o.stdout), &r); err != nil || o.stderr != "" {
		t.Fatalf("%v: %+v", err, o)
	}
	failures, warnings := 0, 0
	var b strings.Builder
	for _, f := range r.Checks {
		switch f.State {
		case failure:
			failures++
		case warning:
			warnings++
		}
		if f.State == failure && f.Do == "" && !strings.HasPrefix(f.Text, "and ") {
			t.Errorf("it is not said what to do about %q", f.Text)
		}
		fmt.Fprintf(&b, "%s %s: %s → %s\n", f.State, f.Check, f.Text, f.Do)
	}
	if failures != r.Failures || warnings != r.Warnings || (failures > 0) != (o.code == 1) {
		t.Errorf("exit code %d, %d failures, %d warnings, but\n%s", o.code, r.Failures, r.Warnings, b.String())
	}
	return b.String()
}

func has(t *testing.T, all string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not in\n%s", want, all)
		}
	}
}

func hasNot(t *testing.T, all string, unwanted ...string) {
	t.Helper()
	for _, text := range unwanted {
		if strings.Contains(all, text) {
			t.Errorf("%q is in\n%s", text, all)
		}
	}
}

// environment sets the address of the bot and further variables.
func environment(t *testing.T, address string, variables ...string) {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range append([]string{"ARGUS_HOST=" + host, "ARGUS_PORT=" + port}, variables...) {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
}

func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// golden compares with a file. What differs from run to run is replaced.
func golden(t *testing.T, name, got string, addresses ...string) {
	t.Helper()
	for i, address := range addresses {
		host, port, _ := net.SplitHostPort(address)
		got = strings.ReplaceAll(got, address, fmt.Sprintf("%s:PORT%d", host, i))
		got = regexp.MustCompile(`\b`+port+`\b`).ReplaceAllString(got, fmt.Sprintf("PORT%d", i))
	}
	for pattern, replacement := range map[string]string{
		`v\d+\.\d+\.\d+\b|\b0\.29\.\d+\b`:  "VERSION",
		`in \d+(\.\d+)?m?s\b`:              "in TIME",
		`\d{4}-\d\d-\d\d \d\d:\d\d UTC`:    "DATE",
		`(give or take|within) \d+\.\d s`:  "$1 0.5 s",
		`/[^ "]*/(targets|authority)\.\w+`: "FOLDER/$1",
	} {
		got = regexp.MustCompile(pattern).ReplaceAllString(got, replacement)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant what is in %s:\n%s", got, path, want)
	}
}

func TestHelp(t *testing.T) {
	o := examined(t, newDoctor(), "--help")
	if o.code != 0 || o.stderr != "" {
		t.Errorf("%+v", o)
	}
	golden(t, "help.txt", o.stdout)
}

func TestUsage(t *testing.T) {
	for want, args := range map[string][]string{
		`"bot-[": missing closing bracket`: {"bot-["},
		"and so does":                      {"bot", "bot:9191"},
		"not a list of targets":            {"--targets", file(t, "targets.json", "nothing")},
		"no such file":                     {"--targets", "none.json"},
		"must be a duration":               {"--timeout", "2h"},
		"not defined: --deep":              {"--deep"},
		"does not contain a bearer token":  {"--token-file", file(t, "token", "planted \x00")},
	} {
		if o := examined(t, newDoctor(), args...); o.code != 2 || o.stdout != "" || !strings.Contains(o.stderr, want) {
			t.Errorf("%v: %+v, want %q", args, o, want)
		}
	}
}

// read has a bot learn its budget of session starts, as bots do that ask before they open sessions.
func read(t *testing.T, b *bottest.Bot) {
	t.Helper()
	if _, err := b.Sessions[0].GatewayBot(); err != nil {
		t.Fatal(err)
	}
}

// TestHealthy: two processes with two shards each, a collector, all as it should be.
func TestHealthy(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	discord := bottest.Discord(t, discordtest.WithShards(4), discordtest.WithMaxConcurrency(16), discordtest.WithSessionStartLimit(1000, 900, time.Hour))
	first := bottest.Start(t, discord, "127.0.3.1:0", "0", []int{0, 1}, 4, argus.WithAuthToken(pageToken), argus.WithExporters(argus.Prometheus))
	second := bottest.Start(t, discord, "127.0.3.2:0", "1", []int{2, 3}, 4, argus.WithAuthToken(pageToken), argus.WithExporters(argus.Prometheus))
	first.Open(t, discord)
	second.Open(t, discord)
	read(t, second)
	endpoint := serveCollector(t, "127.0.3.3:0", &collector{})
	environment(t, first.Addr(), "CLUSTER_ID=0", "SHARD_COUNT=4", "SHARDS_PER_CLUSTER=2", "ARGUS_METRICS_AUTH_TOKEN="+pageToken,
		"OTEL_METRICS_EXPORTER=prometheus,otlp", "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+endpoint, "OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer "+headerSecret)
	d := newDoctor()
	d.discordURL = discord.URL() + "/api/v10/gateway"
	args := []string{
		"--discord", "--token-file", file(t, "token", pageToken),
		"--targets", file(t, "targets.json", fmt.Sprintf(`[{"targets": [%q, %q]}]`, first.Addr(), second.Addr())),
	}
	o := examined(t, d, args...)
	if o.code != 0 || o.stderr != "" {
		t.Errorf("exit code %d: %s", o.code, o.stderr)
	}
	golden(t, "healthy.txt", o.stdout, first.Addr(), second.Addr(), endpoint)

	d = newDoctor()
	d.discordURL = discord.URL() + "/api/v10/gateway"
	o = examined(t, d, append(args, "--json")...)
	golden(t, "healthy.json", o.stdout, first.Addr(), second.Addr(), endpoint)
}

// TestBroken: about everything is wrong that can be at a time.
func TestBroken(t *testing.T) {
	discord := bottest.Discord(t, discordtest.WithShards(4), discordtest.WithSessionStartLimit(1000, 3, time.Hour))
	own := bottest.Start(t, discord, "127.0.3.4:0", "eu-1", []int{0, 1}, 4)
	twin := bottest.Start(t, discord, "127.0.3.5:0", "eu-1", []int{1}, 4)
	other := bottest.Start(t, discord, "127.0.3.6:0", "eu-2", []int{0}, 8)
	for _, b := range []*bottest.Bot{own, twin, other} {
		b.Dial(t, discord)
	}
	read(t, other)
	away, collector := loopback.AddrOf(t, "127.0.3.7"), loopback.AddrOf(t, "127.0.3.8")
	environment(t, own.Addr(), "ARGUS_CLUSTER_ID=eu-7", "SHARD_IDS=0", "SHARD_COUNT=4", "ARGUS_METRICS_AUTH_TOKEN="+pageToken,
		"OTEL_METRICS_EXPORTER=prometheus,otlp", "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+collector, "OTEL_EXPORTER_OTLP_HEADERS=api-key="+headerSecret)
	d := newDoctor()
	d.kernel = func() (bool, error) { return false, nil }
	o := examined(t, d, own.Addr(), twin.Addr(), other.Addr(), away)
	if o.code != 1 || o.stderr != "" {
		t.Errorf("exit code %d: %s", o.code, o.stderr)
	}
	golden(t, "broken.txt", o.stdout, own.Addr(), twin.Addr(), other.Addr(), away, collector)
}

// TestSettings: what the bot would refuse is told, all of it, and the targets are looked at nevertheless.
func TestSettings(t *testing.T) {
	discord := bottest.Discord(t)
	bot := bottest.Start(t, discord, "127.0.3.9:0", "a", []int{0}, 1)
	bot.Dial(t, discord)
	environment(t, "127.0.3.9:70000", "ARGUS_METRICS_AUTH_TOKEN=planted token", "SHARD_IDS=4", "SHARD_COUNT=4", "OTEL_METRICS_EXPORTER=otlp",
		"OTEL_EXPORTER_OTLP_HEADERS=planted")
	all := findings(t, newDoctor(), bot.Addr())
	has(t, all, "fail settings: ARGUS_PORT=\"70000\"", "ARGUS_METRICS_AUTH_TOKEN=[hidden]", "SHARD_IDS", "OTEL_EXPORTER_OTLP_HEADERS: entry 1",
		"the bot does not start with this value", "a bot that calls resource.Detect does not start with this value", "skipped port", "skipped collector", "ok targets: 1 of 1 target answered", "warning shards: 1 shard down: 0")
}

// TestShardVariablesOfTheBot: Argus does not read them, so what only resource.Detect refuses keeps no other check from being made.
func TestShardVariablesOfTheBot(t *testing.T) {
	discord := bottest.Discord(t)
	bot := bottest.Start(t, discord, "127.0.3.16:0", "7", []int{0, 1}, 2)
	bot.Dial(t, discord)
	environment(t, bot.Addr(), "SHARD_COUNT=auto", "SHARD_IDS=[0,1]", "CLUSTER_ID=7")
	o := examined(t, newDoctor())
	has(t, o.stdout, `cluster             "7"`)
	hasNot(t, o.stdout, "shard count")
	all := findings(t, newDoctor())
	const do = " → correct it, see docs/CONFIGURATION.md; a bot that calls resource.Detect does not start with this value, " +
		"while one that parses the variables itself is not affected"
	has(t, all, `fail settings: invalid shards: SHARD_COUNT="auto"`, `fail settings: invalid shards: SHARD_IDS="[0,1]"`, do,
		`ok identity: cluster "7" (CLUSTER_ID)`, "ok port: ", "ok access", "warning ready", `ok bot: cluster "7", shards 0-1`, "skipped collector: nothing is pushed")
	hasNot(t, all, "the bot does not start", "ok settings", "the settings are invalid")
}

// TestOff: with the switch nothing else keeps the bot from starting, and what will when it is gone is told.
func TestOff(t *testing.T) {
	environment(t, loopback.AddrOf(t, "127.0.3.9"), "OTEL_SDK_DISABLED=true")
	off := findings(t, newDoctor())
	has(t, off, "warning settings: OTEL_SDK_DISABLED is true", "skipped port: Argus is off: OTEL_SDK_DISABLED is true", "skipped collector: Argus is off",
		"skipped targets", "skipped clocks")
	hasNot(t, off, "not enabled", "once OTEL_SDK_DISABLED is unset", "probes")

	t.Setenv("ARGUS_PORT", "abc")
	t.Setenv("ARGUS_METRICS_AUTH_TOKEN", "planted token")
	has(t, findings(t, newDoctor()), `warning settings: ARGUS_PORT="abc": must be`, "warning settings: ARGUS_METRICS_AUTH_TOKEN=[hidden]",
		"it is rejected once OTEL_SDK_DISABLED is unset")
	if o := examined(t, newDoctor()); o.code != 0 || !regexp.MustCompile(`port +9191 +from default`).MatchString(o.stdout) {
		t.Errorf("exit code %d, want 0 and the port that is not refused:\n%s", o.code, o.stdout)
	}
	// For a bot that asks it, resource.Detect knows no such switch.
	t.Setenv("SHARD_COUNT", "auto")
	has(t, findings(t, newDoctor()), `fail settings: invalid shards: SHARD_COUNT="auto"`, `warning settings: ARGUS_PORT="abc"`)
}

// TestProbes: nobody answers those of a pod where nothing is served.
func TestProbes(t *testing.T) {
	const (
		pod  = "KUBERNETES_SERVICE_HOST=10.0.0.1"
		told = "warning probes: this is a pod, and Argus does not serve /healthz and /readyz: "
	)
	for name, test := range map[string]struct {
		env  []string
		want bool
	}{
		"off":             {[]string{pod, "OTEL_SDK_DISABLED=true"}, true},
		"none":            {[]string{pod, "OTEL_METRICS_EXPORTER=none"}, true},
		"push alone":      {[]string{pod, "OTEL_METRICS_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_ENDPOINT=http://" + loopback.AddrOf(t, "127.0.3.9")}, true},
		"served":          {[]string{pod}, false},
		"off, but no pod": {[]string{"OTEL_SDK_DISABLED=true"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			environment(t, loopback.AddrOf(t, "127.0.3.9"), append(test.env, "CLUSTER_ID=eu")...)
			all := findings(t, newDoctor())
			if test.want {
				has(t, all, told, "remove the probes from the pod")
			} else {
				hasNot(t, all, "probes")
			}
		})
	}
}

func TestIdentity(t *testing.T) {
	address := loopback.AddrOf(t, "127.0.3.9")
	for name, test := range map[string]struct{ env, want string }{
		"one process":  {"", `ok identity: cluster "default" (default), shard 0 (default) of 1 (default); correct for a bot with one process`},
		"named":        {"CLUSTER_ID=eu", `ok identity: cluster "eu" (CLUSTER_ID)`},
		"first of two": {"CLUSTER_ID=0 SHARD_COUNT=2", `ok identity: cluster "0" (CLUSTER_ID), shards 0-1 (SHARD_COUNT) of 2 (SHARD_COUNT) →`},
		"two names": {"CLUSTER_ID=eu-0 SHARD_COUNT=2", `warning identity: cluster "eu-0" (CLUSTER_ID), shards 0-1 (SHARD_COUNT) of 2 (SHARD_COUNT); this process runs all shards, ` +
			"and so does every other process with only SHARD_COUNT and a name → if the bot has other processes, set SHARD_IDS in each"},
		"leading zero":         {"CLUSTER_ID=01 SHARD_COUNT=2", `warning identity: cluster "01" (CLUSTER_ID), shards 0-1 (SHARD_COUNT)`},
		"name beside a number": {"ARGUS_CLUSTER_ID=eu-0 CLUSTER_ID=0 SHARD_COUNT=2", `ok identity: cluster "eu-0" (ARGUS_CLUSTER_ID), shards 0-1 (SHARD_COUNT)`},
		"names and lists":      {"CLUSTER_ID=eu-0 SHARD_IDS=0-1 SHARD_COUNT=2", `ok identity: cluster "eu-0" (CLUSTER_ID), shards 0-1 (SHARD_IDS)`},
		"not expanded":         {"ARGUS_CLUSTER_ID=eu-$(CLUSTER_ID) CLUSTER_ID=2", `fail settings: invalid cluster id "eu-$(CLUSTER_ID)" from ARGUS_CLUSTER_ID`},
		"unnamed":              {"SHARD_IDS=0 SHARD_COUNT=2", "warning identity: cluster \"default\" (default), shard 0 (SHARD_IDS) of 2 (SHARD_COUNT); the processes with the other shards would have the same cluster id"},
		"pod":                  {"KUBERNETES_SERVICE_HOST=10.0.0.1", "metadata.labels['apps.kubernetes.io/pod-index']"},
		"contradicts":          {"CLUSTER_ID=3 SHARD_COUNT=4 SHARDS_PER_CLUSTER=2", "fail settings: "},
	} {
		t.Run(name, func(t *testing.T) {
			if host, err := os.Hostname(); name == "pod" && (err != nil || regexp.MustCompile(`-\d{1,4}$`).MatchString(host)) {
				t.Skip("this machine's name is like that of a StatefulSet's pod")
			}
			environment(t, address, strings.Fields(test.env)...)
			has(t, findings(t, newDoctor()), test.want)
		})
	}
}

// TestPort: free, taken by others, and not to be had.
func TestPort(t *testing.T) {
	t.Run("free", func(t *testing.T) {
		address := loopback.AddrOf(t, "127.0.3.10")
		environment(t, address)
		has(t, findings(t, newDoctor()), "ok port: "+address+" is free", "ok access: the page requires no token, and is reachable only from this machine", "skipped bot")
	})
	t.Run("another program", func(t *testing.T) {
		// It is offered no token, though one is set.
		asked := make(chan string, 10)
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked <- r.URL.Path
			http.NotFound(w, r)
		}))
		defer other.Close()
		environment(t, strings.TrimPrefix(other.URL, "http://"))
		has(t, findings(t, newDoctor()), "fail port: ", "is in use by a program other than Argus: /metrics returned status 404", "another port with ARGUS_PORT")
		if len(asked) == 0 {
			t.Error("it was not asked")
		}
	})
	t.Run("silent", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.3.11:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		environment(t, l.Addr().String())
		began := time.Now()
		has(t, findings(t, newDoctor(), "--timeout", "500ms"), "fail port: ", "does not answer on "+l.Addr().String()+": no answer in time")
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("it took %v", took)
		}
	})
	t.Run("not of this machine", func(t *testing.T) {
		environment(t, "192.0.2.1:9191")
		has(t, findings(t, newDoctor()), "fail port: ", "192.0.2.1:9191", "ARGUS_HOST")
	})
	t.Run("not served", func(t *testing.T) {
		environment(t, "127.0.3.10:9191", "OTEL_METRICS_EXPORTER=none")
		has(t, findings(t, newDoctor()), "skipped port: nothing is served", "skipped collector")
	})
}

// freePort sets a port that nothing has on any address: another test may have the one that
// was free a moment ago.
func freePort(t *testing.T) {
	t.Helper()
	for range 20 {
		l, err := net.Listen("tcp", ":0")
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(l.Addr().String())
		_ = l.Close()
		t.Setenv("ARGUS_PORT", port)
		if !strings.Contains(findings(t, newDoctor()), "fail port") {
			return
		}
	}
	t.Fatal("no port is free")
}

// TestBeside: the bot that runs, compared with what the environment says.
func TestBeside(t *testing.T) {
	discord := bottest.Discord(t)
	open := bottest.Start(t, discord, "127.0.3.12:0", "a", []int{0}, 1)
	guarded := bottest.Start(t, discord, "127.0.3.13:0", "a", []int{0}, 1, argus.WithAuthToken(pageToken), argus.WithMetricsPath("/page"))
	named := bottest.Start(t, discord, "127.0.3.16:0", "a", []int{0}, 1, argus.WithBot("music"), argus.WithRegion("eu"))
	open.Dial(t, discord)
	token := "ARGUS_METRICS_AUTH_TOKEN=" + pageToken
	tokenFile := "ARGUS_METRICS_AUTH_TOKEN_FILE=" + file(t, "token", pageToken+"\n")
	for name, test := range map[string]struct {
		bot  *bottest.Bot
		env  []string
		want []string
	}{
		"as it should":      {open, []string{"CLUSTER_ID=a"}, []string{"ok port", "ok access: the page requires no token, and is reachable only from this machine", `ok bot: cluster "a", shards 0`}},
		"not ready":         {open, []string{"CLUSTER_ID=a"}, []string{"warning ready: /readyz reports not ready: 0 of 1 shards are up"}},
		"another name":      {open, []string{"CLUSTER_ID=b"}, []string{`fail bot: the running bot is cluster "a", but this environment says "b"`}},
		"of another bot":    {named, []string{"CLUSTER_ID=a", "ARGUS_BOT=mod"}, []string{`fail bot: the running bot is cluster "a" of bot "music", but this environment says "a" of bot "mod"`}},
		"of another region": {named, []string{"CLUSTER_ID=a", "OTEL_RESOURCE_ATTRIBUTES=region=us"}, []string{`is cluster "a" in region "eu", but this environment says "a" in region "us"`}},
		"of this bot":       {named, []string{"CLUSTER_ID=a", "ARGUS_BOT=music", "ARGUS_REGION=eu"}, []string{"ok bot"}},
		"bot set in code":   {named, []string{"CLUSTER_ID=a"}, []string{"ok bot"}},
		"bot that is a token": {named, []string{"CLUSTER_ID=a", "ARGUS_BOT=MTk4NjIyNDgzNDcxOTI1MjQ4.planted.planted-planted-planted"}, []string{
			"fail settings: invalid bot name [hidden] from ARGUS_BOT: it looks like a token",
		}},
		"empty bot":    {named, []string{"CLUSTER_ID=a", "ARGUS_BOT="}, []string{`fail settings: invalid bot name "" from ARGUS_BOT: it is empty`}},
		"identity":     {named, []string{"CLUSTER_ID=a", "ARGUS_BOT=music", "ARGUS_REGION=eu"}, []string{`ok identity: cluster "a" (CLUSTER_ID), bot "music" (ARGUS_BOT), region "eu" (ARGUS_REGION), shard 0`}},
		"other shards": {open, []string{"CLUSTER_ID=a", "SHARD_IDS=1", "SHARD_COUNT=2"}, []string{"fail bot: it runs shards 0, but this environment says 1 (from SHARD_IDS)"}},
		"not opened":   {named, []string{"CLUSTER_ID=a"}, []string{`ok bot: cluster "a", no shards, argus`}},
		"not opened yet": {named, []string{"CLUSTER_ID=a", "SHARD_IDS=0", "SHARD_COUNT=1"}, []string{
			"warning bot: it runs no shards, but this environment says 0 (from SHARD_IDS); 1 session has not been opened → normal just after a start; otherwise create the bot's sessions",
		}},
		"not enough sessions": {named, []string{"CLUSTER_ID=a", "SHARD_IDS=0-1", "SHARD_COUNT=2"}, []string{"fail bot: it runs no shards, but this environment says 0-1 (from SHARD_IDS) → "}},
		"open":                {open, []string{"CLUSTER_ID=a", token}, []string{"fail access: this environment has a token, but the bot serves its page"}},
		"guarded": {guarded, []string{"CLUSTER_ID=a", token, "ARGUS_METRICS_PATH=/page"}, []string{
			"ok access: the page requires the token (401 without it)", `ok bot: cluster "a"`,
		}},
		"token in a file": {guarded, []string{"CLUSTER_ID=a", tokenFile, "ARGUS_METRICS_PATH=/page"}, []string{"ok access", "ok bot"}},
		"no token":        {guarded, []string{"CLUSTER_ID=a", "ARGUS_METRICS_PATH=/page"}, []string{"fail access: the bot requires a token", "fail bot: cannot read the bot's metrics page: it requires"}},
		"wrong token": {guarded, []string{"CLUSTER_ID=a", "ARGUS_METRICS_AUTH_TOKEN=planted-other", "ARGUS_METRICS_PATH=/page"}, []string{
			"fail bot: cannot read the bot's metrics page: it rejects",
		}},
		"another path": {guarded, []string{"CLUSTER_ID=a", token}, []string{"status 404", "set ARGUS_METRICS_PATH to the bot's value"}},
	} {
		t.Run(name, func(t *testing.T) {
			environment(t, test.bot.Addr(), test.env...)
			has(t, findings(t, newDoctor()), test.want...)
		})
	}
	t.Run("TLS and a password", func(t *testing.T) {
		web := bottest.WebConfig(t, "127.0.3.17")
		closed := bottest.Start(t, discord, "127.0.3.17:0", "a", []int{0}, 1, argus.WithWebConfigFile(web.File))
		environment(t, closed.Addr(), "CLUSTER_ID=a", "ARGUS_WEB_CONFIG_FILE="+web.File)
		has(t, findings(t, newDoctor(), web.Flags()...), "ok port", "ok access: the page requires a user name and a password (401 without them)", "ready: /readyz reports not ready", `ok bot: cluster "a"`)
		has(t, findings(t, newDoctor(), "--ca-file", web.CA), "ok port", "ok access", "fail bot: cannot read the bot's metrics page: it requires a user name and a password", "run argus doctor with --username and --password-file")
		has(t, findings(t, newDoctor()), "fail port: ", "signed by an unknown authority")
		has(t, findings(t, newDoctor(), append(web.Flags(), closed.Addr())...), "ok targets: 1 of 1 target answered")
		has(t, findings(t, newDoctor(), "--ca-file", web.CA, closed.Addr()), "fail targets: "+closed.Addr()+": it requires a user name and a password")
	})
	t.Run("a password, and no bot", func(t *testing.T) {
		web := bottest.WebConfig(t, "127.0.3.18")
		environment(t, loopback.AddrOf(t, "127.0.3.18"), "ARGUS_WEB_CONFIG_FILE="+web.File)
		has(t, findings(t, newDoctor()), "ok access: the page will require a user name and a password")
	})
	t.Run("for everybody", func(t *testing.T) {
		freePort(t)
		has(t, findings(t, newDoctor()), "warning access: anyone who can reach the port can read the page", "NetworkPolicy")
		t.Setenv("ARGUS_METRICS_AUTH_TOKEN", pageToken)
		has(t, findings(t, newDoctor()), "ok access: the page will require the token")
	})
	t.Run("part that is down", func(t *testing.T) {
		t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "300") // milliseconds, after which a push has failed
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+loopback.AddrOf(t, "127.0.3.15"))
		pushing := bottest.Start(t, discord, "127.0.3.15:0", "a", []int{0}, 1, argus.WithExporters(argus.Prometheus, argus.OTLP))
		environment(t, pushing.Addr(), "CLUSTER_ID=a")
		deadline := time.Now().Add(90 * time.Second)
		for !strings.Contains(findings(t, newDoctor()), "fail bot: its subsystem otlp is down") {
			if time.Now().After(deadline) {
				t.Fatalf("the failing push is not told:\n%s", findings(t, newDoctor()))
			}
		}
	})
}
