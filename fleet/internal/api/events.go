package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/csvtable"
	"github.com/argus-dgo/argus/fleet/internal/documents"
	"github.com/argus-dgo/argus/fleet/internal/eventdocs"
	"github.com/argus-dgo/argus/internal/access"
	"github.com/argus-dgo/argus/internal/excerpt"
)

const (
	// eventsPath is what the paths of questions about events begin with.
	eventsPath = "events/"

	maxQuestions    = 4
	questionTimeout = 10 * time.Second
)

var (
	errEventsOff = errors.New("this fleet keeps no events; set --events=on (ARGUS_FLEET_EVENTS), and a viewer's token")
	errNoToken   = errors.New("events have ids of guilds, which are not shown without a token; set --viewer-token-file (ARGUS_FLEET_VIEWER_TOKEN_FILE)")
	errTooLong   = errors.New("the answer takes more than 10 s; ask for a shorter window")
	errStore     = errors.New("the store of events does not answer; the fleet's log has the cause")
)

// A question makes the document that answers a request.
type question func(ctx context.Context, q url.Values, now time.Time) (eventdocs.Document, error)

// handleEvents adds the paths of the questions about events.
func (a *API) handleEvents(s eventdocs.Source, guard *access.Guard) {
	refuse := http.HandlerFunc(access.Refuse)
	add := func(path string, of question, parameters ...string) {
		h := a.answer(s.On(), path, append(parameters, "format", "table"), of)
		a.mux.Handle("GET "+Prefix+eventsPath+path, guard.Handler(withToken(guard, h), refuse))
	}
	add("bots", s.Bots)
	add("commands", s.Commands, "bot", "from", "to", "version")
	add("command", s.Command, "bot", "from", "to", "command", "version")
	add("versions", s.Versions, "bot", "from", "to")
	add("release", s.Release, "bot", "from", "to", "before", "after")
	add("guilds-hit", s.GuildsHit, "bot", "from", "to", "limit")
	add("growth", s.Growth, "bot", "from", "to")
	add("guild", s.Guild, "bot", "from", "to", "guild")
	add("ingest", s.Ingest, "bot", "from", "to")
}

// withToken refuses all of a fleet that has no tokens, also when it had some at the start.
func withToken(guard *access.Guard, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !guard.Asks() {
			fail(w, http.StatusForbidden, errNoToken.Error())
			return
		}
		next.ServeHTTP(w, r)
	})
}

// answer serves a question as JSON, or one of its tables as CSV. No answer is kept: the
// windows of two people are hardly ever the same.
func (a *API) answer(on bool, path string, parameters []string, of question) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if !on {
			fail(w, http.StatusNotFound, errEventsOff.Error())
			return
		}
		q, good := query(w, r, parameters)
		if !good {
			return
		}
		if f := q.Get("format"); f != "" && f != "json" && f != "csv" {
			a.failed(w, r, parameter("format", "%q is neither json nor csv", excerpt.Clip(f, 64)))
			return
		}
		d, err := a.ask(r.Context(), q, of)
		if err != nil {
			a.unanswered(w, r, err)
			return
		}
		if q.Get("format") == "csv" {
			a.writeCSV(w, r, path, q, d)
			return
		}
		body, err := json.Marshal(d)
		if err != nil {
			a.unanswered(w, r, err)
			return
		}
		writeJSON(w, http.StatusOK, body)
	})
}

// ask answers a question when it is its turn.
func (a *API) ask(ctx context.Context, q url.Values, of question) (eventdocs.Document, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, questionTimeout, errTooLong)
	defer cancel()
	select {
	case a.asking <- struct{}{}:
		defer func() { <-a.asking }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	d, err := of(ctx, q, time.Now())
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx) // stores have errors of their own for it
	}
	return d, err
}

// unanswered says why there is no answer. What a store says may have more than a viewer
// should read.
func (a *API) unanswered(w http.ResponseWriter, r *http.Request, err error) {
	_, bad := errors.AsType[documents.ParameterError](err)
	switch {
	case bad, r.Context().Err() != nil:
		a.failed(w, r, err)
		return
	case errors.Is(err, errTooLong):
		err = errTooLong
	default:
		a.report(fmt.Errorf("%s: %w", r.URL.Path, err))
		err = errStore
	}
	w.Header().Set("Retry-After", "5")
	fail(w, http.StatusServiceUnavailable, err.Error())
}

// writeCSV serves a table as a file.
func (a *API) writeCSV(w http.ResponseWriter, r *http.Request, path string, q url.Values, d eventdocs.Document) {
	tables := d.Tables()
	table, is := tables[0], true
	if name := q.Get("table"); name != "" {
		i := slices.IndexFunc(tables, func(t eventdocs.Table) bool { return t.Name == name })
		if is = i >= 0; is {
			table = tables[i]
		}
	}
	if !is {
		names := make([]string, len(tables))
		for i, t := range tables {
			names[i] = t.Name
		}
		a.failed(w, r, parameter("table", "%q is no table of this path; it has: %s", excerpt.Clip(q.Get("table"), 64), strings.Join(names, ", ")))
		return
	}
	var body bytes.Buffer
	if err := csvtable.Write(&body, table.Rows); err != nil {
		a.unanswered(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
	name := path
	if table.Name != tables[0].Name {
		name += "-" + table.Name
	}
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", "argus-"+name+".csv"))
	_, _ = w.Write(body.Bytes())
}

func parameter(name, format string, args ...any) error {
	return documents.ParameterError{Parameter: name, Err: fmt.Errorf(format, args...)}
}
