//go:build !argus_no_web_config

package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

const tlsSection = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"

// basicAuth is the section of a user with a password.
func basicAuth(t *testing.T, user, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("basic_auth_users:\n  %s: %s\n", user, hash)
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	// Renamed, as Kubernetes and certbot do: a reader sees the old one or the new one.
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// writeCertificate makes a certificate that is valid for the loopback address.
func writeCertificate(t *testing.T, dir, name string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	// Both are in one file, so that they change together.
	both := string(certificate) + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	writeFile(t, filepath.Join(dir, "server.key"), both)
	writeFile(t, filepath.Join(dir, "server.crt"), both)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(certificate)
	return pool
}

// startWeb starts a server with a web configuration file.
func startWeb(t *testing.T, file string, cfg Config) *Server {
	t.Helper()
	cfg.WebConfigFile = file
	s := newServer(t, cfg)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// A reply is a response that has been read.
type reply struct {
	status, version int
	header          http.Header
	certificate     string // the name in it
}

// over asks a server with a client of its own.
func over(t *testing.T, client *tls.Config, s *Server, path string, header ...string) (got reply) {
	t.Helper()
	scheme := "http"
	if client != nil {
		scheme = "https"
	}
	transport := &http.Transport{TLSClientConfig: client, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, scheme+"://"+s.Addr().String()+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	got = reply{status: response.StatusCode, version: response.ProtoMajor, header: response.Header}
	if response.TLS != nil {
		got.certificate = response.TLS.PeerCertificates[0].Subject.CommonName
	}
	return got
}

func basic(user, password string) (name, value string) {
	r := &http.Request{Header: http.Header{}}
	r.SetBasicAuth(user, password)
	return "Authorization", r.Header.Get("Authorization")
}

// TestTLS: all paths, also over HTTP/2. A certificate that is replaced on disk is that of
// the next connection.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	pool := writeCertificate(t, dir, "first")
	file := filepath.Join(dir, "web.yml")
	writeFile(t, file, tlsSection)
	if c, err := ReadWebConfig(file); err != nil || !c.TLS || c.BasicAuth {
		t.Errorf("%+v %v", c, err)
	}
	s := startWeb(t, file, Config{Rest: page(), ErrorLog: newRecord().err})
	for _, path := range []string{"/metrics", "/healthz", "/anything"} {
		if r := over(t, &tls.Config{RootCAs: pool}, s, path); r.status != 200 || r.version != 2 || r.certificate != "first" {
			t.Errorf("%s: %+v", path, r)
		}
	}
	if r := over(t, nil, s, "/metrics"); r.status != http.StatusBadRequest {
		t.Errorf("without TLS: %d", r.status)
	}
	pool = writeCertificate(t, dir, "second")
	if r := over(t, &tls.Config{RootCAs: pool}, s, "/metrics"); r.status != 200 || r.certificate != "second" {
		t.Errorf("after the certificate was replaced: %+v", r)
	}
}

// TestBasicAuth: on all paths, the probes included, as exporter-toolkit has it. A file that
// changes applies to the next request.
func TestBasicAuth(t *testing.T) {
	file := filepath.Join(t.TempDir(), "web.yml")
	writeFile(t, file, basicAuth(t, "prometheus", "right"))
	if c, err := ReadWebConfig(file); err != nil || c.TLS || !c.BasicAuth {
		t.Errorf("%+v %v", c, err)
	}
	rec := newRecord()
	s := startWeb(t, file, Config{Rest: page(), ErrorLog: rec.err})
	name, right := basic("prometheus", "right")
	_, wrong := basic("prometheus", "wrong")
	for _, path := range []string{"/metrics", "/healthz", "/anything"} {
		for value, want := range map[string]int{right: 200, wrong: 401, "": 401, "Bearer right": 401} {
			r := over(t, nil, s, path, name, value)
			if r.status != want || want == 401 && r.header.Get("WWW-Authenticate") != "Basic" {
				t.Errorf("%s with %q: %d %v", path, value, r.status, r.header)
			}
		}
	}
	writeFile(t, file, basicAuth(t, "prometheus", "new"))
	if r := over(t, nil, s, "/metrics", name, right); r.status != 401 {
		t.Errorf("with the old password: %d", r.status)
	}
	writeFile(t, file, "basic_auth_users: [")
	if r := over(t, nil, s, "/metrics", name, right); r.status != 500 {
		t.Errorf("with a file that is bad: %d", r.status)
	}
	if errs, _ := rec.snapshot(); len(errs) != 1 || !strings.Contains(errs[0].Error(), "Unable to parse configuration") {
		t.Errorf("reports %v", errs)
	}
}

// TestBadWebConfig is an error before anything starts.
func TestBadWebConfig(t *testing.T) {
	dir := t.TempDir()
	writeCertificate(t, dir, "server")
	file := filepath.Join(dir, "web.yml")
	for name, tt := range map[string]struct{ content, want string }{
		"no YAML":         {"tls_server_config: [", "yaml"},
		"unknown field":   {"tls_config: {}", "tls_config"},
		"no key":          {"tls_server_config:\n  cert_file: server.crt\n", "missing one of key or key_file"},
		"no certificate":  {"tls_server_config:\n  cert_file: absent.crt\n  key_file: server.key\n", "absent.crt"},
		"no hash":         {"basic_auth_users:\n  prometheus: plain\n", "bcrypt"},
		"a header":        {"http_server_config:\n  headers:\n    X-Mine: x\n", "X-Mine"},
		"client's policy": {tlsSection + "  client_auth_type: Perhaps\n", "Perhaps"},
	} {
		writeFile(t, file, tt.content)
		_, err := New(Config{Addr: ":0", Pages: at("/metrics", page()), WebConfigFile: file})
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), `WebConfigFile: "`+file+`"`) || strings.Contains(err.Error(), "plain") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, file := range []string{filepath.Join(dir, "absent.yml"), dir} {
		if _, err := New(Config{Addr: ":0", Pages: at("/metrics", page()), WebConfigFile: file}); err == nil || !strings.Contains(err.Error(), "cannot be read") {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestWebConfigAfterListenerWasLost: the next listener serves in the same way. While the
// file is bad there is none, which is said.
func TestWebConfigAfterListenerWasLost(t *testing.T) {
	file := filepath.Join(t.TempDir(), "web.yml")
	good := basicAuth(t, "prometheus", "right")
	writeFile(t, file, good)
	rec := newRecord()
	ticks := make(chan time.Time)
	s := newServer(t, Config{ErrorLog: rec.err, OnState: rec.state, WebConfigFile: file})
	s.after = func(time.Duration) <-chan time.Time { return ticks }
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	lose := func() {
		s.mu.Lock()
		l := s.listener
		s.mu.Unlock()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	await := func(want ...bool) {
		t.Helper()
		for states := []bool(nil); !slices.Equal(states, want); _, states = rec.snapshot() {
			select {
			case <-rec.news:
			case <-time.After(deadline):
				t.Fatalf("states %v, want %v", states, want)
			}
		}
	}
	name, right := basic("prometheus", "right")
	if r := over(t, nil, s, "/metrics", name, right); r.status != 200 {
		t.Fatalf("at first: %d", r.status)
	}
	lose()
	await(true, false)
	writeFile(t, file, "basic_auth_users: [")
	ticks <- time.Time{}
	await(true, false, true, false)
	errs, _ := rec.snapshot()
	if last := errs[len(errs)-1].Error(); !strings.Contains(last, "correct ARGUS_WEB_CONFIG_FILE") {
		t.Errorf("the reason is %s", last)
	}
	writeFile(t, file, good)
	ticks <- time.Time{}
	await(true, false, true, false, true)
	if r := over(t, nil, s, "/metrics", name, right); r.status != 200 {
		t.Errorf("after that: %d", r.status)
	}
	if r := over(t, nil, s, "/metrics"); r.status != 401 {
		t.Errorf("after that, without the password: %d", r.status)
	}
}

// TestVictimOverTLS: a connection is closed without a farewell, for which the client might
// let the server wait.
func TestVictimOverTLS(t *testing.T) {
	dir := t.TempDir()
	pool := writeCertificate(t, dir, "server")
	certificate, err := tls.LoadX509KeyPair(filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	client, conn := net.Pipe()
	defer client.Close()
	victim := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{certificate}, SessionTicketsDisabled: true})
	done := make(chan error, 1)
	go func() { done <- victim.HandshakeContext(context.Background()) }()
	if err := tls.Client(client, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}).HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	c := &connections{most: 1, open: map[net.Conn]connection{}}
	c.enter(victim, idle)
	entered := make(chan struct{})
	go func() {
		defer close(entered)
		c.enter(&net.TCPConn{}, waiting)
	}()
	if rest, err := io.ReadAll(client); err != nil || len(rest) > 0 {
		t.Errorf("the client gets %d bytes, %v", len(rest), err)
	}
	<-entered
}
