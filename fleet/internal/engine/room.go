package engine

import (
	"context"
	"fmt"

	"github.com/prometheus/prometheus/storage"
)

// Reserve is how many bytes of the disk stay free: for what is kept besides series, and
// because a write-ahead log that could not be written loses what follows. Prometheus'
// database does not log a series again whose first record failed.
const Reserve = 64 << 20

// ErrFull is the error of what is not stored because the disk is full.
var ErrFull = fmt.Errorf("less than %d MiB of the disk are free: free some, or set ARGUS_FLEET_SIZE or a shorter ARGUS_FLEET_RETENTION", Reserve>>20)

// Room returns [ErrFull] while there is no room for more samples.
func (e *Engine) Room() error {
	free, err := e.free(e.opts.Dir)
	if err == nil && free < Reserve {
		return ErrFull
	}
	return nil // if it is not known, the write tells
}

// recorded takes what rules record, while there is room.
type recorded struct{ e *Engine }

// AppenderV2 implements [storage.AppendableV2].
func (r recorded) AppenderV2(ctx context.Context) storage.AppenderV2 {
	return roomy{r.e.appends.AppenderV2(ctx), r.e}
}

type roomy struct {
	storage.AppenderV2
	e *Engine
}

// Commit implements [storage.AppenderV2]. That nothing is stored is no error: each rule
// would log it at each evaluation, onto the same disk. Pushes report it.
func (r roomy) Commit() error {
	if r.e.Room() != nil {
		return r.Rollback()
	}
	return r.AppenderV2.Commit()
}
