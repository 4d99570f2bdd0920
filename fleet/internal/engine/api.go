package engine

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/grafana/regexp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/route"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/features"
	"github.com/prometheus/prometheus/util/notifications"
	v1 "github.com/prometheus/prometheus/web/api/v1"
)

const (
	// concurrentQueries is the number of requests to the API and to /federate that are served
	// at a time.
	concurrentQueries = 16
	apiPath           = "/api/v1"
)

// served are the paths of Prometheus' API that read, by their first elements. The others
// write, administrate, or tell of what a fleet does not have.
var served = []string{
	"/query", "/query_range", "/query_exemplars", "/format_query", "/parse_query", "/labels", "/label", "/series",
	"/rules", "/alerts", "/status/buildinfo", "/status/runtimeinfo", "/status/tsdb",
}

// Help describes a metric, for /api/v1/metadata. What arrives by OTLP has none there.
type Help struct {
	Type string `json:"type"`
	Help string `json:"help"`
	Unit string `json:"unit"`
}

// API returns Prometheus' HTTP API, as far as it reads, below /api/v1. version is that of
// this program.
func (e *Engine) API(version string, metadata map[string][]Help) http.Handler {
	began := e.now()
	none := noTargets{}
	settings := config.DefaultConfig
	api := v1.NewAPI(e.promql, federated{e.db, e.opts.Sources}, e.db, e.db,
		func(context.Context) v1.ScrapePoolsRetriever { return none },
		func(context.Context) v1.TargetRetriever { return none },
		func(context.Context) v1.AlertmanagerRetriever { return none },
		func() config.Config { return settings },
		map[string]string{}, v1.GlobalURLOptions{},
		func(f http.HandlerFunc) http.HandlerFunc { return f },
		stats{e.db}, e.opts.Dir, false, false, 0, e.opts.Logger.With("part", "api"),
		func(context.Context) v1.RulesRetriever { return e.rules },
		0, 0, 0, false, regexp.MustCompile("^$"),
		func() (v1.RuntimeInfo, error) {
			return v1.RuntimeInfo{StartTime: began, StorageRetention: model.Duration(e.opts.Retention).String()}, nil
		},
		&v1.PrometheusVersion{Version: version},
		func() []notifications.Notification { return nil },
		func() (<-chan notifications.Notification, func(), bool) { return nil, func() {}, false },
		e.opts.Registry, nil, nil,
		false, nil, false, false, false, lookback, false, false, nil,
		features.NewRegistry(), v1.OpenAPIOptions{}, e.parser, false, queryTimeout)
	router := route.New()
	api.Register(router.WithPrefix(apiPath))
	return e.limited(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := strings.TrimPrefix(path.Clean(r.URL.Path), apiPath)
		switch {
		case at == "/metadata":
			writeMetadata(w, r, metadata)
		case !serves(at):
			refuse(w, http.StatusNotFound, "not_found", "a fleet does not have this part of Prometheus' API")
		default:
			router.ServeHTTP(w, r)
		}
	}))
}

// limited limits how many requests are served at a time, over all handlers of the engine.
func (e *Engine) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case e.slots <- struct{}{}:
			defer func() { <-e.slots }()
			next.ServeHTTP(w, r)
		default:
			w.Header().Set("Retry-After", "1")
			refuse(w, http.StatusServiceUnavailable, "unavailable", "too many queries at a time: try again")
		}
	})
}

func serves(at string) bool {
	for _, p := range served {
		if at == p || p == "/label" && strings.HasPrefix(at, p+"/") {
			return true
		}
	}
	return false
}

func refuse(w http.ResponseWriter, status int, kind, text string) {
	writeJSON(w, status, map[string]string{"status": "error", "errorType": kind, "error": text})
}

func writeMetadata(w http.ResponseWriter, r *http.Request, metadata map[string][]Help) {
	if metric := r.FormValue("metric"); metric != "" {
		one := map[string][]Help{}
		if help, there := metadata[metric]; there {
			one[metric] = help
		}
		metadata = one
	}
	writeJSON(w, http.StatusOK, map[string]any{"status": "success", "data": metadata})
}

func writeJSON(w http.ResponseWriter, status int, document any) {
	body, err := json.Marshal(document)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"status":"error","errorType":"internal","error":"the answer cannot be written"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// noTargets is what a fleet has in place of targets: it scrapes nothing.
type noTargets struct{}

func (noTargets) TargetsActive() map[string][]*scrape.Target  { return nil }
func (noTargets) TargetsDropped() map[string][]*scrape.Target { return nil }
func (noTargets) TargetsDroppedCounts() map[string]int        { return nil }
func (noTargets) ScrapePools() []string                       { return nil }
func (noTargets) ScrapePoolConfig(string) (*config.ScrapeConfig, error) {
	return nil, errors.New("a fleet scrapes nothing")
}
func (noTargets) Alertmanagers() []*url.URL        { return nil }
func (noTargets) DroppedAlertmanagers() []*url.URL { return nil }

// stats are what the API tells of the database. Nothing of it administrates.
type stats struct{ db *tsdb.DB }

func (stats) CleanTombstones() error                                         { return errReadOnly }
func (stats) Delete(context.Context, int64, int64, ...*labels.Matcher) error { return errReadOnly }
func (stats) Snapshot(string, bool) error                                    { return errReadOnly }
func (s stats) Stats(label string, limit int) (*tsdb.Stats, error) {
	return s.db.Head().Stats(label, limit), nil
}
func (stats) WALReplayStatus() (tsdb.WALReplayStatus, error) { return tsdb.WALReplayStatus{}, nil }
func (s stats) BlockMetas() ([]tsdb.BlockMeta, error)        { return s.db.BlockMetas(), nil }

var errReadOnly = errors.New("the API only reads")
