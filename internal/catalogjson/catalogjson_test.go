package catalogjson

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/rules"
)

// TestProcess: the keys stay the catalog's, and the series have the namespace.
func TestProcess(t *testing.T) {
	text, err := Process("music")
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if err != nil || d.Namespace != "music" || len(d.Metrics) != len(catalog.All()) {
		t.Fatalf("%v, namespace %q, %d metrics", err, d.Namespace, len(d.Metrics))
	}
	for _, i := range catalog.All() {
		m := d.Metrics[i.PrometheusName()]
		if m.Series != i.In("music").PrometheusName() || m.Description != i.Description || m.Unit != i.Unit {
			t.Errorf("%s: %+v", i.PrometheusName(), m)
		}
	}
	if got := d.Metrics[catalog.ShardUp.PrometheusName()].Series; got != "music_shard_up" {
		t.Errorf("the series of a shard is %q", got)
	}
	for _, name := range rules.AlertNames() {
		if url := d.Runbooks[name]; !strings.HasSuffix(url, "/"+name+".md") {
			t.Errorf("the runbook of %s is %q", name, url)
		}
	}
}
