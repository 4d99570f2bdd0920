package eventstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/fleet/internal/sketch"
)

//go:embed sql/queries
var files embed.FS

// The files of the queries that answer each question.
var queries = map[figures.Question][]string{
	figures.Bots:       {"bots"},
	figures.Commands:   {"commands", "commands_before"},
	figures.Trend:      {"trend", "trend_command"},
	figures.Breakdown:  {"command_errors", "command_clusters", "command_versions"},
	figures.Versions:   {"versions"},
	figures.Release:    {"release"},
	figures.GuildsHit:  {"guilds_hit", "guilds_hit_runs", "guilds_hit_size"},
	figures.Growth:     {"growth"},
	figures.Sizes:      {"sizes"},
	figures.Audience:   {"audience"},
	figures.Users:      {"users"},
	figures.Guild:      {"guild"},
	figures.GuildTrend: {"guild_trend", "guild_days"},
	figures.Ingest:     {"ingest"},
}

// texts of the queries, by their files.
var texting = func() map[string]string {
	all := map[string]string{}
	for _, names := range queries {
		for _, name := range names {
			text, err := files.ReadFile("sql/queries/" + name + ".sql")
			if err == nil { // a test asks each question
				all[name] = strings.TrimSpace(string(text))
			}
		}
	}
	return all
}()

// Text implements figures.Reader. Columns with texts have their ids in the table texts.
func (s *Store) Text(q figures.Question) string {
	parts := make([]string, 0, len(queries[q]))
	for _, name := range queries[q] {
		parts = append(parts, texting[name]+";")
	}
	return strings.Join(parts, "\n\n")
}

// An asking is the answering of one question, in a transaction that sees one state.
type asking struct {
	s  *Store
	tx *sql.Tx
	// bot is the id of the window's bot. There are no events without one.
	bot int64
}

// ask runs a function that answers a question of a bot. It is not run if there are no
// events of the bot.
func (s *Store) ask(ctx context.Context, q figures.Question, bot string, do func(*asking) error) (err error) {
	id, there := s.texts.find(ofBot, bot)
	if !there {
		return nil
	}
	return s.look(ctx, q, func(a *asking) error {
		a.bot = id
		return do(a)
	})
}

func (s *Store) look(ctx context.Context, q figures.Question, do func(*asking) error) (err error) {
	tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err == nil {
		err = errors.Join(do(&asking{s: s, tx: tx}), tx.Rollback())
	}
	if err != nil {
		return fmt.Errorf("the store of events cannot answer the question %s: %w", q, err)
	}
	return nil
}

// rows runs a query by the name of its file.
func (a *asking) rows(ctx context.Context, name string, args ...any) (*sql.Rows, error) {
	return a.tx.QueryContext(ctx, texting[name], append(args, sql.Named("bot", a.bot))...) //nolint:rowserrcheck // scan does
}

// each runs a query, and a function for each of its rows.
func each[T any](ctx context.Context, a *asking, name string, into func(*T) []any, do func(T) error, args ...any) error {
	rows, err := a.rows(ctx, name, args...)
	if err != nil {
		return err
	}
	return forEach(rows, into, do)
}

func forEach[T any](rows *sql.Rows, into func(*T) []any, do func(T) error) (err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var one T
		if err := rows.Scan(into(&one)...); err != nil {
			return err
		}
		if err := do(one); err != nil {
			return err
		}
	}
	return rows.Err()
}

// A span is a part of a window that rows of one unit have.
type span struct{ unit, from, to int64 }

// spans divides a window into whole days and the hours before and after them.
func spans(w figures.Window) (list []span) {
	w = w.Hours()
	from, to := w.From.Unix(), w.To.Unix()
	first, last := -floor(-from, oneDay), floor(to, oneDay)
	if first >= last {
		return []span{{hour, from, to}}
	}
	for _, s := range []span{{hour, from, first}, {oneDay, first, last}, {hour, last, to}} {
		if s.from < s.to {
			list = append(list, s)
		}
	}
	return list
}

// over runs a query for each span.
func over[T any](ctx context.Context, a *asking, list []span, name string, into func(*T) []any, do func(T) error, args ...any) error {
	for _, s := range list {
		if err := each(ctx, a, name, into, do, append(slices.Clip(args), sql.Named("unit", s.unit), sql.Named("from", s.from), sql.Named("to", s.to))...); err != nil {
			return err
		}
	}
	return nil
}

// wholeDays returns the window that has all days that a window touches.
func wholeDays(w figures.Window) figures.Window {
	w.From, w.To = second(floor(w.From.Unix(), oneDay)), second(-floor(-w.Hours().To.Unix(), oneDay))
	return w
}

func between(w figures.Window) []any {
	return []any{sql.Named("from", w.From.Unix()), sql.Named("to", w.To.Unix())}
}

// version is the parameter of a version, or of all. There are no events of one that has no
// id.
func (a *asking) version(name *string) (arg any, there bool) {
	if name == nil {
		return sql.Named("version", nil), true
	}
	id, there := a.s.texts.find(ofVersion, *name)
	return sql.Named("version", id), there
}

// A collected is interactions of several rows.
type collected struct {
	figures.Tally
	durations sketch.Sketch
}

func (c *collected) add(t figures.Tally, durations []byte) error {
	c.Tally = plus(c.Tally, t)
	return c.durations.Merge(durations)
}

func plus(a, b figures.Tally) figures.Tally {
	return figures.Tally{Runs: a.Runs + b.Runs, Failures: a.Failures + b.Failures, InTime: a.InTime + b.InTime, Missed: a.Missed + b.Missed}
}

func (c *collected) quantiles() (q figures.Quantiles) {
	if v, known := c.durations.Quantile(0.5); known {
		q.P50 = &v
	}
	if v, known := c.durations.Quantile(0.95); known {
		q.P95 = &v
	}
	return q
}

func into(t *figures.Tally) []any { return []any{&t.Runs, &t.Failures, &t.InTime, &t.Missed} }

// Bots implements figures.Reader.
func (s *Store) Bots(ctx context.Context) ([]figures.BotSpan, error) {
	list := []figures.BotSpan{}
	type row struct{ bot, first, last, guild int64 }
	lately := s.cfg.Now().Add(-90 * 24 * time.Hour).Unix()
	err := s.look(ctx, figures.Bots, func(a *asking) error {
		return each(ctx, a, "bots", func(r *row) []any { return []any{&r.bot, &r.first, &r.last, &r.guild} }, func(r row) error {
			list = append(list, figures.BotSpan{Bot: s.texts.name(r.bot), First: second(r.first), Last: second(r.last), GuildIDs: r.guild > lately})
			return nil
		})
	})
	slices.SortFunc(list, func(a, b figures.BotSpan) int { return strings.Compare(a.Bot, b.Bot) })
	return list, err
}

// Growth implements figures.Reader.
func (s *Store) Growth(ctx context.Context, w figures.Window) ([]figures.Day, error) {
	list := []figures.Day{}
	type row struct {
		start int64
		figures.Day
	}
	err := s.ask(ctx, figures.Growth, w.Bot, func(a *asking) error {
		return each(ctx, a, "growth", func(r *row) []any { return []any{&r.start, &r.Joins, &r.Leaves, &r.Interactions, &r.ActiveGuilds} }, func(r row) error {
			r.Day.Day = second(r.start)
			list = append(list, r.Day)
			return nil
		}, between(wholeDays(w))...)
	})
	return list, err
}

// Users implements figures.Reader.
func (s *Store) Users(ctx context.Context, w figures.Window) ([]figures.UserDay, error) {
	list := []figures.UserDay{}
	type row struct {
		start int64
		users *uint64
	}
	err := s.ask(ctx, figures.Users, w.Bot, func(a *asking) error {
		return each(ctx, a, "users", func(r *row) []any { return []any{&r.start, &r.users} }, func(r row) error {
			list = append(list, figures.UserDay{Day: second(r.start), Users: r.users})
			return nil
		}, between(wholeDays(w))...)
	})
	return list, err
}

// Ingest implements figures.Reader.
func (s *Store) Ingest(ctx context.Context, w figures.Window) ([]figures.IngestFigures, error) {
	list := []figures.IngestFigures{}
	type row struct {
		region, cluster int64
		figures.IngestFigures
	}
	err := s.ask(ctx, figures.Ingest, w.Bot, func(a *asking) error {
		return each(ctx, a, "ingest", func(r *row) []any { return []any{&r.region, &r.cluster, &r.Result, &r.Reason, &r.Events} }, func(r row) error {
			r.Region, r.Cluster = s.texts.name(r.region), s.texts.name(r.cluster)
			list = append(list, r.IngestFigures)
			return nil
		}, between(w.Hours())...)
	})
	slices.SortFunc(list, func(a, b figures.IngestFigures) int {
		return slices.Compare([]string{a.Region, a.Cluster, a.Result, a.Reason}, []string{b.Region, b.Cluster, b.Result, b.Reason})
	})
	return list, err
}

// sorted returns the keys of a map in an order.
func sorted[K comparable, V any](of map[K]V, order func(a, b K) int) []K {
	return slices.SortedFunc(maps.Keys(of), order)
}

// compare orders texts; an absent one is last.
func compare(a, b *string) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return strings.Compare(*a, *b)
}
