// Package incidents plays what goes wrong in bots, one bot for each incident, with what
// argus explain has to say of it.
package incidents

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/findings"
)

// An Incident is something that goes wrong in one bot, for which the demo has no
// scenario.
type Incident struct {
	Name string
	// First is the finding that has to come first, and Blame whose doing it has to be.
	// Both are empty where all is well.
	First string
	Blame findings.Blame
	// Says is a part of what the first finding has to say.
	Says string
	// Also are the other findings that are true.
	Also []string

	server []discordtest.Option
	// before changes the bot before it connects, begin makes things go wrong until ctx is
	// done.
	before func(v *Victim)
	begin  func(ctx context.Context, v *Victim)
}

// A Victim is the bot that an incident happens to.
type Victim struct {
	ctx      context.Context //nolint:containedctx // ends what the handlers of a session wait for
	incident Incident
	discord  *discordtest.Server
	argus    *argus.Argus
	sessions []*discordgo.Session
	traffic  discordtest.TrafficConfig
	broken   atomic.Bool // the incident has begun
	// handle is what the bot does for an interaction before it answers, and whether it
	// answers.
	handle func(ctx context.Context, v *Victim, i *discordgo.InteractionCreate) (answer bool, err error)
}

// Start starts the bot of an incident, on which everything is well until [Victim.Begin].
// It runs until ctx is done and its process ends: some incidents leave sessions that
// cannot be closed.
func Start(ctx context.Context, in Incident) (*Victim, error) {
	const shards = 2
	discord, err := discordtest.NewServer(append([]discordtest.Option{
		discordtest.WithShards(shards), discordtest.WithMaxConcurrency(shards), discordtest.WithGuilds(24), discordtest.WithMembers(3),
		discordtest.WithHeartbeatInterval(10 * time.Second),
	}, in.server...)...)
	if err != nil {
		return nil, err
	}
	v := &Victim{ctx: ctx, incident: in, discord: discord, traffic: discordtest.TrafficConfig{
		Rate: 20, LateShare: -1, Commands: []string{"ping", "help", "stats", "play", "ban"},
		Mix: map[string]float64{"MESSAGE_CREATE": 1, "INTERACTION_CREATE": 1},
	}}
	for shard := range shards {
		s, err := discord.NewSession(shard, shards)
		if err != nil {
			return nil, err
		}
		v.sessions = append(v.sessions, s)
	}
	v.argus, err = argus.New(argus.WithSessions(v.sessions...), argus.WithAddr("127.0.0.1:0"), argus.WithClusterID(in.Name),
		argus.WithServiceName(in.Name), argus.WithCommands(v.traffic.Commands...), argus.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, err
	}
	if in.before != nil {
		in.before(v)
	}
	for _, s := range v.sessions {
		s.LogLevel, s.ShouldReconnectOnError = -1, true
		s.AddHandler(v.argus.Interaction(v.interaction))
	}
	traffic, err := discordtest.NewTraffic(discord, v.traffic)
	if err != nil {
		return nil, err
	}
	for _, s := range v.sessions {
		if err := s.Open(); err != nil {
			return nil, fmt.Errorf("%s: %w", in.Name, err)
		}
	}
	go func() { _ = traffic.Run(ctx) }()
	return v, nil
}

// Addr is where the bot serves its metrics.
func (v *Victim) Addr() string { return v.argus.Addr() }

// Begin makes things go wrong.
func (v *Victim) Begin() {
	v.broken.Store(true)
	if v.incident.begin != nil {
		go v.incident.begin(v.ctx, v)
	}
}

func (v *Victim) interaction(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
	var failure error
	if v.broken.Load() && v.handle != nil {
		answer, err := v.handle(ctx, v, i)
		if !answer {
			return err
		}
		failure = err
	}
	kind := discordgo.InteractionResponseChannelMessageWithSource
	if i.Type == discordgo.InteractionApplicationCommandAutocomplete {
		kind = discordgo.InteractionApplicationCommandAutocompleteResult
	}
	err := s.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: kind, Data: &discordgo.InteractionResponseData{Content: "ok"}}, v.argus.RequestOption(ctx))
	return errors.Join(failure, err)
}

const callbackPath = "/interactions/{id}/{token}/callback"

func commandOf(i *discordgo.InteractionCreate) string {
	if i.Type == discordgo.InteractionApplicationCommand {
		return i.ApplicationCommandData().Name
	}
	return ""
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// every calls f until ctx is done.
func every(ctx context.Context, d time.Duration, f func()) {
	for ctx.Err() == nil {
		f()
		sleep(ctx, d)
	}
}
