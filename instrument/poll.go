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
	// askTimeout is the timeout of discordgo's own Client. It also applies to a
	// Client without a timeout.
	askTimeout = 20 * time.Second
	// longestPause is the longest time by which a response can delay the next
	// request.
	longestPause = 24 * time.Hour
	// maxAnswer limits how much of a response is read: far more than is parsed.
	maxAnswer = 64 << 10
)

// A poll requests the bot's budget of IDENTIFYs at an interval. The response is
// read like one to the bot's own request, and a failed request is counted like
// the bot's own.
//
// The requests do not go through discordgo (v0.28.1 to v0.29.1): it would read
// the session's fields without a lock, while others may write them, and sleep in
// its rate limiter regardless of the context.
type poll struct {
	inst  *Instrumentation
	added chan struct{} // has a capacity of one; signals that there may be a session

	mu     sync.Mutex
	askers []asker // the first one makes the requests
}

// An asker is an attached session, with the request that its fields gave when it
// was added.
type asker struct {
	session weak.Pointer[discordgo.Session] // the session may be dropped without being detached
	client  *http.Client
	request *http.Request
}

func newPoll(inst *Instrumentation) *poll {
	return &poll{inst: inst, added: make(chan struct{}, 1)}
}

// run makes the first request as soon as there is a session.
func (p *poll) run(ctx context.Context, every time.Duration) {
	for {
		// Wait for the next request, or, without a session, for one.
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

// ask makes a request and returns how long Discord wants no more requests, or 0.
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

// add adds attached sessions that requests can use. It must be called when
// nothing writes their fields. Sessions whose requests are not measured are left
// out.
func (p *poll) add(sessions []*discordgo.Session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forgetLocked()
	for _, s := range sessions {
		client := p.inst.beside(s)
		if client == nil || slices.ContainsFunc(p.askers, func(a asker) bool { return a.session == weak.Make(s) }) {
			continue
		}
		// The address is a variable of discordgo that the program can change.
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

// forget removes the sessions that are detached, with the tokens in their
// requests.
func (p *poll) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forgetLocked()
}

func (p *poll) forgetLocked() {
	p.askers = slices.DeleteFunc(p.askers, func(a asker) bool { return p.inst.beside(a.session.Value()) != a.client })
}

// beside returns the client for requests that are measured with those of an
// attached session and do not go through discordgo. It is nil for a session that
// is not attached, one that was attached after it had been opened, and one
// without a Client. It reads nothing of the session, which may be in use.
func (i *Instrumentation) beside(s *discordgo.Session) *http.Client {
	if a := i.find(s); a != nil && a.tap != nil && !a.left.Load() {
		return a.tap.beside
	}
	return nil
}
