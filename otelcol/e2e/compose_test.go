package e2e

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v3"

	"github.com/argus-dgo/argus/otelcol/internal/tools"
)

// compose loads deploy/compose.yaml as docker compose does: with its schema, and with variables replaced.
func compose(t *testing.T, env ...string) *types.Project {
	t.Helper()
	return composeFile(t, "compose.yaml", env...)
}

// composeFile loads a Compose file of deploy.
func composeFile(t *testing.T, name string, env ...string) *types.Project {
	t.Helper()
	project, err := composeOptions(t, name, env...).LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func composeOptions(t *testing.T, name string, env ...string) *cli.ProjectOptions {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(toolSet(t).Root(), "deploy", name)}, cli.WithEnv(env), cli.WithResolvedPaths(true))
	if err != nil {
		t.Fatal(err)
	}
	return options
}

// goOf: a Dockerfile builds with the Go of a go.mod.
func goOf(t *testing.T, dockerfile []byte, mod string) {
	t.Helper()
	text, err := os.ReadFile(mod)
	if err != nil {
		t.Fatal(err)
	}
	if image := regexp.MustCompile(`FROM golang:(\S+)`).FindSubmatch(dockerfile); image == nil || !strings.Contains(string(text), "\ngo "+string(image[1])+".") {
		t.Errorf("the Dockerfile has another Go than %s: %s", mod, image)
	}
}

// TestComposeFiles: whatever is mounted or built is there, and lies in the repository.
func TestComposeFiles(t *testing.T) {
	project := compose(t)
	if names := project.ServiceNames(); !slices.Equal(names, []string{"bot", "collector", "grafana", "prometheus"}) {
		t.Errorf("the services are %v", names)
	}
	mounts := 0
	for name, service := range project.Services {
		for _, v := range service.Volumes {
			switch v.Type {
			case types.VolumeTypeBind:
				mounts++
				if _, err := os.Stat(v.Source); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if !v.ReadOnly || !strings.HasPrefix(v.Source, toolSet(t).Root()) {
					t.Errorf("%s mounts %s, which must be read-only and of the repository", name, v.Source)
				}
			case types.VolumeTypeVolume:
				if _, ok := project.Volumes[v.Source]; !ok {
					t.Errorf("%s: no volume %s is declared", name, v.Source)
				}
			default:
				t.Errorf("%s: a mount of type %s", name, v.Type)
			}
		}
		for _, p := range service.Ports {
			if p.HostIP != "127.0.0.1" {
				t.Errorf("%s: port %s can be reached from elsewhere", name, p.Published)
			}
		}
		if _, version, ok := strings.Cut(service.Image, ":"); service.Build == nil && (!ok || version == "latest") {
			t.Errorf("%s: the image %s has no version", name, service.Image)
		}
	}
	if mounts != 7 {
		t.Errorf("%d mounts of files, want 7", mounts)
	}

	build := project.Services["bot"].Build
	dockerfile, err := os.ReadFile(filepath.Join(build.Context, build.Dockerfile))
	if err != nil {
		t.Fatal(err)
	}
	example := *build.Args["EXAMPLE"]
	if _, err := os.Stat(filepath.Join(build.Context, "examples", example, "main.go")); err != nil {
		t.Error(err)
	}
	if !strings.Contains(string(dockerfile), "ARG EXAMPLE="+example) || !strings.Contains(string(dockerfile), "./examples/${EXAMPLE}") {
		t.Errorf("the Dockerfile does not build examples/%s", example)
	}
	goOf(t, dockerfile, filepath.Join(build.Context, "go.mod"))
}

// TestComposeVersions: the images are of the versions that the tests run.
func TestComposeVersions(t *testing.T) {
	project := compose(t)
	if image, want := project.Services["collector"].Image, "otel/opentelemetry-collector-contrib:"+strings.TrimPrefix(toolSet(t).CollectorVersion(), "v"); image != want {
		t.Errorf("the Collector is %s, want %s", image, want)
	}
	// Prometheus' Go module counts v0.316.0 what is v3.16.0.
	parts := regexp.MustCompile(`^v0\.(\d)(\d\d)\.(\d+)$`).FindStringSubmatch(tools.PrometheusVersion)
	if parts == nil {
		t.Fatalf("%s is no version of Prometheus 3", tools.PrometheusVersion)
	}
	minor, err := strconv.Atoi(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	if image, want := project.Services["prometheus"].Image, "prom/prometheus:v"+parts[1]+"."+strconv.Itoa(minor)+"."+parts[3]; image != want {
		t.Errorf("Prometheus is %s, want %s", image, want)
	}
}

// TestComposeAddresses: every host and port that a file or a variable names is a service of the project that listens on it.
func TestComposeAddresses(t *testing.T) {
	project := compose(t)
	listening := map[string][]string{"prometheus": {"9090"}, "grafana": {"3000"}} // their defaults, which no setting changes
	config, err := os.ReadFile(filepath.Join(moduleDir(t), "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, use := range variableUse.FindAllStringSubmatch(string(config), -1) {
		if _, port, err := net.SplitHostPort(use[2]); err == nil {
			listening["collector"] = append(listening["collector"], port)
		} else if strings.HasSuffix(use[1], "_PORT") {
			listening["collector"] = append(listening["collector"], use[2])
		}
	}
	var named []string // host:port
	name := func(what, address string) {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" {
			t.Errorf("%s: %q is no URL with a host", what, address)
			return
		}
		named = append(named, u.Host)
	}
	for service, s := range project.Services {
		for key, value := range s.Environment {
			if value != nil && (strings.Contains(*value, "://") || strings.Contains(key, "ENDPOINT")) {
				name(service+": "+key, *value)
			}
		}
	}
	for _, file := range []string{"prometheus.yml", "prometheus-otlp.yml"} { // prometheus-pull.yml is for a set-up without the Collector
		for _, target := range scrapeTargets(t, file) {
			name(file, "http://"+target)
		}
	}
	for _, source := range datasources(t).Datasources {
		name("datasource.yaml", source.URL)
	}
	for _, file := range yamlFiles(t) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, use := range variableUse.FindAllStringSubmatch(string(raw), -1) {
			if strings.HasSuffix(use[1], "_URL") && !slices.Contains([]string{tempo, loki, clickHouse}, "overlays/"+filepath.Base(file)) { // these it does not have
				name(filepath.Base(file), use[2])
			}
		}
	}
	if len(named) != 7 {
		t.Errorf("%d addresses were found, want 7: %v", len(named), named)
	}
	for _, addr := range named {
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Errorf("%s: %v", addr, err)
			continue
		}
		if !slices.Contains(listening[host], port) {
			t.Errorf("nothing listens on %s; %s has the ports %v", addr, host, listening[host])
		}
	}
	for name, service := range project.Services {
		for _, p := range service.Ports {
			if !slices.Contains(listening[name], strconv.Itoa(int(p.Target))) {
				t.Errorf("%s publishes port %d, on which it does not listen", name, p.Target)
			}
		}
	}
}

// scrapeTargets are those of a Prometheus configuration.
func scrapeTargets(t *testing.T, file string) []string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(moduleDir(t), file))
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		ScrapeConfigs []struct {
			StaticConfigs []struct {
				Targets []string `yaml:"targets"`
			} `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	if err := yaml.Unmarshal(raw, &config); err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, job := range config.ScrapeConfigs {
		for _, static := range job.StaticConfigs {
			targets = append(targets, static.Targets...)
		}
	}
	return targets
}

// provisioning is a Grafana file with data sources, as far as ours uses it.
type provisioning struct {
	APIVersion  int `yaml:"apiVersion"`
	Datasources []struct {
		Name      string `yaml:"name"`
		UID       string `yaml:"uid"`
		Type      string `yaml:"type"`
		Access    string `yaml:"access"`
		URL       string `yaml:"url"`
		IsDefault bool   `yaml:"isDefault"`
		JSONData  struct {
			TimeInterval string `yaml:"timeInterval"`
			HTTPMethod   string `yaml:"httpMethod"`
		} `yaml:"jsonData"`
	} `yaml:"datasources"`
}

// datasources is deploy/grafana/datasource.yaml, decoded strictly.
func datasources(t *testing.T) (p provisioning) {
	t.Helper()
	decodeStrictly(t, filepath.Join(toolSet(t).Root(), "deploy", "grafana", "datasource.yaml"), &p)
	return p
}

// TestComposeCommands: the programs take the flags that they are given, with the files in the places where they are mounted.
func TestComposeCommands(t *testing.T) {
	project := compose(t)
	for _, overlays := range [][]string{nil, {remoteWrite}, {prometheusOTLP}, {tempo, tailSampling, loki}} {
		args := []string{"validate"}
		for _, flag := range project.Services["collector"].Command {
			args = append(args, onHost(t, project.Services["collector"], flag))
		}
		for _, o := range overlays { // the lines that are swapped
			flag := "--config=/etc/otelcol/" + o
			if raw, err := os.ReadFile(filepath.Join(toolSet(t).Root(), "deploy", "compose.yaml")); err != nil || !strings.Contains(string(raw), "# - "+flag) {
				t.Errorf("compose.yaml does not show %s: %v", flag, err)
			}
			args = append(args, onHost(t, project.Services["collector"], flag))
		}
		if out, err := output(t, tool(t, tools.Collector), nil, args...); err != nil {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	help, err := output(t, tool(t, tools.Prometheus), nil, "--help")
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range append([]string(project.Services["prometheus"].Command), takesRemoteWrite, takesOTLP) {
		name, _, _ := strings.Cut(flag, "=")
		if !strings.Contains(help, name+"=") && !strings.Contains(help, name+" ") && !strings.Contains(help, "[no-]"+strings.TrimPrefix(name, "--")) {
			t.Errorf("prometheus has no flag %s", name)
		}
	}
	const swapped = "# - ../otelcol/prometheus-otlp.yml:/etc/prometheus/prometheus.yml:ro\n"
	if raw, err := os.ReadFile(filepath.Join(toolSet(t).Root(), "deploy", "compose.yaml")); err != nil || !strings.Contains(string(raw), swapped) {
		t.Errorf("compose.yaml does not show %s: %v", swapped, err)
	}
	file, ok := strings.CutPrefix(onHost(t, project.Services["prometheus"], project.Services["prometheus"].Command[0]), "--config.file=")
	if !ok {
		t.Fatalf("the first flag of prometheus is %s", project.Services["prometheus"].Command[0])
	}
	if out, err := output(t, tool(t, tools.Promtool), nil, "check", "config", file); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if command := project.Services["bot"].Command; !slices.Equal(command, types.ShellCommand{"-demo"}) {
		t.Errorf("without a token the bot is started with %q", command)
	}
	if command := compose(t, "BOT_FLAGS=", "DISCORD_TOKEN=x").Services["bot"].Command; len(command) != 0 {
		t.Errorf("with a token the bot is started with %q", command)
	}
}

// onHost replaces a path in a container by what is mounted there.
func onHost(t *testing.T, service types.ServiceConfig, flag string) string {
	t.Helper()
	for _, v := range service.Volumes {
		if v.Type == types.VolumeTypeBind && strings.Contains(flag, "="+v.Target) {
			return strings.Replace(flag, v.Target, v.Source, 1)
		}
	}
	t.Errorf("nothing is mounted where %s points to", flag)
	return flag
}

// TestComposeDashboards: Grafana finds the dashboards where their provider looks for them, and the one that it opens with.
func TestComposeDashboards(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(toolSet(t).Root(), "dashboards", "provisioning", "argus.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Providers []struct {
			Options struct{ Path string }
		}
	}
	if err := yaml.Unmarshal(raw, &file); err != nil || len(file.Providers) != 1 {
		t.Fatalf("%+v, %v", file, err)
	}
	grafana := compose(t).Services["grafana"]
	path := file.Providers[0].Options.Path
	mounted := slices.IndexFunc(grafana.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Target == path })
	if mounted < 0 {
		t.Fatalf("nothing is mounted on %s", path)
	}
	home := grafana.Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
	if home == nil || filepath.Dir(*home) != path {
		t.Fatalf("Grafana opens with %v, want a file of %s", home, path)
	}
	if _, err := os.Stat(filepath.Join(grafana.Volumes[mounted].Source, filepath.Base(*home))); err != nil {
		t.Error(err)
	}
}
