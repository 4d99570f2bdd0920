package argus

import (
	"context"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
)

// A sessionStartPoll asks Discord for the bot's budget of IDENTIFYs now and then. What comes back is read by the
// instrumentation, as it reads the bot's own such requests; one that fails shows among these too.
type sessionStartPoll struct {
	cancel context.CancelFunc
	wait   sync.WaitGroup
}

// startPoll asks for the first time at once.
func startPoll(s *discordgo.Session, every time.Duration) *sessionStartPoll {
	ctx, cancel := context.WithCancel(context.Background())
	p := &sessionStartPoll{cancel: cancel}
	p.wait.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			// Without retries: what discordgo waits before one cannot be interrupted.
			_, _ = s.GatewayBot(discordgo.WithContext(ctx), discordgo.WithRetryOnRatelimit(false), discordgo.WithRestRetries(0))
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	})
	return p
}

// stop ends the asking. What is under way is cut off.
func (p *sessionStartPoll) stop() {
	p.cancel()
	p.wait.Wait()
}
