package instrument_test

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
)

// A traced bench records the spans that ended.
type traced struct {
	*bench
	spans    *tracetest.SpanRecorder
	provider *sdktrace.TracerProvider
	session  *discordgo.Session
}

// newTraced makes a bench whose session is attached and not open.
func newTraced(t *testing.T, srvOpts []discordtest.Option, opts ...instrument.Option) *traced {
	t.Helper()
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	b := newBench(t, srvOpts, append([]instrument.Option{
		instrument.WithTracerProvider(provider), instrument.WithCommands("ping", "config set"),
	}, opts...)...)
	s := b.session(0, 1)
	b.attach(s)
	return &traced{bench: b, spans: spans, provider: provider, session: s}
}

// root waits for the span of an interaction, and returns it with all spans of its
// trace.
func (b *traced) root(name string) (root sdktrace.ReadOnlySpan, all []sdktrace.ReadOnlySpan) {
	b.Helper()
	b.until("the span "+name, func() bool {
		ended := b.spans.Ended()
		n := slices.IndexFunc(ended, func(s sdktrace.ReadOnlySpan) bool { return s.Name() == name && !s.Parent().IsValid() })
		if n < 0 {
			return false
		}
		root, all = ended[n], nil
		for _, s := range ended {
			if s.SpanContext().TraceID() == root.SpanContext().TraceID() {
				all = append(all, s)
			}
		}
		return true
	}, func() string { return tree(b.spans.Ended()) })
	return root, all
}

// awaitTrace waits until the trace of a root looks as wanted.
func (b *traced) awaitTrace(name, want string) sdktrace.ReadOnlySpan {
	b.Helper()
	want = strings.TrimSpace(want)
	var root sdktrace.ReadOnlySpan
	var got string
	b.until("the trace\n"+want+"\n", func() bool {
		var all []sdktrace.ReadOnlySpan
		root, all = b.root(name)
		got = tree(all)
		return got == want
	}, func() string { return "\n" + got })
	return root
}

// tree draws spans: name, kind, attributes in their order, links and status, the
// children below their parent. What differs with each run is left out.
func tree(spans []sdktrace.ReadOnlySpan) string {
	var lines []string
	var draw func(parent trace.SpanID, depth int)
	draw = func(parent trace.SpanID, depth int) {
		var children []string
		at := map[string]trace.SpanID{}
		for _, s := range spans {
			orphan := !slices.ContainsFunc(spans, func(p sdktrace.ReadOnlySpan) bool { return p.SpanContext().SpanID() == s.Parent().SpanID() })
			if s.Parent().SpanID() != parent && (depth > 0 || !orphan) {
				continue
			}
			line := strings.Repeat("  ", depth) + describe(s)
			// Equal siblings have no order of their own.
			key := line + "\x00" + s.SpanContext().SpanID().String()
			at[key] = s.SpanContext().SpanID()
			children = append(children, key)
		}
		slices.Sort(children)
		for _, key := range children {
			line, _, _ := strings.Cut(key, "\x00")
			lines = append(lines, line)
			draw(at[key], depth+1)
		}
	}
	draw(trace.SpanID{}, 0)
	return strings.Join(lines, "\n")
}

func describe(s sdktrace.ReadOnlySpan) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s [%s]", s.Name(), s.SpanKind())
	for _, kv := range s.Attributes() {
		switch kv.Key {
		case "server.address", "server.port": // the fake Discord's
		case "discord.interaction.receipt_age":
			b.WriteString(" age")
		default:
			fmt.Fprintf(&b, " %s=%v", short(kv.Key), kv.Value.String())
		}
	}
	for range s.Links() {
		b.WriteString(" linked")
	}
	switch s.Status().Code {
	case codes.Error:
		b.WriteString(" ERROR " + s.Status().Description)
	case codes.Ok:
		b.WriteString(" OK")
	case codes.Unset:
	}
	return strings.TrimSpace(b.String())
}

// short is the last part of an attribute's name.
func short(key attribute.Key) string {
	name := string(key)
	return name[strings.LastIndexByte(name, '.')+1:]
}

const (
	callbackSpan = "POST " + callbacks + " [client] method=POST template=" + callbacks
	editSpan     = "PATCH /webhooks/{id}/{token}/messages/@original [client] method=PATCH template=/webhooks/{id}/{token}/messages/@original"
	waitSpan     = "rate limiter [internal] template=" + callbacks
)

// A traceCase is an interaction, what the bot does with it, and the trace of it.
type traceCase struct {
	kind    discordtest.InteractionKind
	command string // ping by default
	opts    []discordtest.InteractionOption
	age     time.Duration
	prepare func(b *traced)
	bare    bool // the handler is not wrapped
	handle  func(ctx context.Context, b *traced, s *discordgo.Session, i *discordgo.Interaction) error
	root    string // of the trace; by default that of the command ping
	want    string
}

var errHandler = errors.New("no such user")

// TestTraces: what the trace of an interaction looks like, span by span.
func TestTraces(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	answer := func(_ context.Context, _ *traced, s *discordgo.Session, i *discordgo.Interaction) error {
		return pong(s, i)
	}
	for name, tt := range map[string]traceCase{
		"in time": {
			handle: answer,
			want: `
application_command ping [server] type=application_command command=ping id=0 age outcome=in_time
  ` + callbackSpan + ` status_code=204
  handler [internal]`,
		},
		"in time, without a wrapped handler": {
			bare: true, handle: answer,
			want: `
application_command ping [server] type=application_command command=ping id=0 age outcome=in_time
  ` + callbackSpan + ` status_code=204`,
		},
		"with the context of the handler": {
			handle: func(ctx context.Context, b *traced, s *discordgo.Session, i *discordgo.Interaction) error {
				ctx, span := b.provider.Tracer("the bot").Start(ctx, "look up")
				defer span.End()
				return pong(s, i, b.inst.RequestOption(ctx), discordgo.WithContext(ctx))
			},
			want: `
application_command ping [server] type=application_command command=ping id=0 age outcome=in_time
  handler [internal]
    look up [internal]
      ` + callbackSpan + ` status_code=204
      ` + waitSpan,
		},
		"with the option alone": {
			handle: func(ctx context.Context, b *traced, s *discordgo.Session, i *discordgo.Interaction) error {
				return pong(s, i, b.inst.RequestOption(ctx))
			},
			want: `
application_command ping [server] type=application_command command=ping id=0 age outcome=in_time
  handler [internal]
    ` + callbackSpan + ` status_code=204
    ` + waitSpan,
		},
		"deferred, then edited": {
			handle: func(_ context.Context, _ *traced, s *discordgo.Session, i *discordgo.Interaction) error {
				if err := pong(s, i); err != nil {
					return err
				}
				text := "done"
				_, err := s.InteractionResponseEdit(i, &discordgo.WebhookEdit{Content: &text})
				return err
			},
			want: `
application_command ping [server] type=application_command command=ping id=0 age outcome=in_time
  ` + editSpan + ` status_code=200
  ` + callbackSpan + ` status_code=204
  handler [internal]`,
		},
		"three callbacks at a time": {
			handle: func(_ context.Context, _ *traced, s *discordgo.Session, i *discordgo.Interaction) error {
				var wait sync.WaitGroup
				errs := make([]error, 3)
				for n := range errs {
					wait.Go(func() { errs[n] = pong(s, i) })
				}
				wait.Wait()
				return onlyCode(errors.Join(errs...), discordgo.ErrCodeInteractionHasAlreadyBeenAcknowledged, 2)
			},
			want: `
application_command ping [server] type=application_command command=ping id=0 age outcome=in_time
  ` + callbackSpan + ` status_code=204
  ` + callbackSpan + ` status_code=400 code=40060 type=400 ERROR
  ` + callbackSpan + ` status_code=400 code=40060 type=400 ERROR
  handler [internal]`,
		},
		"retried after 502": {
			prepare: func(b *traced) { b.srv.Fail(http.MethodPost, callbacks, http.StatusBadGateway, 1) },
			handle: func(ctx context.Context, b *traced, s *discordgo.Session, i *discordgo.Interaction) error {
				return pong(s, i, b.inst.RequestOption(ctx))
			},
			want: `
application_command ping [server] type=application_command command=ping id=0 age outcome=in_time
  handler [internal]
    ` + callbackSpan + ` resend_count=1 status_code=204
    ` + callbackSpan + ` status_code=502 type=502 ERROR
    ` + waitSpan,
		},
		"retried after 429": {
			prepare: func(b *traced) {
				b.srv.RateLimit(discordtest.RateLimit{Method: http.MethodPost, Pattern: callbacks, Scope: "user", RetryAfter: 20 * time.Millisecond, Times: 1})
			},
			handle: answer,
			want: `
application_command ping [server] type=application_command command=ping id=0 age outcome=in_time
  ` + callbackSpan + ` status_code=204
  ` + callbackSpan + ` status_code=429 scope=user type=429 ERROR
  handler [internal]`,
		},
		"late": {
			age: 4 * time.Second,
			handle: func(_ context.Context, _ *traced, s *discordgo.Session, i *discordgo.Interaction) error {
				return onlyCode(pong(s, i), discordgo.ErrCodeUnknownInteraction, 1)
			},
			want: `
application_command ping [server] type=application_command command=ping id=0 age outcome=late type=late ERROR
  ` + callbackSpan + ` status_code=404 code=10062 type=404 ERROR
  handler [internal]`,
		},
		"missed": {
			handle: func(context.Context, *traced, *discordgo.Session, *discordgo.Interaction) error { return nil },
			want: `
application_command ping [server] type=application_command command=ping id=0 age outcome=missed type=missed ERROR
  handler [internal]`,
		},
		"missed, without a wrapped handler": {
			bare:   true,
			handle: func(context.Context, *traced, *discordgo.Session, *discordgo.Interaction) error { return nil },
			want: `
application_command ping [server] type=application_command command=ping id=0 age outcome=missed type=missed ERROR`,
		},
		"rejected": {
			handle: func(_ context.Context, _ *traced, s *discordgo.Session, i *discordgo.Interaction) error {
				return onlyCode(s.InteractionRespond(i, &discordgo.InteractionResponse{}), discordgo.ErrCodeInvalidFormBody, 1)
			},
			want: `
application_command ping [server] type=application_command command=ping id=0 age outcome=rejected type=rejected ERROR
  ` + callbackSpan + ` status_code=400 code=50035 type=400 ERROR
  handler [internal]`,
		},
		"panic": {
			handle: func(_ context.Context, _ *traced, s *discordgo.Session, i *discordgo.Interaction) error {
				_ = pong(s, i)
				panic("the bot's")
			},
			want: `
application_command ping [server] type=application_command command=ping id=0 age outcome=in_time type=panic ERROR
  ` + callbackSpan + ` status_code=204
  handler [internal] type=panic ERROR`,
		},
		"error": {
			handle: func(_ context.Context, _ *traced, s *discordgo.Session, i *discordgo.Interaction) error {
				return errors.Join(pong(s, i), errHandler)
			},
			want: `
application_command ping [server] type=application_command command=ping id=0 age outcome=in_time type=*errors.errorString ERROR
  ` + callbackSpan + ` status_code=204
  handler [internal] type=*errors.errorString ERROR`,
		},
		"a sub-command": {
			command: "config", opts: []discordtest.InteractionOption{discordtest.WithSubcommand("set")}, handle: answer, root: "application_command config set",
			want: `
application_command config set [server] type=application_command command=config set id=0 age outcome=in_time
  ` + callbackSpan + ` status_code=204
  handler [internal]`,
		},
		"not registered": {
			command: "secret", handle: answer, root: "application_command",
			want: `
application_command [server] type=application_command command=other id=0 age outcome=in_time
  ` + callbackSpan + ` status_code=204
  handler [internal]`,
		},
		"autocomplete": {
			kind: discordtest.Autocomplete, root: "autocomplete ping",
			handle: func(_ context.Context, _ *traced, s *discordgo.Session, i *discordgo.Interaction) error {
				return s.InteractionRespond(i, &discordgo.InteractionResponse{
					Type: discordgo.InteractionApplicationCommandAutocompleteResult, Data: &discordgo.InteractionResponseData{},
				})
			},
			want: `
autocomplete ping [server] type=autocomplete command=ping id=0 age outcome=in_time
  ` + callbackSpan + ` status_code=204
  handler [internal]`,
		},
		"component": {
			kind: discordtest.MessageComponent, root: "message_component", handle: answer,
			want: `
message_component [server] type=message_component id=0 age outcome=in_time
  ` + callbackSpan + ` status_code=204
  handler [internal]`,
		},
		"modal": {
			kind: discordtest.ModalSubmit, root: "modal_submit", handle: answer,
			want: `
modal_submit [server] type=modal_submit id=0 age outcome=in_time
  ` + callbackSpan + ` status_code=204
  handler [internal]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.run(t)
		})
	}
}

func (tt *traceCase) run(t *testing.T) {
	defer work()()
	b := newTraced(t, servers(discordtest.WithStrictInteractions()))
	if tt.prepare != nil {
		tt.prepare(b)
	}
	handle := func(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
		return tt.handle(ctx, b, s, i.Interaction)
	}
	wrapped := b.inst.Interaction(handle)
	if tt.bare {
		wrapped = func(s *discordgo.Session, i *discordgo.InteractionCreate) { _ = handle(context.Background(), s, i) }
	}
	var handled, returned time.Time
	done := make(chan struct{})
	b.session.AddHandler(func(s *discordgo.Session, i *discordgo.InteractionCreate) {
		defer close(done)
		defer func() { returned = time.Now() }()
		defer func() { _ = recover() }()
		handled = time.Now()
		wrapped(s, i)
	})
	b.open(b.session)
	sent := time.Now()
	kind, command, root := tt.kind, tt.command, tt.root
	if kind == 0 {
		kind = discordtest.ApplicationCommand
	}
	if command == "" {
		command = "ping"
	}
	if root == "" {
		root = "application_command ping"
	}
	if _, _, err := b.srv.SendInteraction(b.context(), 0, kind, b.srv.Now().Add(-tt.age), command, tt.opts...); err != nil {
		t.Fatal(err)
	}
	<-done
	span := b.awaitTrace(root, tt.want)

	// It lies between two stopwatches.
	if began := span.StartTime(); began.Before(sent) || began.After(handled) {
		t.Errorf("it began at %v, want %v to %v", began, sent, handled)
	}
	if end := span.EndTime(); !tt.bare && end.Before(handled) {
		t.Errorf("it ended at %v, before the handler was called, at %v", end, handled)
	}
	if strings.Contains(tt.want, "outcome=in_time") && span.EndTime().After(returned) {
		t.Errorf("it ended at %v, want %v or before", span.EndTime(), returned)
	}
	_, all := b.root(root)
	for _, s := range all {
		if s.StartTime().Before(span.StartTime()) || s.EndTime().After(span.EndTime().Add(time.Minute)) || s.EndTime().Before(s.StartTime()) {
			t.Errorf("%s is from %v to %v", s.Name(), s.StartTime(), s.EndTime())
		}
		if s.InstrumentationScope().Name != instrument.ScopeName && s.Name() != "look up" {
			t.Errorf("%s has the scope %s", s.Name(), s.InstrumentationScope().Name)
		}
	}
}

// TestTraceOfLateRequest: a message that is edited after its interaction is
// complete belongs to its trace all the same; and a component of that message, and
// the modal that the component opened, are linked to it.
func TestTraceOfLateRequest(t *testing.T) {
	t.Parallel()
	b := newTraced(t, nil)
	interactions := make(chan *discordgo.Interaction, 1)
	b.session.AddHandler(b.inst.Interaction(func(_ context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
		defer func() { interactions <- i.Interaction }()
		return pong(s, i.Interaction)
	}))
	b.open(b.session)
	if _, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, b.srv.Now(), "ping"); err != nil {
		t.Fatal(err)
	}
	first := <-interactions
	root, _ := b.root("application_command ping")
	text := "later"
	if _, err := b.session.InteractionResponseEdit(first, &discordgo.WebhookEdit{Content: &text}); err != nil {
		t.Fatal(err)
	}
	b.awaitTrace("application_command ping", `
application_command ping [server] type=application_command command=ping id=0 age outcome=in_time
  `+editSpan+` status_code=200
  `+callbackSpan+` status_code=204
  handler [internal]`)

	for kind, name := range map[discordtest.InteractionKind]string{discordtest.MessageComponent: "message_component", discordtest.ModalSubmit: "modal_submit"} {
		if _, _, err := b.srv.SendInteraction(b.context(), 0, kind, b.srv.Now(), "more", discordtest.OnMessageOf(first.ID)); err != nil {
			t.Fatal(err)
		}
		<-interactions
		next, _ := b.root(name)
		if links := next.Links(); len(links) != 1 || links[0].SpanContext.SpanID() != root.SpanContext().SpanID() || links[0].SpanContext.TraceID() != root.SpanContext().TraceID() {
			t.Errorf("%s has the links %v, want one to %v", name, links, root.SpanContext())
		}
		if next.SpanContext().TraceID() == root.SpanContext().TraceID() {
			t.Errorf("%s is in the trace of another interaction", name)
		}
	}
}

// TestTraceAnsweredElsewhere: one process receives an interaction, and another one
// answers it. Each has the spans of what it does, and the first one cannot know.
func TestTraceAnsweredElsewhere(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newTraced(t, nil)
	got := make(chan *discordgo.Interaction, 1)
	b.session.AddHandler(func(_ *discordgo.Session, i *discordgo.InteractionCreate) { got <- i.Interaction })
	b.open(b.session)
	if _, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, b.srv.Now(), "ping"); err != nil {
		t.Fatal(err)
	}
	interaction := <-got
	elsewhere := newTraced(t, nil)
	answerer, err := b.srv.NewSession(0, 1)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere.attach(answerer)
	if err := pong(answerer, interaction); err != nil {
		t.Fatal(err)
	}
	// The bot of this process sees that somebody has answered when its own request
	// with the token is accepted.
	text := "hello"
	if _, err := b.session.InteractionResponseEdit(interaction, &discordgo.WebhookEdit{Content: &text}); err != nil {
		t.Fatal(err)
	}
	b.awaitTrace("application_command ping", `
application_command ping [server] type=application_command command=ping id=0 age outcome=answered_elsewhere
  `+editSpan+` status_code=200`)
	if err := elsewhere.inst.Close(); err != nil {
		t.Fatal(err)
	}
	if spans := elsewhere.spans.Ended(); len(spans) != 0 {
		t.Errorf("the process that answered has spans without a trace:\n%s", tree(spans))
	}
}

// TestTraceOfPrefixCommand: a command in a message has a trace of its own, or is a
// part of the one in its context.
func TestTraceOfPrefixCommand(t *testing.T) {
	t.Parallel()
	b := newTraced(t, nil)
	channel := b.srv.TextChannel(b.srv.Guilds()[0])
	say := func(ctx context.Context) error {
		_, err := b.session.ChannelMessageSend(channel, "pong", discordgo.WithContext(ctx))
		return err
	}
	if err := b.inst.Command(context.Background(), "ping", say); err != nil {
		t.Fatal(err)
	}
	b.awaitTrace("prefix_command ping", `
prefix_command ping [server] command=ping
  POST /channels/{id}/messages [client] method=POST template=/channels/{id}/messages status_code=200`)
	if err := b.inst.Command(context.Background(), "unheard", func(context.Context) error { return errHandler }); !errors.Is(err, errHandler) {
		t.Fatal(err)
	}
	b.awaitTrace("prefix_command", `prefix_command [server] command=other type=*errors.errorString ERROR`)

	ctx, span := b.provider.Tracer("the bot").Start(context.Background(), "message")
	_ = b.inst.Command(ctx, "config set", func(context.Context) error { return nil })
	span.End()
	b.awaitTrace("message", `
message [internal]
  prefix_command config set [server] command=config set`)

	// A request without a trace has no span.
	if err := say(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := b.inst.Close(); err != nil {
		t.Fatal(err)
	}
	if got := len(b.spans.Ended()); got != 5 {
		t.Errorf("%d spans, want 5:\n%s", got, tree(b.spans.Ended()))
	}
}

// TestTraceOfHandshake: the way to READY, and to RESUMED.
func TestTraceOfHandshake(t *testing.T) {
	t.Parallel()
	b := newTraced(t, nil)
	b.session.ShouldReconnectOnError = true
	before := time.Now()
	conn := b.steady(b.session)
	after := time.Now()
	root := b.awaitTrace("gateway connect", `
gateway connect [client] id=0 outcome=ready
  gateway dial [internal]
  gateway hello [internal]
  gateway identify [internal] outcome=ready
  gateway upgrade [internal]`)
	if root.StartTime().Before(before) || root.EndTime().After(after) {
		t.Errorf("it is from %v to %v, want %v to %v", root.StartTime(), root.EndTime(), before, after)
	}
	_, phases := b.root("gateway connect")
	phases = slices.DeleteFunc(phases, func(s sdktrace.ReadOnlySpan) bool { return !s.Parent().IsValid() })
	slices.SortFunc(phases, func(x, y sdktrace.ReadOnlySpan) int { return x.StartTime().Compare(y.StartTime()) })
	for n, s := range phases {
		if s.StartTime().Before(root.StartTime()) || s.EndTime().After(root.EndTime()) {
			t.Errorf("%s is not within its parent", s.Name())
		}
		if n > 0 && s.StartTime().Before(phases[n-1].EndTime()) {
			t.Errorf("%s begins before %s ends", s.Name(), phases[n-1].Name())
		}
	}
	b.spans.Reset()
	if err := conn.CloseCode(4000, ""); err != nil {
		t.Fatal(err)
	}
	b.awaitTrace("gateway connect", `
gateway connect [client] id=0 outcome=resumed
  gateway dial [internal]
  gateway hello [internal]
  gateway resume [internal] outcome=resumed
  gateway upgrade [internal]`)
}

// TestTraceOfFailedHandshake: why a shard does not come up.
func TestTraceOfFailedHandshake(t *testing.T) {
	t.Parallel()
	b := newTraced(t, nil)
	b.session.ShouldReconnectOnError = false
	if err := b.srv.Close(); err != nil {
		t.Fatal(err)
	}
	b.session.Dialer.HandshakeTimeout = time.Minute
	if _, _, err := b.session.Dialer.Dial("ws://"+b.srv.Addr()+"/?encoding=json", nil); err == nil { //nolint:bodyclose // there is none
		t.Fatal("a server that is closed has accepted")
	}
	b.awaitTrace("gateway connect", `gateway connect [client] id=0 outcome=failed type=*net.OpError ERROR`)
}

// TestExemplars: the durations of an interaction, and of a prefix command, lead to
// their trace; without spans there are none.
func TestExemplars(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{true, false} {
		t.Run(fmt.Sprintf("spans=%t", on), func(t *testing.T) {
			t.Parallel()
			opts := []instrument.Option{instrument.WithCommands("ping")}
			spans := tracetest.NewSpanRecorder()
			if on {
				opts = append(opts, instrument.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))))
			}
			b := newBench(t, nil, opts...)
			s := b.session(0, 1)
			b.attach(s)
			done := make(chan error, 1)
			s.AddHandler(b.inst.Interaction(func(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
				err := pong(s, i.Interaction, b.inst.RequestOption(ctx))
				done <- err
				return err
			}))
			b.open(s)
			if _, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, b.srv.Now(), "ping"); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if err := b.inst.Command(context.Background(), "ping", func(context.Context) error { return nil }); err != nil {
				t.Fatal(err)
			}
			b.await("the handler to have returned", func(r reading) bool { return r["discord.app_commands{command=ping,status=success}"] == 1 })
			if err := b.inst.Close(); err != nil {
				t.Fatal(err)
			}
			want := map[string]string{
				"discord.interaction.receipt.age": "application_command ping", "discord.interaction.handler.delay": "handler",
				"discord.interaction.response.delay": "application_command ping", "discord.interaction.ack.duration": "application_command ping",
				"discord.app_command.duration": "handler", "discord.command.duration": "prefix_command ping",
				"discord.rest.queue.wait": "handler", "discord.rest.request.duration": "POST " + callbacks,
			}
			ended := map[string]string{} // name by id
			for _, s := range spans.Ended() {
				ended[s.SpanContext().SpanID().String()] = s.Name()
			}
			got := map[string]string{}
			for name, ids := range b.exemplars() {
				for _, id := range ids {
					got[name] = ended[id]
				}
			}
			if !on {
				want = map[string]string{}
			}
			if !maps.Equal(got, want) {
				t.Errorf("exemplars of\n%v, want\n%v", got, want)
			}
		})
	}
}

// exemplars returns the ids of the spans in the exemplars of each histogram.
func (b *bench) exemplars() map[string][]string {
	b.Helper()
	var rm metricdata.ResourceMetrics
	if err := b.reader.Collect(context.Background(), &rm); err != nil {
		b.Fatal(err)
	}
	found := map[string][]string{}
	for _, scope := range rm.ScopeMetrics {
		for _, m := range scope.Metrics {
			if data, ok := m.Data.(metricdata.Histogram[float64]); ok {
				for _, p := range data.DataPoints {
					for _, e := range p.Exemplars {
						found[m.Name] = append(found[m.Name], hex.EncodeToString(e.SpanID))
					}
				}
			}
		}
	}
	return found
}

// TestSpansHaveNoSecrets: no token, no raw path and no id of Discord's is in any
// span; the ids are with the option, and nothing else is.
func TestSpansHaveNoSecrets(t *testing.T) {
	t.Parallel()
	for _, ids := range []bool{false, true} {
		t.Run(fmt.Sprintf("ids=%t", ids), func(t *testing.T) {
			t.Parallel()
			b := newTraced(t, servers(discordtest.WithStrictInteractions()), instrument.WithTraceIDs(ids))
			done := make(chan *discordgo.Interaction, 1)
			b.session.AddHandler(b.inst.Interaction(func(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
				defer func() { done <- i.Interaction }()
				text := "hunter2"
				errs := []error{errors.New("the password is hunter2")}
				errs = append(errs, s.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{}, discordgo.WithContext(ctx)))
				errs = append(errs, pong(s, i.Interaction, b.inst.RequestOption(ctx)))
				_, err := s.InteractionResponseEdit(i.Interaction, &discordgo.WebhookEdit{Content: &text}, discordgo.WithContext(ctx))
				errs = append(errs, err)
				_, err = s.ChannelMessage(i.ChannelID, "1234567890123456789", discordgo.WithContext(ctx))
				errs = append(errs, err)
				_, err = s.RequestWithBucketID(http.MethodGet, discordgo.EndpointAPI+"hunter2/"+i.Token+"?password=hunter2", nil, "x", discordgo.WithContext(ctx))
				return errors.Join(append(errs, err)...)
			}))
			b.open(b.session)
			if _, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, b.srv.Now(), "ping"); err != nil {
				t.Fatal(err)
			}
			i := <-done
			b.root("application_command ping")
			if err := b.inst.Close(); err != nil {
				t.Fatal(err)
			}
			text := fmt.Sprintf("%+v", tracetest.SpanStubsFromReadOnlySpans(b.spans.Ended()))
			for _, s := range b.spans.Ended() {
				for _, kv := range s.Attributes() {
					text += " " + kv.Value.String()
				}
			}
			allowed := map[string]bool{}
			if ids {
				for _, id := range []string{i.ID, i.GuildID, i.ChannelID, i.Member.User.ID} {
					allowed[id] = true
					if !strings.Contains(text, id) {
						t.Errorf("no span has the id %s", id)
					}
				}
			}
			for what, secret := range map[string]string{
				"interaction": i.ID, "guild": i.GuildID, "channel": i.ChannelID, "user": i.Member.User.ID, "application": i.AppID,
				"interaction token": i.Token, "bot token": b.srv.Token(), "message": "1234567890123456789", "text": "hunter2", "raw path": "/api/v9/",
			} {
				if secret == "" {
					t.Errorf("the interaction has no %s", what)
				} else if strings.Contains(text, secret) && !allowed[secret] {
					t.Errorf("a span has the %s %q", what, secret)
				}
			}
			if n := len(b.spans.Ended()); n < 12 {
				t.Errorf("%d spans were scanned, want 12 at least:\n%s", n, tree(b.spans.Ended()))
			}
		})
	}
}

// TestTraceOfEndpoint: an interaction that arrives by HTTP belongs to the trace of
// its request, where there is one, and its handler to it.
func TestTraceOfEndpoint(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	public, private, err := ed25519.GenerateKey(nil)
	check(t, err)
	w := &web{bench: newBench(t, nil, instrument.WithTracerProvider(provider), instrument.WithCommands("ping")), private: private, public: public}
	endpoint := w.inst.InteractionEndpoint(w.verified(func(rw http.ResponseWriter, r *http.Request) {
		var i discordgo.InteractionCreate
		check(t, json.NewDecoder(r.Body).Decode(&i))
		check(t, w.inst.AppCommand(r.Context(), &i, func(ctx context.Context) error {
			_, span := provider.Tracer("the bot").Start(ctx, "look up")
			span.End()
			_, err := io.WriteString(rw, `{"type":4,"data":{"content":"pong"}}`)
			return err
		}))
	}))
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		ctx, span := provider.Tracer("the bot's server").Start(r.Context(), "POST /interactions")
		defer span.End()
		endpoint.ServeHTTP(rw, r.WithContext(ctx))
	}))
	t.Cleanup(srv.Close)
	w.url = srv.URL
	_, body := sent(w.bench, 2, "ping")
	if status := w.post(true, body); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	b := &traced{bench: w.bench, spans: spans, provider: provider}
	b.awaitTrace("POST /interactions", `
POST /interactions [internal]
  application_command ping [server] type=application_command command=ping age outcome=in_time
    handler [internal]
      look up [internal]`)
}

// TestTraceWithoutTap: of a session that was attached after Open, the span of an
// interaction begins with its handler; one handler within another is its child, and
// one after the other belongs to the same trace.
func TestTraceWithoutTap(t *testing.T) {
	t.Parallel()
	for _, inOrder := range []bool{false, true} {
		t.Run(fmt.Sprintf("SyncEvents=%t", inOrder), func(t *testing.T) {
			t.Parallel()
			spans := tracetest.NewSpanRecorder()
			provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
			b := &traced{bench: newBench(t, nil, instrument.WithTracerProvider(provider), instrument.WithCommands("ping")), spans: spans, provider: provider}
			s := b.bench.session(0, 1)
			s.SyncEvents = inOrder
			h := b.inst.Interaction(func(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
				return b.inst.AppCommand(ctx, i, func(context.Context) error { return pong(s, i.Interaction) })
			})
			s.AddHandler(func(s *discordgo.Session, i *discordgo.InteractionCreate) {
				h(s, i)
				h(s, i)
			})
			conn := b.open(s)
			check(t, conn.WaitGuilds(b.context()))
			b.attach(s)
			if _, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, b.srv.Now(), "ping"); err != nil {
				t.Fatal(err)
			}
			b.awaitTrace("application_command ping", `
application_command ping [server] type=application_command command=ping
  handler [internal]
    handler [internal]
  handler [internal] type=*discordgo.RESTError ERROR
    handler [internal] type=*discordgo.RESTError ERROR`)
		})
	}
}

// TestSlowInteractionHasTrace: the page finds the trace of what was slow, if it is
// sampled.
func TestSlowInteractionHasTrace(t *testing.T) {
	t.Parallel()
	for name, sampler := range map[string]sdktrace.Sampler{"sampled": sdktrace.AlwaysSample(), "not sampled": sdktrace.NeverSample()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spans := tracetest.NewSpanRecorder()
			b := newBench(t, nil, instrument.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSampler(sampler), sdktrace.WithSpanProcessor(spans))))
			s := b.session(0, 1)
			b.attach(s)
			done := make(chan error, 1)
			s.AddHandler(func(s *discordgo.Session, i *discordgo.InteractionCreate) { done <- pong(s, i.Interaction) })
			b.open(s)
			if _, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.MessageComponent, b.srv.Now().Add(-2*time.Second), "x"); err != nil {
				t.Fatal(err)
			}
			check(t, <-done)
			slow := b.inst.SlowInteractions()
			check(t, b.inst.Close())
			if len(slow) != 1 {
				t.Fatalf("%d were slow, want 1", len(slow))
			}
			traceID, spanID := "", ""
			for _, s := range spans.Ended() {
				if s.Name() == "message_component" {
					traceID, spanID = s.SpanContext().TraceID().String(), s.SpanContext().SpanID().String()
				}
			}
			if (traceID == "") == (name == "sampled") {
				t.Fatalf("the trace is %q", traceID)
			}
			if slow[0].TraceID != traceID || slow[0].SpanID != spanID {
				t.Errorf("trace %q, span %q, want %q, %q", slow[0].TraceID, slow[0].SpanID, traceID, spanID)
			}
		})
	}
}
