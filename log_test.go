package argus

import (
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/argus-dgo/argus/discordtest"
)

// A hostileHandler is a slog.Handler that does what handle says for each record.
type hostileHandler struct {
	slog.Handler
	handle func()
	called *atomic.Int64
}

func (h hostileHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h hostileHandler) Handle(context.Context, slog.Record) error {
	h.called.Add(1)
	h.handle()
	return nil
}

// TestLoggerIsHostile: a logger that blocks, panics or ends its goroutine holds up neither Start, nor the bot, nor a scrape,
// nor Shutdown, and does not end the process.
func TestLoggerIsHostile(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	for name, handle := range map[string]func(){
		"blocks":             func() { <-release },
		"panics":             func() { panic("the logger's own") },
		"ends the goroutine": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newDiscord(t, discordtest.WithGuilds(1))
			s := sessionOf(t, srv, 0, 1)
			var called atomic.Int64
			logger := slog.New(hostileHandler{handle: handle, called: &called})
			a, err := start(environ(nil, nil), s, []Option{WithAddr("127.0.0.1:0"), WithLogger(logger)})
			if err != nil {
				t.Fatal(err)
			}
			own := *s.Client
			s.Client = &own // is not measured, which is reported while the session dials
			open(t, s)
			if status, _ := get(t, a.URL(), ""); status != http.StatusOK {
				t.Errorf("the page answers %d", status)
			}
			shutDown(t, a)
			if called.Load() == 0 {
				t.Error("the logger was not called: the test shows nothing")
			}
		})
	}
}
