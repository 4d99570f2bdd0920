package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/internal/checks"
)

// TestDoctor: the exit code says whether something failed, in both forms.
func TestDoctor(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := startProcess(t, data)
	line := []string{"doctor", "--addr", p.pages, "--otlp-grpc-addr", p.otlp, "--otlp-http-addr", "off", "--data", data}
	code, out, errOut := command(t, line...)
	if code != 0 || errOut != "" || !strings.Contains(out, "ok       address        http://"+p.pages+" is a fleet") || !strings.Contains(out, "No problems found, ") {
		t.Errorf("%d %s%s", code, out, errOut)
	}
	code, out, errOut = command(t, append(line, "--json", "--otlp-grpc-addr", "127.0.0.1:1")...)
	var r checks.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 1 || errOut != "" || r.Failures != 1 || r.Settings[0].Source != "--addr" {
		t.Errorf("%d %+v %s, %v", code, r, errOut, err)
	}
	for _, args := range []string{"--timeout never", "more", "--nothing"} {
		if code, out, errOut := command(t, append([]string{"doctor"}, strings.Fields(args)...)...); code != 2 || out != "" || errOut == "" {
			t.Errorf("%s: %d %s%s", args, code, out, errOut)
		}
	}
	if code, out, _ := command(t, "doctor", "--help"); code != 0 || !strings.Contains(out, "--timeout duration") {
		t.Errorf("%d %s", code, out)
	}
}
