package fleet

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/fleet/internal/expect"
)

// writePEM writes blocks to a file.
func writePEM(t *testing.T, name string, blocks ...*pem.Block) string {
	t.Helper()
	var text []byte
	for _, b := range blocks {
		text = append(text, pem.EncodeToMemory(b)...)
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// issue writes a certificate for this machine, and returns its serial number.
func issue(t *testing.T, ca *discordtest.CA, cert, key string) string {
	t.Helper()
	c, err := ca.Issue(time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []*pem.Block
	for _, der := range c.Certificate {
		blocks = append(blocks, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	writePEM(t, cert, blocks...)
	writePEM(t, key, &pem.Block{Type: "PRIVATE KEY", Bytes: private})
	parsed, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return parsed.SerialNumber.String()
}

// TestTLS: pages and members are served over TLS alone, a bot that trusts the certificate
// is a member, and a certificate that is renewed is used without a restart.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	ca, err := discordtest.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	cert, key, root := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "ca.pem")
	first := issue(t, ca, cert, key)
	chain, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	var authority []*pem.Block
	for _, der := range chain.Certificate[len(chain.Certificate)-1:] {
		authority = append(authority, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	writePEM(t, root, authority...)
	p := start(t, "--tls-cert-file", cert, "--tls-key-file", key)
	serial := func() string {
		t.Helper()
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}}}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+p.Addr()+"/healthz", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.TLS.PeerCertificates[0].SerialNumber.String()
	}
	if got := serial(); got != first || p.URL() != "https://"+p.Addr() {
		t.Errorf("the certificate is %s, want %s; the pages are at %s", got, first, p.URL())
	}
	discord := newDiscord(t, discordtest.WithShards(1), discordtest.WithGuilds(1))
	t.Setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", root)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "https://"+p.OTLPGRPC())
	t.Setenv("OTEL_METRIC_EXPORT_INTERVAL", every)
	newBot(t, discord, "0", 1, 1, 0)
	expect.Eventually(t, "the bot to be a member", func() bool { return len(p.members.Members()) == 1 })
	second := issue(t, ca, cert, key)
	later := time.Now().Add(time.Minute)
	for _, name := range []string{cert, key} {
		if err := os.Chtimes(name, later, later); err != nil {
			t.Fatal(err)
		}
	}
	expect.Eventually(t, "the new certificate", func() bool { return serial() == second })
}
