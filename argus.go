package argus

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/log"
	lognoop "go.opentelemetry.io/otel/log/noop"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/argus-dgo/argus/instrument"
	"github.com/argus-dgo/argus/resource"
)

// An Argus measures the sessions that it is attached to and exports the metrics to Prometheus, to an OpenTelemetry collector, or
// both. [Start] or [New] makes one. Its methods are safe for concurrent use.
type Argus struct {
	config          Config
	log             *userLog
	instrumentation *instrument.Instrumentation
	pipeline        *pipeline

	endHandlers context.CancelFunc // ends the context of wrapped handlers

	shutdown     sync.Once
	shutdownDone chan struct{}
	shutdownErr  error
}

// Start measures the session and those of [WithSessions], and starts exporting: by default on http://localhost:9191/metrics, beside the
// live page at http://localhost:9191/.
// Call it before the session's Open; after Open there are fewer signals. docs/CONFIGURATION.md lists the settings.
//
// The error joins every setting that cannot be used, each with its variable or option and its value. A nil session is an error
// as well. After an error nothing is started, and the sessions are unchanged. A session that is given twice is measured
// once; a session of two Arguses is measured by both.
//
// A port that cannot be bound is no error: the bot keeps running, a log line says why and what to do,
// argus_subsystem_up{subsystem="server"} is 0, and Argus retries. The same applies to an unavailable collector.
//
// An Argus measures one bot; sessions of another bot are an error. For several bots in one process, start an Argus for each, with
// different names ([WithBot]). Those on one address share the server, the page and /readyz. It is an error if they cannot: if a name is
// missing or used twice, if path or token differ, or if one address includes the other.
//
// With OTEL_SDK_DISABLED=true Argus measures and serves nothing, and its methods work.
//
// Call [Argus.Shutdown] at the end.
func Start(s *discordgo.Session, opts ...Option) (*Argus, error) {
	return start(processEnvironment(), s, opts)
}

// New is [Start] without a session, for a bot whose sessions are made later, such as by a manager of shards: give each to
// [Argus.Attach] before it is opened, or make it with [Argus.NewSession].
func New(opts ...Option) (*Argus, error) {
	return begin(processEnvironment(), nil, opts)
}

// Resolve returns the configuration that [Start] would use, or its error, and starts nothing. It reads files, such as the one with the
// token of the metrics page; it opens and sends nothing.
func Resolve(opts ...Option) (Config, error) {
	c, err := resolve(processEnvironment(), collect(opts))
	if err != nil {
		return Config{}, err
	}
	return c.clone(), nil
}

func start(env environment, s *discordgo.Session, opts []Option) (*Argus, error) {
	return begin(env, []*discordgo.Session{s}, opts)
}

func begin(env environment, sessions []*discordgo.Session, opts []Option) (_ *Argus, err error) {
	o := collect(opts)
	defer func() {
		if err != nil {
			o.abandonEvents()
		}
	}()
	c, err := resolve(env, o)
	if err == nil && !c.Disabled {
		err = c.checkNames(slices.Concat(sessions, o.sessions))
	}
	if slices.Contains(sessions, nil) {
		err = errors.Join(instrument.ErrNilSession, err)
	}
	if err != nil {
		return nil, fmt.Errorf("argus is not started: %w", err)
	}
	if c.Disabled {
		c.Exporters, c.sources[envExporters] = nil, envSDKDisabled
		o.commands, o.tasks = nil, nil // they may be at fault
	}
	a := &Argus{config: c.clone(), log: &userLog{logger: o.logger}, shutdownDone: make(chan struct{})}
	if err := a.assemble(c, o, append(sessions, o.sessions...)); err != nil {
		return nil, fmt.Errorf("argus is not started: %w", err)
	}
	a.announce()
	a.log.flush(context.Background())
	return a, nil
}

// assemble makes and starts the parts, in the order in which they depend on each other. With an error nothing is left of them.
func (a *Argus) assemble(c resolved, o *options, sessions []*discordgo.Session) (err error) {
	defer func() {
		if err == nil {
			return
		}
		if a.instrumentation != nil {
			err = errors.Join(err, a.instrumentation.Close())
		}
		if a.pipeline != nil {
			a.pipeline.discard()
		}
		if a.endHandlers != nil {
			a.endHandlers()
		}
	}()
	a.pipeline, err = newPipeline(c, o, a.log, probe{
		shards: func() (up, configured int) { return a.instrumentation.ShardsUp() },
		ready:  func() error { return a.instrumentation.Ready() },
		slow:   func() []instrument.SlowInteraction { return a.instrumentation.SlowInteractions() },
		guild:  func(id uint64) (instrument.GuildState, int64) { return a.instrumentation.Guild(id) },
		closes: func() map[string]instrument.Disconnect { return a.instrumentation.LastDisconnects() },
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	a.endHandlers = cancel
	opts := []instrument.Option{
		instrument.WithContext(ctx),
		instrument.WithMeterProvider(a.pipeline.provider),
		instrument.WithNamespace(c.Namespace),
		instrument.WithServiceVersion(serviceVersion(c.resource)),
		instrument.WithCommands(o.commands...),
		instrument.WithTasks(o.tasks...),
		instrument.WithErrorHandler(otel.ErrorHandlerFunc(a.pipeline.report)),
		instrument.WithAcks(c.Acks),
		instrument.WithTracerProvider(a.pipeline.tracers),
		instrument.WithTraceIDs(c.TraceIDs),
		instrument.WithLoggerProvider(a.pipeline.loggers),
		instrument.WithEventGuildIDs(c.EventGuildIDs),
	}
	if c.EventUsers {
		opts = append(opts, instrument.WithEventUserHash([]byte(c.eventKey.reveal())))
	}
	if !c.Disabled {
		opts = append(opts, instrument.WithLogRecords(c.LogRecords), instrument.WithSessionStartPoll(c.SessionStartPoll))
	}
	if o.withoutGateway {
		opts = append(opts, instrument.WithoutGateway())
	}
	a.instrumentation, err = instrument.New(opts...)
	if err != nil {
		return err
	}
	if !c.Disabled {
		if _, err := a.instrumentation.Attach(sessions...); err != nil {
			return err
		}
	}
	if err := a.pipeline.start(); err != nil {
		return err
	}
	return nil
}

// announce writes the one line about the start.
func (a *Argus) announce() {
	if a.config.Disabled {
		a.log.info("argus is disabled: " + envSDKDisabled + " is true; nothing is measured or served")
		if err := a.config.Refused(); err != nil {
			a.log.warn("argus is disabled, but its settings are invalid", "reason", err)
		}
		return
	}
	about := []any{
		"version", instrument.Version(),
		"cluster", a.config.ClusterID,
		"cluster_source", string(a.config.Source(resource.EnvArgusClusterID)),
		"exporters", joinExporters(a.config.Exporters),
	}
	if a.config.Bot != "" {
		about = append(about, "bot", a.config.Bot)
	}
	if a.config.Region != "" {
		about = append(about, "region", a.config.Region)
	}
	if a.pipeline.server != nil {
		url := a.pipeline.url
		listening := a.pipeline.addr() != ""
		if !listening {
			url = a.pipeline.wantedURL
		}
		about = append(about, "url", url(a.config.MetricsPath), "listening", listening)
		if a.config.Dashboard {
			about = append(about, "dashboard", url("/"))
		}
	}
	if a.pipeline.push != nil {
		about = append(about, "otlp_endpoint", a.pipeline.push.Endpoint())
	}
	for _, o := range a.pipeline.queues {
		about = append(about, o.subsystem+"_endpoint", o.exporter.Endpoint())
	}
	a.log.info("argus started", about...)
}

// Attach measures further sessions, at any time. It leaves attached sessions unchanged. detach ends the measuring of the
// sessions of this call; it may be called more than once, and Shutdown does it for all. A nil session is an error, and
// then none is attached.
func (a *Argus) Attach(s ...*discordgo.Session) (detach func(), err error) {
	if a.config.Disabled {
		if i := slices.Index(s, nil); i >= 0 {
			return func() {}, fmt.Errorf("argus: session %d of %d: %w", i+1, len(s), instrument.ErrNilSession)
		}
		return func() {}, nil
	}
	return a.instrumentation.Attach(s...)
}

// NewSession is discordgo.New followed by [Argus.Attach], for code that makes and opens sessions in one step: pass it to a manager of
// shards as the constructor, or call it in place of discordgo.New. The token is discordgo's, with the prefix "Bot ".
func (a *Argus) NewSession(token string) (*discordgo.Session, error) {
	if a.config.Disabled {
		return discordgo.New(token)
	}
	return a.instrumentation.NewSession(token)
}

// InteractionEndpoint wraps the handler of an application's Interactions Endpoint URL, for a bot that receives its interactions by HTTP:
// they are measured like those of the gateway. The handler verifies the signature; requests that it answers with 401 do not count. See
// [instrument.Instrumentation.InteractionEndpoint]. /readyz then waits only for shards that are opened.
func (a *Argus) InteractionEndpoint(h http.Handler) http.Handler {
	return a.instrumentation.InteractionEndpoint(h)
}

// Interaction wraps a handler of interactions, for the session's AddHandler: it records the duration and the outcome by command.
// An error that h returns is counted by its type and dropped; a panic is counted and re-raised. The context ends when [Argus.Shutdown] begins.
// Each wrapped handler counts each command that it is called with, so register one for all commands.
func (a *Argus) Interaction(
	h func(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error,
) func(*discordgo.Session, *discordgo.InteractionCreate) {
	return a.instrumentation.Interaction(h)
}

// AppCommand runs h for an interaction and records what [Argus.Interaction] does, for command frameworks that call the handlers
// themselves. It returns the error of h.
func (a *Argus) AppCommand(ctx context.Context, i *discordgo.InteractionCreate, h func(ctx context.Context) error) error {
	return a.instrumentation.AppCommand(ctx, i, h)
}

// Command runs h as the prefix (text) command of that name, records its duration and outcome, and returns its error.
func (a *Argus) Command(ctx context.Context, name string, h func(ctx context.Context) error) error {
	return a.instrumentation.Command(ctx, name, h)
}

// Commands adds to the names that the label command may have, as [WithCommands] does.
func (a *Argus) Commands(names ...string) error {
	return a.instrumentation.Commands(names...)
}

// Task runs h, a piece of the bot's own work, and returns its error. It records the duration by outcome, counts errors by type, and draws a
// span within the trace of ctx. h gets ctx with that span.
func (a *Argus) Task(ctx context.Context, name string, h func(ctx context.Context) error) error {
	return a.instrumentation.Task(ctx, name, h)
}

// Tasks adds to the names that the label task may have, as [WithTasks] does.
func (a *Argus) Tasks(names ...string) error {
	return a.instrumentation.Tasks(names...)
}

// RequestOption returns an option for one REST call that measures how long it waits in discordgo's rate limiter
// (discord_rest_queue_wait_seconds). Make one for each call, right before it. ctx does not cancel the request.
func (a *Argus) RequestOption(ctx context.Context) discordgo.RequestOption {
	return a.instrumentation.RequestOption(ctx)
}

// MeterProvider is for the bot's own instruments, which are exported in the same ways, with the same labels cluster, bot and region.
// For libraries that use OpenTelemetry's global provider, pass it to otel.SetMeterProvider; Argus does not.
func (a *Argus) MeterProvider() metric.MeterProvider { return a.pipeline.provider }

// TracerProvider is for the bot's own spans: with a context of a wrapped handler they belong to the trace of its interaction. It is that
// of [WithTracerProvider] if one is given, and makes no spans if traces are off. For libraries that use OpenTelemetry's global provider,
// pass it to otel.SetTracerProvider; Argus does not.
func (a *Argus) TracerProvider() trace.TracerProvider {
	if a.pipeline.tracers == nil {
		return tracenoop.NewTracerProvider()
	}
	return a.pipeline.tracers
}

// LoggerProvider is for the bot's own log records, such as those of a bridge from log/slog. It is that of [WithLoggerProvider] if one is
// given, and drops all records if events are off.
func (a *Argus) LoggerProvider() log.LoggerProvider {
	if a.pipeline.loggers == nil {
		return lognoop.NewLoggerProvider()
	}
	return a.pipeline.loggers
}

// Handler is the metrics page, for your own mux under any path. It requires the bearer token if one is set.
// Without the prometheus exporter it answers 404, and during and after Shutdown 503. It does not check host names:
// [WithAllowedHosts] applies to the server.
func (a *Argus) Handler() http.Handler { return a.pipeline.page }

// DashboardHandler is the live page with its API, for your own mux. All of its links are relative, so it can have any prefix, which the
// mux removes:
//
//	mux.Handle("/argus/", http.StripPrefix("/argus", a.DashboardHandler()))
//
// It requires the token if one is set, and does not check host names. With a server it shows all bots on the server's address; with
// [WithoutServer] it shows this bot, and its history begins with the first call. Without the prometheus exporter it answers 404.
func (a *Argus) DashboardHandler() http.Handler { return a.pipeline.dashboard() }

// ShardsUp returns the number of shards that are up, and the number of all shards, including those that wait to be opened. Sessions that
// only make REST calls, and those that the bot has closed, are not shards. With OTEL_SDK_DISABLED=true both are 0.
func (a *Argus) ShardsUp() (up, configured int) { return a.instrumentation.ShardsUp() }

// Ready returns nil if the bot can do its work, and otherwise the reason, as /readyz does, for a probe on your own server. See
// [instrument.Instrumentation.Ready]. With OTEL_SDK_DISABLED=true it never returns nil.
func (a *Argus) Ready() error { return a.instrumentation.Ready() }

// Addr is the address, host:port, that the server is bound to. It is empty without a server and while the port is unavailable.
func (a *Argus) Addr() string { return a.pipeline.addr() }

// URL is the URL of the metrics page on this machine. It is empty if [Argus.Addr] is.
func (a *Argus) URL() string { return a.pipeline.url(a.config.MetricsPath) }

// DashboardURL is the URL of the live page on this machine. It is empty if [Argus.Addr] is, and without a live page.
func (a *Argus) DashboardURL() string {
	if !a.config.Dashboard {
		return ""
	}
	return a.pipeline.url("/")
}

// Config is the configuration of this Argus, with the source of each value. It contains no secret.
func (a *Argus) Config() Config { return a.config.clone() }

// Shutdown pushes what was measured since the last push, and the spans and events in the queues, closes the server and all connections, and restores the fields of the
// sessions. In a session that has been opened, or has made a REST call, the wrappers stay and pass everything through, because discordgo
// reads those fields without a lock from then on. The sessions stay open: close them before Shutdown, so that their end is counted.
//
// If ctx ends first, operations in progress are cut off; everything is closed and restored nevertheless.
//
// Further calls wait for the first, as long as their own ctx allows, and return its error.
func (a *Argus) Shutdown(ctx context.Context) error {
	first := false
	a.shutdown.Do(func() { first = true })
	if !first {
		select {
		case <-a.shutdownDone:
			return a.shutdownErr
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer close(a.shutdownDone)
	defer a.log.flush(ctx)
	a.endHandlers()
	a.instrumentation.Ending()
	pushed := a.pipeline.shutdown(ctx)  // before the instruments go, whose last values it pushes
	closed := a.instrumentation.Close() // ends the last spans
	if err := errors.Join(pushed, closed, a.pipeline.endQueues(ctx)); err != nil {
		a.shutdownErr = fmt.Errorf("argus shutdown: %w", err)
	}
	return a.shutdownErr
}
