package settings

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestClickHouse(t *testing.T) {
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("hunter22\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	events := map[string]string{"ARGUS_FLEET_EVENTS": "on", "ARGUS_FLEET_VIEWER_TOKEN_FILE": "viewers"}
	with := func(more map[string]string) map[string]string {
		all := maps.Clone(events)
		maps.Copy(all, more)
		return all
	}
	s, err := parse([]string{"--clickhouse-url", "https://ch/argus", "--clickhouse-password-file", password}, events)
	if err != nil || s.ClickHouse.URL != "https://ch/argus" || s.ClickHouse.User != "default" {
		t.Errorf("%+v, %v", s.ClickHouse, err)
	}
	for want, variables := range map[string]map[string]string{
		"ARGUS_FLEET_EVENTS is off":                                         {"ARGUS_FLEET_CLICKHOUSE_URL": "http://ch/argus"},
		"ARGUS_FLEET_CLICKHOUSE_URL is not set":                             with(map[string]string{"ARGUS_FLEET_CLICKHOUSE_PASSWORD_FILE": password}),
		`ARGUS_FLEET_CLICKHOUSE_URL: "ftp://ch/argus" is not a URL`:         with(map[string]string{"ARGUS_FLEET_CLICKHOUSE_URL": "ftp://ch/argus"}),
		"ARGUS_FLEET_CLICKHOUSE_URL: a URL does not have a user":            with(map[string]string{"ARGUS_FLEET_CLICKHOUSE_URL": "http://u:hunter22@ch/argus"}),
		"ARGUS_FLEET_CLICKHOUSE_PASSWORD_FILE: stat " + password + "2: no ": with(map[string]string{"ARGUS_FLEET_CLICKHOUSE_URL": "http://ch/argus", "ARGUS_FLEET_CLICKHOUSE_PASSWORD_FILE": password + "2"}),
		"ARGUS_FLEET_CLICKHOUSE_CA_FILE: " + password:                       with(map[string]string{"ARGUS_FLEET_CLICKHOUSE_URL": "https://ch/argus", "ARGUS_FLEET_CLICKHOUSE_CA_FILE": password}),
	} {
		_, err := parse(nil, variables)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
