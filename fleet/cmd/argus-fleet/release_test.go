package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRelease: the version of a release is what its configuration has the linker set.
func TestRelease(t *testing.T) {
	release = "v1.2.3"
	t.Cleanup(func() { release = "" })
	var out, errOut bytes.Buffer
	if code := run(t.Context(), []string{"version"}, os.LookupEnv, &out, &errOut); code != 0 || out.String() != "v1.2.3\n" {
		t.Errorf("exit code %d, %q, %q", code, out.String(), errOut.String())
	}
	configuration, err := os.ReadFile(filepath.Join("..", "..", "..", ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(configuration), "-X main.release={{ .Tag }}\n") {
		t.Error(".goreleaser.yaml does not set main.release")
	}
}
