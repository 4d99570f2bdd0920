package notify

import (
	"net/http"
	"regexp"
)

const apiBodyMost = 1 << 20 // bytes of a request

// apiPaths are those of API v2. Others are refused here: Alertmanager would make a
// series of each path, and serve APIs that are not finished.
var apiPaths = regexp.MustCompile(`^` + Prefix + `/api/v2/(status|receivers|alerts|alerts/groups|silences|silence/[0-9a-fA-F-]{1,64})$`)

func (e *embedded) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !apiPaths.MatchString(r.URL.Path) {
			http.NotFound(w, r)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, apiBodyMost)
		e.mux.ServeHTTP(w, r)
	})
}
