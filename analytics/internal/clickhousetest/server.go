package clickhousetest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// User and Password are those of the only user.
const (
	User     = "argus"
	Password = "correct horse"
)

// startLimit is for a start on a machine that is busy.
const startLimit = time.Minute

const config = `<yandex>
  <logger><level>warning</level><log>%[1]s/server.log</log><errorlog>%[1]s/error.log</errorlog></logger>
  <http_port>%[3]s</http_port><tcp_port>%[4]s</tcp_port><tcp_port_secure>%[5]s</tcp_port_secure><listen_host>127.0.0.1</listen_host>
  <path>%[2]s/</path><tmp_path>%[1]s/tmp/</tmp_path><user_files_path>%[1]s/files/</user_files_path>
  <openSSL><server>
    <certificateFile>%[1]s/` + certificateFile + `</certificateFile><privateKeyFile>%[1]s/` + keyFile + `</privateKeyFile>
    <verificationMode>none</verificationMode><loadDefaultCAFile>false</loadDefaultCAFile><disableProtocols>sslv2,sslv3</disableProtocols>
  </server></openSSL>
  <mark_cache_size>16777216</mark_cache_size>
  <users_config>users.xml</users_config><default_profile>default</default_profile><default_database>default</default_database>
</yandex>
`

const users = `<yandex>
  <profiles><default><max_memory_usage>1000000000</max_memory_usage></default></profiles>
  <users><` + User + `><password>` + Password + `</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></` + User + `></users>
  <quotas><default><interval><duration>3600</duration><queries>0</queries><errors>0</errors><result_rows>0</result_rows><read_rows>0</read_rows><execution_time>0</execution_time></interval></default></quotas>
</yandex>
`

// A Server is a process with its data. Its address stays the same when it is started again.
type Server struct {
	binary  string
	folder  string
	addr    string
	secure  string
	process *exec.Cmd
	output  bytes.Buffer
}

// New prepares a server with its data in a folder, or in a new one if that is empty. It is
// killed at the end of the test.
func New(t *testing.T, data string) *Server {
	t.Helper()
	binary, err := exec.LookPath("clickhouse-server")
	if err != nil && os.Getenv("REQUIRE_CLICKHOUSE") == "" {
		t.Skip("clickhouse-server is not installed: run make test-analytics")
	}
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{binary: binary, folder: t.TempDir(), addr: free(t), secure: free(t)}
	if data == "" {
		data = filepath.Join(s.folder, "data")
	}
	certificate, key := certify(t)
	for name, text := range map[string]string{
		"config.xml": fmt.Sprintf(config, s.folder, data, port(t, free(t)), port(t, s.addr), port(t, s.secure)), "users.xml": users,
		certificateFile: certificate, keyFile: key,
	} {
		if err := os.WriteFile(filepath.Join(s.folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(s.Kill)
	return s
}

func port(t *testing.T, addr string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// free returns an address that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Addr is that of the native protocol.
func (s *Server) Addr() string { return s.addr }

// SecureAddr is that of the native protocol with TLS.
func (s *Server) SecureAddr() string { return s.secure }

// CertificateFile has the certificate of the server, which signed itself.
func (s *Server) CertificateFile() string { return filepath.Join(s.folder, certificateFile) }

// Start starts the server, and waits until it listens.
func (s *Server) Start(t *testing.T) {
	t.Helper()
	s.output.Reset()
	s.process = exec.CommandContext(context.WithoutCancel(t.Context()), s.binary, "--config-file", filepath.Join(s.folder, "config.xml")) //nolint:gosec // of the system
	s.process.Stdout, s.process.Stderr = &s.output, &s.output
	s.process.Dir = s.folder
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.addr)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			s.Kill()
			t.Fatalf("clickhouse-server does not listen: %v\n%s", err, s.output.String())
		}
	}
}

// Kill ends the server at once, as kill -9 does.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
	s.process = nil
}
