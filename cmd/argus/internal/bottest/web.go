package bottest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// A Web is a web configuration file with TLS and basic authentication, and what a client
// needs to get in.
type Web struct {
	File     string // ARGUS_WEB_CONFIG_FILE
	CA       string // file with the certificate
	Username string
	Password string // file with the password
}

// Flags are those of a command that is let in.
func (w Web) Flags() []string {
	return []string{"--ca-file", w.CA, "--username", w.Username, "--password-file", w.Password}
}

// Secret is the password.
const Secret = "planted-password"

// WebConfig writes the files, with a certificate for the IP address.
func WebConfig(t testing.TB, ip string) Web {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		must(os.WriteFile(path, content, 0o600))
		return path
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.ParseIP(ip)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(err)
	hash, err := bcrypt.GenerateFromPassword([]byte(Secret), bcrypt.MinCost)
	must(err)
	write("server.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	return Web{
		CA:       write("server.crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		Username: "operator",
		Password: write("password", []byte(Secret+"\n")),
		File: write("web.yml", fmt.Appendf(nil,
			"tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\nbasic_auth_users:\n  operator: %s\n", hash)),
	}
}
