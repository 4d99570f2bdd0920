package eventstore

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/fleet/internal/sketch"
)

// sums are what a transaction adds to the tables of sums.
type sums struct {
	totals   map[totalKey]*measured
	commands map[commandKey]*measured
	errors   map[errorKey]*figures.Tally
	clusters map[clusterKey]*figures.Tally
	audience map[audienceKey]*figures.Tally
	daily    map[dayKey]*dailySum
	guilds   map[guildKey]*guildSum
	users    map[userKey]bool
	ingest   map[ingestKey]int64
	bots     map[int64]*botSum
	days     map[int64]*day
}

// A period is an hour or a day of a bot.
type period struct{ bot, unit, start int64 }

type (
	totalKey struct {
		period
		version int64
	}
	commandKey struct {
		period
		kind, command, version int64
	}
	errorKey struct {
		period
		command, errorType int64
	}
	clusterKey struct {
		period
		command, region, cluster int64
	}
	audienceKey struct {
		period
		locale, context, installation int64
	}
	dayKey   struct{ bot, start int64 }
	guildKey struct{ bot, start, guild int64 }
	userKey  struct {
		bot, start int64
		hash       string
	}
	ingestKey struct {
		bot, start, region, cluster int64
		result, reason              string
	}
)

// measured are interactions and the durations of their handlers.
type measured struct {
	figures.Tally
	durations sketch.Sketch
}

type dailySum struct{ joins, leaves, interactions, identified, active, users int64 }

type guildSum struct {
	figures.Tally
	joins, leaves, outages int64
	size, sized            int64
}

type botSum struct{ first, last, guild int64 }

func newSums() *sums {
	return &sums{
		map[totalKey]*measured{},
		map[commandKey]*measured{},
		map[errorKey]*figures.Tally{},
		map[clusterKey]*figures.Tally{},
		map[audienceKey]*figures.Tally{},
		map[dayKey]*dailySum{},
		map[guildKey]*guildSum{},
		map[userKey]bool{},
		map[ingestKey]int64{},
		map[int64]*botSum{},
		map[int64]*day{},
	}
}

// entry returns the value of a key, and makes it if there is none.
func entry[K comparable, V any](of map[K]*V, key K) *V {
	v, there := of[key]
	if !there {
		v = new(V)
		of[key] = v
	}
	return v
}

// The values of the columns result and reason of the table ingest. Those of what was
// dropped are of who dropped it.
const (
	taken   = "taken"
	dropped = "dropped"
	onTime  = "on_time"
	late    = "late"
	early   = "early"
)

// add counts an event that was inserted.
func (s *sums) add(r *record) {
	seconds := floor(r.at, 1000) / 1000
	own := floor(seconds, oneDay) / oneDay
	reason := onTime
	switch {
	case r.filed > own:
		reason = late
	case r.filed < own:
		reason = early
	}
	s.ingest[ingestKey{r.bot, floor(r.received.Unix(), hour), r.region, r.cluster, taken, reason}]++
	d, there := s.days[r.filed]
	if !there {
		d = &day{first: r.at, last: r.at}
		s.days[r.filed] = d
	}
	d.events, d.first, d.last = d.events+1, min(d.first, r.at), max(d.last, r.at)
	if r.flags == 0 {
		return
	}
	if reason == onTime {
		s.addBot(r, floor(seconds, hour))
	}
	s.addDay(r, floor(seconds, oneDay))
	if r.flags&isInteraction != 0 {
		for _, unit := range []int64{hour, oneDay} {
			s.addInteraction(r, period{r.bot, unit, floor(seconds, unit)})
		}
	}
}

func (s *sums) addBot(r *record, at int64) {
	b, there := s.bots[r.bot]
	if !there {
		b = &botSum{first: at, last: at}
		s.bots[r.bot] = b
	}
	b.first, b.last = min(b.first, at), max(b.last, at)
	if r.guild != 0 {
		b.guild = max(b.guild, at)
	}
}

func (s *sums) addDay(r *record, start int64) {
	d := entry(s.daily, dayKey{r.bot, start})
	d.joins += bit(r.flags, isJoin)
	d.leaves += bit(r.flags, isLeave)
	d.interactions += bit(r.flags, isInteraction)
	if r.row.UserHash.Valid && r.flags&isInteraction != 0 {
		s.users[userKey{r.bot, start, r.row.UserHash.V}] = true
	}
	if r.guild == 0 {
		return
	}
	d.identified = 1
	g := entry(s.guilds, guildKey{r.bot, start, r.guild})
	count(&g.Tally, r.flags)
	g.joins += bit(r.flags, isJoin)
	g.leaves += bit(r.flags, isLeave)
	g.outages += bit(r.flags, isOutage)
	if r.size != 0 && r.flags&isInteraction != 0 && r.at >= g.sized {
		g.size, g.sized = r.size, r.at
	}
}

func (s *sums) addInteraction(r *record, p period) {
	for _, m := range []*measured{
		entry(s.totals, totalKey{p, r.version}),
		entry(s.commands, commandKey{p, r.kind, r.command, r.version}),
	} {
		count(&m.Tally, r.flags)
		if r.row.HandlerDuration.Valid {
			m.durations.Add(r.row.HandlerDuration.V)
		}
	}
	if r.command != 0 {
		count(entry(s.errors, errorKey{p, r.command, r.errorType}), r.flags)
		count(entry(s.clusters, clusterKey{p, r.command, r.region, r.cluster}), r.flags)
	}
	count(entry(s.audience, audienceKey{p, r.locale, r.context, r.installation}), r.flags)
}

func count(t *figures.Tally, flags int64) {
	if flags&isInteraction == 0 {
		return
	}
	t.Runs++
	t.Failures += uint64(bit(flags, hasFailed)) //nolint:gosec // 0 or 1
	t.InTime += uint64(bit(flags, isInTime))    //nolint:gosec // 0 or 1
	t.Missed += uint64(bit(flags, isNotInTime)) //nolint:gosec // 0 or 1
}

func bit(flags, of int64) int64 {
	if flags&of != 0 {
		return 1
	}
	return 0
}

const (
	tallyColumns = "runs, failures, in_time, not_in_time"
	addTally     = "runs = runs + excluded.runs, failures = failures + excluded.failures, in_time = in_time + excluded.in_time, not_in_time = not_in_time + excluded.not_in_time"
)

func ofTally(t figures.Tally) []any {
	return []any{int64(t.Runs), int64(t.Failures), int64(t.InTime), int64(t.Missed)} //nolint:gosec // counts
}

// write adds the sums to the tables, in a transaction.
func (s *Store) writeSums(ctx context.Context, sum *sums) error {
	for _, write := range []func(context.Context, *sums) error{s.writeMeasured, s.writeTallies, s.writeGuilds, s.writeUsers, s.writeDaily, s.writeFiled} {
		if err := write(ctx, sum); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) writeMeasured(ctx context.Context, sum *sums) error {
	for key, m := range sum.totals {
		if err := s.measured(ctx, m, []any{key.bot, key.unit, key.start, key.version},
			"SELECT durations FROM totals WHERE bot = ? AND unit = ? AND start = ? AND version = ?",
			"INSERT INTO totals (bot, unit, start, version, "+tallyColumns+", durations) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET durations = excluded.durations, "+addTally); err != nil {
			return err
		}
	}
	for key, m := range sum.commands {
		if err := s.measured(ctx, m, []any{key.bot, key.unit, key.start, key.kind, key.command, key.version},
			"SELECT durations FROM commands WHERE bot = ? AND unit = ? AND start = ? AND type = ? AND command = ? AND version = ?",
			"INSERT INTO commands (bot, unit, start, type, command, version, "+tallyColumns+", durations) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET durations = excluded.durations, "+addTally); err != nil {
			return err
		}
	}
	return nil
}

// measured adds to a row with a sketch.
func (s *Store) measured(ctx context.Context, m *measured, key []any, read, write string) error {
	stmt, err := s.prepared(ctx, read)
	if err != nil {
		return err
	}
	var before []byte
	if err := stmt.QueryRowContext(ctx, key...).Scan(&before); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err := m.durations.Merge(before); err != nil {
		return err
	}
	durations := m.durations.Append([]byte{})
	_, err = s.exec(ctx, write, append(append(key, ofTally(m.Tally)...), durations)...)
	return err
}

func (s *Store) writeTallies(ctx context.Context, sum *sums) error {
	write := func(t *figures.Tally, text string, key ...any) error {
		_, err := s.exec(ctx, text, append(key, ofTally(*t)...)...)
		return err
	}
	const end = tallyColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?"
	for k, t := range sum.errors {
		if err := write(t, "INSERT INTO errors (bot, unit, command, start, error_type, "+end+") ON CONFLICT DO UPDATE SET "+addTally,
			k.bot, k.unit, k.command, k.start, k.errorType); err != nil {
			return err
		}
	}
	for k, t := range sum.clusters {
		if err := write(t, "INSERT INTO clusters (bot, unit, command, start, region, cluster, "+end+", ?) ON CONFLICT DO UPDATE SET "+addTally,
			k.bot, k.unit, k.command, k.start, k.region, k.cluster); err != nil {
			return err
		}
	}
	for k, t := range sum.audience {
		if err := write(t, "INSERT INTO audience (bot, unit, start, locale, context, installation, "+end+", ?) ON CONFLICT DO UPDATE SET "+addTally,
			k.bot, k.unit, k.start, k.locale, k.context, k.installation); err != nil {
			return err
		}
	}
	return nil
}

// writeGuilds also finds how many guilds are active on a day for the first time.
func (s *Store) writeGuilds(ctx context.Context, sum *sums) error {
	stmt, err := s.prepared(ctx, `INSERT INTO daily_guilds (bot, start, guild, `+tallyColumns+`, joins, leaves, outages, size, sized)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET `+addTally+`,
		joins = joins + excluded.joins, leaves = leaves + excluded.leaves, outages = outages + excluded.outages,
		size = CASE WHEN excluded.sized >= ifnull(sized, 0) THEN excluded.size ELSE size END,
		sized = CASE WHEN excluded.sized >= ifnull(sized, 0) THEN excluded.sized ELSE sized END RETURNING runs`)
	if err != nil {
		return err
	}
	for k, g := range sum.guilds {
		var runs uint64
		args := append([]any{k.bot, k.start, k.guild}, ofTally(g.Tally)...)
		args = append(args, g.joins, g.leaves, g.outages, present(g.size), present(g.sized))
		if err := stmt.QueryRowContext(ctx, args...).Scan(&runs); err != nil {
			return err
		}
		if g.Runs > 0 && runs == g.Runs {
			sum.daily[dayKey{k.bot, k.start}].active++
		}
	}
	return nil
}

func (s *Store) writeUsers(ctx context.Context, sum *sums) error {
	for k := range sum.users {
		hash, err := hex.DecodeString(k.hash)
		if err != nil {
			return err
		}
		n, err := s.exec(ctx, "INSERT OR IGNORE INTO daily_users (start, bot, hash) VALUES (?, ?, ?)", k.start, k.bot, hash)
		if err != nil {
			return err
		}
		sum.daily[dayKey{k.bot, k.start}].users += n
	}
	return nil
}

func (s *Store) writeDaily(ctx context.Context, sum *sums) error {
	for k, d := range sum.daily {
		if _, err := s.exec(ctx, `INSERT INTO daily (bot, start, joins, leaves, interactions, identified, active_guilds, users) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET joins = joins + excluded.joins, leaves = leaves + excluded.leaves, interactions = interactions + excluded.interactions,
			identified = max(identified, excluded.identified), active_guilds = active_guilds + excluded.active_guilds, users = users + excluded.users`,
			k.bot, k.start, d.joins, d.leaves, d.interactions, d.identified, d.active, d.users); err != nil {
			return err
		}
	}
	for bot, b := range sum.bots {
		if _, err := s.exec(ctx, `INSERT INTO bots (bot, first, last, guild) VALUES (?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last), guild = max(guild, excluded.guild)`,
			bot, b.first, b.last, b.guild); err != nil {
			return err
		}
	}
	return nil
}

// writeFiled writes what is known of the arrival of events and of their days.
func (s *Store) writeFiled(ctx context.Context, sum *sums) error {
	for k, events := range sum.ingest {
		if _, err := s.exec(ctx, `INSERT INTO ingest (bot, start, region, cluster, result, reason, events) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET events = events + excluded.events`, k.bot, k.start, k.region, k.cluster, k.result, k.reason, events); err != nil {
			return err
		}
	}
	for n, d := range sum.days {
		if _, err := s.exec(ctx, `UPDATE days SET first = CASE WHEN events = 0 THEN ?1 ELSE min(first, ?1) END,
			last = CASE WHEN events = 0 THEN ?2 ELSE max(last, ?2) END, events = events + ?3 WHERE day = ?4`, d.first, d.last, d.events, n); err != nil {
			return err
		}
	}
	return nil
}

func second(unix int64) time.Time { return time.Unix(unix, 0).UTC() }
