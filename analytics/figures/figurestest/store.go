package figurestest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics/figures"
)

func bots(t *testing.T, s *scene) {
	answers := must[[]figures.BotSpan](t)(s.reader.Bots(s.ctx))
	n := slices.IndexFunc(answers, func(a figures.BotSpan) bool { return a.Bot == s.bot })
	if n < 0 {
		t.Fatalf("no %s in %+v", s.bot, answers)
	}
	if !slices.IsSortedFunc(answers, func(a, b figures.BotSpan) int { return strings.Compare(a.Bot, b.Bot) }) {
		t.Errorf("the bots are not sorted: %+v", answers)
	}
	first, last := s.days.To, s.days.From
	for _, r := range s.rows { // late and early ones are outside
		if r.Bot == s.bot && inside(s.days, r.Time) && ofGuilds(r) {
			if r.Time.Before(first) {
				first = r.Time
			}
			if r.Time.After(last) {
				last = r.Time
			}
		}
	}
	a := answers[n]
	if !a.First.Equal(first.Truncate(time.Hour)) || !a.Last.Equal(last.Truncate(time.Hour)) || !a.GuildIDs {
		t.Errorf("got %+v, want from %v to %v, with ids of guilds", a, first, last)
	}
}

// ingest counts by arrival.
func ingest(t *testing.T, s *scene) {
	type key struct{ region, cluster, result, reason string }
	want := map[key]*group{}
	for _, r := range s.rows {
		if r.Bot != s.bot {
			continue
		}
		reason := "on_time"
		switch {
		case r.Time.Before(s.days.From):
			reason = "late"
		case !r.Time.Before(s.days.To):
			reason = "early"
		}
		k := key{r.Region, r.Cluster, "taken", reason}
		if want[k] == nil {
			want[k] = &group{}
		}
		want[k].Runs++
	}
	var taken []figures.IngestFigures
	for _, a := range must[[]figures.IngestFigures](t)(s.reader.Ingest(s.ctx, s.taken)) {
		if a.Result == "taken" {
			taken = append(taken, a)
		}
	}
	pair(t, taken, func(a figures.IngestFigures) key { return key{a.Region, a.Cluster, a.Result, a.Reason} }, want,
		func(a figures.IngestFigures, g *group) bool { return a.Events == g.Runs })
}
