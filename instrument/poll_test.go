package instrument_test

import (
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/instrument"
)

// TestSessionStartPollInterval: what no budget needs is refused, by name.
func TestSessionStartPollInterval(t *testing.T) {
	t.Parallel()
	for _, every := range []time.Duration{-time.Minute, time.Nanosecond, time.Minute - 1} {
		if _, err := instrument.New(instrument.WithSessionStartPoll(every)); err == nil || !strings.Contains(err.Error(), "WithSessionStartPoll("+every.String()+")") {
			t.Errorf("%v: %v", every, err)
		}
	}
}

// TestSessionStartPollIsMeasured: its requests count with the bot's own, and the
// budget is there without the facade.
func TestSessionStartPollIsMeasured(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil, instrument.WithSessionStartPoll(time.Hour))
	b.attach(b.session(0, 3))
	b.awaitValue("discord.rest.request.duration_count{method=GET,route=/gateway/bot,status=200}", 1)
	b.await("the budget", func(r reading) bool { return r["discord.gateway.session_start.limit"] > 0 })
}
