package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/chdbtest"
	"github.com/argus-dgo/argus/analytics/figures/figurestest"
	"github.com/argus-dgo/argus/fleet/internal/eventstore"
)

// kept makes a data folder with events, and returns it with the flags of a fleet.
func kept(t *testing.T, events int) (data string, flags []string) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "data")
	store, err := eventstore.Open(eventstore.Config{
		File: filepath.Join(data, "events", "events.db"), Retention: 90 * 24 * time.Hour, Hourly: 730 * 24 * time.Hour, MaxEvents: 1_000_000, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := figurestest.Sample{Seed: 1, End: time.Now().UTC().Truncate(time.Hour), Span: 46 * time.Hour}.Rows(events)
	_, err = store.Add(t.Context(), rows)
	if err = errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	viewers := filepath.Join(t.TempDir(), "viewers")
	if err := os.WriteFile(viewers, []byte("the-token-of-a-viewer\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return data, []string{"--data", data, "--events", "on", "--viewer-token-file", viewers}
}

// TestImportEvents: the events of a folder are in ClickHouse, once, however often the
// command runs. It refuses a folder that a fleet uses.
func TestImportEvents(t *testing.T) {
	server := chdbtest.New(t)
	ctx, admin := server.Connect(t, "default")
	if err := analytics.CreateDatabase(ctx, admin, "argus"); err != nil {
		t.Fatal(err)
	}
	_, conn := server.Connect(t, "argus")
	store, err := analytics.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	data, flags := kept(t, 1000)
	line := append(flags, "--clickhouse-url", "http://"+server.Addr()+"/argus", "import-events")

	p := startProcess(t, data, flags[2:]...)
	if code, out, errOut := command(t, line...); code != 1 || out != "" || !strings.Contains(errOut, "events.db is in use: stop the fleet") {
		t.Errorf("beside a fleet: %d %s%s", code, out, errOut)
	}
	p.kill() // what it had in its log is copied, too

	if code, out, errOut := command(t, line...); code != 1 || out != "" || !strings.Contains(errOut, "run argus-analytics migrate") {
		t.Errorf("without tables: %d %s%s", code, out, errOut)
	}
	if err := store.Migrate(ctx, analytics.DefaultRetention()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		code, out, errOut := command(t, line...)
		if code != 0 || errOut != "" || !strings.Contains(out, "\nClickHouse has all 1000 events of ") || !strings.Contains(out, time.Now().UTC().Format(time.DateOnly)+": ") {
			t.Errorf("%d %s%s", code, out, errOut)
		}
	}
	bots, err := store.Bots(ctx)
	if err != nil || len(bots) != 2 {
		t.Errorf("ClickHouse has the bots %+v, %v", bots, err)
	}
}

func TestImportEventsRefuses(t *testing.T) {
	_, flags := kept(t, 1)
	const nobody = "http://127.0.0.1:1/argus"
	empty := append([]string{"--data", t.TempDir()}, flags[2:]...)
	for want, of := range map[string]struct {
		code int
		line []string
	}{
		"ARGUS_FLEET_CLICKHOUSE_URL is not set":             {2, append(flags, "import-events")},
		"usage: argus-fleet [flags] import-events":          {2, append(flags, "--clickhouse-url", nobody, "import-events", "more")},
		"ARGUS_FLEET_CLICKHOUSE_URL " + nobody + "): ":      {1, append(flags, "--clickhouse-url", nobody, "import-events")},
		filepath.Join("events", "events.db does not exist"): {1, append(empty, "--clickhouse-url", nobody, "import-events")},
	} {
		if code, out, errOut := command(t, of.line...); code != of.code || out != "" || !strings.Contains(errOut, want) {
			t.Errorf("%v: %d %s%s, want %d %s", of.line, code, out, errOut, of.code, want)
		}
	}
}
