package fleet

import (
	"net"
	"net/http"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/journal"
)

// audited logs attempts to log in, with the address they come from. Tokens are in no log.
func (f *Fleet) audited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/login" {
			next.ServeHTTP(w, r)
			return
		}
		noted := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(noted, r)
		from, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			from = "unknown"
		}
		if noted.status >= http.StatusBadRequest {
			f.log.Warn("a login was refused", "from", from, "status", noted.status)
			return
		}
		f.log.Info("somebody logged in", "from", from)
		f.keep(journal.Event{At: time.Now(), Kind: "login", What: "Somebody logged in from " + from + "."})
	})
}

// A statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter

	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
