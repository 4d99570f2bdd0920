package demo

import (
	"context"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/argus-dgo/argus/discordtest"
)

const (
	// directChannels bounds the private channels that are opened, again and again
	// the same.
	directChannels = 40
	// Guilds that join and leave are at most this share of those at the start.
	churn = 0.04
)

// scenery is what changes slowly around the bot, beside the traffic: how far
// away Discord is, how fast it answers, and the guilds that come and go.
type scenery struct {
	server  *discordtest.Server
	shards  int
	guilds  int
	rng     *rand.Rand
	direct  []string
	far     []float64 // for each shard, what its round trips are multiplied with
	visitor []string  // guilds that joined

	mu       sync.Mutex
	ackDelay time.Duration               // of new connections
	door     func() discordtest.Behavior // how they are treated otherwise; nil: well
	met      *atomic.Int64               // the connections that have met the door
}

func newScenery(server *discordtest.Server, c *config) *scenery {
	sc := &scenery{server: server, shards: c.shards, guilds: c.guilds, rng: c.random(-1), far: make([]float64, c.shards)}
	for i := range sc.far {
		sc.far[i] = 1
	}
	for range directChannels {
		sc.direct = append(sc.direct, server.NewID(time.Now()))
	}
	// In one guild of three the bot may not ban: the command "mod ban" meets a 403.
	server.Handle(http.MethodPut, "/guilds/{guild_id}/bans/{user_id}", func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.ParseUint(r.PathValue("guild_id"), 10, 64)
		if err == nil && (id>>22)%3 != 0 {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		forbid(w, r)
	})
	sc.distance()
	server.BehaveFunc(sc.arrival)
	return sc
}

// admit says how new connections are treated from now on: as door says, or well
// without one. met counts those that are treated so.
func (sc *scenery) admit(door func() discordtest.Behavior) (met *atomic.Int64) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	sc.door, sc.met = door, new(atomic.Int64)
	return sc.met
}

// arrival is how the next connection is treated.
func (sc *scenery) arrival() (b discordtest.Behavior) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	if sc.door != nil {
		b = sc.door()
		sc.met.Add(1)
	}
	b.AckDelay = sc.ackDelay
	return b
}

// run changes something at every tick.
func (sc *scenery) run(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		sc.distance()
		switch n % 4 {
		case 0:
			sc.join()
		case 1:
			sc.message()
		case 2:
			sc.leave()
		}
	}
}

// distance lets the heartbeats' round trips and REST's answers wander: 25 to 75
// ms for most shards, and 140 ms for every fifth. A connection that is told so
// here forgets a heartbeat that it was to swallow; the next one is not far.
func (sc *scenery) distance() {
	for shard := range sc.far {
		sc.far[shard] = math.Min(1.4, math.Max(0.7, sc.far[shard]+(sc.rng.Float64()-0.5)*0.2))
	}
	for _, c := range sc.server.Conns() {
		if shard := c.Shard(); shard >= 0 && shard < sc.shards {
			c.Behave(discordtest.Behavior{AckDelay: sc.roundTrip(shard)})
		}
	}
	sc.mu.Lock()
	sc.ackDelay = sc.roundTrip(0)
	sc.mu.Unlock()
	sc.server.Delay("", "", time.Duration((15+20*sc.rng.Float64())*float64(time.Millisecond)))
}

func (sc *scenery) roundTrip(shard int) time.Duration {
	base := []float64{35, 42, 55, 38, 140}[shard%5]
	return time.Duration(base * sc.far[shard] * float64(time.Millisecond))
}

// limit is how many guilds may have joined, or left.
func (sc *scenery) limit() int { return max(1, int(churn*float64(sc.guilds))) }

func (sc *scenery) join() {
	if len(sc.visitor) >= sc.limit() {
		sc.leave()
		return
	}
	if id, err := sc.server.GuildJoin(); err == nil {
		sc.visitor = append(sc.visitor, id)
	}
}

// leave takes one that has joined, so that the guilds of the start stay.
func (sc *scenery) leave() {
	if len(sc.visitor) < 2 || sc.rng.Float64() < 0.3 {
		return
	}
	n := sc.rng.IntN(len(sc.visitor))
	id := sc.visitor[n]
	sc.visitor = append(sc.visitor[:n], sc.visitor[n+1:]...)
	_ = sc.server.GuildLeave(id) // it is in an outage or gone: as good
}

// message opens a direct channel. Discord itself stopped announcing them to
// bots with version 8 of its API; without this the gauge would stay at 0.
func (sc *scenery) message() {
	id := sc.direct[sc.rng.IntN(len(sc.direct))]
	_ = sc.server.Dispatch(0, "CHANNEL_CREATE", map[string]any{
		"id": id, "type": 1, "last_message_id": nil,
		"recipients": []any{map[string]any{"id": id, "username": "somebody", "discriminator": "0"}},
	}) // shard 0 is between two connections: next time
}
