package clickhousestore_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/analytics/figures/figurestest"
	"github.com/argus-dgo/argus/fleet/internal/clickhousestore"
	"github.com/argus-dgo/argus/fleet/internal/eventstore"
)

// TestLargeSideBySide writes as many events as EVENTS_LARGE says to SQLite, imports them
// into ClickHouse, and asks both every question about a month: the answers are the same. It
// prints how long each took.
func TestLargeSideBySide(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("EVENTS_LARGE"))
	if err != nil {
		t.Skip("EVENTS_LARGE is no number of events")
	}
	ctx, s := migrated(t)
	const span = 30
	now := time.Now()
	end := now.UTC().Truncate(aDay)
	cfg := eventstore.Config{
		File: filepath.Join(t.TempDir(), "events.db"), Retention: 90 * aDay, Hourly: 730 * aDay, MaxEvents: int64(n), Now: func() time.Time { return now },
	}
	file, err := eventstore.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for at, rows := range (figurestest.Stream{End: end, Days: span, Events: n, Batch: 1000}).Batches() {
		now = at
		if _, err := file.Add(ctx, rows); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	imported(t, s, cfg.File)
	if file, err = eventstore.Open(cfg); err != nil {
		t.Fatal(err)
	}
	defer file.Close()

	month := figures.Window{Bot: figurestest.FirstBot, From: end.Add(-span * aDay), To: end}
	incident := figures.Window{Bot: figurestest.FirstBot, From: end.Add(-5 * time.Hour), To: end.Add(-3 * time.Hour)}
	fast, slow := asked(ctx, file, month, incident), asked(ctx, s, month, incident)
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tSQLite\tClickHouse\t")
	for _, q := range slices.Sorted(maps.Keys(fast)) {
		inFile, inFileTook := best(t, fast[q])
		inServer, inServerTook := best(t, slow[q])
		if problem := differ(t, inFile, inServer); problem != "" {
			t.Errorf("%s: %s", q, problem)
		}
		fmt.Fprintf(table, "%s\t%.1f ms\t%.1f ms\t\n", q, inFileTook.Seconds()*1000, inServerTook.Seconds()*1000)
	}
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d events\n%s", n, text.String())
}

func imported(t *testing.T, s *scene, file string) {
	t.Helper()
	from, err := eventstore.OpenArchive(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	began, events := time.Now(), int64(0)
	if err := s.Import(t.Context(), from, func(d clickhousestore.ImportedDay) { events += d.Events }); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d events were imported, %.0f a second", events, float64(events)/time.Since(began).Seconds())
}

// asked are the questions about a month, and about the guilds that an incident hit.
func asked(ctx context.Context, r figures.Reader, month, incident figures.Window) map[figures.Question]func() (any, error) {
	all := figurestest.Ask(ctx, r, month)
	all[figures.GuildsHit] = func() (any, error) { hits, _, err := r.GuildsHit(ctx, incident, math.MaxInt32); return hits, err }
	all[figures.Bots] = func() (any, error) { return r.Bots(ctx) }
	return all
}

// best returns an answer and the shortest of three times that it took.
func best(t *testing.T, ask func() (any, error)) (answer any, took time.Duration) {
	t.Helper()
	for try := range 3 {
		began := time.Now()
		got, err := ask()
		if err != nil {
			t.Fatal(err)
		}
		if spent := time.Since(began); try == 0 || spent < took {
			took = spent
		}
		answer = got
	}
	return answer, took
}

// differ says how two answers differ, in whatever order they are. Quantiles may be 2 % off.
func differ(t *testing.T, a, b any) string {
	t.Helper()
	left, right := lines(t, a), lines(t, b)
	if len(left) == 0 || len(left) != len(right) {
		return fmt.Sprintf("%d and %d answers", len(left), len(right))
	}
	for n := range left {
		if left[n].text != right[n].text {
			return left[n].text + " is not " + right[n].text
		}
		for name, value := range left[n].quantiles {
			if other := right[n].quantiles[name]; math.Abs(value-other) > 0.02*value {
				return fmt.Sprintf("%s: %s is %v and %v", left[n].text, name, value, other)
			}
		}
	}
	return ""
}

// A line is an element of an answer without its quantiles, which are beside it.
type line struct {
	text      string
	quantiles map[string]float64
}

func lines(t *testing.T, answer any) []line {
	t.Helper()
	text, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	var elements []map[string]any
	if err := json.Unmarshal(text, &elements); err != nil {
		t.Fatal(err)
	}
	list := make([]line, len(elements))
	for n, e := range elements {
		l := line{quantiles: map[string]float64{}}
		takeQuantiles(e, "", l.quantiles)
		rest, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		l.text = string(rest)
		list[n] = l
	}
	slices.SortFunc(list, func(a, b line) int { return cmp.Compare(a.text, b.text) })
	return list
}

// takeQuantiles moves the quantiles out of an element and what is in it.
func takeQuantiles(e map[string]any, path string, into map[string]float64) {
	for name, value := range e {
		switch v := value.(type) {
		case map[string]any:
			takeQuantiles(v, path+name+".", into)
		case float64:
			if name == "p50" || name == "p95" {
				into[path+name] = v
				delete(e, name)
			}
		}
	}
}
