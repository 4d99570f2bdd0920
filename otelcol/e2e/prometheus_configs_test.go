package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/argus-dgo/argus/otelcol/internal/tools"
)

// deployed are the Prometheus configurations of deploy/prometheus, with how each finds the bots.
var deployed = map[string]string{
	"static.yml": "static_configs", "file_sd.yml": "file_sd_configs", "dns.yml": "dns_sd_configs", "dns-srv.yml": "dns_sd_configs",
	"kubernetes.yml": "kubernetes_sd_configs",
}

func deployedFile(t testing.TB, name string) string {
	t.Helper()
	return filepath.Join(toolSet(t).Root(), "deploy", "prometheus", name)
}

// TestDeployedPrometheusConfigurations: promtool accepts each, and the rules that it names.
func TestDeployedPrometheusConfigurations(t *testing.T) {
	for name := range deployed {
		out, err := output(t, tool(t, tools.Promtool), nil, "check", "config", "--lint=all", "--lint-fatal", deployedFile(t, name))
		if err != nil || strings.Contains(out, "WARNING") || !strings.Contains(out, "2 rule files found") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// TestDeployedPrometheusAgree: the configurations differ in how they find the bots alone, their settings of a scrape are those of
// otelcol/prometheus-pull.yml, and each warns of a target label cluster and sets none.
func TestDeployedPrometheusAgree(t *testing.T) {
	read := func(path string) (text string, root map[string]any, job map[string]any) {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(raw, &root); err != nil {
			t.Fatal(err)
		}
		jobs, _ := root["scrape_configs"].([]any)
		if len(jobs) != 1 {
			t.Fatalf("%s has %d jobs, want one: a second would have each bot scraped twice", path, len(jobs))
		}
		job, _ = jobs[0].(map[string]any)
		delete(root, "scrape_configs")
		return string(raw), root, job
	}
	_, pullRoot, pullJob := read(filepath.Join(moduleDir(t), "prometheus-pull.yml"))
	var firstRoot, firstJob map[string]any
	for _, name := range slices.Sorted(maps.Keys(deployed)) {
		text, root, job := read(deployedFile(t, name))
		found := job[deployed[name]]
		if found == nil {
			t.Errorf("%s has no %s", name, deployed[name])
		}
		delete(job, deployed[name])
		relabel, _ := yaml.Marshal(job["relabel_configs"])
		delete(job, "relabel_configs")
		discovery, _ := yaml.Marshal(found)
		if regexp.MustCompile(`(?m)^\s*(- )?(cluster|target_label: cluster)\b`).MatchString(string(discovery) + string(relabel)) {
			t.Errorf("%s sets a target label cluster", name)
		}
		if !strings.Contains(text, "No label cluster") || !strings.Contains(text, "exported_cluster") {
			t.Errorf("%s does not warn of a target label cluster", name)
		}
		if firstRoot == nil {
			firstRoot, firstJob = root, job
		}
		if !reflect.DeepEqual(root, firstRoot) || !reflect.DeepEqual(job, firstJob) {
			t.Errorf("%s differs from the others in more than the discovery:\n%v\n%v\nwant\n%v\n%v", name, root, job, firstRoot, firstJob)
		}
		if !reflect.DeepEqual(root["global"], pullRoot["global"]) || job["job_name"] != pullJob["job_name"] ||
			!reflect.DeepEqual(job["metric_relabel_configs"], pullJob["metric_relabel_configs"]) {
			t.Errorf("%s scrapes otherwise than otelcol/prometheus-pull.yml", name)
		}
	}
	if regexp.MustCompile(`(?m)^\s+regex: cluster\|exported_cluster$`).FindString(mustRead(t, deployedFile(t, "file_sd.yml"))) == "" {
		t.Error("file_sd.yml does not take a target label cluster off")
	}
}

func mustRead(t testing.TB, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
