package explain

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/cmd/argus/internal/bottest"
	"github.com/argus-dgo/argus/internal/api"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/findings"
)

func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	code = Run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// process serves a report as a process does.
func process(t *testing.T, token string, report findings.Report) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc(api.StatusPath, func(w http.ResponseWriter, r *http.Request) {
		if token != "" && r.Header.Get("Authorization") != "Bearer "+token {
			w.Header().Set("WWW-Authenticate", `Bearer realm="argus"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_ = json.NewEncoder(w).Encode(api.Status{Version: api.Version, Verdict: report.Verdict().String(), Report: report})
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

var (
	at   = time.Date(2026, 1, 31, 3, 0, 0, 0, time.UTC)
	bad  = findings.Report{At: at, Processes: 1, Checked: 30, All: 30, Findings: []findings.Finding{{ID: "DiscordShardDown", Severity: "warning", Affects: true, Sentence: "Shard 1 is down", Since: at.Add(-time.Minute), Blame: findings.Discord, Do: "Wait.", Runbook: "https://example.org", Evidence: []findings.Evidence{{Says: "whether it is up", Query: "discord_shard_up", Value: 0}}}}}
	look = findings.Report{At: at, Processes: 1, Checked: 30, All: 30, Findings: []findings.Finding{{ID: "DiscordIdentifyBudgetLow", Severity: "warning", Sentence: "Few are left", Blame: findings.Operation, Runbook: "https://example.org"}}}
	calm = findings.Report{At: at, Processes: 1, Checked: 29, All: 30, Gaps: []findings.Gap{{What: "how many session starts are left", How: "Set ARGUS_SESSION_START_POLL."}}}
	none = findings.Report{At: at}
)

func TestProcess(t *testing.T) {
	for name, tt := range map[string]struct {
		report findings.Report
		code   int
		says   []string
	}{
		"affected": {bad, 2, []string{"Users are affected: 1 finding in 1 process.\n", "!! Shard 1 is down.\n   Since 2026-01-31 02:59:00 UTC (60 s ago), caused by Discord.\n", "   Do: Wait.\n"}},
		"look":     {look, 1, []string{"Nobody is affected, but look at 1 finding today", "! Few are left.\n   Caused by the deployment.\n"}},
		"calm":     {calm, 0, []string{"Nothing is wrong in 1 process, by 29 of 30 checks.\n", "Cannot tell how many session starts are left. Set ARGUS_SESSION_START_POLL.\n"}},
		"nothing":  {none, 3, []string{"Cannot tell: no process of a bot was seen.\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := run(t, process(t, "", tt.report))
			if code != tt.code || stderr != "" {
				t.Errorf("code %d, want %d; %s", code, tt.code, stderr)
			}
			for _, want := range tt.says {
				if !strings.Contains(stdout, want) {
					t.Errorf("%q is missing in\n%s", want, stdout)
				}
			}
			for line := range strings.Lines(stdout) {
				if len(line) > 81 {
					t.Errorf("a line of %d columns: %s", len(line)-1, line)
				}
			}
		})
	}
}

func TestWhyAndJSON(t *testing.T) {
	address := process(t, "", bad)
	if _, stdout, _ := run(t, "--why", address); !strings.Contains(stdout, "Evidence: whether it is up: 0\n     discord_shard_up\n") {
		t.Errorf("--why prints no evidence:\n%s", stdout)
	}
	code, stdout, _ := run(t, "--json", address)
	var report findings.Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || code != 2 || len(report.Findings) != 1 || !report.Findings[0].Since.Equal(at.Add(-time.Minute)) {
		t.Errorf("code %d, %v, %+v", code, err, report)
	}
	_, stdout, _ = run(t, "--json", process(t, "", look))
	if !strings.Contains(stdout, `"since": null`) {
		t.Errorf("an unknown beginning is not null:\n%s", stdout)
	}
}

func TestSeveralProcesses(t *testing.T) {
	good, ill := process(t, "", calm), process(t, "", bad)
	code, stdout, stderr := run(t, good, ill, "127.0.0.1:1")
	if code != 3 || !strings.Contains(stdout, good+"\nNothing is wrong") || !strings.Contains(stdout, ill+"\nUsers are affected") || !strings.Contains(stderr, "127.0.0.1:1: connection refused") {
		t.Errorf("code %d\n%s%s", code, stdout, stderr)
	}
}

func TestToken(t *testing.T) {
	address := process(t, "s3cret-value", calm)
	if code, _, stderr := run(t, address); code != 3 || !strings.Contains(stderr, "requires a bearer token") {
		t.Errorf("code %d, %s", code, stderr)
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("s3cret-value\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, stdout, stderr := run(t, "--token-file", file, address); code != 0 || strings.Contains(stdout+stderr, "s3cret") {
		t.Errorf("code %d, %s%s", code, stdout, stderr)
	}
}

// TestWebConfig: a bot that serves TLS, and wants a password.
func TestWebConfig(t *testing.T) {
	web := bottest.WebConfig(t, "127.0.7.2")
	bot := bottest.Start(t, bottest.Discord(t), "127.0.7.2:0", "a", []int{0}, 1, argus.WithWebConfigFile(web.File))
	if code, stdout, stderr := run(t, append(web.Flags(), bot.Addr())...); stdout == "" || stderr != "" {
		t.Errorf("code %d, %q, %s", code, stdout, stderr)
	}
	if code, _, stderr := run(t, bot.Addr()); code != 3 || !strings.Contains(stderr, "it expects TLS: use --tls") {
		t.Errorf("code %d, %s", code, stderr)
	}
	if code, _, stderr := run(t, "--ca-file", web.CA, bot.Addr()); code != 3 || !strings.Contains(stderr, "requires a user name and a password") {
		t.Errorf("code %d, %s", code, stderr)
	}
}

// TestRefuses: each mistake gets a sentence that names it.
func TestRefuses(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html>hello</html>"))
	}))
	defer page.Close()
	html := strings.TrimPrefix(page.URL, "http://")
	for args, want := range map[string]string{
		"--prometheus http://127.0.0.1:1 a:1":           `"a:1": name processes, or a Prometheus server`,
		"--at 2026-01-31T03:00:00Z":                     "--at needs --prometheus",
		"--at noon --prometheus http://127.0.0.1:1":     `must be a time such as`,
		"--ca-file /nowhere a:1":                        "--ca-file: cannot read the CA certificates",
		"--watch --json":                                "exclude each other",
		"--namespace Music":                             `invalid value "Music" for flag --namespace`,
		"--token-file /nowhere a:1":                     "cannot read the token",
		"--timeout 0s":                                  "must be a duration",
		"--nonsense":                                    "flag provided but not defined: --nonsense",
		"http://127.0.0.1:9191":                         "name a process by host:port, without a scheme",
		"127.0.0.1:1":                                   "127.0.0.1:1: connection refused",
		"--prometheus 127.0.0.1:9090":                   "127.0.0.1:9090",
		"--prometheus http://127.0.0.1:1":               "refused",
		"--prometheus http://user:pa55word@127.0.0.1:1": "",
		html:                          "the answer is not Argus'",
		"--prometheus http://" + html: "",
		"--prometheus http://127.0.0.1:1 --token-file /etc/passwd": "",
	} {
		code, stdout, stderr := run(t, strings.Fields(args)...)
		if code != exitCannotTell || stdout != "" || !strings.Contains(stderr, want) || !strings.HasPrefix(stderr, "argus explain: ") {
			t.Errorf("%s: code %d, %q, %q; want %q", args, code, stdout, stderr, want)
		}
		if strings.Contains(stderr, "pa55word") {
			t.Errorf("%s: the error has the password: %s", args, stderr)
		}
	}
}

func TestChoose(t *testing.T) {
	music, mod, old := evidence.Bot{Job: "a", Name: "music"}, evidence.Bot{Job: "b", Name: "mod"}, evidence.Bot{Job: "old"}
	for _, tt := range []struct {
		bots []evidence.Bot
		name string
		want evidence.Bot
		err  string
	}{
		{[]evidence.Bot{music}, "", music, ""},
		{[]evidence.Bot{music, mod}, "mod", mod, ""},
		{[]evidence.Bot{music, mod, old}, "old", old, ""},
		{[]evidence.Bot{music, mod}, "", evidence.Bot{}, `there are 2 bots: choose one with --bot, of "music", "mod"`},
		{[]evidence.Bot{music}, "other", evidence.Bot{}, `--bot "other": there is none; there is "music"`},
		{[]evidence.Bot{music, {Job: "c", Name: "music"}}, "music", evidence.Bot{Name: "music"}, ""},
		{[]evidence.Bot{music, {Job: "a", Name: "mod"}}, "a", evidence.Bot{Job: "a"}, ""},
	} {
		got, err := choose(tt.bots, tt.name)
		if got != tt.want || tt.err == "" && err != nil || tt.err != "" && (err == nil || err.Error() != tt.err) {
			t.Errorf("%v, %q: %v, %v; want %v, %q", tt.bots, tt.name, got, err, tt.want, tt.err)
		}
	}
}

func TestWatch(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	address := process(t, "", calm)
	out := &signal{wrote: make(chan struct{}, 1)}
	done := make(chan int)
	go func() { done <- Run(ctx, []string{"--watch", address}, out, out) }()
	<-out.wrote
	cancel()
	if code := <-done; code != 0 && code != 3 {
		t.Errorf("code %d", code)
	}
}

// signal tells that something was written.
type signal struct{ wrote chan struct{} }

func (s *signal) Write(p []byte) (int, error) {
	select {
	case s.wrote <- struct{}{}:
	default:
	}
	return len(p), nil
}
