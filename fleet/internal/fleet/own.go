package fleet

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/argus-dgo/argus/fleet/internal/members"
)

// own are the fleet's own metrics, read when they are collected.
type own struct{ f *Fleet }

var (
	placesDesc   = prometheus.NewDesc("argus_fleet_clusters", "Clusters of the fleet, by state.", []string{"state"}, nil)
	numberDesc   = prometheus.NewDesc("argus_fleet_series", "Series of the last hours.", nil, nil)
	examineDesc  = prometheus.NewDesc("argus_fleet_examination_duration_seconds", "Duration of the last examination of all bots.", nil, nil)
	examinedDesc = prometheus.NewDesc("argus_fleet_examination_timestamp_seconds", "Unix time of the last examination.", nil, nil)
	faultsDesc   = prometheus.NewDesc("argus_fleet_faults_total", "Faults of the fleet itself; the log has them.", nil, nil)
	eventsDesc   = prometheus.NewDesc("argus_fleet_stored_events", "Events that are kept.", nil, nil)
	bytesDesc    = prometheus.NewDesc("argus_fleet_event_store_bytes", "Size of the files of events.", nil, nil)
	droppedDesc  = prometheus.NewDesc("argus_fleet_events_dropped_total", "Events that were removed before their time, because there were too many.", nil, nil)
	failingDesc  = prometheus.NewDesc("argus_fleet_failing_rules", "Rules whose last evaluation failed.", nil, nil)
)

// Describe implements prometheus.Collector.
func (*own) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{placesDesc, numberDesc, examineDesc, examinedDesc, faultsDesc, failingDesc, eventsDesc, bytesDesc, droppedDesc} {
		c <- d
	}
}

// Collect implements prometheus.Collector.
func (o *own) Collect(c chan<- prometheus.Metric) {
	states := map[string]int{"reporting": 0, "gone": 0, "left": 0}
	for _, m := range o.f.members.Members() {
		switch {
		case len(m.Reporting()) > 0:
			states["reporting"]++
		case m.Incarnations[0].EndedBy == members.Goodbye:
			states["left"]++
		default:
			states["gone"]++
		}
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for state, n := range states {
		gauge(placesDesc, float64(n), state)
	}
	gauge(numberDesc, float64(o.f.engine.Series()))
	if _, at := o.f.judge.Reports(); !at.IsZero() {
		gauge(examineDesc, o.f.judge.Took().Seconds())
		gauge(examinedDesc, float64(at.UnixMilli())/1000)
	}
	gauge(failingDesc, float64(len(o.f.failing())))
	if o.f.file != nil {
		stats := o.f.file.Stats()
		gauge(eventsDesc, float64(stats.Events))
		gauge(bytesDesc, float64(stats.Bytes))
		c <- prometheus.MustNewConstMetric(droppedDesc, prometheus.CounterValue, float64(stats.Dropped))
	}
	c <- prometheus.MustNewConstMetric(faultsDesc, prometheus.CounterValue, float64(o.f.faults.count()))
}
