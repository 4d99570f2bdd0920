package settings

import (
	"errors"
	"strconv"
	"strings"
)

// An Expectation is how many clusters and shards a bot is to have.
type Expectation struct {
	// Bot is the label bot, or else the job.
	Bot              string
	Clusters, Shards int
}

// expect reads music=100x1600,mod=2x4.
func expect(s *Settings, value string) error {
	seen := map[string]bool{}
	for one := range list(value) {
		i := strings.LastIndex(one, "=")
		clusters, shards, times := strings.Cut(one[i+1:], "x")
		c, errC := strconv.Atoi(clusters)
		n, errN := strconv.Atoi(shards)
		if i <= 0 || !times || errC != nil || errN != nil || c < 1 || n < c {
			return errors.New("is not a list such as music=100x1600,mod=2x4: the bot's name (its label bot, or else its job), its clusters, and its shards in all")
		}
		e := Expectation{one[:i], c, n}
		if seen[e.Bot] {
			return errors.New("has the bot " + strconv.Quote(e.Bot) + " twice")
		}
		seen[e.Bot] = true
		s.Expect = append(s.Expect, e)
	}
	return nil
}
