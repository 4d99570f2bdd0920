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

// Option configures [New] and [Detect].
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

	start         *int // nil where there was no option, as below
	shardIDs      []int
	shardIDsSet   bool
	shardCount    *int
	perCluster    *int
	withoutShards bool
}

// WithClusterID sets the cluster id; it comes before every variable. An empty
// or otherwise invalid id is an error of New: see the package documentation.
func WithClusterID(id string) Option {
	return optionFunc(func(c *config) { c.cluster, c.clusterSet = id, true })
}

// WithBot names the bot: the label bot. It comes before ARGUS_BOT. What is a valid
// name is what is a valid cluster id.
func WithBot(name string) Option {
	return optionFunc(func(c *config) { c.bot = optionalOption{SourceBotOption, name} })
}

// WithRegion says where the process runs: the label region. It comes before
// ARGUS_REGION. What is a valid name is what is a valid cluster id.
func WithRegion(name string) Option {
	return optionFunc(func(c *config) { c.region = optionalOption{SourceRegionOption, name} })
}

// WithClusterIDStart sets the number of the first cluster, 0 by default; it comes
// before CLUSTER_ID_START.
func WithClusterIDStart(number int) Option {
	return optionFunc(func(c *config) { c.start = &number })
}

// WithShardIDs sets the shards of this process, in any order; SHARD_IDS and
// SHARDS_PER_CLUSTER are then not looked at.
func WithShardIDs(ids ...int) Option {
	ids = slices.Clone(ids)
	return optionFunc(func(c *config) { c.shardIDs, c.shardIDsSet = ids, true })
}

// WithShardCount sets the number of shards of the whole bot; it comes before
// SHARD_COUNT.
func WithShardCount(n int) Option {
	return optionFunc(func(c *config) { c.shardCount = &n })
}

// WithShardsPerCluster sets how many shards each process has; the last one may
// have fewer. SHARDS_PER_CLUSTER and SHARD_IDS are then not looked at.
func WithShardsPerCluster(n int) Option {
	return optionFunc(func(c *config) { c.perCluster = &n })
}

// WithoutShards has [Detect] leave out the shards: their variables are not
// looked at, and so cannot be at fault.
func WithoutShards() Option {
	return optionFunc(func(c *config) { c.withoutShards = true })
}

// WithServiceName sets service.name; it comes before OTEL_SERVICE_NAME and
// OTEL_RESOURCE_ATTRIBUTES. The default is [DefaultServiceName].
func WithServiceName(name string) Option {
	return optionFunc(func(c *config) { c.service, c.serviceSet = name, true })
}

// WithAttributes adds attributes to the resource; they come before
// OTEL_RESOURCE_ATTRIBUTES and before what is detected. The keys cluster, bot,
// region and service.name are refused, for they have options of their own, and so are
// telemetry.sdk.*, which is a fact. It adds up when used more than once, and the
// last of equal keys wins.
func WithAttributes(attrs ...attribute.KeyValue) Option {
	attrs = slices.Clone(attrs)
	return optionFunc(func(c *config) { c.attributes = append(c.attributes, attrs...) })
}

// WithEnvironment sets how variables are looked up; the default is
// os.LookupEnv. It is for tests, and for a program that has a configuration
// system of its own. A nil lookup is ignored.
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

// lookupEnv returns "" for a variable that is not set, whatever the lookup says.
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

// checkAttribute names the key of an attribute that cannot be set, and never the
// value, which may be a secret.
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
