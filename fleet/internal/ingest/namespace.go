package ingest

import (
	"strings"
	"sync"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/argus-dgo/argus/internal/catalog"
)

// scope is the instrumentation scope of the metrics of Argus.
const scope = "github.com/argus-dgo/argus/instrument"

// usualNames are those of the bot's instruments.
var usualNames = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	for _, i := range catalog.All() {
		names[i.Name] = true
	}
	return names
})

// rename gives the metrics of a bot that has ARGUS_NAMESPACE their usual names, which
// rules, findings and dashboards ask for. What else the bot measures keeps its names.
func rename(metrics pmetric.ResourceMetrics) {
	for i := range metrics.ScopeMetrics().Len() {
		of := metrics.ScopeMetrics().At(i)
		if of.Scope().Name() != scope {
			continue
		}
		for n := range of.Metrics().Len() {
			m := of.Metrics().At(n)
			namespace, rest, _ := strings.Cut(m.Name(), ".")
			if usual := catalog.Namespace + "." + rest; namespace != catalog.Namespace && usualNames()[usual] && !usualNames()[m.Name()] {
				m.SetName(usual)
			}
		}
	}
}
