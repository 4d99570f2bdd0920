// Package guild computes which shard has a guild.
//
// It needs the standard library alone. Ids of guilds are never metric labels, and this
// package keeps none.
package guild

import (
	"errors"
	"strconv"
)

// Parse reads the id of a guild. The error completes a sentence that begins with the
// text.
func Parse(text string) (uint64, error) {
	id, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, errors.New("is not the id of a guild: an id is a number such as 81384788765712384")
	}
	return id, nil
}

// Shard returns the shard of a guild, of a number of shards above 0
// (https://discord.com/developers/docs/events/gateway#sharding).
func Shard(id uint64, shards int) int { return int((id >> 22) % uint64(shards)) } //nolint:gosec // below the count, which is positive
