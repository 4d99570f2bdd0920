package api

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/internal/findings"
)

// TestOpenAPI: docs/openapi.json has each path, and each type with its fields, those
// that are always there as required.
func TestOpenAPI(t *testing.T) {
	text, err := os.ReadFile("../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	type schema struct {
		Required   []string
		Properties map[string]struct{ Enum []string }
	}
	var document struct {
		Paths      map[string]any
		Components struct{ Schemas map[string]schema }
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	if got := slices.Collect(maps.Keys(document.Paths)); !slices.Equal(got, []string{StatusPath}) {
		t.Errorf("the paths are %v", got)
	}
	types := map[string]reflect.Type{
		"Status": reflect.TypeFor[Status](), "Identity": reflect.TypeFor[Identity](), "Report": reflect.TypeFor[findings.Report](), "Finding": reflect.TypeFor[findings.Finding](),
		"Evidence": reflect.TypeFor[findings.Evidence](), "Change": reflect.TypeFor[findings.Change](), "Gap": reflect.TypeFor[findings.Gap](),
	}
	for name, schema := range document.Components.Schemas {
		if name == "Error" {
			continue
		}
		of := types[name]
		if of == nil {
			t.Errorf("%s is no type of the API", name)
			continue
		}
		delete(types, name)
		var fields, always []string
		for field := range of.Fields() {
			tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			if tag == "" {
				continue
			}
			fields = append(fields, tag)
			if options == "" {
				always = append(always, tag)
			}
		}
		slices.Sort(fields)
		slices.Sort(always)
		if got := slices.Sorted(maps.Keys(schema.Properties)); !slices.Equal(got, fields) {
			t.Errorf("%s has the properties %v, want %v", name, got, fields)
		}
		if got := slices.Sorted(slices.Values(schema.Required)); !slices.Equal(got, always) {
			t.Errorf("%s requires %v, want %v", name, got, always)
		}
	}
	for name := range types {
		t.Errorf("%s is missing", name)
	}
	blames := []string{}
	for _, b := range findings.Blames() {
		blames = append(blames, string(b))
	}
	if got := document.Components.Schemas["Finding"].Properties["blame"].Enum; !slices.Equal(got, blames) {
		t.Errorf("the blames are %q, want %q", got, blames)
	}
}
