package engine

import (
	"context"
	"errors"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/tsdb"
)

// sending appends to a database whose write-ahead log is sent elsewhere, too. The remote
// side counts what is appended. [storage.NewFanout] does the same, but for finding series
// that are there.
type sending struct {
	db     *tsdb.DB
	remote *remote.Storage
}

// AppenderV2 implements [storage.AppendableV2].
func (s sending) AppenderV2(ctx context.Context) storage.AppenderV2 {
	return counted{s.db.AppenderV2(ctx), s.remote.AppenderV2(ctx)}
}

type counted struct{ to, count storage.AppenderV2 }

// Append implements [storage.AppenderV2].
func (c counted) Append(ref storage.SeriesRef, ls labels.Labels, st, at int64, v float64, h *histogram.Histogram, fh *histogram.FloatHistogram, opts storage.AOptions) (storage.SeriesRef, error) {
	ref, err := c.to.Append(ref, ls, st, at, v, h, fh, opts)
	if err != nil && !isPartial(err) {
		return ref, err
	}
	if _, counting := c.count.Append(ref, ls, st, at, v, h, fh, opts); counting != nil {
		return ref, counting
	}
	return ref, err
}

// GetRef implements [storage.GetRef].
func (c counted) GetRef(ls labels.Labels, hash uint64) (storage.SeriesRef, labels.Labels) {
	if finder, is := c.to.(storage.GetRef); is {
		return finder.GetRef(ls, hash)
	}
	return 0, ls
}

// Commit implements [storage.AppenderV2].
func (c counted) Commit() error {
	if err := c.to.Commit(); err != nil {
		return errors.Join(err, c.count.Rollback())
	}
	return c.count.Commit()
}

// Rollback implements [storage.AppenderV2].
func (c counted) Rollback() error { return errors.Join(c.to.Rollback(), c.count.Rollback()) }
