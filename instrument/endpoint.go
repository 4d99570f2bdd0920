package instrument

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/argus-dgo/argus/instrument/internal/wire"
	"github.com/argus-dgo/argus/internal/catalog"
)

// maxInteractionBody is how much of a request's body is looked at. What follows
// reaches the handler all the same.
const maxInteractionBody = 256 << 10

var (
	typePing        = slices.Index(interactionTypes, "ping")
	interactionName = catalog.Events()[wire.EventInteractionCreate]
)

// endpoint measures the interactions that arrive by HTTP.
type endpoint struct {
	used atomic.Bool

	mu sync.Mutex
	// pending are the requests whose handler is at work, by the interaction's id.
	pending map[uint64]*httpInteraction
}

// InteractionEndpoint wraps the handler of an application's Interactions Endpoint
// URL, for a bot that receives its interactions by HTTP. Their number and age are
// measured like those of the gateway. Each is followed until it is acknowledged,
// by the response to the request or by a callback from an attached session.
//
// h must verify the signature before anything else. A request that it answers
// with a status below 200 or from 300 to 499, such as 401, does not count as an
// interaction. A 2xx response with a body acknowledges the interaction. After one
// without a body, such as 202, the callback decides, if a session is attached
// that could have made it. Anything else, including a panic, leaves the
// interaction unanswered.
//
// The request and the response pass through unchanged; the first 256 KiB of the
// body are read along as h reads it. h's ResponseWriter is a Flusher or a
// Hijacker if the server's is; http.ResponseController works. Panics are
// re-raised. A nil handler answers 404.
func (i *Instrumentation) InteractionEndpoint(h http.Handler) http.Handler {
	if h == nil {
		return http.NotFoundHandler()
	}
	i.endpoint.used.Store(true)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Body == nil || i.closed.Load() {
			h.ServeHTTP(w, r)
			return
		}
		in := &httpInteraction{inst: i, at: time.Now(), length: r.ContentLength}
		answer := &answerWriter{ResponseWriter: w, in: in}
		defer in.end(answer)           // also while a panic passes, which is not recovered
		r = r.WithContext(r.Context()) // a copy: the server keeps its own
		r.Body = &bodyReader{ReadCloser: r.Body, in: in}
		h.ServeHTTP(answer.withAll(), r)
		in.returned = true
	})
}

// answering notes that a callback is sent for an interaction: whoever answers it
// has accepted it, and may have more to do before the request is responded to.
func (e *endpoint) answering(id uint64) {
	if in := e.find(id); in != nil {
		in.accept()
	}
}

// handled is answering for a handler that was wrapped with Interaction. It returns
// when the interaction arrived.
func (e *endpoint) handled(id uint64) (at time.Time, ok bool) {
	in := e.find(id)
	if in == nil {
		return time.Time{}, false
	}
	in.accept()
	return in.at, true
}

func (e *endpoint) find(id uint64) *httpInteraction {
	if !e.used.Load() {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.pending[id]
}

// An httpInteraction is one request. Until its handler has accepted it, it may
// come from anybody.
type httpInteraction struct {
	inst     *Instrumentation
	at       time.Time
	length   int64 // of the body; below 0 if it is not known
	returned bool  // false when a panic passes

	mu       sync.Mutex
	body     []byte
	parsed   bool
	packet   wire.Packet
	accepted bool
	answered bool
	unseen   bool // whether what answers it cannot be seen
}

// read takes a part of the body. At its end, before the handler can do anything
// with it, the interaction can be found by its id.
func (in *httpInteraction) read(p []byte, atEnd bool) {
	defer in.inst.faults.catch(hookInteraction)
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.parsed {
		return
	}
	in.body = append(in.body, p[:min(len(p), maxInteractionBody-len(in.body))]...)
	if atEnd || len(in.body) == maxInteractionBody || in.length >= 0 && int64(len(in.body)) >= in.length {
		in.parseLocked()
	}
}

func (in *httpInteraction) parseLocked() {
	if in.parsed {
		return
	}
	in.parsed = true
	if open := bytes.TrimLeft(in.body, " \t\r\n"); len(open) > 0 && open[0] == '{' {
		wire.ScanData(&in.packet, interactionName, 0, in.body)
	}
	in.body = nil
	if in.packet.Has&wire.HasID == 0 {
		return
	}
	e := &in.inst.endpoint
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, taken := e.pending[in.packet.ID]; !taken && len(e.pending) < maxPending {
		e.pending[in.packet.ID] = in
	}
}

// accept counts the interaction, once.
func (in *httpInteraction) accept() {
	defer in.inst.faults.catch(hookInteraction)
	in.mu.Lock()
	defer in.mu.Unlock()
	in.acceptLocked()
}

func (in *httpInteraction) acceptLocked() {
	if in.accepted || in.packet.Has&(wire.HasID|wire.HasType) == 0 || in.inst.closed.Load() {
		return
	}
	in.accepted = true
	r := in.inst.received(&in.packet, in.at)
	if r.kind != typePing && !in.unseen { // no user waits for a ping
		in.inst.acks.receive(r, findCommand(in.inst.commands, in.packet.Command))
	}
}

// respond takes the response once it is on its way as a whole.
func (in *httpInteraction) respond(status int, hasBody bool) {
	defer in.inst.faults.catch(hookInteraction)
	in.mu.Lock()
	defer in.mu.Unlock()
	in.parseLocked()
	if in.answered || status < http.StatusOK || status >= http.StatusMultipleChoices && status < http.StatusInternalServerError {
		return
	}
	in.answered = true
	deferred := status < http.StatusMultipleChoices && !hasBody
	in.unseen = deferred && !in.inst.tapped.Load() // whoever makes the callback
	in.acceptLocked()
	if status < http.StatusMultipleChoices && hasBody && in.packet.Has&wire.HasID != 0 {
		now := time.Now()
		in.inst.acks.begin(in.packet.ID, now)
		in.inst.acks.end(in.packet.ID, status, 0, now)
	}
}

// end takes the response of a handler that has returned, or panicked.
func (in *httpInteraction) end(w *answerWriter) {
	status := w.status
	switch {
	case w.hijacked:
		status = 0 // what came of it is not seen
	case !in.returned && (status == 0 || !w.complete()):
		status = http.StatusInternalServerError // the server cuts the connection
	case status == 0:
		status = http.StatusOK // the server's, for a handler that writes nothing
	}
	in.respond(status, w.written > 0)
	in.mu.Lock()
	id := in.packet.ID
	in.mu.Unlock()
	e := &in.inst.endpoint
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.pending[id] == in {
		delete(e.pending, id)
	}
}

// A bodyReader reads a request's body along.
type bodyReader struct {
	io.ReadCloser
	in *httpInteraction
}

func (b *bodyReader) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.in.read(p[:max(0, min(n, len(p)))], err == io.EOF) // what a Reader returns is io.EOF itself
	return n, err
}
