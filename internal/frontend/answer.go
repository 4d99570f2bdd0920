package frontend

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// WriteJSON answers with a JSON text.
func WriteJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", types[".json"])
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // JSON, with nosniff
}

// Fail answers with the object of an error.
func Fail(w http.ResponseWriter, status int, text string) {
	body, _ := json.Marshal(map[string]string{"error": text})
	WriteJSON(w, status, append(body, '\n'))
}

// SeeOther sends a browser to the page after a form. The URL is relative, as the prefix
// is not known.
func SeeOther(w http.ResponseWriter) {
	w.Header().Set("Location", "./")
	w.WriteHeader(http.StatusSeeOther)
}

// SameOrigin sets the policy under which a browser sends the header Origin with a form:
// with no-referrer it sends "null", which does not tell whose form it is. No other site
// learns more by it.
func SameOrigin(w http.ResponseWriter) { w.Header().Set("Referrer-Policy", "same-origin") }
