// Package catalogjson writes the catalog as JSON, for programs that are not written in
// Go: docs/metrics.json, which docs/metrics.schema.json describes, and the catalog of a
// running process.
package catalogjson

import (
	"encoding/json"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/rules"
)

// A metric is an instrument as Prometheus has it.
type metric struct {
	// Series is the name in a process, with its namespace.
	Series      string `json:"series,omitempty"`
	Kind        string `json:"kind"`
	Unit        string `json:"unit"`
	Description string `json:"description"`
	// Labels has the closed set of values of each label, without those of the
	// resource, which every series has. It is empty where the set depends on the bot.
	Labels  map[string][]string `json:"labels"`
	Buckets []float64           `json:"buckets,omitempty"`
}

// version is that of the format. It changes when a field goes or changes its
// meaning, not when a metric or a field is added.
const version = 1

// document is an object by name, not a list, so that a compiler of TypeScript
// knows each name and each label.
type document struct {
	Schema    string            `json:"$schema,omitempty"`
	Version   int               `json:"version"`
	Namespace string            `json:"namespace"`
	Resource  []string          `json:"resource"` // labels of every series
	Metrics   map[string]metric `json:"metrics"`
	// Runbooks are the addresses of the runbooks by the id of a finding.
	Runbooks map[string]string `json:"runbooks,omitempty"`
}

// Document returns docs/metrics.json.
func Document() ([]byte, error) {
	d := describe()
	d.Schema = "metrics.schema.json"
	text, err := json.MarshalIndent(d, "", "  ")
	return append(text, '\n'), err
}

// Process returns the catalog of a process whose metrics have a namespace: the document,
// with the name of each series there, and with the runbooks.
func Process(namespace string) ([]byte, error) {
	d := describe()
	d.Namespace, d.Runbooks = namespace, map[string]string{}
	for _, i := range catalog.All() {
		m := d.Metrics[i.PrometheusName()]
		m.Series = i.In(namespace).PrometheusName()
		d.Metrics[i.PrometheusName()] = m
	}
	for _, group := range rules.Alerts() {
		for _, alert := range group.Alerts {
			d.Runbooks[alert.Name] = alert.RunbookURL()
		}
	}
	text, err := json.Marshal(d)
	return append(text, '\n'), err
}

func describe() document {
	d := document{Version: version, Namespace: catalog.Namespace, Resource: catalog.ResourceLabels(), Metrics: map[string]metric{}}
	for _, i := range catalog.All() {
		m := metric{
			Kind: i.Kind.String(), Unit: i.Unit, Description: i.Description,
			Labels: map[string][]string{}, Buckets: i.Buckets,
		}
		for _, l := range i.Labels {
			m.Labels[l.Name] = append([]string{}, values(l)...)
		}
		d.Metrics[i.PrometheusName()] = m
	}
	return d
}

// values are a label's closed set. The routes are one too, though the catalog has
// them apart.
func values(l catalog.Label) []string {
	if l.Name == "route" {
		return append(catalog.Routes(), catalog.RouteOther)
	}
	return l.Values
}
