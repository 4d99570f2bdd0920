package doctor

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/argus-dgo/argus/internal/checks"
)

const startIt = "start the fleet with these settings, or correct ARGUS_FLEET_ADDR"

// address looks whether a fleet answers: at the address that it listens on, or else at the
// URL as people reach it. From then on, the client asks there. served is the certificate at
// the URL, if that answers.
func (d *doctor) address(ctx context.Context) (findings []checks.Finding, served *x509.Certificate, answers bool) {
	local, public := d.local(), d.settings.URL
	served, err := d.greet(ctx, local)
	if err == nil {
		d.client.url = local
	}
	if d.urlGiven && public != local {
		var urlErr error
		served, urlErr = d.greet(ctx, public)
		switch {
		case urlErr == nil && err != nil: // the fleet is on another machine
			d.client.url, err = public, nil
		case urlErr != nil && err != nil:
			findings = append(findings, fail("url", urlErr.Error(), "correct ARGUS_FLEET_URL, or what is between it and the fleet"))
		case urlErr != nil:
			findings = append(findings, warn("url", urlErr.Error(), "normal where only others can reach it; otherwise correct ARGUS_FLEET_URL, or what is between it and the fleet"))
		default:
			findings = append(findings, ok("url", public+" leads to a fleet"))
		}
	}
	if err != nil {
		return append([]checks.Finding{fail("address", err.Error(), startIt)}, findings...), served, false
	}
	text := d.client.url + " is a fleet"
	if version := d.version(ctx); version != "" {
		text += ", version " + version
	}
	findings = append([]checks.Finding{ok("address", text)}, findings...)
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

// local is the URL of the pages on this machine.
func (d *doctor) local() string {
	if d.settings.TLSCertFile != "" {
		return "https://" + reach(d.settings.Addr)
	}
	return "http://" + reach(d.settings.Addr)
}

// greet looks whether a fleet answers at an address, and with which certificate.
func (d *doctor) greet(ctx context.Context, base string) (served *x509.Certificate, err error) {
	health, err := d.client.do(ctx, http.MethodGet, base+"/healthz", "", "", nil)
	if err != nil {
		return nil, fmt.Errorf("%s does not answer: %w", base, err)
	}
	if health.tls != nil {
		served = health.tls.PeerCertificates[0]
	}
	if health.status != http.StatusOK {
		return served, fmt.Errorf("%s/healthz returns %d", base, health.status)
	}
	// The API says what it is also to those who have no token.
	api, err := d.client.do(ctx, http.MethodGet, base+readPath, "", "", nil)
	if err != nil || !isFleet(api) {
		return served, fmt.Errorf("%s is not a fleet, or a proxy does not hand on its API", base)
	}
	return served, nil
}

// browsers looks whether the pages let browsers in by the name in their URL.
func (d *doctor) browsers(ctx context.Context) []checks.Finding {
	as, err := url.Parse(d.settings.URL)
	if err != nil {
		return nil // told already
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.client.url+"/", http.NoBody)
	if err != nil {
		return nil // see above
	}
	r.Host = as.Host
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
