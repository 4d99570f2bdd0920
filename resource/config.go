package resource

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// An Option configures [New] and [Detect].
type Option interface {
	apply(*config)
}

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

type config struct {
	cluster     string
	clusterSet  bool
	bot         optionalOption
	region      optionalOption
	service     string
	serviceSet  bool
	attributes  []attribute.KeyValue
	environment func(string) (string, bool)
	host        func() (name string, own bool)

	start         *int // nil: no option, also below
	shardIDs      []int
	shardIDsSet   bool
	shardCount    *int
	perCluster    *int
	withoutShards bool
}

// WithClusterID sets the cluster id. It wins over every variable. An empty or
// otherwise invalid id is an error: see the package documentation.
func WithClusterID(id string) Option {
	return optionFunc(func(c *config) { c.cluster, c.clusterSet = id, true })
}

// WithBot names the bot: the label bot. It wins over ARGUS_BOT. The rules for a
// cluster id apply to the name.
func WithBot(name string) Option {
	return optionFunc(func(c *config) { c.bot = optionalOption{SourceBotOption, name} })
}

// WithRegion sets the region of the process: the label region. It wins over
// ARGUS_REGION. The rules for a cluster id apply to the name.
func WithRegion(name string) Option {
	return optionFunc(func(c *config) { c.region = optionalOption{SourceRegionOption, name} })
}

// WithClusterIDStart sets the number of the first cluster, 0 by default. It wins
// over CLUSTER_ID_START.
func WithClusterIDStart(number int) Option {
	return optionFunc(func(c *config) { c.start = &number })
}

// WithShardIDs sets the shards of this process, in any order. SHARD_IDS and
// SHARDS_PER_CLUSTER are then ignored.
func WithShardIDs(ids ...int) Option {
	ids = slices.Clone(ids)
	return optionFunc(func(c *config) { c.shardIDs, c.shardIDsSet = ids, true })
}

// WithShardCount sets the number of shards of the whole bot. It wins over
// SHARD_COUNT.
func WithShardCount(n int) Option {
	return optionFunc(func(c *config) { c.shardCount = &n })
}

// WithShardsPerCluster sets the number of shards of each process; the last
// process may have fewer. SHARDS_PER_CLUSTER and SHARD_IDS are then ignored.
func WithShardsPerCluster(n int) Option {
	return optionFunc(func(c *config) { c.perCluster = &n })
}

// WithoutShards makes [Detect] leave out the shards. Their variables are not
// read, and so cannot cause errors.
func WithoutShards() Option {
	return optionFunc(func(c *config) { c.withoutShards = true })
}

// WithServiceName sets service.name. It wins over OTEL_SERVICE_NAME and
// OTEL_RESOURCE_ATTRIBUTES. The default is [DefaultServiceName].
func WithServiceName(name string) Option {
	return optionFunc(func(c *config) { c.service, c.serviceSet = name, true })
}

// WithAttributes adds attributes to the resource. They win over
// OTEL_RESOURCE_ATTRIBUTES and over detected attributes. The keys cluster, bot,
// region and service.name are errors, because they have their own options, and so
// are telemetry.sdk.*, which cannot be set. Repeated use adds attributes; the
// last of equal keys wins.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	attrs = slices.Clone(attrs)
	return optionFunc(func(c *config) { c.attributes = append(c.attributes, attrs...) })
}

// WithEnvironment sets the function that looks up variables, os.LookupEnv by
// default. It is for tests, and for programs with their own configuration system.
// A nil lookup is ignored.
func WithEnvironment(lookup func(string) (string, bool)) Option {
	return optionFunc(func(c *config) {
		if lookup != nil {
			c.environment = lookup
		}
	})
}

func newConfig(opts []Option) (*config, error) {
	c := &config{environment: os.LookupEnv, host: ownHost}
	for _, o := range opts {
		if o != nil {
			o.apply(c)
		}
	}
	var errs []error
	if c.serviceSet {
		if err := checkServiceName(c.service); err != nil {
			errs = append(errs, fmt.Errorf("WithServiceName: %w", err))
		}
	}
	for _, kv := range c.attributes {
		if err := checkAttribute(kv); err != nil {
			errs = append(errs, fmt.Errorf("resource attributes: %w", err))
		}
	}
	return c, errors.Join(errs...)
}

// lookupEnv returns "" for a variable that is not set, whatever value the lookup
// returns.
func (c *config) lookupEnv(name string) (string, bool) {
	v, ok := c.environment(name)
	if !ok {
		return "", false
	}
	return v, true
}

func checkServiceName(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return errors.New("service.name is empty; name the bot, or leave the setting out")
	case !utf8.ValidString(name):
		return errors.New("service.name is not UTF-8")
	case looksSecret(name):
		return fmt.Errorf("service.name: %w", errSecret)
	}
	if err := errors.Join(checkQuotes(name), checkExpanded(name)); err != nil {
		return fmt.Errorf("service.name: %w", err)
	}
	return nil
}

// checkAttribute checks an attribute that the user sets. Its errors contain the
// key but not the value, which may be a secret.
func checkAttribute(kv attribute.KeyValue) error {
	switch {
	case !kv.Valid():
		return fmt.Errorf("the attribute %q has an empty key or no value", clip(string(kv.Key)))
	case kv.Key == ClusterKey:
		return errors.New("the key cluster is set with WithClusterID")
	case kv.Key == BotKey:
		return errors.New("the key bot is set with WithBot")
	case kv.Key == RegionKey:
		return errors.New("the key region is set with WithRegion")
	case kv.Key == semconv.ServiceNameKey:
		return errors.New("the key service.name is set with WithServiceName")
	case strings.HasPrefix(string(kv.Key), sdkPrefix):
		return fmt.Errorf("the key %q describes the SDK that is linked in and cannot be set", clip(string(kv.Key)))
	case !utf8.ValidString(string(kv.Key)) || !validStrings(kv.Value):
		return fmt.Errorf("the attribute %q is not UTF-8", clip(string(kv.Key)))
	}
	return nil
}

func validStrings(v attribute.Value) bool {
	switch v.Type() {
	case attribute.STRING:
		return utf8.ValidString(v.AsString())
	case attribute.STRINGSLICE:
		return !slices.ContainsFunc(v.AsStringSlice(), func(s string) bool { return !utf8.ValidString(s) })
	default:
		return true
	}
}
