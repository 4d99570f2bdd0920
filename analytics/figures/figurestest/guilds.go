package figurestest

import (
	"slices"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/internal/catalog"
)

// one is a guild of the sample.
const one = uint64(GuildBase + 40)

func byGuild(r event.Row) (uint64, bool) {
	return r.GuildID.V, r.GuildID.Valid && (r.Name == catalog.EventInteractionCompleted.Name || r.Name == catalog.EventGuildUnavailable.Name)
}

// lastSizes returns the size that the last event of each guild has, among the events of a
// window that a name is accepted of.
func lastSizes(rows []event.Row, w figures.Window, accepted func(event.Row) bool) map[uint64]label {
	sizes, last := map[uint64]label{}, map[uint64]time.Time{}
	for _, r := range rows {
		if r.Bot == w.Bot && inside(w, r.Time) && accepted(r) && r.GuildSize.Valid && r.GuildID.Valid && r.Time.After(last[r.GuildID.V]) {
			sizes[r.GuildID.V], last[r.GuildID.V] = labelOf(r.GuildSize), r.Time
		}
	}
	return sizes
}

func guildsHit(t *testing.T, s *scene) {
	// An incident neither begins nor ends with an hour.
	incident := figures.Window{
		Bot:  s.bot,
		From: s.hours.From.Add(61*time.Minute + 7*time.Millisecond), To: s.hours.From.Add(93*time.Minute + 13*time.Millisecond),
	}
	want := groups(s.rows, incident, byGuild)
	for id, g := range want {
		if g.Failures+g.Missed+g.outages == 0 {
			delete(want, id)
		}
	}
	sizes := lastSizes(s.rows, incident, func(r event.Row) bool { _, is := byGuild(r); return is })
	answers, more, err := s.reader.GuildsHit(s.ctx, incident, guilds)
	if err != nil || more != 0 {
		t.Fatalf("%d more, %v", more, err)
	}
	pair(t, answers, func(a figures.GuildHit) uint64 { return a.Guild }, want, func(a figures.GuildHit, g *group) bool {
		return a.Tally == g.Tally && a.Outages == g.outages && labelAt(a.Size) == sizes[a.Guild] && a.Last != nil && a.Last.Equal(g.bad)
	})
	if !slices.IsSortedFunc(answers, func(a, b figures.GuildHit) int { return int(b.Failures+b.Missed) - int(a.Failures+a.Missed) }) { //nolint:gosec // small
		t.Error("the guilds are not sorted")
	}
	worst, more, err := s.reader.GuildsHit(s.ctx, incident, 3)
	if err != nil || more != len(want)-3 || len(worst) != 3 || worst[0].Guild != answers[0].Guild {
		t.Errorf("the worst 3 of %d are %+v and %d more, %v", len(want), worst, more, err)
	}
}

func growth(t *testing.T, s *scene) {
	want := groups(s.rows, s.days, func(r event.Row) (int64, bool) { return start(r.Time, 24*time.Hour), ofGuilds(r) })
	answers := must[[]figures.Day](t)(s.reader.Growth(s.ctx, s.days))
	pair(t, answers, func(a figures.Day) int64 { return a.Day.Unix() }, want, func(a figures.Day, g *group) bool {
		return a.Joins == g.joins && a.Leaves == g.leaves && a.Interactions == g.Runs &&
			a.ActiveGuilds != nil && *a.ActiveGuilds == uint64(len(g.guilds))
	})
}

func sizes(t *testing.T, s *scene) {
	completed := func(r event.Row) bool { return r.Name == catalog.EventInteractionCompleted.Name }
	last := lastSizes(s.rows, s.days, completed)
	want := groups(s.rows, s.days, func(r event.Row) (label, bool) {
		return last[r.GuildID.V], r.GuildID.Valid && completed(r)
	})
	answers := must[[]figures.SizeFigures](t)(s.reader.Sizes(s.ctx, s.days))
	pair(t, answers, func(a figures.SizeFigures) label { return labelAt(a.Size) }, want, func(a figures.SizeFigures, g *group) bool {
		return a.Tally == g.Tally && a.Guilds == uint64(len(g.guilds))
	})
}

func guild(t *testing.T, s *scene) {
	window := s.hours
	window.From = window.From.Add(17*time.Minute + 3*time.Millisecond)
	want := groups(s.rows, window, func(r event.Row) (commandKey, bool) {
		k, is := interactions(byCommand)(r)
		return k, is && r.GuildID.Valid && r.GuildID.V == one
	})
	answers := must[[]figures.CommandFigures](t)(s.reader.Guild(s.ctx, window, one))
	mostFrequentFirst(t, answers)
	pair(t, answers, func(a figures.CommandFigures) commandKey { return keyOf(a.Type, a.Command) }, want,
		func(a figures.CommandFigures, g *group) bool {
			return a.Tally == g.Tally && g.has(a.Quantiles, ofEvents) && a.RunsBefore == nil
		})
	if nobody := must[[]figures.CommandFigures](t)(s.reader.Guild(s.ctx, window, 7)); len(nobody) > 0 {
		t.Errorf("a guild without events: %+v", nobody)
	}
}

func guildTrend(t *testing.T, s *scene) {
	for _, step := range []time.Duration{time.Hour, 24 * time.Hour} {
		want := groups(s.rows, s.hours, func(r event.Row) (int64, bool) {
			return start(r.Time, step), r.GuildID.Valid && r.GuildID.V == one && ofGuilds(r)
		})
		answers := must[[]figures.GuildStep](t)(s.reader.GuildTrend(s.ctx, s.hours, one, step))
		if !slices.IsSortedFunc(answers, func(a, b figures.GuildStep) int { return a.Start.Compare(b.Start) }) {
			t.Error("the steps are not sorted")
		}
		pair(t, answers, func(a figures.GuildStep) int64 { return a.Start.Unix() }, want, func(a figures.GuildStep, g *group) bool {
			return a.Tally == g.Tally && a.Joins == g.joins && a.Leaves == g.leaves && a.Outages == g.outages
		})
	}
}
