package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/argus-dgo/argus/analytics"
	"github.com/argus-dgo/argus/internal/cli"
)

// A command is a word of the command line.
type command struct {
	name, what string
	// These say which flags the command has.
	takesDays, takesGuild, takesCollector bool

	run func(context.Context, settings, io.Writer) error
}

// commands are in the order of the help.
var commands = []command{
	{name: "init", what: "make the database and its tables", takesDays: true, takesCollector: true, run: initialise},
	{name: "migrate", what: "bring the tables to the newest version, or change how long data stays", takesDays: true, run: migrate},
	{name: "status", what: "list versions, retention and sizes; fails if a table was altered or is not of the newest version", run: status},
	{name: "erase", what: "remove --guild from all tables", takesGuild: true, run: erase},
}

// check returns an error for a flag that the command ignores, or that it needs.
func (c command) check(s settings) error {
	switch {
	case !c.takesDays && (s.rawDays != 0 || s.hourlyDays != 0):
		return errors.New("--raw-days and --hourly-days belong to init and migrate")
	case !c.takesCollector && s.collector:
		return errors.New("--collector belongs to init")
	case !c.takesGuild && s.guild != 0:
		return errors.New("--guild belongs to erase")
	case c.takesGuild && s.guild == 0:
		return errors.New("--guild is missing: the id of the guild to erase")
	}
	return nil
}

func initialise(ctx context.Context, s settings, out io.Writer) error {
	conn, err := s.connect("default") // a server refuses a database that it does not have
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := analytics.CreateDatabase(ctx, conn, s.server.Database); err != nil {
		return err
	}
	if err := migrate(ctx, s, out); err != nil || !s.collector {
		return err
	}
	return with(s, func(store *analytics.Store) error {
		if err := store.AcceptCollector(ctx); err != nil {
			return err
		}
		_, err := fmt.Fprintf(out, "%s has collector_logs, which the Collector writes to.\n", s.server.Database)
		return err
	})
}

// with calls a function with the tables of the database.
func with(s settings, f func(*analytics.Store) error) error {
	conn, err := s.connect(s.server.Database)
	if err != nil {
		return err
	}
	defer conn.Close()
	store, err := analytics.New(conn)
	if err != nil {
		return err
	}
	return f(store)
}

func migrate(ctx context.Context, s settings, out io.Writer) error {
	return with(s, func(store *analytics.Store) error {
		before, err := store.Status(ctx)
		if err != nil {
			return err
		}
		keep := before.Retention
		if before.Version == 0 {
			keep = analytics.DefaultRetention()
		}
		if s.rawDays != 0 {
			keep.RawDays = s.rawDays
		}
		if s.hourlyDays != 0 {
			keep.HourlyDays = s.hourlyDays
		}
		if err := store.Migrate(ctx, keep); err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s has version %d of the tables. Events stay for %d days, hourly tables for %d.\n", s.server.Database, before.Latest, keep.RawDays, keep.HourlyDays)
		return err
	})
}

func status(ctx context.Context, s settings, out io.Writer) error {
	return with(s, func(store *analytics.Store) error {
		found, err := store.Status(ctx)
		if err != nil {
			return err
		}
		if found.Version == 0 {
			fmt.Fprintf(out, "%s has no tables of events: run argus-analytics init\n", s.server.Database)
			return errProblems
		}
		fmt.Fprintf(out, "version    %d, applied %s\n", found.Version, found.Applied.UTC().Format(time.DateTime+" UTC"))
		fmt.Fprintf(out, "retention  %d days for events, %d for hourly tables\n", found.Retention.RawDays, found.Retention.HourlyDays)
		for _, t := range found.Tables {
			fmt.Fprintf(out, "%-16s %12d rows %14d bytes\n", t.Name, t.Rows, t.Bytes)
		}
		switch {
		case found.Version < found.Latest:
			fmt.Fprintf(out, "This program has version %d: run argus-analytics migrate\n", found.Latest)
		case found.Version > found.Latest:
			fmt.Fprintf(out, "This program has version %d: use a newer version of it\n", found.Latest)
		}
		for _, a := range found.Altered {
			fmt.Fprintf(out, "altered: %s\n", a)
		}
		if found.Version != found.Latest || len(found.Altered) > 0 {
			return errProblems
		}
		return nil
	})
}

func erase(ctx context.Context, s settings, out io.Writer) error {
	return with(s, func(store *analytics.Store) error {
		events, err := store.EraseGuild(ctx, s.guild)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "Guild %d is erased from %s: %s.\n", s.guild, s.server.Database, cli.Count(int(events), "event")) //nolint:gosec // a count
		return err
	})
}
