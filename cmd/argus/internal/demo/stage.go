package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/argus-dgo/argus/discordtest"
)

// minConnAge is how long a connection has to be ready before a scenario ends it:
// a drop right after Open can start a storm of reconnects in discordgo v0.29.0
// that feeds itself, and the demo would not be its cause.
const minConnAge = 2 * time.Second

// A stage is what a scenario plays on: the demo, and draws that follow from the
// seed.
type stage struct {
	*demo
	scenario *scenario
	rng      *rand.Rand
	order    []int // see shardOrder
}

// stage makes the stage of the n-th of the scenarios.
func (d *demo) stage(n int) *stage {
	// The users 0 and up are the processes, -1 is the scenery.
	return &stage{demo: d, scenario: d.scenarios[n], rng: d.random(-2 - n)}
}

func (st *stage) beats(n float64) time.Duration { return time.Duration(n * float64(st.pace.beat)) }

// wait waits for some beats. It returns false when ctx is done.
func (st *stage) wait(ctx context.Context, beats float64) bool {
	t := time.NewTimer(st.beats(beats))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// tell writes a line about what the scenario does.
func (st *stage) tell(format string, args ...any) {
	fmt.Fprintf(st.screen, "%s  %s: %s\n", clock(time.Since(st.began)), st.scenario.name, fmt.Sprintf(format, args...))
}

// settled returns the connection of a shard if it has been ready for a while, else
// nil. On a busy machine the bot may be far from having read what the fake Discord
// has sent: until it has got READY or RESUMED, it and its metrics have the shard down.
func (st *stage) settled(shard int) *discordtest.Conn {
	for _, c := range st.server.Conns() {
		if c.Shard() == shard && c.Ready() && time.Since(c.ReadySince()) >= minConnAge && st.tally.readySince(shard, c.Started()) {
			return c
		}
	}
	return nil
}

// waitSettled waits until a shard is back and settled. It returns false when ctx
// is done.
func (st *stage) waitSettled(ctx context.Context, shard int) bool {
	for st.settled(shard) == nil {
		if !st.wait(ctx, 1) {
			return false
		}
	}
	return true
}

// waitMet waits for some beats, and until one of the shards has tried to come back
// and met what [scenery.admit] has arranged. On a busy machine discordgo may take
// longer than that until it tries. A shard that is back has been let in by another
// scenario. It returns false when ctx is done.
func (st *stage) waitMet(ctx context.Context, beats float64, met *atomic.Int64, shards ...int) bool {
	if !st.wait(ctx, beats) {
		return false
	}
	isBack := func(shard int) bool { return st.settled(shard) != nil }
	for met.Load() == 0 && len(shards) > 0 && !slices.ContainsFunc(shards, isBack) {
		if !st.wait(ctx, 1) {
			return false
		}
	}
	return true
}

// shardOrder are the shards that are run here, in an order of the stage's own.
func (st *stage) shardOrder() []int {
	if st.order == nil {
		for _, s := range st.sessions() {
			st.order = append(st.order, s.ShardID)
		}
		st.rng.Shuffle(len(st.order), func(i, j int) { st.order[i], st.order[j] = st.order[j], st.order[i] })
	}
	return st.order
}

// mayIdentify says whether a shard may be made to identify: there are session
// starts to spare, and no other shard has the same key of max_concurrency.
// discordgo v0.29.0 answers the op 9 of a shard that was too early with the next
// IDENTIFY at once, until it has sent more than a connection may.
func (st *stage) mayIdentify(shard int) bool {
	remaining, _, _ := st.server.SessionStarts()
	return shard < maxConcurrency && remaining > st.reserve()
}
