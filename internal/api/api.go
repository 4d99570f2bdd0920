package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/argus-dgo/argus/internal/evidence"
)

// Version is that of the documents. A change that a client could notice raises it.
const Version = 1

// The paths of the API.
const (
	StatusPath    = "/api/v1/status"
	OverviewPath  = "/api/v1/overview"
	LatenciesPath = "/api/v1/latencies"
	ShardOfPath   = "/api/v1/shard-of"
	ShardsPath    = "/api/v1/shards"
	BudgetsPath   = "/api/v1/budgets"
	CommandsPath  = "/api/v1/commands"
	RoutesPath    = "/api/v1/routes"
	ProcessPath   = "/api/v1/process"
	SlowPath      = "/api/v1/slow-interactions"
	SeriesPath    = "/api/v1/series"
	TimelinePath  = "/api/v1/timeline"
	StreamPath    = "/api/v1/stream"
)

const (
	// reuse is how long a document is served again: everyone who asks for it within
	// this time shares one computation.
	reuse = time.Second
	// timeout is the time limit of an answer, with the wait for those before it.
	timeout = 10 * time.Second
)

// An Identity says which process of which bot answers.
type Identity struct {
	Cluster string `json:"cluster"`
	Bot     string `json:"bot,omitempty"`
	Region  string `json:"region,omitempty"`
	// Argus is the version of Argus.
	Argus string `json:"argus_version"`
}

// A Head is the beginning of every document but [Status].
type Head struct {
	Version  int      `json:"version"`
	Identity Identity `json:"identity"`
	// At is the time that the document is about.
	At time.Time `json:"at"`
}

func head(m Member, at time.Time) Head { return Head{Version, m.Identity, at} }

// A Source is the history of a bot. It is comparable.
type Source interface {
	evidence.Source
	// Check returns an error if a question cannot be answered, whatever has happened.
	Check(question evidence.Question) error
	// Range answers a question as of some times, for at most a number of groups. It
	// returns how many are left out.
	Range(ctx context.Context, times []time.Time, most int, question evidence.Question) ([]evidence.Series, int, error)
	// Rises returns by how much a counter rose, at each step at which it did.
	Rises(ctx context.Context, from, to time.Time, question evidence.Question) ([]evidence.Series, error)
	// Steps returns the times of the steps.
	Steps(from, to time.Time) []time.Time
	// Begin returns the time of the first step, or zero.
	Begin() time.Time
	// Next returns a channel that is closed at the next step.
	Next() <-chan struct{}
}

// A Member is a bot of the process.
type Member struct {
	Identity Identity
	Source   Source
	// Slow returns the last slow interactions, the newest first. nil: they are not known.
	Slow func() []SlowInteraction
	// LastCloses returns the last one of each shard that has had any. nil: they are not
	// known.
	LastCloses func() map[string]LastClose
	// Guild returns the state of a guild, or "", and the number of its members, or nil. nil:
	// they are not known.
	Guild func(id uint64) (state string, members *int64)
	// Usage returns the metrics go_* and process_* that have one value, by name. nil: they
	// are not known.
	Usage func() map[string]float64
}

// An API answers for the bots of a process.
type API struct {
	members func() []Member
	report  func(error)
	turn    chan struct{} // held by what computes a document: one at a time
	cache   cache         // guarded by turn
	glances glances       // guarded by turn

	slots     *Slots
	writeWait time.Duration

	ctx    context.Context //nolint:containedctx // ends with the API
	cancel context.CancelFunc
	once   sync.Once
	wait   sync.WaitGroup

	mu    sync.Mutex
	rooms map[Source]*room
}

// New makes an API and starts nothing. members returns the bots that are served now,
// report takes faults, and slots are those of the process.
func New(members func() []Member, report func(error), slots *Slots) *API {
	a := &API{members: members, report: report, slots: slots, writeWait: writeWait, turn: make(chan struct{}, 1), rooms: map[Source]*room{}}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	return a
}

// Bots returns the names of the bots that are served now: the values of the parameter bot.
func (a *API) Bots() []string {
	names := []string{}
	for _, m := range a.members() {
		names = append(names, m.Identity.Bot)
	}
	slices.Sort(names)
	return names
}

// An Endpoint is a path of the API.
type Endpoint struct {
	Path    string
	Title   string
	Handler http.Handler
}

// Endpoints returns the paths. All serve GET and HEAD alone, behind the guards of the
// server.
func (a *API) Endpoints() (list []Endpoint) {
	for _, e := range endpoints() {
		handler := a.stream()
		if e.path != StreamPath {
			handler = a.document(e.path, e.prepare)
		}
		list = append(list, Endpoint{e.path, e.title, handler})
	}
	return list
}

// An endpoint is a path. prepare reads the parameters.
type endpoint struct {
	path, title string
	prepare     func(m Member, p *parameters) task
}

func endpoints() []endpoint {
	return []endpoint{
		{StatusPath, "what is wrong, as JSON (argus explain)", statusTask},
		{OverviewPath, "the bot, its caches and its telemetry, as JSON", overviewTask},
		{ShardOfPath, "the shard of a guild (?guild=), as JSON", shardOfTask},
		{ShardsPath, "the shards, as JSON", shardsTask},
		{BudgetsPath, "what is left of Discord's limits, as JSON", budgetsTask},
		{LatenciesPath, "how long the stages of an interaction take, as JSON", latenciesTask},
		{CommandsPath, "the commands, as JSON", commandsTask},
		{RoutesPath, "the requests to Discord by route, as JSON", routesTask},
		{ProcessPath, "what the process uses, as JSON", processTask},
		{SlowPath, "the last interactions that were answered slowly or not at all, as JSON", slowTask},
		{SeriesPath, "a metric over time (?name=&form=), as JSON", seriesTask},
		{TimelinePath, "what happened, as JSON", timelineTask},
		{StreamPath, "how it is, again and again, as server-sent events", streamParameters},
	}
}

// A room has what the API keeps of one bot.
type room struct {
	examination examination
	recorder    recorder
	hub         *hub
}

// room returns what is kept of a bot. Nothing is kept of one that has left while it was
// asked about.
func (a *API) room(m Member) *room {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.rooms[m.Source]
	if r == nil {
		r = &room{examination: examination{turn: make(chan struct{}, 1)}, hub: newHub()}
		if slices.ContainsFunc(a.members(), func(other Member) bool { return other.Source == m.Source }) {
			a.rooms[m.Source] = r
		}
	}
	return r
}

// Leave forgets a bot that is no longer served, and ends its streams.
func (a *API) Leave(source Source) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r := a.rooms[source]; r != nil {
		close(r.hub.ended)
	}
	delete(a.rooms, source)
}

// A task makes a document.
type task struct {
	// key distinguishes documents of one path and bot. Documents with an empty key are
	// never shared.
	key  string
	make func(ctx context.Context, a *API, m Member, at time.Time) (any, error)
}

// document serves the documents of a path. prepare reads the parameters: nothing is
// computed before they are known to be right.
func (a *API) document(path string, prepare func(m Member, p *parameters) task) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m, t, err := a.prepare(r, prepare)
		if err != nil {
			fail(w, http.StatusBadRequest, err.Error())
			return
		}
		body, err := a.make(r.Context(), path, m, t)
		switch {
		case err == nil:
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = w.Write(body) //nolint:gosec // JSON, with nosniff and a policy that runs nothing
		case errors.Is(err, errBusy):
			w.Header().Set("Retry-After", "1")
			fail(w, http.StatusServiceUnavailable, err.Error())
		default:
			a.report(fmt.Errorf("%s: %w", path, err))
			fail(w, http.StatusInternalServerError, "the answer could not be computed; the cause is in the log of the process")
		}
	})
}

// prepare reads the parameters of a request.
func (a *API) prepare(r *http.Request, prepare func(Member, *parameters) task) (Member, task, error) {
	p, err := parse(r.URL.RawQuery)
	if err != nil {
		return Member{}, task{}, err
	}
	m, err := a.member(p)
	if err != nil {
		return Member{}, task{}, err
	}
	t := prepare(m, p)
	return m, t, p.problem()
}

// member returns the bot that a request is about.
func (a *API) member(p *parameters) (Member, error) {
	members := a.members()
	name, given := p.text("bot")
	var known []string
	for _, m := range members {
		if !given && len(members) == 1 || given && name == m.Identity.Bot {
			return m, nil
		}
		known = append(known, strconv.Quote(m.Identity.Bot))
	}
	switch {
	case p.err != nil:
		return Member{}, p.err
	case len(members) == 0:
		return Member{}, errors.New("no bot of this process keeps a history: ARGUS_HISTORY is false, or the process is starting")
	case !given:
		return Member{}, fmt.Errorf("the process has several bots: choose one with ?bot=, of %s", strings.Join(known, ", "))
	}
	return Member{}, fmt.Errorf("bot: %s is no bot of this process; it has %s", quote(name), strings.Join(known, ", "))
}

var errBusy = errors.New("the process is busy with other requests; try again")

// take waits for the turn, which done gives back: one document is made at a time, so that
// requests never need more than one processor. The context that it returns ends with the
// time limit of an answer, and not with the request: others share what is made.
func (a *API) take(ctx context.Context) (_ context.Context, done func(), _ error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	select {
	case a.turn <- struct{}{}:
		return ctx, func() { <-a.turn; cancel() }, nil
	case <-ctx.Done():
		cancel()
		return nil, nil, errBusy
	}
}

// make makes a document, or takes one that has just been made.
func (a *API) make(ctx context.Context, path string, m Member, t task) ([]byte, error) {
	ctx, done, err := a.take(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	key := cacheKey{m.Source, path, t.key}
	now := time.Now()
	if body := a.cache.get(key, now); t.key != "" && body != nil {
		return body, nil
	}
	document, err := t.make(ctx, a, m, now.UTC().Truncate(time.Millisecond))
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, errBusy
	case err != nil:
		return nil, err
	}
	body, err := marshal(document)
	if err == nil && t.key != "" {
		a.cache.put(key, time.Now(), body)
	}
	return body, err
}
