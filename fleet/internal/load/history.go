package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/procfs"

	"github.com/argus-dgo/argus/fleet/internal/engine"
)

// replayHistory writes some hours of pushes into a data folder as fast as it goes, and
// starts a fleet with it.
func replayHistory(ctx context.Context, c config, out io.Writer) error {
	push, err := capture(ctx, c)
	if err != nil {
		return err
	}
	for _, n := range c.clusters {
		if err := restart(ctx, c, push, n, out); err != nil {
			return err
		}
	}
	return nil
}

func restart(ctx context.Context, c config, push []byte, n int, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "argus-load-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	metrics := filepath.Join(dir, "metrics")
	before, err := processorTime()
	if err != nil {
		return err
	}
	points, err := backfill(ctx, c, push, n, metrics)
	if err != nil {
		return err
	}
	after, err := processorTime()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d clusters, %v at %v: %d points, written in %.0f s of a processor\n", n, c.history, c.interval, points, after-before)
	if err := sizes(metrics, out); err != nil {
		return err
	}
	began := time.Now()
	fleet, err := startFleet(ctx, dir)
	if err != nil {
		return err
	}
	took := time.Since(began)
	used, err := fleet.usage()
	if err != nil {
		return errors.Join(err, fleet.stop())
	}
	fmt.Fprintf(out, "A fleet that starts with it is ready after %v: %.1f s of a processor, %d MB\n\n", took.Round(10*time.Millisecond), used.cpu, used.rss/1e6)
	return fleet.stop()
}

// backfill writes the history until now, and returns the number of points.
func backfill(ctx context.Context, c config, push []byte, n int, dir string) (points int, err error) {
	list, err := cast(push, n, c.shards)
	if err != nil {
		return 0, err
	}
	end := time.Now()
	at := end.Add(-c.history)
	store, err := engine.Open(engine.Options{
		Dir: dir, Every: time.Hour, Now: func() time.Time { return at }, Logger: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	const newSeries = 1 << 20 // no limit
	for ; at.Before(end) && ctx.Err() == nil; at = at.Add(c.interval) {
		for _, one := range list {
			one.move(at)
			batch := store.Begin(ctx)
			resources := one.clone()
			for i := range resources.Len() {
				outcome := batch.Add(ctx, resources.At(i), newSeries)
				if outcome.Refused > 0 {
					return points, errors.Join(fmt.Errorf("%d points are refused: %w", outcome.Refused, outcome.Reason), batch.Rollback())
				}
				points += outcome.Points
			}
			if err := batch.Commit(); err != nil {
				return points, err
			}
		}
	}
	return points, ctx.Err()
}

// sizes says how large the write-ahead log is, and how many bytes a sample takes in blocks.
func sizes(dir string, out io.Writer) error {
	wal, err := size(filepath.Join(dir, "wal"))
	if err != nil {
		return err
	}
	head, err := size(filepath.Join(dir, "chunks_head"))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "The write-ahead log has %d MB, and the head's chunks %d MB\n", wal/1e6, head/1e6)
	metas, err := filepath.Glob(filepath.Join(dir, "*", "meta.json"))
	if err != nil {
		return err
	}
	var samples, bytes int64
	for _, name := range metas {
		text, err := os.ReadFile(name) //nolint:gosec // in a folder of ours
		if err != nil {
			return err
		}
		var meta struct{ Stats struct{ NumSamples int64 } }
		if err := json.Unmarshal(text, &meta); err != nil {
			return err
		}
		block, err := size(filepath.Dir(name))
		if err != nil {
			return err
		}
		samples, bytes = samples+meta.Stats.NumSamples, bytes+block
	}
	if samples > 0 {
		fmt.Fprintf(out, "Blocks have %d samples with %.2f bytes each\n", samples, float64(bytes)/float64(samples))
	}
	return nil
}

// size is that of all files of a folder.
func size(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}

// processorTime is what this process has used, in seconds.
func processorTime() (float64, error) {
	self, err := procfs.Self()
	if err != nil {
		return 0, err
	}
	stat, err := self.Stat()
	return stat.CPUTime(), err
}
