// Command write writes docs/metrics.json, and a copy in dashboards/src, where the compiler
// of the dashboards looks for it.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/argus-dgo/argus/internal/catalogjson"
)

func main() {
	text, err := catalogjson.Document()
	// go generate runs in the folder of the file that asks for it: dashboards.
	for _, path := range []string{filepath.Join("..", "docs", "metrics.json"), filepath.Join("src", "catalog.json")} {
		if err == nil {
			err = os.WriteFile(path, text, 0o644) //nolint:gosec // a document that everybody may read
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "catalogjson/write:", err)
		os.Exit(1)
	}
}
