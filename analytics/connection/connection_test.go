package connection_test

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/argus-dgo/argus/analytics/connection"
)

func TestReason(t *testing.T) {
	const secret = "hunter22"
	for want, err := range map[string]error{
		"error MEMORY_LIMIT_EXCEEDED (241)":         &clickhouse.Exception{Code: 241, Message: secret},
		"error 999999":                              fmt.Errorf("batch: %w", &clickhouse.HTTPError{StatusCode: 500, Err: &clickhouse.Exception{Code: 999999, Message: secret}}),
		"HTTP status 502":                           &clickhouse.HTTPError{StatusCode: 502, Err: errors.New(secret)},
		"connection refused: nothing listens there": &url.Error{Op: "Post", URL: "http://u:" + secret + "@h/", Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}},
		"broken pipe":                               fmt.Errorf("%s: %w", secret, &net.OpError{Op: "write", Err: syscall.EPIPE}),
	} {
		if got := connection.Reason(err).Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestOpenReadsTheFiles: what is in a file counts when the connection is opened.
func TestOpenReadsTheFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	s := connection.Settings{URL: "clickhouse://127.0.0.1:9000/argus", User: "u", PasswordFile: file}
	if _, err := connection.Open(s, time.Second); err == nil || !strings.Contains(err.Error(), "ARGUS_CLICKHOUSE_PASSWORD_FILE: stat "+file) {
		t.Errorf("without the file: %v", err)
	}
	if err := os.WriteFile(file, []byte("p\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	conn, err := connection.Open(s, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}
