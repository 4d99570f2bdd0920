package figurestest

import (
	"context"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/analytics/figures"
)

// checks has one for each question.
var checks = map[figures.Question]func(*testing.T, *scene){
	figures.Bots:       bots,
	figures.Commands:   commands,
	figures.Trend:      trend,
	figures.Breakdown:  breakdown,
	figures.Versions:   versions,
	figures.Release:    release,
	figures.GuildsHit:  guildsHit,
	figures.Growth:     growth,
	figures.Sizes:      sizes,
	figures.Audience:   audience,
	figures.Users:      users,
	figures.Guild:      guild,
	figures.GuildTrend: guildTrend,
	figures.Ingest:     ingest,
}

// A scene is a store and what was written to it.
type scene struct {
	ctx    context.Context
	reader figures.Reader
	bot    string
	rows   []event.Row
	hours  figures.Window // whole hours of one bot, with another such window before them
	days   figures.Window // whole days, which have all events that are on time
	taken  figures.Window // the hours in which the events were written
}

// Check compares the answers of a reader about a bot with those that follow from the rows
// of a sample, which were written just now. Without questions it asks them all.
//
// The sample spans at least 46 hours and at most 2 days, and ends with the present hour.
func Check(t *testing.T, reader figures.Reader, s Sample, rows []event.Row, bot string, questions ...figures.Question) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	now := time.Now().UTC().Truncate(time.Hour)
	end := s.End.UTC()
	sc := &scene{
		ctx: ctx, reader: reader, bot: bot, rows: rows,
		hours: figures.Window{Bot: bot, From: end.Add(-23 * time.Hour), To: end.Add(-time.Hour)},
		days:  figures.Window{Bot: bot, From: day(end.Add(-s.Span)), To: day(end).AddDate(0, 0, 1)},
		taken: figures.Window{Bot: bot, From: now.Add(-time.Hour), To: now.Add(2 * time.Hour)},
	}
	if len(questions) == 0 {
		questions = All()
	}
	for _, q := range questions {
		t.Run(string(q), func(t *testing.T) {
			checks[q](t, sc)
			if reader.Text(q) == "" {
				t.Errorf("%s has no text", q)
			}
		})
	}
}

// All returns all questions.
func All() []figures.Question {
	return []figures.Question{
		figures.Bots, figures.Commands, figures.Trend, figures.Breakdown, figures.Versions, figures.Release, figures.GuildsHit,
		figures.Growth, figures.Sizes, figures.Audience, figures.Users, figures.Guild, figures.GuildTrend, figures.Ingest,
	}
}

// day is the day of a time, in UTC.
func day(at time.Time) time.Time { return at.UTC().Truncate(24 * time.Hour) }

// pair brings each answer together with the group of its key. It reports keys that only
// one side has, and answers that are there twice.
func pair[K comparable, A any](t *testing.T, answers []A, key func(A) K, want map[K]*group, same func(A, *group) bool) {
	t.Helper()
	if len(want) == 0 {
		t.Error("nothing is compared")
	}
	seen := map[K]bool{}
	for _, a := range answers {
		k := key(a)
		g, is := want[k]
		switch {
		case seen[k]:
			t.Errorf("%v is there twice", k)
		case !is:
			t.Errorf("%v is not in the events: %+v", k, a)
		case !same(a, g):
			t.Errorf("%v: got %+v, want %+v", k, a, g.brief())
		}
		seen[k] = true
	}
	for k := range want {
		if !seen[k] {
			t.Errorf("%v is missing", k)
		}
	}
}

// brief is a group without its lists, to be printed.
func (g *group) brief() group {
	short := *g
	short.durations, short.guilds, short.users = nil, nil, nil
	return short
}

// must returns an answer, or ends the test.
func must[A any](t *testing.T) func(A, error) A {
	return func(answer A, err error) A {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
}
