package e2e

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	colmetricpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricpb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/proto"
)

// TestOTLPHTTP: what other programs push over OTLP/HTTP arrives, with cluster on it, in plain text, over TLS and with a token; what does
// not fit is refused.
func TestOTLPHTTP(t *testing.T) {
	t.Parallel()
	ours, other := newAuthority(t, "ours"), newAuthority(t, "other")
	server := ours.issue(t, "server", false)
	tokens := filepath.Join(t.TempDir(), "token")
	write(t, tokens, []byte(rightToken+"\n"))
	env := map[string]string{"OTELCOL_TLS_CERT_FILE": server.cert, "OTELCOL_TLS_KEY_FILE": server.key, "OTELCOL_TOKEN_FILE": tokens}
	type push struct {
		name, scheme, token string
		trusts              *authority
		status              int    // 0: there is no answer
		says                string // in the error, then
	}
	for _, side := range []struct {
		name     string
		overlays []string
		pushes   []push
	}{
		{"plain", nil, []push{{name: "as it stands", scheme: "http", status: http.StatusOK}}},
		{"tls", []string{overTLS}, []push{
			{name: "right authority", scheme: "https", trusts: ours, status: http.StatusOK},
			{name: "wrong authority", scheme: "https", trusts: other, says: "certificate signed by unknown authority"},
			{name: "no TLS", scheme: "http", status: http.StatusBadRequest},
		}},
		{"tls and token", []string{overTLS, token}, []push{
			{name: "right token", scheme: "https", trusts: ours, token: rightToken, status: http.StatusOK},
			{name: "wrong token", scheme: "https", trusts: ours, token: wrongToken, status: http.StatusUnauthorized},
			{name: "no token", scheme: "https", trusts: ours, status: http.StatusUnauthorized},
		}},
	} {
		t.Run(side.name, func(t *testing.T) {
			c := startCollector(t, env, side.overlays...)
			for n, tt := range side.pushes {
				t.Run(tt.name, func(t *testing.T) {
					cluster := fmt.Sprintf("http-%s-%d", strings.ReplaceAll(side.name, " ", "-"), n)
					status, err := post(t, tt.scheme+"://"+c.http+"/v1/metrics", tt.trusts, tt.token, oneGauge(cluster))
					if status != tt.status || (err != nil) != (tt.status == 0) || err != nil && !strings.Contains(err.Error(), tt.says) {
						t.Fatalf("status %d, error %v; want %d %q", status, err, tt.status, tt.says)
					}
					series := fmt.Sprintf("other_program{cluster=%q,instance=\"1\",job=\"other\"} 7", cluster)
					arrived := func() (bool, string) {
						_, page, err := get(t.Context(), "http://"+c.page+"/metrics", nil)
						if err != nil {
							t.Fatal(err)
						}
						return strings.Contains(page, series), page
					}
					if tt.status == http.StatusOK {
						eventually(t, series, 10*time.Second, arrived)
						return
					}
					pass(t, time.Second) // batch holds data for a fifth of that
					if there, _ := arrived(); there {
						t.Error("the data has arrived")
					}
				})
			}
		})
	}
}

// oneGauge is a push of another program: a gauge, and cluster on the resource.
func oneGauge(cluster string) *colmetricpb.ExportMetricsServiceRequest {
	attribute := func(key, value string) *commonpb.KeyValue {
		return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
	}
	point := &metricpb.NumberDataPoint{
		TimeUnixNano: uint64(time.Now().UnixNano()),
		Value:        &metricpb.NumberDataPoint_AsInt{AsInt: 7},
	}
	return &colmetricpb.ExportMetricsServiceRequest{ResourceMetrics: []*metricpb.ResourceMetrics{{
		Resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{
			attribute("service.name", "other"), attribute("service.instance.id", "1"), attribute("cluster", cluster),
		}},
		ScopeMetrics: []*metricpb.ScopeMetrics{{Metrics: []*metricpb.Metric{{
			Name: "other.program",
			Data: &metricpb.Metric_Gauge{Gauge: &metricpb.Gauge{DataPoints: []*metricpb.NumberDataPoint{point}}},
		}}}},
	}}}
}

// post sends one export.
func post(t *testing.T, url string, trusts *authority, token string, req *colmetricpb.ExportMetricsServiceRequest) (status int, err error) {
	t.Helper()
	raw, err := proto.Marshal(req)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-protobuf")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	if trusts != nil {
		ca, err := os.ReadFile(trusts.cert)
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(ca)
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	res, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}
