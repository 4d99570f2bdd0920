package instrument

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
	"weak"

	"github.com/bwmarrin/discordgo"
)

const (
	// askTimeout is discordgo's own, for a Client that has none.
	askTimeout = 20 * time.Second
	// longestPause is how long a response can put off the next request.
	longestPause = 24 * time.Hour
	// maxAnswer is far more than the instrumentation reads along.
	maxAnswer = 64 << 10
)

// minPoll is as often as anybody needs to know a daily budget.
const minPoll = time.Minute

// A poll requests the bot's budget of IDENTIFYs at an interval. The response is read
// as one to the bot's own request; one that fails shows among these too.
//
// The requests do not go through discordgo (v0.28.1 to v0.29.1): it would read the
// session's fields, with no lock, while others may write them, and sleep in its rate
// limiter whatever the context says.
type poll struct {
	inst  *Instrumentation
	added chan struct{} // holds one word that there may be a session

	mu     sync.Mutex
	askers []asker // the first of them asks
}

// An asker is an attached session, with the request that its fields made when it was added.
type asker struct {
	session weak.Pointer[discordgo.Session] // it may be dropped without being detached
	client  *http.Client
	request *http.Request
}

func newPoll(inst *Instrumentation) *poll {
	return &poll{inst: inst, added: make(chan struct{}, 1)}
}

// run asks for the first time as soon as there is a session.
func (p *poll) run(ctx context.Context, every time.Duration) {
	for {
		// Waits for the next time to ask, or with nobody to ask for somebody.
		var next <-chan time.Time
		added := p.added
		if a, ok := p.first(); ok {
			next, added = time.After(max(every, a.ask(ctx))), nil
		}
		select {
		case <-next:
		case <-added:
		case <-ctx.Done():
			return
		}
	}
}

// ask returns for how long Discord wants no more requests, if it says so.
func (a asker) ask(ctx context.Context) (pause time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	response, err := a.client.Do(a.request.Clone(ctx))
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer))
	seconds, err := strconv.ParseUint(response.Header.Get("Retry-After"), 10, 32)
	if err != nil {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, longestPause)
}

func (p *poll) first() (a asker, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forgetLocked()
	if len(p.askers) == 0 {
		return asker{}, false
	}
	return p.askers[0], true
}

// add gives it attached sessions to ask with. It must be called where their fields
// are not written. Those whose requests are not measured are left out.
func (p *poll) add(sessions []*discordgo.Session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forgetLocked()
	for _, s := range sessions {
		client := p.inst.beside(s)
		if client == nil || slices.ContainsFunc(p.askers, func(a asker) bool { return a.session == weak.Make(s) }) {
			continue
		}
		// The address is a variable, of which anything can be made.
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, discordgo.EndpointGatewayBot, http.NoBody)
		if err != nil {
			continue
		}
		request.Header.Set("Authorization", s.Token)
		request.Header.Set("User-Agent", s.UserAgent)
		p.askers = append(p.askers, asker{weak.Make(s), client, request})
	}
	select {
	case p.added <- struct{}{}:
	default:
	}
}

// forgetLocked lets go of the sessions that are detached.
func (p *poll) forgetLocked() {
	p.askers = slices.DeleteFunc(p.askers, func(a asker) bool { return p.inst.beside(a.session.Value()) != a.client })
}

// beside is the client for requests that are measured with an attached session's and
// do not go through discordgo. It is nil for a session that is not attached, one
// that had been opened before, and one that had no Client. It reads nothing of the
// session, which may be in use.
func (i *Instrumentation) beside(s *discordgo.Session) *http.Client {
	if a := i.find(s); a != nil && a.tap != nil && !a.left.Load() {
		return a.tap.beside
	}
	return nil
}
