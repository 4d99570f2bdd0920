package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The tokens of this test, which no log may hold.
const (
	rightToken = "right-token-5c1f1d0a"
	wrongToken = "wrong-token-93ab77e2"
)

// TestSecurity: TLS, a token, and client certificates between bot and Collector. What is right arrives; what is wrong is refused, and
// the bot's log says so in one line that names what to look at and holds no token.
func TestSecurity(t *testing.T) {
	t.Parallel()
	ours, other := newAuthority(t, "ours"), newAuthority(t, "other")
	server := ours.issue(t, "server", false)
	bot, stranger := ours.issue(t, "bot", true), other.issue(t, "stranger", true)
	tokens := filepath.Join(t.TempDir(), "token")
	write(t, tokens, []byte(rightToken+"\n"))
	settings := map[string]string{
		"OTELCOL_TLS_CERT_FILE": server.cert, "OTELCOL_TLS_KEY_FILE": server.key, "OTELCOL_TOKEN_FILE": tokens,
	}
	mutual := with(settings, map[string]string{"OTELCOL_TLS_CLIENT_CA_FILE": ours.cert})

	trusts := func(a *authority) map[string]string {
		return map[string]string{"OTEL_EXPORTER_OTLP_CERTIFICATE": a.cert}
	}
	shows := func(p pair) map[string]string {
		return map[string]string{
			"OTEL_EXPORTER_OTLP_CERTIFICATE":        ours.cert,
			"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": p.cert, "OTEL_EXPORTER_OTLP_CLIENT_KEY": p.key,
		}
	}
	bears := func(token string) map[string]string {
		return with(trusts(ours), map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20" + token})
	}
	for _, side := range []struct {
		name     string
		env      map[string]string
		overlays []string
		bots     []botCase
	}{
		{"tls", settings, []string{overTLS}, []botCase{
			{"right authority", "https", trusts(ours), ""},
			{"wrong authority", "https", trusts(other), "certificate signed by unknown authority"},
			{"no TLS", "http", nil, "whether it expects TLS, which is off here"},
		}},
		{"tls and token", settings, []string{overTLS, token}, []botCase{
			{"right token", "https", bears(rightToken), ""},
			{"wrong token", "https", bears(wrongToken), "Unauthenticated"},
			{"no token", "https", trusts(ours), "Unauthenticated"},
		}},
		{"client certificates", mutual, []string{overTLS}, []botCase{
			{"right certificate", "https", shows(bot), ""},
			{"certificate of a stranger", "https", shows(stranger), "whether it requires a client certificate"},
			{"no certificate", "https", trusts(ours), "whether it requires a client certificate"},
		}},
	} {
		t.Run(side.name, func(t *testing.T) {
			c := startCollector(t, side.env, side.overlays...)
			for n, tt := range side.bots {
				t.Run(tt.name, func(t *testing.T) {
					cluster := fmt.Sprintf("security-%s-%d", strings.ReplaceAll(side.name, " ", "-"), n)
					env := with(pushTo(c.grpc), tt.env)
					env["OTEL_EXPORTER_OTLP_ENDPOINT"] = tt.scheme + "://" + c.grpc
					if tt.says != "" {
						env["OTEL_EXPORTER_OTLP_TIMEOUT"] = "3000" // to hear of it soon, and long enough for a handshake on a busy machine
					}
					b := startBot(t, cluster, 1, env)
					arrived := func() bool {
						_, body, err := get(t.Context(), "http://"+c.page+"/metrics", nil)
						if err != nil {
							t.Fatal(err)
						}
						return strings.Contains(body, `cluster="`+cluster+`"`)
					}
					if tt.says == "" {
						eventually(t, "data at the Collector", 10*time.Second, func() (bool, string) { return arrived(), b.log.String() })
						if lines := b.lines("level=WARN"); len(lines) != 0 {
							t.Errorf("the log has warnings: %q", lines)
						}
					} else {
						eventually(t, "a line in the log", 30*time.Second, func() (bool, string) { return len(b.lines("level=WARN")) > 0, "" })
						pass(t, 4*time.Second) // for more exports that fail
						lines := b.lines("level=WARN")
						if len(lines) != 1 || !strings.Contains(lines[0], tt.says) || !strings.Contains(lines[0], c.grpc) {
							t.Errorf("want one line that names %q and %s: %q", tt.says, c.grpc, lines)
						}
						t.Logf("the bot says: %s", append(lines, "")[0])
						if arrived() {
							t.Error("the data has arrived")
						}
					}
					for _, secret := range []string{rightToken, wrongToken} {
						if strings.Contains(b.log.String(), secret) {
							t.Errorf("the bot's log holds a token:\n%s", b.log)
						}
					}
				})
			}
			for _, secret := range []string{rightToken, wrongToken} {
				if strings.Contains(c.logged(), secret) {
					t.Errorf("the Collector's log holds a token")
				}
			}
		})
	}
}

type botCase struct {
	name   string
	scheme string
	env    map[string]string
	says   string // empty: it arrives
}

// An authority issues certificates for the loopback interface.
type authority struct {
	cert string // file
	x509 *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
}

// A pair is a certificate and its key, as files.
type pair struct{ cert, key string }

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{x509: cert, key: key, dir: t.TempDir()}
	a.cert = filepath.Join(a.dir, "ca.crt")
	write(t, a.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return a
}

func (a *authority) issue(t *testing.T, name string, forClient bool) pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	usage := x509.ExtKeyUsageServerAuth
	if forClient {
		usage = x509.ExtKeyUsageClientAuth
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}, a.x509, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	p := pair{filepath.Join(a.dir, name+".crt"), filepath.Join(a.dir, name+".key")}
	write(t, p.cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, p.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	return p
}

func write(t testing.TB, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
