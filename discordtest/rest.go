package discordtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	defaultRecords = 10_000
	maxBody        = 32 << 20
	maxKeptBody    = 16 << 10
	// interactionDeadline is Discord's time limit for the first answer.
	interactionDeadline = 3 * time.Second
)

// A Request is a REST request as it arrived, without its Authorization header.
type Request struct {
	Method string
	// Path does not include /api/v9. Paths of interactions and webhooks contain a
	// token; Pattern and String do not.
	Path    string
	Query   string
	Pattern string // of the route that answered, or "" without one
	Status  int
	Time    time.Time
	// Body is the first 16 KiB of the body.
	Body []byte
	// Scope is the scope of the rate limit in the answer: user, global or shared;
	// otherwise "".
	Scope string
}

// String omits the body, and the tokens in Path.
func (r Request) String() string {
	return fmt.Sprintf("%s %s -> %d", r.Method, r.Pattern, r.Status)
}

// A Callback is an answer to an interaction: a request to
// /interactions/{id}/{token}/callback.
type Callback struct {
	InteractionID string
	Type          int // of the response: 4 is a message, 5 a deferred one, ...
	Status        int // what the server answered
	Time          time.Time
	Body          []byte // the response's JSON, up to 16 KiB
}

// expected is an interaction that was sent.
type expected struct {
	token    string
	created  time.Time
	answered bool
}

type rest struct {
	server *Server
	routes []route // the defaults

	mu        sync.Mutex
	handlers  []route // newest first
	limits    []*limitRule
	fails     []*failRule
	delays    []*delayRule
	requests  ring[recorded]
	callbacks ring[Callback]
	expecting map[string]*expected
	order     []string // of expecting, oldest first
	commands  map[string][]map[string]any
	buckets   map[string]*bucket
	limited   map[string]int // number of answers with 429, by scope

	// What the bot created or changed by REST.
	objects      map[string][]object // by collection, oldest first
	channels     map[string]object   // nil for a deleted channel
	channelOrder []string            // of channels, oldest first
	sent         ring[MessagePayload]
	deleted      map[string]bool     // messages
	pinned       map[string][]pinned // by channel, oldest first
}

type route struct {
	token   string // of the bot that it applies to; empty: any
	method  string
	pattern string
	parts   []string
	handler http.HandlerFunc
}

type failRule struct {
	route
	status, times int
}

type delayRule struct {
	route
	delay time.Duration
}

func newREST(s *Server) *rest {
	r := &rest{
		server:    s,
		requests:  ring[recorded]{limit: s.cfg.records},
		callbacks: ring[Callback]{limit: s.cfg.records},
		expecting: map[string]*expected{},
		commands:  map[string][]map[string]any{},
		buckets:   map[string]*bucket{},
		limited:   map[string]int{},
		objects:   map[string][]object{},
		channels:  map[string]object{},
		sent:      ring[MessagePayload]{limit: s.cfg.records},
		deleted:   map[string]bool{},
		pinned:    map[string][]pinned{},
	}
	r.routes = r.defaults()
	return r
}

// ring keeps the newest values.
type ring[T any] struct {
	limit, next int
	values      []T
}

func (r *ring[T]) add(v T) {
	if len(r.values) < r.limit {
		r.values = append(r.values, v)
		return
	}
	r.values[r.next] = v
	r.next = (r.next + 1) % r.limit
}

// all returns a copy, oldest first.
func (r *ring[T]) all() []T {
	out := make([]T, 0, len(r.values))
	out = append(out, r.values[r.next:]...)
	return append(out, r.values[:r.next]...)
}

// split splits a path into segments and drops empty ones, because discordgo has
// paths with two slashes.
func split(path string) []string {
	return strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
}

func newRoute(method, pattern string, h http.HandlerFunc) route {
	return route{method: strings.ToUpper(method), pattern: pattern, parts: split(pattern), handler: h}
}

// same reports whether both have the same method and pattern.
func (rt *route) same(other *route) bool {
	return rt.token == other.token && rt.method == other.method && rt.pattern == other.pattern
}

// match compares segments: {name} matches any one, {name...} at the end any rest. An
// empty pattern matches every path.
func (rt *route) match(r *http.Request, parts []string) bool {
	if rt.method != "" && rt.method != r.Method || rt.token != "" && rt.token != bareToken(r.Header.Get("Authorization")) {
		return false
	}
	for i, p := range rt.parts {
		name, rest := wildcard(p)
		if rest && i == len(rt.parts)-1 {
			return i <= len(parts)
		}
		if i >= len(parts) || name == "" && p != parts[i] {
			return false
		}
	}
	return len(parts) == len(rt.parts) || rt.pattern == ""
}

// bind sets the path values of a matching request, as net/http.ServeMux does.
func (rt *route) bind(r *http.Request, parts []string) {
	for i, p := range rt.parts {
		switch name, rest := wildcard(p); {
		case rest && i == len(rt.parts)-1:
			r.SetPathValue(name, strings.Join(parts[i:], "/"))
		case name != "":
			r.SetPathValue(name, parts[i])
		}
	}
}

// wildcard returns the name in {name} or {name...}, else "".
func wildcard(segment string) (name string, rest bool) {
	name, ok := strings.CutPrefix(segment, "{")
	if !ok {
		return "", false
	}
	if name, ok = strings.CutSuffix(name, "}"); !ok {
		return "", false
	}
	return strings.CutSuffix(name, "...")
}

// Handle answers a route instead of the default and of earlier calls. An empty method
// matches any. pattern is a path without /api/v9, such as
// /channels/{channel_id}/messages: {name} matches one segment, which
// request.PathValue returns, and a final {name...} matches the rest. h may read the
// request's body. If h blocks, it must return when request.Context ends, because
// Close waits for it. A nil h restores the default.
func (s *Server) Handle(method, pattern string, h http.HandlerFunc) {
	s.rest.handle(newRoute(method, pattern, h))
}

func (r *rest) handle(rt route) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if rt.handler == nil {
		kept := r.handlers[:0:0]
		for _, old := range r.handlers {
			if !old.same(&rt) {
				kept = append(kept, old)
			}
		}
		r.handlers = kept
		return
	}
	r.handlers = append([]route{rt}, r.handlers...)
}

// Fail answers the next requests of a route, times of them, with a status and
// Discord's JSON for it. A negative times means all of them, 0 counts as 1. Several
// failures of one route apply one after the other; a status of 0 removes them. See
// [Server.Handle] for method and pattern; an empty pattern matches every route.
func (s *Server) Fail(method, pattern string, status, times int) {
	s.rest.fail(newRoute(method, pattern, nil), status, times)
}

func (r *rest) fail(rt route, status, times int) {
	if times == 0 {
		times = 1
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if status == 0 {
		r.fails = slices.DeleteFunc(slices.Clone(r.fails), func(f *failRule) bool { return f.same(&rt) })
		return
	}
	r.fails = append(r.fails, &failRule{rt, status, times})
}

// Delay delays every request of a route by d before it is handled, until the next
// call for the same method and pattern; 0 ends it. If several match a request, the
// one that was added last applies. See [Server.Handle] for method and pattern; an
// empty pattern matches every route.
func (s *Server) Delay(method, pattern string, d time.Duration) {
	s.rest.delay(newRoute(method, pattern, nil), d)
}

func (r *rest) delay(rt route, d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.delays, func(old *delayRule) bool { return old.same(&rt) })
	switch {
	case i < 0 && d > 0:
		r.delays = append(r.delays, &delayRule{rt, d})
	case i >= 0 && d > 0:
		r.delays[i].delay = d
	case i >= 0:
		r.delays = slices.Delete(r.delays, i, i+1)
	}
}

// Requests returns the answered REST requests, oldest first.
func (s *Server) Requests() []Request {
	s.rest.mu.Lock()
	defer s.rest.mu.Unlock()
	all := s.rest.requests.all()
	requests := make([]Request, len(all))
	for i, rec := range all {
		requests[i] = rec.Request
	}
	return requests
}

// Callbacks returns the answers to interactions, oldest first.
func (s *Server) Callbacks() []Callback {
	s.rest.mu.Lock()
	defer s.rest.mu.Unlock()
	return s.rest.callbacks.all()
}

// WaitRequest waits for a request that match accepts and returns it. It considers
// requests that were answered before the call.
func (s *Server) WaitRequest(ctx context.Context, match func(Request) bool) (Request, error) {
	var found Request
	err := s.wait(ctx, "a REST request", func() bool {
		for _, r := range s.Requests() {
			if match(r) {
				found = r
				return true
			}
		}
		return false
	})
	return found, err
}

// WaitCallback waits for an answer to an interaction and returns the first.
func (s *Server) WaitCallback(ctx context.Context, interactionID string) (Callback, error) {
	var found Callback
	err := s.wait(ctx, "the answer to interaction "+interactionID, func() bool {
		for _, c := range s.Callbacks() {
			if c.InteractionID == interactionID {
				found = c
				return true
			}
		}
		return false
	})
	return found, err
}

// recorder records the status of an answer and sets its Date.
type recorder struct {
	http.ResponseWriter
	server *Server
	status int
}

func (w *recorder) begin(status int) {
	if w.status == 0 {
		w.status = status
		w.server.date(w.Header())
	}
}

func (w *recorder) WriteHeader(status int) {
	w.begin(status)
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	w.begin(http.StatusOK)
	return w.ResponseWriter.Write(b)
}

// Unwrap implements the interface of http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (r *rest) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	passEdge(rw.Header())
	w := &recorder{ResponseWriter: rw, server: r.server}
	body, err := io.ReadAll(http.MaxBytesReader(rw, req.Body, maxBody))
	if err != nil {
		writeError(w, http.StatusRequestEntityTooLarge, 40005, "Request entity too large")
		return
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	parts := split(req.URL.Path)
	if len(parts) > 0 && parts[0] == "api" {
		parts = parts[1:]
		if len(parts) > 0 && len(parts[0]) > 1 && parts[0][0] == 'v' && parts[0][1] >= '0' && parts[0][1] <= '9' {
			parts = parts[1:]
		}
	}
	rec := Request{
		Method: req.Method, Path: "/" + strings.Join(parts, "/"), Query: req.URL.RawQuery,
		Time: time.Now(), Body: bytes.Clone(body[:min(len(body), maxKeptBody)]),
	}
	r.answer(w, req, parts, &rec)
	w.begin(http.StatusOK) // for a handler that wrote nothing
	rec.Status = w.status
	r.mu.Lock()
	r.requests.add(recorded{rec, bareToken(req.Header.Get("Authorization"))})
	if rec.Scope != "" {
		r.limited[rec.Scope]++
	}
	r.mu.Unlock()
	r.server.notify()
}

func (r *rest) answer(w http.ResponseWriter, req *http.Request, parts []string, rec *Request) {
	rt := r.find(req, parts)
	if rt != nil {
		rec.Pattern = rt.pattern
		rt.bind(req, parts)
	}
	if d := r.delayOf(req, parts); d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-req.Context().Done():
		case <-r.server.closing:
		}
	}
	if status := r.failureOf(req, parts); status != 0 {
		writeError(w, status, 0, fmt.Sprintf("%d: %s", status, http.StatusText(status)))
		return
	}
	if limit := r.limitOf(req, parts); limit != nil {
		rec.Scope = limit.Scope
		limit.write(w, r.server.Now())
		return
	}
	if !public(parts) && !r.server.accepts(req.Header.Get("Authorization")) {
		writeError(w, http.StatusUnauthorized, 0, "401: Unauthorized")
		return
	}
	if rt == nil {
		if strings.HasPrefix(strings.ToLower(req.Host), "cdn.") || strings.HasPrefix(strings.ToLower(req.Host), "media.") {
			rec.Pattern = "cdn"
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write(onePixel)
			return
		}
		writeError(w, http.StatusNotFound, 0, "404: Not Found")
		return
	}
	if r.server.cfg.bucketLimit > 0 && !exempt(parts) && !r.spend(w, rt.pattern, parts, req.Method) {
		rec.Scope = "user"
		return
	}
	rt.handler(w, req)
}

// public reports whether a route needs no Authorization header: routes with a token
// in the path, GET /gateway, and the CDN.
func public(parts []string) bool {
	switch {
	case len(parts) == 0:
		return true
	case parts[0] == "gateway":
		return len(parts) == 1
	case parts[0] == "interactions", parts[0] == "webhooks" && len(parts) >= 3, parts[0] == "scheduled-maintenances":
		return true
	case parts[0] == "oauth2" && len(parts) >= 2 && parts[1] == "token": // authenticated by the client's secret
		return true
	}
	switch parts[0] {
	case "avatars", "icons", "banners", "splashes", "emojis", "embed", "attachments", "role-icons", "channel-icons":
		return true
	}
	return false
}

func (r *rest) find(req *http.Request, parts []string) *route {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.handlers {
		if r.handlers[i].match(req, parts) {
			rt := r.handlers[i]
			return &rt
		}
	}
	for i := range r.routes {
		if r.routes[i].match(req, parts) {
			return &r.routes[i]
		}
	}
	return nil
}

func (r *rest) delayOf(req *http.Request, parts []string) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range slices.Backward(r.delays) {
		if d.match(req, parts) {
			return d.delay
		}
	}
	return 0
}

func (r *rest) failureOf(req *http.Request, parts []string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, f := range r.fails {
		if f.match(req, parts) {
			if f.times > 0 {
				if f.times--; f.times == 0 {
					r.fails = append(r.fails[:i:i], r.fails[i+1:]...)
				}
			}
			return f.status
		}
	}
	return 0
}

// expect records an interaction that was sent, to check the answers to it.
func (r *rest) expect(data json.RawMessage) {
	var p struct {
		ID    string `json:"id"`
		Token string `json:"token"`
	}
	if json.Unmarshal(data, &p) != nil || p.ID == "" {
		return
	}
	created, err := SnowflakeTime(p.ID)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, again := r.expecting[p.ID]; !again {
		r.order = append(r.order, p.ID)
	}
	r.expecting[p.ID] = &expected{token: p.Token, created: created}
	for len(r.order) > r.server.cfg.records {
		delete(r.expecting, r.order[0])
		r.order = r.order[1:]
	}
}

// callback handles POST /interactions/{id}/{token}/callback.
func (r *rest) callback(w http.ResponseWriter, req *http.Request) {
	now := time.Now()
	judged := r.server.Now()
	body, err := jsonBody(req)
	var p struct {
		Type int `json:"type"`
	}
	if err == nil {
		err = json.Unmarshal(body, &p)
	}
	cb := Callback{
		InteractionID: req.PathValue("interaction_id"), Type: p.Type, Time: now,
		Body: bytes.Clone(body[:min(len(body), maxKeptBody)]),
	}
	code, message := 0, ""
	r.mu.Lock()
	known := r.expecting[cb.InteractionID]
	switch {
	case err != nil || p.Type == 0:
		cb.Status, code, message = http.StatusBadRequest, 50035, "Invalid Form Body"
	case known == nil && r.server.cfg.strict,
		known != nil && r.server.cfg.strict && !known.answered && judged.Sub(known.created) > interactionDeadline:
		cb.Status, code, message = http.StatusNotFound, 10062, "Unknown interaction"
	case known != nil && known.token != req.PathValue("token"):
		cb.Status, code, message = http.StatusUnauthorized, 50027, "Invalid Webhook Token"
	case known != nil && known.answered:
		cb.Status, code, message = http.StatusBadRequest, 40060, "Interaction has already been acknowledged."
	default:
		cb.Status = http.StatusNoContent
		if req.URL.Query().Get("with_response") == "true" {
			cb.Status = http.StatusOK
		}
		if known != nil {
			known.answered = true
		}
	}
	r.callbacks.add(cb)
	r.mu.Unlock()
	switch {
	case code != 0:
		writeError(w, cb.Status, code, message)
	case cb.Status == http.StatusOK:
		writeJSON(w, http.StatusOK, map[string]any{"interaction": map[string]any{"id": cb.InteractionID, "type": 2}})
	default:
		w.WriteHeader(cb.Status)
	}
}

// jsonBody returns the JSON of a request, including one that uploads files.
func jsonBody(req *http.Request) ([]byte, error) {
	kind, params, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return io.ReadAll(req.Body)
	}
	parts := multipart.NewReader(req.Body, params["boundary"])
	for {
		part, err := parts.NextPart()
		if err != nil {
			return nil, fmt.Errorf("no payload_json: %w", err)
		}
		if part.FormName() == "payload_json" {
			return io.ReadAll(part)
		}
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		status, raw = http.StatusInternalServerError, []byte(`{"message":"500: Internal Server Error","code":0}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}

// writeError answers with Discord's error object.
func writeError(w http.ResponseWriter, status, code int, message string) {
	writeJSON(w, status, map[string]any{"message": message, "code": code})
}

// onePixel is the image that the CDN returns.
var onePixel = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89" +
	"\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x03\x00\x08\xfc\x02\xfe\xa7\x9a\xa0\xa0\x00\x00\x00\x00IEND\xaeB`\x82")
