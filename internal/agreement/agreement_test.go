package agreement

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"go.yaml.in/yaml/v3"

	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/findings"
)

// TestAgreement: the evaluator gives what promtool's unit tests say, each of them; and
// at each time at which one looks, and at steps in between, each alert that fires has its
// finding and the other way round, or the difference belongs to a class. So it is for the
// recorded plays of the demo.
func TestAgreement(t *testing.T) {
	files := testFiles(t)
	files = append(files, plays(t, &files[0])...)
	total := &tally{classes: map[string]int{}, reasons: map[string]int{}}
	all := 0
	t.Run("histories", func(t *testing.T) {
		for f := range files {
			for c := range files[f].Tests {
				test := &files[f].Tests[c]
				all++
				t.Run(files[f].name+"/"+test.Name, func(t *testing.T) {
					t.Parallel()
					h, err := evaluate(t.Context(), &files[f], test)
					if err != nil {
						t.Fatal(err)
					}
					h.check(t)
					own := &tally{classes: map[string]int{}, reasons: map[string]int{}}
					h.compare(t, own)
					switch {
					case test.Name == "calm" && own.compared > 0:
						t.Errorf("on a calm day there are alerts or findings: %+v", own)
					case files[f].played && test.Name != "calm" && own.agreed == 0:
						t.Error("nothing is found in a play")
					}
					total.add(own)
				})
			}
		}
	})
	t.Logf("%d histories, %d examinations, %d alerts or findings compared, %d agree; differences at the times at which tests look and in between: %v",
		total.histories, total.examined, total.compared, total.agreed, total.classes)
	if total.histories < all {
		return // only some were asked for
	}
	for _, c := range classes {
		if total.classes[c.name] == 0 {
			t.Errorf("no difference is of the class %q", c.name)
		}
	}
	for _, name := range reasons() {
		if total.reasons[name] == 0 {
			t.Errorf("no difference has the reason %q", name)
		}
	}
}

// TestClassesAreDocumented: the document names each class of differences.
func TestClassesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/EXPLAIN.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range classes {
		if !strings.Contains(string(text), "\n| "+c.name+" | ") {
			t.Errorf("docs/EXPLAIN.md has no row for the class %q", c.name)
		}
	}
}

// TestPlaysAreRecorded: there is a recording of each scenario that the document
// describes, and of the mix of all.
func TestPlaysAreRecorded(t *testing.T) {
	text, err := os.ReadFile("../../docs/SCENARIOS.md")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"mix"}
	for _, m := range regexp.MustCompile("(?m)^## `([a-z-]+)`$").FindAllSubmatch(text, -1) {
		want = append(want, string(m[1]))
	}
	slices.Sort(want)
	files := testFiles(t)
	var got []string
	for _, f := range plays(t, &files[0]) {
		got = append(got, strings.TrimSuffix(f.name, ".yml.gz"))
	}
	if !slices.Equal(got, want) {
		t.Errorf("there are recordings of %q, want %q", got, want)
	}
}

// TestHeldBack: the example for Alertmanager holds back what findings leave out.
func TestHeldBack(t *testing.T) {
	text, err := os.ReadFile("../../dashboards/rules/alertmanager/example.yml")
	if err != nil {
		t.Fatal(err)
	}
	var example struct {
		Inhibit []struct {
			Source []string `yaml:"source_matchers"`
			Target []string `yaml:"target_matchers"`
		} `yaml:"inhibit_rules"`
	}
	if err := yaml.Unmarshal(text, &example); err != nil {
		t.Fatal(err)
	}
	for milder, worse := range heldBack {
		held := false
		for _, rule := range example.Inhibit {
			held = held || strings.Contains(fmt.Sprint(rule.Source), worse) && strings.Contains(fmt.Sprint(rule.Target), milder)
		}
		if !held {
			t.Errorf("%s does not hold back %s", worse, milder)
		}
	}
}

type tally struct {
	histories, examined, compared, agreed int
	classes, reasons                      map[string]int

	mu sync.Mutex
}

// add adds the tally of one history.
func (t *tally) add(one *tally) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.histories++
	t.examined += one.examined
	t.compared += one.compared
	t.agreed += one.agreed
	for name, n := range one.classes {
		t.classes[name] += n
	}
	for name, n := range one.reasons {
		t.reasons[name] += n
	}
}

// check compares a history with what its test expects.
func (h *history) check(t *testing.T) {
	t.Helper()
	for _, want := range h.test.Alerts {
		at := time.Duration(want.At)
		var wanted, got []string
		for _, a := range want.Alerts {
			own := maps.Clone(a.Labels)
			own[labels.AlertName] = want.Name
			wanted = append(wanted, fmt.Sprintf("%s %q", labels.FromMap(own), a.Annotations))
		}
		for _, a := range h.alertsAt(at) {
			if a.firing && a.rule.Alert == want.Name {
				texts, err := a.annotations(at)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, fmt.Sprintf("%s %q", a.labels, texts))
			}
		}
		slices.Sort(wanted)
		slices.Sort(got)
		if !slices.Equal(wanted, got) {
			t.Errorf("%s at %v:\n got %q\nwant %q", want.Name, at, got, wanted)
		}
	}
	for _, want := range h.test.Exprs {
		got, err := h.query(t.Context(), want.Expr, time.Duration(want.At))
		if err != nil {
			t.Errorf("%s: %v", want.Expr, err)
			continue
		}
		if len(got) != len(want.Samples) {
			t.Errorf("%s at %v has %d results, want %d: %v", want.Expr, want.At, len(got), len(want.Samples), got)
		}
		for _, sample := range want.Samples {
			of, err := promqlParser.ParseMetric(sample.Labels)
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, s := range got {
				found = found || labels.Equal(s.Metric, of) && h.equal(s.F, sample.Number)
			}
			if !found {
				t.Errorf("%s at %v has no %s %v: %v", want.Expr, want.At, sample.Labels, sample.Number, got)
			}
		}
	}
}

// equal compares as promtool does, with fuzzy_compare or without.
func (h *history) equal(a, b float64) bool {
	return a == b || h.file.Fuzzy && (math.Nextafter(a, math.Inf(-1)) == b || math.Nextafter(a, math.Inf(1)) == b)
}

// mostSteps is the number of steps of a test at which findings are examined, besides
// the times at which the test looks.
const mostSteps = 60

// examinations are the times at which findings are examined, ascending.
func (h *history) examinations() []time.Duration {
	times := h.test.evalTimes()
	for i := 0; i < len(h.steps); i += 1 + len(h.steps)/mostSteps {
		times = append(times, h.steps[i])
	}
	slices.Sort(times)
	return slices.Compact(times)
}

// bots are those that have metrics of Argus.
func (h *history) bots() []evidence.Bot {
	seen := map[evidence.Bot]bool{}
	for name, list := range h.store.names {
		if !strings.HasPrefix(name, "discord_") && !strings.HasPrefix(name, "argus_") {
			continue // Prometheus' own, or recorded
		}
		for _, s := range list {
			seen[evidence.Bot{Job: s.labels.Get("job"), Name: s.labels.Get("bot")}] = true
		}
	}
	return slices.SortedFunc(maps.Keys(seen), func(a, b evidence.Bot) int { return strings.Compare(a.String(), b.String()) })
}

// A difference is an alert without a finding, or a finding without an alert.
type difference struct {
	*history
	at      time.Duration
	name    string
	alert   *alert            // nil if it is neither pending nor firing
	finding *findings.Finding // nil if there is none
	others  []findings.Finding
	lacked  time.Duration // when the finding was examined last and not there
}

// compare examines each bot and compares its findings with its alerts.
func (h *history) compare(t *testing.T, total *tally) {
	t.Helper()
	bots := h.bots()
	without := make([]map[string]time.Duration, len(bots)) // since when each finding has been there
	for i := range without {
		without[i] = map[string]time.Duration{}
	}
	sources := make([]*source, len(bots))
	for i, b := range bots {
		sources[i] = newSource(h, b)
	}
	before := time.Duration(0)
	for _, at := range h.examinations() {
		alerts := h.alertsAt(at)
		met := make([]bool, len(alerts))
		var everything []findings.Finding
		for i := range bots {
			found := examine(t, sources[i], at)
			total.examined++
			everything = append(everything, found...)
			began := map[string]time.Duration{}
			for n := range found {
				f := &found[n]
				k := subject(f)
				if since, there := without[i][k]; there {
					began[k] = since
				} else {
					began[k] = h.lacked(t, sources[i], k, before, at)
				}
				d := difference{history: h, at: at, name: f.ID, finding: f, others: found, lacked: began[k]}
				for a := range alerts {
					if belongs(&alerts[a], bots[i]) && alerts[a].rule.Alert == f.ID && concern(alerts[a].labels, f.Subject) {
						met[a] = true
						d.alert = &alerts[a]
					}
				}
				d.judge(t, total)
			}
			without[i] = began
		}
		for a := range alerts {
			if alerts[a].firing && !met[a] {
				d := difference{history: h, at: at, name: alerts[a].rule.Alert, alert: &alerts[a], others: everything}
				d.judge(t, total)
			}
		}
		before = at
	}
}

// lacked returns the last step between two examinations without a finding.
func (h *history) lacked(t *testing.T, s *source, k string, after, at time.Duration) time.Duration {
	t.Helper()
	for i := len(h.steps) - 1; i >= 0 && h.steps[i] > after; i-- {
		if h.steps[i] < at && !slices.ContainsFunc(examine(t, s, h.steps[i]), func(f findings.Finding) bool { return subject(&f) == k }) {
			return h.steps[i]
		}
	}
	return after
}

func subject(f *findings.Finding) string { return fmt.Sprint(f.ID, f.Subject) }

// judge counts an agreement, or finds the class of a difference.
func (d *difference) judge(t *testing.T, total *tally) {
	t.Helper()
	total.compared++
	if d.finding != nil && d.alert != nil && d.alert.firing {
		total.agreed++
		return
	}
	for _, c := range classes {
		if reason, is := c.is(d); is {
			total.classes[c.name]++
			total.reasons[reason]++
			return
		}
	}
	if d.finding != nil {
		t.Errorf("at %v there is a finding %s %v since %v at the earliest, and no alert", d.at, d.name, d.finding.Subject, d.lacked)
		return
	}
	t.Errorf("at %v the alert %s fires, and there is no finding", d.at, d.alert.labels)
}

// examine returns the findings about a bot, with those that others explain. It fails for
// a report that cannot be written as JSON.
func examine(t *testing.T, s *source, at time.Duration) []findings.Finding {
	t.Helper()
	report, err := findings.Examine(t.Context(), s, epoch.Add(at))
	if err != nil {
		t.Fatalf("at %v: %v", at, err)
	}
	text, err := json.Marshal(report)
	if err != nil || !json.Valid(text) {
		t.Fatalf("at %v: the report is not JSON: %v", at, err)
	}
	return flat(report.Findings)
}

func flat(list []findings.Finding) (all []findings.Finding) {
	for _, f := range list {
		all = append(append(all, f), flat(f.Under)...)
	}
	return all
}

// belongs reports whether an alert is about a bot. A target of Prometheus has no label
// bot of its own.
func belongs(a *alert, b evidence.Bot) bool {
	return a.labels.Get("job") == b.Job && (a.labels.Get("bot") == b.Name || a.rule.Alert == "ArgusScrapeFails")
}

// concern reports whether an alert and a finding have the same subject, by the labels
// that both have.
func concern(a labels.Labels, subject evidence.Labels) bool {
	for name, value := range subject {
		if own := a.Get(name); own != "" && own != value {
			return false
		}
	}
	return true
}
