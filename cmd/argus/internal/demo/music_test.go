package demo

import (
	"testing"
	"time"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/catalog"
)

// Music is played in one process, by all players at times, and has an end.
func TestMusic(t *testing.T) {
	t.Parallel()
	p := quick()
	p.beat = 100 * time.Millisecond // a player stays for 2 to 6 s
	r := beginAt(t, p, "--scenario", calm, "--addr", "127.0.0.1:0", "--shards", "3", "--processes", "2", "--guilds", "18", "--rate", "50")
	r.ready(t)
	pages := r.pages("metrics")
	voice := func(page int) float64 {
		return total(parsePage(t, mustGet(t, pages[page]))[catalog.VoiceClients.PrometheusName()])
	}
	var first *discordtest.VoiceConn
	most := 0.0
	r.until(t, "all players to play, and one to leave", func() bool {
		now := voice(0)
		if now > players {
			t.Fatalf("%v voice connections, want at most %d", now, players)
		}
		most = max(most, now)
		if conns := r.demo.server.VoiceConns(); first == nil && len(conns) > 0 {
			first = conns[0]
		}
		return most == players && !first.Ready()
	})
	r.until(t, "that to be counted", func() bool {
		return positive(parsePage(t, mustGet(t, pages[0]))[catalog.VoiceDisconnects.PrometheusName()], "code", "1000")
	})
	r.until(t, "one to play again", func() bool { return len(r.demo.server.VoiceConns()) > 0 && voice(0) > 0 })
	if other := voice(1); other != 0 {
		t.Errorf("the other process has %v voice connections", other)
	}
	conns := append(r.demo.server.VoiceConns(), first)
	r.end(t)
	for _, c := range conns {
		if code, byClient := c.CloseStatus(); code != 1000 || !byClient {
			t.Errorf("a voice connection was closed with %d, by the bot: %t", code, byClient)
		}
	}
}
