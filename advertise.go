package argus

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"

	sdkresource "go.opentelemetry.io/otel/sdk/resource"

	"github.com/argus-dgo/argus/internal/server"
	"github.com/argus-dgo/argus/resource"
)

// splitAdvertised returns the host and, if there is one, the port.
func splitAdvertised(addr string) (host, port string) {
	if _, err := netip.ParseAddr(addr); err == nil { // IPv6 has colons of its own
		return addr, ""
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr, ""
	}
	return host, port
}

func checkAdvertiseAddr(addr string) error {
	if addr == "" {
		return nil
	}
	host, port := splitAdvertised(addr)
	if ip, err := netip.ParseAddr(host); host == "" || server.CheckHost(host) != nil || err == nil && ip.IsUnspecified() {
		return errRefused
	}
	if port == "" && host == addr {
		return nil
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return errRefused
	}
	return nil
}

// settleAdvertised adds the URL of the metrics page, as others reach it, to the resource.
func (d *draft) settleAdvertised() error {
	if d.AdvertiseAddr == "" || d.resource == nil {
		return nil
	}
	fail := func(err error) error {
		return fmt.Errorf("%s=%q: %w", d.sources[envAdvertiseAddr], d.AdvertiseAddr, err)
	}
	if !d.exports(Prometheus) {
		return fail(fmt.Errorf("nothing is served: add prometheus to %s, or unset it", envExporters))
	}
	host, port := splitAdvertised(d.AdvertiseAddr)
	if port == "" {
		if d.Port == 0 {
			return fail(errors.New("the port is not known before the start: write it after the host"))
		}
		port = strconv.Itoa(d.Port)
	}
	address := url.URL{Scheme: "http", Host: net.JoinHostPort(host, port), Path: d.MetricsPath}
	if d.TLS {
		address.Scheme = "https"
	}
	merged, err := sdkresource.Merge(d.resource, sdkresource.NewSchemaless(resource.ScrapeURLKey.String(address.String())))
	if err != nil {
		return fail(err)
	}
	d.resource = merged
	return nil
}
