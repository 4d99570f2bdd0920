package doctor

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/argus-dgo/argus/fleet/internal/documents"
	"github.com/argus-dgo/argus/internal/checks"
)

// seen is what a fleet says of itself. What it does not say is nil, and a failure.
type seen struct {
	members  *documents.Members
	alerts   *documents.Alerts
	metrics  map[string]*dto.MetricFamily
	rules    []rule
	events   *bool // whether it takes events
	failures []checks.Finding
}

// A rule is one of Prometheus' API.
type rule struct {
	Name      string `json:"name"`
	Health    string `json:"health"`
	LastError string `json:"lastError"`
}

// look reads what the fleet says.
func (d *doctor) look(ctx context.Context) *seen {
	s, token := &seen{}, d.tokens.reader()
	const do = "check the token of viewers above, and read the fleet's log"
	var members documents.Members
	if err := d.client.document(ctx, readPath, token, &members); err != nil {
		s.failures = append(s.failures, fail("members", fmt.Sprintf("cannot read who reports: %v", err), do))
	} else {
		s.members = &members
	}
	var alerts documents.Alerts
	if err := d.client.document(ctx, "/api/fleet/v1/alerts", token, &alerts); err != nil {
		s.failures = append(s.failures, fail("notifications", fmt.Sprintf("cannot read the alerts: %v", err), do))
	} else {
		s.alerts = &alerts
	}
	var rules struct {
		Data struct{ Groups []struct{ Rules []rule } }
	}
	if err := d.client.document(ctx, "/api/v1/rules?exclude_alerts=true", token, &rules); err != nil {
		s.failures = append(s.failures, fail("rules", fmt.Sprintf("cannot read the rules: %v", err), do))
	}
	for _, group := range rules.Data.Groups {
		s.rules = append(s.rules, group.Rules...)
	}
	metrics, err := d.metrics(ctx, token)
	if err != nil {
		s.failures = append(s.failures, fail("metrics", fmt.Sprintf("cannot read /metrics: %v", err), do))
	}
	s.metrics = metrics
	s.events = d.takesEvents(ctx, token)
	return s
}

// metrics reads the fleet's own metrics.
func (d *doctor) metrics(ctx context.Context, token string) (map[string]*dto.MetricFamily, error) {
	a, err := d.client.get(ctx, "/metrics", token)
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusOK {
		return nil, fmt.Errorf("status %d: %s", a.status, a.text())
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(bytes.NewReader(a.body))
}

// value is a number of the fleet's own metrics, summed over those with a label's value, or
// over all.
func (s *seen) value(name, label, value string) (sum float64, there bool) {
	family := s.metrics[name]
	for _, m := range family.GetMetric() {
		is := label == ""
		for _, l := range m.GetLabel() {
			is = is || l.GetName() == label && l.GetValue() == value
		}
		if is {
			sum, there = sum+m.GetGauge().GetValue()+m.GetCounter().GetValue(), true
		}
	}
	return sum, there
}

// state says how the fleet is.
func (s *seen) state(now time.Time) (findings []checks.Finding) {
	if s.metrics != nil {
		findings = append(findings, s.itself()...)
	}
	if s.members != nil {
		findings = append(findings, whoReports(s.members)...)
		findings = append(findings, clocks(s.members)...)
		findings = append(findings, refusals(s.members)...)
		findings = append(findings, judged(s.members, now)...)
	}
	if s.rules != nil {
		findings = append(findings, evaluated(s.rules)...)
	}
	if s.alerts != nil {
		findings = append(findings, notified(s.alerts.Notifications)...)
	}
	return findings
}

// results are why pushes are refused as a whole, by the label of argus_fleet_pushes_total.
var results = []struct{ result, text, do string }{
	{"invalid", "were not OTLP, or of processes that do not say who they are", "the log of the bot or Collector says why; service.name, service.instance.id and cluster are needed"},
	{"too_large", "were larger than 16 MiB", "let the Collector send smaller batches (send_batch_max_size)"},
	{"busy", "found the fleet busy", "give the fleet more CPU, or raise OTEL_METRIC_EXPORT_INTERVAL"},
	{"too_often", "came more often than twice a second", "raise OTEL_METRIC_EXPORT_INTERVAL"},
	{"storage", "could not be stored", "read the fleet's log; is the disk full?"},
}

// itself says what the fleet counted since its start.
func (s *seen) itself() (findings []checks.Finding) {
	pushes := "argus_fleet_pushes_total"
	taken, there := s.value(pushes, "result", "taken")
	if !there {
		return []checks.Finding{fail("metrics", "/metrics is not that of a fleet", "let the proxy before the fleet hand on /metrics")}
	}
	partial, _ := s.value(pushes, "result", "partial")
	wrong, _ := s.value(pushes, "result", "unauthenticated")
	text := fmt.Sprintf("the fleet took %.0f pushes since its start", taken+partial)
	if wrong > 0 {
		text += fmt.Sprintf(", and refused %.0f without a valid token, those of argus-fleet doctor included", wrong)
	}
	findings = append(findings, ok("metrics", text))
	for _, r := range results {
		if n, _ := s.value(pushes, "result", r.result); n > 0 {
			findings = append(findings, warn("pushes", fmt.Sprintf("%.0f pushes since the fleet's start %s", n, r.text), r.do))
		}
	}
	if n, _ := s.value("argus_fleet_faults_total", "", ""); n > 0 {
		findings = append(findings, warn("faults", fmt.Sprintf("the fleet had %.0f faults since its start", n), "read its log, which has each at least once a minute"))
	}
	return append(findings, s.remoteWrite()...)
}

// remoteWrite says whether other servers get what they are to get. There is nothing to say
// without the setting.
func (s *seen) remoteWrite() []checks.Finding {
	const name = "prometheus_remote_storage_samples_"
	total, there := s.value(name+"total", "", "")
	if !there {
		return nil
	}
	failed, _ := s.value(name+"failed_total", "", "")
	retried, _ := s.value(name+"retried_total", "", "")
	text := fmt.Sprintf("%.0f samples were sent to other servers since the fleet's start", total)
	switch {
	case failed > 0:
		return []checks.Finding{warn("remote write", fmt.Sprintf("%s, and %.0f were refused", text, failed), "read the fleet's log, which has the answer of the server")}
	case retried > 0:
		return []checks.Finding{warn("remote write", fmt.Sprintf("%s, and %.0f had to be sent again", text, retried), "normal if a server was away for a while; otherwise read the fleet's log")}
	}
	return []checks.Finding{ok("remote write", text)}
}
