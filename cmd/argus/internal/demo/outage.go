package demo

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/cli"
)

const (
	messageRoute  = "/channels/{channel_id}/messages"
	callbackRoute = "/interactions/{interaction_id}/{token}/callback"
	editRoute     = "/webhooks/{application_id}/{token}/messages/{message_id}"
	banRoute      = "/guilds/{guild_id}/bans/{user_id}"
)

// failing is what REST answers during an outage. discordgo v0.29.0 tries again
// after a 502, and gives up on the others.
var failing = []struct {
	method, pattern string
	status          int
}{
	{http.MethodPost, messageRoute, http.StatusInternalServerError},
	{http.MethodPost, callbackRoute, http.StatusServiceUnavailable},
	{http.MethodPatch, editRoute, http.StatusBadGateway},
	{http.MethodGet, "/gateway", http.StatusBadGateway},
}

// outage lets Discord fall ill and recover, again and again.
func outage(ctx context.Context, st *stage) {
	for n := 0; st.wait(ctx, 3); n++ {
		ids := st.server.Guilds()
		st.rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
		third := (len(ids) + 2) / 3
		waves := [][]string{ids[:third], ids[third:min(2*third, len(ids))]}

		met, away := st.closeGateway(n)
		for _, f := range failing {
			st.server.Fail(f.method, f.pattern, f.status, -1)
		}
		st.lose(waves[0])
		ok := st.wait(ctx, 3)
		if ok {
			st.lose(waves[1])
			ok = st.waitMet(ctx, 6, met, away...)
		}
		// Discord is well again also when the demo ends meanwhile.
		st.scenery.admit(nil)
		for _, f := range failing {
			st.server.Fail(f.method, f.pattern, 0, 0)
		}
		if !ok {
			return
		}
		st.tell("the gateway and REST work again; discordgo reconnects after its backoff")
		for _, wave := range waves {
			if !st.wait(ctx, 3) {
				return
			}
			st.recover(wave)
		}
		if !st.wait(ctx, 17) || !st.waitRecovered(ctx) {
			return
		}
	}
}

// recoverMost is how long an outage waits for the bot to recover from the last one,
// which another scenario may prevent.
const recoverMost = time.Minute

// waitRecovered waits until all shards are back and have their guilds, and lets that
// be seen for a while. On a busy machine it can take longer than the pace allows. It
// returns false when ctx is done.
func (st *stage) waitRecovered(ctx context.Context) bool {
	recovered := func() bool {
		return !slices.ContainsFunc(st.sessions(), func(s *discordgo.Session) bool {
			return st.settled(s.ShardID) == nil || available(s) < len(st.guildsOf(s.ShardID))
		})
	}
	if recovered() {
		return true
	}
	for began := time.Now(); time.Since(began) < recoverMost; {
		if !st.wait(ctx, 1) {
			return false
		}
		if recovered() {
			break
		}
	}
	return st.wait(ctx, 8)
}

// available counts the guilds that discordgo's state has.
func available(s *discordgo.Session) (n int) {
	s.State.RLock()
	defer s.State.RUnlock()
	for _, g := range s.State.Guilds {
		if !g.Unavailable {
			n++
		}
	}
	return n
}

func (st *stage) lose(ids []string) {
	for _, id := range ids {
		_ = st.server.GuildOutage(id) // it may have left meanwhile
	}
	st.tell("%s unavailable", cli.Count(len(ids), "guild"))
}

func (st *stage) recover(ids []string) {
	for _, id := range ids {
		_ = st.server.GuildRecover(id)
	}
	st.tell("%s available again", cli.Count(len(ids), "guild"))
}

// closeGateway ends the connections of every second shard, the others the next
// time, and lets nobody in who comes anew: each attempt fails in another way. It
// returns how many attempts there are, and the shards that have lost theirs.
func (st *stage) closeGateway(n int) (met *atomic.Int64, away []int) {
	refusals := []discordtest.Behavior{
		{CloseOnIdentify: 4000},
		{HelloDelay: st.beats(3), DropOnIdentify: true},
		{RejectUpgrade: http.StatusServiceUnavailable},
		{CloseOnConnect: 4000},
	}
	var attempts atomic.Uint32
	met = st.scenery.admit(func() discordtest.Behavior {
		return refusals[int(attempts.Add(1)-1)%len(refusals)]
	})
	for shard := range st.shards {
		if (shard+n)%2 == 0 || st.shards == 1 {
			if c := st.settled(shard); c != nil && c.CloseCode(4000, "") == nil {
				away = append(away, shard)
			}
		}
	}
	st.tell("REST returns 500, 502 and 503; %s disconnected, and the gateway refuses all connections", cli.Count(len(away), "shard"))
	return met, away
}
