package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func base() document {
	return document{
		Version: 1, Namespace: "discord", Resource: []string{"bot", "cluster"},
		Metrics: map[string]metric{
			"discord_guilds": {Kind: "gauge", Unit: "{guild}", Labels: map[string][]string{"shard": {}}},
			"discord_interactions_total": {Kind: "counter", Unit: "{interaction}", Labels: map[string][]string{
				"status": {"error", "success"}, "type": {"command"},
			}},
			"discord_wait_seconds": {Kind: "histogram", Unit: "s", Buckets: []json.Number{"0.5", "1"}},
		},
	}
}

func TestDiff(t *testing.T) {
	edit := func(d document, name string, change func(*metric)) document {
		m := d.Metrics[name]
		change(&m)
		d.Metrics[name] = m
		return d
	}
	tests := []struct {
		name   string
		change func(document) document
		want   []string
	}{
		{"nothing", func(d document) document { return d }, nil},
		{
			"a renamed metric",
			func(d document) document {
				d.Metrics["discord_servers"] = d.Metrics["discord_guilds"]
				delete(d.Metrics, "discord_guilds")
				return d
			},
			[]string{"- discord_guilds was removed", "+ discord_servers was added"},
		},
		{
			"kind and unit",
			func(d document) document {
				return edit(d, "discord_guilds", func(m *metric) { m.Kind, m.Unit = "counter", "1" })
			},
			[]string{"- discord_guilds was a gauge and is a counter", `- discord_guilds had the unit "{guild}" and has "1"`},
		},
		{
			"a renamed label",
			func(d document) document {
				return edit(d, "discord_guilds", func(m *metric) { m.Labels = map[string][]string{"shard_id": {}} })
			},
			[]string{"- discord_guilds: the label shard was removed", "+ discord_guilds: the label shard_id was added"},
		},
		{
			"a renamed value",
			func(d document) document {
				return edit(d, "discord_interactions_total", func(m *metric) { m.Labels["status"] = []string{"failure", "success"} })
			},
			[]string{
				`- discord_interactions_total: the value "error" of status was removed`,
				`+ discord_interactions_total: the value "failure" of status was added`,
			},
		},
		{
			"a set of values that is open now",
			func(d document) document {
				return edit(d, "discord_interactions_total", func(m *metric) { m.Labels["status"] = []string{} })
			},
			nil,
		},
		{
			"buckets",
			func(d document) document {
				return edit(d, "discord_wait_seconds", func(m *metric) { m.Buckets = []json.Number{"0.5", "2.5"} })
			},
			[]string{"- discord_wait_seconds: the bucket 1 was removed", "+ discord_wait_seconds: the bucket 2.5 was added"},
		},
		{
			"namespace and resource",
			func(d document) document {
				d.Namespace, d.Resource = "bot", []string{"cluster", "region"}
				return d
			},
			[]string{"- the namespace was discord and is bot", "- all series: the label bot was removed", "+ all series: the label region was added"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := diff(base(), tt.change(base())); !slices.Equal(got, tt.want) {
				t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// TestRun reads the committed file, so that a change of its format cannot make
// everything equal unnoticed.
func TestRun(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "metrics.json")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(t.TempDir(), "metrics.json")
	text := strings.Replace(string(raw), `"argus_up"`, `"argus_alive"`, 1)
	if err := os.WriteFile(changed, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}

	var same, renamed strings.Builder
	if err := run([]string{path, path}, &same); err != nil || same.Len() > 0 {
		t.Errorf("the file and itself: %q, %v", same.String(), err)
	}
	if err := run([]string{path, changed}, &renamed); err != nil {
		t.Fatal(err)
	}
	if want := "- argus_up was removed\n+ argus_alive was added\n"; renamed.String() != want {
		t.Errorf("got %q, want %q", renamed.String(), want)
	}
}

func TestRunFails(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "metrics.json")
	if err := os.WriteFile(empty, []byte(`{"version": 2, "metrics": {}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{nil, {"a"}, {empty, empty}, {filepath.Join(t.TempDir(), "absent.json"), empty}} {
		if err := run(args, &strings.Builder{}); err == nil {
			t.Errorf("run(%q) did not fail", args)
		}
	}
}
