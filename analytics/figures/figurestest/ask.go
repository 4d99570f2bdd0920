package figurestest

import (
	"context"
	"time"

	"github.com/argus-dgo/argus/analytics/figures"
)

// Ask returns, for each question about a bot, a function that asks it about a window.
func Ask(ctx context.Context, r figures.Reader, w figures.Window) map[figures.Question]func() (any, error) {
	return map[figures.Question]func() (any, error){
		figures.Commands:   func() (any, error) { return r.Commands(ctx, w, nil) },
		figures.Trend:      func() (any, error) { return r.Trend(ctx, w, nil, nil, time.Hour) },
		figures.Breakdown:  func() (any, error) { return r.Breakdown(ctx, w, "command 7") },
		figures.Versions:   func() (any, error) { return r.Versions(ctx, w) },
		figures.Release:    func() (any, error) { return r.Release(ctx, w, "v1", "v2") },
		figures.GuildsHit:  func() (any, error) { hits, _, err := r.GuildsHit(ctx, w, 10); return hits, err },
		figures.Growth:     func() (any, error) { return r.Growth(ctx, w) },
		figures.Sizes:      func() (any, error) { return r.Sizes(ctx, w) },
		figures.Audience:   func() (any, error) { return r.Audience(ctx, w) },
		figures.Users:      func() (any, error) { return r.Users(ctx, w) },
		figures.Guild:      func() (any, error) { return r.Guild(ctx, w, GuildBase) },
		figures.GuildTrend: func() (any, error) { return r.GuildTrend(ctx, w, GuildBase, time.Hour) },
		figures.Ingest:     func() (any, error) { return r.Ingest(ctx, w) },
	}
}
