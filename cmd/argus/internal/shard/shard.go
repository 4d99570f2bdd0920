// Package shard is the command argus shard: it says which shard has a guild.
package shard

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/argus-dgo/argus/cmd/argus/internal/scrape"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/cli"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/evidence/page"
	"github.com/argus-dgo/argus/internal/guild"
)

// Summary is the command in one line.
const Summary = "say which shard has a guild, and whether it is up"

type config struct {
	guild   uint64
	shards  int
	address string
	path    string
	access  scrape.Access
}

// Run runs the command with the arguments that follow its name. It returns the exit
// code: 0, 1 if the process does not say, and 2 for arguments that cannot be used.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parse(args, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return cli.ExitOK
	case err != nil:
		fmt.Fprintf(stderr, "argus shard: %v\nRun \"argus shard --help\" for usage.\n", err)
		return cli.ExitUsage
	}
	if c.address == "" {
		fmt.Fprintf(stdout, "Shard %d of %d has guild %d.\n", guild.Shard(c.guild, c.shards), c.shards, c.guild)
		return cli.ExitOK
	}
	ctx, cancel := context.WithTimeout(ctx, scrape.RequestTimeout)
	defer cancel()
	text, err := c.ask(ctx)
	if err != nil {
		fmt.Fprintf(stderr, "argus shard: %s: %v\n", c.address, err)
		return cli.ExitFailed
	}
	fmt.Fprintln(stdout, text)
	return cli.ExitOK
}

func parse(args []string, help io.Writer) (*config, error) {
	c := &config{}
	flags := flag.NewFlagSet("shard", flag.ContinueOnError)
	flags.Func("shards", "`number` of shards of the whole bot; a process that is given knows it", func(text string) (err error) {
		if c.shards, err = strconv.Atoi(text); err != nil || c.shards < 1 {
			return errors.New("must be a number from 1 on")
		}
		return nil
	})
	path, access := scrape.PathFlag(flags), scrape.NewAccessFlags(flags, "the process")
	others, err := cli.Parse(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(help, "Usage: argus shard [flags] GUILD [address]\n\nSays which shard has a guild. With the address of a process, such as localhost:9191,\nit also says whether the shard is up there.\n\nFlags:\n")
		cli.WriteFlags(help, flags)
	}
	if err != nil {
		return nil, err
	}
	c.path = *path
	if c.access, err = access.Access(); err != nil {
		return nil, err
	}
	if len(others) == 0 || len(others) > 2 {
		return nil, errors.New("give the id of a guild, and optionally the address of a process")
	}
	if c.guild, err = guild.Parse(others[0]); err != nil {
		return nil, fmt.Errorf("%q %w", others[0], err)
	}
	if len(others) == 2 {
		c.address = others[1]
	}
	if c.address == "" && c.shards == 0 {
		return nil, errors.New("the number of shards is unknown: give --shards, or the address of a process")
	}
	return c, nil
}

// ask asks the process whether the guild's shard is up in it.
func (c *config) ask(ctx context.Context) (string, error) {
	client := scrape.NewClient(c.path, c.access)
	answer, err := client.Get(ctx, c.address, c.path, true)
	if err != nil {
		return "", err
	}
	switch err := client.Refused(answer); {
	case err != nil:
		return "", err
	case answer.Status != http.StatusOK:
		return "", fmt.Errorf("%s returned status %d", c.path, answer.Status)
	}
	now := time.Now()
	p, err := page.New(answer.Body, page.Config{Made: now, ContentType: answer.Header.Get("Content-Type")})
	if err != nil {
		return "", err
	}
	answers, err := p.Ask(ctx, now,
		evidence.Question{Form: evidence.Last, Of: catalog.BotShards},
		evidence.Question{Form: evidence.Last, Of: catalog.ShardUp, By: []string{"shard"}},
		evidence.Question{Form: evidence.Age, Of: catalog.ShardStateChange, By: []string{"shard"}},
	)
	if err != nil {
		return "", err
	}
	if c.shards == 0 {
		if len(answers[0]) == 0 {
			return "", errors.New("the process has no shards yet: give --shards")
		}
		c.shards = int(answers[0][0].Number)
	}
	shard := guild.Shard(c.guild, c.shards)
	text := fmt.Sprintf("Shard %d of %d has guild %d", shard, c.shards, c.guild)
	state := "; the process does not own it."
	for _, value := range answers[1] {
		if value.Labels["shard"] != strconv.Itoa(shard) {
			continue
		}
		state = map[float64]string{0: "; it is down", 1: "; it is up"}[value.Number]
		for _, age := range answers[2] {
			if age.Labels["shard"] == strconv.Itoa(shard) {
				state += fmt.Sprintf(", for %s", time.Duration(age.Number*float64(time.Second)).Round(time.Second))
			}
		}
		state += "."
	}
	return text + state, nil
}
