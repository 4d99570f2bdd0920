package instrument_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
	"github.com/argus-dgo/argus/internal/catalog"
)

// interaction is what a handler is called with.
func interaction(kind discordgo.InteractionType, name string, path ...string) *discordgo.InteractionCreate {
	data := discordgo.ApplicationCommandInteractionData{Name: name}
	options := &data.Options
	for n, sub := range path {
		kind := discordgo.ApplicationCommandOptionSubCommand
		if n < len(path)-1 {
			kind = discordgo.ApplicationCommandOptionSubCommandGroup
		}
		option := &discordgo.ApplicationCommandInteractionDataOption{Name: sub, Type: kind}
		*options = append(*options, option)
		options = &option.Options
	}
	return &discordgo.InteractionCreate{Interaction: &discordgo.Interaction{ID: "1", Type: kind, Data: data}}
}

type quotaError struct{}

func (quotaError) Error() string { return "no more" }

func TestCommandOutcomes(t *testing.T) {
	b := newBench(t, nil, instrument.WithCommands("ping", "config", "config set", "admin user ban"))
	var fail error
	h := b.inst.Interaction(func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error { return fail })
	command := discordgo.InteractionApplicationCommand
	for _, tt := range []struct {
		name string
		path []string
		err  error
	}{
		{"ping", nil, nil},
		{"ping", nil, nil},
		{"ping", nil, quotaError{}},
		{"ping", nil, fmt.Errorf("outer: %w", fmt.Errorf("inner: %w", quotaError{}))},
		{"ping", nil, fmt.Errorf("reading: %w", &fs.PathError{Op: "open", Path: "/etc/secret", Err: fs.ErrPermission})},
		{"ping", nil, errors.Join(errors.New("plain"), quotaError{})},
		{"config", []string{"set"}, nil},
		{"config", []string{"get"}, nil}, // only its parent is registered
		{"admin", []string{"user", "ban"}, nil},
		{"admin", []string{"user", "kick"}, nil},
		{"unheard of", nil, nil},
	} {
		fail = tt.err
		h(nil, interaction(command, tt.name, tt.path...))
	}
	r := b.collect()
	for series, want := range map[string]float64{
		"discord.app_commands{command=ping,status=success}":                          2,
		"discord.app_commands{command=ping,status=error}":                            4,
		"discord.app_commands{command=config set,status=success}":                    1,
		"discord.app_commands{command=config,status=success}":                        1,
		"discord.app_commands{command=admin user ban,status=success}":                1,
		"discord.app_commands{command=other,status=success}":                         2,
		"discord.app_command.duration_count{command=ping,status=error}":              4,
		"discord.app_command.duration_count{command=other,status=success}":           2,
		"discord.command.errors{command=ping,error_type=instrument_test.quotaError}": 2,
		"discord.command.errors{command=ping,error_type=*fs.PathError}":              1,
		"discord.command.errors{command=ping,error_type=*errors.errorString}":        1,
		"discord.command.names": 4,
	} {
		if r[series] != want {
			t.Errorf("%s is %v, want %v", series, r[series], want)
		}
	}
	if got := r.sum("discord.app_commands"); got != 11 {
		t.Errorf("%v commands counted, 11 were run: %v", got, r.with("discord.app_commands"))
	}
	if v, there := r["discord.app_commands{command=config set,status=error}"]; !there || v != 0 {
		t.Error("a registered command's errors do not exist at 0 from the start")
	}
	if got := len(r.with("discord.commands")); got != 0 {
		t.Errorf("%d series of prefix commands, none was run", got)
	}
}

// TestUnwrappedIsUnknown: names alone do not make a run known. Series exist at 0
// only once a handler is wrapped.
func TestUnwrappedIsUnknown(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil, instrument.WithCommands("ping"))
	s := b.session(0, 1)
	b.attach(s)
	ran := make(chan struct{}, 3)
	s.AddHandler(func(s *discordgo.Session, i *discordgo.InteractionCreate) {
		_ = pong(s, i.Interaction)
		ran <- struct{}{}
	})
	b.open(s)
	for range 3 {
		if _, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, b.srv.Now(), "ping"); err != nil {
			t.Fatal(err)
		}
		<-ran
	}
	runs := func() reading {
		r := b.collect()
		found := r.with("discord.app_commands")
		maps.Copy(found, r.with("discord.commands"))
		return found
	}
	b.inst.Interaction(nil) // wraps nothing
	if got := runs(); len(got) > 0 {
		t.Errorf("no handler is wrapped, and there is %v", got)
	}
	b.collect().want(t, reading{"discord.command.names": 1})
	_ = b.inst.Interaction(func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error { return nil })
	if got, want := fmt.Sprint(runs()), fmt.Sprint(reading{
		"discord.app_commands{command=ping,status=success}": 0,
		"discord.app_commands{command=ping,status=error}":   0,
	}); got != want {
		t.Errorf("with a wrapped handler there is %s, want %s", got, want)
	}
	if err := b.inst.Command(context.Background(), "ping", func(context.Context) error { return nil }); err != nil {
		t.Fatal(err)
	}
	b.collect().want(t, reading{
		"discord.commands{command=ping,status=success}": 1,
		"discord.commands{command=ping,status=error}":   0,
	})
}

func TestPrefixCommands(t *testing.T) {
	b := newBench(t, nil, instrument.WithCommands("roll"))
	boom := quotaError{}
	if err := b.inst.Command(context.Background(), "roll", func(context.Context) error { return nil }); err != nil {
		t.Errorf("Command returned %v, the handler nil", err)
	}
	if err := b.inst.Command(context.Background(), "roll", func(context.Context) error { return boom }); !errors.Is(err, boom) {
		t.Errorf("Command returned %v, the handler %v", err, boom)
	}
	if err := b.inst.Command(context.Background(), "drop table;", func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
	if err := b.inst.Command(context.Background(), "roll", nil); err != nil {
		t.Errorf("a nil handler gave %v", err)
	}
	r := b.collect()
	for series, want := range map[string]float64{
		"discord.commands{command=roll,status=success}":                              1,
		"discord.commands{command=roll,status=error}":                                1,
		"discord.commands{command=other,status=success}":                             1,
		"discord.command.duration_count{command=roll,status=error}":                  1,
		"discord.command.errors{command=roll,error_type=instrument_test.quotaError}": 1,
	} {
		if r[series] != want {
			t.Errorf("%s is %v, want %v", series, r[series], want)
		}
	}
}

// TestPanicsFlyOn: a panic of the user's is recorded and arrives as it was.
func TestPanicsFlyOn(t *testing.T) {
	b := newBench(t, nil, instrument.WithCommands("boom"))
	value := errors.New("the user's own")
	h := b.inst.Interaction(func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error { panic(value) })
	for name, call := range map[string]func(){
		"interaction": func() { h(nil, interaction(discordgo.InteractionApplicationCommand, "boom")) },
		"button":      func() { h(nil, interaction(discordgo.InteractionMessageComponent, "")) },
		"prefix":      func() { _ = b.inst.Command(context.Background(), "boom", func(context.Context) error { panic(value) }) },
	} {
		func() {
			defer func() {
				if got := recover(); got != any(value) {
					t.Errorf("%s: recovered %v, want the user's value", name, got)
				}
			}()
			call()
			t.Errorf("%s: the panic was swallowed", name)
		}()
	}
	r := b.collect()
	for series, want := range map[string]float64{
		"discord.app_commands{command=boom,status=error}":               1,
		"discord.commands{command=boom,status=error}":                   1,
		"discord.command.errors{command=boom,error_type=panic}":         2,
		"discord.command.errors{command=other,error_type=panic}":        1,
		"discord.app_command.duration_count{command=boom,status=error}": 1,
	} {
		if r[series] != want {
			t.Errorf("%s is %v, want %v", series, r[series], want)
		}
	}
}

// TestOtherInteractions: only their errors are recorded.
func TestOtherInteractions(t *testing.T) {
	b := newBench(t, nil)
	called := 0
	h := b.inst.Interaction(func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error {
		called++
		return quotaError{}
	})
	kinds := []discordgo.InteractionType{
		discordgo.InteractionPing, discordgo.InteractionMessageComponent,
		discordgo.InteractionApplicationCommandAutocomplete, discordgo.InteractionModalSubmit, 99,
	}
	for _, kind := range kinds {
		h(nil, interaction(kind, "x"))
	}
	h(nil, nil)
	h(nil, &discordgo.InteractionCreate{})
	b.inst.Interaction(nil)(nil, nil)
	r := b.collect()
	if want := len(kinds) + 2; called != want {
		t.Errorf("the handler was called %d times, want %d", called, want)
	}
	if got := r.sum("discord.app_commands"); got != 0 {
		t.Errorf("%v application commands counted, there was none", got)
	}
	if got := r["discord.command.errors{command=other,error_type=instrument_test.quotaError}"]; got != float64(called) {
		t.Errorf("%v errors counted, want %d", got, called)
	}
}

// TestDurationBeginsAtReceipt: the time that discordgo takes until the handler
// runs is part of it.
func TestDurationBeginsAtReceipt(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil, instrument.WithCommands("slow"))
	s := b.session(0, 1)
	s.SyncEvents = true // a handler that runs first then holds the next one up
	b.attach(s)
	const before = 150 * time.Millisecond
	s.AddHandler(func(*discordgo.Session, *discordgo.InteractionCreate) {
		<-time.After(before)
	})
	s.AddHandler(b.inst.Interaction(func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error { return nil }))
	b.open(s)
	sent := time.Now()
	if _, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, sent, "slow"); err != nil {
		t.Fatal(err)
	}
	r := b.awaitValue("discord.app_command.duration_count{command=slow,status=success}", 1)
	if got := r["discord.app_command.duration_sum{command=slow,status=success}"]; got < before.Seconds() || got > time.Since(sent).Seconds() {
		t.Errorf("the duration is %v s; the handler began %v after the receipt, and %v ago it was sent", got, before, time.Since(sent))
	}
}

// TestHostileCommandNames: 10,000 names that nobody registered are one series.
func TestHostileCommandNames(t *testing.T) {
	b := newBench(t, nil, instrument.WithCommands("ping"))
	h := b.inst.Interaction(func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error { return nil })
	for n := range 10_000 {
		name := fmt.Sprintf("evil %d \"\n\\", n)
		h(nil, interaction(discordgo.InteractionApplicationCommand, name))
		if err := b.inst.Command(context.Background(), name, func(context.Context) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	r := b.collect()
	if got := len(r.with("discord.app_commands")); got != 3 {
		t.Errorf("%d series of application commands, want 3 (ping twice and other)", got)
	}
	if got := r["discord.app_commands{command=other,status=success}"]; got != 10_000 {
		t.Errorf("%v counted as other, want 10000", got)
	}
	if got := r["discord.commands{command=other,status=success}"]; got != 10_000 {
		t.Errorf("%v prefix commands counted as other, want 10000", got)
	}
}

// TestErrorTypesAreBounded: past the limit the type is other, and nothing is lost.
func TestErrorTypesAreBounded(t *testing.T) {
	names := make([]string, catalog.MaxCommands)
	for n := range names {
		names[n] = "c" + strconv.Itoa(n)
	}
	b := newBench(t, nil, instrument.WithCommands(names...))
	errs := []error{quotaError{}, errors.New("x"), &fs.PathError{Err: fs.ErrExist}}
	for _, name := range names {
		for _, err := range errs {
			if got := b.inst.Command(context.Background(), name, func(context.Context) error { return err }); !errors.Is(got, err) {
				t.Fatal(got)
			}
		}
	}
	r := b.collect()
	if got, limit := len(r.with("discord.command.errors")), catalog.MaxErrorTypes+catalog.MaxCommands; got > limit || got < catalog.MaxErrorTypes {
		t.Errorf("%d series of errors, want %d to %d", got, catalog.MaxErrorTypes, limit)
	}
	if got, want := r.sum("discord.command.errors"), float64(len(names)*len(errs)); got != want {
		t.Errorf("%v errors counted, want %v: what is over the limit must be counted as other", got, want)
	}
}

func TestCommandsRefusesBadNames(t *testing.T) {
	b := newBench(t, nil)
	many := make([]string, catalog.MaxCommands+1)
	for n := range many {
		many[n] = strconv.Itoa(n)
	}
	for name, tt := range map[string]struct {
		names []string
		want  error
		says  string
	}{
		"empty":     {[]string{"ok", ""}, instrument.ErrCommandName, `""`},
		"other":     {[]string{"other"}, instrument.ErrCommandName, `"other"`},
		"not UTF-8": {[]string{"a\xff"}, instrument.ErrCommandName, `"a\xff"`},
		"too long":  {[]string{strings.Repeat("x", 500)}, instrument.ErrCommandName, "xxx…"},
		"too many":  {many, instrument.ErrTooManyCommands, "501"},
	} {
		err := b.inst.Commands(tt.names...)
		if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %v that names %s", name, err, tt.want, tt.says)
		}
	}
	if got := b.collect()["discord.command.names"]; got != 0 {
		t.Errorf("%v names were registered by calls that failed", got)
	}
	if err := b.inst.Commands("a", "b", "a"); err != nil {
		t.Error(err)
	}
	if err := b.inst.Commands("b", "日本語 テスト", `q"u\o`+"\n"); err != nil {
		t.Error(err)
	}
	if got := b.collect()["discord.command.names"]; got != 4 {
		t.Errorf("%v names registered, want 4", got)
	}
}
