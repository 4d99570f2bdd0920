package api

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// The limits of a stream.
const (
	mostStreams = 32 // of a process
	keepAlive   = 15 * time.Second
	// writeWait is how long a client may take to read a message. One that takes longer
	// is dropped, and nothing waits for it but its own request.
	writeWait = 10 * time.Second
	// comeBack is when a client whose stream has ended connects again.
	comeBack = 3 * time.Second
)

// Slots are the places for streams in a process. The zero value has all free.
type Slots struct{ taken atomic.Int32 }

func (s *Slots) take() bool {
	if s.taken.Add(1) <= mostStreams {
		return true
	}
	s.leave()
	return false
}

func (s *Slots) leave() { s.taken.Add(-1) }

// Resumed is the message to a client that has come back, before those that it missed.
type Resumed struct {
	Version int `json:"version"`
	Missed  int `json:"missed"`
}

func streamParameters(Member, *parameters) task { return task{} }

// stream serves server-sent events: a snapshot, and then a message at each step of the
// history. It ends when the client leaves or does not read, the bot leaves, or the API is
// closed.
func (a *API) stream() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m, _, err := a.prepare(r, streamParameters)
		switch {
		case err != nil:
			fail(w, http.StatusBadRequest, err.Error())
			return
		case !acceptsEvents(r):
			fail(w, http.StatusNotAcceptable, "this path answers with text/event-stream alone")
			return
		case r.Method == http.MethodHead:
			w.Header().Set("Content-Type", "text/event-stream")
			return
		}
		if !a.slots.take() {
			w.Header().Set("Retry-After", "5")
			fail(w, http.StatusServiceUnavailable, fmt.Sprintf("%d streams are open, which is the limit of a process", mostStreams))
			return
		}
		defer a.slots.leave()
		h, served := a.join(m)
		if !served {
			w.Header().Set("Retry-After", "5")
			fail(w, http.StatusServiceUnavailable, "the bot is shutting down")
			return
		}
		defer h.part()
		// The server's time-out for answers is one for short ones. That for requests has
		// no effect any more: net/http removes it when a request has been read.
		control := http.NewResponseController(w)
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("X-Accel-Buffering", "no") // a proxy passes messages on at once
		a.send(r, h, func(message []byte) bool {
			_ = control.SetWriteDeadline(time.Now().Add(a.writeWait))
			_, err := w.Write(message) //nolint:gosec // not HTML, with nosniff and a policy that runs nothing
			return err == nil && control.Flush() == nil
		})
	})
}

// send sends messages until the stream ends.
func (a *API) send(r *http.Request, h *hub, write func([]byte) bool) {
	if !write(fmt.Appendf(nil, "retry: %d\n\n", comeBack.Milliseconds())) {
		return
	}
	id := r.Header.Get("Last-Event-ID")
	have := h.number(id)
	back := have > 0
	timer := time.NewTimer(keepAlive)
	defer timer.Stop()
	for {
		messages, last, changed, err := h.after(have, back)
		if err != nil {
			a.report(fmt.Errorf("%s: %w", StreamPath, err))
			return
		}
		for _, message := range messages {
			if !write(message) {
				return
			}
			timer.Reset(keepAlive)
		}
		have, back = last, back && len(messages) == 0
		select {
		case <-changed:
		case <-timer.C:
			if !write([]byte(":\n\n")) {
				return
			}
			timer.Reset(keepAlive)
		case <-r.Context().Done():
			return
		case <-h.ended:
			_ = write(fmt.Appendf(nil, ": the bot is shutting down\nretry: %d\n\n", comeBack.Milliseconds()))
			return
		case <-a.ctx.Done():
			_ = write(fmt.Appendf(nil, ": the process is shutting down\nretry: %d\n\n", comeBack.Milliseconds()))
			return
		}
	}
}

// acceptsEvents reports whether a client takes server-sent events. Browsers send
// "text/event-stream", and other clients often nothing or "*/*".
func acceptsEvents(r *http.Request) bool {
	accept := strings.ToLower(strings.Join(r.Header.Values("Accept"), ","))
	if strings.TrimSpace(accept) == "" {
		return true
	}
	for part := range strings.SplitSeq(accept, ",") {
		kind, _, _ := strings.Cut(part, ";")
		switch strings.TrimSpace(kind) {
		case "text/event-stream", "text/*", "*/*":
			return true
		}
	}
	return false
}
