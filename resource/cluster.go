package resource

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"
)

const (
	// ClusterKey is the resource attribute that names this process within its
	// fleet. Both exporters put it on every series under this very name.
	ClusterKey = attribute.Key("cluster")

	// DefaultCluster is the cluster id of a process that was given none: a bot
	// that runs in one process does not need one.
	DefaultCluster = "default"

	// MaxClusterIDLength is the length limit of a cluster id, in bytes.
	MaxClusterIDLength = 128
)

// The environment variables that this package reads.
const (
	EnvArgusClusterID     = "ARGUS_CLUSTER_ID"
	EnvClusterID          = "CLUSTER_ID"
	EnvResourceAttributes = "OTEL_RESOURCE_ATTRIBUTES"
	EnvServiceName        = "OTEL_SERVICE_NAME"
)

// Source says where a value came from, in words fit for a log line: an
// option's name, a variable's name, or [SourceDefault].
type Source string

// The sources of a cluster id, in order of precedence.
const (
	SourceOption             Source = "WithClusterID"
	SourceArgusClusterID     Source = EnvArgusClusterID
	SourceClusterID          Source = EnvClusterID
	SourceResourceAttributes Source = EnvResourceAttributes
	SourceDefault            Source = "default"
)

// String returns the source's name.
func (s Source) String() string { return string(s) }

// ErrClusterID is what every error about a cluster id wraps.
var ErrClusterID = errors.New("invalid cluster id")

// ClusterID resolves the cluster id that [New] would use with the same
// options, and says where it came from. The errors wrap [ErrClusterID], or
// describe what is wrong with OTEL_RESOURCE_ATTRIBUTES.
func ClusterID(opts ...Option) (id string, source Source, err error) {
	c, err := newConfig(opts)
	if err != nil {
		return "", "", err
	}
	env, err := c.resourceAttributes()
	if err != nil {
		return "", "", err
	}
	v, err := c.clusterID(env)
	if err != nil {
		return "", "", err
	}
	return v.id, v.source, nil
}

// Cluster returns the cluster id of r, or "" if r has none; a resource made by
// [New] always has one.
func Cluster(r *sdkresource.Resource) string {
	v, ok := r.Set().Value(ClusterKey)
	if !ok || v.Type() != attribute.STRING {
		return ""
	}
	return v.AsString()
}

// value is a resolved setting with its origin.
type value struct {
	id     string
	source Source
}

// clusterID picks the first source that is set and checks that one alone: an
// invalid id further down does no harm and must not stop the bot.
func (c *config) clusterID(env []attribute.KeyValue) (value, error) {
	v := value{DefaultCluster, SourceDefault}
	if s, ok := lookupString(env, ClusterKey); ok {
		v = value{s, SourceResourceAttributes}
	}
	for _, name := range []string{EnvClusterID, EnvArgusClusterID} {
		if s, ok := c.lookupEnv(name); ok {
			v = value{s, Source(name)}
		}
	}
	if c.clusterSet {
		v = value{c.cluster, SourceOption}
	}
	if err := checkClusterID(v.id); err != nil {
		where := v.source.String()
		if v.source == SourceResourceAttributes {
			where = "the key cluster in " + where
		}
		return value{}, fmt.Errorf("%w %q from %s: %w", ErrClusterID, clip(v.id), where, err)
	}
	return v, nil
}

func checkClusterID(id string) error {
	switch {
	case id == "":
		return errors.New("it is empty; set it to this process's name in the fleet, or remove the setting to use " + DefaultCluster)
	case len(id) > MaxClusterIDLength:
		return fmt.Errorf("it is %d bytes long; use at most %d", len(id), MaxClusterIDLength)
	case !utf8.ValidString(id):
		return errors.New("it is not UTF-8")
	case strings.TrimSpace(id) != id:
		return errors.New("it begins or ends with a blank; remove the blank")
	}
	for _, r := range id {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("it contains the character %U, which cannot be printed", r)
		}
	}
	return nil
}

// clip keeps an error readable when the value is not.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

func lookupString(attrs []attribute.KeyValue, key attribute.Key) (string, bool) {
	// The last of equal keys wins, as in the SDK.
	for _, attr := range slices.Backward(attrs) {
		if attr.Key == key {
			return attr.Value.AsString(), true
		}
	}
	return "", false
}
