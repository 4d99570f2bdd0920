package figurestest

import (
	"encoding/binary"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/argus-dgo/argus/analytics/event"
)

// A Stream is events of many days as they arrive.
type Stream struct {
	End    time.Time // of the last day
	Days   int
	Events int
	Batch  int // most events that arrive at once
}

// streamGuilds is how many guilds a stream has. Few of them have most of the events.
const streamGuilds = 20_000

// Batches returns the batches, with the times at which they arrive: up to a minute after
// their events. Each event is there once.
func (s Stream) Batches() iter.Seq2[time.Time, []event.Row] {
	const day = 24 * time.Hour
	return func(yield func(time.Time, []event.Row) bool) {
		random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // not a secret
		id := uint64(0)
		for d := range s.Days {
			start := s.End.Add(time.Duration(d-s.Days) * day)
			rows := Sample{Seed: uint64(d), End: start.Add(day), Span: day}.Rows(s.Events / s.Days)
			for from := 0; from < len(rows); from += s.Batch {
				part := rows[from:min(from+s.Batch, len(rows))]
				now := start.Add(time.Duration(float64(day) * float64(from+len(part)) / float64(len(rows))))
				for i := range part {
					id++
					spread(&part[i], random, now, id)
				}
				if !yield(now, part) {
					return
				}
			}
		}
	}
}

func spread(r *event.Row, random *rand.Rand, now time.Time, id uint64) {
	r.Time = now.Add(-time.Duration(random.Int64N(int64(time.Minute))))
	binary.LittleEndian.PutUint64(r.ID[8:], id)
	if r.GuildID.Valid {
		r.GuildID.V = GuildBase + uint64(streamGuilds*random.Float64()*random.Float64())
	}
}
