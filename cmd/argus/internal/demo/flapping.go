package demo

import (
	"context"
	"time"
)

// flapsAfter is how long a shard is ready in a flapping connection.
const flapsAfter = 200 * time.Millisecond

// flapping drops the connection of one shard again and again, as soon as it is
// ready, and turns to the next one after a while. discordgo v0.29.0 comes back
// within two seconds each time, and can resume.
func flapping(ctx context.Context, st *stage) {
	for n := 0; st.wait(ctx, 3); n++ {
		shards := st.shardOrder()
		shard := shards[n%len(shards)]
		st.tell("shard %d: its connection now drops every time it is ready", shard)
		turn, done := context.WithTimeout(ctx, st.beats(60))
		st.drop(turn, shard)
		done()
		if !st.waitSettled(ctx, shard) {
			return
		}
		st.tell("shard %d: its connection is stable again", shard)
	}
}

// drop ends each connection of the shard that has become ready, until ctx is done.
func (st *stage) drop(ctx context.Context, shard int) {
	for {
		c, err := st.server.WaitConn(ctx, shard)
		if err != nil {
			return
		}
		if !pause(ctx, flapsAfter) || c.Drop() == nil && c.WaitClosed(ctx) != nil {
			return
		}
	}
}

// pause waits for a time that does not depend on the pace. It returns false when
// ctx is done.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
