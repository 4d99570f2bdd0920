package clickhousestore_test

import (
	"database/sql"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/analytics/figures/figurestest"
	"github.com/argus-dgo/argus/internal/catalog"
)

// unusual are names that somebody may send.
func unusual() []string {
	return append(figurestest.Hostile(),
		strings.Repeat("x", event.MaxText), strings.Repeat("'", event.MaxText), strings.Repeat(`\`, event.MaxText), strings.Repeat("\x00", event.MaxText), strings.Repeat("😀", event.MaxText/4),
		"\x00", "\n", "\r\n", "\t", " ", " x ", "`", `\\`, `\'`, `\0`, `\x00`, `\\N`, "''", `'\''`, "null", "ᴺᵁᴸᴸ", "nan", "[]", "{}", "{", "}", "%", "%2500", "+", "&", "#", "?", "$$", "--", "/*", ";", "\u2028", "\ufeff", "\ufffd",
	)
}

func text(v string) sql.Null[string] { return sql.Null[string]{V: v, Valid: true} }

// TestUnusualNames: every name that passes Row.Check comes back as it was sent, wherever it
// is and whatever it is asked for by, and is told from one that is absent.
func TestUnusualNames(t *testing.T) {
	ctx, s := migrated(t)
	end := time.Now().UTC().Truncate(time.Hour)
	names := unusual()
	var rows []event.Row
	for n, name := range names {
		r := event.Row{Name: catalog.EventInteractionCompleted.Name, Time: end.Add(-time.Minute), Bot: name, Region: name, Cluster: name, Version: name, ID: event.ID{0x40, byte(n)}}
		absent := r
		r.Type, r.Command, r.ErrorType, r.Locale, r.Shard = text("application_command"), text(name), text(name), text(name), text(name)
		absent.ID[2], absent.Type = 1, text("message_component")
		rows = append(rows, r, absent)
	}
	for n := range rows {
		if err := rows[n].Check(); err != nil {
			t.Fatalf("%q: %v", rows[n].Bot, err)
		}
	}
	s.add(ctx, t, rows)
	var bots []string
	all, err := s.Bots(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range all {
		bots = append(bots, b.Bot)
	}
	if slices.Sort(bots); !slices.Equal(bots, slices.Sorted(slices.Values(names))) {
		t.Errorf("bots %q\nwant %q", bots, names)
	}
	for _, name := range names {
		w := figures.Window{Bot: name, From: end.Add(-time.Hour), To: end}
		commands, err := s.Commands(ctx, w, &name)
		if err != nil || len(commands) != 2 {
			t.Errorf("%q: commands %+v, %v", name, commands, err)
			continue
		}
		slices.SortFunc(commands, func(a, b figures.CommandFigures) int { return strings.Compare(*a.Type, *b.Type) })
		if c := commands[0]; c.Command == nil || *c.Command != name || c.Runs != 1 || c.Failures != 1 {
			t.Errorf("%q: %+v", name, c)
		}
		if c := commands[1]; c.Command != nil || c.Runs != 1 || c.Failures != 0 {
			t.Errorf("%q, absent: %+v", name, c)
		}
		if steps, err := s.Trend(ctx, w, &name, &name, time.Hour); err != nil || len(steps) != 1 || steps[0].Runs != 1 {
			t.Errorf("%q: trend %+v, %v", name, steps, err)
		}
		parts, err := s.Breakdown(ctx, w, name)
		if err != nil || len(parts) != 3 {
			t.Errorf("%q: parts %+v, %v", name, parts, err)
		}
		for _, p := range parts {
			switch {
			case p.Dimension == figures.ByErrorType && p.ErrorType != nil && *p.ErrorType == name,
				p.Dimension == figures.ByCluster && p.Region == name && p.Cluster == name, p.Dimension == figures.ByVersion && p.Version == name:
			default:
				t.Errorf("%q: %+v", name, p)
			}
		}
		if changes, err := s.Release(ctx, w, name, name+"?"); err != nil || len(changes) != 2 || changes[0].Before.Runs != 1 || changes[0].After.Runs != 0 {
			t.Errorf("%q: release %+v, %v", name, changes, err)
		}
	}
}

// TestUnusualGuilds: ids of 64 bits come back, and are found and erased one by one.
func TestUnusualGuilds(t *testing.T) {
	ctx, s := migrated(t)
	end := time.Now().UTC().Truncate(time.Hour)
	ids := []uint64{1, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64 - 1, math.MaxUint64}
	rows := []event.Row{{ID: event.ID{0x41}}} // without a guild
	for n, id := range ids {
		rows = append(rows, event.Row{ID: event.ID{0x40, byte(n)}, GuildID: sql.Null[uint64]{V: id, Valid: true}})
	}
	for n := range rows {
		rows[n].Name, rows[n].Time, rows[n].Bot = catalog.EventGuildUnavailable.Name, end.Add(-time.Minute), "music"
	}
	s.add(ctx, t, rows)
	w := figures.Window{Bot: "music", From: end.Add(-time.Hour), To: end}
	hit := func() (list []uint64) {
		t.Helper()
		guilds, more, err := s.GuildsHit(ctx, w, 10)
		if err != nil || more != 0 {
			t.Fatalf("%v, %d more, %v", guilds, more, err)
		}
		for _, g := range guilds {
			list = append(list, g.Guild)
		}
		slices.Sort(list)
		return list
	}
	if got := hit(); !slices.Equal(got, ids) {
		t.Errorf("%d; want %d", got, ids)
	}
	for n, id := range slices.Backward(ids) {
		if steps, err := s.GuildTrend(ctx, w, id, time.Hour); err != nil || len(steps) != 1 || steps[0].Outages != 1 {
			t.Errorf("%d: %+v, %v", id, steps, err)
		}
		if events, err := s.EraseGuild(ctx, id); err != nil || events != 1 {
			t.Errorf("%d: %d events erased, %v", id, events, err)
		}
		if got := hit(); !slices.Equal(got, ids[:n]) {
			t.Errorf("after %d was erased: %d; want %d", id, got, ids[:n])
		}
	}
}
