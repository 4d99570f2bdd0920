package settings

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/argus-dgo/argus/internal/clickhousesettings"
	"github.com/argus-dgo/argus/internal/link"
	"github.com/argus-dgo/argus/internal/server"
)

var table = []Row{
	{"addr", "127.0.0.1:9190", "Address of the pages and of the Prometheus API.", address(func(s *Settings) *string { return &s.Addr })},
	{"otlp-grpc-addr", "127.0.0.1:4317", "Address for OTLP over gRPC; off turns it off.", addressOrOff(func(s *Settings) *string { return &s.OTLPGRPCAddr })},
	{"otlp-http-addr", "127.0.0.1:4318", "Address for OTLP over HTTP; off turns it off.", addressOrOff(func(s *Settings) *string { return &s.OTLPHTTPAddr })},
	{"data", "./argus-fleet-data", "Folder of the data.", text(func(s *Settings) *string { return &s.Data })},
	{"url", "", "Address of the pages as people reach them, for links in notifications. Default: http:// and the address.", website(func(s *Settings) *string { return &s.URL })},
	{"retention", "15d", "How long metrics are kept, such as 15d or 1y.", duration(time.Hour, func(s *Settings) *time.Duration { return &s.Retention })},
	{"size", "0", "Most bytes of the data, such as 10GB, of at least 1GB. 0 is no limit.", size},
	{"evaluation-interval", "15s", "How often rules are evaluated.", duration(time.Second, func(s *Settings) *time.Duration { return &s.Evaluation })},
	{"ingest-token-file", "", "File with the tokens of members, one a line. Read anew when it changes.", text(func(s *Settings) *string { return &s.IngestTokenFile })},
	{"viewer-token-file", "", "File with the tokens of those who may read.", text(func(s *Settings) *string { return &s.ViewerTokenFile })},
	{"operator-token-file", "", "File with the tokens of those who may also mute alerts and forget clusters.", text(func(s *Settings) *string { return &s.OperatorTokenFile })},
	{"tls-cert-file", "", "Certificate of all addresses, PEM. Read anew when it changes.", text(func(s *Settings) *string { return &s.TLSCertFile })},
	{"tls-key-file", "", "Its key.", text(func(s *Settings) *string { return &s.TLSKeyFile })},
	{"allowed-hosts", "", "Names under which browsers may open the pages besides addresses and local names, separated by commas.", hosts},
	{"prometheus", "", "URLs of Prometheus servers, or of Mimir, Thanos or VictoriaMetrics, that are read instead of taking pushes, separated by commas. The name of a region may precede each: eu=https://prometheus.eu.example.org.", servers},
	{"prometheus-token-file", "", "File with the bearer token for them: one line for all, or a line for each in their order. Read anew when it changes.", text(func(s *Settings) *string { return &s.PrometheusTokenFile })},
	{"prometheus-ca-file", "", "Certificates of the CAs that they are verified with, PEM. Default: those of the system.", text(func(s *Settings) *string { return &s.PrometheusCAFile })},
	{"prometheus-cert-file", "", "Certificate that is shown to them, PEM.", text(func(s *Settings) *string { return &s.PrometheusCertFile })},
	{"prometheus-key-file", "", "Its key.", text(func(s *Settings) *string { return &s.PrometheusKeyFile })},
	{headersFlag, "", "Headers that are sent to them, separated by commas, such as X-Scope-OrgID=bots for Mimir.", headers},
	{"events", off, "Whether events are taken over OTLP and kept: on or off.", onOrOff},
	{"events-retention", "90d", "How long events are kept, in days such as 90d.", wholeDays(func(s *Settings) *time.Duration { return &s.EventsRetention })},
	{"events-hourly-retention", "730d", "How long the hourly and daily sums of events are kept.", wholeDays(func(s *Settings) *time.Duration { return &s.EventsHourly })},
	{"events-max", "50000000", "Most events that are kept. When they are more, the oldest day is dropped.", number(1000, 1_000_000_000, func(s *Settings) *int { return &s.EventsMax })},
	{"clickhouse-url", "", "Keep events in ClickHouse instead of the data folder, such as http://127.0.0.1:8123/argus.", text(func(s *Settings) *string { return &s.ClickHouse.URL })},
	{"clickhouse-user", clickhousesettings.DefaultUser, "User of ClickHouse.", text(func(s *Settings) *string { return &s.ClickHouse.User })},
	{"clickhouse-password-file", "", "File with its password.", text(func(s *Settings) *string { return &s.ClickHouse.PasswordFile })},
	{"clickhouse-ca-file", "", "Certificates that ClickHouse's is checked with, PEM. Default: those of the system.", text(func(s *Settings) *string { return &s.ClickHouse.CAFile })},
	{"clickhouse-cert-file", "", "Certificate that is shown to ClickHouse, PEM.", text(func(s *Settings) *string { return &s.ClickHouse.CertFile })},
	{"clickhouse-key-file", "", "Its key.", text(func(s *Settings) *string { return &s.ClickHouse.KeyFile })},
	{"max-members", "5000", "Most clusters of the fleet.", number(1, 100_000, func(s *Settings) *int { return &s.MaxMembers })},
	{"max-series", "20000", "Most series that a process may make in two hours.", number(100, 1_000_000, func(s *Settings) *int { return &s.MaxSeries })},
	{"expect", "", "Expected clusters and shards of each bot, such as music=100x1600,mod=2x4. Default: what was seen.", expect},
	{"grafana-url", "", "Template of links to Grafana.", text(func(s *Settings) *string { return &s.Grafana })},
	{traceFlag, "", "Template of links to a trace, such as https://jaeger.example.com/trace/{trace_id}; {span_id} is known too. An http or https URL without credentials.", trace},
	{"discord-webhook-file", "", "File with the URL of a Discord webhook that gets notifications.", text(func(s *Settings) *string { return &s.DiscordWebhookFile })},
	{"alertmanager-config", "", "Configuration file of Alertmanager, for other receivers.", text(func(s *Settings) *string { return &s.AlertmanagerConfig })},
	{"remote-write-config", "", "Configuration file of Prometheus, whose section remote_write names servers that get all series, too.", text(func(s *Settings) *string { return &s.RemoteWriteConfig })},
	{"alertmanager-url", "", "URLs of Alertmanagers that get the alerts instead, separated by commas.", websites(func(s *Settings) *[]string { return &s.AlertmanagerURLs })},
}

func text(of func(*Settings) *string) func(*Settings, string) error {
	return func(s *Settings, value string) error {
		*of(s) = value
		return nil
	}
}

var errAddress = errors.New("is not an address such as 127.0.0.1:9190 or :9190")

func address(of func(*Settings) *string) func(*Settings, string) error {
	return func(s *Settings, value string) error {
		host, port, err := net.SplitHostPort(value)
		if err != nil {
			return errAddress
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n > 65535 {
			return fmt.Errorf("has the port %q; a port is a number from 1 to 65535, or 0 for any", port)
		}
		if err := server.CheckHost(host); err != nil {
			return errAddress
		}
		*of(s) = value
		return nil
	}
}

// What turns something on, or off.
const (
	on  = "on"
	off = "off"
)

func addressOrOff(of func(*Settings) *string) func(*Settings, string) error {
	return func(s *Settings, value string) error {
		if value == off {
			*of(s) = ""
			return nil
		}
		return address(of)(s, value)
	}
}

func website(of func(*Settings) *string) func(*Settings, string) error {
	return func(s *Settings, value string) error {
		if value == "" {
			return nil
		}
		u, err := url.Parse(value)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return errors.New("is not a URL such as https://fleet.example.org, without credentials and query")
		}
		*of(s) = strings.TrimSuffix(value, "/")
		return nil
	}
}

const traceFlag = "trace-url"

func trace(s *Settings, value string) error {
	if value == "" {
		return nil
	}
	if err := link.CheckTrace(value); err != nil {
		return unquoted{err}
	}
	s.TraceURL = value
	return nil
}

func websites(of func(*Settings) *[]string) func(*Settings, string) error {
	return func(s *Settings, value string) error {
		for one := range list(value) {
			var u string
			if err := website(func(*Settings) *string { return &u })(s, one); err != nil {
				return err
			}
			*of(s) = append(*of(s), u)
		}
		return nil
	}
}

// list yields the elements of a list with commas.
func list(value string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for one := range strings.SplitSeq(value, ",") {
			if one = strings.TrimSpace(one); one != "" && !yield(one) {
				return
			}
		}
	}
}

func duration(least time.Duration, of func(*Settings) *time.Duration) func(*Settings, string) error {
	return func(s *Settings, value string) error {
		d, err := model.ParseDuration(value)
		if err != nil {
			return errors.New("is not a duration such as 15s, 12h or 15d")
		}
		if time.Duration(d) < least {
			return fmt.Errorf("is below %v", model.Duration(least))
		}
		*of(s) = time.Duration(d)
		return nil
	}
}

func number(least, most int, of func(*Settings) *int) func(*Settings, string) error {
	return func(s *Settings, value string) error {
		n, err := strconv.Atoi(value)
		if err != nil || n < least || n > most {
			return fmt.Errorf("is not a number from %d to %d", least, most)
		}
		*of(s) = n
		return nil
	}
}

func onOrOff(s *Settings, value string) error {
	if value != on && value != off {
		return errors.New("is neither on nor off")
	}
	s.Events = value == on
	return nil
}

// wholeDays is a duration of whole days.
func wholeDays(of func(*Settings) *time.Duration) func(*Settings, string) error {
	return func(s *Settings, value string) error {
		if err := duration(24*time.Hour, of)(s, value); err != nil {
			return err
		}
		if *of(s)%(24*time.Hour) != 0 {
			return errors.New("is not a number of whole days such as 90d")
		}
		return nil
	}
}

var units = []struct {
	name  string
	bytes int64
}{{"TB", 1 << 40}, {"GB", 1 << 30}, {"MB", 1 << 20}}

const leastSize = 1 << 30

func size(s *Settings, value string) error {
	if value == "0" {
		return nil
	}
	for _, u := range units {
		digits, is := strings.CutSuffix(value, u.name)
		if !is {
			continue
		}
		n, err := strconv.ParseInt(digits, 10, 32)
		if err != nil || n < 1 {
			break
		}
		if s.Size = n * u.bytes; s.Size < leastSize {
			return errors.New("is below 1GB: the newest two hours and the write-ahead log need that, and nothing older would be kept")
		}
		return nil
	}
	return errors.New("is not a size such as 10GB or 1TB")
}

func hosts(s *Settings, value string) error {
	for name := range list(value) {
		if err := server.CheckAllowedHost(name); err != nil {
			return fmt.Errorf("has %q, which %w", name, err)
		}
		s.AllowedHosts = append(s.AllowedHosts, name)
	}
	return nil
}

// check finds settings that do not go together.
func (s *Settings) check() (errs []error) {
	errs = append(errs, s.checkPrometheus()...)
	if (s.TLSCertFile == "") != (s.TLSKeyFile == "") {
		errs = append(errs, errors.New("ARGUS_FLEET_TLS_CERT_FILE and ARGUS_FLEET_TLS_KEY_FILE belong together: set both or none"))
	}
	if s.ViewerTokenFile == "" {
		if s.OperatorTokenFile != "" {
			errs = append(errs, errors.New("ARGUS_FLEET_OPERATOR_TOKEN_FILE is set and ARGUS_FLEET_VIEWER_TOKEN_FILE is not: without it everybody may do everything"))
		}
		if !loopback(s.Addr) {
			errs = append(errs, fmt.Errorf("ARGUS_FLEET_ADDR %s can be reached from elsewhere, and everybody could read the pages: "+
				"set ARGUS_FLEET_VIEWER_TOKEN_FILE to a file with a token (openssl rand -hex 32), or use 127.0.0.1", s.Addr))
		}
	}
	for name, addr := range map[string]string{"ARGUS_FLEET_OTLP_GRPC_ADDR": s.OTLPGRPCAddr, "ARGUS_FLEET_OTLP_HTTP_ADDR": s.OTLPHTTPAddr} {
		if addr != "" && !loopback(addr) && s.IngestTokenFile == "" {
			errs = append(errs, fmt.Errorf("%s %s can be reached from elsewhere, and everybody could send metrics: "+
				"set ARGUS_FLEET_INGEST_TOKEN_FILE to a file with a token (openssl rand -hex 32), or use 127.0.0.1", name, addr))
		}
	}
	errs = append(errs, s.checkEvents()...)
	ways := 0
	for _, set := range []bool{s.DiscordWebhookFile != "", s.AlertmanagerConfig != "", len(s.AlertmanagerURLs) > 0} {
		if set {
			ways++
		}
	}
	if ways > 1 {
		errs = append(errs, errors.New("ARGUS_FLEET_DISCORD_WEBHOOK_FILE, ARGUS_FLEET_ALERTMANAGER_CONFIG and ARGUS_FLEET_ALERTMANAGER_URL exclude one another: set one"))
	}
	if s.URL == "" {
		s.urlIsOwn = true
		s.Bound(s.Addr)
	}
	return errs
}

// checkEvents: figures of guilds and users are for viewers alone.
func (s *Settings) checkEvents() (errs []error) {
	errs = s.checkClickHouse()
	if !s.Events {
		return errs
	}
	if s.ViewerTokenFile == "" {
		errs = append(errs, errors.New("ARGUS_FLEET_EVENTS is on, and everybody could read what guilds and users do: "+
			"set ARGUS_FLEET_VIEWER_TOKEN_FILE to a file with a token (openssl rand -hex 32)"))
	}
	if s.EventsHourly < s.EventsRetention {
		errs = append(errs, fmt.Errorf("ARGUS_FLEET_EVENTS_HOURLY_RETENTION %v is shorter than ARGUS_FLEET_EVENTS_RETENTION %v: sums are kept at least as long as events",
			model.Duration(s.EventsHourly), model.Duration(s.EventsRetention)))
	}
	if len(s.Prometheus) > 0 {
		errs = append(errs, errors.New("ARGUS_FLEET_EVENTS is on and ARGUS_FLEET_PROMETHEUS is set: a fleet that reads Prometheus takes no pushes; set one of them"))
	}
	return errs
}

// Bound sets the URL after the address that the pages are bound to, unless it is set. A
// browser on this machine finds them there.
func (s *Settings) Bound(addr string) {
	if s.urlIsOwn {
		s.URL = s.ownURL(addr)
	}
}

func (s *Settings) ownURL(addr string) string {
	scheme := "http"
	if s.TLSCertFile != "" {
		scheme = "https"
	}
	host, port, _ := net.SplitHostPort(addr)
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// loopback reports whether an address can be reached from this machine alone.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
