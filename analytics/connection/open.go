package connection

import (
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/argus-dgo/argus/internal/clickhousesettings"
)

// Settings are those of the variables ARGUS_CLICKHOUSE_….
type Settings = clickhousesettings.Settings

// Open returns a connection to the database of the settings. It reads the files of the
// settings, and asks the server nothing before the first statement. timeout limits how
// long the server may be silent.
func Open(s Settings, timeout time.Duration) (driver.Conn, error) {
	server, err := s.Server()
	if err != nil {
		return nil, err
	}
	return OpenDatabase(s, server.Database, timeout)
}

// OpenDatabase is [Open] for another database of the server.
func OpenDatabase(s Settings, database string, timeout time.Duration) (driver.Conn, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	server, err := s.Server()
	if err != nil {
		return nil, err
	}
	password, err := s.Password()
	if err != nil {
		return nil, err
	}
	o := &clickhouse.Options{
		Addr: []string{server.Addr}, Protocol: clickhouse.HTTP,
		Auth:        clickhouse.Auth{Database: database, Username: s.User, Password: password},
		Compression: &clickhouse.Compression{Method: clickhouse.CompressionGZIP, Level: 1},
		DialTimeout: timeout, ReadTimeout: timeout,
	}
	if server.Native {
		o.Protocol = clickhouse.Native
		o.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4} // it has no gzip
	}
	if o.TLS, err = s.TLS(); err != nil {
		return nil, err
	}
	return clickhouse.Open(o)
}
