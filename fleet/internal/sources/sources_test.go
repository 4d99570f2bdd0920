package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/argus-dgo/argus/fleet/internal/members"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A fake is a server with rows for queries, by the beginning of these.
type fake struct {
	mu     sync.Mutex
	rows   map[string]string
	status int
	header http.Header
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.header = r.Header.Clone()
	switch {
	case f.status != 0:
		w.WriteHeader(f.status)
	case strings.HasSuffix(r.URL.Path, "/rules"):
		_, _ = io.WriteString(w, f.rows["rules"])
	default:
		for q, rows := range f.rows {
			if strings.Contains(r.PostFormValue("query"), q) {
				_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"vector","result":[`+rows+`]}}`)
				return
			}
		}
		_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
	}
}

// report sets what the server has of a process: the time of its newest sample, its age, and
// whether it is about to end.
func (f *fake) report(newest time.Time, age time.Duration, up int, more string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	row := func(more string, value float64) string {
		return fmt.Sprintf(`{"metric":{"job":"music","cluster":"3","instance":"h:9191"%s},"value":[1,"%f"]}`, more, value)
	}
	f.rows = map[string]string{
		"timestamp(argus_up)":         row("", float64(newest.UnixMilli())/1000),
		"instance) (argus_up)":        row("", float64(up)),
		"(discord_uptime_seconds)":    row("", age.Seconds()),
		"version) (discord_bot_info)": row(more, 1),
		"target_info":                 `{"metric":{"job":"music","instance":"h:9191","host_name":"h"},"value":[1,"1"]}`,
		"rules":                       `{"status":"success","data":{"groups":[]}}`,
	}
}

func newSet(t *testing.T, f *fake, region string, access Access) (*Set, *members.Registry, *[]members.Event) {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	s, err := New([]Server{{Region: region, URL: server.URL}}, access)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	var events []members.Event
	r, err := members.Open(members.Config{
		Event: func(e members.Event) { events = append(events, e) },
		Seen:  s.Seen,
	}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return s, r, &events
}

func (s *Set) poll(t *testing.T, r *members.Registry) (errs []error) {
	t.Helper()
	for _, one := range s.sources {
		one.poll(t.Context(), r, func(err error) { errs = append(errs, err) })
	}
	return errs
}

// TestProcess: a process is reported when it has a newer sample, another one with the same
// target is a restart, and one that says so has left.
func TestProcess(t *testing.T) {
	f := &fake{}
	s, r, events := newSet(t, f, "eu", Access{Header: http.Header{"X-Scope-Orgid": {"bots"}}})
	at := time.Now().Add(-time.Minute)
	poll := func(newest time.Time, age time.Duration, up int, version string) members.Member {
		t.Helper()
		f.report(newest, age, up, `,"version":"`+version+`"`)
		if errs := s.poll(t, r); len(errs) > 0 {
			t.Fatal(errs)
		}
		if len(r.Members()) != 1 {
			t.Fatalf("%+v", r.Members())
		}
		return r.Members()[0]
	}
	poll(at, time.Hour, 1, "1.0")
	poll(at, time.Hour, 1, "1.0") // the same sample
	m := poll(at.Add(15*time.Second), time.Hour+16*time.Second, 1, "1.0")
	i := m.Incarnations[0]
	if m.Region != "eu" || i.Instance != "h:9191" || i.Host != "h" || i.Version != "1.0" || i.Reports != 2 || i.Interval != 15*time.Second || i.ClockOffset != nil {
		t.Errorf("%+v", m)
	}
	if f.header.Get("X-Scope-OrgID") != "bots" {
		t.Error("the header is not sent")
	}
	m = poll(at.Add(30*time.Second), 2*time.Second, 1, "1.1")
	if len(m.Incarnations) != 2 || m.Incarnations[1].EndedBy != members.Replaced || m.Incarnations[0].Version != "1.1" || len(m.Reporting()) != 1 {
		t.Errorf("after a restart: %+v", m)
	}
	if m = poll(at.Add(45*time.Second), 17*time.Second, 0, "1.1"); len(m.Reporting()) != 0 || m.Incarnations[0].EndedBy != members.Goodbye {
		t.Errorf("after its goodbye: %+v", m)
	}
	var kinds []string
	for _, e := range *events {
		kinds = append(kinds, string(e.Kind))
	}
	if got := strings.Join(kinds, " "); got != "started version restarted left" {
		t.Errorf("the events are %q", got)
	}
}

// TestAway: nobody is lost while the server that has them is away, nor right after.
func TestAway(t *testing.T) {
	f := &fake{}
	s, r, _ := newSet(t, f, "", Access{})
	f.report(time.Now(), time.Hour, 1, "")
	s.poll(t, r)
	later := func() time.Time { return time.Now().Add(time.Hour) }
	f.mu.Lock()
	f.status = http.StatusServiceUnavailable
	f.mu.Unlock()
	if errs := s.poll(t, r); len(errs) != 1 || !strings.Contains(errs[0].Error(), "503") {
		t.Errorf("%v", errs)
	}
	if state := s.States()[0]; state.Err == nil || state.Since.IsZero() || !s.Engine()[0].Away() {
		t.Errorf("%+v", state)
	}
	if ended := r.Tick(later()); len(ended) != 0 {
		t.Errorf("lost: %+v", ended)
	}
	f.mu.Lock()
	f.status = 0
	f.rows = nil // it is back, and the process is not
	f.mu.Unlock()
	s.poll(t, r)
	if ended := r.Tick(later()); len(ended) != 0 {
		t.Errorf("lost before it was polled again: %+v", ended)
	}
	one := s.sources[0]
	if err := one.tell(nil, r, later()); err != nil {
		t.Fatal(err)
	}
	if ended := r.Tick(later()); len(ended) != 1 || ended[0].By != members.Lost {
		t.Errorf("never lost: %+v", ended)
	}
}

// TestRules: those of a server are known by their names, with their alerts.
func TestRules(t *testing.T) {
	f := &fake{}
	s, r, _ := newSet(t, f, "eu", Access{})
	ours := func(name string) bool { return name == "DiscordShardDown" }
	if _, known := s.Ruled(ours); known {
		t.Error("it is known before it was asked")
	}
	f.report(time.Now(), time.Hour, 1, "")
	s.poll(t, r)
	if ruled, known := s.Ruled(ours); ruled || !known {
		t.Errorf("without rules: %t, %t", ruled, known)
	}
	f.rows["rules"] = `{"status":"success","data":{"groups":[{"rules":[
		{"type":"recording","name":"a:b:c"},
		{"type":"alerting","name":"Other","duration":0,"health":"ok","alerts":[{"labels":{},"state":"firing","value":"1"}]},
		{"type":"alerting","name":"DiscordShardDown","duration":300,"health":"err","lastError":"too many","alerts":[
			{"labels":{"alertname":"DiscordShardDown","shard":"3"},"annotations":{"summary":"s"},"state":"firing","activeAt":"2026-11-29T03:00:00Z","value":"1e+00"},
			{"labels":{"alertname":"DiscordShardDown","shard":"4","region":"us"},"state":"pending","activeAt":"2026-11-29T03:00:00Z","value":"0"}]}]}]}}`
	s.poll(t, r)
	if ruled, known := s.Ruled(ours); !ruled || !known {
		t.Errorf("with rules: %t, %t", ruled, known)
	}
	alerts := s.Alerts(ours)
	if len(alerts) != 2 || alerts[0].State != "firing" || alerts[0].Labels["region"] != "eu" || alerts[0].Labels["alertname"] != "" || alerts[0].For != 5*time.Minute ||
		alerts[0].FiredAt != time.Date(2026, 11, 29, 3, 5, 0, 0, time.UTC) || alerts[1].State != "pending" || alerts[1].Labels["region"] != "us" {
		t.Errorf("%+v", alerts)
	}
	if err := s.Failing()["DiscordShardDown"]; err == nil || !strings.Contains(err.Error(), "too many") {
		t.Errorf("failing: %v", err)
	}
}

// TestAccess: what cannot be used is refused with the setting's name, and no token is told.
func TestAccess(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for want, access := range map[string]Access{
		"ARGUS_FLEET_PROMETHEUS_TOKEN_FILE: open": {TokenFile: filepath.Join(dir, "none")},
		"has 3 tokens: write one for all servers": {TokenFile: file("three", "planted-one\nplanted-two\nplanted-three\n")},
		"has 0 tokens":                              {TokenFile: file("empty", "# nothing\n")},
		"the token must be letters":                 {TokenFile: file("bad", "planted secret\n")},
		"has no certificate in PEM":                 {CAFile: file("ca", "nothing")},
		"ARGUS_FLEET_PROMETHEUS_CERT_FILE":          {CertFile: file("cert", "nothing"), KeyFile: file("key", "nothing")},
		"ARGUS_FLEET_PROMETHEUS_CA_FILE: read /dev": {CAFile: os.DevNull},
	} {
		_, err := New([]Server{{URL: "http://a:1"}, {URL: "http://b:1"}}, access)
		if strings.HasPrefix(want, "ARGUS_FLEET_PROMETHEUS_TOKEN_FILE: open") && errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "planted") {
			t.Errorf("%v, want %q", err, want)
		}
	}
	s, err := New([]Server{{URL: "http://a:1"}, {URL: "http://b:1"}}, Access{TokenFile: file("two", "token-one-of-two\ntoken-two-of-two\n")})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

// TestSlow: a server that does not answer holds up no other.
func TestSlow(t *testing.T) {
	f := &fake{}
	f.report(time.Now(), time.Hour, 1, "")
	quick := httptest.NewServer(f)
	t.Cleanup(quick.Close)
	asked := make(chan struct{}, 1)
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case asked <- struct{}{}:
		default:
		}
		_, _ = io.Copy(io.Discard, r.Body) // or the end of the connection is not noticed
		<-r.Context().Done()
	}))
	t.Cleanup(slow.Close)
	s, err := New([]Server{{URL: slow.URL}, {URL: quick.URL}}, Access{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	r, err := members.Open(members.Config{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	rounds := 0
	s.Run(ctx, time.Millisecond, r, func(error) {}, func() {
		if rounds++; rounds == 3 {
			<-asked
			cancel()
		}
	})
	if rounds != 3 || len(r.Members()) != 1 {
		t.Errorf("%d rounds, %+v", rounds, r.Members())
	}
}

// TestRun ends with its context.
func TestRun(t *testing.T) {
	f := &fake{}
	f.report(time.Now(), time.Hour, 1, "")
	s, r, _ := newSet(t, f, "", Access{})
	ctx, cancel := context.WithCancel(t.Context())
	rounds := 0
	s.Run(ctx, time.Millisecond, r, func(err error) { t.Error(err) }, func() {
		if rounds++; rounds == 3 {
			cancel()
		}
	})
	if rounds != 3 || len(r.Members()) != 1 {
		t.Errorf("%d rounds, %+v", rounds, r.Members())
	}
}
