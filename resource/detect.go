package resource

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
)

// The environment variables that this package reads.
const (
	EnvArgusClusterID     = "ARGUS_CLUSTER_ID"
	EnvClusterID          = "CLUSTER_ID"
	EnvBot                = "ARGUS_BOT"
	EnvRegion             = "ARGUS_REGION"
	EnvClusterIDStart     = "CLUSTER_ID_START"
	EnvShardIDs           = "SHARD_IDS"
	EnvShardCount         = "SHARD_COUNT"
	EnvShardsPerCluster   = "SHARDS_PER_CLUSTER"
	EnvResourceAttributes = "OTEL_RESOURCE_ATTRIBUTES"
	EnvServiceName        = "OTEL_SERVICE_NAME"
)

// A Source is where a value comes from, in a form for log lines: the name of an
// option or a variable, [SourceHostName] or [SourceDefault].
type Source string

// The sources of values.
const (
	SourceClusterIDOption        Source = "WithClusterID"
	SourceBotOption              Source = "WithBot"
	SourceRegionOption           Source = "WithRegion"
	SourceClusterIDStartOption   Source = "WithClusterIDStart"
	SourceShardIDsOption         Source = "WithShardIDs"
	SourceShardCountOption       Source = "WithShardCount"
	SourceShardsPerClusterOption Source = "WithShardsPerCluster"
	SourceArgusClusterID         Source = EnvArgusClusterID
	SourceClusterID              Source = EnvClusterID
	SourceBot                    Source = EnvBot
	SourceRegion                 Source = EnvRegion
	SourceShardIDs               Source = EnvShardIDs
	SourceShardCount             Source = EnvShardCount
	SourceShardsPerCluster       Source = EnvShardsPerCluster
	SourceResourceAttributes     Source = EnvResourceAttributes
	SourceHostName               Source = "host name" // of a StatefulSet's pod
	SourceDefault                Source = "default"
)

// String returns the source's name.
func (s Source) String() string { return string(s) }

// A Process is the identity of this process among those that run the bot.
type Process struct {
	// ClusterID is the name of the process, the label cluster.
	ClusterID       string
	ClusterIDSource Source

	// Bot is the name of the bot and Region the region of the process: the labels
	// bot and region. Without a source they are empty, with SourceDefault.
	Bot          string
	BotSource    Source
	Region       string
	RegionSource Source

	// Index is the index of the process in the fleet, from 0: its number minus
	// that of the first cluster. It is -1 if no source gives a number.
	Index       int
	IndexSource Source // empty if Index is -1

	// ShardIDs are the shards of this process, at least one, in ascending order.
	// It is nil with WithoutShards.
	ShardIDs       []int
	ShardIDsSource Source

	// ShardCount is the number of shards of the whole bot. It is 0 with
	// WithoutShards.
	ShardCount       int
	ShardCountSource Source

	hostName string // set if ClusterID comes from the host name
}

// Detect determines the identity of this process: its name, its index in the
// fleet and its shards, by the rules in the package documentation. The bot makes
// its sessions from the result, and Argus takes the labels cluster, bot and
// region from the same sources.
//
// The error joins all problems, each with its setting and its value. If two
// sources disagree, it names both. It wraps [ErrClusterID], [ErrBot],
// [ErrRegion], [ErrShards] or [ErrResourceAttributes]. With an error the Process
// is empty.
func Detect(opts ...Option) (Process, error) {
	c, err := newConfig(opts)
	if err != nil {
		return Process{}, err
	}
	env, err := c.resourceAttributes()
	if err != nil {
		return Process{}, err
	}
	p, err := c.detectProcess(env)
	if c.withoutShards {
		return p, err
	}
	// Check the shards in any case, to report all problems at once.
	if shards := c.detectShards(&p, err == nil); shards != nil {
		return Process{}, errors.Join(err, shards)
	}
	if err != nil {
		return Process{}, err
	}
	return p, nil
}

// detectProcess determines everything except the shards.
func (c *config) detectProcess(env []attribute.KeyValue) (Process, error) {
	p, err := c.detectCluster(env)
	if err := errors.Join(err, c.detectBot(&p, env)); err != nil {
		return Process{}, err
	}
	return p, nil
}

// String describes the process on one line, with the source of each part:
//
//	cluster "3" (host name bot-3), bot "music" (ARGUS_BOT), shards 48-63 (SHARDS_PER_CLUSTER) of 100 (SHARD_COUNT)
func (p Process) String() string {
	from := p.ClusterIDSource.String()
	if p.hostName != "" {
		from += " " + p.hostName
	}
	s := fmt.Sprintf("cluster %q (%s)", p.ClusterID, from)
	if p.Bot != "" {
		s += fmt.Sprintf(", bot %q (%s)", p.Bot, p.BotSource)
	}
	if p.Region != "" {
		s += fmt.Sprintf(", region %q (%s)", p.Region, p.RegionSource)
	}
	if p.ShardCount == 0 {
		return s
	}
	noun := "shards"
	if len(p.ShardIDs) == 1 {
		noun = "shard"
	}
	return s + fmt.Sprintf(", %s %s (%s) of %d (%s)", noun, FormatShardIDs(p.ShardIDs), p.ShardIDsSource, p.ShardCount, p.ShardCountSource)
}

// FormatShardIDs formats ids like SHARD_IDS, with ranges: 0-3,8. ids must be in
// ascending order.
func FormatShardIDs(ids []int) string {
	var b strings.Builder
	for i := 0; i < len(ids); {
		last := i
		for last+1 < len(ids) && ids[last+1] == ids[last]+1 {
			last++
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(ids[i]))
		if last > i {
			b.WriteByte('-')
			b.WriteString(strconv.Itoa(ids[last]))
		}
		i = last + 1
	}
	return b.String()
}
