package connection_test

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
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

// TestTLS: the server's certificate is checked with the CA file, and the user and the password
// are sent to that server alone, in headers.
func TestTLS(t *testing.T) {
	asked := make(chan *http.Request, 10)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r
		http.Error(w, "not ClickHouse", http.StatusTeapot)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	folder := t.TempDir()
	ca, password := filepath.Join(folder, "ca"), filepath.Join(folder, "password")
	for file, content := range map[string][]byte{
		ca:       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
		password: []byte("hunter22\n"),
	} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := connection.Settings{URL: "https://" + server.Listener.Addr().String() + "/argus", User: "u", PasswordFile: password}
	for file, want := range map[string]string{"": "its certificate is signed by an unknown authority", ca: "HTTP status 418"} {
		s.CAFile = file
		conn, err := connection.Open(s, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		err = conn.Exec(t.Context(), "SELECT 1")
		if err == nil || !strings.Contains(connection.Reason(err).Error(), want) {
			t.Errorf("with the CA file %q: %v, want %q", file, err, want)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	r := <-asked
	if r.Header.Get("X-ClickHouse-User") != "u" || r.Header.Get("X-ClickHouse-Key") != "hunter22" || strings.Contains(r.URL.String(), "hunter22") {
		t.Errorf("%s, %v", r.URL, r.Header)
	}
}
