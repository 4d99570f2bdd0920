package frontend

import (
	"net/http"
	"net/url"
	"path"
	"strings"
)

// Policy is the content security policy of every answer. Forms may be sent, for the login.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// A Site serves handlers by path. A path other than / that ends with a slash also has what
// lies below it. A prefix must be removed from the path of a request before.
type Site struct {
	Paths map[string]http.Handler
	// Described is the file that describes the API, for those who ask for a path that it
	// does not have.
	Described string
}

// ServeHTTP implements http.Handler.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	if r.TLS != nil || r.Header.Get("Sec-Fetch-Site") != "" {
		// Browsers complain about it where they do not trust the address. Where they do, they
		// send Sec-Fetch-Site.
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
	}
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Content-Security-Policy", Policy)
	header.Set("Cache-Control", "no-store")
	at := "/" + strings.TrimPrefix(r.URL.Path, "/")
	if r.URL.Path == "" {
		if folder, is := folderOf(r); !is {
			header.Set("Location", folder)
			w.WriteHeader(http.StatusPermanentRedirect)
			return
		}
	}
	if next := s.handler(at); next != nil {
		next.ServeHTTP(w, r)
		return
	}
	if strings.HasPrefix(at, "/api/") {
		Fail(w, http.StatusNotFound, "there is no such path in the API; "+s.Described+" lists them")
		return
	}
	http.Error(w, "there is nothing under this path", http.StatusNotFound)
}

func (s *Site) handler(at string) http.Handler {
	if h := s.Paths[at]; h != nil {
		return h
	}
	for end := strings.LastIndexByte(at, '/'); end > 0; end = strings.LastIndexByte(at[:end], '/') {
		if h := s.Paths[at[:end+1]]; h != nil {
			return h
		}
	}
	return nil
}

// folderOf reports whether the URL of a request whose path is only a prefix ends with a
// slash. If not, it returns the URL that does, relative to it.
func folderOf(r *http.Request) (relative string, is bool) {
	u, err := url.ParseRequestURI(r.RequestURI)
	if err != nil || strings.HasSuffix(u.Path, "/") {
		return "", true // or it is not known
	}
	relative = "./" + path.Base(u.EscapedPath()) + "/"
	if u.RawQuery != "" {
		relative += "?" + u.RawQuery
	}
	return relative, false
}
