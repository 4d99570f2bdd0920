package e2e

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
)

// composeFleet is deploy/compose-fleet.yaml, with the tokens that its head makes.
func composeFleet(t *testing.T) *types.Project {
	t.Helper()
	return composeFile(t, "compose-fleet.yaml", "FLEET_INGEST_TOKEN=of-members", "FLEET_VIEWER_TOKEN=of-viewers", "FLEET_OPERATOR_TOKEN=of-operators")
}

// TestComposeFleet: bots push to the port that the fleet takes OTLP on, with the token that it has; its data is on a volume; only this
// machine gets to its pages; and without tokens nothing starts.
func TestComposeFleet(t *testing.T) {
	project := composeFleet(t)
	if names := project.ServiceNames(); !slices.Equal(names, []string{"fleet", "moderation", "music"}) {
		t.Errorf("the services are %v", names)
	}
	fleet := project.Services["fleet"]
	known := fleetSettings(t)
	env := map[string]string{}
	for name, value := range fleet.Environment {
		if !slices.Contains(known, name) || value == nil {
			t.Errorf("%s is no setting, or is not set", name)
			continue
		}
		env[name] = *value
	}
	for variable, token := range map[string]string{
		"ARGUS_FLEET_INGEST_TOKEN_FILE": "FLEET_INGEST_TOKEN", "ARGUS_FLEET_VIEWER_TOKEN_FILE": "FLEET_VIEWER_TOKEN", "ARGUS_FLEET_OPERATOR_TOKEN_FILE": "FLEET_OPERATOR_TOKEN",
	} {
		name, is := strings.CutPrefix(env[variable], "/run/secrets/")
		if !is || !slices.ContainsFunc(fleet.Secrets, func(s types.ServiceSecretConfig) bool { return s.Source == name }) || project.Secrets[name].Environment != token {
			t.Errorf("%s is %s, which is not the secret with %s", variable, env[variable], token)
		}
	}
	dockerfile, err := os.ReadFile(filepath.Join(fleet.Build.Context, fleet.Build.Dockerfile))
	if err != nil {
		t.Fatal(err)
	}
	if data := env["ARGUS_FLEET_DATA"]; !slices.ContainsFunc(fleet.Volumes, func(v types.ServiceVolumeConfig) bool {
		return v.Type == types.VolumeTypeVolume && v.Target == data
	}) || !strings.Contains(string(dockerfile), "--chown=65532:65532 /data "+data+"\n") {
		t.Errorf("ARGUS_FLEET_DATA is %s, which is no volume, or not its user's", data)
	}
	if len(fleet.Ports) != 1 || fleet.Ports[0].HostIP != "127.0.0.1" || ":"+strconv.Itoa(int(fleet.Ports[0].Target)) != env["ARGUS_FLEET_ADDR"] {
		t.Errorf("the ports are %v, and the pages are at %s", fleet.Ports, env["ARGUS_FLEET_ADDR"])
	}

	bots := map[string]bool{}
	for _, name := range []string{"moderation", "music"} {
		bot := project.Services[name]
		address, _ := strings.CutPrefix(*bot.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"], "http://")
		host, port, err := net.SplitHostPort(address)
		if err != nil || host != "fleet" || ":"+port != env["ARGUS_FLEET_OTLP_GRPC_ADDR"] {
			t.Errorf("%s pushes to %s, and the fleet takes OTLP at %s", name, address, env["ARGUS_FLEET_OTLP_GRPC_ADDR"])
		}
		if header := *bot.Environment["OTEL_EXPORTER_OTLP_HEADERS"]; header != "authorization=Bearer%20of-members" {
			t.Errorf("%s has the header %q", name, header)
		}
		bots[*bot.Environment["ARGUS_BOT"]] = true
		if bot.Build.Dockerfile != "deploy/Dockerfile" || *bot.Build.Args["EXAMPLE"] != "otlp" {
			t.Errorf("%s is built from %+v", name, bot.Build)
		}
	}
	if len(bots) != 2 {
		t.Errorf("two bots have the names %v", bots)
	}

	options := composeOptions(t, "compose-fleet.yaml")
	if _, err := options.LoadProject(t.Context()); err == nil || !strings.Contains(err.Error(), "see the head of this file") {
		t.Errorf("without tokens: %v", err)
	}
}

// TestComposeFleetBuilds: the image has the Go of go.mod, and what is built is there.
func TestComposeFleetBuilds(t *testing.T) {
	root := toolSet(t).Root()
	dockerfile, err := os.ReadFile(filepath.Join(root, "deploy", "Dockerfile.fleet"))
	if err != nil {
		t.Fatal(err)
	}
	goOf(t, dockerfile, filepath.Join(root, "fleet", "go.mod"))
	if !strings.Contains(string(dockerfile), "RUN cd fleet && CGO_ENABLED=0 go build -trimpath -o /argus-fleet ./cmd/argus-fleet\n") {
		t.Error("the Dockerfile does not build fleet/cmd/argus-fleet")
	}
	if _, err := os.Stat(filepath.Join(root, "fleet", "cmd", "argus-fleet", "main.go")); err != nil {
		t.Error(err)
	}
}
