package demo

import (
	"context"
	"slices"
	"strconv"
	"sync"

	"github.com/bwmarrin/discordgo"
)

// players are how many voice connections the music takes at most.
const players = 3

// How long a player is away and how long it stays, in beats.
const (
	leastPause, mostPause = 4, 12
	leastStay, mostStay   = 20, 60
)

// music has a process join voice channels, stay a while and leave, as a bot that
// plays music does, on a calm day alone. Where a voice connection breaks, discordgo
// (v0.28.1 to v0.29.1) tries to join again until it can, and panics if the gateway
// is gone just then.
func (d *demo) music(ctx context.Context) {
	if len(d.scenarios) != 1 || d.scenarios[0].name != calm {
		return
	}
	sessions := d.clusters[0].sessions
	var wait sync.WaitGroup
	for n := range players {
		// The users from -100 down are the players.
		p := &player{stage: &stage{demo: d, rng: d.random(-100 - n)}, session: sessions[n%len(sessions)]}
		for i, id := range d.guildsOf(p.session.ShardID) {
			if i%players == n {
				p.guilds = append(p.guilds, id)
			}
		}
		if len(p.guilds) > 0 {
			wait.Go(func() { p.run(ctx) })
		}
	}
	wait.Wait()
}

// guildsOf are the guilds of a shard, without those that come and go.
func (d *demo) guildsOf(shard int) []string {
	return slices.DeleteFunc(d.server.Guilds()[:d.guilds], func(id string) bool {
		n, err := strconv.ParseInt(id, 10, 64)
		return err != nil || (n>>22)%int64(d.shards) != int64(shard)
	})
}

// A player is in one voice channel at a time, in guilds where no other player is.
type player struct {
	*stage
	session *discordgo.Session
	guilds  []string
}

func (p *player) run(ctx context.Context) {
	for p.between(ctx, leastPause, mostPause) {
		guild := p.guilds[p.rng.IntN(len(p.guilds))]
		// In an outage of the guild nobody would answer, and discordgo wait for 11 s.
		if _, err := p.session.State.Guild(guild); err != nil || !p.there() {
			continue
		}
		// Deafened, as such bots are: it is not there to listen.
		vc, err := p.session.ChannelVoiceJoin(guild, p.server.VoiceChannel(guild), false, true)
		if err == nil {
			p.between(ctx, leastStay, mostStay)
		}
		p.leave(ctx, vc)
	}
}

// leave ends a voice connection, whether it came about or not. At the end there
// is no time to wait for the gateway.
func (p *player) leave(ctx context.Context, vc *discordgo.VoiceConnection) {
	for !p.there() {
		if !p.wait(ctx, 1) {
			vc.Close()
			return
		}
	}
	_ = vc.Disconnect() // the gateway went just now: it is out of voice all the same
}

// there says whether the gateway is, and has been for a while. discordgo (v0.28.1
// to v0.29.1) panics, with a lock in hand, where it is told to join or to leave
// without a connection; it gives one up a second after its end.
func (p *player) there() bool { return p.settled(p.session.ShardID) != nil }

// between waits for some beats, from least to most. It returns false when ctx is
// done.
func (p *player) between(ctx context.Context, least, most float64) bool {
	return p.wait(ctx, least+p.rng.Float64()*(most-least))
}
