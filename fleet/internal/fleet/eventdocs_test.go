package fleet

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/analytics/figures/figurestest"
	"github.com/argus-dgo/argus/fleet/internal/api"
	"github.com/argus-dgo/argus/fleet/internal/eventdocs"
	"github.com/argus-dgo/argus/fleet/internal/eventstore"
	"github.com/argus-dgo/argus/internal/access"
)

// TestEventDocuments: what the API answers of a store is what docs/fleet-openapi.json
// describes, each table can be had as CSV with as many rows, and no run is lost between
// the events and the answer.
func TestEventDocuments(t *testing.T) {
	store, err := eventstore.Open(eventstore.Config{
		File: filepath.Join(t.TempDir(), "events.db"), Retention: 90 * 24 * time.Hour, Hourly: 730 * 24 * time.Hour, MaxEvents: 1_000_000, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	end := time.Now().UTC().Truncate(time.Hour)
	rows := figurestest.Sample{Seed: 1, End: end, Span: 47 * time.Hour}.Rows(3000)
	if _, err := store.Add(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	const token = "the-token-of-a-viewer"
	guard := access.NewRoles(func() []access.Grant {
		return []access.Grant{{Token: access.NewToken(token), Role: access.Viewer}}
	})
	retention := func(context.Context) (raw, hourly time.Duration, err error) { return time.Hour, 2 * time.Hour, nil }
	h := api.New(nil, eventdocs.Source{Reader: store, Store: "SQLite", Retention: retention}, guard, func(err error) { t.Error(err) })
	get := func(path string) *httptest.ResponseRecorder {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, api.Prefix+"events/"+path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		return w
	}
	window := "bot=" + figurestest.FirstBot + "&from=" + end.Add(-47*time.Hour).Format(time.RFC3339) + "&to=" + end.Format(time.RFC3339)
	schemas := openAPI(t)
	for path, c := range map[string]struct {
		schema string
		tables []string
	}{
		"bots?":                                     {"EventBots", []string{"bots"}},
		"commands?" + window:                        {"EventCommands", []string{"commands", "commands_before", "trend"}},
		"commands?version=&" + window:               {"EventCommands", []string{"commands"}},
		"command?command=command+7&" + window:       {"EventCommand", []string{"parts", "trend"}},
		"versions?" + window:                        {"EventVersions", []string{"versions"}},
		"release?" + window:                         {"EventRelease", []string{"changes", "versions"}},
		"guilds-hit?" + window:                      {"EventGuildsHit", []string{"guilds"}},
		"growth?" + window:                          {"EventGrowth", []string{"days", "sizes", "audience", "users"}},
		"guild?guild=1200000000000000041&" + window: {"EventGuild", []string{"commands", "trend"}},
		"ingest?bot=" + figurestest.FirstBot:        {"EventIngest", []string{"ingest"}},
	} {
		w := get(path)
		var document any
		if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil {
			t.Fatal(err)
		}
		if err := schemas(c.schema).Validate(document); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		for _, table := range c.tables {
			records, err := csv.NewReader(get(path + "&format=csv&table=" + table).Body).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			list := document.(map[string]any)[table].([]any)
			if len(records) != 1+len(list) || (len(list) == 0 && table != "commands_before") {
				t.Errorf("%s: %d rows of %s as CSV, %d as JSON", path, len(records)-1, table, len(list))
			}
		}
	}
	var got eventdocs.Commands
	if err := json.Unmarshal(get("commands?"+window).Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	var want, listed, drawn uint64
	for _, r := range rows {
		if r.Bot == figurestest.FirstBot && r.Type.Valid && !r.Time.Before(got.Window.From) && r.Time.Before(got.Window.To) {
			want++
		}
	}
	for _, c := range got.Commands {
		listed += c.Runs
	}
	for _, s := range got.Trend {
		drawn += s.Runs
	}
	if want == 0 || listed != want || drawn != want {
		t.Errorf("%d runs are listed and %d are drawn of %d", listed, drawn, want)
	}
	if got.Query[figures.Commands] == "" {
		t.Error("the query is not told")
	}
}
