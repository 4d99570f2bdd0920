package page

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/argus-dgo/argus/internal/access"
	"github.com/argus-dgo/argus/internal/api"
	"github.com/argus-dgo/argus/internal/catalogjson"
	"github.com/argus-dgo/argus/internal/excerpt"
	"github.com/argus-dgo/argus/internal/frontend"
	"github.com/argus-dgo/argus/internal/readonly"
)

//go:embed all:dist
var dist embed.FS

// Built returns the files of the front end.
func Built() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return dist // "dist" is a valid name
	}
	return files
}

// Version is that of page.json.
const Version = 1

// A Config configures [New]. Guard, API and Report are required.
type Config struct {
	// Files are those of the front end. nil means that the page is off: / says so, and the
	// API is served.
	Files fs.FS
	// Guard guards everything that has data.
	Guard *access.Guard
	API   *api.API
	// Namespaces returns the namespace of each bot's metrics, by the name of the bot.
	Namespaces func() map[string]string
	// Grafana is a template of links, or empty.
	Grafana string
	// Report takes faults.
	Report func(error)
}

// A document is page.json.
type document struct {
	Version int    `json:"version"`
	Grafana string `json:"grafana"`
	Trace   string `json:"trace"`
	Auth    bool   `json:"auth"`
	// Bots are the values of the parameter bot.
	Bots []string `json:"bots"`
}

type handler struct {
	frontend.Site
	cfg Config
}

// New returns the handler of the page. A prefix must be removed from the path before.
func New(cfg Config) (http.Handler, error) {
	h := &handler{Site: frontend.Site{Paths: map[string]http.Handler{}, Described: "docs/openapi.json"}, cfg: cfg}
	guarded := func(path string, next http.Handler) {
		h.Paths[path] = readonly.Handler(cfg.Guard.Handler(next, http.HandlerFunc(access.Refuse)))
	}
	for _, e := range cfg.API.Endpoints() {
		guarded(e.Path, e.Handler)
	}
	if cfg.Files == nil {
		h.Paths["/"] = readonly.Handler(http.HandlerFunc(off))
		return h, nil
	}
	files, index, err := frontend.Load(cfg.Files)
	if err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	for path, f := range files {
		h.Paths[path] = readonly.Handler(f)
	}
	guarded("/page.json", http.HandlerFunc(h.settings))
	guarded("/catalog.json", http.HandlerFunc(h.catalog))
	h.Paths["/access.json"] = readonly.Handler(http.HandlerFunc(h.access))
	h.Paths["/plain"] = readonly.Handler(cfg.Guard.Handler(http.HandlerFunc(h.plain), http.HandlerFunc(h.ask)))
	h.Paths["/plain.css"] = readonly.Handler(frontend.NewContent(".css", plainCSS))
	h.Paths["/login"] = http.HandlerFunc(h.login)
	h.Paths["/logout"] = http.HandlerFunc(h.logout)
	h.Paths["/"] = readonly.Handler(serveIndex(frontend.NewContent(".html", withoutScript(index))))
	return h, nil
}

// Reserves reports whether the page needs a path of the server for itself.
func Reserves(p string) bool {
	return slices.Contains([]string{"/", "/plain", "/plain.css", "/login", "/logout", "/access.json", "/page.json", "/catalog.json"}, p) ||
		strings.HasPrefix(p, "/assets/") || strings.HasPrefix(p, "/api/")
}

func off(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "the live page is off (ARGUS_DASHBOARD is false); the metrics and the API are served", http.StatusNotFound)
}

// serveIndex serves the page, which has no data and so needs no token.
func serveIndex(page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		frontend.SameOrigin(w)
		page.ServeHTTP(w, r)
	})
}

// withoutScript adds to the page what browsers without JavaScript need: they go on to
// the plain page, by themselves or by a link.
func withoutScript(index []byte) []byte {
	insert := func(before, text string) {
		if i := bytes.Index(index, []byte(before)); i >= 0 {
			index = slices.Concat(index[:i], []byte(text), index[i:])
		}
	}
	insert("</head>", `<noscript><meta http-equiv="refresh" content="0; url=./plain"></noscript>`)
	insert("</body>", `<noscript><p><a href="./plain">Status and shards without JavaScript</a></p></noscript>`)
	return index
}

// access says whether a client needs the token, with status 200: browsers complain in their
// console about each 401.
func (h *handler) access(w http.ResponseWriter, r *http.Request) {
	frontend.WriteJSON(w, http.StatusOK, fmt.Appendf(nil, `{"version":%d,"auth":%t,"admitted":%t}`+"\n", Version, h.cfg.Guard.Asks(), h.cfg.Guard.Admits(r)))
}

// settings serves page.json.
func (h *handler) settings(w http.ResponseWriter, _ *http.Request) {
	// Strings and a number always have a JSON form.
	body, _ := json.Marshal(document{Version: Version, Grafana: h.cfg.Grafana, Auth: h.cfg.Guard.Asks(), Bots: h.cfg.API.Bots()})
	frontend.WriteJSON(w, http.StatusOK, append(body, '\n'))
}

func (h *handler) catalog(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	for name := range query {
		if name != "bot" || len(query[name]) > 1 {
			err = fmt.Errorf("%q is no parameter of this path, or is given twice; it has bot", excerpt.Clip(name, 64))
		}
	}
	var body []byte
	if err == nil {
		var namespace string
		if namespace, err = h.namespace(query); err == nil {
			body, err = catalogjson.Process(namespace)
		}
	}
	if err != nil {
		frontend.Fail(w, http.StatusBadRequest, err.Error())
		return
	}
	frontend.WriteJSON(w, http.StatusOK, body)
}

// namespace returns that of a bot. Without a name it is the one that all have.
func (h *handler) namespace(query url.Values) (string, error) {
	all := h.cfg.Namespaces()
	name, given := query.Get("bot"), query.Has("bot")
	var of []string
	for bot, namespace := range all {
		if given && bot == name {
			return namespace, nil
		}
		if !slices.Contains(of, namespace) {
			of = append(of, namespace)
		}
	}
	switch {
	case given:
		return "", fmt.Errorf("bot: %s is no bot of this process", strconv.Quote(excerpt.Clip(name, 64)))
	case len(of) == 0:
		return "", errors.New("no bot of this process is there: it is starting, or shutting down")
	case len(of) > 1:
		return "", errors.New("the bots of the process have several namespaces: choose one with ?bot=")
	}
	return of[0], nil
}
