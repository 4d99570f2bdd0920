package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/documents"
	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/excerpt"
)

const (
	maxBody     = 16 << 10
	maxMatchers = 16
	mostMinutes = 30 * 24 * 60
)

// newMute is the body of a request for a mute.
type newMute struct {
	Matchers []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"matchers"`
	Minutes int    `json:"minutes"`
	Comment string `json:"comment"`
}

func (a *API) mute(w http.ResponseWriter, r *http.Request) {
	var request newMute
	if !read(w, r, &request) {
		return
	}
	if n := len(request.Matchers); n < 1 || n > maxMatchers {
		fail(w, http.StatusBadRequest, fmt.Sprintf("matchers: there are %d; a mute has 1 to %d", n, maxMatchers))
		return
	}
	if request.Minutes < 1 || request.Minutes > mostMinutes {
		fail(w, http.StatusBadRequest, fmt.Sprintf("minutes: %d is not from 1 to %d", request.Minutes, mostMinutes))
		return
	}
	var matchers []documents.Matcher
	for _, m := range request.Matchers {
		if m.Name == "" || m.Value == "" {
			fail(w, http.StatusBadRequest, "matchers: each needs a name and a value")
			return
		}
		matchers = append(matchers, documents.Matcher{Name: m.Name, Value: m.Value, Op: "="})
	}
	until := time.Now().Add(time.Duration(request.Minutes) * time.Minute)
	id, err := a.fleet.Mute(r.Context(), matchers, until, who(r), excerpt.Line(request.Comment, maxText))
	if err != nil {
		a.failed(w, r, err)
		return
	}
	a.kept.forget()
	body, _ := json.Marshal(map[string]string{"id": id})
	writeJSON(w, http.StatusCreated, body)
}

func (a *API) unmute(w http.ResponseWriter, r *http.Request) {
	if err := a.fleet.Unmute(r.Context(), r.PathValue("id"), who(r)); err != nil {
		a.failed(w, r, err)
		return
	}
	a.kept.forget()
	w.WriteHeader(http.StatusNoContent)
}

func (a *API) forget(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Job     string  `json:"job"`
		Bot     *string `json:"bot"`
		Region  *string `json:"region"`
		Cluster string  `json:"cluster"`
	}
	if !read(w, r, &request) {
		return
	}
	place := members.Place{Job: request.Job, Bot: value(request.Bot), Region: value(request.Region), Cluster: request.Cluster}
	if err := a.fleet.Forget(place, who(r)); err != nil {
		a.failed(w, r, err)
		return
	}
	a.kept.forget()
	w.WriteHeader(http.StatusNoContent)
}

// eraseTimeout is how long an erasure may take.
const eraseTimeout = 10 * time.Minute

func (a *API) erase(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Guild string `json:"guild"`
	}
	if !read(w, r, &request) {
		return
	}
	guild, err := strconv.ParseUint(request.Guild, 10, 64)
	if err != nil || guild == 0 {
		fail(w, http.StatusBadRequest, "guild: it is not the decimal id of a guild")
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(eraseTimeout))
	events, err := a.fleet.EraseGuild(guild, who(r))
	if err != nil {
		a.failed(w, r, err)
		return
	}
	a.kept.forget()
	body, _ := json.Marshal(map[string]int64{"events": events})
	writeJSON(w, http.StatusOK, body)
}

// backupTimeout is how long the making of a backup may take.
const backupTimeout = 15 * time.Minute

func (a *API) backup(w http.ResponseWriter, r *http.Request) {
	if !read(w, r, &struct{}{}) {
		return
	}
	// It takes longer than other requests. A writer without deadlines has none.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(backupTimeout))
	folder, err := a.fleet.Backup(who(r))
	if err != nil {
		a.failed(w, r, err)
		return
	}
	body, _ := json.Marshal(map[string]string{"folder": folder})
	writeJSON(w, http.StatusCreated, body)
}

func value(of *string) string {
	if of == nil {
		return ""
	}
	return *of
}

// read reads a body, or answers why it cannot.
func read(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil && !decoder.More() {
		return true
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		fail(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d KiB", maxBody>>10))
		return false
	}
	fail(w, http.StatusBadRequest, "the body is not the JSON that docs/fleet-openapi.json describes")
	return false
}

// who is what is known of a person who asks for a change: the address.
func who(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "unknown"
	}
	return host
}
