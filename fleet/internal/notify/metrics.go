package notify

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	perReceiver = []string{"receiver", "integration"}

	descSent = prometheus.NewDesc("argus_fleet_notifications_sent_total",
		"Notifications that a receiver accepted.", perReceiver, nil)
	descFailed = prometheus.NewDesc("argus_fleet_notifications_failed_attempts_total",
		"Failed attempts to send a notification.", perReceiver, nil)
	descPending = prometheus.NewDesc("argus_fleet_notifications_pending",
		"Notifications whose last attempt failed and that are tried again.", perReceiver, nil)
	descSuccess = prometheus.NewDesc("argus_fleet_notifications_last_success_timestamp_seconds",
		"Time of the last notification that a receiver accepted. Absent before the first.", perReceiver, nil)
	descFailing = prometheus.NewDesc("argus_fleet_notifications_failing_since_timestamp_seconds",
		"Time of the first failed attempt since the last success. Absent if the last attempt succeeded.", perReceiver, nil)
	descDropped = prometheus.NewDesc("argus_fleet_notifications_dropped_alerts_total",
		"Alerts dropped because the queue was full or the alert was not valid.", nil, nil)
	descWrites = prometheus.NewDesc("argus_fleet_notifications_state_write_failures_total",
		"Failed writes of silences, the notification log or active alerts.", nil, nil)
	descEnded = prometheus.NewDesc("argus_fleet_notifications_mutes_ended_early_total",
		"Mutes ended because what they muted got worse.", nil, nil)
)

// collector shows a Notifier's Status as metrics.
type collector struct{ n *Notifier }

// Describe implements prometheus.Collector.
func (collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descSent, descFailed, descPending, descSuccess, descFailing, descDropped, descWrites, descEnded} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	moment := func(d *prometheus.Desc, t time.Time, labels ...string) {
		if !t.IsZero() {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(t.UnixMilli())/1e3, labels...)
		}
	}
	for _, r := range c.n.backend.receivers() {
		counter(descSent, r.Sent, r.Name, r.Integration)
		counter(descFailed, r.Failed, r.Name, r.Integration)
		ch <- prometheus.MustNewConstMetric(descPending, prometheus.GaugeValue, float64(r.Pending), r.Name, r.Integration)
		moment(descSuccess, r.LastSuccess, r.Name, r.Integration)
		moment(descFailing, r.FailingSince, r.Name, r.Integration)
	}
	counter(descDropped, c.n.counted.dropped.Load())
	if c.n.embedded != nil {
		counter(descWrites, c.n.counted.writeFailures.Load())
		counter(descEnded, c.n.counted.endedEarly.Load())
	}
}
