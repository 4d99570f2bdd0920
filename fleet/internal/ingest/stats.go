package ingest

import "github.com/prometheus/client_golang/prometheus"

// stats are the receiver's own metrics.
type stats struct {
	points *prometheus.CounterVec
	pushes *prometheus.CounterVec
}

// The values of the label result of argus_fleet_pushes_total.
const (
	resultTaken   = "taken"
	resultPartial = "partial"
	resultToken   = "unauthenticated"
	resultInvalid = "invalid"
	resultLarge   = "too_large"
	resultBusy    = "busy"
	resultPace    = "too_often"
	resultStorage = "storage"
)

func newStats() *stats {
	s := &stats{
		points: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "argus_fleet_points_total", Help: "Data points received over OTLP, by result."}, []string{"result"}),
		pushes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "argus_fleet_pushes_total", Help: "Pushes received over OTLP, by result."}, []string{"result"}),
	}
	for _, result := range []string{resultTaken, resultPartial, resultToken, resultInvalid, resultLarge, resultBusy, resultPace, resultStorage} {
		s.pushes.WithLabelValues(result)
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

func (s *stats) took(r Receipt) {
	s.points.WithLabelValues(pointTaken).Add(float64(r.Points))
	s.points.WithLabelValues(pointRefused).Add(float64(r.Refused))
	if r.Refused > 0 {
		s.pushes.WithLabelValues(resultPartial).Inc()
		return
	}
	s.pushes.WithLabelValues(resultTaken).Inc()
}

func (s *stats) failed(result string) { s.pushes.WithLabelValues(result).Inc() }

// Collectors are the receiver's own metrics, for a registry.
func (r *Receiver) Collectors() []prometheus.Collector {
	return []prometheus.Collector{r.stats.points, r.stats.pushes}
}
