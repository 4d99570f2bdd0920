package prometheus

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"path"
	"regexp"
	"strings"
)

// routes answers the server's four paths. Paths are compared as they are: there
// is nothing to redirect to and no tree to serve.
type routes struct {
	cfg    ServerConfig
	auth   *bearer
	report func(error)
}

func newRoutes(cfg ServerConfig, report func(error)) *routes {
	r := &routes{cfg: cfg, report: report}
	if cfg.AuthToken != "" {
		r.auth = newBearer(cfg.AuthToken)
		r.cfg.AuthToken = ""
	}
	return r
}

// ServeHTTP sets the headers that every answer has, and answers 500 for a
// handler that panics: the connection's goroutine is ours, and the bot's
// process goes on.
func (rt *routes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler { //nolint:errorlint // as net/http compares it; another error may have methods that panic
			panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's own way to cut a connection
		}
		rt.report(fmt.Errorf("a handler panicked: %v", p))
		http.Error(w, "internal error; the cause is in the log of the process", http.StatusInternalServerError)
	}()

	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")

	var next http.HandlerFunc
	switch r.URL.Path {
	case rt.cfg.MetricsPath:
		next = rt.metrics
	case healthPath:
		next = health
	case readyPath:
		next = rt.ready
	case indexPath:
		next = rt.index
	default:
		http.NotFound(w, r)
		return
	}
	readOnly(next).ServeHTTP(w, r)
}

// authorized says whether a request has the token.
func (rt *routes) authorized(r *http.Request) bool {
	ok, _ := rt.auth.check(r)
	return ok
}

func (rt *routes) metrics(w http.ResponseWriter, r *http.Request) {
	if rt.auth != nil && !rt.auth.allow(w, r) {
		return
	}
	rt.cfg.Handler.ServeHTTP(w, r)
}

// health is green while the process can answer at all. It says nothing about
// Discord: an orchestrator restarts what is not healthy, and a restart does not
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

// index links relative to itself, so that it works behind a proxy that adds a
// prefix.
func (rt *routes) index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	var b strings.Builder
	b.WriteString("<!doctype html>\n<html lang=\"en\">\n<title>Argus</title>\n<h1>Argus</h1>\n<ul>\n")
	for _, l := range []struct{ path, text string }{
		{rt.cfg.MetricsPath, "metrics for Prometheus"},
		{healthPath, "is the process alive?"},
		{readyPath, "are its shards up?"},
	} {
		fmt.Fprintf(&b, "<li><a href=\"./%s\">%s</a>: %s</li>\n",
			html.EscapeString(strings.TrimPrefix(l.path, "/")), html.EscapeString(l.path), l.text)
	}
	b.WriteString("</ul>\n</html>\n")
	_, _ = w.Write([]byte(b.String()))
}

// A path without anything that would have to be escaped in a URL, a header or a
// scrape configuration.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

func checkMetricsPath(p string) error {
	switch {
	case !strings.HasPrefix(p, "/"):
		return errors.New("it does not begin with a slash")
	case p == indexPath || p == healthPath || p == readyPath:
		return errors.New("this path is taken; choose another, such as " + DefaultMetricsPath)
	case !plainPath.MatchString(p) || path.Clean(p) != p:
		return errors.New("use letters, digits and . _ ~ - between single slashes, with no slash at the end")
	}
	return nil
}

// RFC 6750, section 2.1: b64token.
var b64token = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

func validToken(t string) bool { return b64token.MatchString(t) }

// bearer checks RFC 6750 tokens. It keeps the hash alone.
type bearer struct{ want [sha256.Size]byte }

func newBearer(token string) *bearer { return &bearer{sha256.Sum256([]byte(token))} }

// allow answers 401 and returns false unless the request has the token.
func (b *bearer) allow(w http.ResponseWriter, r *http.Request) bool {
	ok, given := b.check(r)
	if ok {
		return true
	}
	challenge := `Bearer realm="argus metrics"`
	if given {
		challenge += `, error="invalid_token"`
	}
	w.Header().Set("WWW-Authenticate", challenge)
	http.Error(w, "a bearer token is needed", http.StatusUnauthorized)
	return false
}

// check says whether the request has the token, and whether it has any. Hashes are
// compared, both of one length, so that the time tells nothing about the token,
// its length included.
func (b *bearer) check(r *http.Request) (ok, given bool) {
	headers := r.Header.Values("Authorization")
	if b == nil || len(headers) == 0 {
		return false, false
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	got := sha256.Sum256([]byte(strings.TrimLeft(token, " ")))
	match := subtle.ConstantTimeCompare(got[:], b.want[:]) == 1
	// More than one header is refused: what stands between us and the client may
	// have looked at another one.
	return match && len(headers) == 1 && strings.EqualFold(scheme, "Bearer"), true
}
