package resource

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MaxShardCount is the limit of SHARD_COUNT, so that a typing error is reported
// and does not produce a list of a billion ids. Discord has no such limit; at its
// 2,500 guilds per shard this is a bot in 160 million guilds.
const MaxShardCount = 65_536

// ErrShards is wrapped by every error about shards.
var ErrShards = errors.New("invalid shards")

// detectShards sets the shards. If the cluster could not be determined,
// clusterKnown is false, and what depends on it is left out.
func (c *config) detectShards(p *Process, clusterKnown bool) error {
	count, countSource, countErr := c.wholeNumber(c.shardCount, SourceShardCountOption, EnvShardCount, "the number of shards of the whole bot")
	// An option wins over both variables.
	byOption := c.shardIDsSet || c.perCluster != nil
	var (
		per          int
		perSource    Source
		perErr       error
		listed       []int
		listedSource Source
		listedErr    error
	)
	if c.perCluster != nil || !byOption {
		per, perSource, perErr = c.wholeNumber(c.perCluster, SourceShardsPerClusterOption, EnvShardsPerCluster, "how many shards each process has")
	}
	if c.shardIDsSet || !byOption {
		listed, listedSource, listedErr = c.listedShards(count, countSource)
	}
	if err := errors.Join(countErr, perErr, listedErr); err != nil {
		return err
	}
	if countSource == SourceDefault {
		if perSource != "" && perSource != SourceDefault {
			return fmt.Errorf("%w: %s=%d also needs %s, the number of shards of the whole bot", ErrShards, perSource, per, EnvShardCount)
		}
		if listed != nil {
			return fmt.Errorf("%w: %s=%s also needs %s, the number of shards of the whole bot", ErrShards, listedSource, FormatShardIDs(listed), EnvShardCount)
		}
		count = 1
	}
	p.ShardCount, p.ShardCountSource = count, countSource
	p.ShardIDs, p.ShardIDsSource = listed, listedSource
	switch {
	case per > 0 && clusterKnown:
		return divide(p, per, perSource)
	case per > 0 || listed != nil:
		return nil
	case p.Index > 0: // the process with index 0 has them too
		return fmt.Errorf("%w: this is cluster %d of the fleet, counted from 0 (from %s), and its shards are not set: set %s with %s or %s",
			ErrShards, p.Index, p.IndexSource, EnvShardCount, EnvShardsPerCluster, EnvShardIDs)
	}
	p.ShardIDs, p.ShardIDsSource = span(0, count), countSource
	return nil
}

// divide assigns the process its part of all shards, and compares it with the
// listed shards.
func divide(p *Process, per int, perSource Source) error {
	if p.Index < 0 {
		return fmt.Errorf("%w: %s=%d needs the number of this process, and cluster id %q (from %s) is none: set %s to one, counted from 0 and without leading zeros, or list the shards in %s",
			ErrShards, perSource, per, p.ClusterID, p.ClusterIDSource, EnvClusterID, EnvShardIDs)
	}
	clusters := (p.ShardCount + per - 1) / per
	if p.Index >= clusters {
		return fmt.Errorf("%w: this is cluster %d of the fleet, counted from 0 (from %s), and %s=%d with %s=%d makes %d: no shard is left for it",
			ErrShards, p.Index, p.IndexSource, p.ShardCountSource, p.ShardCount, perSource, per, clusters)
	}
	first := p.Index * per
	ids := span(first, min(first+per, p.ShardCount))
	if p.ShardIDs != nil && !slices.Equal(p.ShardIDs, ids) {
		return fmt.Errorf("%w: %s=%s, but %s=%d gives cluster %d, counted from 0 (from %s), the shards %s: remove one of them",
			ErrShards, p.ShardIDsSource, FormatShardIDs(p.ShardIDs), perSource, per, p.Index, p.IndexSource, FormatShardIDs(ids))
	}
	if p.ShardIDs == nil {
		p.ShardIDs, p.ShardIDsSource = ids, perSource
	}
	return nil
}

// wholeNumber reads a number of shards from an option or a variable. It is 0
// without either.
func (c *config) wholeNumber(option *int, optionSource Source, variable, meaning string) (int, Source, error) {
	if option != nil {
		if *option < 1 || *option > MaxShardCount {
			return 0, "", fmt.Errorf("%w: %s(%d): must be from 1 to %d, %s", ErrShards, optionSource, *option, MaxShardCount, meaning)
		}
		return *option, optionSource, nil
	}
	text, ok := c.lookupEnv(variable)
	if !ok {
		return 0, SourceDefault, nil
	}
	n, ok := parseNumber(text)
	if !ok || n < 1 || n > MaxShardCount {
		return 0, "", fmt.Errorf("%w: %s=%q: must be a whole number from 1 to %d without leading zeros, %s", ErrShards, variable, clip(text), MaxShardCount, meaning)
	}
	return n, Source(variable), nil
}

// listedShards returns the shards of WithShardIDs or SHARD_IDS, in ascending
// order, or nil without either.
func (c *config) listedShards(count int, countSource Source) ([]int, Source, error) {
	var (
		ids    []int
		shown  string
		source Source
	)
	if c.shardIDsSet {
		if len(c.shardIDs) == 0 {
			return nil, "", fmt.Errorf("%w: %s(): list at least one shard", ErrShards, SourceShardIDsOption)
		}
		ids, source = slices.Clone(c.shardIDs), SourceShardIDsOption
		shown = fmt.Sprintf("%s(%s)", source, clip(strings.Trim(fmt.Sprint(ids), "[]")))
	} else {
		text, ok := c.lookupEnv(EnvShardIDs)
		if !ok {
			return nil, "", nil
		}
		source, shown = SourceShardIDs, fmt.Sprintf("%s=%q", EnvShardIDs, clip(text))
		var err error
		if ids, err = parseShardIDs(text); err != nil {
			return nil, "", fmt.Errorf("%w: %s: %w", ErrShards, shown, err)
		}
	}
	slices.Sort(ids)
	for i, id := range ids {
		switch {
		case id < 0 || id >= MaxShardCount:
			return nil, "", fmt.Errorf("%w: %s: there is no shard %d: ids are from 0 to %d", ErrShards, shown, id, MaxShardCount-1)
		case count > 0 && id >= count:
			return nil, "", fmt.Errorf("%w: %s: there is no shard %d: with %s=%d they are 0 to %d", ErrShards, shown, id, countSource, count, count-1)
		case i > 0 && id == ids[i-1]:
			return nil, "", fmt.Errorf("%w: %s: shard %d is listed twice", ErrShards, shown, id)
		}
	}
	return ids, source, nil
}

// parseShardIDs parses ids and ranges separated by commas: 0,1 or 0-3 or 0-3,8.
func parseShardIDs(text string) ([]int, error) {
	const form = "must be shard ids and ranges with commas between them, such as 0,1 or 0-3, without leading zeros"
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("is empty: " + form)
	}
	var ids []int
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		from, to, isRange := strings.Cut(part, "-")
		first, ok := parseNumber(strings.TrimSpace(from))
		last := first
		if ok && isRange {
			last, ok = parseNumber(strings.TrimSpace(to))
		}
		switch {
		case !ok:
			return nil, fmt.Errorf("%q is no shard: %s", clip(part), form)
		case last < first:
			return nil, fmt.Errorf("the range %q ends before it begins: write %d-%d", part, last, first)
		case last >= MaxShardCount || len(ids)+last-first >= MaxShardCount:
			return nil, fmt.Errorf("%q exceeds the limit of %d shards", part, MaxShardCount)
		}
		ids = append(ids, span(first, last+1)...)
	}
	return ids, nil
}

// span returns the ids from first to end-1.
func span(first, end int) []int {
	ids := make([]int, 0, end-first)
	for id := first; id < end; id++ {
		ids = append(ids, id)
	}
	return ids
}
