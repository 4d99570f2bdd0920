// Command generate writes what the package rules renders.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/argus-dgo/argus/internal/rules"
)

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "rules:", err)
		os.Exit(1)
	}
}

func generate() error {
	files, err := rules.Files()
	if err != nil {
		return err
	}
	for path, content := range files {
		// go generate runs in the folder of the file that asks for it: internal/rules.
		path = filepath.Join("..", "..", filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // folders that everybody may read
			return err
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil { //nolint:gosec // files that everybody may read
			return err
		}
	}
	return nil
}
