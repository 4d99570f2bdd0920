// Package api serves what a process knows about itself as JSON, under /api/v1/.
package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/findings"
)

// Version is that of the documents. A change that a client could notice raises it.
const Version = 1

// StatusPath is the path of [API.Status].
const StatusPath = "/api/v1/status"

const (
	// reuse is how long a report is served again: everyone who asks within this time
	// shares one examination.
	reuse = time.Second
	// timeout is the time limit of an examination.
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

// A Status is the document at [StatusPath].
type Status struct {
	Version  int      `json:"version"`
	Identity Identity `json:"identity"`
	// Verdict is "calm", "look", "affected" or "unknown".
	Verdict string          `json:"verdict"`
	Report  findings.Report `json:"report"`
}

// A Member is a bot of the process.
type Member struct {
	Identity Identity
	Source   evidence.Source
}

// An API answers for the bots of a process.
type API struct {
	// Members returns the bots that are served now.
	Members func() []Member
	// Report takes faults.
	Report func(error)

	mu    sync.Mutex
	cache map[Identity]*cached
}

type cached struct {
	mu   sync.Mutex // held while the report is made
	at   time.Time
	body []byte
}

// Status serves the verdict and the findings of one bot, which the parameter bot names
// where there are several.
func (a *API) Status(w http.ResponseWriter, r *http.Request) {
	m, err := a.member(r.URL.Query()["bot"])
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	body, err := a.status(r.Context(), m)
	if err != nil {
		a.Report(fmt.Errorf("%s: %w", StatusPath, err))
		fail(w, http.StatusInternalServerError, "the examination failed; the cause is in the log of the process")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// member returns the bot that a request is about.
func (a *API) member(names []string) (Member, error) {
	members := a.Members()
	var known []string
	for _, m := range members {
		if len(names) == 0 && len(members) == 1 || len(names) == 1 && names[0] == m.Identity.Bot {
			return m, nil
		}
		known = append(known, strconv.Quote(m.Identity.Bot))
	}
	switch {
	case len(members) == 0:
		return Member{}, fmt.Errorf("no bot of this process keeps a history: ARGUS_HISTORY is false, or the process is starting")
	case len(names) == 0:
		return Member{}, fmt.Errorf("the process has several bots: choose one with ?bot=, of %s", strings.Join(known, ", "))
	}
	return Member{}, fmt.Errorf("the process has no such bot; it has %s", strings.Join(known, ", "))
}

func (a *API) status(ctx context.Context, m Member) ([]byte, error) {
	a.mu.Lock()
	if a.cache == nil {
		a.cache = map[Identity]*cached{}
	}
	c := a.cache[m.Identity]
	if c == nil {
		c = &cached{}
		a.cache[m.Identity] = c
	}
	a.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.body != nil && now.Sub(c.at) < reuse {
		return c.body, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	report, err := findings.Examine(ctx, m.Source, now)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(Status{Version, m.Identity, report.Verdict().String(), report})
	if err != nil {
		return nil, err
	}
	c.at, c.body = now, append(body, '\n')
	return c.body, nil
}

// fail answers with an error as JSON.
func fail(w http.ResponseWriter, status int, text string) {
	body, _ := json.Marshal(map[string]string{"error": text})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}
