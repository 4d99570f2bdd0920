package rules

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/internal/promcheck"
)

// known returns the metrics of the catalog and of the recording rules.
func known() promcheck.Metrics {
	metrics := promcheck.Catalog()
	metrics["process_start_time_seconds"] = promcheck.Series()
	for _, g := range Records() {
		for _, r := range g.Records {
			level, _, _ := strings.Cut(r.Name, ":")
			labels := promcheck.Labels{"job": nil, "bot": nil}
			for label := range strings.SplitSeq(level, "_") {
				labels[label] = nil
				if label == "cluster" { // which its region belongs to
					labels["region"] = nil
				}
			}
			metrics[r.Name] = labels
		}
	}
	return metrics
}

// TestExpressionsNameTheCatalog: rules use only metrics, labels and values that exist and, except for the alert on scrapes, only labels that
// scraped and pushed series share.
func TestExpressionsNameTheCatalog(t *testing.T) {
	check := func(metrics promcheck.Metrics, name, expr string) {
		t.Helper()
		expr, err := expand(expr)
		if err == nil {
			err = metrics.Check(expr)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, g := range Records() {
		for _, r := range g.Records {
			check(known(), r.Name, r.Expr)
		}
	}
	for _, g := range Alerts() {
		for _, a := range g.Alerts {
			metrics := known()
			if a.Name == "ArgusScrapeFails" {
				target := promcheck.Labels{"job": nil, "instance": nil}
				metrics["up"] = target
				maps.Copy(metrics["argus_up"], target)
			}
			check(metrics, a.Name, a.Expr)
		}
	}
}

// TestRecordsComeInOrder: within a group, a record is evaluated before it is used. Otherwise the user would lag by one interval.
func TestRecordsComeInOrder(t *testing.T) {
	for _, g := range Records() {
		for n, r := range g.Records {
			for _, later := range g.Records[n:] {
				if strings.Contains(r.Expr, later.Name) {
					t.Errorf("%s uses %s, which is evaluated later", r.Name, later.Name)
				}
			}
		}
	}
}

var promql = regexp.MustCompile("(?s)```promql\n(.*?)```")

// named matches metric names anywhere in a text.
var named = regexp.MustCompile(`\b(?:[a-z_]+:)?(?:discord|argus)_[a-z0-9_:]*[a-z0-9]\b`)

// foreign matches names of other programs' metrics in a text.
var foreign = regexp.MustCompile(`\b(?:otelcol|prometheus|go|process|scrape)_[a-z0-9_]*[a-z0-9]\b`)

// foreigners are the foreign metrics that runbooks may name.
var foreigners = []string{
	"go_goroutines",
	"go_version", // a label
	"process_resident_memory_bytes",
	"otelcol_receiver_refused_metric_points", // without _total, as otelcol/e2e reads it from the Collector
	"prometheus_target_scrape_pools_failed_total",
	"scrape_duration_seconds",
}

// TestDocumentsNameTheCatalog: the queries of the documents, one per line, use metrics that exist, and so does the text of SCENARIOS.md, the runbooks and the rules' README.
func TestDocumentsNameTheCatalog(t *testing.T) {
	metrics := known()
	// Metrics of Prometheus and of the Go runtime.
	for _, name := range []string{"up", "scrape_duration_seconds", "go_goroutines", "process_resident_memory_bytes"} {
		metrics[name] = promcheck.Series()
	}
	documents := []string{filepath.Join(root, "README.md")}
	for _, pattern := range []string{"docs/*.md", "docs/runbooks/*.md", "dashboards/rules/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, found...)
	}
	queries, names := 0, 0
	for _, path := range documents {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if page := filepath.Base(path); page == "SCENARIOS.md" || filepath.Base(filepath.Dir(path)) == "runbooks" || filepath.Base(filepath.Dir(path)) == "rules" {
			for _, name := range named.FindAllString(string(raw), -1) {
				_, is := metrics[name]
				_, counts := metrics[name+"_count"]
				if names++; !is && !counts && name != "argus_version" { // a label
					t.Errorf("%s names %s, which does not exist", path, name)
				}
			}
		}
		if filepath.Base(filepath.Dir(path)) == "runbooks" {
			for _, name := range foreign.FindAllString(string(raw), -1) {
				if !slices.Contains(foreigners, name) {
					t.Errorf("%s names %s, which is not in the list of foreign metrics", path, name)
				}
			}
		}
		for _, block := range promql.FindAllStringSubmatch(string(raw), -1) {
			for line := range strings.Lines(block[1]) {
				queries++
				if err := metrics.Check(line); err != nil {
					t.Errorf("%s: %s%v", path, line, err)
				}
			}
		}
	}
	if queries < 80 || names < 150 {
		t.Errorf("only %d queries and %d names found: does the test still read the documents right?", queries, names)
	}
}
