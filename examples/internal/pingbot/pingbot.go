// Package pingbot is the bot that all examples run, as it would be without Argus: it
// answers the slash command /ping and the prefix command !ping.
package pingbot

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/bwmarrin/discordgo"
)

const (
	// Command is the name of both commands.
	Command = "ping"
	// Prefix is what a prefix command begins with.
	Prefix = "!"
	// Intents are what the bot asks the gateway for. The content of messages,
	// without which !ping is not seen, is privileged: it has to be switched on in
	// the developer portal, else Discord closes the connection with code 4014.
	Intents = discordgo.IntentsAllWithoutPrivileged | discordgo.IntentMessageContent
)

// Register makes /ping known to Discord. The session must be open. A command that
// exists already is updated, and others are left alone.
func Register(s *discordgo.Session) error {
	_, err := s.ApplicationCommandCreate(s.State.Application.ID, "", &discordgo.ApplicationCommand{
		Name:        Command,
		Description: "Asks the bot whether it is there",
	})
	if err != nil {
		return fmt.Errorf("registering /%s: %w", Command, err)
	}
	return nil
}

// Slash answers /ping.
func Slash(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
	if i.Type != discordgo.InteractionApplicationCommand || i.ApplicationCommandData().Name != Command {
		return nil
	}
	return s.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{
		Type: discordgo.InteractionResponseChannelMessageWithSource,
		Data: &discordgo.InteractionResponseData{Content: "Pong!"},
	}, discordgo.WithContext(ctx))
}

// OnText returns a handler of messages that calls h for those that are !ping, and
// logs its error.
func OnText(h func(*discordgo.Session, *discordgo.MessageCreate) error) func(*discordgo.Session, *discordgo.MessageCreate) {
	return func(s *discordgo.Session, m *discordgo.MessageCreate) {
		if m.Author == nil || m.Author.Bot || strings.TrimSpace(m.Content) != Prefix+Command {
			return
		}
		if err := h(s, m); err != nil {
			log.Printf("%s%s: %v", Prefix, Command, err)
		}
	}
}

// Text answers !ping.
func Text(ctx context.Context, s *discordgo.Session, m *discordgo.MessageCreate) error {
	_, err := s.ChannelMessageSend(m.ChannelID, "Pong!", discordgo.WithContext(ctx))
	return err
}
