package settings

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// A Prometheus is a server that is read. Its Region may be empty.
type Prometheus struct{ Region, URL string }

// maxServers is the number of servers that are read.
const maxServers = 32

func servers(s *Settings, value string) error {
	for one := range list(value) {
		var p Prometheus
		if region, u, named := strings.Cut(one, "="); named && !strings.Contains(region, "/") {
			if p.Region, one = region, u; p.Region == "" {
				return errors.New("has a URL after = without the name of a region before it")
			}
		}
		if err := website(func(*Settings) *string { return &p.URL })(s, one); err != nil {
			return errors.New("is not a URL such as https://prometheus.example.org or eu=https://prometheus.eu.example.org, without credentials and query")
		}
		if slices.ContainsFunc(s.Prometheus, func(o Prometheus) bool { return o.URL == p.URL }) {
			return fmt.Errorf("has %s twice", p.URL)
		}
		s.Prometheus = append(s.Prometheus, p)
	}
	if len(s.Prometheus) > maxServers {
		return fmt.Errorf("has %d servers, and at most %d are read", len(s.Prometheus), maxServers)
	}
	return nil
}

const headersFlag = "prometheus-headers"

func headers(s *Settings, value string) error {
	if err := s.addHeaders(value); err != nil {
		return unquoted{err}
	}
	return nil
}

func (s *Settings) addHeaders(value string) error {
	for one := range list(value) {
		name, text, is := strings.Cut(one, "=")
		name = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name))
		switch {
		case !is || name == "" || strings.ContainsAny(name, " \t\r\n:"):
			return errors.New("is not a list of headers such as X-Scope-OrgID=bots")
		case name == "Authorization" || name == "Cookie":
			return fmt.Errorf("has the header %s: put a token into the file of ARGUS_FLEET_PROMETHEUS_TOKEN_FILE", name)
		case name == "Host" || name == "Content-Length" || name == "Content-Type" || name == "Transfer-Encoding":
			return fmt.Errorf("has the header %s, which the fleet sets itself", name)
		}
		if s.PrometheusHeaders == nil {
			s.PrometheusHeaders = http.Header{}
		}
		s.PrometheusHeaders.Set(name, strings.TrimSpace(text))
	}
	return nil
}

// checkPrometheus finds settings of servers without one. With servers, nothing is pushed.
func (s *Settings) checkPrometheus() (errs []error) {
	if len(s.Prometheus) > 0 {
		s.OTLPGRPCAddr, s.OTLPHTTPAddr = "", ""
	}
	if (s.PrometheusCertFile == "") != (s.PrometheusKeyFile == "") {
		errs = append(errs, errors.New("ARGUS_FLEET_PROMETHEUS_CERT_FILE and ARGUS_FLEET_PROMETHEUS_KEY_FILE belong together: set both or none"))
	}
	for _, one := range []struct {
		name string
		set  bool
	}{
		{"TOKEN_FILE", s.PrometheusTokenFile != ""},
		{"CA_FILE", s.PrometheusCAFile != ""},
		{"CERT_FILE", s.PrometheusCertFile != ""},
		{"HEADERS", len(s.PrometheusHeaders) > 0},
	} {
		if one.set && len(s.Prometheus) == 0 {
			errs = append(errs, fmt.Errorf("ARGUS_FLEET_PROMETHEUS_%s is set and ARGUS_FLEET_PROMETHEUS is not: it has no effect", one.name))
		}
	}
	return errs
}
