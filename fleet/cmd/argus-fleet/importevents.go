package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/fleet"
	"github.com/argus-dgo/argus/fleet/internal/settings"
	"github.com/argus-dgo/argus/internal/cli"
)

// importEvents copies the events of the data folder into ClickHouse.
func importEvents(ctx context.Context, s settings.Settings, args []string, out io.Writer) error {
	if len(args) > 0 {
		return misused{errors.New("usage: argus-fleet [flags] import-events")}
	}
	if s.ClickHouse.URL == "" {
		return misused{errors.New("ARGUS_FLEET_CLICKHOUSE_URL is not set: name the database that events are to be copied to")}
	}
	var first time.Time
	var copied, tooOld count
	sums, err := fleet.ImportEvents(ctx, s, func(d fleet.ImportedDay) {
		if first.IsZero() {
			first = d.Day.Day
		}
		day := d.Day.Day.Format(time.DateOnly)
		if d.TooOld {
			tooOld.add(d.Events)
			fmt.Fprintf(out, "%s: %s not copied, because the tables do not keep events for so long\n", day, events(d.Events))
			return
		}
		copied.add(d.Events)
		fmt.Fprintf(out, "%s: %s\n", day, events(d.Events))
	})
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted: run it again; each event counts once")
	case err != nil:
		return err
	}
	if copied.days > 0 {
		fmt.Fprintf(out, "ClickHouse has all %s.\n", &copied)
	}
	if first.IsZero() {
		fmt.Fprintln(out, "The file has no events.")
	}
	if tooOld.days > 0 {
		fmt.Fprintf(out, "Not copied, because too old: %s. To copy them, let the tables keep events for longer (argus-analytics migrate --raw-days), and run this again.\n", &tooOld)
	}
	if !sums.IsZero() && (first.IsZero() || sums.Before(first)) {
		fmt.Fprintf(out, "Sums of events that are gone, from %s on, stay in the file.\n", sums.Format(time.DateOnly))
	}
	return nil
}

// A count is of days and their events.
type count struct {
	days   int
	events int64
}

func (c *count) add(events int64) {
	c.days++
	c.events += events
}

func (c *count) String() string { return events(c.events) + " of " + cli.Count(c.days, "day") }

func events(n int64) string { return cli.Count(int(n), "event") }
