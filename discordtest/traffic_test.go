package discordtest_test

import (
	"context"
	"maps"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
)

// counter counts the events that a session's handlers receive.
type counter struct {
	mu       sync.Mutex
	events   map[string]int
	commands map[string]int
	prefix   map[string]int
}

func count(sess *discordgo.Session) *counter {
	c := &counter{events: map[string]int{}, commands: map[string]int{}, prefix: map[string]int{}}
	sess.AddHandler(func(_ *discordgo.Session, e *discordgo.Event) {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch e.Type {
		case "READY", "GUILD_CREATE", "GUILD_DELETE", "RESUMED":
		default:
			c.events[e.Type]++
		}
	})
	sess.AddHandler(func(_ *discordgo.Session, i *discordgo.InteractionCreate) {
		if i.Type != discordgo.InteractionApplicationCommand {
			return
		}
		d := i.ApplicationCommandData()
		name := d.Name
		for opts := d.Options; len(opts) > 0 && opts[0].Type <= discordgo.ApplicationCommandOptionSubCommandGroup; opts = opts[0].Options {
			name += " " + opts[0].Name
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.commands[name]++
	})
	sess.AddHandler(func(_ *discordgo.Session, m *discordgo.MessageCreate) {
		if name, ok := strings.CutPrefix(m.Content, "!"); ok {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.prefix[name]++
		}
	})
	return c
}

func sum(maps ...map[string]int) map[string]int {
	out := map[string]int{}
	for _, m := range maps {
		for k, v := range m {
			out[k] += v
		}
	}
	return out
}

func TestTrafficCountsAreExact(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	const shards, n = 2, 1500
	var stats [2]discordtest.Stats
	for run := range stats {
		s := newServer(t, discordtest.WithShards(shards), discordtest.WithGuilds(20), discordtest.WithSendLimit(10_000, time.Minute))
		var counters []*counter
		var sessions []*discordgo.Session
		t.Cleanup(func() { closeAll(sessions...) })
		for shard := range shards {
			sess := newSession(t, s, shard, shards)
			sess.Identify.Intents = discordgo.IntentsAll
			counters = append(counters, count(sess))
			sessions = append(sessions, sess)
			if err := sess.Open(); err != nil {
				t.Fatalf("Open: %v", err)
			}
			c, err := s.WaitConn(testContext(t), shard)
			if err == nil {
				err = c.WaitGuilds(testContext(t))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		tr, err := discordtest.NewTraffic(s, discordtest.TrafficConfig{Seed: 7})
		if err != nil {
			t.Fatal(err)
		}
		if err := tr.Send(testContext(t), n); err != nil {
			t.Fatal(err)
		}
		st := tr.Stats()
		stats[run] = st
		if st.Total()+st.Skipped != n || st.Skipped != 0 {
			t.Errorf("sent %d and skipped %d, want all %d sent", st.Total(), st.Skipped, n)
		}
		eventually(t, "the sessions see exactly what was sent", func() bool {
			var ev, cmd, pre []map[string]int
			for _, c := range counters {
				c.mu.Lock()
				ev, cmd, pre = append(ev, maps.Clone(c.events)), append(cmd, maps.Clone(c.commands)), append(pre, maps.Clone(c.prefix))
				c.mu.Unlock()
			}
			return maps.Equal(sum(ev...), st.Events) && maps.Equal(sum(cmd...), st.AppCommands) && maps.Equal(sum(pre...), st.PrefixCommands)
		})
	}
	if !maps.Equal(stats[0].Events, stats[1].Events) || !maps.Equal(stats[0].Interactions, stats[1].Interactions) {
		t.Errorf("two runs of one seed differ:\n%v\n%v", stats[0], stats[1])
	}
}

// A bot that reconnects survives every kind of fault, and each occurs in the first
// 30 s of a demo: four shards, 200 events a second, 16 IDENTIFYs per 250 ms.
func TestTrafficFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	if _, master := reflect.TypeFor[discordgo.Ready]().FieldByName("ResumeGatewayURL"); master {
		t.Skip("discordgo's master deadlocks where Discord answers a RESUME with op 9, as after some of the faults")
	}
	t.Parallel()
	const shards = 4
	s := newServer(t, discordtest.WithShards(shards), discordtest.WithGuilds(60), discordtest.WithMembers(25),
		discordtest.WithMaxConcurrency(16), discordtest.WithIdentifyWindow(250*time.Millisecond), discordtest.WithStrictInteractions())
	var sessions []*discordgo.Session
	t.Cleanup(func() { closeAll(sessions...) })
	for shard := range shards {
		sess := newSession(t, s, shard, shards)
		sess.Identify.Intents = discordgo.IntentsAll
		sess.ShouldReconnectOnError = true
		sess.AddHandler(func(sess *discordgo.Session, m *discordgo.MessageCreate) {
			if strings.HasPrefix(m.Content, "!") {
				_, _ = sess.ChannelMessageSend(m.ChannelID, "done")
			}
		})
		if err := sess.Open(); err != nil {
			t.Fatalf("Open: %v", err)
		}
		sessions = append(sessions, sess)
	}
	tr, err := discordtest.NewTraffic(s, discordtest.TrafficConfig{Rate: 200, Seed: 1, Faults: true, FirstFaults: 6 * time.Second, FaultEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	start := time.Now()
	go func() { done <- tr.Run(ctx) }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for ; ; <-tick.C {
		st := tr.Stats()
		if len(st.Faults) == len(discordtest.FaultKinds()) && len(st.RateLimits) == 3 {
			break
		}
		if time.Since(start) > 4*time.Minute {
			t.Errorf("after 4 min: faults %v, rate limits %v; want every kind", st.Faults, st.RateLimits)
			break
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
	if c := s.Census(0, 1); c.Unavailable != 0 {
		t.Errorf("%d guilds are still in an outage after Run", c.Unavailable)
	}
	// Both must be connected and stay so: closing a session that is about to reconnect
	// would leave it running.
	for shard := range shards {
		if _, err := s.WaitConn(testContext(t), shard); err != nil {
			t.Error(err)
		}
	}
	for _, sess := range sessions {
		settle(t, s, sess)
	}
}

// settle waits until a session that reconnects has been connected for a while, so that
// no reconnect is in progress when it is closed.
func settle(t *testing.T, s *discordtest.Server, sess *discordgo.Session) {
	t.Helper()
	eventually(t, "the session is connected for two seconds", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		c, err := s.WaitConn(ctx, sess.ShardID)
		return err == nil && time.Since(c.Started()) > 2*time.Second
	})
}

func TestTrafficConfigIsChecked(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for name, cfg := range map[string]discordtest.TrafficConfig{
		"Rate":      {Rate: -1},
		"Mix has":   {Mix: map[string]float64{"NO_SUCH_EVENT": 1}},
		"Mix is":    {Mix: map[string]float64{}},
		"a command": {Commands: []string{""}},
		"LateShare": {LateShare: 2},
		"FirstFaul": {FirstFaults: -1},
	} {
		if _, err := discordtest.NewTraffic(s, cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: the error is %v, want one that says so", name, err)
		}
	}
	if _, err := discordtest.NewTraffic(nil, discordtest.TrafficConfig{}); err == nil {
		t.Error("a nil server is accepted")
	}
}
