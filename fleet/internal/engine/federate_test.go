package engine

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/argus-dgo/argus/internal/evidence"
)

// federate gets /federate.
func federate(t *testing.T, e *Engine, accept string, match ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/federate?"+url.Values{"match[]": match}.Encode(), http.NoBody)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	e.Federation().ServeHTTP(w, r)
	return w
}

// parsed reads an exposition as Prometheus does: series, timestamps after start, and
// values, in the order in which they come.
func parsed(t *testing.T, body []byte, kind string, start time.Time) (series []string) {
	t.Helper()
	p, err := textparse.New(body, kind, labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			return series
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, body)
		}
		if entry != textparse.EntrySeries {
			continue
		}
		_, at, number := p.Series()
		if at == nil {
			t.Fatalf("a sample has no timestamp:\n%s", body)
		}
		var of labels.Labels
		p.Labels(&of)
		series = append(series, fmt.Sprintf("%s %v @%v", of, number, time.UnixMilli(*at).Sub(start)))
	}
}

// TestFederation: the newest sample of each series that is selected, with its own time, in
// both formats, sorted by name.
func TestFederation(t *testing.T) {
	now := time.Now().Truncate(time.Millisecond)
	e := open(t, t.TempDir(), at(now))
	write := func(name string, number float64, before time.Duration, more ...string) {
		t.Helper()
		of := evidence.Labels{}
		for i := 0; i < len(more); i += 2 {
			of[more[i]] = more[i+1]
		}
		if err := e.Write(t.Context(), Sample{name, of, now.Add(-before), number}); err != nil {
			t.Fatal(err)
		}
	}
	write("b", 1, 4*time.Minute, "instance", "1")
	write("b", 2, 90*time.Second+7*time.Millisecond, "instance", "1")
	write("b", -3.25e-9, 0, "instance", "2", "text", "a\"b\\c\nd")
	write("b", 8, 10*time.Second, "instance", "3") // and one that is ahead
	write("b", 9, -time.Minute, "instance", "3")
	write("b", 9, -time.Minute, "instance", "4") // only that
	write("cluster:a:sum", math.Inf(1), time.Second, "Cluster", "3")
	write("cluster:b:sum", 1, lookback, "cluster", "3") // too old
	write("a_total", 7, lookback-time.Millisecond, "instance", "1")
	write("ended", 1, 2*time.Minute, "job", "music", "instance", "5")
	if n, err := e.End(t.Context(), "music", "5", now.Add(-time.Minute)); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	outcome := push(t, e, 100, "6", func(list pmetric.MetricSlice) { // a native histogram
		m := list.AppendEmpty()
		m.SetName("native")
		h := m.SetEmptyExponentialHistogram()
		h.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
		p := h.DataPoints().AppendEmpty()
		p.SetCount(1)
		p.SetZeroCount(1)
		p.SetTimestamp(pcommon.NewTimestampFromTime(now))
	})
	if got := rows(t, e, `histogram_count(native)`, now); got == "" {
		t.Fatalf("there is no native histogram: %+v", outcome)
	}
	want := []string{
		`{__name__="a_total", instance="1"} 7 @-4m59.999s`,
		`{__name__="b", instance="1"} 2 @-1m30.007s`,
		`{__name__="b", instance="2", text="a\"b\\c\nd"} -3.25e-09 @0s`,
		`{__name__="b", instance="3"} 8 @-10s`,
		`{Cluster="3", __name__="cluster:a:sum", instance=""} +Inf @-1s`,
		`{__name__="target_info", cluster="3", host_name="h", instance="6", job="music", region="eu"} 1 @0s`,
	}
	for accept, kind := range map[string]string{
		"": "text/plain", "text/plain;version=0.0.4": "text/plain", "application/openmetrics-text;version=1.0.0": "application/openmetrics-text",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,*/*;q=0.1": "text/plain",
	} {
		w := federate(t, e, accept, `{__name__=~".+"}`, `{instance="1"}`, "cluster:a:sum")
		if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), kind+"; version=") {
			t.Errorf("%s: %d %v", accept, w.Code, w.Header())
		}
		got := parsed(t, w.Body.Bytes(), w.Header().Get("Content-Type"), now)
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n%s\nwant\n%s", accept, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if !strings.Contains(w.Body.String(), `cluster:a:sum{Cluster="3",instance=""} +Inf`) {
			t.Errorf("a series without an instance gets that of the fleet:\n%s", w.Body)
		}
	}
	if got := parsed(t, federate(t, e, "", `b{instance="1"}`).Body.Bytes(), "text/plain", now); len(got) != 1 {
		t.Errorf("one series: %v", got)
	}
	if w := federate(t, e, "", "nothing"); w.Code != http.StatusOK || w.Body.Len() > 0 {
		t.Errorf("no series: %d %s", w.Code, w.Body)
	}
}

// TestFederationRefuses what is no selection, and compresses where that is asked for.
func TestFederationRefuses(t *testing.T) {
	e := open(t, t.TempDir())
	for want, match := range map[string][]string{
		"match[] is needed":                    nil,
		"parse error":                          {"sum(a)"},
		"there are 65 parameters match[], and": slices.Repeat([]string{"a"}, 65),
	} {
		if w := federate(t, e, "", match...); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", want, w.Code, w.Body)
		}
	}
	w := httptest.NewRecorder()
	e.Federation().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/federate?match[]=a", http.NoBody))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
	if err := e.Write(t.Context(), Sample{"a", nil, time.Now(), 1}); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/federate?match[]=a", http.NoBody)
	r.Header.Set("Accept-Encoding", "gzip")
	w = httptest.NewRecorder()
	e.Federation().ServeHTTP(w, r)
	unzipped, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(unzipped); err != nil || !strings.Contains(string(text), `a{instance=""} 1 `) {
		t.Errorf("%s, %v", text, err)
	}
}
