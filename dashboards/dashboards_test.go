package dashboards_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/promcheck"
	"github.com/argus-dgo/argus/internal/rules"
)

// The parts of Grafana's model that the tests use.
type (
	dashboard struct {
		ID            any      `json:"id"`
		UID           string   `json:"uid"`
		Title         string   `json:"title"`
		Description   string   `json:"description"`
		Tags          []string `json:"tags"`
		SchemaVersion int      `json:"schemaVersion"`
		Panels        []panel  `json:"panels"`
		Links         []link   `json:"links"`
		Templating    struct {
			List []variable `json:"list"`
		} `json:"templating"`
		Annotations struct {
			List []annotation `json:"list"`
		} `json:"annotations"`
		text string
	}
	panel struct {
		ID          int     `json:"id"`
		Type        string  `json:"type"`
		Title       string  `json:"title"`
		Description string  `json:"description"`
		Targets     []quest `json:"targets"`
		GridPos     struct {
			X, Y, W, H int
		} `json:"gridPos"`
		FieldConfig struct {
			Defaults struct {
				Unit       string `json:"unit"`
				Thresholds struct {
					Steps []struct {
						Value *float64 `json:"value"`
						Color string   `json:"color"`
					} `json:"steps"`
				} `json:"thresholds"`
			} `json:"defaults"`
			Overrides []struct {
				Matcher    struct{ Options string }
				Properties []struct {
					ID    string
					Value any
				}
			} `json:"overrides"`
		} `json:"fieldConfig"`
		Options struct {
			ColorMode string `json:"colorMode"`
		} `json:"options"`
		Transformations []struct {
			ID      string
			Options struct{ RenameByName map[string]string }
		} `json:"transformations"`
		Panels []panel `json:"panels"`
	}
	quest struct {
		RefID    string `json:"refId"`
		RawSQL   string `json:"rawSql"` // of ClickHouse's data source
		Expr     string `json:"expr"`
		Instant  bool   `json:"instant"`
		Range    bool   `json:"range"`
		Interval string `json:"interval"` // minimum step
	}
	variable struct {
		Type       string `json:"type"`
		Name       string `json:"name"`
		Label      string `json:"label"`
		Multi      bool   `json:"multi"`
		IncludeAll bool   `json:"includeAll"`
		AllValue   string `json:"allValue"`
		Definition string `json:"definition"`
		Query      any    `json:"query"`
	}
	annotation struct {
		Name   string `json:"name"`
		Enable bool   `json:"enable"`
		Expr   string `json:"expr"`
		Target quest  `json:"target"`
	}
	link struct {
		Type        string `json:"type"`
		URL         string `json:"url"`
		IncludeVars bool   `json:"includeVars"`
		KeepTime    bool   `json:"keepTime"`
	}
)

// order is the order of an operator's questions.
var order = []string{"argus-overview", "argus-interactions", "argus-gateway", "argus-rest", "argus-fleet"}

// load returns the dashboards for Prometheus.
func load(t *testing.T) []dashboard {
	t.Helper()
	return loadFrom(t, "json", order...)
}

// loadFrom returns the dashboards of a folder, which are those with the uids.
func loadFrom(t *testing.T, folder string, want ...string) []dashboard {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var all []dashboard
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d := dashboard{text: string(text)}
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if file != filepath.Join(folder, d.UID+".json") {
			t.Errorf("%s has the uid %s", file, d.UID)
		}
		all = append(all, d)
	}
	var uids []string
	for _, d := range all {
		uids = append(uids, d.UID)
	}
	if want := slices.Sorted(slices.Values(want)); !slices.Equal(uids, want) {
		t.Fatalf("the dashboards of %s are %v, want %v", folder, uids, want)
	}
	return all
}

// origin are the labels that identify the origin of a series. Each is a variable of each dashboard.
var origin = []string{"job", "bot", "region", "cluster"}

// grouped matches the labels of a grouping or a vector match.
var grouped = regexp.MustCompile(`\b(?:by|on) \(([^)]*)\)`)

// An asked is an expression and its location.
type asked struct{ where, expr string }

// expressions returns the expressions of a dashboard, without its variables.
func (d *dashboard) expressions() []asked {
	var all []asked
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			all = append(all, asked{d.UID + ", " + p.Title + ", " + q.RefID, q.Expr})
		}
	}
	for _, a := range d.Annotations.List {
		all = append(all, asked{d.UID + ", annotation " + a.Name, a.Expr})
	}
	return all
}

// metrics returns the metrics that queries may use: those of the catalog, and those
// of the process and the Go runtime that have a panel.
func metrics() promcheck.Metrics {
	all := promcheck.Catalog()
	for _, name := range []string{"process_cpu_seconds_total", "process_resident_memory_bytes", "go_goroutines"} {
		all[name] = promcheck.Series()
	}
	return all
}

// onlyGrows returns the series that need a window.
func onlyGrows() map[string]bool {
	grow := map[string]bool{"process_cpu_seconds_total": true}
	for _, i := range catalog.All() {
		name := i.PrometheusName()
		switch i.Kind {
		case catalog.Counter:
			grow[name] = true
		case catalog.Histogram:
			for _, suffix := range []string{"_bucket", "_count", "_sum"} {
				grow[name+suffix] = true
			}
		}
	}
	return grow
}

// TestQueriesNameTheCatalog: queries use only metrics, labels and values that exist.
func TestQueriesNameTheCatalog(t *testing.T) {
	all, grow := metrics(), onlyGrows()
	n := 0
	for _, d := range load(t) {
		for _, e := range d.expressions() {
			n++
			if err := all.Check(e.expr); err != nil {
				t.Errorf("%s: %v", e.where, err)
				continue
			}
			q, err := promcheck.Parse(e.expr)
			if err != nil || len(q.Selectors) == 0 {
				t.Errorf("%s asks for nothing: %s", e.where, e.expr)
			}
			for _, m := range grouped.FindAllStringSubmatch(e.expr, -1) {
				if process := regexp.MustCompile(`\b(cluster|shard)\b`).MatchString(m[1]); process && !strings.HasPrefix(m[1], "job, bot, ") {
					t.Errorf("%s mixes bots by (%s)", e.where, m[1])
				}
			}
			for _, s := range q.Selectors {
				for _, label := range origin {
					if !slices.Contains(s.Matchers, promcheck.Matcher{Label: label, Op: "=~", Value: "$" + label}) {
						t.Errorf("%s: %s is not that of the chosen %s", e.where, s.Metric, label)
					}
				}
				if grow[s.Metric] && !s.Ranged {
					t.Errorf("%s: %s only grows, and is read without a window", e.where, s.Metric)
				}
			}
		}
		for _, v := range d.Templating.List {
			if v.Type != "query" {
				continue
			}
			m := regexp.MustCompile(`^label_values\((.+), (\w+)\)$`).FindStringSubmatch(v.Definition)
			if m == nil {
				t.Errorf("%s: the variable %s asks %q", d.UID, v.Name, v.Definition)
				continue
			}
			// It returns the values of that label.
			if err := all.Check("group by (" + m[2] + ") (" + m[1] + ")"); err != nil {
				t.Errorf("%s: the variable %s asks for what is not there: %s: %v", d.UID, v.Name, v.Definition, err)
			}
		}
	}
	if n < 150 {
		t.Errorf("only %d expressions: does the test still read the dashboards right?", n)
	}
}

// notShown are instruments without a panel, each with the reason.
var notShown = map[string]string{
	catalog.CPULimit.PrometheusName():     "absent without a CPU limit, so no play of the proof could show it",
	catalog.CPUThrottled.PrometheusName(): "as the limit",
}

// TestEveryInstrumentIsShown: each instrument is in a panel, or in notShown with a reason.
func TestEveryInstrumentIsShown(t *testing.T) {
	shown := map[string]bool{}
	for _, d := range load(t) {
		for _, p := range d.Panels {
			for _, q := range p.Targets {
				parsed, err := promcheck.Parse(q.Expr)
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range parsed.Selectors {
					shown[s.Metric] = true
				}
			}
		}
	}
	for _, i := range catalog.All() {
		name := i.PrometheusName()
		is := shown[name] || shown[name+"_bucket"] || shown[name+"_count"] || shown[name+"_sum"]
		if reason := notShown[name]; !is && reason == "" {
			t.Errorf("%s is in no panel", name)
		} else if is && reason != "" {
			t.Errorf("%s is said not to be shown, and is", name)
		}
	}
}

// TestDashboards: each dashboard has the properties that Grafana and operators need.
func TestDashboards(t *testing.T) {
	for _, d := range load(t) {
		if d.ID != nil || d.SchemaVersion < 39 || !strings.HasPrefix(d.Title, "Argus / ") || d.Description == "" || !slices.Contains(d.Tags, "argus") {
			t.Errorf("%s: id %v, schema %d, title %q, description %q, tags %v", d.UID, d.ID, d.SchemaVersion, d.Title, d.Description, d.Tags)
		}
		// No data source is fixed, by uid or by name.
		if strings.Contains(d.text, `"__inputs"`) {
			t.Errorf("%s asks for inputs: provisioning cannot fill them in", d.UID)
		}
		var tree any
		if err := json.Unmarshal([]byte(d.text), &tree); err != nil {
			t.Fatal(err)
		}
		sources := 0
		walk(tree, func(key string, value any) {
			if key != "datasource" {
				return
			}
			sources++
			if ref, ok := value.(map[string]any); !ok || ref["type"] != "prometheus" || ref["uid"] != "${datasource}" {
				t.Errorf("%s has a fixed data source: %v", d.UID, value)
			}
		})
		want := len(d.Annotations.List) * 2
		for _, p := range d.Panels {
			if p.Type != "row" {
				want += 1 + len(p.Targets)
			}
		}
		for _, v := range d.Templating.List {
			if v.Type == "query" {
				want++
			}
		}
		if sources != want {
			t.Errorf("%s: %d references to the data source, want %d: one of each panel, query, variable and annotation", d.UID, sources, want)
		}
		// Annotations.
		var names []string
		for _, a := range d.Annotations.List {
			names = append(names, a.Name)
			if !a.Enable || a.Expr != a.Target.Expr {
				t.Errorf("%s: the annotation %s is not on, or asks two things", d.UID, a.Name)
			}
		}
		if !slices.Equal(names, []string{"Restarts", "Versions"}) {
			t.Errorf("%s has the annotations %v", d.UID, names)
		}
	}
}

// walk visits every member of every object.
func walk(v any, visit func(key string, value any)) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			visit(key, value)
			walk(value, visit)
		}
	case []any:
		for _, value := range v {
			walk(value, visit)
		}
	}
}

// kinds are the panel types in use. Grafana no longer supports graph, singlestat,
// table-old and the like.
var kinds = []string{"row", "stat", "timeseries", "table", "heatmap", "state-timeline", "bargauge"}

// TestPanels: each panel has a title, a description and a unit, and none overlap.
func TestPanels(t *testing.T) {
	for _, d := range append(load(t), loadFrom(t, "clickhouse", "argus-analytics")...) {
		ids, titles := map[int]bool{}, map[string]bool{}
		taken := map[[2]int]string{}
		section := ""
		for _, p := range d.Panels {
			where := d.UID + ", " + p.Title
			if ids[p.ID] || p.ID <= 0 {
				t.Errorf("%s: the id %d is not its own", where, p.ID)
			}
			ids[p.ID] = true
			if !slices.Contains(kinds, p.Type) {
				t.Errorf("%s is a %s", where, p.Type)
			}
			g := p.GridPos
			if g.W <= 0 || g.H <= 0 || g.X < 0 || g.X+g.W > 24 {
				t.Errorf("%s lies outside of the grid: %+v", where, g)
			}
			for x := g.X; x < g.X+g.W; x++ {
				for y := g.Y; y < g.Y+g.H; y++ {
					if other := taken[[2]int{x, y}]; other != "" {
						t.Fatalf("%s lies on %s", where, other)
					}
					taken[[2]int{x, y}] = p.Title
				}
			}
			if p.Type == "row" {
				if section = p.Title; section == "" || len(p.Panels) > 0 {
					t.Errorf("%s: a row without a title, or with panels that are hidden", d.UID)
				}
				continue
			}
			if p.Title == "" || titles[section+p.Title] {
				t.Errorf("%s: the title is missing, or there twice in its section", where)
			}
			titles[section+p.Title] = true
			if len(p.Description) < 25 || !strings.HasSuffix(p.Description, ".") {
				t.Errorf("%s: the description is no sentence: %q", where, p.Description)
			}
			checkUnits(t, where, p)
			if len(p.Targets) == 0 {
				t.Errorf("%s asks nothing", where)
			}
			refs := map[string]bool{}
			for _, q := range p.Targets {
				if refs[q.RefID] || q.RefID == "" {
					t.Errorf("%s: query %q: its id is not its own", where, q.RefID)
				}
				if q.RawSQL == "" && q.Instant == q.Range {
					t.Errorf("%s: query %q is not either for now or for a range", where, q.RefID)
				}
				refs[q.RefID] = true
			}
		}
	}
}

// checkUnits checks that a number has a unit, and a threshold if it is coloured.
func checkUnits(t *testing.T, where string, p panel) {
	t.Helper()
	if p.FieldConfig.Defaults.Unit == "" {
		t.Errorf("%s has no unit", where)
	}
	steps := p.FieldConfig.Defaults.Thresholds.Steps
	if len(steps) == 0 || steps[0].Value != nil {
		t.Errorf("%s has no base colour", where)
	}
	for i := 2; i < len(steps); i++ {
		if *steps[i].Value <= *steps[i-1].Value {
			t.Errorf("%s: the thresholds do not rise", where)
		}
	}
	if p.Type == "stat" && p.Options.ColorMode != "none" && len(steps) < 2 {
		t.Errorf("%s is coloured and has no threshold", where)
	}
	for _, tr := range p.Transformations {
		for from, to := range tr.Options.RenameByName {
			if !strings.HasPrefix(from, "Value") {
				continue
			}
			unit := false
			for _, o := range p.FieldConfig.Overrides {
				for _, prop := range o.Properties {
					unit = unit || o.Matcher.Options == to && prop.ID == "unit" && prop.Value != ""
				}
			}
			if !unit {
				t.Errorf("%s: the column %s has no unit", where, to)
			}
		}
	}
}

// TestWindows: windows of rates over time contain several pushes of a bot that pushes once a minute, whatever the scrape interval of the data
// source. Instant queries do not use such windows, and queries without rates have no minimum step.
func TestWindows(t *testing.T) {
	rates := 0
	for _, d := range load(t) {
		for _, p := range d.Panels {
			for _, q := range p.Targets {
				where, want := d.UID+", "+p.Title+", "+q.RefID, ""
				if strings.Contains(q.Expr, "$__rate_interval") {
					rates++
					want = "1m"
				}
				if want != "" && q.Instant {
					t.Errorf("%s is about now, and has the window of a course", where)
				}
				if q.Interval != want {
					t.Errorf("%s has the least step %q, want %q", where, q.Interval, want)
				}
			}
		}
	}
	if rates < 50 {
		t.Errorf("only %d queries have rates over time", rates)
	}
}

// TestZombies: the thresholds of heartbeat ages, and Fleet's sign, start where the alert does.
func TestZombies(t *testing.T) {
	var intervals string
	for _, threshold := range rules.Thresholds() {
		if threshold.Name == "ZombieIntervals" {
			intervals = threshold.Value
		}
	}
	seen := 0
	for _, d := range load(t) {
		for _, p := range d.Panels {
			switch p.Title {
			case "Oldest heartbeat", "Intervals since the last acknowledgement":
				seen++
				if steps := p.FieldConfig.Defaults.Thresholds.Steps; len(steps) < 2 || fmt.Sprint(*steps[1].Value) != intervals {
					t.Errorf("%s, %s is not coloured from %s on: %v", d.UID, p.Title, intervals, steps)
				}
			case "Signs of trouble":
				seen++
				if !strings.Contains(p.Targets[0].Expr, "> bool "+intervals+" and ") {
					t.Errorf("%s, %s: the zombie's sign does not begin at %s: %s", d.UID, p.Title, intervals, p.Targets[0].Expr)
				}
			}
		}
	}
	if intervals == "" || seen != 3 {
		t.Errorf("the alert begins at %q, and %d panels are about it, want 3", intervals, seen)
	}
}

// TestVariables: each used variable is defined, each defined one is used, and all allow multiple values.
func TestVariables(t *testing.T) {
	use := regexp.MustCompile(`\$\{?(\w+)(?::\w+)?\}?`)
	for _, d := range load(t) {
		defined := map[string]bool{}
		for _, v := range d.Templating.List {
			defined[v.Name] = true
			if v.Label == "" || v.Type == "query" && (!v.Multi || !v.IncludeAll || v.AllValue != ".*") {
				t.Errorf("%s: %s is not one of which any number can be chosen: %+v", d.UID, v.Name, v)
			}
		}
		if first := d.Templating.List[0]; first.Type != "datasource" || first.Query != "prometheus" || first.Name != "datasource" {
			t.Errorf("%s: the first variable is not the data source: %+v", d.UID, first)
		}
		for _, name := range append([]string{"datasource"}, origin...) {
			if !defined[name] {
				t.Errorf("%s has no variable %s", d.UID, name)
			}
		}
		if shards := d.UID == "argus-overview" || d.UID == "argus-gateway"; shards != defined["shard"] {
			t.Errorf("%s: has a variable shard: %v", d.UID, defined["shard"])
		}
		used := map[string]bool{"datasource": true} // checked by TestDashboards
		for _, e := range d.expressions() {
			for _, m := range use.FindAllStringSubmatch(e.expr, -1) {
				used[m[1]] = true
				if builtIn := slices.Contains([]string{"__rate_interval", "__rate_interval_ms", "__range"}, m[1]); !builtIn && !defined[m[1]] {
					t.Errorf("%s uses $%s, which is not defined", e.where, m[1])
				}
			}
		}
		for name := range defined {
			if !used[name] {
				t.Errorf("%s: nothing depends on the variable %s", d.UID, name)
			}
		}
		// Links and titles.
		var tree any
		if err := json.Unmarshal([]byte(d.text), &tree); err != nil {
			t.Fatal(err)
		}
		walk(tree, func(key string, value any) {
			text, ok := value.(string)
			if !ok || key == "expr" {
				return
			}
			for _, m := range use.FindAllStringSubmatch(text, -1) {
				builtIn := slices.Contains([]string{"__url_time_range", "__value", "__data"}, m[1])
				if !builtIn && !defined[m[1]] {
					t.Errorf("%s: %q uses $%s, which is not defined", d.UID, text, m[1])
				}
			}
		})
	}
}

// TestLinks: each dashboard links to all others, and no link is dead.
func TestLinks(t *testing.T) {
	for _, d := range load(t) {
		var tree any
		if err := json.Unmarshal([]byte(d.text), &tree); err != nil {
			t.Fatal(err)
		}
		walk(tree, func(key string, value any) {
			if key != "url" || value == "" {
				return
			}
			uid, _, _ := strings.Cut(strings.TrimPrefix(value.(string), "/d/"), "?")
			if !slices.Contains(order, uid) {
				t.Errorf("%s has a link to %v", d.UID, value)
			}
			// The dashboard's own links keep all variables.
			for _, label := range origin {
				if _, query, ok := strings.Cut(value.(string), "?"); ok && !strings.Contains(query, "${"+label+":queryparam}") && !strings.Contains(query, "var-"+label+"=") {
					t.Errorf("%s: the link %v loses the choice of %s", d.UID, value, label)
				}
			}
		})
		var want, got []string
		for _, uid := range order {
			if uid != d.UID {
				want = append(want, "/d/"+uid)
			}
		}
		for _, l := range d.Links {
			got = append(got, l.URL)
			if l.Type != "link" || !l.IncludeVars || !l.KeepTime {
				t.Errorf("%s: the link to %s loses the time or the choices", d.UID, l.URL)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s leads to %v, want %v", d.UID, got, want)
		}
	}
}

// TestLockFile: npm's packages are pinned by version and checksum, and the lock file
// names no registry.
func TestLockFile(t *testing.T) {
	read := func(file string, into any) string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		return string(text)
	}
	var manifest struct {
		Dependencies, DevDependencies map[string]string
	}
	read("package.json", &manifest)
	if len(manifest.DevDependencies) == 0 || len(manifest.Dependencies) > 0 {
		t.Errorf("the dependencies are %v and %v", manifest.Dependencies, manifest.DevDependencies)
	}
	var lock struct {
		Packages map[string]struct{ Version, Resolved, Integrity string }
	}
	if text := read("package-lock.json", &lock); strings.Contains(text, "://") {
		t.Error("package-lock.json has an address in it")
	}
	for name, version := range manifest.DevDependencies {
		if !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(version) {
			t.Errorf("%s is not pinned: %s", name, version)
		}
		if got := lock.Packages["node_modules/"+name].Version; got != version {
			t.Errorf("%s is %s in the lock file, want %s", name, got, version)
		}
	}
	for name, p := range lock.Packages {
		if name != "" && (p.Resolved != "" || !strings.HasPrefix(p.Integrity, "sha512-")) {
			t.Errorf("%s: resolved %q, integrity %q", name, p.Resolved, p.Integrity)
		}
	}
}
