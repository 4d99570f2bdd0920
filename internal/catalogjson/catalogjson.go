// Command catalogjson writes the catalog as JSON, for programs that are not
// written in Go: docs/metrics.json, which docs/metrics.schema.json describes, and a
// copy in dashboards/src, where the compiler of the dashboards looks for it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/argus-dgo/argus/internal/catalog"
)

// A metric is an instrument as Prometheus has it.
type metric struct {
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
	Schema    string            `json:"$schema"`
	Version   int               `json:"version"`
	Namespace string            `json:"namespace"`
	Resource  []string          `json:"resource"` // labels of every series
	Metrics   map[string]metric `json:"metrics"`
}

func main() {
	text, err := encode()
	// go generate runs in the folder of the file that asks for it: dashboards.
	for _, path := range []string{filepath.Join("..", "docs", "metrics.json"), filepath.Join("src", "catalog.json")} {
		if err == nil {
			err = os.WriteFile(path, text, 0o644) //nolint:gosec // a document that everybody may read
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "catalogjson:", err)
		os.Exit(1)
	}
}

func encode() ([]byte, error) {
	d := document{Schema: "metrics.schema.json", Version: version, Namespace: catalog.Namespace, Resource: catalog.ResourceLabels(), Metrics: map[string]metric{}}
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
	text, err := json.MarshalIndent(d, "", "  ")
	return append(text, '\n'), err
}

// values are a label's closed set. The routes are one too, though the catalog has
// them apart.
func values(l catalog.Label) []string {
	if l.Name == "route" {
		return append(catalog.Routes(), catalog.RouteOther)
	}
	return l.Values
}
