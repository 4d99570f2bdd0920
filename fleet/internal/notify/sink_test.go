package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/argus-dgo/argus/fleet/internal/expect"
)

// webhookSecret is in every webhook's URL of these tests, and nowhere else.
const webhookSecret = "planted-webhook-token-8c1f"

const deadline = 30 * time.Second

// quick is a timing in which nothing takes long, but for what a test sets otherwise.
func quick() timing {
	return timing{
		groupWait: 50 * time.Millisecond, groupInterval: 150 * time.Millisecond,
		attempt: 5 * time.Second, retry: 5 * time.Millisecond, retryMost: 20 * time.Millisecond,
		recall: time.Hour, forgetResolved: time.Hour, settle: 0, check: 20 * time.Millisecond,
	}
}

// A discordSink receives what a webhook of Discord's would.
type discordSink struct {
	url string

	mu       sync.Mutex
	answer   http.HandlerFunc // nil: 204
	attempts int
	messages []discordMessage // those that were accepted
	raw      bytes.Buffer
}

type discordMessage struct {
	Content string `json:"content"`
	Embeds  []struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		Color       int    `json:"color"`
	} `json:"embeds"`
}

func newDiscordSink(t *testing.T) *discordSink {
	t.Helper()
	s := &discordSink{}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	s.url = srv.URL + "/api/webhooks/42/" + webhookSecret
	return s
}

func (s *discordSink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.attempts++
	answer := s.answer
	s.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	var m discordMessage
	if r.URL.Path != "/api/webhooks/42/"+webhookSecret || json.Unmarshal(body, &m) != nil || len(m.Embeds) != 1 {
		http.Error(w, "not a message", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.messages = append(s.messages, m)
	s.raw.Write(body)
	s.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

func (s *discordSink) answerWith(h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = h
}

func (s *discordSink) tried() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attempts
}

func (s *discordSink) titles() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var titles []string
	for _, m := range s.messages {
		titles = append(titles, m.Embeds[0].Title)
	}
	return titles
}

func (s *discordSink) got() []discordMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]discordMessage(nil), s.messages...)
}

// webhookFile returns a file with the sink's URL.
func (s *discordSink) webhookFile(t *testing.T) string {
	t.Helper()
	return writeFile(t, "webhook", s.url+"\n")
}

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A fixture is a Notifier with everything it says.
type fixture struct {
	*Notifier
	reg  *prometheus.Registry
	dir  string
	logs *expect.Log

	mu      sync.Mutex
	reports []string
	ended   []string
}

func start(t *testing.T, c Config, tm timing) *fixture {
	t.Helper()
	f, err := tryStart(t, c, tm)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func tryStart(t *testing.T, c Config, tm timing) (*fixture, error) {
	t.Helper()
	f := &fixture{reg: prometheus.NewPedanticRegistry(), logs: &expect.Log{}, dir: c.Dir}
	c.Registerer = f.reg
	c.Logger = slog.New(slog.NewTextHandler(f.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c.Report = func(err error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.reports = append(f.reports, err.Error())
	}
	c.MuteEnded = func(m Mute, reason string) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.ended = append(f.ended, m.By+": "+reason)
	}
	var err error
	if f.Notifier, err = newNotifier(c, tm); err != nil {
		return nil, err
	}
	t.Cleanup(func() { f.stopNow(t) })
	return f, nil
}

// stopNow may be called again.
func (f *fixture) stopNow(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	if err := f.Stop(ctx); err != nil {
		t.Errorf("Stop: %v", err)
	}
	f.checkSecrets(t)
}

func (f *fixture) reported() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.reports...)
}

func (f *fixture) endedMutes() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.ended...)
}

// checkSecrets looks at everything that a person may see.
func (f *fixture) checkSecrets(t *testing.T) {
	t.Helper()
	status, err := json.Marshal(f.Status())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"the log":     f.logs.String(),
		"the reports": strings.Join(f.reported(), "\n"),
		"the status":  string(status),
		"the metrics": f.metrics(t),
	} {
		if strings.Contains(text, "planted") {
			t.Errorf("%s show a secret:\n%s", name, text)
		}
	}
}

func (f *fixture) metrics(t *testing.T) string {
	t.Helper()
	families, err := f.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&b, family); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// copyDir is what kill -9 leaves behind.
func copyDir(t *testing.T, dir string) string {
	t.Helper()
	to := t.TempDir()
	for _, file := range []string{"alerts.json", "nflog", "silences"} {
		content, err := os.ReadFile(filepath.Join(dir, file))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, file), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); time.Now().Before(end); {
		if ok() {
			return
		}
		wait(t, 2*time.Millisecond)
	}
	t.Fatalf("still not so after %s: %s", deadline, what)
}

func wait(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
		t.Fatal("the test ended")
	}
}

// firing returns an alert of the shipped rules' form.
func firing(name, severity, cluster string) Alert {
	now := time.Now()
	return Alert{
		Labels: map[string]string{
			"alertname": name, "severity": severity, "job": "demo", "bot": "music", "cluster": cluster,
		},
		Annotations: map[string]string{
			"summary":     name + " on cluster " + cluster + " of bot music",
			"description": "What it means for cluster " + cluster + ".",
			"runbook_url": "https://example.org/runbooks/" + name,
		},
		StartsAt: now,
		EndsAt:   now.Add(time.Hour),
	}
}

func resolved(a Alert) Alert {
	a.EndsAt = time.Now()
	return a
}
