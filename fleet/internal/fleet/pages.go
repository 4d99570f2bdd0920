package fleet

import (
	"context"
	"net"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/argus-dgo/argus/fleet/internal/api"
	"github.com/argus-dgo/argus/fleet/internal/engine"
	"github.com/argus-dgo/argus/fleet/internal/notify"
	"github.com/argus-dgo/argus/fleet/internal/page"
	"github.com/argus-dgo/argus/internal/access"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/server"
)

// pages is what is served on the address of the pages.
func (f *Fleet) pages() (http.Handler, error) {
	guard := access.NewRoles(f.tokens.grants)
	refuse := http.HandlerFunc(access.Refuse)
	f.api = api.New(f, f.events, guard, f.report)
	pages, err := page.New(page.Config{
		Files: page.Built(), Guard: guard, Role: roleOf(guard), Query: true, Events: f.events.On(), Version: f.cfg.Version, Grafana: f.cfg.Grafana,
		API: map[string]http.Handler{api.Prefix: f.api, "/api/v1/": f.engine.API(f.cfg.Version, metadata())},
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", f.audited(pages))
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("/readyz", f.ready)
	mux.Handle("/federate", guard.Handler(f.engine.Federation(), refuse))
	mux.Handle("/metrics", guard.Handler(promhttp.HandlerFor(f.registry, promhttp.HandlerOpts{}), refuse))
	mux.Handle(notify.Prefix+"/", guard.HandlerFor(access.Operator, f.notifier.Handler(), refuse))
	host, _, err := net.SplitHostPort(f.cfg.Addr)
	if err != nil {
		return nil, err
	}
	return server.Hosts(host, f.cfg.AllowedHosts, "ARGUS_FLEET_ALLOWED_HOSTS", server.Shield(mux, f.report), guard.Sent)
}

// roleOf says what a person may do.
func roleOf(guard *access.Guard) func(*http.Request) page.Role {
	return func(r *http.Request) page.Role {
		switch {
		case !guard.Asks():
			return page.Open
		case guard.Role(r) == access.Operator:
			return page.Operator
		}
		return page.Viewer
	}
}

// ready answers 200 while rules are evaluated and metrics can be stored.
func (f *Fleet) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	if _, err := f.engine.Query(ctx, "1", f.started); err != nil {
		http.Error(w, "the engine does not answer", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}

// metadata describes the metrics of the catalog, by their names.
func metadata() map[string][]engine.Help {
	help := map[string][]engine.Help{}
	for _, i := range catalog.All() {
		help[i.PrometheusName()] = []engine.Help{{Type: strings.ToLower(i.Kind.String()), Help: i.Description + ".", Unit: i.Unit}}
	}
	return help
}
