package instrument

import (
	"bufio"
	"net"
	"net/http"
	"strconv"
)

// An answerWriter observes the response of a handler. Like every
// http.ResponseWriter, it belongs to the handler's goroutine.
type answerWriter struct {
	http.ResponseWriter
	in *httpInteraction

	status   int // 0 before the header is written
	written  int64
	hijacked bool
}

func (w *answerWriter) WriteHeader(status int) {
	if w.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *answerWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.written += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// complete reports whether a response with a Content-Length has been written
// completely.
func (w *answerWriter) complete() bool {
	length, err := strconv.ParseInt(w.Header().Get("Content-Length"), 10, 64)
	return err == nil && w.status != 0 && w.written >= length
}

// flushed records that the server sends what was written. The handler may
// continue to run after its response.
func (w *answerWriter) flushed() {
	if w.complete() {
		w.in.respond(w.status, w.written > 0)
	}
}

// withAll returns the writer with the optional interfaces of net/http that the
// server's writer has.
func (w *answerWriter) withAll() http.ResponseWriter {
	flusher, flushes := w.ResponseWriter.(http.Flusher)
	hijacker, hijacks := w.ResponseWriter.(http.Hijacker)
	switch {
	case flushes && hijacks:
		return struct {
			*answerWriter
			flushing
			hijacking
		}{w, flushing{w, flusher}, hijacking{w, hijacker}}
	case flushes:
		return struct {
			*answerWriter
			flushing
		}{w, flushing{w, flusher}}
	case hijacks:
		return struct {
			*answerWriter
			hijacking
		}{w, hijacking{w, hijacker}}
	default:
		return w
	}
}

type flushing struct {
	w       *answerWriter
	flusher http.Flusher
}

func (f flushing) Flush() {
	if f.w.status == 0 {
		f.w.status = http.StatusOK // as net/http does
	}
	f.flusher.Flush()
	f.w.flushed()
}

type hijacking struct {
	w        *answerWriter
	hijacker http.Hijacker
}

func (h hijacking) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := h.hijacker.Hijack()
	h.w.hijacked = h.w.hijacked || err == nil
	return conn, rw, err
}
