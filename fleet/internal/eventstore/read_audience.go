package eventstore

import (
	"cmp"
	"context"
	"slices"

	"github.com/argus-dgo/argus/analytics/figures"
)

// Audience implements figures.Reader.
func (s *Store) Audience(ctx context.Context, w figures.Window) ([]figures.AudienceFigures, error) {
	list := []figures.AudienceFigures{}
	type key struct {
		dimension                     string
		locale, context, installation int64
	}
	type row struct {
		key
		figures.Tally
	}
	sums := map[key]figures.Tally{}
	err := s.ask(ctx, figures.Audience, w.Bot, func(a *asking) error {
		return over(ctx, a, spans(w), "audience", func(r *row) []any {
			return append([]any{&r.locale, &r.context, &r.installation}, into(&r.Tally)...)
		}, func(r row) error {
			for _, k := range []key{
				{dimension: figures.ByLocale, locale: r.locale},
				{dimension: figures.ByContext, context: r.context},
				{dimension: figures.ByInstallation, installation: r.installation},
				{dimension: figures.ByPlace, context: r.context, installation: r.installation},
			} {
				sums[k] = plus(sums[k], r.Tally)
			}
			return nil
		})
	})
	for k, tally := range sums {
		list = append(list, figures.AudienceFigures{
			Dimension: k.dimension, Locale: s.texts.optional(k.locale), Context: s.texts.optional(k.context), Installation: s.texts.optional(k.installation), Tally: tally,
		})
	}
	slices.SortFunc(list, func(a, b figures.AudienceFigures) int {
		return cmp.Or(cmp.Compare(a.Dimension, b.Dimension), cmp.Compare(b.Runs, a.Runs),
			compare(a.Locale, b.Locale), compare(a.Context, b.Context), compare(a.Installation, b.Installation))
	})
	return list, err
}

// Sizes implements figures.Reader.
func (s *Store) Sizes(ctx context.Context, w figures.Window) ([]figures.SizeFigures, error) {
	list := []figures.SizeFigures{}
	type row struct {
		size int64
		figures.SizeFigures
	}
	err := s.ask(ctx, figures.Sizes, w.Bot, func(a *asking) error {
		return each(ctx, a, "sizes", func(r *row) []any { return append([]any{&r.size, &r.Guilds}, into(&r.Tally)...) }, func(r row) error {
			r.Size = s.texts.optional(r.size)
			list = append(list, r.SizeFigures)
			return nil
		}, between(wholeDays(w))...)
	})
	slices.SortFunc(list, func(a, b figures.SizeFigures) int {
		return cmp.Or(cmp.Compare(b.Guilds, a.Guilds), compare(a.Size, b.Size))
	})
	return list, err
}
