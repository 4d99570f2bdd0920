package doctor

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/argus-dgo/argus/internal/checks"
)

// expiresSoon is when a certificate is to be renewed at the latest.
const expiresSoon = 14 * 24 * time.Hour

// certificate looks at the certificate of all addresses, and at the one that is served at
// the address of the pages, which may be a proxy's.
func (d *doctor) certificate(served *x509.Certificate) []checks.Finding {
	address, err := url.Parse(d.settings.URL)
	if err != nil {
		return nil // it is told already
	}
	if d.settings.TLSCertFile == "" {
		if served == nil {
			return []checks.Finding{skip("certificate", "no certificate is set: the fleet speaks plain text")}
		}
		return examined(tls.Certificate{Leaf: served}, address.Hostname(), d.now())
	}
	pair, err := tls.LoadX509KeyPair(d.settings.TLSCertFile, d.settings.TLSKeyFile)
	if err != nil {
		return nil // see above
	}
	findings := examined(pair, address.Hostname(), d.now())
	if served != nil && !served.Equal(pair.Leaf) {
		findings = append(findings, warn("certificate", fmt.Sprintf("%s has another certificate than ARGUS_FLEET_TLS_CERT_FILE, until %s", d.settings.URL, served.NotAfter.UTC().Format(time.DateOnly)),
			"normal for some seconds after the file has changed, and behind a proxy; otherwise read the fleet's log"))
	}
	return findings
}

// examined looks at a certificate for a host at a time.
func examined(pair tls.Certificate, host string, now time.Time) []checks.Finding {
	const check, renew = "certificate", "replace ARGUS_FLEET_TLS_CERT_FILE and ARGUS_FLEET_TLS_KEY_FILE; the fleet reads them again by itself"
	leaf, until := pair.Leaf, pair.Leaf.NotAfter.UTC().Format(time.DateOnly)
	var findings []checks.Finding
	switch {
	case now.After(leaf.NotAfter):
		findings = append(findings, fail(check, "it has expired, on "+until, renew))
	case now.Before(leaf.NotBefore):
		findings = append(findings, fail(check, "it is valid only from "+leaf.NotBefore.UTC().Format(time.DateOnly), "check the clock of this machine, or "+renew))
	case leaf.NotAfter.Sub(now) < expiresSoon:
		findings = append(findings, warn(check, "it expires soon, on "+until, renew))
	}
	if err := leaf.VerifyHostname(host); err != nil {
		findings = append(findings, fail(check, fmt.Sprintf("it is not valid for %s, the host of ARGUS_FLEET_URL", host), "set ARGUS_FLEET_URL to a name that it has, or replace it"))
	}
	if findings != nil {
		return findings
	}
	text := fmt.Sprintf("valid for %s until %s", host, until)
	if pair.Certificate == nil { // a proxy's, which this machine trusts
		return []checks.Finding{ok(check, text)}
	}
	between := x509.NewCertPool()
	for _, der := range pair.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			between.AddCert(c)
		}
	}
	_, err := leaf.Verify(x509.VerifyOptions{Intermediates: between, CurrentTime: now})
	if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown {
		text += "; this machine does not know who signed it, so bots and browsers like it need the CA (OTEL_EXPORTER_OTLP_CERTIFICATE)"
	}
	return []checks.Finding{ok(check, text)}
}
