package demo

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/internal/cli"
)

const (
	prefix = "!"
	// maxAtWork bounds the handlers at work, whatever the rate: more come and go
	// at once, with an error.
	maxAtWork = 512
)

// tally counts what the status line tells. It is the demo's own count, so that
// what the metrics say can be compared with it.
type tally struct {
	interactions, errors, reconnects atomic.Int64

	ready sync.Map // shard: when the bot got its last READY or RESUMED
}

// readySince says whether a shard has got READY or RESUMED since then.
func (t *tally) readySince(shard int, began time.Time) bool {
	last, _ := t.ready.Load(shard)
	at, _ := last.(time.Time)
	return at.After(began)
}

func (t *tally) String() string {
	return strings.Join([]string{
		cli.Count(int(t.interactions.Load()), "interaction"), cli.Count(int(t.errors.Load()), "error"), cli.Count(int(t.reconnects.Load()), "reconnect"),
	}, ", ")
}

// A bot is what one process runs: handlers as a bot's author writes them, with
// the two wrappers of Argus.
type bot struct {
	argus    *argus.Argus
	tracer   trace.Tracer // of the bot's own spans
	tally    *tally
	commands map[string]interactionHandler
	texts    map[string]textHandler

	reacts   bool          // to every message
	flawed   bool          // commands fail now and then
	slots    chan struct{} // one is held by each handler at work
	stopping chan struct{}

	mu  sync.Mutex
	rng *rand.Rand
}

type (
	interactionHandler func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error
	textHandler        func(context.Context, *discordgo.Session, *discordgo.MessageCreate) error
)

func newBot(tally *tally, rng *rand.Rand, s *settings) *bot {
	b := &bot{
		tracer:   noop.NewTracerProvider().Tracer(""),
		tally:    tally,
		reacts:   s.reacts,
		flawed:   s.flawed,
		slots:    make(chan struct{}, s.slots),
		stopping: make(chan struct{}),
		rng:      rng,
	}
	b.commands, b.texts = b.appCommands(), b.textCommands()
	if s.slow {
		maps.Copy(b.commands, b.slowCommands())
	}
	return b
}

// commandNames are those that get a series each. The commands "legacy" and
// "old" are left out on purpose: they are used all the same, and show as
// "other".
func (b *bot) commandNames() []string {
	var names []string
	for name := range b.commands {
		if name != unregisteredCommand {
			names = append(names, name)
		}
	}
	for name := range b.texts {
		if name != unregisteredText {
			names = append(names, name)
		}
	}
	return names
}

// listen adds the bot's handlers to a session, before it is opened.
func (b *bot) listen(s *discordgo.Session) {
	s.AddHandler(b.argus.Interaction(b.interaction))
	s.AddHandler(b.message)
	if b.reacts {
		s.AddHandler(b.react)
	}

	var readyBefore atomic.Bool
	shard := s.ShardID
	s.AddHandler(func(*discordgo.Session, *discordgo.Ready) {
		b.tally.ready.Store(shard, time.Now())
		if readyBefore.Swap(true) {
			b.tally.reconnects.Add(1)
		}
	})
	s.AddHandler(func(*discordgo.Session, *discordgo.Resumed) {
		b.tally.ready.Store(shard, time.Now())
		b.tally.reconnects.Add(1)
	})
}

// taskText is the task of the answer to a prefix command.
const taskText = "answer text"

// Errors of the bot's commands, which tell the label error_type apart.
type (
	trackNotFoundError   struct{ query string }
	missingArgumentError struct{ argument string }
	busyError            struct{}
)

func (e *trackNotFoundError) Error() string   { return "nothing found for " + e.query }
func (e *missingArgumentError) Error() string { return "the argument " + e.argument + " is missing" }
func (*busyError) Error() string              { return "too many commands running" }

var (
	errMaintenance = errors.New("down for maintenance")
	errStopping    = errors.New("the bot is stopping")
)

// interaction is the handler of all interactions.
func (b *bot) interaction(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
	b.tally.interactions.Add(1)
	return b.counted(func() error {
		switch i.Type {
		case discordgo.InteractionApplicationCommand:
			if handle, ok := b.commands[commandName(i.ApplicationCommandData())]; ok {
				return handle(ctx, s, i)
			}
			return b.say(ctx, s, i, "I do not know that command.")
		case discordgo.InteractionApplicationCommandAutocomplete:
			return b.autocomplete(ctx, s, i)
		case discordgo.InteractionMessageComponent:
			return b.button(ctx, s, i, i.MessageComponentData().CustomID)
		case discordgo.InteractionModalSubmit:
			return b.say(ctx, s, i, "Thank you!")
		}
		return nil
	})
}

// message runs prefix commands.
func (b *bot) message(s *discordgo.Session, m *discordgo.MessageCreate) {
	name, isCommand := strings.CutPrefix(m.Content, prefix)
	if !isCommand || m.Author == nil || m.Author.Bot {
		return
	}
	handle, ok := b.texts[name]
	if !ok {
		return
	}
	// The error was counted, and there is nobody else to tell.
	_ = b.argus.Command(context.Background(), name, func(ctx context.Context) error {
		return b.argus.Task(ctx, taskText, func(ctx context.Context) error {
			return b.counted(func() error { return handle(ctx, s, m) })
		})
	})
}

// counted runs a handler while there is a slot for it.
func (b *bot) counted(handle func() error) (err error) {
	defer func() {
		if err != nil {
			b.tally.errors.Add(1)
		}
	}()
	select {
	case b.slots <- struct{}{}:
		defer func() { <-b.slots }()
		return handle()
	default:
		return &busyError{}
	}
}

// stop makes handlers that work end early.
func (b *bot) stop() { close(b.stopping) }

// drain waits until no handler is at work, and lets none begin any more.
func (b *bot) drain(deadline <-chan struct{}) {
	for range cap(b.slots) {
		select {
		case b.slots <- struct{}{}:
		case <-deadline:
			return
		}
	}
}

// work takes between least and most, as the bot's database and the services it
// asks would. It is a span of the bot's own, if traces are on.
func (b *bot) work(ctx context.Context, what string, least, most time.Duration) error {
	_, span := b.tracer.Start(ctx, what)
	defer span.End()
	t := time.NewTimer(least + time.Duration(b.chance()*float64(most-least)))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-b.stopping:
		span.SetStatus(codes.Error, errStopping.Error())
		return errStopping
	}
}

// workUntil is work that ends at a point in time.
func (b *bot) workUntil(ctx context.Context, what string, at time.Time) error {
	left := max(0, time.Until(at))
	return b.work(ctx, what, left, left)
}

// mishap says, with this probability, that something goes wrong.
func (b *bot) mishap(probability float64) bool { return b.flawed && b.chance() < probability }

// chance is a number from 0 to below 1.
func (b *bot) chance() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rng.Float64()
}

// commandName joins a command with its group and sub-command.
func commandName(data discordgo.ApplicationCommandInteractionData) string {
	name, options := data.Name, data.Options
	for len(options) == 1 && (options[0].Type == discordgo.ApplicationCommandOptionSubCommand ||
		options[0].Type == discordgo.ApplicationCommandOptionSubCommandGroup) {
		name += " " + options[0].Name
		options = options[0].Options
	}
	return name
}
