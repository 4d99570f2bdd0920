package page

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"

	"github.com/argus-dgo/argus/internal/access"
	"github.com/argus-dgo/argus/internal/catalogjson"
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

// version is that of fleet.json and access.json.
const version = 1

// A Guard decides who may see the fleet. An *access.Guard is one.
type Guard interface {
	// Asks reports whether a token is needed.
	Asks() bool
	Admits(r *http.Request) bool
	Handler(next, refuse http.Handler) http.Handler
	Login(w http.ResponseWriter, r *http.Request) *access.Refusal
	Logout(w http.ResponseWriter, r *http.Request) *access.Refusal
}

// A Role is what a client that was admitted may do.
type Role string

// Viewers read; operators may also mute, unmute and forget, and so may the clients of a
// fleet without tokens, which are Open.
const (
	Viewer   Role = "viewer"
	Operator Role = "operator"
	Open     Role = "open"
)

// A Config configures [New]. Files, Guard and Role are required.
type Config struct {
	// Files are those of the front end: [Built].
	Files fs.FS
	Guard Guard
	// Role returns that of a request which the guard admits.
	Role func(r *http.Request) Role
	// API has handlers by path. A path that ends with a slash has what lies below it.
	API map[string]http.Handler
	// Query is whether the API has Prometheus' /api/v1/query and /api/v1/query_range.
	Query bool
	// Events is whether the API answers questions about events.
	Events bool
	// Name is that of the fleet, and Version that of the program.
	Name, Version string
	// Namespace is that of the metrics in the catalog, discord if it is empty.
	Namespace string
	// Grafana is a template of links, or empty.
	Grafana string
}

// settings are fleet.json.
type settings struct {
	Version      int    `json:"version"`
	FleetVersion string `json:"fleet_version"`
	Name         string `json:"name"`
	Auth         bool   `json:"auth"`
	Role         Role   `json:"role"`
	Operate      bool   `json:"operate"`
	Grafana      string `json:"grafana"`
	Query        bool   `json:"query"`
	Events       bool   `json:"events"`
}

type handler struct {
	cfg     Config
	catalog []byte
	origins http.CrossOriginProtection
}

// New returns the handler of the pages. A prefix must be removed from the path before.
func New(cfg Config) (http.Handler, error) {
	paths, index, err := frontend.Load(cfg.Files)
	if err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	for path, f := range paths {
		paths[path] = readonly.Handler(f)
	}
	if cfg.Namespace == "" {
		cfg.Namespace = "discord"
	}
	h := &handler{cfg: cfg}
	if h.catalog, err = catalogjson.Process(cfg.Namespace); err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	own := map[string]http.Handler{
		"/":             readonly.Handler(serveIndex(frontend.NewContent(".html", index))),
		"/access.json":  readonly.Handler(http.HandlerFunc(h.access)),
		"/fleet.json":   readonly.Handler(h.guarded(http.HandlerFunc(h.settings))),
		"/catalog.json": readonly.Handler(h.guarded(http.HandlerFunc(h.serveCatalog))),
		"/login":        http.HandlerFunc(h.login),
		"/logout":       http.HandlerFunc(h.logout),
	}
	for path, next := range cfg.API {
		if own[path] != nil || paths[path] != nil {
			err = errors.Join(err, fmt.Errorf("page: the API may not have the path %q, which the page has", path))
			continue
		}
		paths[path] = h.guarded(h.fromHere(next))
	}
	maps.Copy(paths, own)
	if err != nil {
		return nil, err
	}
	return &frontend.Site{Paths: paths, Described: "docs/fleet-openapi.json"}, nil
}

func (h *handler) guarded(next http.Handler) http.Handler {
	return h.cfg.Guard.Handler(next, http.HandlerFunc(access.Refuse))
}

// fromHere refuses what another site has a browser change.
func (h *handler) fromHere(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.origins.Check(r) != nil {
			frontend.Fail(w, http.StatusForbidden, "the request was sent from another site, or a proxy has changed the header Host")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serveIndex serves the page, which has no data and so needs no token.
func serveIndex(page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		frontend.SameOrigin(w)
		page.ServeHTTP(w, r)
	})
}

// access says whether a client needs a token, with status 200: browsers complain in their
// console about each 401.
func (h *handler) access(w http.ResponseWriter, r *http.Request) {
	frontend.WriteJSON(w, http.StatusOK, fmt.Appendf(nil, `{"version":%d,"auth":%t,"admitted":%t}`+"\n", version, h.cfg.Guard.Asks(), h.cfg.Guard.Admits(r)))
}

// settings serves fleet.json.
func (h *handler) settings(w http.ResponseWriter, r *http.Request) {
	role := h.cfg.Role(r)
	// Strings, truth values and a number always have a JSON form.
	body, _ := json.Marshal(settings{
		Version: version, FleetVersion: h.cfg.Version, Name: h.cfg.Name, Auth: h.cfg.Guard.Asks(), Role: role,
		Operate: role != Viewer, Grafana: h.cfg.Grafana, Query: h.cfg.Query, Events: h.cfg.Events,
	})
	frontend.WriteJSON(w, http.StatusOK, append(body, '\n'))
}

func (h *handler) serveCatalog(w http.ResponseWriter, _ *http.Request) {
	frontend.WriteJSON(w, http.StatusOK, h.catalog)
}

func (h *handler) login(w http.ResponseWriter, r *http.Request)  { answer(w, r, h.cfg.Guard.Login) }
func (h *handler) logout(w http.ResponseWriter, r *http.Request) { answer(w, r, h.cfg.Guard.Logout) }

// answer answers to a form.
func answer(w http.ResponseWriter, r *http.Request, take func(http.ResponseWriter, *http.Request) *access.Refusal) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "only POST is served here", http.StatusMethodNotAllowed)
		return
	}
	if refusal := take(w, r); refusal != nil {
		refusal.Header(w.Header())
		frontend.Fail(w, refusal.Status, refusal.Text)
		return
	}
	frontend.SeeOther(w)
}
