package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestEventsDocument holds docs/events.json to the schema beside it, as
// TestMetricsDocument does for metrics.
func TestEventsDocument(t *testing.T) {
	t.Parallel()
	docs := filepath.Join(moduleDir(t), "..", "docs")
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(docs, "events.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(docs, "events.json"))
	if err != nil {
		t.Fatal(err)
	}
	type object = map[string]any
	for name, spoil := range map[string]func(event, attributes object){
		"":                                 func(object, object) {},
		"an unknown field":                 func(event, _ object) { event["body"] = "" },
		"no description":                   func(event, _ object) { delete(event, "description") },
		"a number with a closed set":       func(_, of object) { of["discord.gateway.connection.duration"].(object)["values"] = []any{"1"} }, //nolint:forcetypeassert // in the document
		"a number without a unit":          func(_, of object) { delete(of["discord.gateway.connection.duration"].(object), "unit") },        //nolint:forcetypeassert // in the document
		"a string with a unit":             func(_, of object) { of["discord.shard.id"].(object)["unit"] = "s" },                             //nolint:forcetypeassert // in the document
		"an attribute without a namespace": func(_, of object) { of["shard"] = of["discord.shard.id"] },
	} {
		var document object
		if err := json.Unmarshal(text, &document); err != nil {
			t.Fatal(err)
		}
		event := document["events"].(object)["discord.shard.disconnected"].(object) //nolint:forcetypeassert // in the document
		spoil(event, event["attributes"].(object))                                  //nolint:forcetypeassert // in the document
		if err := schema.Validate(document); (err == nil) != (name == "") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
