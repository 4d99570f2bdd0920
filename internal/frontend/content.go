package frontend

import "net/http"

// A Content is text that a program has in its memory, and serves under a name that stays.
type Content struct {
	kind string
	text []byte
	tag  string
}

// NewContent returns a handler of a text. The end of a file's name tells its type.
func NewContent(end string, text []byte) *Content {
	return &Content{types[end], text, ETag(text)}
}

// ServeHTTP implements http.Handler.
func (c *Content) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", c.kind)
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", c.tag)
	if Matches(r, c.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(c.text)
}
