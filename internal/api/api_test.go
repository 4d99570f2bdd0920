package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/findings"
)

// source is a process with one shard, which is up or down. It has no history.
type source struct {
	Source
	up    float64
	err   error
	takes time.Duration // a round

	mu    sync.Mutex
	asked int
}

func (s *source) Fleet() bool { return false }

func (s *source) Namespace() string { return "" }

func (s *source) Begin() time.Time { return time.Time{} }

func (s *source) Ask(_ context.Context, _ time.Time, questions ...evidence.Question) ([][]evidence.Value, error) {
	time.Sleep(s.takes) //nolint:forbidigo // by the clock of the bubble
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
	return New(func() []Member { return members }, func(err error) { *faults = append(*faults, err) }, new(Slots)), faults
}

func askStatus(a *API, query string) *httptest.ResponseRecorder { return get(a, StatusPath+query) }

func TestStatus(t *testing.T) {
	down, up := &source{}, &source{up: 1}
	a, _ := serve(t,
		Member{Identity: Identity{Cluster: "3", Bot: "music", Argus: "v0.1.0"}, Source: down},
		Member{Identity: Identity{Cluster: "3", Bot: "mod", Argus: "v0.1.0"}, Source: up},
	)
	for query, want := range map[string]string{"?bot=music": "affected", "?bot=mod": "calm"} {
		w := askStatus(a, query)
		var s Status
		if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil || w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
			t.Fatalf("%s: %d %v %v", query, w.Code, err, w.Header())
		}
		if s.Version != Version || s.Verdict != want || s.Report.Verdict().String() != want || s.Identity.Cluster != "3" || "?bot="+s.Identity.Bot != query {
			t.Errorf("%s: %+v", query, s)
		}
	}
	var s Status
	if err := json.Unmarshal(askStatus(a, "?bot=music").Body.Bytes(), &s); err != nil || s.Report.Findings[0].ID != "DiscordShardDown" || s.Report.Findings[0].Since.IsZero() {
		t.Errorf("%v, %+v", err, s)
	}
}

// TestStatusIsShared: everyone who asks within a second gets one examination.
func TestStatusIsShared(t *testing.T) {
	s := &source{up: 1}
	a, _ := serve(t, Member{Source: s})
	askStatus(a, "")
	once := s.rounds()
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() { askStatus(a, "") })
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
		{two, "?bot=other", 400, `\"other\" is no bot of this process; it has \"music\", \"mod\"`},
		{two, "?bot=music&bot=mod", 400, "bot: it is given 2 times"},
		{two, "?bot=music&over=5m", 400, `\"over\": there is no such parameter (\"5m\")`},
		{two, "?bot=" + strings.Repeat("m", 100), 400, strings.Repeat("m", 64) + "…"},
		{two, "?bot=%zz", 400, "the query cannot be read"},
		{broken, "", 500, "the cause is in the log"},
	} {
		w := askStatus(tt.api, tt.query)
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

// TestExaminationsArePaced: a report is used again for ten times as long as it took, so
// that a bot in trouble is not examined all the time.
func TestExaminationsArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{up: 1, takes: 400 * time.Millisecond}
		a, _ := serve(t, Member{Source: s})
		begin := time.Now()
		askStatus(a, "")
		once, took := s.rounds(), time.Since(begin)
		time.Sleep((costShare-1)*took - time.Millisecond) //nolint:forbidigo // by the clock of the bubble; it counts from its begin
		askStatus(a, "")
		if got := s.rounds(); took*costShare <= reuse || got != once {
			t.Errorf("an examination of %v took %d rounds, and %d before it was due again", took, once, got)
		}
		time.Sleep(time.Second) //nolint:forbidigo // by the clock of the bubble
		askStatus(a, "")
		if got := s.rounds(); got == once {
			t.Error("the report is never made again")
		}
	})
}

// TestBusy: a request that has waited as long as an answer may take is told to come
// again.
func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, faults := serve(t, Member{Source: &source{up: 1}})
		a.turn <- struct{}{}
		if w := askStatus(a, ""); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || len(*faults) > 0 {
			t.Errorf("status %d, %v, faults %v", w.Code, w.Header(), *faults)
		}
		<-a.turn
		if w := askStatus(a, ""); w.Code != http.StatusOK {
			t.Errorf("status %d", w.Code)
		}
	})
}

// TestCacheIsBounded: what is kept has a limit in number and in bytes, and goes with its
// time.
func TestCacheIsBounded(t *testing.T) {
	var c cache
	now := time.Now()
	for n := range 3 * cacheEntries {
		c.put(cacheKey{key: strconv.Itoa(n)}, now, []byte("{}"))
	}
	if len(c.entries) != cacheEntries {
		t.Errorf("%d documents are kept", len(c.entries))
	}
	if c.purge(now.Add(reuse)); len(c.entries) != 0 || c.bytes != 0 {
		t.Errorf("%d documents of %d bytes are kept too long", len(c.entries), c.bytes)
	}
	c.put(cacheKey{key: "large"}, now, make([]byte, cacheBytes+1))
	if len(c.entries) != 0 {
		t.Error("a document larger than the limit is kept")
	}
}
