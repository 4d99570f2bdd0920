package clickhousesettings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// from returns the settings of an environment that has nothing but these.
func from(variables map[string]string) Settings {
	return FromEnvironment(func(name string) (string, bool) { v, is := variables[name]; return v, is })
}

func TestServer(t *testing.T) {
	for url, want := range map[string]Server{
		"":                           {Addr: "127.0.0.1:8123", Database: "argus"},
		"http://ch/a":                {Addr: "ch:8123", Database: "a"},
		"https://ch/a":               {Addr: "ch:8443", Database: "a", TLS: true},
		"clickhouse://ch/a":          {Addr: "ch:9000", Database: "a", Native: true},
		"clickhouses://[::1]:1234/a": {Addr: "[::1]:1234", Database: "a", Native: true, TLS: true},
	} {
		got, err := from(map[string]string{EnvURL: url}).Server()
		if got != want || err != nil {
			t.Errorf("%q: %+v, %v; want %+v", url, got, err, want)
		}
	}
}

func TestCheck(t *testing.T) {
	file := func(name, content string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	empty, junk := file("empty", "\n"), file("junk", "hunter22")
	for want, variables := range map[string]map[string]string{
		`ARGUS_CLICKHOUSE_URL: "ftp://ch/a" is not a URL such as`:             {EnvURL: "ftp://ch/a"},
		`ARGUS_CLICKHOUSE_URL: "http://ch/a?password=1" is not a URL such as`: {EnvURL: "http://ch/a?password=1"},
		`ARGUS_CLICKHOUSE_URL: "http://ch" does not name a database`:          {EnvURL: "http://ch"},
		"ARGUS_CLICKHOUSE_URL: a URL does not have a user or a password":      {EnvURL: "http://u:hunter22@ch/a"},
		"ARGUS_CLICKHOUSE_PASSWORD_FILE: " + empty + " is empty":              {EnvPasswordFile: empty},
		"ARGUS_CLICKHOUSE_PASSWORD_FILE: stat " + empty + "2: no such file":   {EnvPasswordFile: empty + "2"},
		"ARGUS_CLICKHOUSE_CA_FILE: " + junk + " has no PEM certificate":       {EnvURL: "https://ch/a", EnvCAFile: junk},
		"ARGUS_CLICKHOUSE_CA_FILE: " + junk + " is for a connection with TLS": {EnvCAFile: junk},
		"ARGUS_CLICKHOUSE_KEY_FILE must be set together":                      {EnvURL: "clickhouses://ch/a", EnvCertFile: junk},
		"ARGUS_CLICKHOUSE_KEY_FILE " + junk + ": tls: failed to find any PEM": {EnvURL: "https://ch/a", EnvCertFile: junk, EnvKeyFile: junk},
	} {
		err := from(variables).Check()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", variables, err, want)
		} else if strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%v: the error has the secret", variables)
		}
	}
	if err := from(nil).Check(); err != nil {
		t.Error(err)
	}
}

func TestPassword(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	s := from(map[string]string{EnvPasswordFile: path})
	for _, want := range []string{"first", " second "} {
		if err := os.WriteFile(path, []byte(want+"\r\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Password(); got != want || err != nil {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
}
