package instrument_test

import (
	"runtime"
	"testing"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
)

// TestErrorHandlerIsHostile: what the handler of faults does is the bot's affair,
// and nothing that it does may reach discordgo's goroutines. The fault is found
// while discordgo dials, inside Open.
func TestErrorHandlerIsHostile(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for name, handle := range map[string]func(release chan struct{}){
		"blocks":             func(release chan struct{}) { <-release },
		"panics":             func(chan struct{}) { panic("the handler's own") },
		"ends the goroutine": func(chan struct{}) { runtime.Goexit() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, told, release := hostileBench(t, handle)
			t.Cleanup(func() { close(release) })
			s := b.session(0, 1)
			own := *s.Client
			b.attach(s)
			s.Client = &own // is not measured, which is the fault
			b.open(s)
			<-told
			if _, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, time.Now(), "ping"); err != nil {
				t.Fatal(err)
			}
			r := b.awaitValue("discord.interactions{status=received,type=application_command}", 1)
			r.want(t, reading{"argus.instrumentation.errors{hook=transport}": 1})
		})
	}
}

// TestLateAttachIsToldAside: what is told of a session that was attached late waits
// for no handler of faults either, and Attach does not panic with one.
func TestLateAttachIsToldAside(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for name, handle := range map[string]func(release chan struct{}){
		"blocks": func(release chan struct{}) { <-release },
		"panics": func(chan struct{}) { panic("the handler's own") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, told, release := hostileBench(t, handle)
			s := b.session(0, 1)
			b.steady(s)
			b.attach(s)
			<-told
			close(release) // only now: Attach has returned
			b.awaitValue(up(0), 1)
		})
	}
}

// hostileBench has faults told to a handler that does as it likes. told hears of
// each; release is the test's to close.
func hostileBench(t *testing.T, handle func(release chan struct{})) (b *bench, told <-chan struct{}, release chan struct{}) {
	t.Helper()
	called, release := make(chan struct{}, 8), make(chan struct{})
	b = newBench(t, nil, instrument.WithErrorHandler(otel.ErrorHandlerFunc(func(error) {
		called <- struct{}{}
		handle(release)
	})))
	return b, called, release
}
