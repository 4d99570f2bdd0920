package catalog_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/internal/catalog"
)

func TestLogEventsAreWellFormed(t *testing.T) {
	attributeRE := regexp.MustCompile(`^[a-z]+(\.[a-z][a-z_]*)+$`)
	names := map[string]bool{}
	types := map[string]catalog.EventAttribute{}
	for _, e := range catalog.LogEvents() {
		if !nameRE.MatchString(e.Name) || !strings.HasPrefix(e.Name, catalog.Namespace+".") || names[e.Name] {
			t.Errorf("name %q is malformed or there twice", e.Name)
		}
		names[e.Name] = true
		if _, metric := catalog.ByName(e.Name); metric {
			t.Errorf("%s is also a metric", e.Name)
		}
		for _, text := range []string{e.Description, e.Body} {
			if !strings.HasSuffix(text, ".") || strings.Contains(text, "\n") {
				t.Errorf("%s: %q must be one line of sentences", e.Name, text)
			}
		}
		if strings.HasSuffix(e.Warning, ".") {
			t.Errorf("%s: %q must have no full stop", e.Name, e.Warning)
		}
		seen := map[string]bool{}
		for _, a := range e.Attributes {
			if !attributeRE.MatchString(a.Name) || seen[a.Name] {
				t.Errorf("%s: attribute %q is malformed or there twice", e.Name, a.Name)
			}
			seen[a.Name] = true
			if a.Description == "" || strings.HasSuffix(a.Description, ".") || strings.HasSuffix(a.Presence, ".") {
				t.Errorf("%s: %s: %q, %q must be phrases", e.Name, a.Name, a.Description, a.Presence)
			}
			if isString := a.Type == catalog.TypeString; isString != (a.Values != nil || a.Bound != "") || a.Values != nil && a.Bound != "" || isString == (a.Unit != "") {
				t.Errorf("%s: %s: a string must have either a closed set or a bound, and a number a unit: %+v", e.Name, a.Name, a)
			}
			// One name means one thing in all events.
			if other, there := types[a.Name]; there && (other.Type != a.Type || other.Unit != a.Unit || !slices.Equal(other.Values, a.Values)) {
				t.Errorf("%s: %s differs from another event's", e.Name, a.Name)
			}
			types[a.Name] = a
		}
	}
}

// TestNoEventHasAnIDByDefault: what tells guilds and users apart is there by option.
func TestNoEventHasAnIDByDefault(t *testing.T) {
	for _, e := range catalog.LogEvents() {
		for _, a := range e.Attributes {
			id := strings.HasSuffix(a.Name, ".id") && a.Name != catalog.AttrShard || strings.Contains(a.Name, "user")
			if id && !strings.HasPrefix(a.Presence, "with `ARGUS_EVENT_") {
				t.Errorf("%s: %s is present %q", e.Name, a.Name, a.Presence)
			}
		}
	}
}

// TestLogEventsIsComplete reads the source, as TestAllIsComplete does.
func TestLogEventsIsComplete(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "logevents.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Event") {
			declared++
		}
		return true
	})
	if got := len(catalog.LogEvents()); got != declared {
		t.Errorf("LogEvents has %d events, the file declares %d", got, declared)
	}
}
