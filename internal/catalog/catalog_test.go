package catalog_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/prometheus/otlptranslator"
)

// translated gives the Prometheus name as the exporters' own translator makes it.
func translated(t *testing.T, i catalog.Instrument) string {
	t.Helper()
	kinds := map[catalog.Kind]otlptranslator.MetricType{
		catalog.Gauge:         otlptranslator.MetricTypeGauge,
		catalog.Counter:       otlptranslator.MetricTypeMonotonicCounter,
		catalog.Histogram:     otlptranslator.MetricTypeHistogram,
		catalog.UpDownCounter: otlptranslator.MetricTypeNonMonotonicCounter,
	}
	namer := otlptranslator.NewMetricNamer("", otlptranslator.UnderscoreEscapingWithSuffixes)
	name, err := namer.Build(otlptranslator.Metric{Name: i.Name, Unit: i.Unit, Type: kinds[i.Kind]})
	if err != nil {
		t.Fatalf("translating %q: %v", i.Name, err)
	}
	return name
}

func TestPrometheusNameIsTheTranslators(t *testing.T) {
	for _, i := range catalog.All() {
		if got, want := i.PrometheusName(), translated(t, i); got != want {
			t.Errorf("%s: PrometheusName() = %q, the translator makes %q", i.Name, got, want)
		}
	}
}

func TestNamesDoNotCollide(t *testing.T) {
	otel, prom := map[string]bool{}, map[string]string{}
	for _, i := range catalog.All() {
		if otel[i.Name] {
			t.Errorf("%s is in the catalog twice", i.Name)
		}
		otel[i.Name] = true
		// A histogram takes three names in the exposition.
		names := []string{i.PrometheusName()}
		if i.Kind == catalog.Histogram {
			names = append(names, names[0]+"_bucket", names[0]+"_sum", names[0]+"_count")
		}
		for _, name := range names {
			if other, taken := prom[name]; taken {
				t.Errorf("%s and %s are both %s for Prometheus", i.Name, other, name)
			}
			prom[name] = i.Name
		}
	}
}

var (
	nameRE       = regexp.MustCompile(`^(discord|argus)(\.[a-z][a-z0-9_]*)+$`)
	annotationRE = regexp.MustCompile(`^\{[a-z_]+\}$`)
	labelRE      = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

func TestInstrumentsAreWellFormed(t *testing.T) {
	for _, i := range catalog.All() {
		t.Run(i.Name, func(t *testing.T) {
			if !nameRE.MatchString(i.Name) {
				t.Errorf("name %q does not match %v", i.Name, nameRE)
			}
			if i.Unit != "" && i.Unit != "s" && i.Unit != "By" && !annotationRE.MatchString(i.Unit) {
				t.Errorf("unit %q is not one that the catalog uses", i.Unit)
			}
			if i.Kind.String() == "unknown" {
				t.Errorf("kind %d is not known", i.Kind)
			}
			if i.Description == "" || strings.HasSuffix(i.Description, ".") || strings.Contains(i.Description, "\n") {
				t.Errorf("description %q must be one line without a final full stop", i.Description)
			}
			if i.Section == "" {
				t.Error("no section")
			}
			if (i.Kind == catalog.Histogram) != (i.Buckets != nil) {
				t.Errorf("kind %v with buckets %v", i.Kind, i.Buckets)
			}
			if !slices.IsSorted(i.Buckets) {
				t.Errorf("buckets %v are not sorted", i.Buckets)
			}
			if i.Kind == catalog.Histogram && !slices.Contains(i.Buckets, 3) {
				t.Error("no bucket bound at the acknowledgement deadline of 3 s")
			}
		})
	}
}

func TestLabelsAreBounded(t *testing.T) {
	forbidden := regexp.MustCompile(`^(job|instance|guild|user|channel|message|token|member|path|url|id|.*_id)$`)
	for _, i := range catalog.All() {
		seen := map[string]bool{}
		for _, l := range i.Labels {
			if !labelRE.MatchString(l.Name) || forbidden.MatchString(l.Name) || slices.Contains(catalog.ResourceLabels(), l.Name) {
				t.Errorf("%s: label %q is malformed or forbidden", i.Name, l.Name)
			}
			if seen[l.Name] {
				t.Errorf("%s: label %q twice", i.Name, l.Name)
			}
			seen[l.Name] = true
			if (l.Values == nil) == (l.Bound == "") {
				t.Errorf("%s: label %q must have either a closed set or a bound", i.Name, l.Name)
			}
			values := slices.Clone(l.Values)
			slices.Sort(values)
			if len(slices.Compact(values)) != len(l.Values) {
				t.Errorf("%s: label %q has a value twice", i.Name, l.Name)
			}
		}
	}
}

func TestNamespaceMovesTheBotsNamesOnly(t *testing.T) {
	for _, tt := range []struct{ name, namespace, want string }{
		{"discord.guilds", "mybot", "mybot.guilds"},
		{"discord.guilds", "", "discord.guilds"},
		{"argus.up", "mybot", "argus.up"},
	} {
		i, ok := catalog.ByName(tt.name)
		if !ok {
			t.Fatalf("%s is not in the catalog", tt.name)
		}
		if got := i.In(tt.namespace).Name; got != tt.want {
			t.Errorf("%s in %q = %s, want %s", tt.name, tt.namespace, got, tt.want)
		}
	}
	if _, ok := catalog.ByName("discord.nothing"); ok {
		t.Error("an unknown name was found")
	}
}

// TestAllIsComplete reads the source: a variable that is declared as an
// instrument and forgotten in All would have no documentation and no test.
func TestAllIsComplete(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "instruments.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	for _, d := range file.Decls {
		gen, ok := d.(*ast.GenDecl)
		if !ok || gen.Tok != token.VAR {
			continue
		}
		for _, s := range gen.Specs {
			for _, n := range s.(*ast.ValueSpec).Names {
				if n.IsExported() {
					declared++
				}
			}
		}
	}
	if got := len(catalog.All()); got != declared {
		t.Errorf("All has %d instruments, the file declares %d", got, declared)
	}
}

// TestEventsAreDiscords compares the closed set of the label event with a copy
// of the names that Discord documents.
func TestEventsAreDiscords(t *testing.T) {
	text, err := os.ReadFile("testdata/gateway-events.txt")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			documented = append(documented, line)
		}
	}
	want := append(slices.Clone(documented), catalog.Unknown)
	if got := catalog.Events(); !slices.Equal(got, want) {
		t.Errorf("the catalog has  %v\nDiscord documents %v", got, want)
	}
	if !slices.IsSorted(documented) || len(documented) < 80 {
		t.Errorf("%d names, or not in their order", len(documented))
	}
}

// undocumented are the dispatches that discordgo decodes and that Discord does
// not document: they count as unknown. Those of stages have other names.
var undocumented = []string{
	"PRESENCES_REPLACE", "STAGE_INSTANCE_EVENT_CREATE", "STAGE_INSTANCE_EVENT_DELETE", "STAGE_INSTANCE_EVENT_UPDATE",
}

// TestEventsCoverDiscordgo fails when discordgo decodes a dispatch that the
// closed set of the label event lacks.
func TestEventsCoverDiscordgo(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/bwmarrin/discordgo").Output()
	if err != nil {
		t.Fatalf("finding discordgo's source: %v", err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(out)), "eventhandlers.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	events, found := catalog.Events(), 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasSuffix(spec.Names[0].Name, "EventType") {
			return true
		}
		name, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(name, "__") {
			return true // synthetic: never on the wire
		}
		found++
		if known := slices.Contains(events, name); known == slices.Contains(undocumented, name) {
			t.Errorf("discordgo decodes %s; in the catalog: %t: it must be there, or among the undocumented", name, known)
		}
		return true
	})
	if found < 50 {
		t.Errorf("only %d event types found in discordgo's source: does the test still read it right?", found)
	}
}
