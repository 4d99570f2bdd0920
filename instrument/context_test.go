package instrument_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/instrument"
)

type contextKey struct{}

// TestHandlersGetAContext: the context of a wrapped handler has the values of the
// base context, and ends with it and with Close, also while the handler runs.
func TestHandlersGetAContext(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(cancel func(), inst *instrument.Instrumentation){
		"base context ends": func(cancel func(), _ *instrument.Instrumentation) { cancel() },
		"Close": func(_ func(), inst *instrument.Instrumentation) {
			if err := inst.Close(); err != nil {
				t.Error(err)
			}
		},
	} {
		base, cancel := context.WithCancel(context.WithValue(t.Context(), contextKey{}, "a value"))
		defer cancel()
		b := newBench(t, nil, instrument.WithContext(base))
		ended := make(chan error, 1)
		h := b.inst.Interaction(func(ctx context.Context, _ *discordgo.Session, _ *discordgo.InteractionCreate) error {
			if ctx.Value(contextKey{}) != "a value" || ctx.Err() != nil {
				t.Errorf("%s: the handler got %v (%v)", name, ctx, ctx.Err())
			}
			end(cancel, b.inst)
			<-ctx.Done()
			ended <- ctx.Err()
			return nil
		})
		h(nil, interaction(discordgo.InteractionApplicationCommand, "ping"))
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("%s: the context ended with %v", name, err)
		}
		if end(cancel, b.inst); base.Err() == nil && name != "Close" {
			t.Errorf("%s: the base context goes on", name)
		}
	}
}

// TestAppCommand: a command that a framework calls is measured as one that is
// wrapped, its error comes back, and its context is the caller's.
func TestAppCommand(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, instrument.WithCommands("ping", "config set"))
	ctx := context.WithValue(t.Context(), contextKey{}, "the caller's")
	ping := interaction(discordgo.InteractionApplicationCommand, "ping")
	run := func(ic *discordgo.InteractionCreate, result error) error {
		return b.inst.AppCommand(ctx, ic, func(ctx context.Context) error {
			if ctx.Value(contextKey{}) != "the caller's" {
				t.Errorf("the handler got %v", ctx)
			}
			return result
		})
	}
	if err := run(ping, nil); err != nil {
		t.Error(err)
	}
	if err := run(ping, quotaError{}); !errors.Is(err, quotaError{}) {
		t.Errorf("the error is %v", err)
	}
	if err := run(interaction(discordgo.InteractionApplicationCommand, "config", "set"), nil); err != nil {
		t.Error(err)
	}
	if err := run(nil, quotaError{}); !errors.Is(err, quotaError{}) { // counted as an error of "other"
		t.Errorf("the error without an interaction is %v", err)
	}
	if err := b.inst.AppCommand(ctx, ping, nil); err != nil {
		t.Errorf("without a handler: %v", err)
	}
	func() {
		defer func() {
			if recover() != "boom" {
				t.Error("the panic did not come through")
			}
		}()
		_ = b.inst.AppCommand(ctx, ping, func(context.Context) error { panic("boom") })
	}()
	r := b.collect()
	for series, want := range map[string]float64{
		"discord.app_commands{command=ping,status=success}":                           1,
		"discord.app_commands{command=ping,status=error}":                             2,
		"discord.app_commands{command=config set,status=success}":                     1,
		"discord.app_command.duration_count{command=ping,status=error}":               2,
		"discord.command.errors{command=ping,error_type=panic}":                       1,
		"discord.command.errors{command=other,error_type=instrument_test.quotaError}": 1,
	} {
		if got := r[series]; got != want {
			t.Errorf("%s is %v, want %v", series, got, want)
		}
	}
}

// TestNilContext: a nil context, which vet refuses and a compiler does not, costs the
// bot nothing.
func TestNilContext(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, instrument.WithContext(nil), instrument.WithCommands("ping")) //nolint:staticcheck // on purpose
	ok := func(context.Context) error { return nil }
	_ = b.inst.Command(nil, "ping", ok)                                                          //nolint:staticcheck // on purpose
	_ = b.inst.AppCommand(nil, interaction(discordgo.InteractionApplicationCommand, "ping"), ok) //nolint:staticcheck // on purpose
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, discordgo.EndpointGateway, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.inst.RequestOption(nil)(&discordgo.RequestConfig{Request: request}) //nolint:staticcheck // on purpose
	r := b.collect()
	for _, series := range []string{
		"discord.commands{command=ping,status=success}", "discord.app_commands{command=ping,status=success}", "discord.rest.queue.wait_count{route=/gateway}",
	} {
		if r[series] != 1 {
			t.Errorf("%s is %v, want 1", series, r[series])
		}
	}
}

// TestRequestOptionDoesNotCancel: a handler's context ends when Argus shuts down, and
// an answer that is under way by then must arrive.
func TestRequestOptionDoesNotCancel(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	b.attach(s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Gateway(b.inst.RequestOption(ctx)); err != nil {
		t.Errorf("the request was not made: %v", err)
	}
}
