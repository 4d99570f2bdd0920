package api

import (
	"context"
	"strconv"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/guild"
)

// A ShardOf is the document at [ShardOfPath]. It does not have the guild.
type ShardOf struct {
	Head
	// Shard is the shard of the guild, and Shards the number of the bot's shards. Both
	// are null while the number is unknown.
	Shard  *string `json:"shard"`
	Shards *int    `json:"shards"`
	// Here says whether this process has the shard.
	Here *bool `json:"here"`
	// Up, State and Since are those of the shard, null if it is elsewhere.
	Up    *bool      `json:"up"`
	State *string    `json:"state"`
	Since *time.Time `json:"since"`
	// Guild is "available", "unavailable" or "absent", null if this process cannot tell.
	Guild *string `json:"guild_state"`
	// Members are those of an available guild, null if their number is not known.
	Members *int64 `json:"guild_members"`
}

// shardOfTask is the shard of a guild. It has no key: a guild is not kept.
func shardOfTask(_ Member, p *parameters) task {
	text := p.required("guild", "the id of a guild")
	id, err := guild.Parse(text)
	if err != nil {
		p.fail("guild", "%v", err)
	}
	return task{make: func(ctx context.Context, _ *API, m Member, at time.Time) (any, error) {
		var s sheet
		total := s.ask(evidence.Question{Form: evidence.Last, Of: catalog.BotShards})
		if err := s.learn(ctx, m.Source, at); err != nil {
			return nil, err
		}
		d := ShardOf{Head: head(m, at)}
		n := total.one()
		if n == nil || *n < 1 {
			return d, nil
		}
		count := int(*n)
		shard := strconv.Itoa(guild.Shard(id, count))
		d.Shard, d.Shards = &shard, &count
		states, err := shardStates(ctx, m, at, evidence.Is("shard", shard))
		if err != nil {
			return nil, err
		}
		state, here := states[shard]
		d.Here, d.Up, d.State, d.Since = &here, state.up, state.state, state.since
		if m.Guild != nil && here {
			state, members := m.Guild(id)
			if d.Members = members; state != "" {
				d.Guild = &state
			}
		}
		return d, nil
	}}
}

// A shardState is whether a shard is up, and the state of its connection.
type shardState struct {
	up    *bool
	state *string
	since *time.Time
}

// shardStates returns the shards that the process has now.
func shardStates(ctx context.Context, m Member, at time.Time, where ...evidence.Match) (map[string]shardState, error) {
	var s sheet
	shard := []string{"shard"}
	up := s.ask(evidence.Question{Form: evidence.Last, Of: catalog.ShardUp, By: shard, Where: where})
	state := s.ask(evidence.Question{Form: evidence.Last, Of: catalog.ShardState, By: []string{"shard", "state"}, Where: where})
	change := s.ask(evidence.Question{Form: evidence.Last, Of: catalog.ShardStateChange, By: shard, Where: where})
	if err := s.learn(ctx, m.Source, at); err != nil {
		return nil, err
	}
	states := map[string]shardState{}
	for _, value := range *state {
		if value.Number != 1 {
			continue
		}
		name := value.Labels["state"]
		// The shards that are not kept in full have a state alone.
		ready := name == catalog.StateReady
		states[value.Labels["shard"]] = shardState{state: &name, up: &ready}
	}
	for _, value := range *up {
		known := states[value.Labels["shard"]]
		isUp := value.Number == 1
		known.up = &isUp
		states[value.Labels["shard"]] = known
	}
	for _, value := range *change {
		if known, there := states[value.Labels["shard"]]; there {
			known.since = instantOf(number(value.Number))
			states[value.Labels["shard"]] = known
		}
	}
	return states, nil
}
