package api

import (
	"encoding/json"
	"net/http"

	"github.com/argus-dgo/argus/fleet/internal/documents"
)

// targets serves who can be scraped, in the format of Prometheus' http_sd. It is no
// document of the pages: the format has no room for more.
func (a *API) targets(parameters []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q, good := query(w, r, parameters)
		if !good {
			return
		}
		body, err := json.Marshal(documents.MakeTargets(a.fleet.Input(), wanted(q)))
		if err != nil {
			a.failed(w, r, err)
			return
		}
		writeJSON(w, http.StatusOK, body)
	})
}
