package instrument

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"

	"github.com/argus-dgo/argus/internal/catalog"
)

// An Option changes what New makes. A nil Option is ignored.
type Option interface {
	apply(*config)
}

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

type config struct {
	poll      time.Duration
	ctx       context.Context //nolint:containedctx // of the handlers
	provider  metric.MeterProvider
	namespace string
	commands  []string

	withoutAcks, withoutGateway, logRecords bool
	errorHandler                            otel.ErrorHandler // nil is OpenTelemetry's global one
}

// WithMeterProvider has the instruments made by mp. The default, also for nil,
// is the global MeterProvider.
func WithMeterProvider(mp metric.MeterProvider) Option {
	return optionFunc(func(c *config) {
		if mp != nil {
			c.provider = mp
		}
	})
}

// WithNamespace replaces the prefix "discord" of the instruments' names. It must
// match [a-z][a-z0-9_]* and not be "argus", the prefix of the telemetry's own
// instruments. The default, also for an empty string, is "discord".
func WithNamespace(namespace string) Option {
	return optionFunc(func(c *config) { c.namespace = namespace })
}

// WithCommands registers the names that the label command tells apart, as
// [Instrumentation.Commands] does.
func WithCommands(names ...string) Option {
	names = slices.Clone(names)
	return optionFunc(func(c *config) { c.commands = append(c.commands, names...) })
}

// WithErrorHandler has faults of the instrumentation told to h: each kind at once,
// and then once a minute at most. h is called on a goroutine of its own, one fault
// after the other: it may block or panic without the bot noticing. The default,
// also for nil, is OpenTelemetry's global handler.
func WithErrorHandler(h otel.ErrorHandler) Option {
	return optionFunc(func(c *config) { c.errorHandler = h })
}

// WithContext sets the context from which that of wrapped handlers is derived, with
// its values. The default is context.Background. [Instrumentation.Close] ends the
// derived context. It does not end what the instrumentation does.
func WithContext(ctx context.Context) Option {
	return optionFunc(func(c *config) { c.ctx = ctx })
}

// WithAcks says whether each interaction is followed until it is acknowledged, for
// discord.interaction.acks, discord.interaction.ack.duration and
// discord.interaction.response.delay. The default is true. Use false where another
// process answers the interactions: all of them would count as missed.
func WithAcks(follow bool) Option {
	return optionFunc(func(c *config) { c.withoutAcks = !follow })
}

// WithSessionStartPoll requests GET /gateway/bot at this interval, at least every
// minute, for discord.gateway.session_start.*; 0, the default, requests nothing. One
// process of a bot is enough. The requests have the Client, Token and UserAgent that
// one of the sessions had when it was attached, and do not wait in discordgo's rate
// limiter. A session that was attached after Open is not used. This is the only
// option that starts a goroutine, which ends with [Instrumentation.Close].
func WithSessionStartPoll(every time.Duration) Option {
	return optionFunc(func(c *config) { c.poll = every })
}

// WithoutGateway says that none of the sessions will be opened, as in a process
// that makes REST calls alone: [Instrumentation.Ready] then waits for no shard. One
// that is opened nevertheless counts.
func WithoutGateway() Option {
	return optionFunc(func(c *config) { c.withoutGateway = true })
}

// WithLogRecords says whether the lines that discordgo logs are counted, by level.
// The default is false. discordgo has
// one Logger for all of a process, a variable that every running session reads
// without a lock: make the instrumentation before any session is opened.
//
// The Logger that is set by then goes on to get every line, and what would have
// been written without one is written. Close gives the variable back if no
// attached session has been opened by then; else what stands there counts
// nothing any more and hands on.
func WithLogRecords(count bool) Option {
	return optionFunc(func(c *config) { c.logRecords = count })
}

// ErrNamespace is wrapped by the error of a namespace that cannot be used.
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
	if c.poll < 0 || c.poll > 0 && c.poll < minPoll {
		errs = append(errs, fmt.Errorf("instrument: WithSessionStartPoll(%v): must be at least %v, or 0", c.poll, minPoll))
	}
	return c, errors.Join(errs...)
}
