package instrument

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
)

// An Option changes what New makes. A nil Option is ignored.
type Option interface {
	apply(*config)
}

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

type config struct {
	provider  metric.MeterProvider
	namespace string
	commands  []string
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

var namespaceRE = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// ErrNamespace is wrapped by the error of a namespace that cannot be one.
var ErrNamespace = errors.New("namespace must match [a-z][a-z0-9_]* and not be \"argus\"")

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
	if c.namespace != "" && (!namespaceRE.MatchString(c.namespace) || c.namespace == "argus") {
		errs = append(errs, fmt.Errorf("instrument: namespace %q: %w", c.namespace, ErrNamespace))
	}
	return c, errors.Join(errs...)
}
