package frontend

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestSite: the headers are on every answer, and what is not there is told in its form.
func TestSite(t *testing.T) {
	s := newSite(t)
	s.Paths["/api/v1/mutes/"] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { WriteJSON(w, 200, []byte(r.URL.Path)) })
	for path, want := range map[string]int{
		"/": 200, "/icon.svg": 200, "/nothing": 404, "//": 404, "/api/v1/other": 404, "/api/v1/mutes/7": 200, "/api/v1/mutes/": 200, "/api/v1/mutes": 404, "/api/v1/mutes/7/8": 200, "/api/v1/": 404, "/assets/": 404, "/x/../api/v1/mutes/7": 404,
	} {
		w := ask(s, http.MethodGet, path)
		if w.Code != want {
			t.Errorf("%s: status %d, want %d", path, w.Code, want)
		}
		for name, value := range map[string]string{
			"Content-Security-Policy": Policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "",
		} {
			if got := w.Header().Get(name); got != value {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if strings.HasPrefix(path, "/api/") {
			if w.Header().Get("Content-Type") != "application/json" || want == 404 && w.Body.String() != `{"error":"there is no such path in the API; docs/api.json lists them"}`+"\n" {
				t.Errorf("%s: %v %s", path, w.Header(), w.Body)
			}
		}
	}
	// Over http browsers complain about it.
	for name, w := range map[string]*httptest.ResponseRecorder{
		"TLS": ask(s, http.MethodGet, "https://fleet:9190/"), "TLS of a proxy": ask(s, http.MethodGet, "/", "Sec-Fetch-Site", "none"),
	} {
		if got := w.Header().Get("Cross-Origin-Opener-Policy"); got != "same-origin" {
			t.Errorf("%s: Cross-Origin-Opener-Policy is %q", name, got)
		}
	}
}

// TestContent has its ETag, and is asked for again each time.
func TestContent(t *testing.T) {
	w := ask(newSite(t), http.MethodGet, "/")
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || w.Header().Get("Cache-Control") != "no-cache" || w.Body.String() != "<!doctype html>" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if again := ask(newSite(t), http.MethodGet, "/", "If-None-Match", w.Header().Get("ETag")); again.Code != 304 || again.Body.Len() > 0 {
		t.Errorf("with its ETag: %d %s", again.Code, again.Body)
	}
}

// TestFolder: a path that is only a prefix leads to the folder, and nowhere else.
func TestFolder(t *testing.T) {
	for uri, want := range map[string]string{
		"/argus?range=1h": "./argus/?range=1h", "//evil.example": "./evil.example/", "/x/javascript:alert": "./javascript:alert/", "/x/%2F%2Fevil.example": "./%2F%2Fevil.example/", "/argus/": "",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.RequestURI = uri
		if got, is := folderOf(r); is != (want == "") || got != want {
			t.Errorf("%s: %q, %v, want %q", uri, got, is, want)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/tools/argus", http.StripPrefix("/tools/argus", newSite(t)))
	if w := ask(mux, http.MethodGet, "/tools/argus?range=1h"); w.Code != http.StatusPermanentRedirect || w.Header().Get("Location") != "./argus/?range=1h" {
		t.Errorf("without the slash: %d %v", w.Code, w.Header())
	}
}
