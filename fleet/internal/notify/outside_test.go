package notify

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/credential"
)

// An alertmanagerSink takes alerts as another Alertmanager does.
type alertmanagerSink struct {
	*httptest.Server

	mu     sync.Mutex
	answer http.HandlerFunc
	latest map[string]time.Time // the end, by the cluster of the alert
	auth   string
}

func newAlertmanagerSink(t *testing.T, tlsOn bool) *alertmanagerSink {
	t.Helper()
	s := &alertmanagerSink{latest: map[string]time.Time{}}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that do not trust it
	if tlsOn {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

func (s *alertmanagerSink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.auth = r.Header.Get("Authorization")
	if s.answer != nil {
		s.answer(w, r)
		return
	}
	var alerts []struct {
		Labels           map[string]string
		StartsAt, EndsAt time.Time
	}
	if r.URL.Path != "/prefix/api/v2/alerts" || r.Header.Get("Content-Type") != "application/json" ||
		json.NewDecoder(r.Body).Decode(&alerts) != nil {
		http.Error(w, "not alerts", http.StatusBadRequest)
		return
	}
	for _, a := range alerts {
		s.latest[a.Labels["cluster"]] = a.EndsAt
	}
}

func (s *alertmanagerSink) answerWith(h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = h
}

func (s *alertmanagerSink) end(cluster string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.latest[cluster]
}

func (s *alertmanagerSink) authorization() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.auth
}

func plantedToken(t *testing.T) credential.Credential {
	t.Helper()
	c, err := credential.Token("planted-token")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOutsideTellsEach(t *testing.T) {
	t.Parallel()
	one, two := newAlertmanagerSink(t, false), newAlertmanagerSink(t, false)
	two.answerWith(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "proxy says planted-token", http.StatusServiceUnavailable)
	})
	f := start(t, Config{AlertmanagerURLs: []string{one.URL + "/prefix", two.URL + "/prefix/"}, Credential: plantedToken(t)}, quick())
	a := firing("A", "warning", "1")
	f.Send(a)
	eventually(t, "the first has the alert", func() bool { return !one.end("1").IsZero() && f.Status().Receivers[0].Sent > 0 })
	eventually(t, "the second fails", func() bool { return f.Status().Receivers[1].Failed > 1 })
	s := f.Status()
	if s.Mode != Outside || s.Receivers[0].Sent == 0 || s.Receivers[1].FailingSince.IsZero() ||
		s.Receivers[1].Reason != "status 503: proxy says [redacted]" {
		t.Errorf("%+v", s)
	}
	f.checkSecrets(t)

	// When it is back, it hears how things are now.
	a.EndsAt = a.StartsAt.Add(time.Second)
	f.Send(a)
	two.answerWith(nil)
	eventually(t, "the second has the end", func() bool { return two.end("1").Equal(a.EndsAt) })
	eventually(t, "nothing is pending", func() bool { return f.Status().Receivers[1].Pending == 0 })
	if one.authorization() != "Bearer planted-token" {
		t.Error("without the credential")
	}
	if err := f.Test(t.Context()); err != nil {
		t.Error(err)
	}
	if err := f.Reload(); err != nil {
		t.Error(err)
	}
}

func TestOutsideRefuses(t *testing.T) {
	t.Parallel()
	s := newAlertmanagerSink(t, false)
	s.answerWith(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	f := start(t, Config{AlertmanagerURLs: []string{s.URL}}, quick())
	f.Send(firing("A", "warning", "1"))
	eventually(t, "it is dropped", func() bool { return f.Status().Dropped == 1 })
	if r := f.Status().Receivers[0]; r.Pending != 0 || !strings.HasPrefix(r.Reason, "status 307") {
		t.Errorf("%+v", r)
	}
	if err := f.Test(t.Context()); err == nil || !strings.Contains(err.Error(), "status 307") {
		t.Errorf("Test: %v", err)
	}
	if _, err := f.Mute(t.Context(), MuteRequest{}); err == nil || !strings.Contains(err.Error(), settingURL) {
		t.Errorf("Mute: %v", err)
	}
	if _, err := f.Mutes(t.Context()); err == nil {
		t.Error("Mutes without an error")
	}
	if err := f.Unmute(t.Context(), "x"); err == nil {
		t.Error("Unmute without an error")
	}
	if status, _ := serve(t, f).do(http.MethodGet, Prefix+"/api/v2/status", ""); status != http.StatusNotFound {
		t.Errorf("status %d", status)
	}
}

func TestOutsideTLS(t *testing.T) {
	t.Parallel()
	s := newAlertmanagerSink(t, true)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	trusting := start(t, Config{AlertmanagerURLs: []string{s.URL + "/prefix"}, TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}, quick())
	trusting.Send(firing("A", "warning", "1"))
	eventually(t, "the alert", func() bool { return !s.end("1").IsZero() })

	other := start(t, Config{AlertmanagerURLs: []string{s.URL + "/prefix"}}, quick())
	other.Send(firing("A", "warning", "2"))
	eventually(t, "a failure", func() bool { return strings.Contains(other.Status().Receivers[0].Reason, "certificate") })
	if !s.end("2").IsZero() {
		t.Error("sent to a server that is not trusted")
	}
}

// What waits is sent before the end.
func TestOutsideStopSends(t *testing.T) {
	t.Parallel()
	s := newAlertmanagerSink(t, false)
	f := start(t, Config{AlertmanagerURLs: []string{s.URL + "/prefix"}}, quick())
	f.Send(firing("A", "warning", "1"))
	f.stopNow(t)
	if s.end("1").IsZero() {
		t.Error("the alert was lost")
	}
}
