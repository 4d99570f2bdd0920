package argus

import (
	"bytes"
	_ "embed"
	"flag"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	lognoop "go.opentelemetry.io/otel/log/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/argus-dgo/argus/resource"
)

var update = flag.Bool("update", false, "write docs/CONFIGURATION.md instead of comparing it")

// TestConfigurationDocument holds docs/CONFIGURATION.md against the settings table and the options' own comments.
func TestConfigurationDocument(t *testing.T) {
	path := filepath.Join("docs", "CONFIGURATION.md")
	want := configurationDocument(exportedOptions(t))
	if *update {
		if err := os.MkdirAll("docs", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run go generate", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the settings table makes of it: run go generate", path)
	}
}

// An option is an exported function that returns an Option.
type option struct {
	name string
	what string // its comment, without its name
}

var docLink = regexp.MustCompile(`\[([A-Z][A-Za-z.]*)\]`)

func exportedOptions(t *testing.T) []option {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "options.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := doc.NewFromFiles(fset, []*ast.File{file}, "github.com/argus-dgo/argus")
	if err != nil {
		t.Fatal(err)
	}
	var options []option
	for _, typ := range pkg.Types {
		for _, f := range typ.Funcs {
			if typ.Name == "Option" {
				what := strings.Join(strings.Fields(f.Doc), " ")
				what = docLink.ReplaceAllString(strings.TrimPrefix(what, f.Name+" "), "`$1`")
				options = append(options, option{f.Name, strings.ReplaceAll(what, "|", `\|`)})
			}
		}
	}
	if len(options) < 10 {
		t.Fatalf("found only the options %v", options)
	}
	return options
}

// TestTableIsComplete: an option that a row names exists, an option that overrides a variable is named by its row, and
// every variable the package's code mentions has a row.
func TestTableIsComplete(t *testing.T) {
	exported := exportedOptions(t)
	source, err := os.ReadFile("options.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, s := range settings {
		if seen[s.variable] {
			t.Errorf("%s has two rows", s.variable)
		}
		seen[s.variable] = true
		if s.meaning == "" || s.accepts == "" || s.defaults() == "" {
			t.Errorf("the row of %s is not complete", s.variable)
		}
		for _, name := range s.options {
			if !slices.ContainsFunc(exported, func(o option) bool { return o.name == name }) {
				t.Errorf("the row of %s names %s, which is not an option", s.variable, name)
			}
		}
	}
	for _, o := range []struct {
		option    Option
		variables []string
	}{
		{WithExporters(), []string{envExporters}},
		{WithTracesExporter(OTLP), []string{envTracesExporter}},
		{WithTracerProvider(tracenoop.NewTracerProvider()), []string{envTracesExporter}},
		{WithLogsExporter(OTLP), []string{envLogsExporter}},
		{WithLoggerProvider(lognoop.NewLoggerProvider()), []string{envLogsExporter}},
		{WithTraceURL(""), []string{envTraceURL}},
		{WithTraceIDs(true), []string{"ARGUS_TRACE_IDS"}},
		{WithEventGuildIDs(true), []string{"ARGUS_EVENT_GUILD_IDS"}},
		{WithEventUserKeyFile(""), []string{envEventUserKeyFile}},
		{WithHost(""), []string{envHost}},
		{WithPort(0), []string{envPort}},
		{WithAddr(":0"), []string{envHost, envPort}},
		{WithPortBase(1), []string{envPortBase}},
		{WithAdvertiseAddr(""), []string{envAdvertiseAddr}},
		{WithAllowedHosts(), []string{"ARGUS_ALLOWED_HOSTS"}},
		{WithMetricsPath(""), []string{"ARGUS_METRICS_PATH"}},
		{WithAuthToken(""), []string{envAuthToken}},
		{WithDashboard(true), []string{envDashboard}},
		{WithDashboardAuthToken(""), []string{envDashboardToken}},
		{WithWebConfigFile(""), []string{envWebConfigFile}},
		{WithGrafanaURL(""), []string{envGrafanaURL}},
		{WithNamespace(""), []string{"ARGUS_NAMESPACE"}},
		{WithProcessMetrics(true), []string{"ARGUS_PROCESS_METRICS"}},
		{WithAcks(true), []string{"ARGUS_INTERACTION_ACKS"}},
		{WithHistory(true), []string{"ARGUS_HISTORY"}},
		{WithLogRecords(true), []string{"ARGUS_LOG_RECORDS"}},
		{WithSessionStartPoll(0), []string{"ARGUS_SESSION_START_POLL"}},
	} {
		overrides := collect([]Option{o.option}).overrides
		if len(overrides) != len(o.variables) {
			t.Errorf("an option for %v overrides %d variables", o.variables, len(overrides))
		}
		for variable, given := range overrides {
			i := slices.IndexFunc(settings, func(s setting) bool { return s.variable == variable })
			if i < 0 || !slices.Contains(o.variables, variable) {
				t.Errorf("%s overrides %s, which is not its setting", given.by, variable)
			} else if !slices.Contains(settings[i].options, string(given.by)) {
				t.Errorf("the row of %s does not name %s", variable, given.by)
			}
		}
	}
	if n := bytes.Count(source, []byte("return overriding(")) + 2; n != 26 { // and the two of WithAddr
		t.Errorf("options.go overrides %d settings; the list above tests 26: extend it", n)
	}
	code, err := os.ReadFile("settingstable.go")
	if err != nil {
		t.Fatal(err)
	}
	documented := string(configurationDocument(exported))
	for _, m := range regexp.MustCompile(`"((?:ARGUS|OTEL|CLUSTER)_[A-Z_]+)"`).FindAllSubmatch(code, -1) {
		if !strings.Contains(documented, "`"+string(m[1])+"`") {
			t.Errorf("the table mentions %s, which docs/CONFIGURATION.md does not", m[1])
		}
	}
}

// TestOneFunnel: no other file of the library reads the environment. Package resource takes a look-up function, and falls back to the
// process's own when it is used without the facade; package otlp checks what OpenTelemetry's exporter reads.
func TestOneFunnel(t *testing.T) {
	reads := regexp.MustCompile(`os\.(Getenv|LookupEnv|Environ|ExpandEnv)\b`)
	files := 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			switch entry.Name() {
			case ".git", "analytics", "examples", "cmd", "internal", "otelcol", "testdata":
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		files++
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		switch filepath.ToSlash(filepath.Dir(path)) {
		case "resource":
		case "exporters/otlp":
			if bytes.Contains(source, []byte(`"ARGUS_`)) {
				t.Errorf("%s reads a variable of Argus' own", path)
			}
		default:
			if found := reads.Find(source); found != nil && path != "config.go" {
				t.Errorf("%s calls %s: the environment is read in config.go only", path, found)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 3 {
		t.Errorf("looked at %d files only", files)
	}
}

//go:embed testdata/CONFIGURATION.md.tmpl
var configurationTemplate string

func configurationDocument(options []option) []byte {
	code := func(names []string) string {
		if len(names) == 0 {
			return "–"
		}
		return "`" + strings.Join(names, "`, `") + "`"
	}
	page := template.Must(template.New("CONFIGURATION.md").Funcs(template.FuncMap{
		"rows": func(push bool) string {
			var b strings.Builder
			for _, s := range settings {
				if s.push == push {
					fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", s.variable, code(s.options), s.defaults(), s.accepts, s.meaning)
				}
			}
			return b.String()
		},
		"options": func() string {
			var b strings.Builder
			for _, o := range options {
				var variables []string
				for _, s := range settings {
					if slices.Contains(s.options, o.name) {
						variables = append(variables, s.variable)
					}
				}
				fmt.Fprintf(&b, "| `%s` | %s | %s |\n", o.name, o.what, code(variables))
			}
			return b.String()
		},
	}).Parse(configurationTemplate))
	var b bytes.Buffer
	if err := page.Execute(&b, map[string]any{
		"ShardCount": resource.EnvShardCount, "ShardsPerCluster": resource.EnvShardsPerCluster, "ShardIDs": resource.EnvShardIDs,
		"MaxShardCount": resource.MaxShardCount, "ClusterID": resource.EnvClusterID, "ClusterIDStart": resource.EnvClusterIDStart,
	}); err != nil {
		panic(err)
	}
	return b.Bytes()
}
