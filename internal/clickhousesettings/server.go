package clickhousesettings

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
)

// A Server is what a URL names.
type Server struct {
	Native   bool // ClickHouse's native protocol, otherwise HTTP
	TLS      bool
	Addr     string // host and port
	Database string
}

// schemes have the default ports of ClickHouse.
var schemes = map[string]struct {
	native, tls bool
	port        string
}{
	"http":        {false, false, "8123"},
	"https":       {false, true, "8443"},
	"clickhouse":  {true, false, "9000"},
	"clickhouses": {true, true, "9440"},
}

// databasePath is a path that names a database without quotes.
var databasePath = regexp.MustCompile(`^/([A-Za-z_][A-Za-z0-9_]{0,63})$`)

// Server takes the URL apart. Its errors do not have the URL if that may have a password.
func (s Settings) Server() (Server, error) {
	if strings.Contains(s.URL, "@") {
		return Server{}, fmt.Errorf("%s: a URL does not have a user or a password: set %s and %s", EnvURL, EnvUser, EnvPasswordFile)
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return Server{}, s.notURL()
	}
	scheme, known := schemes[u.Scheme]
	if !known || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return Server{}, s.notURL()
	}
	name := databasePath.FindStringSubmatch(u.Path)
	if name == nil {
		return Server{}, fmt.Errorf("%s: %.200q does not name a database, as %s does: use up to 64 letters, digits and underscores, and no digit first", EnvURL, s.URL, DefaultURL)
	}
	port := u.Port()
	if port == "" {
		port = scheme.port
	}
	return Server{scheme.native, scheme.tls, net.JoinHostPort(u.Hostname(), port), name[1]}, nil
}

func (s Settings) notURL() error {
	return fmt.Errorf("%s: %.200q is not a URL such as %s: its scheme is http, https, clickhouse or clickhouses", EnvURL, s.URL, DefaultURL)
}

var errNoTLS = errors.New("is for a connection with TLS: use https or clickhouses in " + EnvURL + ", or leave it out")
