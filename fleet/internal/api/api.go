package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/argus-dgo/argus/fleet/internal/documents"
	"github.com/argus-dgo/argus/fleet/internal/eventdocs"
	"github.com/argus-dgo/argus/fleet/internal/journal"
	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/access"
	"github.com/argus-dgo/argus/internal/excerpt"
)

// Prefix is that of all paths.
const Prefix = "/api/fleet/v1/"

const (
	maxEvents = 500
	maxText   = 300

	overviewPath = "overview"

	leastRange, mostRange = 5 * time.Minute, 15 * 24 * time.Hour
	usualRange            = time.Hour
)

// A Fleet is what the documents are made from. It is safe for concurrent use.
type Fleet interface {
	// Input is what is known now.
	Input() documents.Input
	// Counts are the numbers of alerts by state.
	Counts(ctx context.Context) (documents.AlertCounts, error)
	// Events returns events of a window, newest first.
	Events(from, to time.Time, most int, is func(journal.Event) bool) (list []journal.Event, more bool)
	// Alerts returns the alerts with their mutes, and whether notifications arrive.
	Alerts(ctx context.Context) (*documents.Alerts, error)
	// SeriesOf returns the number of series of each instance.
	SeriesOf(ctx context.Context) (map[string]int, error)
	// Mute holds back notifications; by says who asks for it.
	Mute(ctx context.Context, matchers []documents.Matcher, until time.Time, by, comment string) (id string, err error)
	// Unmute ends a mute.
	Unmute(ctx context.Context, id, by string) error
	// Forget removes a place that was retired.
	Forget(p members.Place, by string) error
	// EraseGuild removes a guild from the events, and returns how many there were.
	EraseGuild(guild uint64, by string) (events int64, err error)
	// Backup copies the data into a folder, and returns that.
	Backup(by string) (folder string, err error)
}

// ErrBackup is the error of a backup while another one is made.
var ErrBackup = errors.New("another backup is being made")

// ErrNoMute is the error of a mute that is not there.
var ErrNoMute = errors.New("there is no such mute")

// ErrNoEvents is the error of a change of events while there are none.
var ErrNoEvents = errors.New("the fleet keeps no events: ARGUS_FLEET_EVENTS is off, or its log says why they cannot be kept")

// An API serves the documents of a fleet.
type API struct {
	fleet  Fleet
	kept   documentsKept
	report func(error)
	asking chan struct{} // a slot for each question about events that is being answered
	mux    *http.ServeMux
}

// New returns the API. report takes faults.
func New(fleet Fleet, events eventdocs.Source, guard *access.Guard, report func(error)) *API {
	a := &API{fleet: fleet, report: report, asking: make(chan struct{}, maxQuestions), mux: http.NewServeMux()}
	refuse := http.HandlerFunc(access.Refuse)
	read := func(path string, parameters []string, of maker) {
		a.mux.Handle("GET "+Prefix+path, guard.Handler(a.document(path, parameters, of), refuse))
	}
	bot := []string{"job", "bot"}
	read(overviewPath, bot, a.overview)
	read("history", append(slices.Clone(bot), "range"), a.history)
	read("sparks", bot, a.sparks)
	read("cluster", []string{"job", "bot", "region", "cluster", "range"}, a.cluster)
	read("timeline", append(slices.Clone(bot), "range", "to"), a.timeline)
	read("alerts", nil, a.alerts)
	read("members", nil, a.members)
	read("shard-of", append(slices.Clone(bot), "guild"), a.shardOf)
	a.mux.Handle("GET "+Prefix+"targets", guard.Handler(a.targets(bot), refuse))
	a.handleEvents(events, guard)
	change := func(pattern string, h http.HandlerFunc) {
		a.mux.Handle(pattern, guard.HandlerFor(access.Operator, h, refuse))
	}
	change("POST "+Prefix+"mutes", a.mute)
	change("DELETE "+Prefix+"mutes/{id}", a.unmute)
	change("POST "+Prefix+"forget", a.forget)
	change("POST "+Prefix+"erase", a.erase)
	change("POST "+Prefix+"backup", a.backup)
	return a
}

// Close waits for documents that are being made. No request may come after it.
func (a *API) Close() { a.kept.making.Wait() }

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := a.mux.Handler(r); pattern == "" {
		status, text := http.StatusNotFound, "there is no such path in the API; docs/fleet-openapi.json lists them"
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			other := r.Clone(r.Context())
			if other.Method = method; method == r.Method {
				continue
			}
			if _, pattern := a.mux.Handler(other); pattern != "" {
				status, text = http.StatusMethodNotAllowed, "the path has the method "+method
				w.Header().Set("Allow", method)
			}
		}
		fail(w, status, text)
		return
	}
	a.mux.ServeHTTP(w, r)
}

// A maker makes a document of a request's parameters.
type maker func(ctx context.Context, in documents.Input, q url.Values) (any, error)

// document serves what a maker makes. The key of what is kept are the parameters.
func (a *API) document(path string, parameters []string, of maker) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q, good := query(w, r, parameters)
		if !good {
			return
		}
		body, tag, err := a.kept.get(r.Context(), path+"?"+q.Encode(), func(ctx context.Context) (any, error) {
			return of(ctx, a.fleet.Input(), q)
		})
		if err != nil {
			a.failed(w, r, err)
			return
		}
		w.Header().Set("ETag", tag)
		if slices.Contains(strings.Split(strings.ReplaceAll(r.Header.Get("If-None-Match"), " ", ""), ","), tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		writeJSON(w, http.StatusOK, slices.Concat(fmt.Appendf(nil, `{"now":%q,`, time.Now().UTC().Format(time.RFC3339Nano)), body[1:]))
	})
}

// query reads the parameters of a request, or answers why it cannot.
func query(w http.ResponseWriter, r *http.Request, parameters []string) (q url.Values, good bool) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		fail(w, http.StatusBadRequest, "the query of the URL cannot be read")
		return nil, false
	}
	for name, values := range q {
		if !slices.Contains(parameters, name) || len(values) > 1 {
			fail(w, http.StatusBadRequest, fmt.Sprintf("%q is no parameter of this path, or is given twice; it has: %s",
				excerpt.Clip(name, 64), strings.Join(parameters, ", ")))
			return nil, false
		}
	}
	return q, true
}

// wanted selects the bot that a query asks for, or all.
func wanted(q url.Values) (w documents.Wanted) {
	for name, field := range map[string]**string{"job": &w.Job, "bot": &w.Bot} {
		if q.Has(name) {
			value := q.Get(name)
			*field = &value
		}
	}
	return w
}

func (a *API) failed(w http.ResponseWriter, r *http.Request, err error) {
	bad, isBad := errors.AsType[documents.ParameterError](err)
	switch {
	case isBad:
		fail(w, http.StatusBadRequest, bad.Error())
	case errors.Is(err, documents.ErrNoCluster), errors.Is(err, members.ErrUnknown), errors.Is(err, ErrNoMute), errors.Is(err, ErrNoEvents):
		fail(w, http.StatusNotFound, err.Error())
	case errors.Is(err, members.ErrReports), errors.Is(err, ErrBackup):
		fail(w, http.StatusConflict, err.Error())
	case r.Context().Err() != nil:
		// Nobody waits for the answer.
	default:
		a.report(fmt.Errorf("%s: %w", r.URL.Path, err))
		w.Header().Set("Retry-After", "5")
		fail(w, http.StatusServiceUnavailable, "the fleet cannot answer: "+excerpt.Line(err.Error(), maxText))
	}
}

func (a *API) overview(ctx context.Context, in documents.Input, q url.Values) (any, error) {
	o, err := documents.MakeOverview(ctx, in, wanted(q))
	if err != nil {
		return nil, err
	}
	o.Alerts, err = a.fleet.Counts(ctx)
	return o, err
}

func (a *API) history(ctx context.Context, in documents.Input, q url.Values) (any, error) {
	length, err := rangeOf(q)
	if err != nil {
		return nil, err
	}
	events, _ := a.fleet.Events(in.At.Add(-length), in.At, maxEvents, eventsOf(q))
	return documents.MakeHistory(ctx, in, length, documents.Marks(events), wanted(q))
}

func (a *API) sparks(ctx context.Context, in documents.Input, q url.Values) (any, error) {
	return documents.MakeSparks(ctx, in, wanted(q))
}

func (a *API) cluster(ctx context.Context, in documents.Input, q url.Values) (any, error) {
	length, err := rangeOf(q)
	if err != nil {
		return nil, err
	}
	place := members.Place{Job: q.Get("job"), Bot: q.Get("bot"), Region: q.Get("region"), Cluster: q.Get("cluster")}
	for _, name := range []string{"job", "cluster"} {
		if q.Get(name) == "" {
			return nil, documents.ParameterError{Parameter: name, Err: errors.New("is needed")}
		}
	}
	events, _ := a.fleet.Events(in.At.Add(-length), in.At, maxEvents, func(e journal.Event) bool {
		return e.Job == place.Job && e.Bot == place.Bot && e.Region == place.Region && e.Cluster == place.Cluster
	})
	overview, err := a.lately(ctx, in, place)
	if err != nil {
		return nil, err
	}
	return documents.MakeDetail(ctx, in, overview, place, length, documents.Marks(events))
}

// lately returns the overview of all bots that is served, which costs nothing while
// somebody looks at it, or a new one if a place is not in it yet.
func (a *API) lately(ctx context.Context, in documents.Input, place members.Place) (*documents.Overview, error) {
	content, err := a.kept.content(ctx, overviewPath+"?", func(ctx context.Context) (any, error) { return a.overview(ctx, a.fleet.Input(), nil) })
	if err != nil {
		return nil, err
	}
	if o, is := content.(*documents.Overview); is && o.Has(place) {
		return o, nil
	}
	return documents.MakeOverview(ctx, in, documents.Wanted{})
}

func (a *API) timeline(_ context.Context, in documents.Input, q url.Values) (any, error) {
	length, err := rangeOf(q)
	if err != nil {
		return nil, err
	}
	to := in.At
	if text := q.Get("to"); text != "" {
		if to, err = time.Parse(time.RFC3339, text); err != nil {
			return nil, documents.ParameterError{Parameter: "to", Err: fmt.Errorf("%q is not a time such as 2026-12-01T03:00:00Z", excerpt.Clip(text, 64))}
		}
	}
	events, more := a.fleet.Events(to.Add(-length), to, maxEvents, eventsOf(q))
	return documents.MakeTimeline(in, to.Add(-length), to, events, more), nil
}

// eventsOf selects the events of the bot that a query asks for.
func eventsOf(q url.Values) func(journal.Event) bool {
	return func(e journal.Event) bool { return wanted(q).Is(e.Job, e.Bot) }
}

func (a *API) alerts(ctx context.Context, _ documents.Input, _ url.Values) (any, error) {
	return a.fleet.Alerts(ctx)
}

func (a *API) members(ctx context.Context, in documents.Input, _ url.Values) (any, error) {
	series, err := a.fleet.SeriesOf(ctx)
	if err != nil {
		return nil, err
	}
	return documents.MakeMembers(in, series), nil
}

func (a *API) shardOf(ctx context.Context, in documents.Input, q url.Values) (any, error) {
	return documents.MakeShardOf(ctx, in, q.Get("guild"), wanted(q))
}

// rangeOf reads how long a chart is.
func rangeOf(q url.Values) (time.Duration, error) {
	text := q.Get("range")
	if text == "" {
		return usualRange, nil
	}
	d, err := model.ParseDuration(text)
	if length := time.Duration(d); err == nil && length >= leastRange && length <= mostRange {
		return length, nil
	}
	return 0, documents.ParameterError{Parameter: "range", Err: fmt.Errorf("%q is not a duration from 5m to 15d", excerpt.Clip(text, 64))}
}

func fail(w http.ResponseWriter, status int, text string) {
	body, _ := json.Marshal(map[string]string{"error": text}) // a string always has a JSON form
	writeJSON(w, status, body)
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // JSON, with nosniff
}
