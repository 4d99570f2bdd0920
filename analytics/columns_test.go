package analytics_test

import (
	"slices"
	"testing"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/internal/catalog"
)

// TestEveryAttributeHasAColumn finds attributes that are new in docs/EVENTS.md.
func TestEveryAttributeHasAColumn(t *testing.T) {
	want := append(catalog.ResourceLabels(), "service.version")
	for _, e := range catalog.LogEvents() {
		want = append(want, e.AttributeNames()...)
	}
	slices.Sort(want)
	want = slices.Compact(want)
	var got, names []string
	for _, c := range analytics.Columns() {
		names = append(names, c.Name)
		if c.Attribute != "" {
			got = append(got, c.Attribute)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("columns have %q, events %q", got, want)
	}
	if slices.Sort(names); len(slices.Compact(names)) != len(analytics.Columns()) {
		t.Errorf("a column is there twice: %q", names)
	}
}

// TestColumnsAreThoseOfTheTable has each column that can be written, but that which the
// server fills.
func TestColumnsAreThoseOfTheTable(t *testing.T) {
	ctx, conn, _ := migrated(t)
	var columns []struct {
		Name string `ch:"name"`
		Type string `ch:"type"`
	}
	err := conn.Select(ctx, &columns, "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = 'events' AND default_kind = '' ORDER BY position")
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, c := range columns {
		got = append(got, c.Name+" "+c.Type)
	}
	for _, c := range analytics.Columns() {
		want = append(want, c.Name+" "+c.Type)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the table has %q, Columns %q", got, want)
	}
}
