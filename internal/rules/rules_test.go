package rules

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/internal/promcheck"
)

const root = "../.."

// TestFilesAreWritten: the committed files are up to date.
func TestFilesAreWritten(t *testing.T) {
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range files {
		got, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Error(err)
		} else if string(got) != want {
			t.Errorf("%s is not up to date: run go generate ./internal/rules", path)
		}
	}
}

var (
	alertName  = regexp.MustCompile(`^(Discord|Argus)([A-Z][a-z]+)+$`)
	duration   = regexp.MustCompile(`^([1-9]\d*[smh])?$`)
	labelInUse = regexp.MustCompile(`\$labels\.(\w+)`)
)

// TestAlertsAreComplete: each alert has a severity, a summary, a description and a level, and its texts use only labels of the level.
func TestAlertsAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range Alerts() {
		for _, a := range g.Alerts {
			if seen[a.Name] || !alertName.MatchString(a.Name) {
				t.Errorf("%s is a duplicate, or is not named Discord… or Argus…", a.Name)
			}
			seen[a.Name] = true
			if !slices.Contains([]string{Critical, Warning, Info}, a.Severity) {
				t.Errorf("%s has the severity %q", a.Name, a.Severity)
			}
			if a.Summary == "" || strings.HasSuffix(a.Summary, ".") {
				t.Errorf("%s: the summary must be a sentence without a full stop, and is %q", a.Name, a.Summary)
			}
			if !strings.HasSuffix(a.Description, ".") {
				t.Errorf("%s: the description must be sentences, and is %q", a.Name, a.Description)
			}
			if !duration.MatchString(a.For) || !duration.MatchString(a.Keep) {
				t.Errorf("%s: for %q and keep_firing_for %q must be durations", a.Name, a.For, a.Keep)
			}
			if a.Name != "ArgusScrapeFails" { // of the scrape, which knows no bot
				toldApart(t, a.Name, a.Expr)
				if !strings.Contains(a.Summary, theBot) {
					t.Errorf("%s: the summary does not name the bot: %s", a.Name, a.Summary)
				}
			}
			level := append(strings.Split(a.Level, ", "), "job", "bot", "region")
			for _, m := range labelInUse.FindAllStringSubmatch(a.Summary+a.Description, -1) {
				if !slices.Contains(level, m[1]) {
					t.Errorf("%s uses the label %s, which is not in its level (%s)", a.Name, m[1], a.Level)
				}
			}
			if a.Level == "" {
				t.Errorf("%s has no level", a.Name)
			}
			for label := range strings.SplitSeq(a.Level, ", ") {
				if label != levelBot && !strings.Contains(a.Summary+a.Description, "$labels."+label) {
					t.Errorf("%s: its texts do not name the %s", a.Name, label)
				}
			}
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d alerts", len(seen))
	}
}

var recordName = regexp.MustCompile(`^(bot|shard|cluster|cluster_shard|cluster_command):[a-z][a-z_]*[a-z]:([a-z]+_)?[a-z]+[0-9]*[mhd]?$`)

// TestRecordsAreNamed level:metric:operations, each once.
func TestRecordsAreNamed(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range Records() {
		for _, r := range g.Records {
			if seen[r.Name] || !recordName.MatchString(r.Name) {
				t.Errorf("%s is a duplicate, or is not level:metric:operations", r.Name)
			}
			seen[r.Name] = true
			if !strings.HasSuffix(r.About, ".") {
				t.Errorf("%s: About is not a sentence: %q", r.Name, r.About)
			}
			level, _, _ := strings.Cut(r.Name, ":")
			by := "by (job, bot, " + strings.ReplaceAll(strings.ReplaceAll(level, "cluster", "region, cluster"), "_", ", ") + ")"
			if level == levelBot {
				by = "by (job, bot)"
			}
			if !strings.Contains(r.Expr, by) && !isOf(r.Expr, level) {
				t.Errorf("%s: the level does not fit the expression %s", r.Name, r.Expr)
			}
			toldApart(t, r.Name, r.Expr)
		}
	}
}

// isOf reports whether an expression reads only records of the level.
func isOf(expr, level string) bool {
	q, err := promcheck.Parse(expr)
	return err == nil && !slices.ContainsFunc(q.Selectors, func(s promcheck.Selector) bool { return !strings.HasPrefix(s.Metric, level+":") })
}

var (
	grouped  = regexp.MustCompile(`\b(?:by|on)\s*\(([^)]*)\)`)
	gathered = regexp.MustCompile(`\b(?:sum|max|min|avg|count|group|count_values|quantile|topk|bottomk)\s*\(`)
)

// toldApart fails if an expression aggregates or matches series of several bots.
func toldApart(t *testing.T, name, expr string) {
	t.Helper()
	for _, m := range grouped.FindAllStringSubmatch(expr, -1) {
		if !strings.HasPrefix(m[1], "job, bot") {
			t.Errorf("%s mixes bots by (%s)", name, m[1])
		}
	}
	if m := gathered.FindString(expr); m != "" {
		t.Errorf("%s mixes bots: %s…) has no by", name, m)
	}
	if strings.Contains(expr, "ignoring") || strings.Contains(expr, "without") {
		// These list the labels to drop; job and bot must stay.
		for _, m := range regexp.MustCompile(`(?:ignoring|without)\s*\(([^)]*)\)`).FindAllStringSubmatch(expr, -1) {
			if strings.Contains(m[1], "job") || strings.Contains(m[1], "bot") {
				t.Errorf("%s mixes bots, without (%s)", name, m[1])
			}
		}
	}
}

// TestThresholds: each threshold has a reason and is used, and expressions contain no other numbers.
func TestThresholds(t *testing.T) {
	var texts strings.Builder
	for _, g := range Records() {
		for _, r := range g.Records {
			texts.WriteString(r.Expr)
		}
	}
	bare := regexp.MustCompile(`(?:[<>]=?|[*/])\s*-?[0-9.]+`)
	for _, g := range Alerts() {
		for _, a := range g.Alerts {
			texts.WriteString(a.Expr)
			for _, number := range bare.FindAllString(a.Expr, -1) {
				// Any; more than one.
				if number != "> 0" && number != "> 1" {
					t.Errorf("%s compares with a number that is not a threshold: %s", a.Name, number)
				}
			}
		}
	}
	seen := map[string]bool{}
	for _, th := range Thresholds() {
		if seen[th.Name] {
			t.Errorf("%s is a duplicate", th.Name)
		}
		seen[th.Name] = true
		if !strings.Contains(texts.String(), "${"+th.Name+"}") {
			t.Errorf("%s is not used", th.Name)
		}
		if !strings.HasSuffix(th.Reason, ".") && !strings.HasSuffix(th.Reason, ").") {
			t.Errorf("%s has no reason", th.Name)
		}
		if th.Source != "" && !strings.HasPrefix(th.Source, "https://") {
			t.Errorf("%s: the source is %q", th.Name, th.Source)
		}
	}
}

func TestExpandNamesWhatIsMissing(t *testing.T) {
	if _, err := expand("x > ${Nothing}"); err == nil || !strings.Contains(err.Error(), "Nothing") {
		t.Errorf("an unknown threshold gives %v", err)
	}
}
