package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/resource"
)

// settings are the assignments of a unit or of an environment file, by their section ("" without one), in their order.
func settings(t *testing.T, file string) map[string][]string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found, section := map[string][]string{}, ""
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			section = strings.Trim(line, "[]")
		case regexp.MustCompile(`^\w+=`).MatchString(line):
			found[section] = append(found[section], line)
		default:
			t.Errorf("%s: %q is no assignment", filepath.Base(file), line)
		}
	}
	return found
}

// TestSystemd: the unit has what its comments promise, and each of its instances is a process of its own; where systemd is installed, it
// finds nothing wrong with it.
func TestSystemd(t *testing.T) {
	dir := filepath.Join(toolSet(t).Root(), "deploy", "systemd")
	unit := settings(t, filepath.Join(dir, "argus-bot@.service"))
	for section, wanted := range map[string][]string{
		"Unit": {"StartLimitIntervalSec=1h", "StartLimitBurst=3", "After=network-online.target"},
		"Service": {
			"Environment=CLUSTER_ID=%i", "EnvironmentFile=/etc/argus-bot/bot.env", "LoadCredential=discord-token:/etc/argus-bot/token",
			"Restart=on-failure", "DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=",
		},
		"Install": {"WantedBy=multi-user.target"},
	} {
		for _, line := range wanted {
			if !slices.Contains(unit[section], line) {
				t.Errorf("[%s] has no %s", section, line)
			}
		}
	}

	ports, owner := map[int]bool{}, map[int]string{}
	for _, instance := range []string{"0", "1", "2", "3"} {
		env := map[string]string{}
		for _, line := range append(slices.Clone(unit["Service"]), settings(t, filepath.Join(dir, "bot.env"))[""]...) {
			if assignment, ok := strings.CutPrefix(line, "Environment="); ok {
				line = strings.ReplaceAll(assignment, "%i", instance)
			} else if slices.Contains(unit["Service"], line) {
				continue
			}
			name, value, _ := strings.Cut(line, "=")
			env[name] = value
		}
		withEnv(t, env, func() {
			config, err := argus.Resolve()
			if err != nil {
				t.Fatal(err)
			}
			ports[config.Port] = true
		})
		p, err := resource.Detect(resource.WithEnvironment(func(name string) (string, bool) { v, ok := env[name]; return v, ok }))
		if err != nil {
			t.Fatal(err)
		}
		if p.ClusterID != instance {
			t.Errorf("argus-bot@%s is cluster %s", instance, p.ClusterID)
		}
		for _, id := range p.ShardIDs {
			if owner[id] != "" {
				t.Errorf("shard %d belongs to %s and %s", id, owner[id], instance)
			}
			owner[id] = instance
		}
		if p.ShardCount != 16 {
			t.Errorf("argus-bot@%s knows of %d shards", instance, p.ShardCount)
		}
	}
	if len(ports) != 4 || len(owner) != 16 {
		t.Errorf("four instances have %d ports and %d shards, want 4 and 16", len(ports), len(owner))
	}

	verifyUnit(t, filepath.Join(dir, "argus-bot@.service"), "argus-bot@3.service", "/usr/local/bin/argus-bot")
}

// verifyUnit: where systemd is installed, it finds nothing wrong with a unit, and something with a broken one.
func verifyUnit(t *testing.T, unit, as, program string) {
	t.Helper()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("systemd is not installed here: the unit was parsed, and not verified")
		return
	}
	raw, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	verify := func(text string) (string, error) {
		t.Helper()
		file := filepath.Join(t.TempDir(), as)
		write(t, file, []byte(strings.ReplaceAll(text, program, "/bin/true"))) // what is to be run must be there
		return output(t, analyze, nil, "verify", "--man=no", file)
	}
	if out, err := verify(string(raw)); err != nil || strings.TrimSpace(out) != "" {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	if out, err := verify(strings.Replace(string(raw), "Restart=on-failure", "Restart=sometimes", 1)); err == nil && strings.TrimSpace(out) == "" {
		t.Error("systemd-analyze finds nothing wrong with Restart=sometimes")
	}
}

// TestSystemdFleet: the unit has what its comments promise, and each token is a credential of its own; where systemd is installed, it
// finds nothing wrong with it. TestDeployments in the fleet's module reads its settings.
func TestSystemdFleet(t *testing.T) {
	dir := filepath.Join(toolSet(t).Root(), "deploy", "systemd")
	file := filepath.Join(dir, "argus-fleet.service")
	unit := settings(t, file)
	for section, wanted := range map[string][]string{
		"Unit": {"After=network-online.target"},
		"Service": {
			"EnvironmentFile=/etc/argus-fleet/fleet.env", "Environment=ARGUS_FLEET_DATA=%S/argus-fleet", "StateDirectory=argus-fleet", "StateDirectoryMode=0700",
			"Restart=on-failure", "RestartPreventExitStatus=2", "LimitNOFILE=65536",
			"DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=",
		},
		"Install": {"WantedBy=multi-user.target"},
	} {
		for _, line := range wanted {
			if !slices.Contains(unit[section], line) {
				t.Errorf("[%s] has no %s", section, line)
			}
		}
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	credentials := 0
	for _, m := range regexp.MustCompile(`(?m)^(# )?Environment=(ARGUS_FLEET_\w+)=%d/(\S+)$`).FindAllStringSubmatch(string(raw), -1) {
		credentials++
		if load := m[1] + "LoadCredential=" + m[3] + ":/etc/argus-fleet/" + m[3] + "\n"; !strings.Contains(string(raw), "\n"+load) {
			t.Errorf("%s is a credential that is not loaded by %s", m[2], load)
		}
		if !slices.Contains(fleetSettings(t), m[2]) {
			t.Errorf("%s is no setting", m[2])
		}
	}
	if credentials != 6 {
		t.Errorf("%d settings are credentials, want 6", credentials)
	}
	verifyUnit(t, file, "argus-fleet.service", "/usr/local/bin/argus-fleet")
}
