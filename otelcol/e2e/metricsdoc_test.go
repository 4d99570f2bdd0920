package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestMetricsDocument holds docs/metrics.json to the schema beside it, and the
// schema to its promise that an unknown field is noticed.
func TestMetricsDocument(t *testing.T) {
	t.Parallel()
	docs := filepath.Join(moduleDir(t), "..", "docs")
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(docs, "metrics.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(docs, "metrics.json"))
	if err != nil {
		t.Fatal(err)
	}
	read := func() map[string]any {
		var document map[string]any
		if err := json.Unmarshal(text, &document); err != nil {
			t.Fatal(err)
		}
		return document
	}
	if err := schema.Validate(read()); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(metrics map[string]any){
		"an unknown field":        func(m map[string]any) { m["discord_guilds"].(map[string]any)["help"] = "" },                         //nolint:forcetypeassert // read above
		"no buckets":              func(m map[string]any) { delete(m["discord_command_duration_seconds"].(map[string]any), "buckets") }, //nolint:forcetypeassert // read above
		"a name of another thing": func(m map[string]any) { m["go_threads"] = m["discord_guilds"] },
	} {
		document := read()
		spoil(document["metrics"].(map[string]any)) //nolint:forcetypeassert // valid against the schema
		if schema.Validate(document) == nil {
			t.Errorf("%s: the schema accepts it", name)
		}
	}
}
