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

// Source says where a value came from, in words fit for a log line: an
// option's name, a variable's name, [SourceHostName] or [SourceDefault].
type Source string

// The sources.
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

// Process is who this process is among those that run the bot.
type Process struct {
	// ClusterID is the name of the process, the label cluster.
	ClusterID       string
	ClusterIDSource Source

	// Bot names the bot and Region says where the process runs: the labels bot and
	// region. Both are empty, with SourceDefault, where nothing says.
	Bot          string
	BotSource    Source
	Region       string
	RegionSource Source

	// Index is the place of the process in the fleet, counted from 0: its number
	// less that of the first cluster. It is -1 where nothing gives a number.
	Index       int
	IndexSource Source // empty where Index is -1

	// ShardIDs are the shards of this process, in ascending order, at least one.
	// They are nil with WithoutShards.
	ShardIDs       []int
	ShardIDsSource Source

	// ShardCount is the number of shards of the whole bot, 0 with WithoutShards.
	ShardCount       int
	ShardCountSource Source

	hostName string // where ClusterID comes from there
}

// Detect says who this process is: its name, its place in the fleet and its
// shards, as the package documentation has it. The bot makes its sessions from
// the answer, and Argus takes the labels cluster, bot and region from the same one.
//
// The error joins every problem, and names each setting with its value; of two
// sources that disagree it names both. It wraps [ErrClusterID], [ErrBot],
// [ErrRegion], [ErrShards] or [ErrResourceAttributes]. With an error the Process is empty.
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
	// Shards are judged all the same, so that all problems are reported at once.
	if shards := c.detectShards(&p, err == nil); shards != nil {
		return Process{}, errors.Join(err, shards)
	}
	if err != nil {
		return Process{}, err
	}
	return p, nil
}

// detectProcess says all but the shards.
func (c *config) detectProcess(env []attribute.KeyValue) (Process, error) {
	p, err := c.detectCluster(env)
	if err := errors.Join(err, c.detectBot(&p, env)); err != nil {
		return Process{}, err
	}
	return p, nil
}

// String describes the process on one line, with where each part came from:
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

// FormatShardIDs writes ids in the form of SHARD_IDS, with ranges: 0-3,8. They
// must be in ascending order.
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
