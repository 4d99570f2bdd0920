package api

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/fleet/internal/eventdocs"
	"github.com/argus-dgo/argus/internal/access"
)

// store answers what it is told to, and remembers what it was asked. Questions that a test
// does not ask end it.
type store struct {
	figures.Reader

	mu       sync.Mutex
	windows  []figures.Window
	commands func(context.Context) ([]figures.CommandFigures, error)
}

func (s *store) asked(w figures.Window) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.windows = append(s.windows, w)
}

func (*store) Text(q figures.Question) string { return "SELECT " + string(q) }

func (s *store) Commands(ctx context.Context, w figures.Window, _ *string) ([]figures.CommandFigures, error) {
	s.asked(w)
	return s.commands(ctx)
}

func (*store) Trend(context.Context, figures.Window, *string, *string, time.Duration) ([]figures.Step, error) {
	return []figures.Step{}, nil
}

func (s *store) GuildsHit(_ context.Context, w figures.Window, limit int) ([]figures.GuildHit, int, error) {
	s.asked(w)
	size := "=1+1"
	return []figures.GuildHit{{Guild: 1<<64 - 1, Tally: figures.Tally{Runs: 3}, Size: &size}}, limit, nil
}

const viewer = "the-token-of-a-viewer"

func newEvents(reader figures.Reader, report func(error)) (h http.Handler, grants *[]access.Grant) {
	grants = &[]access.Grant{{Token: access.NewToken(viewer), Role: access.Viewer}}
	guard := access.NewRoles(func() []access.Grant { return *grants })
	return New(nil, eventdocs.Source{Reader: reader}, guard, report), grants
}

func askEvents(t *testing.T, h http.Handler, target, token string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, Prefix+eventsPath+target, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func noFault(t *testing.T) func(error) { return func(err error) { t.Error(err) } }

// TestEventsAreOff: each path says which setting turns them on.
func TestEventsAreOff(t *testing.T) {
	h, _ := newEvents(nil, noFault(t))
	for _, path := range []string{"bots", "commands", "command?command=a", "versions", "release", "guilds-hit", "growth", "guild?guild=1", "ingest"} {
		if w := askEvents(t, h, path, viewer); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "ARGUS_FLEET_EVENTS") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// TestEventsNeedToken: without a token nothing is answered, nor where no token is set.
func TestEventsNeedToken(t *testing.T) {
	h, grants := newEvents(&store{}, noFault(t))
	for token, want := range map[string]int{"": http.StatusUnauthorized, "a-guess": http.StatusUnauthorized, viewer: http.StatusOK} {
		if w := askEvents(t, h, "guilds-hit", token); w.Code != want {
			t.Errorf("%q: %d %s", token, w.Code, w.Body)
		}
	}
	*grants = nil
	if w := askEvents(t, h, "guilds-hit", ""); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "ARGUS_FLEET_VIEWER_TOKEN_FILE") {
		t.Errorf("without tokens: %d %s", w.Code, w.Body)
	}
}

// TestEventsDocument: the windows that were used are told, with the queries.
func TestEventsDocument(t *testing.T) {
	s := &store{commands: func(context.Context) ([]figures.CommandFigures, error) { return []figures.CommandFigures{}, nil }}
	h, _ := newEvents(s, noFault(t))
	w := askEvents(t, h, "commands?bot=b&from=2026-11-01T10:30:00Z&to=2026-11-02T10:30:00Z", viewer)
	var got struct {
		Window      eventdocs.Window  `json:"window"`
		StepSeconds int               `json:"step_seconds"`
		Query       map[string]string `json:"query"`
		Commands    []any             `json:"commands"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s %v", w.Code, w.Body, err)
	}
	at := func(d, h int) time.Time { return time.Date(2026, 11, d, h, 0, 0, 0, time.UTC) }
	if want := (eventdocs.Window{Bot: "b", From: at(1, 10), To: at(2, 11)}); got.Window != want || got.StepSeconds != 3600 || got.Commands == nil {
		t.Errorf("%+v, want %v", got, want)
	}
	if want := []figures.Window{{Bot: "b", From: at(1, 10), To: at(2, 11)}, {Bot: "b", From: at(1, 10).Add(-25 * time.Hour), To: at(1, 10)}}; !slices.Equal(s.windows, want) {
		t.Errorf("asked about %v, want %v", s.windows, want)
	}
	if want := map[string]string{"commands": "SELECT commands", "trend": "SELECT trend"}; !maps.Equal(got.Query, want) {
		t.Errorf("the queries are %v", got.Query)
	}
}

// TestEventsCSV: ids are exact, texts are no formulas, and the file has a name without ids.
func TestEventsCSV(t *testing.T) {
	h, _ := newEvents(&store{}, noFault(t))
	w := askEvents(t, h, "guilds-hit?format=csv&limit=7", viewer)
	want := "guild,runs,failures,in_time,not_in_time,outages,size,last\r\n18446744073709551615,3,0,0,0,0,'=1+1,\r\n"
	if w.Code != http.StatusOK || w.Body.String() != want || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
	if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, "text/csv;") {
		t.Errorf("the type is %s", got)
	}
	if got := w.Header().Get("Content-Disposition"); got != `attachment; filename="argus-guilds-hit.csv"` {
		t.Errorf("the file is %s", got)
	}
	if w := askEvents(t, h, "guilds-hit", viewer); !strings.Contains(w.Body.String(), `"guild":"18446744073709551615"`) || !strings.Contains(w.Body.String(), `"left_out":100`) {
		t.Errorf("JSON has %s", w.Body)
	}
}

// TestEventsRefused: an error names the parameter and its value, and no id.
func TestEventsRefused(t *testing.T) {
	h, _ := newEvents(&store{}, noFault(t))
	for target, want := range map[string]string{
		"guilds-hit?limit=many":            `limit: \"many\"`,
		"guilds-hit?format=xml":            `format: \"xml\"`,
		"guilds-hit?format=csv&table=days": `table: \"days\" is no table of this path; it has: guilds`,
		"guilds-hit?from=now":              `from: \"now\"`,
		"guilds-hit?window=1h":             `\"window\" is no parameter`,
		"guilds-hit?bot=a&bot=b":           `is given twice`,
		"command":                          "command: is needed",
		"guild":                            "guild: is needed",
		"guild?guild=12000000000000000a1":  "guild: is not the decimal id of a guild",
	} {
		w := askEvents(t, h, target, viewer)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) || strings.Contains(w.Body.String(), "12000") {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
	if w := askEvents(t, h, "nothing", viewer); w.Code != http.StatusNotFound {
		t.Errorf("an unknown path: %d", w.Code)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, Prefix+eventsPath+"bots", nil)
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}

// TestStoreFails: the cause goes to the log, not to the viewer.
func TestStoreFails(t *testing.T) {
	var told []error
	s := &store{commands: func(context.Context) ([]figures.CommandFigures, error) {
		return nil, errors.New("the password of 10.1.2.3 is wrong")
	}}
	h, _ := newEvents(s, func(err error) { told = append(told, err) })
	w := askEvents(t, h, "commands", viewer)
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "10.1.2.3") || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
	}
	if len(told) != 1 || !strings.Contains(told[0].Error(), "10.1.2.3") {
		t.Errorf("the log has %v", told)
	}
}

// TestQuestionsAreLimited: few are answered at a time, each has 10 s with its wait, and what
// a client does not wait for ends.
func TestQuestionsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))) //nolint:forbidigo // by the clock of the bubble
		var mu sync.Mutex
		running, most := 0, 0
		s := &store{commands: func(ctx context.Context) ([]figures.CommandFigures, error) {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			<-ctx.Done()
			mu.Lock()
			running--
			mu.Unlock()
			return nil, errors.New("interrupted") // as stores say it
		}}
		h, _ := newEvents(s, noFault(t))
		began := time.Now()
		var answers sync.WaitGroup
		for range 3 * maxQuestions {
			answers.Go(func() {
				w := askEvents(t, h, "commands", viewer)
				if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "shorter window") || time.Since(began) != questionTimeout {
					t.Errorf("%d %s after %v", w.Code, w.Body, time.Since(began))
				}
			})
		}
		answers.Wait()
		if most != maxQuestions {
			t.Errorf("%d at a time", most)
		}
		gone, cancel := context.WithCancel(t.Context())
		r := httptest.NewRequestWithContext(gone, http.MethodGet, Prefix+eventsPath+"commands", nil)
		r.Header.Set("Authorization", "Bearer "+viewer)
		answers.Go(func() { h.ServeHTTP(httptest.NewRecorder(), r) })
		synctest.Wait()
		cancel()
		answers.Wait()
		if time.Since(began) != questionTimeout || running != 0 {
			t.Errorf("%d still run after %v", running, time.Since(began)-questionTimeout)
		}
	})
}
