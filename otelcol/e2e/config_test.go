package e2e

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/argus-dgo/argus/otelcol/internal/tools"
)

// combinations are the overlays that can be given together, in their order: each way out for metrics with each guard, each for traces and
// events with and without a token, and all of them at once.
func combinations() [][]string {
	var (
		all      [][]string
		guards   = [][]string{nil, {overTLS}, {token}, {overTLS, token}}
		metrics  = [][]string{nil, {remoteWrite}, {prometheusOTLP}, {prometheusOTLP, queue}, {fleets}}
		backends = [][]string{
			{tempo},
			{tempo, tempoQueue},
			{tempo, tailSampling},
			{tailSampling},
			{loki},
			{loki, lokiQueue},
			{clickHouse},
			{tempo, tempoQueue, tailSampling, loki, lokiQueue},
		}
	)
	add := func(overlays ...[]string) {
		set := slices.Concat(overlays...)
		onDisk := slices.ContainsFunc(set, func(o string) bool { return o == queue || o == tempoQueue || o == lokiQueue })
		if onDisk && slices.Contains(set, token) {
			set = append(set, tokenAndQueue)
		}
		all = append(all, set)
	}
	for _, way := range metrics {
		for _, guard := range guards {
			add(way, guard)
		}
	}
	for _, backend := range backends {
		add(backend)
		add(backend, []string{token})
	}
	for _, way := range metrics {
		add(way, backends[len(backends)-1], []string{overTLS, token})
	}
	return all
}

func combination(overlays []string) string {
	if len(overlays) == 0 {
		return "config.yaml alone"
	}
	var names []string
	for _, o := range overlays {
		names = append(names, strings.TrimSuffix(filepath.Base(o), ".yaml"))
	}
	return strings.Join(names, "+")
}

// TestConfigurations: the Collector accepts and runs config.yaml with each combination of overlays, without a warning.
func TestConfigurations(t *testing.T) {
	a := newAuthority(t, "authority")
	p := a.issue(t, "server", false)
	tokens := filepath.Join(t.TempDir(), "token")
	write(t, tokens, []byte(rightToken+"\n"))
	for _, overlays := range combinations() {
		t.Run(combination(overlays), func(t *testing.T) {
			env := map[string]string{
				"OTELCOL_TLS_CERT_FILE": p.cert, "OTELCOL_TLS_KEY_FILE": p.key, "OTELCOL_TOKEN_FILE": tokens,
				"OTELCOL_QUEUE_DIRECTORY": filepath.Join(t.TempDir(), "queue"),
			}
			var vars []string
			for k, v := range env {
				vars = append(vars, k+"="+v)
			}
			if out, err := output(t, tool(t, tools.Collector), vars, append([]string{"validate"}, configArgs(t, overlays...)...)...); err != nil || out != "" {
				t.Errorf("validate: %v\n%s", err, out)
			}
			c := startCollector(t, env, overlays...)
			c.reachable("http://"+c.telemetry+"/metrics", nil)
			c.stop()
			if c.err != nil {
				t.Errorf("it ends with %v", c.err)
			}
			for line := range strings.Lines(c.logged()) {
				if slices.Contains(overlays, clickHouse) && strings.Contains(line, "schema detection failed") { // no server is there
					continue
				}
				if strings.Contains(line, "\twarn\t") || strings.Contains(line, "\terror\t") {
					t.Errorf("the Collector warns: %s", line)
				}
			}
		})
	}
}

// TestCredentials: what README.md has for a Prometheus that asks for credentials is valid, and the header arrives, on both ways of writing.
func TestCredentials(t *testing.T) {
	t.Parallel()
	block := readmeBlock(t, "PROMETHEUS_AUTHORIZATION")
	for way, exporter := range map[string]string{remoteWrite: "prometheus_remote_write", prometheusOTLP: "otlp_http/prometheus"} {
		t.Run(exporter, func(t *testing.T) {
			header := make(chan string, 1)
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				select {
				case header <- r.Header.Get("Authorization"):
				default:
				}
				w.WriteHeader(http.StatusOK)
			}))
			defer srv.Close()
			own := filepath.Join(t.TempDir(), "own.yaml")
			write(t, own, []byte(strings.Replace(block, "prometheus_remote_write", exporter, 1)))
			c := startCollector(t, map[string]string{
				"PROMETHEUS_REMOTE_WRITE_URL": srv.URL, "PROMETHEUS_OTLP_URL": srv.URL, "PROMETHEUS_AUTHORIZATION": "Bearer " + rightToken,
			}, way, own)
			if status, err := post(t, "http://"+c.http+"/v1/metrics", nil, "", oneGauge("credentials")); status != http.StatusOK || err != nil {
				t.Fatalf("%d %v", status, err)
			}
			select {
			case got := <-header:
				if got != "Bearer "+rightToken {
					t.Errorf("the header is %q", got)
				}
			case <-time.After(15 * time.Second):
				t.Error("nothing arrived")
			}
			if strings.Contains(c.logged(), rightToken) {
				t.Error("the Collector's log holds the token")
			}
		})
	}
}

// readmeBlock is the configuration in README.md with that text.
func readmeBlock(t *testing.T, text string) string {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(moduleDir(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile("(?s) *```yaml\n(.*?)```").FindAllStringSubmatch(string(readme), -1) {
		if strings.Contains(found[1], text) {
			return found[1]
		}
	}
	t.Fatalf("README.md shows no configuration with %s", text)
	return ""
}

// TestMissingUnion: that overlays/token-and-queue.yaml is needed, as it says.
func TestMissingUnion(t *testing.T) {
	path := tool(t, tools.Collector)
	tokens := filepath.Join(t.TempDir(), "token")
	write(t, tokens, []byte(rightToken))
	_, vars := placed(t) // should it start after all
	out, err := output(t, path, append(vars, "OTELCOL_TOKEN_FILE="+tokens, "OTELCOL_QUEUE_DIRECTORY="+t.TempDir()),
		configArgs(t, prometheusOTLP, queue, token)...)
	if err == nil || !strings.Contains(out, "file_storage/queue") && !strings.Contains(out, "bearertokenauth/bots") {
		t.Errorf("the Collector starts without it, or does not say what is missing: %v\n%s", err, tail(out, 5))
	}
}

// TestPrometheusConfigurations: promtool accepts them, and they have the rules.
func TestPrometheusConfigurations(t *testing.T) {
	for _, file := range []string{"prometheus.yml", "prometheus-otlp.yml", "prometheus-pull.yml"} {
		out, err := output(t, tool(t, tools.Promtool), nil, "check", "config", "--lint=all", "--lint-fatal", filepath.Join(moduleDir(t), file))
		if err != nil || strings.Contains(out, "WARNING") {
			t.Errorf("%s: %v\n%s", file, err, out)
		}
		if !strings.Contains(out, "2 rule files found") {
			t.Errorf("%s has not both files of rules:\n%s", file, out)
		}
	}
}

// yamlFiles are all YAML files of the folder otelcol, relative to it.
func yamlFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"*.yaml", "*.yml", "overlays/*.yaml"} {
		found, err := filepath.Glob(filepath.Join(moduleDir(t), pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 8 {
		t.Fatalf("only %d files: %v", len(files), files)
	}
	return files
}

// TestYAML parses every file strictly: one document, no duplicate keys (the decoder refuses them), no key but those of its kind, no
// anchors, no value that is null by mistake. What is below those keys the Collector and promtool look at, in the tests above, but for the
// two files that neither reads.
func TestYAML(t *testing.T) {
	known := map[string][]string{
		"builder.yaml":       {"dist", "receivers", "processors", "exporters", "extensions", "providers"},
		"kustomization.yaml": {"apiVersion", "kind", "configMapGenerator"},
		".yaml":              {"receivers", "processors", "exporters", "extensions", "service"},
		".yml":               {"global", "rule_files", "otlp", "scrape_configs", "storage"},
	}
	for _, file := range yamlFiles(t) {
		name := filepath.Base(file)
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		decoder := yaml.NewDecoder(strings.NewReader(string(raw)))
		var root map[string]any
		if err := decoder.Decode(&root); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
			t.Errorf("%s has a second document: %v", name, err)
		}
		keys := known[name]
		if keys == nil {
			keys = known[filepath.Ext(name)]
		}
		for key := range root {
			if !slices.Contains(keys, key) {
				t.Errorf("%s has the key %s", name, key)
			}
		}
		var node yaml.Node
		if err := yaml.Unmarshal(raw, &node); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		walk(&node, func(n *yaml.Node) {
			if n.Kind == yaml.AliasNode || n.Anchor != "" {
				t.Errorf("%s:%d: an anchor", name, n.Line)
			}
			if n.Tag == "!!null" {
				t.Errorf("%s:%d: nothing is set", name, n.Line)
			}
		})
	}

	type modules []struct {
		GoMod string `yaml:"gomod"`
	}
	var builder struct {
		Dist struct {
			Module      string `yaml:"module"`
			Name        string `yaml:"name"`
			Description string `yaml:"description"`
			Version     string `yaml:"version"`
			OutputPath  string `yaml:"output_path"`
		} `yaml:"dist"`
		Receivers  modules `yaml:"receivers"`
		Processors modules `yaml:"processors"`
		Exporters  modules `yaml:"exporters"`
		Extensions modules `yaml:"extensions"`
		Providers  modules `yaml:"providers"`
	}
	decodeStrictly(t, filepath.Join(moduleDir(t), "builder.yaml"), &builder)
	if sources := datasources(t); sources.APIVersion != 1 || len(sources.Datasources) != 1 || sources.Datasources[0].Type != "prometheus" {
		t.Errorf("datasource.yaml has %+v, want one Prometheus", sources)
	}
}

// decodeStrictly reads a YAML file and refuses what into has no field for.
func decodeStrictly(t *testing.T, file string, into any) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		t.Errorf("%s: %v", filepath.Base(file), err)
	}
}

func walk(n *yaml.Node, visit func(*yaml.Node)) {
	visit(n)
	for _, c := range n.Content {
		walk(c, visit)
	}
}

var variableUse = regexp.MustCompile(`\$\{env:(\w+)(?::-([^}]*))?\}`)

// TestVariables: every variable has a default, the same wherever it is used, and both are in the comment at the head of its file and in
// README.md; and what these list is used.
func TestVariables(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(moduleDir(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	defaults := map[string]string{}
	for _, file := range yamlFiles(t) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(raw), "\n\n"+firstKey(string(raw)))
		listed := map[string]string{}
		for _, row := range regexp.MustCompile(`(?m)^#   ([A-Z][A-Z_]+) +([^ \n]+)`).FindAllStringSubmatch(head+"\n", -1) {
			listed[row[1]] = strings.TrimSuffix(row[2], ":")
		}
		for _, use := range variableUse.FindAllStringSubmatch(string(raw), -1) {
			name, value := use[1], use[2]
			if !strings.Contains(use[0], ":-") {
				t.Errorf("%s: %s has no default", filepath.Base(file), name)
			}
			if was, ok := defaults[name]; ok && was != value {
				t.Errorf("%s has the defaults %q and %q", name, was, value)
			}
			defaults[name] = value
			if listed[name] != orUnset(value) {
				t.Errorf("the comment at the head of %s has the default %q for %s, which is %q", filepath.Base(file), listed[name], name, orUnset(value))
			}
		}
		for name := range listed {
			if !strings.Contains(string(raw), "${env:"+name+":-") {
				t.Errorf("the comment at the head of %s lists %s, which it does not use", filepath.Base(file), name)
			}
		}
	}
	rows := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\| (\\S+) \\|").FindAllStringSubmatch(string(readme), -1) {
		rows[row[1]] = strings.Trim(row[2], "`")
	}
	for name, value := range defaults {
		if rows[name] != orUnset(value) {
			t.Errorf("README.md has the default %q for %s, which is %q", rows[name], name, orUnset(value))
		}
	}
	for name := range rows {
		if _, ok := defaults[name]; !ok {
			t.Errorf("README.md lists %s, which no file uses", name)
		}
	}
	if len(defaults) < 15 {
		t.Errorf("only %d variables were found", len(defaults))
	}
}

func orUnset(value string) string {
	if value == "" {
		return "unset"
	}
	return value
}

// firstKey is where the comment at the head of a file ends.
func firstKey(text string) string {
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") && strings.TrimSpace(line) != "" {
			return line
		}
	}
	return ""
}
