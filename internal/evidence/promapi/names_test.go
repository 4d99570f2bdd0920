package promapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// answering serves the same for every request, and remembers the last one.
type answering struct {
	status int
	body   string
	asked  *url.URL
	header http.Header
}

func (a *answering) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.asked, a.header = r.URL, r.Header
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

// TestNames: the names and values of labels and the series of a time are asked for, and a
// time without a bound is none.
func TestNames(t *testing.T) {
	f := &answering{status: http.StatusOK, body: `{"status":"success","data":["a","b"]}`}
	c := newClient(t, Config{URL: serve(t, f), Header: http.Header{"X-Scope-Orgid": {"bots"}}})
	names, err := c.LabelNames(t.Context(), at, at.Add(time.Minute), `{job="x"}`)
	if err != nil || !slices.Equal(names, []string{"a", "b"}) {
		t.Errorf("%v, %v", names, err)
	}
	if q := f.asked.Query(); f.asked.Path != "/api/v1/labels" || q.Get("match[]") != `{job="x"}` || q.Get("start") != "1795914123.500" || q.Get("end") != "1795914183.500" {
		t.Errorf("asked %v", f.asked)
	}
	if f.header.Get("X-Scope-OrgID") != "bots" {
		t.Error("the header is not sent")
	}
	values, err := c.LabelValues(t.Context(), "region", time.UnixMilli(math.MinInt64), time.UnixMilli(math.MaxInt64), "")
	if err != nil || !slices.Equal(values, []string{"a", "b"}) || f.asked.Path != "/api/v1/label/region/values" || f.asked.RawQuery != "" {
		t.Errorf("%v, %v, asked %v", values, err, f.asked)
	}
	f.body = `{"status":"success","data":[{"__name__":"up","job":"x"}]}`
	series, err := c.Series(t.Context(), at, at, "up")
	if err != nil || len(series) != 1 || series[0]["job"] != "x" {
		t.Errorf("%v, %v", series, err)
	}
}

// TestRules: alerting rules are read with their alerts; a server without this part of the
// API has none.
func TestRules(t *testing.T) {
	f := &answering{status: http.StatusOK, body: `{"status":"success","data":{"groups":[{"rules":[
		{"type":"recording","name":"a:b"},
		{"type":"alerting","name":"Down","duration":90.5,"health":"err","lastError":"no","alerts":[{"labels":{"shard":"3"},"annotations":{"summary":"s"},"state":"firing","activeAt":"2026-11-29T03:00:00Z","value":"+Inf"}]}]}]}}`}
	c := newClient(t, Config{URL: serve(t, f)})
	rules, err := c.Rules(t.Context())
	if err != nil || len(rules) != 1 || f.asked.Path != "/api/v1/rules" || f.asked.RawQuery != "type=alert" {
		t.Fatalf("%v, %v, asked %v", rules, err, f.asked)
	}
	r := rules[0]
	if r.Name != "Down" || r.For != 90500*time.Millisecond || r.Failure != "no" || len(r.Alerts) != 1 || !r.Alerts[0].Firing || r.Alerts[0].Labels["shard"] != "3" || !math.IsInf(r.Alerts[0].Value, 1) {
		t.Errorf("%+v", r)
	}
	f.status = http.StatusNotFound
	if rules, err := c.Rules(t.Context()); err != nil || rules != nil {
		t.Errorf("without rules: %v, %v", rules, err)
	}
	if _, err := c.LabelNames(t.Context(), at, at, ""); !errors.Is(err, errNoAPI) || !strings.Contains(err.Error(), "Prometheus at http://") {
		t.Errorf("%v", err)
	}
}

// TestListsThatAreNone: what is no answer of the API is an error, whatever is asked for.
func TestListsThatAreNone(t *testing.T) {
	f := &answering{status: http.StatusOK}
	c := newClient(t, Config{URL: serve(t, f)})
	for body, want := range map[string]string{
		``:                                      "not JSON",
		`{}`:                                    "not an answer of the Prometheus API",
		`{"status":"error","error":"not\nnow"}`: "the request failed: not now",
		`{"status":"success","data":{}}`:        "not an answer",
		`{"status":"success","data":[1]}`:       "not an answer",
		`{"status":"success"}`:                  "not an answer",
	} {
		f.body = body
		for name, ask := range map[string]func(context.Context) error{
			"labels": func(ctx context.Context) error { _, err := c.LabelNames(ctx, at, at, ""); return err },
			"series": func(ctx context.Context) error { _, err := c.Series(ctx, at, at, ""); return err },
		} {
			if err := ask(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q: %v, want %q", name, body, err, want)
			}
		}
	}
	f.body = fmt.Sprintf(`{"status":"success","data":[%s"x"]}`, strings.Repeat(`"x",`, maxSeries))
	if _, err := c.LabelNames(t.Context(), at, at, ""); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("too many: %v", err)
	}
}
