package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/cli"
)

const (
	stormEvery = 5 // beats between two waves
	burstSize  = 8 // interactions for a shard that has come back
	// stormMost is how long a wave waits for its shards to come back. How long they
	// take does not depend on the pace.
	stormMost = 10 * time.Second
)

// An ending is a way in which a connection ends.
type ending struct {
	name string
	end  func(*discordtest.Conn) error
	// stays says that discordgo v0.29.0 goes on over the same connection.
	stays bool
}

// errorPage is what a proxy writes into a connection that it has given up. Its
// first byte has a reserved bit of RFC 6455 set, which no frame of Discord's has.
const errorPage = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

func closing(code int) ending {
	return ending{name: fmt.Sprint(code), end: func(c *discordtest.Conn) error { return c.CloseCode(code, "") }}
}

// resumable are the endings after which the RESUME succeeds.
func resumable() []ending {
	return []ending{
		closing(4000), closing(4001), closing(4002), closing(4008),
		{name: "dropped", end: (*discordtest.Conn).Drop},
		{name: "reset", end: (*discordtest.Conn).Reset},
		{name: "op 7", end: (*discordtest.Conn).Reconnect},
		// Argus cannot read these bytes either, and says so.
		{name: "garbled", end: func(c *discordtest.Conn) error { return c.WriteBytes([]byte(errorPage)) }},
	}
}

// fresh are those after which the shard has to identify: discordgo v0.29.0 tries
// to resume after the codes too, and is refused with op 9.
func fresh() []ending {
	return []ending{
		closing(4007), closing(4009),
		{name: "op 9", end: func(c *discordtest.Conn) error { return c.InvalidSession(false) }, stays: true},
	}
}

// A deck deals its endings again and again, each of them once before the next
// round.
type deck struct {
	rng   *rand.Rand
	all   []ending
	round []ending
}

func (d *deck) deal() ending {
	if len(d.round) == 0 {
		d.round = slices.Clone(d.all)
		d.rng.Shuffle(len(d.round), func(i, j int) { d.round[i], d.round[j] = d.round[j], d.round[i] })
	}
	e := d.round[0]
	d.round = d.round[1:]
	return e
}

// storm ends the connections of all shards in waves. Each can resume every second
// time, and everybody presses buttons when it is back.
func storm(ctx context.Context, st *stage) {
	resume, anew := &deck{rng: st.rng, all: resumable()}, &deck{rng: st.rng, all: fresh()}
	ended := make([]int, st.shards) // how often, by shard
	for st.wait(ctx, stormEvery) {
		st.wave(ctx, func(shard int) ending {
			ended[shard]++
			if (ended[shard]+shard)%2 == 0 && st.mayIdentify(shard) {
				return anew.deal()
			}
			return resume.deal()
		})
	}
}

func (st *stage) wave(ctx context.Context, draw func(shard int) ending) {
	ctx, cancel := context.WithTimeout(ctx, stormMost)
	defer cancel()
	var (
		back sync.WaitGroup
		how  []string
	)
	for shard := range st.shards {
		c := st.settled(shard)
		if c == nil {
			continue
		}
		e := draw(shard)
		if e.end(c) != nil {
			continue
		}
		how = append(how, e.name)
		back.Go(func() {
			if !e.stays && c.WaitClosed(ctx) != nil {
				return
			}
			st.burst(ctx, shard)
		})
	}
	if len(how) > 0 {
		slices.Sort(how)
		st.tell("%s ended (%s)", cli.Count(len(how), "connection"), strings.Join(slices.Compact(how), ", "))
	}
	back.Wait()
}

// burst sends what users do who have waited for the shard to come back.
func (st *stage) burst(ctx context.Context, shard int) {
	for n := range burstSize {
		kind, name := discordtest.ApplicationCommand, "ping"
		if n%2 == 1 {
			kind, name = discordtest.MessageComponent, "button-2"
		}
		if _, _, err := st.server.SendInteraction(ctx, shard, kind, st.server.Now(), name); err != nil {
			return // it is not back in time, or gone again
		}
	}
}
