package settings

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestDeployments: the settings of the files in deploy are valid, and each guards what it
// opens to others.
func TestDeployments(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"systemd":    systemd(t),
		"Compose":    compose(t),
		"Kubernetes": kubernetes(t),
	} {
		s, _, err := Parse(nil, func(variable string) (string, bool) {
			value, there := env[variable]
			return value, there
		}, io.Discard)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s.IngestTokenFile == "" || s.ViewerTokenFile == "" || s.OperatorTokenFile == "" || s.Size == 0 || !filepath.IsAbs(s.Data) {
			t.Errorf("%s: %+v", name, s)
		}
		delete(env, "ARGUS_FLEET_VIEWER_TOKEN_FILE")
		if _, err := parse(nil, env); err == nil {
			t.Errorf("%s: valid without the token of viewers", name)
		}
	}
}

func deployed(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "deploy", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func systemd(t *testing.T) map[string]string {
	t.Helper()
	env := map[string]string{}
	specifiers := strings.NewReplacer("%S", "/var/lib", "%d", "/run/credentials/argus-fleet.service")
	for line := range strings.Lines(deployed(t, "systemd/argus-fleet.service") + deployed(t, "systemd/fleet.env")) {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "Environment="), "=")
		if strings.HasPrefix(name, Prefix) {
			env[name] = specifiers.Replace(value)
		}
	}
	return env
}

func compose(t *testing.T) map[string]string {
	t.Helper()
	var file struct {
		Services map[string]struct {
			Environment map[string]string `yaml:"environment"`
		} `yaml:"services"`
	}
	if err := yaml.Unmarshal([]byte(deployed(t, "compose-fleet.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	return file.Services["fleet"].Environment
}

func kubernetes(t *testing.T) map[string]string {
	t.Helper()
	type pods struct {
		Containers []struct {
			Env []struct{ Name, Value string } `yaml:"env"`
		} `yaml:"containers"`
	}
	var set struct {
		Spec struct {
			Template struct {
				Spec pods `yaml:"spec"`
			} `yaml:"template"`
		} `yaml:"spec"`
	}
	if err := yaml.Unmarshal([]byte(deployed(t, "kubernetes/fleet/statefulset.yaml")), &set); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for _, c := range set.Spec.Template.Spec.Containers {
		for _, e := range c.Env {
			env[e.Name] = e.Value
		}
	}
	return env
}
