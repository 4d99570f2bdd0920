package fleet

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/net/netutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/argus-dgo/argus/fleet/internal/api"
	"github.com/argus-dgo/argus/fleet/internal/engine"
	"github.com/argus-dgo/argus/fleet/internal/eventdocs"
	"github.com/argus-dgo/argus/fleet/internal/eventstore"
	"github.com/argus-dgo/argus/fleet/internal/ingest"
	"github.com/argus-dgo/argus/fleet/internal/journal"
	"github.com/argus-dgo/argus/fleet/internal/judge"
	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/fleet/internal/notify"
	"github.com/argus-dgo/argus/fleet/internal/settings"
	"github.com/argus-dgo/argus/fleet/internal/sources"
	"github.com/argus-dgo/argus/internal/rules"
)

const (
	maxConnections = 2048
	tickEvery      = time.Second
	saveEvery      = time.Minute
	readyTimeout   = 5 * time.Second
	notifyTimeout  = 5 * time.Second
	rulesFolder    = "dashboards/rules/prometheus/"
)

// Config configures [Start].
type Config struct {
	settings.Settings
	Version string
	Logger  *slog.Logger
}

// A Fleet runs until [Fleet.Close].
type Fleet struct {
	cfg      Config
	log      *slog.Logger
	parts    *slog.Logger // for Prometheus and Alertmanager
	registry *prometheus.Registry
	tokens   *tokens
	engine   *engine.Engine
	upstream *sources.Set // nil if processes push
	ruling   ruling
	members  *members.Registry
	journal  *journal.Journal
	judge    *judge.Judge
	receiver *ingest.Receiver
	notifier *notify.Notifier
	events   eventdocs.Source
	store    eventStore        // nil if there are no events
	file     *eventstore.Store // nil if they are not in the data folder
	api      *api.API

	keepEvents func() // what their store does until the fleet ends

	listeners listeners
	grpc      *grpc.Server
	servers   []*http.Server

	ctx    context.Context //nolint:containedctx // of the loops
	cancel context.CancelFunc
	loops  sync.WaitGroup
	faults faults

	backing sync.Mutex // held while a backup is made

	started time.Time
}

// Start starts a fleet. After an error nothing runs and no address is bound.
func Start(cfg Config) (*Fleet, error) {
	f := &Fleet{cfg: cfg, log: cfg.Logger, registry: prometheus.NewRegistry(), started: time.Now(), faults: faults{log: cfg.Logger}}
	f.parts = slog.New(parts{cfg.Logger.Handler(), &f.faults})
	f.ctx, f.cancel = context.WithCancel(context.Background())
	if err := f.start(); err != nil {
		return nil, errors.Join(err, f.release())
	}
	return f, nil
}

func (f *Fleet) start() error {
	var err error
	if f.tokens, err = openTokens(f.cfg.Settings, f.report); err != nil {
		return err
	}
	security, err := security(f.cfg.Settings, f.report)
	if err != nil {
		return err
	}
	if err := checkRemoteWrite(f.cfg.Settings); err != nil {
		return err
	}
	if err := f.listeners.bind(f.ctx, f.cfg.Settings); err != nil {
		return err
	}
	f.cfg.Bound(f.Addr())
	if err := f.open(); err != nil {
		return err
	}
	if err := f.serve(security); err != nil {
		return err
	}
	f.loops.Go(func() { f.judge.Run(f.ctx, f.engine) })
	f.loops.Go(f.tick)
	if f.store != nil {
		f.loops.Go(f.keepEvents)
	}
	if f.upstream != nil {
		f.loops.Go(func() { f.upstream.Run(f.ctx, f.cfg.Evaluation, f.members, f.report, f.polled) })
	}
	return nil
}

// open opens the data.
func (f *Fleet) open() error {
	f.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := os.MkdirAll(f.cfg.Data, 0o750); err != nil {
		return fmt.Errorf("ARGUS_FLEET_DATA: %w", err)
	}
	shipped, err := shippedRules()
	if err != nil {
		return err
	}
	if f.journal, err = journal.Open(filepath.Join(f.cfg.Data, journalFile)); err != nil {
		return fmt.Errorf("the journal: %w", err)
	}
	notifications, err := Notifications(f.cfg.Settings)
	if err != nil {
		return err
	}
	notifications.Dir, notifications.Logger, notifications.Registerer = filepath.Join(f.cfg.Data, notificationsFolder), f.parts, f.registry
	notifications.Report, notifications.MuteEnded = f.report, f.muteEnded
	if f.notifier, err = notify.New(notifications); err != nil {
		return err
	}
	f.judge = judge.New(f.found)
	if f.upstream, err = openSources(f.cfg.Settings); err != nil {
		return err
	}
	f.engine, err = engine.Open(engine.Options{
		Sources: f.upstream.Engine(), Dir: filepath.Join(f.cfg.Data, metricsFolder), Retention: f.cfg.Retention, Size: f.cfg.Size, Every: f.cfg.Evaluation,
		RemoteWrite: f.cfg.RemoteWriteConfig, Rules: shipped, URL: f.cfg.URL, Notify: f.send, Logger: f.parts, Registry: f.registry,
	})
	if err != nil {
		return err
	}
	f.members, err = members.Open(members.Config{
		File: filepath.Join(f.cfg.Data, membersFile), MaxPlaces: f.cfg.MaxMembers, MaxSeries: f.cfg.MaxSeries, Event: f.happened, Seen: f.seen(),
	}, time.Now())
	if err != nil {
		f.report(err) // it was moved aside
	}
	f.receiver = ingest.New(f.engine, f.members, time.Now)
	f.openEvents()
	f.registry.MustRegister(f.receiver.Collectors()...)
	f.registry.MustRegister(&own{f})
	return nil
}

// shippedRules are the rules as they are shipped for Prometheus.
func shippedRules() (map[string]string, error) {
	files, err := rules.Files()
	if err != nil {
		return nil, err
	}
	shipped := map[string]string{}
	for name, text := range files {
		if base, is := cutFolder(name); is {
			shipped[base] = text
		}
	}
	return shipped, nil
}

func cutFolder(name string) (base string, is bool) {
	if dir, file := filepath.Split(name); dir == rulesFolder {
		return file, true
	}
	return "", false
}

// security is the TLS of all addresses, or nil. Each server needs a copy: it changes it.
func security(s settings.Settings, report func(error)) (*tls.Config, error) {
	if s.TLSCertFile == "" {
		return nil, nil //nolint:nilnil // plain text
	}
	c := &certificate{cert: s.TLSCertFile, key: s.TLSKeyFile, report: report}
	if err := c.load(); err != nil {
		return nil, fmt.Errorf("ARGUS_FLEET_TLS_CERT_FILE %s and ARGUS_FLEET_TLS_KEY_FILE %s: %w", c.cert, c.key, err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}, nil
}

// serve begins to serve on all addresses.
func (f *Fleet) serve(security *tls.Config) error {
	pages, err := f.pages()
	if err != nil {
		return err
	}
	f.http(f.listeners.pages, security, pages, 2*time.Minute)
	if l := f.listeners.otlpHTTP; l != nil {
		f.http(l, security, f.receiver.HTTP(f.tokens.ingest(), f.report), time.Minute)
	}
	if l := f.listeners.otlpGRPC; l != nil {
		var transport credentials.TransportCredentials
		if security != nil {
			transport = credentials.NewTLS(security.Clone())
		}
		f.grpc = f.receiver.GRPC(transport, f.tokens.ingest(), f.report)
		f.loops.Go(func() { f.note(f.grpc.Serve(netutil.LimitListener(l, maxConnections))) })
	}
	return nil
}

func (f *Fleet) http(l net.Listener, security *tls.Config, h http.Handler, writeTimeout time.Duration) {
	server := &http.Server{
		Handler: h, TLSConfig: security.Clone(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: writeTimeout,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(f.log.Handler(), slog.LevelDebug),
	}
	f.servers = append(f.servers, server)
	limited := netutil.LimitListener(l, maxConnections)
	f.loops.Go(func() {
		var err error
		if security != nil {
			err = server.ServeTLS(limited, "", "")
		} else {
			err = server.Serve(limited)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			f.note(err)
		}
	})
}

// note reports the end of a server that was not asked for.
func (f *Fleet) note(err error) {
	if err != nil && f.ctx.Err() == nil {
		f.report(err)
	}
}

// Addr returns the address of the pages.
func (f *Fleet) Addr() string { return address(f.listeners.pages) }

// URL returns the address of the pages as people reach them.
func (f *Fleet) URL() string { return f.cfg.URL }

// OTLPGRPC returns the address for OTLP over gRPC, or "".
func (f *Fleet) OTLPGRPC() string { return address(f.listeners.otlpGRPC) }

// OTLPHTTP returns the address for OTLP over HTTP, or "".
func (f *Fleet) OTLPHTTP() string { return address(f.listeners.otlpHTTP) }

func address(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}

// Reload reads the configurations of notifications and remote write anew. After an error
// that one stays as it was.
func (f *Fleet) Reload() error {
	err := f.reload("notifications", f.notifier.Reload)
	if f.cfg.RemoteWriteConfig != "" {
		err = errors.Join(err, f.reload("remote write", f.engine.ReloadRemoteWrite))
	}
	return err
}

func (f *Fleet) reload(what string, read func() error) error {
	if err := read(); err != nil {
		err = fmt.Errorf("the configuration of %s is not read anew: %w", what, err)
		f.report(err)
		return err
	}
	f.log.Info("the configuration of " + what + " was read anew")
	return nil
}

// Close ends everything, in the order of the data's way, and saves the state. What is in
// progress may go on until the context ends.
func (f *Fleet) Close(ctx context.Context) error {
	var errs []error
	if f.grpc != nil {
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			f.grpc.GracefulStop()
		}()
		select {
		case <-stopped:
		case <-ctx.Done():
			f.grpc.Stop()
			<-stopped
		}
	}
	for _, s := range f.servers {
		if err := s.Shutdown(ctx); err != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(append(errs, f.release())...)
}

// release ends what was begun, as far as it was.
func (f *Fleet) release() error {
	f.cancel()
	var errs []error
	errs = append(errs, f.listeners.close())
	f.loops.Wait()
	if f.api != nil {
		f.api.Close()
	}
	if f.members != nil {
		errs = append(errs, f.members.Save())
	}
	if f.store != nil {
		errs = append(errs, f.store.Close())
	}
	if f.engine != nil {
		errs = append(errs, f.engine.Close())
	}
	if f.upstream != nil {
		f.upstream.Close()
	}
	if f.notifier != nil { // after the rules, whose last alerts it takes
		ctx, cancel := context.WithTimeout(context.Background(), notifyTimeout)
		defer cancel()
		errs = append(errs, f.notifier.Stop(ctx))
	}
	if f.journal != nil {
		errs = append(errs, f.journal.Close())
	}
	return errors.Join(errs...)
}
