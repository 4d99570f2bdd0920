package demo

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
)

const (
	reactionRoute = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/{user_id}"
	// statusEvery comes to 109 payloads a minute. With a heartbeat every 10 s and an
	// IDENTIFY that is still below the 120 after which Discord closes with 4008
	// (https://discord.com/developers/docs/events/gateway#rate-limiting).
	statusEvery = 550 * time.Millisecond
)

// runaway is two loops of the bot's own making. One is the handler of messages:
// see [bot.react]. The other changes the status of each session all the time.
func runaway(ctx context.Context, st *stage) {
	st.server.Handle(http.MethodPut, reactionRoute, forbid)
	st.tell("the bot reacts to every message without permission: each reaction gets a 403")
	st.tell("the bot changes its status every %v on each shard; above 120 payloads in 60 s Discord closes the connection (4008)", statusEvery)
	var wait sync.WaitGroup
	defer wait.Wait()
	for _, s := range st.sessions() {
		wait.Go(func() {
			tick := time.NewTicker(statusEvery)
			defer tick.Stop()
			for n := 0; ; n++ {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				_ = s.UpdateGameStatus(0, fmt.Sprintf("%d messages read", n)) // between two connections: the next time
			}
		})
	}
}

// forbid is Discord's answer to what the bot lacks the permission for.
func forbid(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusForbidden)
	fmt.Fprint(w, `{"message":"Missing Permissions","code":50013}`)
}

// react is what a bot does that asks nobody whether it may: a reaction to every
// message that it sees, and none of the errors is looked at.
func (b *bot) react(s *discordgo.Session, m *discordgo.MessageCreate) {
	if m.Author == nil || m.Author.Bot {
		return
	}
	_ = b.counted(func() error {
		return s.MessageReactionAdd(m.ChannelID, m.ID, "👀", b.argus.RequestOption(context.Background()))
	})
}

// behind is how far the clock of the bot's machine is behind Discord's.
const behind = 2 * time.Second

// clockSkew lets Discord's clock run ahead, as it does for a bot whose machine's
// clock is behind.
func clockSkew(_ *config, s *settings) {
	s.server = append(s.server, discordtest.WithClockOffset(behind))
}
