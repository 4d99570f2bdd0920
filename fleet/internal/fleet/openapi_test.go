package fleet

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// openAPI returns the schemas of docs/fleet-openapi.json, by their names. OpenAPI 3.1 has
// JSON Schema 2020-12.
func openAPI(t *testing.T) func(name string) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile("../../../docs/fleet-openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var description any
	if err := json.Unmarshal(text, &description); err != nil {
		t.Fatal(err)
	}
	closeObjects(description)
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource("fleet.json", description); err != nil {
		t.Fatal(err)
	}
	return func(name string) *jsonschema.Schema {
		t.Helper()
		schema, err := compiler.Compile("fleet.json#/components/schemas/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return schema
	}
}

// closeObjects lets no object have a property that its schema lacks.
func closeObjects(of any) {
	switch of := of.(type) {
	case map[string]any:
		if _, has := of["properties"].(map[string]any); has && of["additionalProperties"] == nil {
			of["additionalProperties"] = false
		}
		for _, each := range of {
			closeObjects(each)
		}
	case []any:
		for _, each := range of {
			closeObjects(each)
		}
	}
}
