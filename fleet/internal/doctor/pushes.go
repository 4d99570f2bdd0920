package doctor

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"

	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/argus-dgo/argus/fleet/internal/ingest"
	"github.com/argus-dgo/argus/internal/checks"
	"github.com/argus-dgo/argus/internal/excerpt"
	"github.com/argus-dgo/argus/internal/reason"
)

// A way is one in which bots push.
type way struct {
	check, setting, addr string
	// push pushes nothing, with a token. refused says that this is why it failed.
	push func(ctx context.Context, addr, token string) (refused bool, err error)
}

// pushes tries whether bots can push, each way.
func (d *doctor) pushes(ctx context.Context) (findings []checks.Finding) {
	if len(d.settings.Prometheus) > 0 {
		return []checks.Finding{skip("otlp", "the fleet reads ARGUS_FLEET_PROMETHEUS, and takes no pushes")}
	}
	for _, w := range []way{
		{"otlp grpc", "ARGUS_FLEET_OTLP_GRPC_ADDR", d.settings.OTLPGRPCAddr, d.pushGRPC},
		{"otlp http", "ARGUS_FLEET_OTLP_HTTP_ADDR", d.settings.OTLPHTTPAddr, d.pushHTTP},
	} {
		findings = append(findings, d.pushBy(ctx, w))
	}
	return findings
}

func (d *doctor) pushBy(ctx context.Context, w way) checks.Finding {
	if w.addr == "" {
		return skip(w.check, w.setting+" is off")
	}
	addr, token := reach(w.addr), first(d.tokens.ingest)
	if err := connects(ctx, addr); err != nil {
		return fail(w.check, fmt.Sprintf("cannot connect to %s: %v", addr, err), "start the fleet with these settings, or correct "+w.setting)
	}
	refused, err := w.push(ctx, addr, token)
	switch {
	case refused && token == "":
		return fail(w.check, addr+" requires a token, but this environment has none", otherSettings)
	case refused:
		return fail(w.check, addr+" refuses the first token of ARGUS_FLEET_INGEST_TOKEN_FILE", otherSettings)
	case err != nil:
		return fail(w.check, fmt.Sprintf("%s does not take a push: %v", addr, err), "read the fleet's log; if another program has the address, correct "+w.setting)
	case token == "":
		return ok(w.check, addr+" took an empty push; it requires no token")
	}
	if refused, _ := w.push(ctx, addr, d.wrong); !refused {
		return fail(w.check, addr+" takes a push with a wrong token", otherSettings)
	}
	return ok(w.check, addr+" took an empty push with the token of bots, and refused a wrong one")
}

// reach is where an address can be reached from this machine.
func reach(addr string) string {
	host, port, _ := net.SplitHostPort(addr) // it was checked
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		return net.JoinHostPort("localhost", port)
	}
	return addr
}

// connects tries to connect. gRPC's own errors say less clearly why that fails.
func connects(ctx context.Context, addr string) error {
	conn, err := (&net.Dialer{Timeout: requestTimeout}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return reason.Of(err)
	}
	return conn.Close()
}

func (d *doctor) pushGRPC(ctx context.Context, addr, token string) (refused bool, err error) {
	transport := insecure.NewCredentials()
	if d.client.tls != nil {
		transport = credentials.NewTLS(d.client.tls.Clone())
	}
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(transport), grpc.WithNoProxy())
	if err != nil {
		return false, err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	if token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	_, err = pmetricotlp.NewGRPCClient(conn).Export(ctx, pmetricotlp.NewExportRequest())
	s := status.Convert(err)
	switch s.Code() {
	case codes.OK:
		return false, nil
	case codes.Unauthenticated, codes.PermissionDenied:
		return true, err
	}
	return false, fmt.Errorf("%v: %s", s.Code(), excerpt.Line(s.Message(), maxText))
}

func (d *doctor) pushHTTP(ctx context.Context, addr, token string) (refused bool, err error) {
	scheme := "http"
	if d.client.tls != nil {
		scheme = "https"
	}
	body, err := pmetricotlp.NewExportRequest().MarshalProto()
	if err != nil {
		return false, err
	}
	a, err := d.client.do(ctx, http.MethodPost, scheme+"://"+addr+ingest.Path, token, "application/x-protobuf", body)
	switch {
	case err != nil:
		return false, err
	case a.status == http.StatusUnauthorized:
		return true, nil
	case a.status != http.StatusOK:
		return false, fmt.Errorf("status %d: %s", a.status, a.text())
	}
	return false, nil
}
