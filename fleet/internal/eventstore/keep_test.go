package eventstore_test

import (
	"bytes"
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/analytics/figures/figurestest"
	"github.com/argus-dgo/argus/fleet/internal/eventstore"
)

// answers asks a store some questions about the first bot.
func answers(t *testing.T, s *eventstore.Store, w figures.Window) (all []any) {
	t.Helper()
	commands, err := s.Commands(t.Context(), w, nil)
	growth, err2 := s.Growth(t.Context(), w)
	users, err3 := s.Users(t.Context(), w)
	hit, _, err4 := s.GuildsHit(t.Context(), w, 1000)
	for _, err := range []error{err, err2, err3, err4} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return []any{commands, growth, users, hit}
}

func daysOf(s figurestest.Sample) figures.Window {
	return figures.Window{Bot: figurestest.FirstBot, From: s.End.Add(-s.Span).Truncate(days), To: s.End.Truncate(days).Add(days)}
}

// TestReopened: a store that is opened again answers the same, takes no event twice, and
// so does its backup.
func TestReopened(t *testing.T) {
	cfg, of := config(t), sample(30*time.Hour)
	rows := of.Rows(2000)
	s := open(t, cfg)
	add(t, s, rows)
	want := answers(t, s, daysOf(of))
	copied := filepath.Join(t.TempDir(), "events.db")
	if err := s.Backup(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), copied); err == nil {
		t.Error("a backup replaced another one")
	}
	closeStore(t, s)
	for _, file := range []string{cfg.File, copied} {
		cfg.File = file
		s := open(t, cfg)
		if got := answers(t, s, daysOf(of)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", file, got, want)
		}
		if n := add(t, s, rows); n != 0 {
			t.Errorf("%s: %d events were counted again", file, n)
		}
		if got := answers(t, s, daysOf(of)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the same events again change %+v to %+v", file, want, got)
		}
		closeStore(t, s)
	}
}

// TestLateEventAgain: an event that was late, and arrives again on another day, changes
// nothing, although it would be kept under another day now.
func TestLateEventAgain(t *testing.T) {
	now := time.Now()
	cfg, of := config(t), sample(time.Hour)
	cfg.Now = func() time.Time { return now }
	s := open(t, cfg)
	defer closeStore(t, s)
	rows := of.Rows(50)
	for n := range rows {
		rows[n].Time = now.Add(-10 * days)
		if n%2 > 0 {
			rows[n].Time = now.Add(10 * days)
		}
	}
	for _, later := range []time.Duration{0, days, 10 * days} {
		now = now.Add(later)
		if n := add(t, s, rows); (n > 0) != (later == 0) {
			t.Errorf("%v later %d events are new", later, n)
		}
	}
}

// TestRetention: events, sums and texts go when they are too old, and what is younger
// stays. Events that arrive then are taken as ever.
func TestRetention(t *testing.T) {
	now := time.Now()
	cfg, of := config(t), sample(2*time.Hour)
	cfg.Now, cfg.Retention, cfg.Hourly = func() time.Time { return now }, 3*days, 10*days
	s := open(t, cfg)
	defer closeStore(t, s)
	rows := of.Rows(300)
	add(t, s, rows)
	w := daysOf(of)
	w.From = w.From.Add(-days)
	retain := func() {
		t.Helper()
		if err := s.Retain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ofDays := func() (commands, hit int) {
		all := answers(t, s, w)
		return len(all[0].([]figures.CommandFigures)), len(all[3].([]figures.GuildHit))
	}
	retain()
	if commands, hit := ofDays(); commands == 0 || hit == 0 {
		t.Fatalf("%d commands, %d guilds hit at once", commands, hit)
	}
	now = now.Add(6 * days)
	retain()
	if commands, hit := ofDays(); commands == 0 || hit > 0 || s.Stats().Events > 0 {
		t.Errorf("%d commands, %d guilds hit, %+v after 6 days", commands, hit, s.Stats())
	}
	now = now.Add(6 * days)
	retain()
	if commands, _ := ofDays(); commands > 0 {
		t.Errorf("%d commands after 12 days", commands)
	}
	if bots, err := s.Bots(t.Context()); err != nil || len(bots) > 0 {
		t.Errorf("%v, %v after 12 days", bots, err)
	}
	of.End = now.Truncate(time.Hour)
	if n := add(t, s, of.Rows(300)); n != 300 {
		t.Errorf("%d events are new, want 300", n)
	}
}

// TestFull: a full store drops its oldest day, and says so. It refuses events if it is
// full with those of one day.
func TestFull(t *testing.T) {
	now := time.Now().Truncate(days).Add(12 * time.Hour)
	cfg := config(t)
	var told []int64
	cfg.Now, cfg.MaxEvents = func() time.Time { return now }, 250
	cfg.Dropped = func(_ time.Time, events int64) { told = append(told, events) }
	s := open(t, cfg)
	defer closeStore(t, s)
	rows := onTime(figurestest.Sample{Seed: 1, End: now.Add(-days), Span: time.Hour}.Rows(100), now.Add(-days))
	rows = append(rows, onTime(figurestest.Sample{Seed: 2, End: now, Span: time.Hour}.Rows(200), now)...)
	add(t, s, rows[:100])
	add(t, s, rows[100:])
	if stats := s.Stats(); !slices.Equal(told, []int64{100}) || stats.Events != 200 || stats.Dropped != 100 {
		t.Errorf("dropped %v, %+v", told, stats)
	}
	of := figurestest.Sample{Seed: 3, End: now, Span: time.Hour}
	result, err := s.Add(t.Context(), onTime(of.Rows(60), now))
	if err != nil || result.Added != 50 || len(result.Refused) != 10 || result.Refused[0].Reason != eventstore.Full {
		t.Errorf("%d added, %d refused, %v", result.Added, len(result.Refused), err)
	}
}

// onTime brings the late and early events of a sample into an hour.
func onTime(rows []event.Row, at time.Time) []event.Row {
	for n := range rows {
		rows[n].Time = at.Add(-time.Duration(n) * time.Second)
	}
	return rows
}

// TestTooManyValues: an attribute without end costs the events with further values, and
// nothing else.
func TestTooManyValues(t *testing.T) {
	s := open(t, config(t))
	defer closeStore(t, s)
	rows := onTime(sample(time.Hour).Rows(1500), time.Now())
	for n := range rows {
		rows[n].Bot, rows[n].Region = "bot", "region "+strconv.Itoa(n%1200)
	}
	result, err := s.Add(t.Context(), rows)
	if err != nil || result.Added != 1300 || len(result.Refused) != 200 {
		t.Fatalf("%d added, %d refused, %v", result.Added, len(result.Refused), err)
	}
	if r := result.Refused[0]; r.Row != 1000 || r.Reason != eventstore.TooManyValues || !strings.Contains(r.Err.Error(), "region has more than 1000 values") {
		t.Errorf("%+v", r)
	}
}

// TestErase: nothing in the files has a guild that was erased; sums stay.
func TestErase(t *testing.T) {
	cfg, of := config(t), sample(30*time.Hour)
	s := open(t, cfg)
	defer closeStore(t, s)
	rows := of.Rows(3000)
	const guild = uint64(0x4142434445464748)
	for n := range rows {
		if rows[n].GuildID.Valid && rows[n].GuildID.V == figurestest.GuildBase+40 {
			rows[n].GuildID.V = guild
		}
	}
	add(t, s, rows)
	before, err := s.Commands(t.Context(), daysOf(of), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !contains(t, cfg.File, "ABCDEFGH") {
		t.Error("the files do not have the guild's id in this form")
	}
	n, err := s.EraseGuild(t.Context(), guild)
	if err != nil || n == 0 {
		t.Fatalf("%d events erased, %v", n, err)
	}
	after, err := s.Commands(t.Context(), daysOf(of), nil)
	if err != nil || !reflect.DeepEqual(before, after) {
		t.Errorf("erasing changed sums: %v", err)
	}
	if left, err := s.Guild(t.Context(), daysOf(of), guild); err != nil || len(left) > 0 {
		t.Errorf("%v, %v is left", left, err)
	}
	if steps, err := s.GuildTrend(t.Context(), daysOf(of), guild, days); err != nil || len(steps) > 0 {
		t.Errorf("%v, %v is left", steps, err)
	}
	if contains(t, cfg.File, "ABCDEFGH") {
		t.Error("the files still have the guild's id")
	}
	if n, err := s.EraseGuild(t.Context(), guild); err != nil || n != 0 {
		t.Errorf("%d events erased again, %v", n, err)
	}
}

func contains(t *testing.T, file, text string) bool {
	t.Helper()
	found := false
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(file + suffix)
		if err != nil {
			t.Fatal(err)
		}
		found = found || bytes.Contains(content, []byte(text))
	}
	return found
}

// TestNotOurs: a file that is newer, altered, or none of SQLite is refused with a reason,
// and left as it is.
func TestNotOurs(t *testing.T) {
	statement := func(text string) func(string) error {
		return func(file string) error {
			db, err := sql.Open("sqlite", file)
			if err != nil {
				return err
			}
			defer db.Close()
			_, err = db.ExecContext(context.Background(), text)
			return err
		}
	}
	for want, spoil := range map[string]func(string) error{
		"was written by a newer version of argus-fleet": statement("PRAGMA user_version = 2"),
		"has other tables than argus-fleet makes":       statement("DROP TABLE errors"),
		"has other tables":                              statement("ALTER TABLE daily ADD COLUMN more"),
		"file is not a database":                        func(file string) error { return os.WriteFile(file, bytes.Repeat([]byte("no"), 5000), 0o600) },
	} {
		cfg := config(t)
		cfg.File = filepath.Join(t.TempDir(), "events.db")
		s := open(t, cfg)
		add(t, s, sample(time.Hour).Rows(20))
		closeStore(t, s)
		if err := spoil(cfg.File); err != nil {
			t.Fatal(err)
		}
		before, err := os.ReadFile(cfg.File)
		if err != nil {
			t.Fatal(err)
		}
		_, err = eventstore.Open(cfg)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), cfg.File) {
			t.Errorf("%v, want %q", err, want)
		}
		after, err := os.ReadFile(cfg.File)
		if err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s: the file was changed, %v", want, err)
		}
	}
}
