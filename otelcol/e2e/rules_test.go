package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/argus-dgo/argus/internal/promcheck"
	"github.com/argus-dgo/argus/otelcol/internal/tools"
)

// A ruleFile is a file of rules as Prometheus reads it.
type ruleFile struct {
	Groups []ruleGroup `yaml:"groups"`
}

type ruleGroup struct {
	Name  string `yaml:"name"`
	Every string `yaml:"interval,omitempty"`
	Rules []rule `yaml:"rules"`
}

type rule struct {
	Record      string            `yaml:"record,omitempty"`
	Alert       string            `yaml:"alert,omitempty"`
	Expr        string            `yaml:"expr,omitempty"`
	For         string            `yaml:"for,omitempty"`
	Keep        string            `yaml:"keep_firing_for,omitempty"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Annotations map[string]string `yaml:"annotations,omitempty"`
}

// An operatorRule is a PrometheusRule object.
type operatorRule struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   struct {
		Name   string            `yaml:"name"`
		Labels map[string]string `yaml:"labels"`
	} `yaml:"metadata"`
	Spec ruleFile `yaml:"spec"`
}

// A ruleTest is a file of promtool's unit tests.
type ruleTest struct {
	Files    []string `yaml:"rule_files"`
	Interval string   `yaml:"evaluation_interval"`
	Fuzzy    bool     `yaml:"fuzzy_compare"`
	Order    []string `yaml:"group_eval_order"`
	Tests    []struct {
		Name     string `yaml:"name"`
		Interval string `yaml:"interval"`
		Input    []struct {
			Series string `yaml:"series"`
			Values string `yaml:"values"`
		} `yaml:"input_series"`
		Exprs []struct {
			Expr    string `yaml:"expr"`
			Time    string `yaml:"eval_time"`
			Samples []struct {
				Labels string  `yaml:"labels"`
				Value  float64 `yaml:"value"`
			} `yaml:"exp_samples"`
		} `yaml:"promql_expr_test"`
		Alerts []struct {
			Time   string `yaml:"eval_time"`
			Name   string `yaml:"alertname"`
			Alerts []struct {
				Labels      map[string]string `yaml:"exp_labels"`
				Annotations map[string]string `yaml:"exp_annotations"`
			} `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
	} `yaml:"tests"`
}

// rulesDir is the folder of the rules.
func rulesDir(t testing.TB) string { return filepath.Join(toolSet(t).Root(), "dashboards", "rules") }

// strictly decodes the only document of a file, and refuses keys that the type does not have.
func strictly[T any](t testing.TB, path string) T {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	decoder.KnownFields(true)
	var value T
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		t.Fatalf("%s has a second document: %v", path, err)
	}
	return value
}

func plainRules(t testing.TB) (records, alerts ruleFile) {
	t.Helper()
	dir := filepath.Join(rulesDir(t), "prometheus")
	return strictly[ruleFile](t, filepath.Join(dir, "recording.rules.yml")), strictly[ruleFile](t, filepath.Join(dir, "alerts.rules.yml"))
}

// TestRules: promtool accepts the rules in each of their forms, and they are the same in all.
func TestRules(t *testing.T) {
	promtool, dir := tool(t, tools.Promtool), rulesDir(t)
	for _, pair := range [][]string{
		{"prometheus/recording.rules.yml", "prometheus/alerts.rules.yml"},
		{"mixin/prometheus_rules.yaml", "mixin/prometheus_alerts.yaml"},
	} {
		args := []string{"check", "rules", "--lint=all", "--lint-fatal"}
		for _, file := range pair {
			args = append(args, filepath.Join(dir, file))
		}
		if out, err := output(t, promtool, nil, args...); err != nil {
			t.Errorf("%v: %v\n%s", pair, err, out)
		}
	}
	records, alerts := plainRules(t)
	for n, want := range []ruleFile{records, alerts} {
		if got := strictly[ruleFile](t, filepath.Join(dir, []string{"mixin/prometheus_rules.yaml", "mixin/prometheus_alerts.yaml"}[n])); !reflect.DeepEqual(got, want) {
			t.Error("the mixin's rules are others than Prometheus'")
		}
		object := strictly[operatorRule](t, filepath.Join(dir, []string{"operator/recording.yaml", "operator/alerts.yaml"}[n]))
		if object.APIVersion != "monitoring.coreos.com/v1" || object.Kind != "PrometheusRule" || object.Metadata.Name == "" {
			t.Errorf("this is no PrometheusRule: %+v", object)
		}
		if !reflect.DeepEqual(object.Spec, want) {
			t.Error("the operator's rules are others than Prometheus'")
		}
	}
}

// ruleTests are the files of promtool's unit tests.
func ruleTests(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(rulesDir(t), "tests", "*.test.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests of the rules: %v", err)
	}
	return files
}

// TestRulesFire: each rule and alert gives what promtool's unit tests of it say.
func TestRulesFire(t *testing.T) {
	promtool := tool(t, tools.Promtool)
	for _, file := range ruleTests(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".test.yml"), func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			if out, err := output(t, promtool, nil, "test", "rules", file); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			t.Logf("%v", time.Since(begin).Round(time.Millisecond))
		})
	}
}

var alertMatcher = regexp.MustCompile(`alertname(=~|=)"([^"]+)"`)

// metricsOf are the metrics that an expression reads, through recording rules as well.
func metricsOf(t testing.TB, expr string, records map[string]string) []string {
	t.Helper()
	q, err := promcheck.Parse(expr)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	var metrics []string
	for _, s := range q.Selectors {
		if recorded, ok := records[s.Metric]; ok {
			metrics = append(metrics, metricsOf(t, recorded, records)...)
		} else {
			metrics = append(metrics, s.Metric)
		}
	}
	return metrics
}

// TestEachRuleIsTested: there is a result for each recording rule, and for each alert a case in which it fires and one in which it does
// not, although the test has all metrics that it reads.
func TestEachRuleIsTested(t *testing.T) {
	records, alerts := plainRules(t)
	exprs := map[string]string{} // of the recording rules
	for _, g := range records.Groups {
		for _, r := range g.Rules {
			exprs[r.Record] = r.Expr
		}
	}
	var names []string
	reads := map[string][]string{} // metrics by alert
	for _, g := range alerts.Groups {
		for _, r := range g.Rules {
			names = append(names, r.Alert)
			reads[r.Alert] = metricsOf(t, r.Expr, exprs)
		}
	}
	fires, silent, recorded := map[string]bool{}, map[string]bool{}, map[string]bool{}
	// note what a test that has these metrics expects of the alerts that it looks at.
	note := func(has []string, looksAt *regexp.Regexp, expected string) {
		lacks := func(metric string) bool { return !slices.Contains(has, metric) }
		for _, name := range names {
			switch {
			case !looksAt.MatchString(name):
			case strings.Contains(expected, `"`+name+`"`):
				fires[name] = true
			case !slices.ContainsFunc(reads[name], lacks):
				silent[name] = true
			}
		}
	}
	for _, file := range ruleTests(t) {
		for _, test := range strictly[ruleTest](t, file).Tests {
			var has []string
			for _, in := range test.Input {
				has = append(has, metricsOf(t, in.Series, nil)...)
			}
			for _, e := range test.Exprs {
				var expected strings.Builder
				for _, s := range e.Samples {
					expected.WriteString(s.Labels)
				}
				for _, g := range records.Groups {
					for _, r := range g.Rules {
						if len(e.Samples) > 0 && strings.Contains(e.Expr, r.Record) {
							recorded[r.Record] = true
						}
					}
				}
				if strings.HasPrefix(e.Expr, "ALERTS") {
					looksAt := regexp.MustCompile("")
					if m := alertMatcher.FindStringSubmatch(e.Expr); m != nil {
						looksAt = regexp.MustCompile("^(?:" + m[2] + ")$")
					}
					note(has, looksAt, expected.String())
				}
			}
			for _, a := range test.Alerts {
				expected := ""
				if len(a.Alerts) > 0 {
					expected = `"` + a.Name + `"`
				}
				note(has, regexp.MustCompile("^"+a.Name+"$"), expected)
			}
		}
	}
	for _, name := range names {
		if !fires[name] {
			t.Errorf("no test in which %s fires", name)
		}
		if !silent[name] {
			t.Errorf("no test in which %s does not fire, with all that it reads", name)
		}
	}
	for _, g := range records.Groups {
		for _, r := range g.Rules {
			if !recorded[r.Record] {
				t.Errorf("no test has a result of %s", r.Record)
			}
		}
	}
}

// An alertmanagerConfig is Alertmanager's configuration, as far as the example goes.
type alertmanagerConfig struct {
	Route     alertmanagerRoute `yaml:"route"`
	Receivers []struct {
		Name     string `yaml:"name"`
		Webhooks []struct {
			URL string `yaml:"url"`
		} `yaml:"webhook_configs"`
	} `yaml:"receivers"`
	Inhibit []struct {
		Source []string `yaml:"source_matchers"`
		Target []string `yaml:"target_matchers"`
		Equal  []string `yaml:"equal"`
	} `yaml:"inhibit_rules"`
}

type alertmanagerRoute struct {
	Receiver string              `yaml:"receiver"`
	GroupBy  []string            `yaml:"group_by"`
	Wait     string              `yaml:"group_wait"`
	Interval string              `yaml:"group_interval"`
	Repeat   string              `yaml:"repeat_interval"`
	Matchers []string            `yaml:"matchers"`
	Routes   []alertmanagerRoute `yaml:"routes"`
}

// severities from the least.
var severities = []string{"info", "warning", "critical"}

// TestAlertmanagerExample: it names receivers and alerts that exist, holds nothing back by itself, by what is less severe or by another bot, and the
// README's table says the same.
func TestAlertmanagerExample(t *testing.T) {
	config := strictly[alertmanagerConfig](t, filepath.Join(rulesDir(t), "alertmanager", "example.yml"))
	var receivers []string
	for _, r := range config.Receivers {
		receivers = append(receivers, r.Name)
	}
	for _, r := range append([]alertmanagerRoute{config.Route}, config.Route.Routes...) {
		if !slices.Contains(receivers, r.Receiver) {
			t.Errorf("there is no receiver %q", r.Receiver)
		}
		for _, m := range r.Matchers {
			if !regexp.MustCompile(`^severity="(critical|warning|info)"$`).MatchString(m) {
				t.Errorf("a route for %s", m)
			}
		}
	}
	_, alerts := plainRules(t)
	var names []string
	severity := map[string]int{}
	for _, g := range alerts.Groups {
		for _, r := range g.Rules {
			names = append(names, r.Alert)
			severity[r.Alert] = slices.Index(severities, r.Labels["severity"])
		}
	}
	readme, err := os.ReadFile(filepath.Join(rulesDir(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	matched := func(matchers []string) []string {
		if len(matchers) != 1 {
			t.Fatalf("not one matcher: %q", matchers)
		}
		m := alertMatcher.FindStringSubmatch(matchers[0])
		if m == nil || m[0] != matchers[0] {
			t.Fatalf("not a matcher of alertname: %q", matchers[0])
		}
		list := strings.Split(m[2], "|")
		for _, name := range list {
			if !slices.Contains(names, name) {
				t.Errorf("there is no alert %s", name)
			}
		}
		return list
	}
	rows := 0
	for _, rule := range config.Inhibit {
		source, target := matched(rule.Source), matched(rule.Target)
		for _, name := range source {
			if slices.Contains(target, name) {
				t.Errorf("%s holds itself back", name)
			}
			for _, held := range target {
				if severity[name] < severity[held] {
					t.Errorf("%s holds back %s, which is more severe", name, held)
				}
			}
		}
		if len(rule.Equal) < 2 || rule.Equal[0] != "job" || rule.Equal[1] != "bot" {
			t.Errorf("%q holds back %q of other bots: equal is %q", rule.Source, rule.Target, rule.Equal)
			continue
		}
		level := strings.Join(append([]string{"bot"}, rule.Equal[2:]...), " and ")
		row := fmt.Sprintf("| `%s` | `%s` | %s |", strings.Join(source, "`, `"), strings.Join(target, "`, `"), level)
		if !strings.Contains(string(readme), row+"\n") {
			t.Errorf("README.md has no row %s", row)
		}
		rows++
	}
	if rows < 5 {
		t.Errorf("only %d inhibitions", rows)
	}
}
