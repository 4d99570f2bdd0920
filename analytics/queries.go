package analytics

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Queries returns the names of the queries, sorted.
func Queries() []string {
	entries, err := fs.ReadDir(files, "sql/queries")
	if err != nil {
		return nil // it is embedded
	}
	names := make([]string, len(entries))
	for n, e := range entries {
		names[n] = strings.TrimSuffix(e.Name(), ".sql")
	}
	return names
}

// Query returns the text of a query. It begins with a comment that says what it returns.
// Its parameters have ClickHouse's form {name:Type}; those of a window are from
// (inclusive) and to (exclusive), and are whole hours where the query reads hourly tables.
// In the format JSON numbers of 64 bits are strings.
func Query(name string) (string, error) {
	if !slices.Contains(Queries(), name) {
		return "", fmt.Errorf("analytics: there is no query %.80q; there are %s", name, strings.Join(Queries(), ", "))
	}
	return text("queries/" + name + ".sql")
}
