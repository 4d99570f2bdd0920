package analytics_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/analytics/figures/figurestest"
)

// TestInsertKeepsEachValue reads back what was written.
func TestInsertKeepsEachValue(t *testing.T) {
	ctx, conn, store := migrated(t)
	s := figurestest.Sample{Seed: 5, End: time.Now().UTC().Truncate(time.Hour), Span: time.Hour}
	rows := s.Rows(3000)
	want := map[string]event.Row{}
	for _, r := range rows {
		want[r.ID.String()] = r
	}
	if err := store.Insert(ctx, rows, "a"); err != nil {
		t.Fatal(err)
	}
	var got []struct {
		ID, Time, Event, Bot, Region, Cluster, Version string
		Shard, Size, Type, Command, Outcome, ErrorType *string
		Guild                                          *uint64
		Receipt, Answer, Handler, Connection           *float32
		Locale, Context, Installation, User            *string
		Code, Initiator, Scope, Route, Method          *string
		Retry, Reset                                   *float32
		Remaining, Limit, AtOnce                       *uint32
	}
	err := conn.Select(ctx, &got, `SELECT toString(event_id) AS ID, toString(time) AS Time, event AS Event, bot AS Bot, region AS Region,
cluster AS Cluster, version AS Version, shard AS Shard, guild_size AS Size, interaction_type AS Type, command AS Command, outcome AS Outcome,
error_type AS ErrorType, guild_id AS Guild, receipt_age AS Receipt, answer_duration AS Answer, handler_duration AS Handler,
connection_duration AS Connection, locale AS Locale, context AS Context, installation AS Installation, user_hash AS User, close_code AS Code,
close_initiator AS Initiator, ratelimit_scope AS Scope, route AS Route, method AS Method, retry_after AS Retry, session_starts_reset AS Reset,
session_starts_remaining AS Remaining, session_starts_limit AS Limit, session_starts_at_once AS AtOnce FROM events`)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(rows) {
		t.Fatalf("%d rows, want %d", len(got), len(rows))
	}
	for _, g := range got {
		r := want[g.ID]
		was := event.Row{
			Time: r.Time, ID: r.ID, Name: g.Event, Bot: g.Bot, Region: g.Region, Cluster: g.Cluster, Version: g.Version,
			Shard: null(g.Shard), GuildID: null(g.Guild), GuildSize: null(g.Size), Type: null(g.Type), Command: null(g.Command), Outcome: null(g.Outcome),
			ErrorType: null(g.ErrorType), ReceiptAge: nullFloat(g.Receipt), AnswerDuration: nullFloat(g.Answer), HandlerDuration: nullFloat(g.Handler),
			Locale: null(g.Locale), Context: null(g.Context), Installation: null(g.Installation), UserHash: null(g.User),
			CloseCode: null(g.Code), CloseInitiator: null(g.Initiator), ConnectionDuration: nullFloat(g.Connection),
			RateLimitScope: null(g.Scope), Route: null(g.Route), Method: null(g.Method), RetryAfter: nullFloat(g.Retry),
			SessionStartsRemaining: null(g.Remaining), SessionStartsLimit: null(g.Limit), SessionStartsReset: nullFloat(g.Reset), SessionStartsAtOnce: null(g.AtOnce),
		}
		if was != r || g.Time != r.Time.Format("2006-01-02 15:04:05.000") {
			t.Fatalf("got %+v at %s, want %+v", was, g.Time, r)
		}
	}
}

// TestInsertOfBadTables has the tables in a state that no repetition mends.
func TestInsertOfBadTables(t *testing.T) {
	for name, c := range map[string]struct{ alter, want string }{
		"Column": {"ALTER TABLE events DROP COLUMN route", "altered; run argus-analytics status"},
		"Table":  {"DROP TABLE events", "the tables are missing, older than this program, or altered; run argus-analytics status"},
		"Type":   {"ALTER TABLE events DROP COLUMN retry_after, ADD COLUMN retry_after Nullable(UUID)", "altered; run argus-analytics status"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, conn := database(t, "bad_"+name)
			store := open(t, conn)
			if err := store.Migrate(ctx, analytics.DefaultRetention()); err != nil {
				t.Fatal(err)
			}
			if err := conn.Exec(ctx, c.alter); err != nil {
				t.Fatal(err)
			}
			err := store.Insert(ctx, few(10), "a")
			if failed, is := errors.AsType[*analytics.InsertError](err); !is || failed.Events != 10 || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if analytics.Retryable(err) {
				t.Errorf("%v is retryable", err)
			}
		})
	}
}

// TestInsertWithoutAToken would count twice if it was repeated.
func TestInsertWithoutAToken(t *testing.T) {
	err := open(t, nil).Insert(t.Context(), few(1), "")
	if err == nil || analytics.Retryable(err) {
		t.Errorf("got %v, retryable %t", err, analytics.Retryable(err))
	}
	if err := open(t, nil).Insert(t.Context(), nil, ""); err != nil {
		t.Errorf("no events: %v", err)
	}
}

// answering is a server that answers with an error of ClickHouse, or of a proxy if it has
// no code.
func answering(t *testing.T, status, code int, text string) *analytics.Store {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if code != 0 {
			w.Header().Set("X-ClickHouse-Exception-Code", fmt.Sprint(code))
			text = fmt.Sprintf("Code: %d. DB::Exception: %s", code, text)
		}
		http.Error(w, text, status)
	}))
	t.Cleanup(server.Close)
	conn, err := clickhouse.Open(&clickhouse.Options{
		Addr: []string{server.Listener.Addr().String()}, Protocol: clickhouse.HTTP,
		Auth: clickhouse.Auth{Database: "argus", Username: "argus", Password: "hunter22"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return open(t, conn)
}

func TestRetryable(t *testing.T) {
	for name, c := range map[string]struct {
		status, code int
		retryable    bool
		want         string
	}{
		"Password":       {http.StatusForbidden, 516, false, "check the user and its password"},
		"Grant":          {http.StatusForbidden, 497, false, "grant it SELECT and INSERT"},
		"Table":          {http.StatusNotFound, 60, false, "run argus-analytics status"},
		"Column":         {http.StatusNotFound, 16, false, "run argus-analytics status"},
		"Type":           {http.StatusInternalServerError, 53, false, "run argus-analytics status"},
		"Setting":        {http.StatusNotFound, 115, false, "does not accept what this program sends"},
		"Memory":         {http.StatusInternalServerError, 241, true, "said so"},
		"Disk":           {http.StatusInternalServerError, 243, true, "said so"},
		"TableReadOnly":  {http.StatusInternalServerError, 242, true, "said so"},
		"Timeout":        {http.StatusRequestTimeout, 159, true, "said so"},
		"Parts":          {http.StatusInternalServerError, 252, true, "said so"},
		"Proxy":          {http.StatusBadGateway, 0, true, "said so"},
		"ProxyBusy":      {http.StatusTooManyRequests, 0, true, "said so"},
		"ProxyForbidden": {http.StatusForbidden, 0, false, "said so"},
		"ProxyTooLarge":  {http.StatusRequestEntityTooLarge, 0, false, "said so"},
	} {
		t.Run(name, func(t *testing.T) {
			err := answering(t, c.status, c.code, "the server said so "+strings.Repeat("and so on ", 1000)).Insert(t.Context(), few(3), "a")
			if err == nil || analytics.Retryable(err) != c.retryable || !strings.Contains(err.Error(), c.want) {
				t.Errorf("retryable %t, want %t: %v", analytics.Retryable(err), c.retryable, err)
			}
			if text := err.Error(); len(text) > 1000 || strings.Contains(text, "hunter22") {
				t.Errorf("%d bytes: %s", len(text), text)
			}
		})
	}
}

func TestRetryableWithoutAServer(t *testing.T) {
	server := httptest.NewServer(nil)
	addr := server.Listener.Addr().String()
	server.Close()
	conn, err := clickhouse.Open(&clickhouse.Options{Addr: []string{addr}, Protocol: clickhouse.HTTP})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = open(t, conn).Insert(t.Context(), few(3), "a")
	if want := "analytics: insert 3 events: connection refused: nothing listens there"; err == nil || err.Error() != want || !analytics.Retryable(err) {
		t.Errorf("got %v, retryable %t, want %q", err, analytics.Retryable(err), want)
	}
	if analytics.Retryable(nil) {
		t.Error("no error is retryable")
	}
}
