package instrument_test

import (
	"testing"

	"github.com/argus-dgo/argus/internal/catalog"
)

// TestDocumentedEvents: every dispatch that Discord documents counts as itself,
// whether or not discordgo knows it, and those that only discordgo names count
// as unknown.
func TestDocumentedEvents(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for name, late := range map[string]bool{"tap": false, "attached after Open": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			s := b.session(0, 1)
			s.Identify.Intents = 1<<17 - 1 | 3<<20 | 3<<24 // all that Discord has
			if !late {
				b.attach(s)
			}
			conn := b.steady(s)
			if late {
				b.attach(s)
			}
			b.awaitValue("discord.guilds", 1)
			before := b.collect() // counts are read before guilds
			before.want(t, reading{event(catalog.EventRateLimited): 0, event(catalog.Unknown): 0, event("STAGE_INSTANCE_CREATE"): absent})
			sent := reading{event(catalog.Unknown): 4}
			send := func(name string) {
				b.dispatch(conn, name, scriptedData(b.srv.Guilds()[0], b.srv.TextChannel(b.srv.Guilds()[0])))
			}
			for _, name := range catalog.Events() {
				switch name {
				case catalog.Unknown, "READY", "RESUMED": // the server's own
					continue
				}
				send(name)
				sent[event(name)] = before[event(name)] + 1
			}
			for _, name := range []string{
				"STAGE_INSTANCE_EVENT_CREATE", "STAGE_INSTANCE_EVENT_UPDATE", "STAGE_INSTANCE_EVENT_DELETE", "PRESENCES_REPLACE",
			} {
				send(name)
			}
			b.awaitValue(event(catalog.Unknown), 4)
			b.await("all of them", func(r reading) bool {
				for series, n := range sent {
					if r[series] != n {
						return false
					}
				}
				return true
			})
		})
	}
}
