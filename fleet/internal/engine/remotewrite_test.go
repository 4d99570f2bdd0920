package engine

import (
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage/remote"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/argus-dgo/argus/fleet/internal/expect"
)

// A remoteServer keeps what it gets by remote write.
type remoteServer struct {
	*httptest.Server

	mu      sync.Mutex
	samples map[string]float64 // the newest, by series and time
	tokens  map[string]bool
	status  int
}

func newRemoteServer(t *testing.T) *remoteServer {
	t.Helper()
	r := &remoteServer{samples: map[string]float64{}, tokens: map[string]bool{}, status: http.StatusNoContent}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		written, err := remote.DecodeWriteRequest(request.Body)
		if err != nil {
			t.Error(err)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.tokens[request.Header.Get("Authorization")] = true
		if r.status < 300 {
			for _, series := range written.Timeseries {
				var labels []string
				for _, l := range series.Labels {
					labels = append(labels, l.Name+"="+l.Value)
				}
				for _, s := range series.Samples {
					r.samples[fmt.Sprint(strings.Join(labels, ","), "@", s.Timestamp)] = s.Value
				}
			}
		}
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

// has returns the number of a sample, if it is there.
func (r *remoteServer) has(series string, at time.Time) (float64, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, there := r.samples[fmt.Sprint(series, "@", at.UnixMilli())]
	return v, there
}

func (r *remoteServer) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *remoteServer) got(token string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tokens["Bearer "+token]
}

// remoteFile writes a configuration of remote write.
func remoteFile(t *testing.T, name, url, token string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(filepath.Dir(name), "token"), []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`
global: {external_labels: {fleet: %[2]s}}
remote_write:
  - url: %[1]s/write
    authorization: {credentials_file: token}
    queue_config: {batch_send_deadline: 20ms, min_backoff: 10ms, max_backoff: 20ms}
    write_relabel_configs: [{source_labels: [__name__], regex: secret, action: drop}]
`, url, token)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestRemoteWrite: what is pushed, written and ended is sent, also after the server was away;
// and with another configuration once that is read.
func TestRemoteWrite(t *testing.T) {
	server := newRemoteServer(t)
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	remoteFile(t, file, server.URL, "first")
	e := open(t, t.TempDir(), func(o *Options) { o.RemoteWrite = file })
	wait := func(series string, at time.Time) float64 {
		t.Helper()
		var v float64
		expect.Eventually(t, series, func() (there bool) { v, there = server.has(series, at); return there })
		return v
	}
	// begins waits until a server gets what is newer than its own beginning.
	begins := func(instance, token string) string {
		t.Helper()
		series := fmt.Sprintf("__name__=discord_guilds,cluster=3,fleet=%s,instance=%s,job=music,region=eu", token, instance)
		var last time.Time
		expect.Eventually(t, series, func() bool {
			if _, there := server.has(series, last); there {
				return true
			}
			last = time.Now()
			push(t, e, room, instance, func(list pmetric.MetricSlice) {
				gauge(list, "discord.guilds", 7, last)
				gauge(list, "secret", 1, last)
			})
			return false
		})
		return series
	}
	guilds := begins("i1", "first")
	now := time.Now()
	if err := e.Write(t.Context(), Sample{"up", map[string]string{"job": "music"}, now, 1}); err != nil {
		t.Fatal(err)
	}
	wait("__name__=up,fleet=first,job=music", now)

	server.answer(http.StatusServiceUnavailable)
	later := now.Add(time.Second)
	push(t, e, room, "i1", func(list pmetric.MetricSlice) { gauge(list, "discord.guilds", 8, later) })
	server.answer(http.StatusNoContent)
	if v := wait(guilds, later); v != 8 {
		t.Errorf("after it was away, the server has %v", v)
	}
	if o := push(t, e, 0, "i1", func(list pmetric.MetricSlice) { gauge(list, "discord.guilds", 9, later.Add(time.Millisecond)) }); o.Created != 0 || o.Refused != 0 {
		t.Errorf("a series that is there counts as new: %+v", o)
	}
	ended := now.Add(2 * time.Second)
	if _, err := e.End(t.Context(), "music", "i1", ended); err != nil {
		t.Fatal(err)
	}
	if v := wait(guilds, ended); !value.IsStaleNaN(v) {
		t.Errorf("the end of a series is %v (%x)", v, math.Float64bits(v))
	}

	if err := os.WriteFile(file, []byte("remote_write: [{url: 7}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := e.ReloadRemoteWrite(); err == nil {
		t.Error("a configuration without a server is taken")
	}
	remoteFile(t, file, server.URL, "second")
	if err := e.ReloadRemoteWrite(); err != nil {
		t.Fatal(err)
	}
	begins("i2", "second")
	if !server.got("first") || !server.got("second") {
		t.Error("a token was not sent")
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	for series := range server.samples {
		if strings.Contains(series, "__name__=secret") {
			t.Errorf("the server got %s", series)
		}
	}
}

// TestRemoteWriteRefuses: a file that cannot be used is an error that shows nothing of it.
func TestRemoteWriteRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := CheckRemoteWrite(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("no file: %v", err)
	}
	for want, text := range map[string]string{
		"the url of server 2 of remote_write is not one": "remote_write: [{url: http://x/}, {url: planted}]",
		"has no section remote_write":                    "global: {scrape_interval: 15s}",
		"has other sections than remote_write":           "remote_write: [{url: http://x/}]\nscrape_configs: [{job_name: a}]",
		"is not a configuration of Prometheus":           "remote_write: planted",
		"cannot unmarshal !!str a value into":            "remote_write: [{url: http://x/, remote_timeout: [], queue_config: {capacity: planted}}]",
		"field receivers not found in type config.plain": "receivers: []",
		"at most one of basic_auth, ":                    "remote_write: [{url: http://x/, basic_auth: {username: planted}, authorization: {credentials: planted}}]",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := CheckRemoteWrite(file)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := Open(Options{Dir: t.TempDir(), RemoteWrite: file, Every: time.Minute, Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()}); err == nil {
		t.Error("an engine opens with it")
	}
}
