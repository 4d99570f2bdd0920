package argus

import (
	"sync"

	client "github.com/prometheus/client_golang/prometheus"
)

// usage has the collectors of go_* and process_*, for the API. Those of the metrics page are
// not asked: they serve one page at a time.
var usage = sync.OnceValue(func() *client.Registry {
	r := client.NewRegistry()
	r.MustRegister(ofTheProcess()...)
	return r
})

// processUsage returns the metrics of the process that have one value, by name. What cannot be
// read is absent.
func processUsage() map[string]float64 {
	values := map[string]float64{}
	families, _ := usage().Gather() // the others are there all the same
	for _, f := range families {
		for _, m := range f.GetMetric() {
			switch {
			case len(m.GetLabel()) > 0:
			case m.Gauge != nil:
				values[f.GetName()] = m.GetGauge().GetValue()
			case m.Counter != nil:
				values[f.GetName()] = m.GetCounter().GetValue()
			}
		}
	}
	return values
}
