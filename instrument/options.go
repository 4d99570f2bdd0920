package instrument

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/argus-dgo/argus/internal/catalog"
)

// An Option configures [New]. A nil Option is ignored.
type Option interface {
	apply(*config)
}

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

type config struct {
	poll      time.Duration
	ctx       context.Context //nolint:containedctx // for the handlers
	provider  metric.MeterProvider
	namespace string
	version   string
	commands  []string
	tasks     []string

	withoutAcks, withoutGateway, logRecords bool
	errorHandler                            otel.ErrorHandler // nil: OpenTelemetry's global one

	tracers     trace.TracerProvider // nil: no spans
	traceIDs    bool                 // whether spans have Discord's ids
	loggers     log.LoggerProvider   // nil: no events
	eventGuilds bool                 // whether events have the guild's id
	eventKey    []byte               // of the hash of the user's id; nil: events have none
}

// WithMeterProvider sets the MeterProvider that makes the instruments. The
// default, also for nil, is the global MeterProvider.
func WithMeterProvider(mp metric.MeterProvider) Option {
	return optionFunc(func(c *config) {
		if mp != nil {
			c.provider = mp
		}
	})
}

// WithTracerProvider turns spans on and sets the TracerProvider that makes them.
// There are none without it, or for nil: pass otel.GetTracerProvider() to use the
// global one. docs/TRACES.md describes the spans.
func WithTracerProvider(tp trace.TracerProvider) Option {
	return optionFunc(func(c *config) { c.tracers = tp })
}

// WithTraceIDs sets whether spans have the ids of guild, channel, user and
// interaction as attributes. The default is false.
func WithTraceIDs(ids bool) Option {
	return optionFunc(func(c *config) { c.traceIDs = ids })
}

// WithLoggerProvider turns events on and sets the LoggerProvider that their log
// records are emitted to, on a goroutine of its own. There are none without it, or for
// nil. [Instrumentation.Close] waits up to 2 s for those that are not emitted yet.
// docs/EVENTS.md describes the events.
func WithLoggerProvider(lp log.LoggerProvider) Option {
	return optionFunc(func(c *config) { c.loggers = lp })
}

// WithEventGuildIDs sets whether events have the id of their guild. The default
// is false.
func WithEventGuildIDs(ids bool) Option {
	return optionFunc(func(c *config) { c.eventGuilds = ids })
}

// WithEventUserHash sets the key, of at least 32 bytes, of the hash that stands
// for the user in events: an HMAC of the user's id that changes with each day
// (UTC). Events have no user without it.
func WithEventUserHash(key []byte) Option {
	key = slices.Clone(key)
	return optionFunc(func(c *config) { c.eventKey = key })
}

// WithNamespace replaces the prefix "discord" of the instruments' names. The
// namespace must match [a-z][a-z0-9_]* and not be "argus", the prefix of the
// instrumentation's own instruments. The default, also for an empty string, is
// "discord".
func WithNamespace(namespace string) Option {
	return optionFunc(func(c *config) { c.namespace = namespace })
}

// WithServiceVersion sets the bot's own version, the label version of
// discord.bot.info; a change of it is a deployment. It is clipped to 128 bytes. The
// default, also for an empty string, is the VCS revision of the build (12 digits, and
// "+dirty" after them if files had been changed), or else the version of the main
// module, or else "devel". The facade sets it to the resource attribute
// service.version.
func WithServiceVersion(version string) Option {
	return optionFunc(func(c *config) { c.version = version })
}

// WithCommands registers values of the label command, as
// [Instrumentation.Commands] does.
func WithCommands(names ...string) Option {
	names = slices.Clone(names)
	return optionFunc(func(c *config) { c.commands = append(c.commands, names...) })
}

// WithTasks registers values of the label task, as [Instrumentation.Tasks] does.
func WithTasks(names ...string) Option {
	names = slices.Clone(names)
	return optionFunc(func(c *config) { c.tasks = append(c.tasks, names...) })
}

// WithErrorHandler sets the handler that faults of the instrumentation are
// reported to: each kind immediately, then at most once a minute. h is called on
// its own goroutine, for one fault at a time: it may block or panic without
// affecting the bot. The default, also for nil, is OpenTelemetry's global
// handler.
func WithErrorHandler(h otel.ErrorHandler) Option {
	return optionFunc(func(c *config) { c.errorHandler = h })
}

// WithContext sets the parent of the context that wrapped handlers get. The
// default is context.Background. [Instrumentation.Close] cancels the derived
// context. The end of ctx does not stop the instrumentation.
func WithContext(ctx context.Context) Option {
	return optionFunc(func(c *config) { c.ctx = ctx })
}

// WithAcks sets whether each interaction is followed until it is acknowledged,
// for discord.interaction.acks, discord.interaction.ack.duration and
// discord.interaction.response.delay. The default is true. Use false if another
// process answers the interactions: all of them would count as missed.
func WithAcks(follow bool) Option {
	return optionFunc(func(c *config) { c.withoutAcks = !follow })
}

// WithSessionStartPoll sets the interval at which GET /gateway/bot is requested,
// for discord.gateway.session_start.*: at least a minute, or 0, the default, for
// no requests. One process of a bot is enough. The requests use the Client, Token
// and UserAgent that a session had when it was attached, and do not wait in
// discordgo's rate limiter. A session that was attached after Open is not used.
// It starts a goroutine, which ends with [Instrumentation.Close].
func WithSessionStartPoll(every time.Duration) Option {
	return optionFunc(func(c *config) { c.poll = every })
}

// WithoutGateway declares that no session will be opened, as in a process that
// makes only REST calls: [Instrumentation.Ready] then waits for no shard. A
// session that is opened nevertheless counts.
func WithoutGateway() Option {
	return optionFunc(func(c *config) { c.withoutGateway = true })
}

// WithLogRecords sets whether the lines that discordgo logs are counted, by
// level. The default is false. discordgo has one Logger per process, a variable
// that every running session reads without a lock: call [New] before any session
// is opened.
//
// A Logger that is set at that time still receives every line. Without one, the
// lines are written as discordgo would write them. Close restores the variable if
// no attached session has been opened by then. Otherwise Argus' function stays in
// the variable; it stops counting and passes the lines on.
func WithLogRecords(count bool) Option {
	return optionFunc(func(c *config) { c.logRecords = count })
}

// ErrNamespace is wrapped by the error for an invalid namespace.
var ErrNamespace = errors.New("invalid namespace")

func newConfig(opts []Option) (config, error) {
	var c config
	for _, o := range opts {
		if o != nil {
			o.apply(&c)
		}
	}
	if c.provider == nil {
		c.provider = otel.GetMeterProvider()
	}
	var errs []error
	if c.namespace != "" {
		if err := catalog.CheckNamespace(c.namespace); err != nil {
			errs = append(errs, fmt.Errorf("instrument: %w %q: it %w", ErrNamespace, c.namespace, err))
		}
	}
	if err := catalog.CheckSessionStartPoll(c.poll); err != nil {
		errs = append(errs, fmt.Errorf("instrument: WithSessionStartPoll(%v): %w", c.poll, err))
	}
	if c.eventKey != nil {
		if err := catalog.CheckEventUserKey(c.eventKey); err != nil {
			errs = append(errs, fmt.Errorf("instrument: WithEventUserHash: %w", err))
		}
	}
	return c, errors.Join(errs...)
}
