package figurestest

import (
	"maps"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/analytics/figures"
)

func audience(t *testing.T, s *scene) {
	type key struct {
		dimension     string
		first, second label
	}
	want := map[key]*group{}
	for _, of := range []func(event.Row) key{
		func(r event.Row) key { return key{figures.ByLocale, labelOf(r.Locale), label{}} },
		func(r event.Row) key { return key{figures.ByContext, labelOf(r.Context), label{}} },
		func(r event.Row) key { return key{figures.ByInstallation, labelOf(r.Installation), label{}} },
		func(r event.Row) key { return key{figures.ByPlace, labelOf(r.Context), labelOf(r.Installation)} },
	} {
		maps.Copy(want, groups(s.rows, s.hours, interactions(of)))
	}
	answers := must[[]figures.AudienceFigures](t)(s.reader.Audience(s.ctx, s.hours))
	pair(t, answers, func(a figures.AudienceFigures) key {
		switch a.Dimension {
		case figures.ByLocale:
			return key{a.Dimension, labelAt(a.Locale), label{}}
		case figures.ByContext:
			return key{a.Dimension, labelAt(a.Context), label{}}
		case figures.ByInstallation:
			return key{a.Dimension, labelAt(a.Installation), label{}}
		}
		return key{a.Dimension, labelAt(a.Context), labelAt(a.Installation)}
	}, want, func(a figures.AudienceFigures, g *group) bool { return a.Tally == g.Tally })
}

func users(t *testing.T, s *scene) {
	want := groups(s.rows, s.days, interactions(func(r event.Row) int64 { return start(r.Time, 24*time.Hour) }))
	answers := must[[]figures.UserDay](t)(s.reader.Users(s.ctx, s.days))
	pair(t, answers, func(a figures.UserDay) int64 { return a.Day.Unix() }, want, func(a figures.UserDay, g *group) bool {
		return a.Users != nil && *a.Users == uint64(len(g.users))
	})
}
