package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// shards are those of this process.
type shards struct {
	ids   []int // at least one, each once
	count int   // of the whole bot
}

// shardsFrom reads the environment. The error joins everything that is wrong with it. ARGUS_PORT, and what CLUSTER_ID may
// look like, are argus.Start's to judge.
func shardsFrom(getenv func(string) string) (shards, error) {
	var errs []error
	if getenv("CLUSTER_ID") == "" {
		errs = append(errs, errors.New("CLUSTER_ID is not set: give each process of the bot a name of its own, such as 0 or eu-1"))
	}
	count, err := parseCount(getenv("SHARD_COUNT"))
	errs = append(errs, err)
	ids, err := parseIDs(getenv("SHARD_IDS"), count)
	errs = append(errs, err)
	return shards{ids: ids, count: count}, errors.Join(errs...)
}

// parseCount returns 0 with an error.
func parseCount(text string) (int, error) {
	if text == "" {
		return 0, errors.New("SHARD_COUNT is not set: it is the number of shards of the whole bot, the same in all processes")
	}
	count, err := strconv.Atoi(text)
	if err != nil || count < 1 {
		return 0, fmt.Errorf("SHARD_COUNT=%q: must be a whole number, 1 or more", text)
	}
	return count, nil
}

// parseIDs does not judge how large an id is if count is 0, as it is when it could not be read.
func parseIDs(text string, count int) ([]int, error) {
	if text == "" {
		return nil, errors.New("SHARD_IDS is not set: it lists the shards of this process, such as 0,1")
	}
	var ids []int
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		id, err := strconv.Atoi(part)
		switch {
		case err != nil || id < 0:
			return nil, fmt.Errorf("SHARD_IDS=%q: %q is no shard: must be whole numbers with commas between them, such as 0,1", text, part)
		case count > 0 && id >= count:
			return nil, fmt.Errorf("SHARD_IDS=%q: there is no shard %d: with SHARD_COUNT=%d they are 0 to %d", text, id, count, count-1)
		case slices.Contains(ids, id):
			return nil, fmt.Errorf("SHARD_IDS=%q: shard %d is there twice", text, id)
		}
		ids = append(ids, id)
	}
	return ids, nil
}
