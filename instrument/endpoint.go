package instrument

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/argus-dgo/argus/instrument/internal/wire"
	"github.com/argus-dgo/argus/internal/catalog"
)

// maxInteractionBody is the limit for the part of a request's body that is
// parsed. The handler receives all of it.
const maxInteractionBody = 256 << 10

var interactionName = catalog.Events()[wire.EventInteractionCreate]

// endpoint measures the interactions that arrive by HTTP.
type endpoint struct {
	used atomic.Bool

	mu sync.Mutex
	// pending are the requests whose handler is running, by interaction id.
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
		in := &httpInteraction{inst: i, at: time.Now(), length: r.ContentLength, ctx: r.Context()}
		answer := &answerWriter{ResponseWriter: w, in: in}
		defer in.end(answer)           // also during a panic, which is not recovered
		r = r.WithContext(r.Context()) // a copy: the server keeps its own
		r.Body = &bodyReader{ReadCloser: r.Body, in: in}
		h.ServeHTTP(answer.withAll(), r)
		in.returned = true
	})
}

// answering records that a callback is sent for an interaction. This shows that
// the handler has accepted the interaction, before the request has its response.
func (e *endpoint) answering(id uint64) {
	if in := e.find(id); in != nil {
		in.accept()
	}
}

// handled is like answering, for a handler that is wrapped with Interaction. It
// returns the time when the interaction arrived.
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

// An httpInteraction is one request. It is not trusted until its handler has
// accepted it.
type httpInteraction struct {
	inst     *Instrumentation
	at       time.Time
	length   int64           // of the body; below 0 if unknown
	ctx      context.Context //nolint:containedctx // of the request
	returned bool            // false after a panic

	mu       sync.Mutex
	body     []byte
	parsed   bool
	packet   wire.Packet
	accepted bool
	answered bool
	unseen   bool // whether its answer cannot be observed
}

// read takes a part of the body. When the body is complete, before the handler
// can use it, the interaction can be found by its id.
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
	isPing := in.packet.Type == typePing
	awaited := !isPing && !in.unseen // no user waits for a ping
	r := in.inst.received(&in.packet, arrival{at: in.at, ctx: in.ctx, heard: !isPing, awaited: awaited && !in.inst.acks.off})
	if awaited {
		in.inst.acks.receive(r, r.commandIn(in.inst.commands, &in.packet))
	}
}

// respond takes the response once all of it has been written.
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
	in.unseen = deferred && !in.inst.tapped.Load() // the callback is then made elsewhere
	in.acceptLocked()
	if status < http.StatusMultipleChoices && hasBody && in.packet.Has&wire.HasID != 0 {
		now := time.Now()
		in.inst.acks.begin(in.packet.ID, now)
		in.inst.acks.end(in.packet.ID, status, 0, now)
	}
}

// end takes the response of a handler that has returned or panicked.
func (in *httpInteraction) end(w *answerWriter) {
	status := w.status
	switch {
	case w.hijacked:
		status = 0 // its response is not seen
	case !in.returned && (status == 0 || !w.complete()):
		status = http.StatusInternalServerError // the server cuts the connection
	case status == 0:
		status = http.StatusOK // by net/http, for a handler that writes nothing
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

// A bodyReader reads a request's body along with the handler.
type bodyReader struct {
	io.ReadCloser
	in *httpInteraction
}

func (b *bodyReader) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.in.read(p[:max(0, min(n, len(p)))], err == io.EOF) // a Reader returns io.EOF itself, not wrapped
	return n, err
}
