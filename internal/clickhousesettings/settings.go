package clickhousesettings

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/argus-dgo/argus/internal/settingfile"
)

// The variables. Errors name the settings by them.
const (
	EnvURL          = "ARGUS_CLICKHOUSE_URL"
	EnvUser         = "ARGUS_CLICKHOUSE_USER"
	EnvPasswordFile = "ARGUS_CLICKHOUSE_PASSWORD_FILE"
	EnvCAFile       = "ARGUS_CLICKHOUSE_CA_FILE"
	EnvCertFile     = "ARGUS_CLICKHOUSE_CERT_FILE"
	EnvKeyFile      = "ARGUS_CLICKHOUSE_KEY_FILE"
)

// Defaults of the variables that have one.
const (
	DefaultURL  = "http://127.0.0.1:8123/argus"
	DefaultUser = "default"
)

// SchemaVersion is the newest version of the tables of package analytics.
const SchemaVersion = 1

// maxPassword is the size of a file with a password, in bytes.
const maxPassword = 4 << 10

// Settings are those of a connection. Empty files are not used.
type Settings struct {
	URL, User, PasswordFile   string
	CAFile, CertFile, KeyFile string
}

// FromEnvironment reads the variables.
func FromEnvironment(lookup func(string) (string, bool)) Settings {
	get := func(name string) string {
		value, _ := lookup(name)
		return strings.TrimSpace(value)
	}
	return Settings{
		URL:  cmp.Or(get(EnvURL), DefaultURL),
		User: cmp.Or(get(EnvUser), DefaultUser), PasswordFile: get(EnvPasswordFile),
		CAFile: get(EnvCAFile), CertFile: get(EnvCertFile), KeyFile: get(EnvKeyFile),
	}
}

// Check returns an error for each setting that cannot work. It reads the files.
func (s Settings) Check() error {
	_, password := s.Password()
	if _, err := s.Server(); err != nil { // TLS would return it, too
		return errors.Join(err, password)
	}
	_, tls := s.TLS()
	return errors.Join(password, tls)
}

// Password reads the password from its file, and returns an empty one without a file.
func (s Settings) Password() (string, error) {
	if s.PasswordFile == "" {
		return "", nil
	}
	raw, err := settingfile.Read(s.PasswordFile, maxPassword)
	if err != nil {
		return "", fmt.Errorf("%s: %w", EnvPasswordFile, err)
	}
	password := strings.TrimRight(string(raw), "\r\n")
	if password == "" {
		return "", fmt.Errorf("%s: %s is empty", EnvPasswordFile, s.PasswordFile)
	}
	return password, nil
}
