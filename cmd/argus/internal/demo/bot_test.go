package demo

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
)

func testBot() *bot {
	return newBot(new(tally), rand.New(rand.NewPCG(1, 2)), &settings{slots: maxAtWork})
}

// Handlers beyond the bound fail at once, and are counted as errors.
func TestBotBoundsItsWork(t *testing.T) {
	b := testBot()
	hold, held := make(chan struct{}), make(chan struct{})
	ended := make(chan error)
	for range maxAtWork {
		go func() {
			ended <- b.counted(func() error {
				held <- struct{}{}
				<-hold
				return nil
			})
		}()
		<-held
	}
	ran := false
	err := b.counted(func() error { ran = true; return nil })
	var busy *busyError
	if !errors.As(err, &busy) || ran {
		t.Errorf("one handler more: error %v, ran: %v; want a *busyError and that it does not run", err, ran)
	}
	close(hold)
	for range maxAtWork {
		if err := <-ended; err != nil {
			t.Errorf("a handler within the bound failed: %v", err)
		}
	}
	if err := b.counted(func() error { return nil }); err != nil {
		t.Errorf("after the others had ended: %v", err)
	}
	if n := b.tally.errors.Load(); n != 1 {
		t.Errorf("%d errors were counted, want 1", n)
	}
}

func TestBotStops(t *testing.T) {
	b := testBot()
	began, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- b.counted(func() error {
			close(began)
			return b.work(t.Context(), "work", time.Hour, 2*time.Hour)
		})
	}()
	<-began
	b.stop()
	b.drain(t.Context().Done())
	select {
	case err := <-ended:
		if !errors.Is(err, errStopping) {
			t.Errorf("the handler ended with %v, want errStopping", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the handler is still at work")
	}
	if err := b.counted(func() error { return nil }); err == nil {
		t.Error("a handler began after the bot had stopped")
	}
}

// What the traffic uses, the bot has; one command of each sort is not registered.
func TestBotKnowsTheCommandsInUse(t *testing.T) {
	b := testBot()
	registered := b.commandNames()
	for _, name := range used() {
		if b.commands[name] == nil {
			t.Errorf("there is no command %q", name)
		}
		if slices.Contains(registered, name) == (name == unregisteredCommand) {
			t.Errorf("the command %q: registered or not the wrong way round", name)
		}
	}
	for _, name := range usedTexts() {
		if b.texts[name] == nil {
			t.Errorf("there is no prefix command %q", name)
		}
		if slices.Contains(registered, name) == (name == unregisteredText) {
			t.Errorf("the prefix command %q: registered or not the wrong way round", name)
		}
	}
}

func TestCommandName(t *testing.T) {
	option := func(kind discordgo.ApplicationCommandOptionType, name string, inner ...*discordgo.ApplicationCommandInteractionDataOption) *discordgo.ApplicationCommandInteractionDataOption {
		return &discordgo.ApplicationCommandInteractionDataOption{Type: kind, Name: name, Options: inner}
	}
	for want, options := range map[string][]*discordgo.ApplicationCommandInteractionDataOption{
		"config":          {option(discordgo.ApplicationCommandOptionString, "key")},
		"config set":      {option(discordgo.ApplicationCommandOptionSubCommand, "set", option(discordgo.ApplicationCommandOptionString, "key"))},
		"config role add": {option(discordgo.ApplicationCommandOptionSubCommandGroup, "role", option(discordgo.ApplicationCommandOptionSubCommand, "add"))},
	} {
		if got := commandName(discordgo.ApplicationCommandInteractionData{Name: "config", Options: options}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
