// Package demo gives the examples a Discord to connect to: the real one, or with
// the flag -demo a fake one that needs no token and no internet. It is no part of
// what the examples show. A bot of your own does without it: take the token from
// wherever it is kept, and leave out the lines that call this package.
package demo

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/examples/internal/pingbot"
)

// tokenVariable is the environment variable that holds the token of a real bot.
const tokenVariable = "DISCORD_TOKEN"

const (
	guilds  = 20
	members = 50
	// Discord's own interval of 41 s would be long to wait for a latency that moves.
	heartbeatInterval = 10 * time.Second
)

// A Source is the Discord that an example connects to.
type Source struct {
	token string
	fake  *discordtest.Server // nil for the real one
	stop  context.CancelFunc
	done  chan struct{}
}

// Discord parses the command line and returns the fake Discord if -demo is among
// the flags, else the real one. The fake has guilds and users, who are at work at
// once: they write, and use the commands of the bot. The options are the fake's.
//
// It is an error when there is neither -demo nor DISCORD_TOKEN.
func Discord(opts ...discordtest.Option) (*Source, error) {
	fake := flag.Bool("demo", false, "connect to a fake Discord: needs no token and no internet")
	flag.Parse() //nolint:revive // deep-exit: it stands in for main, which each example would have to repeat it in
	if flag.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q: only flags are taken, see -help", flag.Arg(0))
	}
	if *fake {
		return newFake(opts)
	}
	token := strings.TrimPrefix(strings.TrimSpace(os.Getenv(tokenVariable)), "Bot ")
	if token == "" {
		return nil, errors.New(tokenVariable + " is not set: set it to your bot's token, or give the flag -demo, which needs none")
	}
	return &Source{token: token}, nil
}

func newFake(opts []discordtest.Option) (*Source, error) {
	server, err := discordtest.NewServer(append([]discordtest.Option{
		discordtest.WithGuilds(guilds),
		discordtest.WithMembers(members),
		discordtest.WithHeartbeatInterval(heartbeatInterval),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	traffic, err := discordtest.NewTraffic(server, discordtest.TrafficConfig{
		Commands:       []string{pingbot.Command},
		PrefixCommands: []string{pingbot.Command},
		Prefix:         pingbot.Prefix,
	})
	if err != nil {
		return nil, errors.Join(err, server.Close())
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Source{token: server.Token(), fake: server, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		if err := traffic.Run(ctx); err != nil {
			log.Print("demo: the traffic ended: ", err)
		}
	}()
	log.Printf("demo: a fake Discord with %d guilds runs in this process; users write and use /%s", guilds, pingbot.Command)
	return s, nil
}

// Token is the bot's token, without the prefix "Bot ".
func (s *Source) Token() string { return s.token }

// Configure points a session at the fake Discord, and leaves it alone otherwise.
// Call it before Argus is attached.
func (s *Source) Configure(session *discordgo.Session) {
	if s.fake != nil {
		s.fake.Configure(session)
	}
}

// Close ends the fake Discord, if it is one. Close the sessions first.
func (s *Source) Close() {
	if s.fake == nil {
		return
	}
	s.stop()
	<-s.done
	_ = s.fake.Close() // always nil
}
