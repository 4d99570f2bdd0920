package analytics_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/argus-dgo/argus/internal/clickhousesettings"
)

// TestSchemaVersion: argus doctor, which does not contain this package, knows its newest version.
func TestSchemaVersion(t *testing.T) {
	versions, err := os.ReadDir("sql/schema")
	if err != nil {
		t.Fatal(err)
	}
	if last := versions[len(versions)-1].Name(); last != fmt.Sprintf("%04d", clickhousesettings.SchemaVersion) {
		t.Errorf("the newest version is %s, and clickhousesettings has %d", last, clickhousesettings.SchemaVersion)
	}
}
