package doctor

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/argus-dgo/argus/internal/loopback"
)

// A collector is a real gRPC server on loopback, which answers with err.
type collector struct {
	collectorpb.UnimplementedMetricsServiceServer
	err error
	got chan *collectorpb.ExportMetricsServiceRequest
}

func (c *collector) Export(_ context.Context, r *collectorpb.ExportMetricsServiceRequest) (*collectorpb.ExportMetricsServiceResponse, error) {
	if c.got != nil {
		c.got <- r
	}
	return &collectorpb.ExportMetricsServiceResponse{}, c.err
}

func serveCollector(t *testing.T, addr string, c *collector, opts ...grpc.ServerOption) string {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer(opts...)
	if c != nil {
		collectorpb.RegisterMetricsServiceServer(s, c)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Serve(l); err != nil {
			t.Errorf("Serve: %v", err)
		}
	}()
	t.Cleanup(func() { s.Stop(); <-done })
	return l.Addr().String()
}

// authority makes certificates. Both are PEM.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pem  string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	a.key, a.cert, a.pem, _ = certify(t, nil, &x509.Certificate{
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, Subject: pkix.Name{CommonName: "authority"},
	})
	return a
}

func certify(t *testing.T, by *authority, template *x509.Certificate) (key *ecdsa.PrivateKey, cert *x509.Certificate, certPEM, keyPEM string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	if cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return key, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}

// issue makes a certificate for an address, as files.
func (a *authority) issue(t *testing.T, address string, expired bool) (certFile, keyFile string, pair tls.Certificate) {
	t.Helper()
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: address}, IPAddresses: []net.IP{net.ParseIP(address)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if expired {
		template.NotBefore, template.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	}
	_, _, certPEM, keyPEM := certify(t, a, template)
	pair, err := tls.X509KeyPair([]byte(certPEM), []byte(keyPEM))
	if err != nil {
		t.Fatal(err)
	}
	return file(t, "cert.pem", certPEM), file(t, "key.pem", keyPEM), pair
}

// TestCollector: each way in which an export fails has its cause told, and one that works is taken.
func TestCollector(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const host = "127.0.4.1"
	a := newAuthority(t)
	authorities := "OTEL_EXPORTER_OTLP_CERTIFICATE=" + file(t, "authority.pem", a.pem)
	clientCert, clientKey, pair := a.issue(t, host, false)
	_, _, expired := a.issue(t, host, true)
	_, _, misnamed := a.issue(t, "127.0.4.99", false)
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	secured := func(pair tls.Certificate, auth tls.ClientAuthType) grpc.ServerOption {
		return grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: auth, ClientCAs: pool, MinVersion: tls.VersionTLS12}))
	}
	refuses := func(code codes.Code) *collector {
		return &collector{err: status.Error(code, "no: "+headerSecret)}
	}
	const overHTTP = "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
	got := make(chan *collectorpb.ExportMetricsServiceRequest, 10)
	otlpHTTP := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		request := new(collectorpb.ExportMetricsServiceRequest)
		switch {
		case os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL") == "" && os.Getenv("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL") == "":
			if r.Header.Get("Api-Key") != "" {
				t.Error("the header of the push is sent to what is no collector")
			}
		case r.URL.Path == "/guarded/v1/metrics":
			http.Error(w, "no: "+r.Header.Get("Api-Key"), http.StatusUnauthorized)
		case r.URL.Path != "/v1/metrics" || proto.Unmarshal(body, request) != nil:
			http.NotFound(w, r)
		default:
			got <- request
		}
	})
	httpServer := httptest.NewServer(otlpHTTP)
	defer httpServer.Close()
	httpsServer := httptest.NewUnstartedServer(otlpHTTP)
	httpsServer.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	httpsServer.Listener.Close()
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	httpsServer.Listener = l
	httpsServer.StartTLS()
	defer httpsServer.Close()
	httpsAddress := l.Addr().String()

	plain := serveCollector(t, host+":0", &collector{got: got})
	withTLS := serveCollector(t, host+":0", &collector{got: got}, secured(pair, tls.NoClientCert))
	mutual := serveCollector(t, host+":0", &collector{got: got}, secured(pair, tls.RequireAndVerifyClientCert))
	for name, test := range map[string]struct {
		endpoint string
		env      []string
		want     []string
	}{
		"plain":       {"http://" + plain, nil, []string{"ok collector: " + plain + " accepted an empty export"}},
		"TLS":         {"https://" + withTLS, []string{authorities}, []string{"ok collector: " + withTLS}},
		"certificate": {"https://" + mutual, []string{authorities, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=" + clientCert, "OTEL_EXPORTER_OTLP_CLIENT_KEY=" + clientKey}, []string{"ok collector: " + mutual}},
		"away":        {"http://" + loopback.AddrOf(t, host), nil, []string{"fail collector: cannot connect to " + host, ": connect: connection refused", "start the collector"}},
		"unknown name": {"http://bad..name:4317", nil, []string{
			"fail collector: bad..name:4317: cannot resolve the host name: no such host", "correct OTEL_EXPORTER_OTLP_ENDPOINT",
		}},
		"plain to TLS":         {"http://" + withTLS, nil, []string{"fail collector: " + withTLS + " expects TLS, but plain text is configured", "https://"}},
		"TLS to plain":         {"https://" + plain, nil, []string{"fail collector: " + plain + " does not speak TLS, but TLS is configured", "http://" + plain}},
		"unknown authority":    {"https://" + withTLS, nil, []string{"unknown authority", "OTEL_EXPORTER_OTLP_CERTIFICATE"}},
		"another name":         {"https://" + serveCollector(t, host+":0", &collector{}, secured(misnamed, tls.NoClientCert)), []string{authorities}, []string{"127.0.4.99", "use a host name that its certificate covers"}},
		"expired":              {"https://" + serveCollector(t, host+":0", &collector{}, secured(expired, tls.NoClientCert)), []string{authorities}, []string{"expired", "replace the collector's certificate"}},
		"no certificate":       {"https://" + mutual, []string{authorities}, []string{"certificate required", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"}},
		"HTTP":                 {httpServer.URL, nil, []string{"speaks HTTP/1.1, not gRPC; it may be the OTLP/HTTP port", "set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, or ", "usually 4317 (OTLP/HTTP is 4318)"}},
		"HTTPS":                {"https://" + httpsAddress, []string{authorities}, []string{"speaks HTTP/1.1, not gRPC"}},
		"HTTPS in plain":       {"http://" + httpsAddress, nil, []string{"expects TLS, but plain text is configured"}},
		"no credentials":       {"http://" + serveCollector(t, host+":0", refuses(codes.Unauthenticated)), nil, []string{"fail collector: ", "Unauthenticated", "OTEL_EXPORTER_OTLP_HEADERS"}},
		"over HTTP":            {httpServer.URL, []string{overHTTP}, []string{"ok collector: " + strings.TrimPrefix(httpServer.URL, "http://") + " accepted an empty export"}},
		"over HTTPS":           {"https://" + httpsAddress, []string{overHTTP, authorities}, []string{"ok collector: " + httpsAddress + " accepted an empty export"}},
		"HTTP, signal's":       {"http://127.0.0.1:1", []string{"OTEL_EXPORTER_OTLP_METRICS_PROTOCOL=http/protobuf", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=" + httpServer.URL + "/v1/metrics"}, []string{"ok collector: "}},
		"HTTP, away":           {"http://" + loopback.AddrOf(t, host), []string{overHTTP}, []string{"fail collector: ", ": connect: connection refused", "the OTLP/HTTP port is usually 4318"}},
		"HTTP to gRPC":         {"http://" + plain, []string{overHTTP}, []string{"fail collector: " + plain + " speaks gRPC, but OTLP/HTTP is configured", "set OTEL_EXPORTER_OTLP_PROTOCOL=grpc"}},
		"HTTPS to gRPC":        {"https://" + withTLS, []string{overHTTP, authorities}, []string{"fail collector: " + withTLS + " speaks gRPC, but OTLP/HTTP is configured", "usually 4318 (gRPC is 4317)"}},
		"HTTP to HTTPS":        {"http://" + httpsAddress, []string{overHTTP}, []string{"fail collector: " + httpsAddress + " expects TLS, but plain text is configured", "https://"}},
		"HTTPS to HTTP":        {"https://" + strings.TrimPrefix(httpServer.URL, "http://"), []string{overHTTP}, []string{"does not speak TLS, but TLS is configured", "http://"}},
		"HTTPS, authority":     {"https://" + httpsAddress, []string{overHTTP}, []string{"unknown authority", "OTEL_EXPORTER_OTLP_CERTIFICATE"}},
		"HTTP, path":           {httpServer.URL + "/none", []string{overHTTP}, []string{"404 Not Found at /none/v1/metrics", "check that it is the collector's OTLP/HTTP port"}},
		"HTTP, path twice":     {httpServer.URL + "/v1/metrics", []string{overHTTP}, []string{"404 Not Found at /v1/metrics/v1/metrics", "/v1/metrics is appended to OTEL_EXPORTER_OTLP_ENDPOINT: remove it there"}},
		"HTTP, no path":        {httpServer.URL, []string{overHTTP, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=" + httpServer.URL}, []string{"404 Not Found at /", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT is used as it is: set it to the whole URL"}},
		"HTTP, no credentials": {httpServer.URL + "/guarded", []string{overHTTP}, []string{"fail collector: ", "401 Unauthorized", "OTEL_EXPORTER_OTLP_HEADERS"}},
		"no metrics":           {"http://" + serveCollector(t, host+":0", nil), nil, []string{"Unimplemented", "has a metrics pipeline"}},
	} {
		t.Run(name, func(t *testing.T) {
			environment(t, "127.0.4.2:9191", append(test.env, "OTEL_METRICS_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_ENDPOINT="+test.endpoint,
				"OTEL_EXPORTER_OTLP_HEADERS=api-key="+headerSecret)...)
			all := findings(t, newDoctor())
			has(t, all, test.want...)
			if strings.HasPrefix(test.want[0], "ok") {
				for _, r := range (<-got).GetResourceMetrics() {
					if len(r.GetScopeMetrics()) > 0 {
						t.Errorf("there is something in the export: %v", r)
					}
				}
			}
		})
	}
	t.Run("silent", func(t *testing.T) {
		l, err := net.Listen("tcp", host+":0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		environment(t, "127.0.4.2:9191", "OTEL_METRICS_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+l.Addr().String())
		began := time.Now()
		has(t, findings(t, newDoctor(), "--timeout", "700ms"), "fail collector: ")
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}
