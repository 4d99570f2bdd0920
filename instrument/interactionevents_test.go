package instrument_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
	"github.com/argus-dgo/argus/instrument/internal/pseudonym"
	"github.com/argus-dgo/argus/internal/catalog"
)

// An eventCase is an interaction, what the bot does with it, and its event.
type eventCase struct {
	kind    discordtest.InteractionKind
	command string // ping by default
	opts    []discordtest.InteractionOption
	inst    []instrument.Option
	age     time.Duration
	bare    bool // the handler is not wrapped
	handle  func(s *discordgo.Session, i *discordgo.Interaction) error
	want    string // without what all have
}

// ofGuild is what the fake Discord says of an interaction in a guild.
const ofGuild = " discord.interaction.locale=en-US discord.interaction.context=guild discord.interaction.installation=guild discord.guild.size=under_100"

func TestInteractionEvents(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	silent := func(*discordgo.Session, *discordgo.Interaction) error { return nil }
	answer := func(s *discordgo.Session, i *discordgo.Interaction) error { return pong(s, i) }
	const ping = " discord.interaction.type=application_command discord.command=ping discord.shard.id=0"
	for name, tt := range map[string]eventCase{
		"in time": {handle: answer, want: `INFO discord.interaction.completed "application_command ping was answered in time."` + ping +
			` discord.interaction.outcome=in_time` + ofGuild},
		"in time, without a wrapped handler": {bare: true, handle: answer, want: `INFO discord.interaction.completed "application_command ping was answered in time."` + ping +
			` discord.interaction.outcome=in_time` + ofGuild},
		"late": {age: 4 * time.Second, handle: func(s *discordgo.Session, i *discordgo.Interaction) error {
			return onlyCode(pong(s, i), discordgo.ErrCodeUnknownInteraction, 1)
		}, want: `WARN discord.interaction.completed "application_command ping was answered too late."` + ping +
			` discord.interaction.outcome=late` + ofGuild},
		"missed": {handle: silent, want: `WARN discord.interaction.completed "application_command ping was not answered."` + ping +
			` discord.interaction.outcome=missed` + ofGuild},
		"missed, without a wrapped handler": {bare: true, handle: silent, want: `WARN discord.interaction.completed "application_command ping was not answered."` + ping +
			` discord.interaction.outcome=missed` + ofGuild},
		"rejected": {handle: func(s *discordgo.Session, i *discordgo.Interaction) error {
			return onlyCode(s.InteractionRespond(i, &discordgo.InteractionResponse{}), discordgo.ErrCodeInvalidFormBody, 1)
		}, want: `WARN discord.interaction.completed "application_command ping had no answer that Discord accepted."` + ping +
			` discord.interaction.outcome=rejected` + ofGuild},
		"an error": {handle: func(s *discordgo.Session, i *discordgo.Interaction) error {
			return errors.Join(pong(s, i), errHandler)
		}, want: `WARN discord.interaction.completed "application_command ping was answered in time, and a handler failed."` + ping +
			` discord.interaction.outcome=in_time error.type=*errors.errorString` + ofGuild},
		"a panic": {handle: func(s *discordgo.Session, i *discordgo.Interaction) error {
			_ = pong(s, i)
			panic("the bot's")
		}, want: `WARN discord.interaction.completed "application_command ping was answered in time, and a handler failed."` + ping +
			` discord.interaction.outcome=in_time error.type=panic` + ofGuild},
		"a sub-command": {
			command: "config", opts: []discordtest.InteractionOption{discordtest.WithSubcommand("set")}, handle: answer,
			want: `INFO discord.interaction.completed "application_command config set was answered in time." discord.interaction.type=application_command discord.command=config set discord.shard.id=0` +
				` discord.interaction.outcome=in_time` + ofGuild,
		},
		"not registered": {
			command: "secret", handle: answer,
			want: `INFO discord.interaction.completed "application_command was answered in time." discord.interaction.type=application_command discord.command=other discord.shard.id=0` +
				` discord.interaction.outcome=in_time` + ofGuild,
		},
		"autocomplete": {
			kind: discordtest.Autocomplete,
			handle: func(s *discordgo.Session, i *discordgo.Interaction) error {
				return s.InteractionRespond(i, &discordgo.InteractionResponse{
					Type: discordgo.InteractionApplicationCommandAutocompleteResult, Data: &discordgo.InteractionResponseData{},
				})
			},
			want: `INFO discord.interaction.completed "autocomplete ping was answered in time." discord.interaction.type=autocomplete discord.command=ping discord.shard.id=0` +
				` discord.interaction.outcome=in_time` + ofGuild,
		},
		"component": {
			kind: discordtest.MessageComponent, handle: answer,
			want: `INFO discord.interaction.completed "message_component was answered in time." discord.interaction.type=message_component discord.shard.id=0` +
				` discord.interaction.outcome=in_time` + ofGuild,
		},
		"modal": {
			kind: discordtest.ModalSubmit, handle: answer,
			want: `INFO discord.interaction.completed "modal_submit was answered in time." discord.interaction.type=modal_submit discord.shard.id=0` +
				` discord.interaction.outcome=in_time` + ofGuild,
		},
		"direct message": {
			opts: []discordtest.InteractionOption{discordtest.InDirectMessage()}, handle: answer,
			want: `INFO discord.interaction.completed "application_command ping was answered in time."` + ping +
				` discord.interaction.outcome=in_time discord.interaction.locale=en-US discord.interaction.context=bot_dm discord.interaction.installation=guild`,
		},
		"acknowledgements off": {
			inst: []instrument.Option{instrument.WithAcks(false)}, handle: answer,
			want: `INFO discord.interaction.completed "application_command ping ended."` + ping + ofGuild,
		},
		"guild": {
			inst: []instrument.Option{instrument.WithEventGuildIDs(true)}, handle: answer,
			want: `INFO discord.interaction.completed "application_command ping was answered in time."` + ping +
				` discord.interaction.outcome=in_time` + ofGuild + ` discord.guild.id=<guild>`,
		},
		"user": {
			inst: []instrument.Option{instrument.WithEventUserHash(userKey)}, handle: answer,
			want: `INFO discord.interaction.completed "application_command ping was answered in time."` + ping +
				` discord.interaction.outcome=in_time` + ofGuild + ` discord.user.hash=<user>`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.run(t)
		})
	}
}

// userKey is a key of the shortest allowed length.
var userKey = []byte("0123456789abcdef0123456789abcdef")

func (tt *eventCase) run(t *testing.T) {
	var book logBook
	b := newBench(t, servers(discordtest.WithStrictInteractions()), append([]instrument.Option{book.option(), instrument.WithCommands("ping", "config set")}, tt.inst...)...)
	s := b.session(0, 1)
	b.attach(s)
	handle := func(_ context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
		return tt.handle(s, i.Interaction)
	}
	wrapped := b.inst.Interaction(handle)
	if tt.bare {
		wrapped = func(s *discordgo.Session, i *discordgo.InteractionCreate) { _ = tt.handle(s, i.Interaction) }
	}
	done := make(chan *discordgo.Interaction, 1)
	s.AddHandler(func(s *discordgo.Session, i *discordgo.InteractionCreate) {
		defer func() { _ = recover(); done <- i.Interaction }()
		wrapped(s, i)
	})
	check(t, b.open(s).WaitGuilds(b.context())) // which have sizes
	kind, command := tt.kind, tt.command
	if kind == 0 {
		kind = discordtest.ApplicationCommand
	}
	if command == "" {
		command = "ping"
	}
	before := time.Now()
	id, token, err := b.srv.SendInteraction(b.context(), 0, kind, b.srv.Now().Add(-tt.age), command, tt.opts...)
	check(t, err)
	i := <-done
	returned := time.Now()
	user := i.User
	if i.Member != nil {
		user = i.Member.User
	}
	want := strings.ReplaceAll(tt.want, "<guild>", i.GuildID)
	if strings.Contains(want, "<user>") {
		var n uint64
		for _, digit := range user.ID {
			n = 10*n + uint64(digit-'0')
		}
		// The day may be another one by now.
		old, now := pseudonym.New(userKey).Of(n, before), pseudonym.New(userKey).Of(n, time.Now())
		b.until("the event", func() bool { return len(book.lines(catalog.EventInteractionCompleted.Name)) > 0 }, func() string { return "none" })
		if !strings.Contains(book.lines(catalog.EventInteractionCompleted.Name)[0], now) {
			now = old
		}
		want = strings.ReplaceAll(want, "<user>", now)
	}
	b.awaitEvents(&book, catalog.EventInteractionCompleted.Name, want)
	if !tt.bare || !strings.Contains(want, "missed") {
		check(t, b.inst.Close()) // nothing is left that could be emitted
		b.awaitEvents(&book, catalog.EventInteractionCompleted.Name, want)
	}
	book.checkCatalog(t)
	secrets := []string{id, token, i.ChannelID, user.ID, user.Username, i.AppID, "secret", "written"}
	if i.GuildID != "" && !strings.Contains(tt.want, "<guild>") {
		secrets = append(secrets, i.GuildID)
	}
	book.checkNoSecrets(t, secrets...)

	for _, r := range book.all() {
		if r.EventName() == catalog.EventInteractionCompleted.Name {
			tt.checkTimes(t, &r, before, returned)
		}
	}
}

// checkTimes compares the durations with two stopwatches.
func (tt *eventCase) checkTimes(t *testing.T, r *sdklog.Record, before, returned time.Time) {
	t.Helper()
	took, got := returned.Sub(before).Seconds(), seconds(r)
	age, aged := got[catalog.AttrReceiptAge]
	if !aged || age < 0 || age > tt.age.Seconds()+took+1 {
		t.Errorf("received at an age of %v s (known: %t), want about %v", age, aged, tt.age)
	}
	handled, known := got[catalog.AttrHandlerDuration]
	if known == tt.bare || handled < 0 || handled > took {
		t.Errorf("the handler took %v s (known: %t), of %v", handled, known, took)
	}
	answer, known := got[catalog.AttrAnswerDuration]
	if want := strings.Contains(tt.want, "=in_time"); known != want || answer < 0 || answer > took {
		t.Errorf("answered after %v s (known: %t), of %v", answer, known, took)
	}
	if at := r.Timestamp(); at.Before(before) || at.After(time.Now()) {
		t.Errorf("at %v, sent at %v", at, before)
	}
}

// TestEventsBesideSpans: an event belongs to the span of its interaction.
func TestEventsBesideSpans(t *testing.T) {
	t.Parallel()
	var book logBook
	spans := tracetest.NewSpanRecorder()
	b := newBench(t, nil, book.option(), instrument.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))), instrument.WithCommands("ping"))
	s := b.session(0, 1)
	b.attach(s)
	s.AddHandler(b.inst.Interaction(func(_ context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
		return pong(s, i.Interaction)
	}))
	b.open(s)
	_, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, b.srv.Now(), "ping")
	check(t, err)
	b.until("the event", func() bool { return len(book.lines(catalog.EventInteractionCompleted.Name)) == 1 }, func() string { return "none" })
	check(t, b.inst.Close())
	for _, span := range spans.Ended() {
		if span.Name() != "application_command ping" {
			continue
		}
		for _, r := range book.all() {
			if of := r.EventName() == catalog.EventInteractionCompleted.Name; of != (r.SpanID() == span.SpanContext().SpanID()) || of != (r.TraceID() == span.SpanContext().TraceID()) {
				t.Errorf("%s belongs to %v of %v, the interaction to %v", line(&r), r.SpanID(), r.TraceID(), span.SpanContext())
			}
		}
		return
	}
	t.Error("the interaction has no span")
}

// TestEventsLeaveContextsAlone: without spans of ours, those of the bot stay in the
// contexts of its handlers.
func TestEventsLeaveContextsAlone(t *testing.T) {
	t.Parallel()
	var book logBook
	b := newBench(t, nil, book.option())
	s := b.session(0, 1)
	b.attach(s)
	ctx, span := sdktrace.NewTracerProvider().Tracer("the bot").Start(context.Background(), "its own")
	defer span.End()
	seen := make(chan context.Context, 1)
	s.AddHandler(func(s *discordgo.Session, i *discordgo.InteractionCreate) {
		_ = b.inst.AppCommand(ctx, i, func(ctx context.Context) error {
			defer func() { seen <- ctx }()
			return pong(s, i.Interaction, discordgo.WithContext(ctx), b.inst.RequestOption(ctx))
		})
	})
	b.open(s)
	_, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, b.srv.Now(), "ping")
	check(t, err)
	if got := <-seen; got != ctx {
		t.Errorf("the handler has %v, want the context of its caller", got)
	}
	b.until("the event", func() bool { return len(book.lines(catalog.EventInteractionCompleted.Name)) == 1 }, func() string { return "none" })
}

// TestInteractionEventsByHTTP: there is no shard, and the response is the answer.
func TestInteractionEventsByHTTP(t *testing.T) {
	t.Parallel()
	var book logBook
	w := newWeb(t, respond(http.StatusOK, `{"type":4,"data":{"content":"pong"}}`), book.option(), instrument.WithCommands("ping"))
	id, body := sent(w.bench, 2, "ping")
	if got := w.post(true, body); got != http.StatusOK {
		t.Fatalf("status %d", got)
	}
	w.post(false, body)
	w.awaitEvents(&book, "", `INFO discord.interaction.completed "application_command ping was answered in time." discord.interaction.type=application_command discord.command=ping discord.interaction.outcome=in_time`)
	check(t, w.inst.Close())
	w.awaitEvents(&book, "", book.lines("")[0])
	book.checkCatalog(t)
	book.checkNoSecrets(t, id, "secret", "pong")
}

// TestInteractionEventsAttachedAfterOpen: what a wrapped handler sees.
func TestInteractionEventsAttachedAfterOpen(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	var book logBook
	b := newBench(t, nil, book.option(), instrument.WithCommands("ping"))
	s := b.session(0, 1)
	b.open(s)
	b.attach(s)
	s.AddHandler(b.inst.Interaction(func(_ context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
		return pong(s, i.Interaction)
	}))
	_, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, b.srv.Now(), "ping")
	check(t, err)
	b.awaitEvents(&book, "", `INFO discord.interaction.completed "application_command ping ended." discord.interaction.type=application_command discord.command=ping`)
}
