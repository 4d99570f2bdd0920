package instrument_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/instrument"
)

// A hostileError panics whatever is asked of it.
type hostileError struct{}

func (hostileError) Error() string    { panic("Error") }
func (hostileError) Unwrap() error    { panic("Unwrap") }
func (hostileError) Is(error) bool    { panic("Is") }
func (hostileError) As(any) bool      { panic("As") }
func (hostileError) String() string   { panic("String") }
func (hostileError) GoString() string { panic("GoString") }

type hostileTreeError struct{}

func (hostileTreeError) Error() string   { panic("Error") }
func (hostileTreeError) Unwrap() []error { panic("Unwrap") }

// A blockingError never answers.
type blockingError struct{}

func (blockingError) Error() string { select {} }
func (blockingError) Unwrap() error { select {} }

// An exitingError ends the goroutine that asks.
type exitingError struct{}

func (exitingError) Error() string { runtime.Goexit(); return "" }
func (exitingError) Unwrap() error { runtime.Goexit(); return nil }

// A cyclicError is its own cause.
type cyclicError struct{}

func (e *cyclicError) Error() string { return "cycle" }
func (e *cyclicError) Unwrap() error { return e }

// A lyingError claims to be all others, and wraps nothing.
type lyingError struct{ inner []error }

func (lyingError) Error() string     { return "" }
func (e lyingError) Unwrap() []error { return e.inner }
func (lyingError) Is(error) bool     { return true }
func (lyingError) As(any) bool       { return true }

// A sliceError cannot be compared, nor be the key of a map.
type sliceError []string

func (sliceError) Error() string { return "slice" }

// An error with a type parameter has that in its name.
type genericError[T any] struct{}

func (genericError[T]) Error() string { return "generic" }

type longName = struct {
	AFieldWithANameThatGoesOnAndOn, AndASecondOneThatIsNoShorterThanTheFirst, AndAThirdÄ string
}

// errorKinds are errors by the type that they are counted under.
func errorKinds() map[string]error {
	cyclicJoin := errors.Join(quotaError{}, quotaError{})
	cyclicJoin.(interface{ Unwrap() []error }).Unwrap()[0] = cyclicJoin
	nilJoin := errors.Join(quotaError{}, hostileError{})
	nilJoin.(interface{ Unwrap() []error }).Unwrap()[0] = nil
	onlyNil := errors.Join(quotaError{})
	onlyNil.(interface{ Unwrap() []error }).Unwrap()[0] = nil
	deep := error(&fs.PathError{})
	for range 10_000 {
		deep = fmt.Errorf("%w", deep)
	}
	return map[string]error{
		"*url.Error":                        (*url.Error)(nil),
		"*fs.PathError":                     fmt.Errorf("reading: %w", (*fs.PathError)(nil)),
		"*fmt.wrapErrors":                   reflect.Zero(reflect.TypeOf(fmt.Errorf("%w%w", fs.ErrExist, fs.ErrExist))).Interface().(error),
		"*fmt.wrapError":                    deep,
		"instrument_test.hostileError":      nilJoin,
		"instrument_test.hostileTreeError":  hostileTreeError{},
		"instrument_test.blockingError":     blockingError{},
		"instrument_test.exitingError":      exitingError{},
		"*instrument_test.cyclicError":      fmt.Errorf("%w", &cyclicError{}),
		"instrument_test.lyingError":        lyingError{inner: []error{nil, quotaError{}}},
		"instrument_test.sliceError":        sliceError{"x"},
		"*errors.joinError":                 cyclicJoin,
		"instrument_test.genericError[int]": genericError[int]{},
	}
}

// TestErrorsOfAnyKind: whatever an error's methods do, the run, its duration and
// the error are counted, and the error reaches the caller as it is.
func TestErrorsOfAnyKind(t *testing.T) {
	kinds := errorKinds()
	b := newBench(t, nil, instrument.WithCommands("ping"))
	var fail error
	h := b.inst.Interaction(func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error { return fail })
	for _, fail = range kinds {
		h(nil, interaction(discordgo.InteractionApplicationCommand, "ping"))
		got := b.inst.Command(context.Background(), "ping", func(context.Context) error { return fail })
		if reflect.TypeOf(got) != reflect.TypeOf(fail) {
			t.Errorf("Command returned a %T, the handler a %T", got, fail)
		}
	}
	r := b.collect()
	want := float64(len(kinds))
	for _, series := range []string{
		"discord.app_commands{command=ping,status=error}", "discord.app_command.duration_count{command=ping,status=error}",
		"discord.commands{command=ping,status=error}", "discord.command.duration_count{command=ping,status=error}",
	} {
		if r[series] != want {
			t.Errorf("%s is %v, want %v", series, r[series], want)
		}
	}
	for name := range kinds {
		if series := "discord.command.errors{command=ping,error_type=" + name + "}"; r[series] != 2 {
			t.Errorf("%s is %v, want 2", series, r[series])
		}
	}
	if got := r.sum("discord.command.errors"); got != 2*want {
		t.Errorf("%v errors counted, want %v: %v", got, 2*want, r.with("discord.command.errors"))
	}
	if got := r.sum("argus.instrumentation.errors"); got != 0 {
		t.Errorf("%v faults of the instrumentation", got)
	}
}

// TestErrorTypesAreShort: a type without a name is named by its definition.
func TestErrorTypesAreShort(t *testing.T) {
	b := newBench(t, nil, instrument.WithCommands("ping"))
	if err := b.inst.Command(context.Background(), "ping", func(context.Context) error { return genericError[longName]{} }); err == nil {
		t.Fatal("the error is lost")
	}
	series := b.collect().with("discord.command.errors")
	if len(series) != 1 {
		t.Fatalf("%v, want one series", series)
	}
	for name := range series {
		_, name, _ = strings.Cut(name, "error_type=")
		if len(name) > 140 || !utf8.ValidString(name) || !strings.HasPrefix(name, "instrument_test.genericError[struct {") {
			t.Errorf("the type is %d bytes: %q", len(name), name)
		}
	}
}

// TestHandlersThatExit: runtime.Goexit in a handler is counted.
func TestHandlersThatExit(t *testing.T) {
	b := newBench(t, nil, instrument.WithCommands("ping"))
	h := b.inst.Interaction(func(context.Context, *discordgo.Session, *discordgo.InteractionCreate) error {
		runtime.Goexit()
		return nil
	})
	for _, run := range []func(){
		func() { h(nil, interaction(discordgo.InteractionApplicationCommand, "ping")) },
		func() {
			_ = b.inst.Command(context.Background(), "ping", func(context.Context) error { runtime.Goexit(); return nil })
		},
	} {
		exited := make(chan struct{})
		go func() {
			defer close(exited)
			run()
			t.Error("the goroutine was not ended")
		}()
		<-exited
	}
	r := b.collect()
	for series, want := range map[string]float64{
		"discord.app_commands{command=ping,status=error}":               1,
		"discord.app_command.duration_count{command=ping,status=error}": 1,
		"discord.commands{command=ping,status=error}":                   1,
		"discord.command.duration_count{command=ping,status=error}":     1,
		"discord.command.errors{command=ping,error_type=panic}":         2,
	} {
		if r[series] != want {
			t.Errorf("%s is %v, want %v", series, r[series], want)
		}
	}
}
