package eventdocs

import (
	"context"
	"net/url"
	"time"

	"github.com/argus-dgo/argus/analytics/figures"
)

// The usual lengths of windows.
const (
	usual       = day
	usualGrowth = 30 * day
	usualReview = 7 * day
)

// Bots are those that have events.
type Bots struct {
	Head
	Bots []figures.BotSpan `json:"bots"`
}

// Commands are those of a bot in a window, and in the window of the same length before.
type Commands struct {
	Head
	Window      Window                   `json:"window"`
	StepSeconds int                      `json:"step_seconds"`
	Commands    []figures.CommandFigures `json:"commands"`
	Before      []figures.CommandFigures `json:"commands_before"`
	Trend       []figures.Step           `json:"trend"`
}

// Command is one of them.
type Command struct {
	Head
	Window      Window         `json:"window"`
	StepSeconds int            `json:"step_seconds"`
	Parts       []figures.Part `json:"parts"`
	Trend       []figures.Step `json:"trend"`
}

// Versions are those of a bot that ran.
type Versions struct {
	Head
	Window   Window                `json:"window"`
	Versions []figures.VersionSpan `json:"versions"`
}

// Release compares two versions. Both are absent where fewer than two ran and none was
// asked for.
type Release struct {
	Head
	Window   Window                `json:"window"`
	Before   *string               `json:"before"`
	After    *string               `json:"after"`
	Versions []figures.VersionSpan `json:"versions"`
	Changes  []figures.Change      `json:"changes"`
}

// GuildsHit are the worst, and how many more there are.
type GuildsHit struct {
	Head
	Window  Window             `json:"window"`
	Guilds  []figures.GuildHit `json:"guilds"`
	LeftOut int                `json:"left_out"`
}

// Growth is about whole days.
type Growth struct {
	Head
	Window   Window                    `json:"window"`
	Days     []figures.Day             `json:"days"`
	Sizes    []figures.SizeFigures     `json:"sizes"`
	Audience []figures.AudienceFigures `json:"audience"`
	Users    []figures.UserDay         `json:"users"`
}

// Guild is one guild. The document does not have its id: whoever asks knows it.
type Guild struct {
	Head
	Window      Window                   `json:"window"`
	Hours       Window                   `json:"trend_window"`
	StepSeconds int                      `json:"step_seconds"`
	Commands    []figures.CommandFigures `json:"commands"`
	Trend       []figures.GuildStep      `json:"trend"`
}

// Ingest is what became of the events.
type Ingest struct {
	Head
	Window                 Window                  `json:"window"`
	Store                  string                  `json:"store"`
	RetentionSeconds       int                     `json:"retention_seconds"`
	HourlyRetentionSeconds int                     `json:"hourly_retention_seconds"`
	Ingest                 []figures.IngestFigures `json:"ingest"`
}

// Bots makes the document. It has no parameters.
func (s Source) Bots(ctx context.Context, _ url.Values, now time.Time) (Document, error) {
	bots, err := s.Reader.Bots(ctx)
	if err != nil {
		return nil, err
	}
	return &Bots{s.head(now, figures.Bots), bots}, nil
}

// Commands makes the document of bot, from, to and version.
func (s Source) Commands(ctx context.Context, q url.Values, now time.Time) (Document, error) {
	p := parameters{q: q, now: now}
	w, version := p.window(usual).Hours(), p.text("version")
	if err := p.err(); err != nil {
		return nil, err
	}
	step := stepOf(w.To.Sub(w.From))
	d := &Commands{Head: s.head(now, figures.Commands, figures.Trend), Window: windowOf(w), StepSeconds: seconds(step)}
	var err error
	if d.Commands, err = s.Reader.Commands(ctx, w, version); err != nil {
		return nil, err
	}
	if d.Before, err = s.Reader.Commands(ctx, w.Before(), version); err != nil {
		return nil, err
	}
	if d.Trend, err = s.Reader.Trend(ctx, w, nil, version, step); err != nil {
		return nil, err
	}
	return d, nil
}

// Command makes the document of bot, from, to and command, whose trend may be of one
// version.
func (s Source) Command(ctx context.Context, q url.Values, now time.Time) (Document, error) {
	p := parameters{q: q, now: now}
	w, command, version := p.window(usual).Hours(), p.needed("command"), p.text("version")
	if err := p.err(); err != nil {
		return nil, err
	}
	step := stepOf(w.To.Sub(w.From))
	d := &Command{Head: s.head(now, figures.Breakdown, figures.Trend), Window: windowOf(w), StepSeconds: seconds(step)}
	var err error
	if d.Parts, err = s.Reader.Breakdown(ctx, w, command); err != nil {
		return nil, err
	}
	if d.Trend, err = s.Reader.Trend(ctx, w, &command, version, step); err != nil {
		return nil, err
	}
	return d, nil
}

// Versions makes the document of bot, from and to.
func (s Source) Versions(ctx context.Context, q url.Values, now time.Time) (Document, error) {
	p := parameters{q: q, now: now}
	w := p.window(usualReview).Hours()
	if err := p.err(); err != nil {
		return nil, err
	}
	versions, err := s.Reader.Versions(ctx, w)
	if err != nil {
		return nil, err
	}
	return &Versions{s.head(now, figures.Versions), windowOf(w), versions}, nil
}

// Release makes the document of bot, from, to, before and after. Those that are not given
// are the newest version and the one before it.
func (s Source) Release(ctx context.Context, q url.Values, now time.Time) (Document, error) {
	p := parameters{q: q, now: now}
	w := p.window(usualReview).Hours()
	d := &Release{
		Head: s.head(now, figures.Versions, figures.Release), Window: windowOf(w), Before: p.text("before"), After: p.text("after"),
		Changes: []figures.Change{},
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	var err error
	if d.Versions, err = s.Reader.Versions(ctx, w); err != nil {
		return nil, err
	}
	d.choose()
	if d.Before == nil || d.After == nil {
		return d, nil
	}
	if d.Changes, err = s.Reader.Release(ctx, w, *d.Before, *d.After); err != nil {
		return nil, err
	}
	return d, nil
}

// choose sets the versions that were not asked for. Versions are in the order of their
// first hours.
func (d *Release) choose() {
	if d.After == nil && len(d.Versions) > 0 {
		d.After = &d.Versions[len(d.Versions)-1].Version
	}
	if d.Before != nil || d.After == nil {
		return
	}
	for i := range d.Versions {
		if d.Versions[i].Version == *d.After {
			return
		}
		d.Before = &d.Versions[i].Version
	}
	d.Before = nil // the other one did not run
}

// GuildsHit makes the document of bot, from, to and limit.
func (s Source) GuildsHit(ctx context.Context, q url.Values, now time.Time) (Document, error) {
	p := parameters{q: q, now: now}
	w, limit := p.window(time.Hour), p.limit()
	if err := p.err(); err != nil {
		return nil, err
	}
	guilds, more, err := s.Reader.GuildsHit(ctx, w, limit)
	if err != nil {
		return nil, err
	}
	return &GuildsHit{s.head(now, figures.GuildsHit), windowOf(w), guilds, more}, nil
}

// Growth makes the document of bot, from and to.
func (s Source) Growth(ctx context.Context, q url.Values, now time.Time) (Document, error) {
	p := parameters{q: q, now: now}
	w := days(p.window(usualGrowth))
	if err := p.err(); err != nil {
		return nil, err
	}
	d := &Growth{Head: s.head(now, figures.Growth, figures.Sizes, figures.Audience, figures.Users), Window: windowOf(w)}
	var err error
	if d.Days, err = s.Reader.Growth(ctx, w); err != nil {
		return nil, err
	}
	if d.Sizes, err = s.Reader.Sizes(ctx, w); err != nil {
		return nil, err
	}
	if d.Audience, err = s.Reader.Audience(ctx, w); err != nil {
		return nil, err
	}
	if d.Users, err = s.Reader.Users(ctx, w); err != nil {
		return nil, err
	}
	return d, nil
}

// Guild makes the document of bot, from, to and guild.
func (s Source) Guild(ctx context.Context, q url.Values, now time.Time) (Document, error) {
	p := parameters{q: q, now: now}
	w, guild := p.window(usual), p.guild()
	if err := p.err(); err != nil {
		return nil, err
	}
	hours := w.Hours()
	step := stepOf(hours.To.Sub(hours.From))
	d := &Guild{Head: s.head(now, figures.Guild, figures.GuildTrend), Window: windowOf(w), Hours: windowOf(hours), StepSeconds: seconds(step)}
	var err error
	if d.Commands, err = s.Reader.Guild(ctx, w, guild); err != nil {
		return nil, err
	}
	if d.Trend, err = s.Reader.GuildTrend(ctx, hours, guild, step); err != nil {
		return nil, err
	}
	return d, nil
}

// Ingest makes the document of bot, from and to.
func (s Source) Ingest(ctx context.Context, q url.Values, now time.Time) (Document, error) {
	p := parameters{q: q, now: now}
	w := p.window(usual).Hours()
	if err := p.err(); err != nil {
		return nil, err
	}
	raw, hourly, err := s.Retention(ctx)
	if err != nil {
		return nil, err
	}
	d := &Ingest{
		Head: s.head(now, figures.Ingest), Window: windowOf(w), Store: s.Store,
		RetentionSeconds: seconds(raw), HourlyRetentionSeconds: seconds(hourly),
	}
	if d.Ingest, err = s.Reader.Ingest(ctx, w); err != nil {
		return nil, err
	}
	return d, nil
}

func seconds(d time.Duration) int { return int(d / time.Second) }
