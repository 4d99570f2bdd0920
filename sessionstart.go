package argus

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
)

// A sessionStartPoll asks Discord for the bot's budget of IDENTIFYs now and then. What comes back is read by the
// instrumentation, as it reads the bot's own such requests; one that fails shows among these too.
type sessionStartPoll struct {
	cancel context.CancelFunc
	wait   sync.WaitGroup
	added  chan struct{} // holds one word that there is a session

	mu       sync.Mutex
	sessions []*discordgo.Session // attached ones, of which the first asks; each as often as it was added
}

// startPoll asks for the first time as soon as there is a session.
func startPoll(every time.Duration) *sessionStartPoll {
	ctx, cancel := context.WithCancel(context.Background())
	p := &sessionStartPoll{cancel: cancel, added: make(chan struct{}, 1)}
	p.wait.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			next := tick.C
			if s := p.session(); s != nil {
				// Without retries: what discordgo waits before one cannot be interrupted.
				_, _ = s.GatewayBot(discordgo.WithContext(ctx), discordgo.WithRetryOnRatelimit(false), discordgo.WithRestRetries(0))
			} else {
				next = nil
			}
			if !p.await(ctx, next) {
				return
			}
		}
	})
	return p
}

// await waits for the next time to ask; with next nil for a session to ask with. It is false at the end.
func (p *sessionStartPoll) await(ctx context.Context, next <-chan time.Time) bool {
	added := p.added
	if next != nil {
		added = nil
	}
	select {
	case <-next:
	case <-added:
	case <-ctx.Done():
		return false
	}
	return true
}

func (p *sessionStartPoll) session() *discordgo.Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.sessions) == 0 {
		return nil
	}
	return p.sessions[0]
}

// add gives it sessions to ask with.
func (p *sessionStartPoll) add(sessions []*discordgo.Session) {
	p.mu.Lock()
	p.sessions = append(p.sessions, sessions...)
	p.mu.Unlock()
	select {
	case p.added <- struct{}{}:
	default:
	}
}

// remove takes back what was added once: a request with a session that is not attached would not be read.
func (p *sessionStartPoll) remove(sessions []*discordgo.Session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range sessions {
		if i := slices.Index(p.sessions, s); i >= 0 {
			p.sessions = slices.Delete(p.sessions, i, i+1)
		}
	}
}

// stop ends the asking. What is under way is cut off.
func (p *sessionStartPoll) stop() {
	p.cancel()
	p.wait.Wait()
}
