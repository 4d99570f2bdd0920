package tools

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// newSet is a repository of its own, with the true manifest and the true module of the control plane.
func newSet(t *testing.T, edit func(manifest string) string) *Set {
	t.Helper()
	truth, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(truth.manifestPath())
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	dir := filepath.Join(root, "otelcol")
	files := map[string]string{"builder.yaml": edit(string(raw)), "go.mod": module + "\n\ngo 1.26.0\n", "below/file": ""}
	for file, content := range truth.module {
		files["internal/controlplane/"+file] = content
	}
	for file, content := range files {
		file = filepath.Join(dir, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Join(dir, "below"))
	s, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func asIs(manifest string) string { return manifest }

func TestOpen(t *testing.T) {
	s := newSet(t, asIs)
	if s.CollectorVersion() != BuilderVersion {
		t.Errorf("the builder is %s, and the Collector %s", BuilderVersion, s.CollectorVersion())
	}
	if n := len(s.ManifestModules()); n < 10 {
		t.Errorf("the manifest has only %d modules", n)
	}
	for _, m := range s.ManifestModules() {
		if strings.Contains(m, "prometheusreceiver") {
			t.Errorf("%s is in the slim Collector", m)
		}
	}
	if _, err := s.Path(Collector); !errors.Is(err, ErrNotBuilt) {
		t.Errorf("Path: %v", err)
	}
	t.Chdir(t.TempDir())
	if _, err := Open(); err == nil {
		t.Error("Open finds a repository where there is none")
	}
}

// TestKeys: a tool is built anew exactly if what it is built from changes.
func TestKeys(t *testing.T) {
	s := newSet(t, asIs)
	other := newSet(t, func(m string) string { return m + "# another\n" })
	for _, tool := range all {
		if same := filepath.Base(s.dir(tool)) == filepath.Base(other.dir(tool)); same != (tool != Collector) {
			t.Errorf("%s: with another manifest the folder is the same: %v", tool, same)
		}
	}
	// Another module of the control plane.
	for _, file := range []string{"go.mod", "go.sum", Etcd + "/main.go"} {
		was, dirs := s.module[file], map[string]string{}
		for _, tool := range all {
			dirs[tool] = s.dir(tool)
		}
		s.module[file] += "// another\n"
		for _, tool := range all {
			ours := tool == Etcd || !strings.HasSuffix(file, ".go") && slices.Contains([]string{APIServer, ControllerManager}, tool)
			if same := s.dir(tool) == dirs[tool]; same == ours {
				t.Errorf("%s: with another %s the folder is the same: %v", tool, file, same)
			}
		}
		s.module[file] = was
	}
	// Other flags than those that a tool is built with: another folder.
	for _, tool := range all {
		flags := &buildFlags
		switch tool {
		case Prometheus, Promtool:
			flags = &prometheusFlags
		case CRDs:
			flags = &operatorKinds
		}
		was, dir := *flags, s.dir(tool)
		*flags = append(slices.Clone(was), "-tags", "another")
		if s.dir(tool) == dir {
			t.Errorf("%s: with other flags the folder is the same", tool)
		}
		*flags = was
	}
	for _, tool := range all {
		put(t, s, tool)
	}
	var progress strings.Builder
	if err := s.Build(t.Context(), &progress); err != nil || strings.Count(progress.String(), " is there\n") != len(all) {
		t.Errorf("Build: %v\n%s", err, progress.String())
	}
}

// TestInterrupted: a build that is cut off leaves nothing, and what one that was killed has left goes once it is old.
func TestInterrupted(t *testing.T) {
	s := newSet(t, asIs)
	old, young := filepath.Join(s.cache(), temporary+"1"), filepath.Join(s.cache(), temporary+"2")
	for _, dir := range []string{old, young} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(old, time.Time{}, time.Now().Add(-24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Build(ctx, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("Build: %v", err)
	}
	left, err := os.ReadDir(s.cache())
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 || left[0].Name() != filepath.Base(young) {
		t.Errorf("there is %v, want %s alone", left, filepath.Base(young))
	}
}

// TestCheck: what is not of the pinned version does not get into the cache.
func TestCheck(t *testing.T) {
	s := newSet(t, asIs)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{Collector, Prometheus, APIServer, ControllerManager, Etcd} {
		if _, err := s.check(tool, self); err == nil {
			t.Errorf("this test passes for %s", tool)
		}
	}
}

func TestDropOthers(t *testing.T) {
	s := newSet(t, asIs)
	put(t, s, Prometheus)
	put(t, s, Promtool)
	former := filepath.Join(s.cache(), Prometheus+"@v0.1.0-go1.0")
	if err := os.MkdirAll(former, 0o750); err != nil {
		t.Fatal(err)
	}
	s.dropOthers(Prometheus)
	if _, err := os.Stat(former); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the former version is still there: %v", err)
	}
	for _, tool := range []string{Prometheus, Promtool} {
		if _, err := s.Path(tool); err != nil {
			t.Error(err)
		}
	}
}

func put(t *testing.T, s *Set, tool string) {
	t.Helper()
	if err := os.MkdirAll(s.dir(tool), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir(tool), tool), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}
