package doctor

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/argus-dgo/argus/internal/checks"
)

const startIt = "start the fleet with these settings, or correct ARGUS_FLEET_ADDR and ARGUS_FLEET_URL"

// address looks whether a fleet answers at the address of the pages, and which certificate
// is served there.
func (d *doctor) address(ctx context.Context) (findings []checks.Finding, served *x509.Certificate, answers bool) {
	url := d.settings.URL
	health, err := d.client.get(ctx, "/healthz", "")
	if err == nil && health.tls != nil {
		served = health.tls.PeerCertificates[0]
	}
	switch {
	case err != nil:
		return []checks.Finding{fail("address", fmt.Sprintf("%s does not answer: %v", url, err), startIt)}, served, false
	case health.status != http.StatusOK:
		return []checks.Finding{fail("address", fmt.Sprintf("%s/healthz returns %d", url, health.status), startIt)}, served, false
	}
	// The API says what it is also to those who have no token.
	api, err := d.client.get(ctx, "/api/fleet/v1/members", "")
	if err != nil || !isFleet(api) {
		return []checks.Finding{fail("address", url+" is not a fleet", "stop the other program, or set another address; behind a proxy, let it hand on all paths")}, served, false
	}
	text := url + " is a fleet"
	if version := d.version(ctx); version != "" {
		text += ", version " + version
	}
	findings = []checks.Finding{ok("address", text)}
	ready, err := d.client.get(ctx, "/readyz", "")
	switch {
	case err != nil:
		findings = append(findings, fail("ready", fmt.Sprintf("/readyz does not answer: %v", err), "read the fleet's log"))
	case ready.status != http.StatusOK:
		findings = append(findings, fail("ready", fmt.Sprintf("/readyz returns %d: %s", ready.status, ready.text()), "normal just after a start; otherwise read the fleet's log"))
	default:
		findings = append(findings, ok("ready", "/healthz and /readyz return 200"))
	}
	return append(findings, d.browsers(ctx)...), served, true
}

// browsers looks whether the pages let browsers in by the name in their address.
func (d *doctor) browsers(ctx context.Context) []checks.Finding {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.settings.URL+"/", http.NoBody)
	if err != nil {
		return nil // told already
	}
	r.Header.Set("Sec-Fetch-Site", "none") // as browsers send it for an address that was typed
	a, err := d.client.send(r)
	if err == nil && a.status == http.StatusForbidden {
		return []checks.Finding{fail("browsers", "the pages refuse browsers: "+a.text(), "add the host of ARGUS_FLEET_URL to ARGUS_FLEET_ALLOWED_HOSTS, and restart the fleet")}
	}
	return nil
}

// isFleet reports whether an answer of the API, which may be a refusal, is a fleet's.
func isFleet(a *answer) bool {
	var said struct {
		Version int
		Error   string
	}
	return json.Unmarshal(a.body, &said) == nil &&
		(a.status == http.StatusOK && said.Version > 0 || a.status == http.StatusUnauthorized && strings.Contains(said.Error, "token"))
}

// version is that of the fleet, or empty.
func (d *doctor) version(ctx context.Context) string {
	var build struct{ Data struct{ Version string } }
	if d.client.document(ctx, "/api/v1/status/buildinfo", d.tokens.reader(), &build) != nil {
		return ""
	}
	return build.Data.Version
}
