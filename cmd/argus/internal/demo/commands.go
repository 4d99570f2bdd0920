package demo

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/bwmarrin/discordgo"
)

const (
	unregisteredCommand = "legacy"
	unregisteredText    = "old"
	deferredCommand     = "play"   // acknowledged at once, and edited later
	lastMomentCommand   = "digest" // of the scenario slow-handlers
	silentCommand       = "survey" // of the same

	findSong = "find the song" // the work of deferredCommand

	// deadline is how long after its creation an interaction can be answered
	// (https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-callback).
	deadline = 3 * time.Second
)

// used are the application commands that the traffic draws from: one that is
// there three times is used three times as often.
func used() []string {
	return []string{
		"ping", "ping", "ping", "help", "help", "stats", "stats", "stats", "play", "play", "play", "play",
		"config get", "config set", "config set", "mod ban", "report", unregisteredCommand,
	}
}

// steady are those of them that neither fail nor take long.
func steady() []string {
	return slices.DeleteFunc(used(), func(name string) bool { return name == "report" || name == "mod ban" })
}

func usedTexts() []string {
	return []string{"ping", "ping", "ping", "roll", "roll", "weather", "weather", unregisteredText}
}

func (b *bot) appCommands() map[string]interactionHandler {
	return map[string]interactionHandler{
		// Answered at once.
		"ping": func(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
			return b.say(ctx, s, i, "Pong!")
		},
		"help": func(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
			return b.say(ctx, s, i, "Read the manual.")
		},
		"config get": func(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
			return b.say(ctx, s, i, "volume = 11")
		},
		unregisteredCommand: func(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
			return b.say(ctx, s, i, "Use /help.")
		},
		// Answered after some work.
		"stats": func(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
			if err := b.work(ctx, "count the members", 50*time.Millisecond, 300*time.Millisecond); err != nil {
				return err
			}
			if b.mishap(0.05) {
				return b.fail(ctx, s, i, errMaintenance)
			}
			return b.say(ctx, s, i, "All is well.")
		},
		// As slow work ought to be done: acknowledged first, answered later.
		deferredCommand: func(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
			if err := b.respond(ctx, s, i, discordgo.InteractionResponseDeferredChannelMessageWithSource, nil); err != nil {
				return err
			}
			if err := b.work(ctx, findSong, 300*time.Millisecond, 2500*time.Millisecond); err != nil {
				return err
			}
			text := "Playing."
			var failed error
			if b.mishap(0.1) {
				text, failed = "Nothing found.", &trackNotFoundError{query: "that song"}
			}
			_, err := s.InteractionResponseEdit(i.Interaction, &discordgo.WebhookEdit{Content: &text}, b.argus.RequestOption(ctx))
			return errors.Join(failed, err)
		},
		// As it ought not to be: 1 to 4 s before the first answer. After 3 s Discord
		// does not know the interaction any more, and the error is a *RESTError.
		"report": func(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
			if err := b.work(ctx, "write the report", time.Second, 4*time.Second); err != nil {
				return err
			}
			return b.say(ctx, s, i, "Here is your report.")
		},
		"config set": func(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
			if b.mishap(0.15) {
				_, err := strconv.Atoi("loud")
				return b.fail(ctx, s, i, err) // a *strconv.NumError
			}
			return b.say(ctx, s, i, "Done.")
		},
		// In some guilds the role of the bot lacks the permission: Discord answers 403.
		"mod ban": func(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
			if i.GuildID == "" || i.Member == nil || i.Member.User == nil {
				return b.fail(ctx, s, i, &missingArgumentError{argument: "member"})
			}
			if err := s.GuildBanCreate(i.GuildID, i.Member.User.ID, 0, b.argus.RequestOption(ctx)); err != nil {
				return b.fail(ctx, s, i, err)
			}
			return b.say(ctx, s, i, "Gone.")
		},
	}
}

// slowCommands are those of the scenario slow-handlers, beside "report".
func (b *bot) slowCommands() map[string]interactionHandler {
	return map[string]interactionHandler{
		// Its answer is on its way when the deadline passes: in time for the bot, too
		// late for Discord.
		lastMomentCommand: func(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
			created, err := discordgo.SnowflakeTimestamp(i.ID)
			if err != nil {
				return err
			}
			if err := b.workUntil(ctx, "write the digest", created.Add(deadline-20*time.Millisecond)); err != nil {
				return err
			}
			return b.say(ctx, s, i, "Here is your digest.")
		},
		// A branch that forgets to answer. The handler is content with itself.
		silentCommand: func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error { return nil },
	}
}

func (b *bot) textCommands() map[string]textHandler {
	return map[string]textHandler{
		"ping": func(ctx context.Context, s *discordgo.Session, m *discordgo.MessageCreate) error {
			return b.send(ctx, s, m, "Pong!")
		},
		"roll": func(ctx context.Context, s *discordgo.Session, m *discordgo.MessageCreate) error {
			if b.mishap(0.1) {
				return &missingArgumentError{argument: "sides"}
			}
			return b.send(ctx, s, m, strconv.Itoa(1+int(b.chance()*6)))
		},
		"weather": func(ctx context.Context, s *discordgo.Session, m *discordgo.MessageCreate) error {
			if err := b.work(ctx, "ask the weather service", 100*time.Millisecond, 1500*time.Millisecond); err != nil {
				return err
			}
			if b.mishap(0.1) {
				return context.DeadlineExceeded // as an HTTP client of the weather service returns it
			}
			return b.send(ctx, s, m, "Rain.")
		},
		unregisteredText: func(ctx context.Context, s *discordgo.Session, m *discordgo.MessageCreate) error {
			return b.send(ctx, s, m, "Use "+prefix+"ping.")
		},
	}
}

func (b *bot) autocomplete(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
	if err := b.work(ctx, "look up choices", time.Millisecond, 20*time.Millisecond); err != nil {
		return err
	}
	return b.respond(ctx, s, i, discordgo.InteractionApplicationCommandAutocompleteResult, &discordgo.InteractionResponseData{
		Choices: []*discordgo.ApplicationCommandOptionChoice{{Name: "first", Value: "first"}, {Name: "second", Value: "second"}},
	})
}

func (b *bot) button(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate, id string) error {
	switch id {
	case "button-0":
		return b.respond(ctx, s, i, discordgo.InteractionResponseModal, &discordgo.InteractionResponseData{
			CustomID: "feedback", Title: "Feedback",
			Components: []discordgo.MessageComponent{discordgo.ActionsRow{Components: []discordgo.MessageComponent{
				discordgo.TextInput{CustomID: "text", Label: "What can be better?", Style: discordgo.TextInputParagraph},
			}}},
		})
	case "button-1":
		if b.mishap(0.1) {
			return b.fail(ctx, s, i, errMaintenance)
		}
	}
	return b.respond(ctx, s, i, discordgo.InteractionResponseUpdateMessage, &discordgo.InteractionResponseData{Content: "pressed"})
}

// say answers an interaction with a message.
func (b *bot) say(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate, text string) error {
	return b.respond(ctx, s, i, discordgo.InteractionResponseChannelMessageWithSource, &discordgo.InteractionResponseData{Content: text})
}

// fail tells the user that it did not work, and returns why.
func (b *bot) fail(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate, why error) error {
	return errors.Join(why, b.respond(ctx, s, i, discordgo.InteractionResponseChannelMessageWithSource, &discordgo.InteractionResponseData{
		Content: "That did not work.", Flags: discordgo.MessageFlagsEphemeral,
	}))
}

func (b *bot) respond(
	ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate, kind discordgo.InteractionResponseType, data *discordgo.InteractionResponseData,
) error {
	return s.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: kind, Data: data}, b.argus.RequestOption(ctx))
}

// send writes a message to the channel that m came from.
func (b *bot) send(ctx context.Context, s *discordgo.Session, m *discordgo.MessageCreate, text string) error {
	_, err := s.ChannelMessageSend(m.ChannelID, text, b.argus.RequestOption(ctx))
	return err
}
