package ingest

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/argus-dgo/argus/fleet/internal/eventstore"
)

// stats are the receiver's own metrics.
type stats struct {
	points *prometheus.CounterVec
	pushes *prometheus.CounterVec

	events      *prometheus.CounterVec
	eventPushes *prometheus.CounterVec
}

// The values of the label result of argus_fleet_pushes_total and
// argus_fleet_event_pushes_total.
const (
	resultTaken   = "taken"
	resultPartial = "partial"
	resultToken   = "unauthenticated"
	resultInvalid = "invalid"
	resultLarge   = "too_large"
	resultBusy    = "busy"
	resultPace    = "too_often"
	resultStorage = "storage"
	resultOff     = "off" // of events alone
)

func newStats() *stats {
	s := &stats{
		points: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "argus_fleet_points_total", Help: "Data points received over OTLP, by result."}, []string{"result"}),
		pushes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "argus_fleet_pushes_total", Help: "Pushes received over OTLP, by result."}, []string{"result"}),

		events:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "argus_fleet_events_total", Help: "Events received over OTLP, by result, and by reason if they were refused."}, []string{"result", "reason"}),
		eventPushes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "argus_fleet_event_pushes_total", Help: "Pushes of events received over OTLP, by result."}, []string{"result"}),
	}
	for _, result := range []string{resultTaken, resultPartial, resultToken, resultInvalid, resultLarge, resultBusy, resultPace, resultStorage} {
		s.pushes.WithLabelValues(result)
		s.eventPushes.WithLabelValues(result)
	}
	s.eventPushes.WithLabelValues(resultOff)
	s.events.WithLabelValues(eventTaken, "")
	s.events.WithLabelValues(eventKnown, "")
	for _, reason := range []string{refusedIdentity, refusedName, refusedValue, eventstore.TooManyValues, eventstore.Full} {
		s.events.WithLabelValues(eventRefused, reason)
	}
	s.points.WithLabelValues(pointTaken)
	s.points.WithLabelValues(pointRefused)
	return s
}

// The values of the label result of argus_fleet_points_total.
const (
	pointTaken   = "taken"
	pointRefused = "refused"
)

// The values of the label result of argus_fleet_events_total. What is known arrived before.
const (
	eventTaken   = "taken"
	eventKnown   = "known"
	eventRefused = "refused"
)

func (s *stats) took(r Receipt) {
	s.points.WithLabelValues(pointTaken).Add(float64(r.Points))
	s.points.WithLabelValues(pointRefused).Add(float64(r.Refused))
	if r.Refused > 0 {
		s.pushes.WithLabelValues(resultPartial).Inc()
		return
	}
	s.pushes.WithLabelValues(resultTaken).Inc()
}

// Collectors are the receiver's own metrics, for a registry.
func (r *Receiver) Collectors() []prometheus.Collector {
	return []prometheus.Collector{r.stats.points, r.stats.pushes, r.stats.events, r.stats.eventPushes}
}
