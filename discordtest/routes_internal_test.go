package discordtest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/internal/catalog"
)

// TestEveryRouteIsAnswered: catalog.Routes has the route of every endpoint that
// discordgo declares, in each supported version, and further routes of Discord.
func TestEveryRouteIsAnswered(t *testing.T) {
	s, err := NewServer()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	// Prefixes of other paths that are not requested themselves.
	none := map[string]bool{"/interactions/{id}/{token}": true}
	methods := []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	for _, template := range catalog.Routes() {
		if strings.HasPrefix(template, "/cdn/") || none[template] {
			continue
		}
		var answered []string
		for _, method := range methods {
			request := httptest.NewRequestWithContext(t.Context(), method, "http://discord.com"+strings.NewReplacer("{", "", "}", "").Replace(template), nil)
			if s.rest.find(request, split(request.URL.Path)) != nil {
				answered = append(answered, method)
			}
		}
		if len(answered) == 0 {
			t.Errorf("%s is answered for no method", template)
		}
	}
}
