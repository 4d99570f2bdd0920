package argus

import (
	"bytes"
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
		if s.meaning == "" || s.values == "" || s.byDefault == "" {
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
		{WithHost(""), []string{envHost}},
		{WithPort(0), []string{envPort}},
		{WithAddr(":0"), []string{envHost, envPort}},
		{WithPortBase(1), []string{envPortBase}},
		{WithAllowedHosts(), []string{envAllowedHosts}},
		{WithMetricsPath(""), []string{envMetricsPath}},
		{WithAuthToken(""), []string{envAuthToken}},
		{WithNamespace(""), []string{envNamespace}},
		{WithProcessMetrics(true), []string{envProcessMetrics}},
		{WithAcks(true), []string{envAcks}},
		{WithLogRecords(true), []string{envLogRecords}},
		{WithSessionStartPoll(0), []string{envSessionPoll}},
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
	if n := bytes.Count(source, []byte("overriding(env")) + 2; n != 14 { // and the two of WithAddr
		t.Errorf("options.go overrides %d settings; the list above tests 14: extend it", n)
	}
	code, err := os.ReadFile("config.go")
	if err != nil {
		t.Fatal(err)
	}
	documented := string(configurationDocument(exported))
	for _, m := range regexp.MustCompile(`"((?:ARGUS|OTEL|CLUSTER)_[A-Z_]+)"`).FindAllSubmatch(code, -1) {
		if !strings.Contains(documented, "`"+string(m[1])+"`") {
			t.Errorf("config.go mentions %s, which docs/CONFIGURATION.md does not", m[1])
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
			case ".git", "examples", "cmd", "internal", "otelcol", "testdata":
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

func configurationDocument(options []option) []byte {
	var b bytes.Buffer
	b.WriteString(`<!-- Generated by go generate from config.go and options.go. Do not edit. -->

# Configuration

Argus works without any setting. Each setting below can be given in code, or in the environment, or not at all: **an option in code
wins over an environment variable, which wins over the default.** A variable that an option overrides is not looked at.

All variables are read once, by ` + "`argus.Start`" + `, before anything is started. A value that cannot be used is an error that names the variable or
option and the value; all problems are reported together, and nothing is started:

` + "```" + `
ARGUS_PORT="abc": must be a whole number from 1 to 65535
OTEL_METRICS_EXPORTER="promethues": must be a comma-separated list of prometheus and otlp, or none; "promethues" is not an exporter of Argus (did you mean "prometheus"?)
` + "```" + `

An empty variable counts as unset, as the OpenTelemetry specification has it, except where the table says otherwise. Booleans are
` + "`true` and `false`" + ` in any case, and nothing else: what the specification would take for ` + "`false`" + ` with a warning is an error here. Tokens, headers and
URLs that may hold a password are never shown, in no error and no log line.

Package ` + "`instrument`" + ` alone, for programs with an OpenTelemetry set-up of their own, reads none of this.

## Variables

| variable | option | default | accepted values | meaning |
| --- | --- | --- | --- | --- |
`)
	row := func(s setting) {
		names := make([]string, len(s.options))
		for i, o := range s.options {
			names[i] = "`" + o + "`"
		}
		by := strings.Join(names, ", ")
		if by == "" {
			by = "–"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", s.variable, by, s.byDefault, s.values, s.meaning)
	}
	for _, s := range settings {
		if !s.push {
			row(s)
		}
	}
	fmt.Fprintf(&b, `
## Shards

Argus measures the sessions that it is given, and makes none. For a bot that runs as several processes, package `+"`resource`"+` tells each of them
its shards, in the same place where the label `+"`cluster`"+` comes from, so that neither is typed twice:

`+"```go"+`
me, err := resource.Detect() // me.ShardIDs, me.ShardCount, me.ClusterID, and where each came from
`+"```"+`

`+"`argus.Start`"+` does not look at these variables, so a bot that has a form of its own for them is not disturbed.

| variable | option of Detect | default | accepted values | meaning |
| --- | --- | --- | --- | --- |
| `+"`%[1]s` | `WithShardCount` | `1`"+` | a whole number from 1 to %[4]d | Shards of the whole bot, the same in all processes. |
| `+"`%[2]s` | `WithShardsPerCluster`"+` | unset | a whole number from 1 to %[4]d | How many shards each process has. Process 0 has the first ones, process 1 the next; the last may have fewer. The number of the process is `+"`%[5]s` less `%[6]s`"+`, or that of a StatefulSet's pod. |
| `+"`%[3]s` | `WithShardIDs`"+` | all, in the first process | ids and ranges with commas between them, such as 0,1 or 0-3 or 0-3,8 | The shards of this process, where they do not follow from its number. |

Set but empty is an error, and so are two that disagree, a number for which there is no shard, a shard beyond the count, and a process with a number other than
that of the first one and without a word about its shards: the error names both sources. Processes that have names in place of numbers need `+"`%[3]s`"+`; with `+"`%[1]s`"+` alone
each of them has all shards, and every event is handled by all. On Kubernetes, Docker Swarm, Nomad and systemd the number comes from the platform:
[HOSTING.md](HOSTING.md) has the lines to write.

## Variables of the push
`, resource.EnvShardCount, resource.EnvShardsPerCluster, resource.EnvShardIDs, resource.MaxShardCount, resource.EnvClusterID, resource.EnvClusterIDStart)
	b.WriteString(`
Read only when the ` + "`otlp`" + ` exporter is chosen. Their meaning is OpenTelemetry's, and so is the rule that ` + "`OTEL_EXPORTER_OTLP_METRICS_…`" + `, where it is
set, wins over ` + "`OTEL_EXPORTER_OTLP_…`" + `. OpenTelemetry's SDK would replace a wrong value by its default; Argus refuses it.

| variable | option | default | accepted values | meaning |
| --- | --- | --- | --- | --- |
`)
	for _, s := range settings {
		if s.push {
			row(s)
		}
	}
	b.WriteString(`
` + "`OTEL_EXPORTER_PROMETHEUS_HOST` and `OTEL_EXPORTER_PROMETHEUS_PORT`" + ` are not read: their defaults (localhost, 9464) are not Argus' own.
` + "`OTEL_METRICS_EXEMPLAR_FILTER` and `OTEL_GO_X_CARDINALITY_LIMIT`" + ` have no effect: exemplars are off, and the limit is set above what Argus can need.

## Options

| option | what it does | variable |
| --- | --- | --- |
`)
	for _, o := range options {
		var variables []string
		for _, s := range settings {
			if slices.Contains(s.options, o.name) {
				variables = append(variables, "`"+s.variable+"`")
			}
		}
		by := strings.Join(variables, ", ")
		if by == "" {
			by = "–"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", o.name, o.what, by)
	}
	return b.Bytes()
}
