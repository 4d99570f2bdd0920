package instrument_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/argus-dgo/argus/discordtest"
)

// TestMemberCountsThatCannotBe: the sum is absent, and right again when each
// count is one.
func TestMemberCountsThatCannotBe(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for name, late := range map[string]bool{"tap": false, "attached after Open": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, servers(discordtest.WithGuilds(0)))
			s := b.session(0, 1)
			if !late {
				b.attach(s)
			}
			conn := b.steady(s)
			if late {
				b.attach(s)
			}
			create := func(id int, members string) {
				b.dispatch(conn, "GUILD_CREATE", json.RawMessage(fmt.Sprintf(`{"id":"%d","member_count":%s}`, id, members)))
			}
			created := 0.0
			for _, wrong := range []string{
				"4611686018427387904", "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616",
				"1e30", "-1", "-9223372036854775808", "1.5", `"7"`, "null", "true", "[]", "8589934593",
			} {
				for id := 1; id <= 2; id++ {
					create(id, wrong)
				}
				created += 2
				r := b.awaitValue(event("GUILD_CREATE"), created)
				if late {
					r = b.awaitValue("discord.guilds", 2)
				}
				r.want(t, reading{"discord.members": absent})
			}
			create(1, "8589934592")
			create(2, "0")
			b.awaitValue("discord.members", 1<<33).want(t, reading{"discord.guilds": 2})
		})
	}
}

// TestSessionStartWithoutWindow: where no IDENTIFY was sent lately Discord says
// that there is nothing to wait for, and all of the budget is there.
func TestSessionStartWithoutWindow(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	b.attach(s)
	var after atomic.Int64
	b.srv.Handle("GET", "/gateway/bot", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, fmt.Sprintf(gatewayBot, 1000, after.Load()))
	})
	const prefix = "discord.gateway.session_start."
	for _, ms := range []int64{0, 1000 * 3600, 0} {
		after.Store(ms)
		if _, err := s.GatewayBot(); err != nil {
			t.Fatal(err)
		}
		want := reading{prefix + "remaining": 1000, prefix + "limit": 1000, prefix + "max_concurrency": 16}
		r := b.collect()
		if ms == 0 {
			want[prefix+"reset.timestamp"] = absent
		} else if at := r[prefix+"reset.timestamp"]; at < unix(time.Now()) || at > unix(time.Now().Add(time.Hour)) {
			t.Errorf("the reset is at %v", at)
		}
		r.want(t, want)
	}
}

// TestIntervalsThatCannotBe: absent, never 0 and never below.
func TestIntervalsThatCannotBe(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for _, ms := range []int64{1 << 62, 9_300_000_000_000, 86_400_000} {
		// discordgo multiplies as well, and panics where that is not above 0.
		if ms*int64(time.Millisecond) <= 0 {
			continue
		}
		t.Run(fmt.Sprint(ms), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, servers(discordtest.WithHeartbeatInterval(time.Duration(ms)*time.Millisecond)))
			s := b.session(0, 1)
			b.attach(s)
			b.open(s)
			b.awaitValue(up(0), 1).want(t, reading{beatsInterval: absent})
		})
	}
}

// TestShardsThatCannotBe: a shard's number below 0 is no label, and no count of
// shards is below 1.
func TestShardsThatCannotBe(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	s.Identify.Shard = &[2]int{-5, -7}
	b.attach(s)
	b.srv.Behave(discordtest.Behavior{RejectUpgrade: 503})
	if err := s.Open(); err == nil { // it is a shard from its first dial on
		t.Fatal("it is open")
	}
	b.collect().want(t, reading{"discord.shard.up{shard=other}": 0, "discord.shard.up{shard=-5}": absent, "discord.bot.shards": 1})
	runtime.KeepAlive(s)
}

// TestInteractionIDsThatAreNoTime: an id that was not made from a time says
// nothing of any clock.
func TestInteractionIDsThatAreNoTime(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	b := newBench(t, nil)
	s := b.session(0, 1)
	b.attach(s)
	conn := b.steady(s)
	for _, id := range []string{"1", "77", "18446744073709551615", "9223372036854775807"} {
		b.dispatch(conn, "INTERACTION_CREATE", json.RawMessage(`{"id":"`+id+`","token":"t","type":2,"data":{"id":"5","name":"ping","type":1}}`))
	}
	const received, expired = "discord.interactions{status=received,type=application_command}", "discord.interactions{status=expired,type=application_command}"
	r := b.awaitValue(received, 4)
	r.want(t, reading{expired: 0, "discord.clock.offset": absent})
	if n := r.sum("discord.interaction.receipt.age_count"); n != 0 {
		t.Errorf("%v ages, want none", n)
	}
	_, _, err := b.srv.SendInteraction(b.context(), 0, discordtest.ApplicationCommand, b.srv.Now().Add(-time.Hour), "ping")
	check(t, err)
	b.awaitValue(expired, 1)
}
