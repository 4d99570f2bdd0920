package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/findings"
)

// source is a process with one shard, which is up or down.
type source struct {
	up  float64
	err error

	mu    sync.Mutex
	asked int
}

func (s *source) Fleet() bool { return false }

func (s *source) Ask(_ context.Context, _ time.Time, questions ...evidence.Question) ([][]evidence.Value, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	answers := make([][]evidence.Value, len(questions))
	for i, q := range questions {
		switch {
		case q.Form != evidence.Last:
		case q.Of.Name == catalog.Up.Name:
			answers[i] = []evidence.Value{{Labels: evidence.Labels{}, Number: 1}}
		case q.Of.Name == catalog.ShardUp.Name:
			answers[i] = []evidence.Value{{Labels: evidence.Labels{"shard": "0"}, Number: s.up}}
		}
	}
	return answers, s.err
}

func (s *source) Trace(_ context.Context, _, to time.Time, q evidence.Question) ([]evidence.Series, error) {
	if q.Of.Name != catalog.ShardUp.Name {
		return nil, nil
	}
	return []evidence.Series{{Labels: evidence.Labels{"shard": "0"}, Points: []evidence.Point{{At: to.Add(-2 * time.Minute), Number: 1}, {At: to.Add(-time.Minute), Number: s.up}, {At: to, Number: s.up}}}}, nil
}

func (s *source) rounds() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func serve(t *testing.T, members ...Member) (a *API, faults *[]error) {
	t.Helper()
	faults = &[]error{}
	return &API{Members: func() []Member { return members }, Report: func(err error) { *faults = append(*faults, err) }}, faults
}

func ask(a *API, query string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	a.Status(w, httptest.NewRequest(http.MethodGet, StatusPath+query, nil))
	return w
}

func TestStatus(t *testing.T) {
	down, up := &source{}, &source{up: 1}
	a, _ := serve(t,
		Member{Identity: Identity{Cluster: "3", Bot: "music", Argus: "v0.1.0"}, Source: down},
		Member{Identity: Identity{Cluster: "3", Bot: "mod", Argus: "v0.1.0"}, Source: up},
	)
	for query, want := range map[string]string{"?bot=music": "affected", "?bot=mod": "calm"} {
		w := ask(a, query)
		var s Status
		if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil || w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
			t.Fatalf("%s: %d %v %v", query, w.Code, err, w.Header())
		}
		if s.Version != Version || s.Verdict != want || s.Report.Verdict().String() != want || s.Identity.Cluster != "3" || "?bot="+s.Identity.Bot != query {
			t.Errorf("%s: %+v", query, s)
		}
	}
	var s Status
	if err := json.Unmarshal(ask(a, "?bot=music").Body.Bytes(), &s); err != nil || s.Report.Findings[0].ID != "DiscordShardDown" || s.Report.Findings[0].Since.IsZero() {
		t.Errorf("%v, %+v", err, s)
	}
}

// TestStatusIsShared: everyone who asks within a second gets one examination.
func TestStatusIsShared(t *testing.T) {
	s := &source{up: 1}
	a, _ := serve(t, Member{Source: s})
	ask(a, "")
	once := s.rounds()
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() { ask(a, "") })
	}
	wait.Wait()
	// On a slow machine the second may be over; each request would take several rounds.
	if got := s.rounds(); got >= 20 {
		t.Errorf("21 requests took %d rounds, and one took %d", got, once)
	}
}

func TestStatusRefuses(t *testing.T) {
	none, _ := serve(t)
	two, _ := serve(t, Member{Identity: Identity{Bot: "music"}, Source: &source{}}, Member{Identity: Identity{Bot: "mod"}, Source: &source{}})
	broken, faults := serve(t, Member{Source: &source{err: errors.New("a secret of the machine")}})
	for _, tt := range []struct {
		api    *API
		query  string
		status int
		says   string
	}{
		{none, "", 400, "no bot of this process keeps a history"},
		{two, "", 400, `choose one with ?bot=, of \"music\", \"mod\"`},
		{two, "?bot=other", 400, `no such bot; it has \"music\", \"mod\"`},
		{two, "?bot=music&bot=mod", 400, "no such bot"},
		{broken, "", 500, "the cause is in the log"},
	} {
		w := ask(tt.api, tt.query)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %s", tt.query, w.Code, w.Body)
		}
		var document map[string]string
		if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil || document["error"] == "" {
			t.Errorf("%s: %v %s", tt.query, err, w.Body)
		}
	}
	if len(*faults) != 1 {
		t.Errorf("faults: %v", *faults)
	}
}

// TestNoNumbersThatJSONLacks: a report of a bot that has nothing yet is valid JSON.
func TestNoNumbersThatJSONLacks(t *testing.T) {
	report, err := findings.Examine(t.Context(), &source{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(report); err != nil {
		t.Error(err)
	}
}
