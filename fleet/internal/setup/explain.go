package setup

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/argus-dgo/argus/fleet/internal/settings"
)

// Explain says what was written and what to do with it. Tokens are in it if they are to
// be shown, and else the files that they are in.
func (p *Plan) Explain(out io.Writer, showTokens bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Written:\n  %s: the settings\n", p.env())
	for _, t := range p.tokens {
		fmt.Fprintf(&b, "  %s: the token of %s\n", t.file, t.whose)
	}
	p.start(&b)
	fmt.Fprintf(&b, "\nThe pages are at %s/. They ask for the token of viewers or operators.\n", p.settings.URL)
	p.members(&b, showTokens)
	_, err := io.WriteString(out, b.String())
	return err
}

// start says how the fleet is started and checked.
func (p *Plan) start(b *strings.Builder) {
	if !p.systemd {
		fmt.Fprintf(b, "\nStart the fleet:\n  set -a; . %s; set +a; argus-fleet\n", shell(p.env()))
		fmt.Fprintf(b, "\nCheck it while it runs:\n  set -a; . %s; set +a; argus-fleet doctor\n", shell(p.env()))
		return
	}
	b.WriteString("\nStart the fleet, with deploy/systemd/argus-fleet.service in /etc/systemd/system:\n")
	if p.dir != SystemdDir {
		fmt.Fprintf(b, "  move the files to %s, where the unit has them\n", SystemdDir)
	}
	if drop := p.dropIn(); drop != "" {
		b.WriteString("  systemctl edit argus-fleet    # and insert:\n\n" + drop + "\n")
	}
	b.WriteString("  systemctl daemon-reload\n  systemctl enable --now argus-fleet\n")
	fmt.Fprintf(b, "\nCheck it while it runs, as root:\n  set -a; . %s/%s; set +a\n  argus-fleet --data /var/lib/private/argus-fleet", SystemdDir, envFile)
	for _, t := range p.tokens {
		fmt.Fprintf(b, " \\\n    --%s %s/%s", t.setting, SystemdDir, strings.TrimPrefix(t.file, p.dir+"/"))
	}
	b.WriteString(" \\\n    doctor\n")
}

// dropIn gives the unit the files that settings name: its user cannot read them where they
// are.
func (p *Plan) dropIn() string {
	var b strings.Builder
	for _, v := range p.files {
		id := strings.TrimSuffix(v.Flag, "-file")
		fmt.Fprintf(&b, "LoadCredential=%s:%s\nEnvironment=%s=%%d/%s\n", id, strings.ReplaceAll(v.Text, "%", "%%"), v.Variable(), id)
	}
	if b.Len() == 0 {
		return ""
	}
	return "[Service]\n" + b.String()
}

// shell writes a name as a word of a shell.
func shell(name string) string { return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'" }

// members are the lines that each process of a bot needs, by each way in.
func (p *Plan) members(b *strings.Builder, showTokens bool) {
	s := p.settings
	ways := 0
	for _, way := range []struct{ name, addr, protocol string }{
		{"OTLP over gRPC", s.OTLPGRPCAddr, ""},
		{"OTLP over HTTP", s.OTLPHTTPAddr, "http/protobuf"},
	} {
		if way.addr == "" {
			continue
		}
		if ways++; ways == 1 {
			b.WriteString("\nSet in each process of a bot, and restart it:\n")
		} else {
			fmt.Fprintf(b, "\nOr by %s:\n", way.name)
		}
		b.WriteString("  OTEL_METRICS_EXPORTER=otlp,prometheus\n")
		if way.protocol != "" {
			fmt.Fprintf(b, "  OTEL_EXPORTER_OTLP_PROTOCOL=%s\n", way.protocol)
		}
		fmt.Fprintf(b, "  OTEL_EXPORTER_OTLP_ENDPOINT=%s\n", endpoint(s, way.addr, p.urlGiven))
		fmt.Fprintf(b, "  OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%%20%s\n", p.ingest(showTokens))
		b.WriteString("  OTEL_METRIC_EXPORT_INTERVAL=15000\n")
		b.WriteString("  ARGUS_CLUSTER_ID=<a name, unique within the bot and region, the same after a restart>\n")
		b.WriteString("  ARGUS_REGION=<such as eu; only if there are several>\n")
	}
	switch {
	case len(s.Prometheus) > 0:
		b.WriteString("\nProcesses need no setting: the fleet reads ARGUS_FLEET_PROMETHEUS.\n")
	case ways == 0:
		b.WriteString("\nNo process can push: ARGUS_FLEET_OTLP_GRPC_ADDR and ARGUS_FLEET_OTLP_HTTP_ADDR are off.\n")
	case s.TLSCertFile != "":
		b.WriteString("\nIf the certificate is of a CA of your own, set OTEL_EXPORTER_OTLP_CERTIFICATE to the file of the CA.\n")
	}
}

// ingest is the token of members, or where it is.
func (p *Plan) ingest(show bool) string {
	for _, t := range p.tokens {
		if show && t.file == p.settings.IngestTokenFile {
			return t.text
		}
	}
	return "<the token in " + p.settings.IngestTokenFile + ">"
}

// endpoint is an address as bots reach it.
func endpoint(s settings.Settings, addr string, urlGiven bool) string {
	scheme := "http"
	if s.TLSCertFile != "" {
		scheme = "https"
	}
	host, port, _ := net.SplitHostPort(addr) // it was checked
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "<name of this machine>"
		if u, err := url.Parse(s.URL); err == nil && urlGiven {
			host = u.Hostname()
		}
	}
	if strings.HasPrefix(host, "<") {
		return scheme + "://" + host + ":" + port
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}
