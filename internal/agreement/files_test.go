package agreement

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// testsDir is the folder of promtool's unit tests.
const testsDir = "../../dashboards/rules/tests"

// A testFile is a file of promtool's unit tests. A key that is missing here is an error.
type testFile struct {
	Rules    []string       `yaml:"rule_files"`
	Interval model.Duration `yaml:"evaluation_interval"`
	Fuzzy    bool           `yaml:"fuzzy_compare"`
	Order    []string       `yaml:"group_eval_order"`
	Tests    []testCase     `yaml:"tests"`

	name   string
	played bool // a recorded play
	groups []ruleGroup
}

// A testCase is the history of some series, and what the rules make of it.
type testCase struct {
	Name     string         `yaml:"name"`
	Interval model.Duration `yaml:"interval"`
	Input    []struct {
		Series string `yaml:"series"`
		Values string `yaml:"values"`
	} `yaml:"input_series"`
	Alerts []struct {
		At     model.Duration `yaml:"eval_time"`
		Name   string         `yaml:"alertname"`
		Alerts []struct {
			Labels      map[string]string `yaml:"exp_labels"`
			Annotations map[string]string `yaml:"exp_annotations"`
		} `yaml:"exp_alerts"`
	} `yaml:"alert_rule_test"`
	Exprs []struct {
		Expr    string         `yaml:"expr"`
		At      model.Duration `yaml:"eval_time"`
		Samples []struct {
			Labels string  `yaml:"labels"`
			Number float64 `yaml:"value"`
		} `yaml:"exp_samples"`
	} `yaml:"promql_expr_test"`
}

// A ruleGroup is a group of a rule file.
type ruleGroup struct {
	Name string `yaml:"name"`
	// Every is the interval of the group. promtool evaluates each group at each step.
	Every model.Duration `yaml:"interval"`
	Rules []rule         `yaml:"rules"`
}

type rule struct {
	Record      string            `yaml:"record"`
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         model.Duration    `yaml:"for"`
	Keep        model.Duration    `yaml:"keep_firing_for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`

	reads []string // metrics; nil if a result without any of them is possible
}

// testFiles reads all files of unit tests.
func testFiles(t testing.TB) []testFile {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(testsDir, "*.yml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no unit tests of the rules in %s: %v", testsDir, err)
	}
	files := make([]testFile, len(paths))
	for i, path := range paths {
		if err := read(path, &files[i]); err != nil {
			t.Fatal(err)
		}
		if err := files[i].complete(path); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	return files
}

// playsDir has what package record has recorded.
const playsDir = "testdata/plays"

// plays reads the recorded plays of the demo. Their rules are those of a file of unit
// tests, evaluated in its order.
func plays(t testing.TB, like *testFile) []testFile {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(playsDir, "*.yml.gz"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no plays in %s: %v", playsDir, err)
	}
	files := make([]testFile, len(paths))
	for i, path := range paths {
		if err := unpack(path, &files[i]); err != nil {
			t.Fatal(err)
		}
		files[i].name, files[i].played, files[i].groups = filepath.Base(path), true, like.groups
	}
	return files
}

func unpack(path string, into *testFile) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	text, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return strictly(path, text, into)
}

// complete reads the rule files and fills in promtool's defaults.
func (f *testFile) complete(path string) error {
	f.name = filepath.Base(path)
	if f.Interval == 0 {
		f.Interval = model.Duration(time.Minute)
	}
	for _, file := range f.Rules {
		var rules struct {
			Groups []ruleGroup `yaml:"groups"`
		}
		if err := read(filepath.Join(filepath.Dir(path), file), &rules); err != nil {
			return err
		}
		f.groups = append(f.groups, rules.Groups...)
	}
	for _, g := range f.groups {
		for i := range g.Rules {
			expr, err := promqlParser.ParseExpr(g.Rules[i].Expr)
			if err != nil {
				return err
			}
			g.Rules[i].reads = needs(expr)
		}
	}
	for _, name := range f.Order {
		if !slices.ContainsFunc(f.groups, func(g ruleGroup) bool { return g.Name == name }) {
			return fmt.Errorf("group_eval_order: there is no group %s", name)
		}
	}
	// As in promtool, a group that is not in the list is as early as the first of it.
	place := func(g ruleGroup) int { return max(slices.Index(f.Order, g.Name), 0) }
	slices.SortStableFunc(f.groups, func(a, b ruleGroup) int { return place(a) - place(b) })
	for i := range f.Tests {
		if f.Tests[i].Interval == 0 {
			f.Tests[i].Interval = f.Interval
		}
	}
	return nil
}

// needs returns the metrics of which an expression needs at least one: without samples
// of any, it has no result. It returns nil for an expression that may have one.
func needs(expr parser.Expr) (metrics []string) {
	without := false
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			metrics = append(metrics, n.Name)
			without = without || n.Name == ""
		case *parser.Call:
			without = without || slices.Contains([]string{"absent", "absent_over_time", "scalar", "vector"}, n.Func.Name)
		}
		return nil
	})
	if without {
		return nil
	}
	return metrics
}

func read(path string, into any) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	return strictly(path, file, into)
}

// strictly decodes the only document of a file, and refuses keys that the value lacks.
func strictly(path string, text io.Reader, into any) error {
	decoder := yaml.NewDecoder(text)
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s has a second document", path)
	}
	return nil
}

// evalTimes are the times at which a test looks, ascending.
func (c *testCase) evalTimes() []time.Duration {
	var times []time.Duration
	for _, a := range c.Alerts {
		times = append(times, time.Duration(a.At))
	}
	for _, e := range c.Exprs {
		times = append(times, time.Duration(e.At))
	}
	slices.Sort(times)
	return slices.Compact(times)
}

// steps are the times at which promtool evaluates the rules, up to the last time at
// which the test looks.
func (c *testCase) steps(every time.Duration) []time.Duration {
	var steps []time.Duration
	times := c.evalTimes()
	for at := time.Duration(0); len(times) > 0 && at <= times[len(times)-1]; at += every {
		steps = append(steps, at)
	}
	return steps
}

// load stores the series of a test, up to the last step.
func (c *testCase) load(p parser.Parser, into *store, last time.Duration) error {
	for _, in := range c.Input {
		of, values, err := p.ParseSeriesDesc(in.Series + " " + in.Values)
		if err != nil {
			return fmt.Errorf("%s: %w", in.Series, err)
		}
		for i, value := range values {
			at := time.Duration(i) * time.Duration(c.Interval)
			if value.Histogram != nil {
				return fmt.Errorf("%s: native histograms are not supported", in.Series)
			}
			if value.Omitted || at > last {
				continue
			}
			if err := into.append(of, at.Milliseconds(), value.Value); err != nil {
				return err
			}
		}
	}
	return nil
}
