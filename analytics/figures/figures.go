package figures

import (
	"context"
	"time"
)

// A Window is of one bot, from a time (inclusive) to another (exclusive). Both are whole
// hours where an answer is made of hourly sums: see [Window.Hours].
type Window struct {
	Bot      string // empty: events without the attribute bot
	From, To time.Time
}

// Hours returns the window that has all hours that this one touches.
func (w Window) Hours() Window {
	w.From = w.From.UTC().Truncate(time.Hour)
	if to := w.To.UTC().Truncate(time.Hour); to.Before(w.To) {
		w.To = to.Add(time.Hour)
	} else {
		w.To = to
	}
	return w
}

// Before returns the window of the same length before this one.
func (w Window) Before() Window {
	return Window{w.Bot, w.From.Add(w.From.Sub(w.To)), w.From}
}

// A Question is what a [Reader] answers, for documents and for [Reader.Text].
type Question string

// The questions.
const (
	Bots       Question = "bots"
	Commands   Question = "commands"
	Trend      Question = "trend"
	Breakdown  Question = "command"
	Versions   Question = "versions"
	Release    Question = "release"
	GuildsHit  Question = "guilds_hit"
	Growth     Question = "growth"
	Sizes      Question = "sizes"
	Audience   Question = "audience"
	Users      Question = "users"
	Guild      Question = "guild"
	GuildTrend Question = "guild_trend"
	Ingest     Question = "ingest"
)

// A Reader answers questions. Its methods are safe for concurrent use. Slices are empty
// where there is nothing to tell.
type Reader interface {
	// Bots returns the bots that have interactions or events of guilds, by name.
	Bots(ctx context.Context) ([]BotSpan, error)
	// Commands returns the commands and the other types of interactions in a window of
	// whole hours, the most frequent first. Without a version it has those of all.
	Commands(ctx context.Context, w Window, version *string) ([]CommandFigures, error)
	// Trend returns a window of whole hours in steps, which are whole hours. Without a
	// command it is about all interactions. Steps without interactions are left out. They
	// are counted from 1970, so the first may begin before the window.
	Trend(ctx context.Context, w Window, command, version *string, step time.Duration) ([]Step, error)
	// Breakdown returns the runs of a command in a window of whole hours by error type, by
	// cluster and by version.
	Breakdown(ctx context.Context, w Window, command string) ([]Part, error)
	// Versions returns the versions that ran in a window of whole hours, by their first hour.
	Versions(ctx context.Context, w Window) ([]VersionSpan, error)
	// Release compares two versions in a window of whole hours, command by command.
	Release(ctx context.Context, w Window, before, after string) ([]Change, error)
	// GuildsHit returns the guilds that a window hit, to the millisecond, the worst first:
	// those with interactions that failed or were not answered in time, and those that
	// became unavailable. The second result is how many there are beyond the limit.
	GuildsHit(ctx context.Context, w Window, limit int) ([]GuildHit, int, error)
	// Growth returns a window of whole days, day by day. Days without events are left out.
	Growth(ctx context.Context, w Window) ([]Day, error)
	// Sizes returns the active guilds of a window of whole days by their number of members,
	// the last that an interaction in the window tells. Guilds without an id do not count.
	Sizes(ctx context.Context, w Window) ([]SizeFigures, error)
	// Audience returns the interactions of a window of whole hours by language, by place
	// and by installation.
	Audience(ctx context.Context, w Window) ([]AudienceFigures, error)
	// Users returns the number of users on each day of a window of whole days. Days cannot
	// be added up.
	Users(ctx context.Context, w Window) ([]UserDay, error)
	// Guild returns the commands of one guild in a window, to the millisecond.
	Guild(ctx context.Context, w Window, guild uint64) ([]CommandFigures, error)
	// GuildTrend returns one guild in a window of whole hours, in steps of whole hours.
	GuildTrend(ctx context.Context, w Window, guild uint64, step time.Duration) ([]GuildStep, error)
	// Ingest returns what arrived in a window of whole hours, and what was dropped and why.
	Ingest(ctx context.Context, w Window) ([]IngestFigures, error)

	// Text returns the query, or queries, that answer a question, to be shown.
	Text(q Question) string
}

// Tally is what is counted of interactions. An interaction whose outcome is unknown, or
// that another process answered, is in Runs alone.
type Tally struct {
	Runs     uint64 `json:"runs" ch:"runs"`
	Failures uint64 `json:"failures" ch:"failures"`       // with an error type
	InTime   uint64 `json:"in_time" ch:"in_time"`         // acknowledged within 3 s
	Missed   uint64 `json:"not_in_time" ch:"not_in_time"` // late, rejected or missed
}

// Quantiles are durations of handlers in seconds. They are absent without a wrapped
// handler, and at most 1 % off unless an answer says otherwise.
type Quantiles struct {
	P50 *float64 `json:"p50" ch:"p50"`
	P95 *float64 `json:"p95" ch:"p95"`
}

// A BotSpan is a bot and the time that there are events of. Events whose clock was wrong,
// which are late or early in [IngestFigures], do not count for it.
type BotSpan struct {
	Bot   string    `json:"bot" ch:"bot"`
	First time.Time `json:"first" ch:"first"` // of the first hour
	Last  time.Time `json:"last" ch:"last"`   // of the last hour
	// GuildIDs says whether any event of the last 90 days has the id of a guild.
	GuildIDs bool `json:"guild_ids" ch:"guild_ids"`
}

// CommandFigures are those of a command, or of the interactions of a type without one.
type CommandFigures struct {
	Type    *string `json:"type" ch:"interaction_type"`
	Command *string `json:"command" ch:"command"`
	Tally
	Quantiles
	// RunsBefore are those in the window before. It is absent in the answer about a guild.
	RunsBefore *uint64 `json:"runs_before,omitempty" ch:"runs_before"`
}

// A Step is a part of a window. Quantiles are those of the step.
type Step struct {
	Start time.Time `json:"start" ch:"start"`
	Tally
	Quantiles
}

// The dimensions of a [Part] and of [AudienceFigures].
const (
	ByErrorType    = "error_type"
	ByCluster      = "cluster"
	ByVersion      = "version"
	ByLocale       = "locale"
	ByContext      = "context"
	ByInstallation = "installation"
	ByPlace        = "place" // context and installation
)

// A Part is the runs of a command that have a value in one dimension.
type Part struct {
	Dimension string  `json:"dimension" ch:"dimension"`
	ErrorType *string `json:"error_type,omitempty" ch:"error_type"` // nil: no error
	Region    string  `json:"region,omitempty" ch:"region"`
	Cluster   string  `json:"cluster,omitempty" ch:"cluster"`
	Version   string  `json:"version,omitempty" ch:"version"`
	Tally
}

// A VersionSpan is a version of the bot and the hours in which it ran.
type VersionSpan struct {
	Version string    `json:"version" ch:"version"`
	First   time.Time `json:"first" ch:"first"`
	Last    time.Time `json:"last" ch:"last"`
	Tally
}

// A Change is a command before and after. A version that did not run it has no runs.
type Change struct {
	Type    *string `json:"type"`
	Command *string `json:"command"`
	Before  OneSide `json:"before"`
	After   OneSide `json:"after"`
}

// OneSide is one of the versions of a [Change].
type OneSide struct {
	Tally
	Quantiles
}

// A GuildHit is a guild and what happened to it.
type GuildHit struct {
	Guild uint64 `json:"guild,string" ch:"guild_id"`
	Tally
	Outages uint64     `json:"outages" ch:"outages"` // times that Discord made it unavailable
	Size    *string    `json:"size" ch:"size"`       // the last that is known in the window
	Last    *time.Time `json:"last" ch:"last"`       // of what happened to it
}

// A Day is one in UTC.
type Day struct {
	Day          time.Time `json:"day" ch:"day"`
	Joins        uint64    `json:"joins" ch:"joins"`
	Leaves       uint64    `json:"leaves" ch:"leaves"`
	Interactions uint64    `json:"interactions" ch:"interactions"`
	// ActiveGuilds are those with an interaction. It is absent where no event has an id.
	ActiveGuilds *uint64 `json:"active_guilds" ch:"active_guilds"`
}

// SizeFigures are those of the active guilds of a size, by the last size that is known.
type SizeFigures struct {
	Size   *string `json:"size" ch:"size"` // nil: unknown
	Guilds uint64  `json:"guilds" ch:"guilds"`
	Tally
}

// AudienceFigures are the interactions that have a value in one dimension.
type AudienceFigures struct {
	Dimension    string  `json:"dimension" ch:"dimension"`
	Locale       *string `json:"locale,omitempty" ch:"locale"`
	Context      *string `json:"context,omitempty" ch:"context"`
	Installation *string `json:"installation,omitempty" ch:"installation"`
	Tally
}

// A UserDay is the number of users on a day. It is absent where no event has a pseudonym.
type UserDay struct {
	Day   time.Time `json:"day" ch:"day"`
	Users *uint64   `json:"users" ch:"users"`
}

// A GuildStep is a part of a window of one guild.
type GuildStep struct {
	Start time.Time `json:"start" ch:"start"`
	Tally
	Joins   uint64 `json:"joins" ch:"joins"`
	Leaves  uint64 `json:"leaves" ch:"leaves"`
	Outages uint64 `json:"outages" ch:"outages"`
}

// IngestFigures are the events of a cluster that were taken, or dropped for a reason.
type IngestFigures struct {
	Region  string `json:"region" ch:"region"`
	Cluster string `json:"cluster" ch:"cluster"`
	Result  string `json:"result" ch:"result"` // taken, dropped
	Reason  string `json:"reason" ch:"reason"` // on_time, late, early; why they were dropped
	Events  uint64 `json:"events" ch:"events"`
}
