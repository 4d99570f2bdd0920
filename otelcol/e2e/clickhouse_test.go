package e2e

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
)

// startClickHouse starts ClickHouse's engine with the tables for the Collector, and returns the URL of its HTTP interface. The test is
// skipped where the engine is not installed.
func startClickHouse(t *testing.T) string {
	t.Helper()
	root := toolSet(t).Root()
	library, err := filepath.Glob(filepath.Join(root, ".cache", "chdb@*", "libchdb.so"))
	if err != nil || len(library) == 0 {
		t.Skip("libchdb.so is not installed: run make test-analytics")
	}
	analytics, addr := filepath.Join(root, "analytics"), freeAddr(t)
	server := launch(t, "clickhouse", goBuild(t, analytics, "./internal/chdbserver"), []string{"CHDB_LIB_PATH=" + library[0], "TMPDIR=" + t.TempDir()},
		"-path", t.TempDir(), "-addr", addr)
	server.reachable("http://"+addr+"/?query=SELECT+1", nil)
	out, err := output(t, goBuild(t, analytics, "./cmd/argus-analytics"), nil, "--url", "http://"+addr+"/argus", "init", "--collector")
	if err != nil {
		t.Fatalf("argus-analytics: %v\n%s", err, out)
	}
	return "http://" + addr
}

// askClickHouse returns the answer of ClickHouse to a query, as tab-separated values.
func askClickHouse(t *testing.T, server, query string) string {
	t.Helper()
	answer, err := http.Post(server+"/?database=argus", "text/plain", strings.NewReader(query))
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(body))
}

// TestClickHouse has the Collector write to ClickHouse. The answer to its first INSERT is lost, so it repeats the batch, and each event
// counts once.
func TestClickHouse(t *testing.T) {
	t.Parallel()
	server := startClickHouse(t)
	to, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	var inserts atomic.Int32
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = func(r *http.Response) error {
		if strings.Contains(r.Request.URL.Query().Get("query"), "INSERT INTO") && inserts.Add(1) == 1 {
			r.StatusCode = http.StatusServiceUnavailable
			r.Body = io.NopCloser(bytes.NewReader(nil))
			r.ContentLength = 0
			r.Header.Del("Content-Length")
		}
		return nil
	}
	between := httptest.NewServer(proxy)
	defer between.Close()
	c := startCollector(t, map[string]string{"CLICKHOUSE_URL": between.URL}, clickHouse, "yaml:exporters::clickhouse/events::compress: none")

	const events = 300
	ids := rand.NewChaCha8([32]byte{})
	begin := time.Now().Add(-time.Minute)
	var records []*logspb.LogRecord
	for n := range events {
		record := fullEvent(ids)
		record.TimeUnixNano = uint64(begin.Add(time.Duration(n) * time.Millisecond).UnixNano())
		record.EventName = "discord.interaction.completed"
		record.Attributes = append(record.GetAttributes(),
			stringAttribute("log.record.uid", fmt.Sprintf("01a22aa4-954b-7b15-bb1b-%012x", n)), stringAttribute("discord.command", fmt.Sprint("command ", n%3)),
			stringAttribute("discord.guild.id", "1200000000000000001"), stringAttribute("error.type", ""),
			&commonpb.KeyValue{Key: "discord.interaction.handler.duration", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: 1.0 / (1 << 20)}}},
			&commonpb.KeyValue{Key: "discord.session_start.limit", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: int64(n)}}})
		records = append(records, record)
	}
	other := fullEvent(ids)
	other.EventName = "somebody.else"
	if err := connect(t, c.grpc).exportLogs(append(records, other)...); err != nil {
		t.Fatal(err)
	}
	const figures = "SELECT count(), uniqExact(event_id), (SELECT sum(runs) FROM hourly_commands), (SELECT sum(events) FROM ingest) FROM events"
	want := fmt.Sprintf("%d\t%[1]d\t%[1]d\t%[1]d", events)
	eventually(t, "the events arrive, and the batch is repeated", 2*time.Minute, func() (bool, string) {
		got := askClickHouse(t, server, figures)
		return got == want && inserts.Load() > 1, fmt.Sprintf("%s, %d inserts", got, inserts.Load())
	})
	const typed = `SELECT count() FROM events WHERE cluster = 'c' AND guild_id = 1200000000000000001 AND error_type = ''
AND handler_duration = exp2(-20) AND session_starts_limit = reinterpretAsUInt64(reverse(unhex(right(toString(event_id), 12)))) AND shard IS NULL`
	if got := askClickHouse(t, server, typed); got != fmt.Sprint(events) {
		t.Errorf("%s of %d events have the values that were sent", got, events)
	}
	if got, want := askClickHouse(t, server, "SELECT command, count() FROM events GROUP BY command ORDER BY command"), "command 0\t100\ncommand 1\t100\ncommand 2\t100"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
