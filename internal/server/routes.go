package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/argus-dgo/argus/internal/access"
	"github.com/argus-dgo/argus/internal/readonly"
)

// routes serves the pages, the probes and the rest. The paths of pages and probes must
// match exactly: there are no redirects and no subtrees.
type routes struct {
	cfg    Config
	pages  map[string]http.Handler // by path
	rest   http.Handler
	auth   *access.Token
	report func(error)
}

func newRoutes(cfg Config, report func(error)) *routes {
	r := &routes{
		cfg: cfg, pages: make(map[string]http.Handler), rest: shield(http.HandlerFunc(http.NotFound), report),
		auth: access.NewToken(cfg.AuthToken), report: report,
	}
	r.cfg.AuthToken = ""
	serve := func(path string, page http.Handler) { r.pages[path] = shield(readonly.Handler(page), report) }
	for _, page := range cfg.Pages {
		serve(page.Path, r.auth.Guard(page.Handler))
	}
	serve(healthPath, http.HandlerFunc(health))
	serve(readyPath, http.HandlerFunc(r.ready))
	if cfg.Rest != nil {
		r.rest = shield(cfg.Rest, report)
	} else {
		serve(indexPath, http.HandlerFunc(r.index))
	}
	return r
}

// ServeHTTP implements http.Handler.
func (rt *routes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page, ok := rt.pages[r.URL.Path]
	if !ok {
		page = rt.rest
	}
	page.ServeHTTP(w, r)
}

// One serves a single page as a [Server] does, under any path: with the token, the
// headers and the recovery from panics. report receives faults at a limited rate.
func One(page http.Handler, token string, report func(error)) http.Handler {
	return Shield(readonly.Handler(access.NewToken(token).Guard(page)), report)
}

// Shield serves a handler as a [Server] does: with the headers and the recovery from
// panics. report receives faults at a limited rate.
func Shield(next http.Handler, report func(error)) http.Handler {
	faults := &serveFaults{report: report}
	return shield(next, faults.note)
}

// shield sets the headers of every answer, and answers 500 if a handler panics, so
// that the process continues.
func shield(next http.Handler, report func(error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler { //nolint:errorlint // as net/http compares it; another error may have methods that panic
				panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's way to abort a connection
			}
			report(fmt.Errorf("a handler panicked: %v", p))
			http.Error(w, "internal error; the cause is in the log of the process", http.StatusInternalServerError)
		}()
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

// authorized reports whether a request has a token.
func (rt *routes) authorized(r *http.Request) bool {
	ok, _ := rt.auth.Sent(r)
	return ok || rt.cfg.Authorized != nil && rt.cfg.Authorized(r)
}

// health answers 200 while the process can answer at all. It does not depend on
// Discord: an orchestrator restarts unhealthy processes, and a restart does not
// bring Discord back.
func health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// readiness is the body of /readyz.
type readiness struct {
	Ready  bool   `json:"ready"`
	Up     *int   `json:"shards_up,omitempty"`
	Total  *int   `json:"shards_total,omitempty"`
	Reason string `json:"reason,omitempty"`
}

func (rt *routes) ready(w http.ResponseWriter, _ *http.Request) {
	body := readiness{Ready: true}
	if rt.cfg.Shards != nil {
		up, total := rt.cfg.Shards()
		body.Up, body.Total = &up, &total
		if rt.cfg.Ready == nil && (total < 1 || up < total) {
			body.Ready, body.Reason = false, fmt.Sprintf("%d of %d shards are up", up, total)
		}
	}
	if rt.cfg.Ready != nil {
		if err := rt.cfg.Ready(); err != nil {
			body.Ready, body.Reason = false, err.Error()
		}
	}
	out, err := json.Marshal(body)
	if err != nil {
		rt.report(fmt.Errorf("cannot write the body of %s: %w", readyPath, err))
	}
	w.Header().Set("Content-Type", "application/json")
	if !body.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write(append(out, '\n'))
}

// index uses relative links, so that it works behind a proxy that adds a prefix.
func (rt *routes) index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	var b strings.Builder
	b.WriteString("<!doctype html>\n<html lang=\"en\">\n<title>Argus</title>\n<h1>Argus</h1>\n<ul>\n")
	for _, l := range append(slices.Clone(rt.cfg.Pages),
		Page{Path: healthPath, Title: "liveness: 200 while the process answers"},
		Page{Path: readyPath, Title: "readiness: 200 while all shards are up"},
	) {
		fmt.Fprintf(&b, "<li><a href=\"./%s\">%s</a>: %s</li>\n",
			html.EscapeString(strings.TrimPrefix(l.Path, "/")), html.EscapeString(l.Path), html.EscapeString(l.Title))
	}
	b.WriteString("</ul>\n</html>\n")
	_, _ = w.Write([]byte(b.String()))
}

// A path that needs no escaping in a URL, a header or a scrape configuration.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

// CheckPath returns an error if a page cannot be served under the path. The error's
// text completes a sentence that starts with the path.
func CheckPath(p string) error {
	switch {
	case p == indexPath || p == healthPath || p == readyPath:
		return errors.New("is used by the server; choose another path, such as /metrics")
	case len(p) > 1024 || !plainPath.MatchString(p) || path.Clean(p) != p:
		return errors.New("must be a path such as /metrics: letters, digits and . _ ~ - between single slashes, with no slash at the end and no query")
	}
	return nil
}

func checkPages(pages []Page) (errs []error) {
	if len(pages) == 0 {
		errs = append(errs, errors.New("there are no Pages"))
	}
	seen := make(map[string]bool)
	for _, page := range pages {
		if err := CheckPath(page.Path); err != nil {
			errs = append(errs, fmt.Errorf("path %q: %w", page.Path, err))
		}
		if seen[page.Path] {
			errs = append(errs, fmt.Errorf("path %q is used by two pages", page.Path))
		}
		if page.Handler == nil {
			errs = append(errs, fmt.Errorf("path %q: Handler is nil", page.Path))
		}
		seen[page.Path] = true
	}
	return errs
}
