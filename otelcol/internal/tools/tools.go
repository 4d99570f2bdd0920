package tools

import (
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// The versions of what is built besides the Collector, whose version and
// components builder.yaml names.
const (
	PrometheusVersion = "v0.316.0" // Prometheus 3.16.0, as its Go module counts
	BuilderVersion    = "v0.156.0"
	KubernetesVersion = "v1.37.2" // as in controlplane/go.mod
	EtcdVersion       = "v3.7.0"  // the same
	OperatorVersion   = "v0.94.1" // whose custom resources are fetched; what follows is the sum of its module
	operatorSum       = "h1:QEIb2wenPH+SdMN1xMf8l4Pmj00YYXXI6HlbLlQWkww="
)

// The names of the tools.
const (
	Collector  = "otelcol-argus"
	Prometheus = "prometheus"
	Promtool   = "promtool"

	// Kubernetes' control plane, as far as it is run.
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Etcd              = "etcd"

	// CRDs is no program but a folder: the definitions of the custom resources of prometheus-operator.
	CRDs = "prometheus-operator-crds"
)

// all are the tools in the order in which they are built.
var all = []string{Collector, Prometheus, Promtool, CRDs, Etcd, APIServer, ControllerManager}

const (
	module            = "module github.com/argus-dgo/argus/otelcol"
	prometheusCommand = "github.com/prometheus/prometheus/cmd/"
	builderCommand    = "go.opentelemetry.io/collector/cmd/builder"
	operatorModule    = "github.com/prometheus-operator/prometheus-operator"
)

// operatorKinds are the custom resources that deploy/kubernetes uses.
var operatorKinds = []string{"podmonitors", "servicemonitors", "prometheusrules"}

// How they are built; CGO_ENABLED=0 besides.
var (
	buildFlags = []string{"-trimpath", "-ldflags", "-s -w"}
	// Of service discovery, whose client libraries are most of Prometheus, only what
	// the configurations in deploy/prometheus use; files and static targets are always there.
	prometheusFlags = append(slices.Clone(buildFlags), "-tags", "remove_all_sd,enable_dns_sd,enable_kubernetes_sd")
)

// ErrNotBuilt is wrapped by the error of Path for a tool that is not there.
var ErrNotBuilt = errors.New("not built: run make e2e-tools")

// A Set is the tools of one checkout of the repository.
type Set struct {
	root     string // of the repository
	manifest manifest
	raw      []byte            // the manifest as it is written
	module   map[string]string // the files of the control plane's module
}

// manifest is builder.yaml as far as it is read here.
type manifest struct {
	Dist struct {
		Name    string `yaml:"name"`
		Version string `yaml:"version"`
	} `yaml:"dist"`
	Receivers  []component `yaml:"receivers"`
	Processors []component `yaml:"processors"`
	Exporters  []component `yaml:"exporters"`
	Extensions []component `yaml:"extensions"`
	Providers  []component `yaml:"providers"`
}

type component struct {
	GoMod string `yaml:"gomod"`
}

// Open finds the repository from the working directory upwards and reads the
// Collector's manifest.
func Open() (*Set, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod")) //nolint:gosec // the file is only compared
		if err == nil && strings.HasPrefix(string(mod), module+"\n") {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil, errors.New("run this below the folder otelcol of the repository")
		}
		dir = parent
	}
	s := &Set{root: filepath.Dir(dir)}
	raw, err := os.ReadFile(s.manifestPath())
	if err != nil {
		return nil, err
	}
	s.raw = raw
	if err := yaml.Unmarshal(raw, &s.manifest); err != nil {
		return nil, fmt.Errorf("builder.yaml: %w", err)
	}
	if s.manifest.Dist.Name != Collector || s.manifest.Dist.Version == "" {
		return nil, fmt.Errorf("builder.yaml: dist.name is %q and must be %s; dist.version is %q and must be one",
			s.manifest.Dist.Name, Collector, s.manifest.Dist.Version)
	}
	s.module = map[string]string{}
	for _, file := range []string{"go.mod", "go.sum", APIServer + "/main.go", ControllerManager + "/main.go", Etcd + "/main.go"} {
		raw, err := os.ReadFile(filepath.Join(s.controlPlane(), filepath.FromSlash(file)))
		if err != nil {
			return nil, err
		}
		s.module[file] = string(raw)
	}
	return s, nil
}

// Root is the root folder of the repository.
func (s *Set) Root() string { return s.root }

// CollectorVersion is the Collector's version as its manifest has it: v0.156.0.
func (s *Set) CollectorVersion() string { return "v" + s.manifest.Dist.Version }

// ManifestModules are the Go modules that the Collector is made of, "path version" each.
func (s *Set) ManifestModules() []string {
	var modules []string
	m := s.manifest
	for _, list := range [][]component{m.Receivers, m.Processors, m.Exporters, m.Extensions, m.Providers} {
		for _, c := range list {
			modules = append(modules, c.GoMod)
		}
	}
	return modules
}

// Path is where a tool is. The error wraps ErrNotBuilt if it is not there.
func (s *Set) Path(tool string) (string, error) {
	path := filepath.Join(s.dir(tool), tool)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s %s: %w", tool, s.version(tool), ErrNotBuilt)
	} else if err != nil {
		return "", err
	}
	return path, nil
}

// Build builds what is not there yet, and tells progress. Its steps take twenty to
// forty minutes on two cores that have nothing in Go's caches.
func (s *Set) Build(ctx context.Context, progress io.Writer) error {
	if err := os.MkdirAll(s.cache(), 0o755); err != nil { //nolint:gosec // programs that anybody may run
		return err
	}
	s.sweep()
	for _, tool := range all {
		if _, err := s.Path(tool); err == nil {
			fmt.Fprintf(progress, "%s %s is there\n", tool, s.version(tool))
			continue
		} else if !errors.Is(err, ErrNotBuilt) {
			return err
		}
		if err := s.build(ctx, tool, progress); err != nil {
			return fmt.Errorf("building %s %s: %w", tool, s.version(tool), err)
		}
	}
	return nil
}

func (s *Set) build(ctx context.Context, tool string, progress io.Writer) error {
	begin := time.Now()
	tmp, err := os.MkdirTemp(s.cache(), temporary)
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	out := filepath.Join(tmp, "out")
	if err := os.Mkdir(out, 0o755); err != nil { //nolint:gosec // see Build
		return err
	}
	run := &runner{dir: tmp, label: tool + " " + s.version(tool), progress: progress, begin: begin}
	switch tool {
	case Collector:
		err = s.buildCollector(ctx, run, tmp, out)
	case APIServer, ControllerManager, Etcd:
		run.dir = s.controlPlane()
		err = run.goCommand(ctx, nil, slices.Concat([]string{"build", "-v", "-buildvcs=false"}, buildFlags, []string{"-o", filepath.Join(out, tool), "./" + tool})...)
	case CRDs:
		err = fetchCRDs(ctx, tmp, filepath.Join(out, tool))
	default:
		args := slices.Concat([]string{"install", "-v"}, prometheusFlags, []string{prometheusCommand + tool + "@" + PrometheusVersion})
		err = run.goCommand(ctx, []string{"GOBIN=" + out}, args...)
	}
	if err != nil {
		return err
	}
	size, err := s.check(tool, filepath.Join(out, tool))
	if err != nil {
		return err
	}
	if err := os.Rename(out, s.dir(tool)); err != nil {
		// Another build may have been faster.
		if _, there := s.Path(tool); there != nil {
			return err
		}
	}
	s.dropOthers(tool)
	fmt.Fprintf(progress, "%s %s built in %v, %d MB\n", tool, s.version(tool), time.Since(begin).Round(time.Second), size>>20)
	return nil
}

// buildCollector generates the Collector's source with the builder and compiles it.
func (s *Set) buildCollector(ctx context.Context, run *runner, tmp, out string) error {
	if err := run.goCommand(ctx, []string{"GOBIN=" + tmp}, "install", "-trimpath", builderCommand+"@"+BuilderVersion); err != nil {
		return err
	}
	var whole map[string]any
	if err := yaml.Unmarshal(s.raw, &whole); err != nil {
		return err
	}
	dist, ok := whole["dist"].(map[string]any)
	if !ok {
		return errors.New("builder.yaml: dist must be a mapping")
	}
	source := filepath.Join(tmp, "source")
	dist["output_path"] = source
	raw, err := yaml.Marshal(whole)
	if err != nil {
		return err
	}
	manifest := filepath.Join(tmp, "builder.yaml")
	if err := os.WriteFile(manifest, raw, 0o600); err != nil {
		return err
	}
	if err := run.command(ctx, tmp, nil, filepath.Join(tmp, "builder"), "--config", manifest, "--skip-compilation"); err != nil {
		return err
	}
	run.dir = source
	return run.goCommand(ctx, nil, slices.Concat([]string{"build", "-v"}, buildFlags, []string{"-o", filepath.Join(out, Collector), "."})...)
}

// fetchCRDs takes the definitions out of the operator's module.
func fetchCRDs(ctx context.Context, tmp, out string) error {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", operatorModule+"@"+OperatorVersion)
	cmd.Dir = tmp // in no module
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	raw, err := cmd.Output()
	var fetched struct{ Dir, Sum, Error string }
	// What is wrong is said in what it prints, too.
	if decode := json.Unmarshal(raw, &fetched); decode == nil && fetched.Error != "" {
		return errors.New(fetched.Error)
	} else if err := errors.Join(err, decode); err != nil {
		return fmt.Errorf("go mod download %s: %w", operatorModule, err)
	}
	if fetched.Sum != operatorSum {
		return fmt.Errorf("%s@%s has the sum %s, want %s", operatorModule, OperatorVersion, fetched.Sum, operatorSum)
	}
	if err := os.Mkdir(out, 0o755); err != nil { //nolint:gosec // see Build
		return err
	}
	for _, kind := range operatorKinds {
		file := "monitoring.coreos.com_" + kind + ".yaml"
		raw, err := os.ReadFile(filepath.Join(fetched.Dir, "example", "prometheus-operator-crd", file)) //nolint:gosec // in the module cache
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(out, file), raw, 0o644); err != nil { //nolint:gosec // files that anybody may read
			return err
		}
	}
	return nil
}

// check holds what was built against the pins.
func (s *Set) check(tool, path string) (size int64, err error) {
	if tool == CRDs { // held against their sum already
		return folderSize(path)
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return 0, err
	}
	if info.GoVersion != runtime.Version() {
		return 0, fmt.Errorf("it was built with %s, not with %s", info.GoVersion, runtime.Version())
	}
	var have []string
	for _, d := range append(info.Deps, &info.Main) {
		have = append(have, d.Path+" "+d.Version)
	}
	for _, want := range s.modules(tool) {
		if !slices.Contains(have, want) {
			return 0, fmt.Errorf("it does not hold %s", want)
		}
	}
	stat, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return stat.Size(), nil
}

// modules are the Go modules that a tool is made of, "path version" each, as far as they are pinned by name.
func (s *Set) modules(tool string) []string {
	switch tool {
	case Collector:
		return s.ManifestModules()
	case APIServer, ControllerManager:
		return []string{"k8s.io/kubernetes " + KubernetesVersion}
	case Etcd:
		return []string{"go.etcd.io/etcd/server/v3 " + EtcdVersion}
	default:
		return []string{"github.com/prometheus/prometheus " + PrometheusVersion}
	}
}

func folderSize(dir string) (size int64, err error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		stat, err := file.Info()
		if err != nil {
			return 0, err
		}
		size += stat.Size()
	}
	return size, nil
}

// controlPlane is the folder of the module that the control plane is built in.
func (s *Set) controlPlane() string {
	return filepath.Join(s.root, "otelcol", "internal", "controlplane")
}

func (s *Set) manifestPath() string { return filepath.Join(s.root, "otelcol", "builder.yaml") }

func (s *Set) cache() string { return filepath.Join(s.root, ".cache", "e2e") }

func (s *Set) version(tool string) string {
	switch tool {
	case Collector:
		return s.CollectorVersion()
	case APIServer, ControllerManager:
		return KubernetesVersion
	case Etcd:
		return EtcdVersion
	case CRDs:
		return OperatorVersion
	default:
		return PrometheusVersion
	}
}

// dir is the folder of a tool, named after all that it is built from.
func (s *Set) dir(tool string) string {
	key := []string{tool + "@" + s.version(tool), s.recipe(tool), runtime.Version(), runtime.GOOS, runtime.GOARCH}
	return filepath.Join(s.cache(), strings.Join(key, "-"))
}

// recipe is a hash of what is not in the name of a tool's folder otherwise: its
// flags; for the Collector its manifest and the builder's version, for the control
// plane the module, for the custom resources which they are.
func (s *Set) recipe(tool string) string {
	var parts []string
	switch tool {
	case Collector:
		parts = append(slices.Clone(buildFlags), BuilderVersion, string(s.raw))
	case APIServer, ControllerManager, Etcd:
		parts = append(slices.Clone(buildFlags), s.module["go.mod"], s.module["go.sum"], s.module[tool+"/main.go"])
	case CRDs:
		parts = append(slices.Clone(operatorKinds), operatorSum)
	default:
		parts = prometheusFlags
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:6])
}

const temporary = ".building-"

// sweep removes what interrupted builds have left, once it is old enough not to be under way.
func (s *Set) sweep() {
	left, err := filepath.Glob(filepath.Join(s.cache(), temporary+"*"))
	if err != nil {
		return
	}
	for _, dir := range left {
		if stat, err := os.Stat(dir); err == nil && time.Since(stat.ModTime()) > 2*time.Hour {
			_ = os.RemoveAll(dir)
		}
	}
}

// dropOthers removes the tool's former versions.
func (s *Set) dropOthers(tool string) {
	former, err := filepath.Glob(filepath.Join(s.cache(), tool+"@*"))
	if err != nil {
		return
	}
	for _, dir := range former {
		if dir != s.dir(tool) {
			_ = os.RemoveAll(dir)
		}
	}
}
