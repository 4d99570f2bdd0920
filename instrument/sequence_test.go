package instrument

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/instrument/internal/wire"
)

// guildEvent makes a dispatch about one of a few guilds.
func guildEvent(r *rand.Rand, seq int64) *wire.Packet {
	guild := uint64(1 + r.IntN(4))
	p := &wire.Packet{Seq: seq, Has: wire.HasSeq}
	switch r.IntN(6) {
	case 0:
		p.Event, p.ID, p.MemberCount = wire.EventGuildCreate, guild, int64(10+r.IntN(90))
		p.Has |= wire.HasMemberCount
	case 1:
		p.Event, p.ID = wire.EventGuildDelete, guild
	case 2:
		p.Event, p.ID, p.Unavailable = wire.EventGuildDelete, guild, true
	case 3, 4:
		p.Event, p.GuildID = wire.EventGuildMemberAdd, guild
	default:
		p.Event, p.GuildID = wire.EventGuildMemberRemove, guild
	}
	return p
}

// overtake lets each dispatch be overtaken by at most n others.
func overtake(r *rand.Rand, packets []*wire.Packet, n int) []*wire.Packet {
	type placed struct {
		*wire.Packet
		at int
	}
	order := make([]placed, len(packets))
	for i, p := range packets {
		order[i] = placed{p, i + r.IntN(n+1)}
	}
	slices.SortStableFunc(order, func(a, b placed) int { return a.at - b.at })
	out := make([]*wire.Packet, len(packets))
	for i, p := range order {
		out[i] = p.Packet
	}
	return out
}

// TestAnyOrderGivesTheSameGuilds: two gateway sessions, a second apart as
// discordgo's reconnect has it, the handlers of each called in any order.
func TestAnyOrderGivesTheSameGuilds(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 1))
		first := int64(1)
		if r.IntN(2) == 0 {
			first = 5000 // attached late
		}
		var before, after []*wire.Packet
		for n := range int64(r.IntN(40)) {
			before = append(before, guildEvent(r, first+n))
		}
		after = append(after, &wire.Packet{Event: wire.EventReady, Seq: 1, Has: wire.HasSeq, Guilds: []uint64{1, 2, 3, 4}})
		for n := range int64(r.IntN(40)) {
			after = append(after, guildEvent(r, 2+n))
		}

		var want, got guildSet
		for _, p := range slices.Concat(before, after) {
			want.apply(p)
		}
		q := sequencer{apply: got.apply}
		now := time.Unix(0, 0)
		for _, part := range [][]*wire.Packet{overtake(r, before, 30), overtake(r, after, 30)} {
			for _, p := range part {
				q.push(p, "", now)
				now = now.Add(time.Millisecond)
			}
			now = now.Add(time.Second)
		}
		q.settle(now)
		if got.counts != want.counts {
			t.Fatalf("seed %d: %+v, want %+v", seed, got.counts, want.counts)
		}
		if len(q.parked) != 0 {
			t.Fatalf("seed %d: %d are still held back", seed, len(q.parked))
		}
	}
}

// TestReidentifyAtOnce: after an op 9 discordgo v0.29.0 identifies again on the
// same connection, without a pause.
func TestReidentifyAtOnce(t *testing.T) {
	var got guildSet
	q := sequencer{apply: got.apply}
	now := time.Unix(0, 0)
	create := func(seq, members int64) *wire.Packet {
		return &wire.Packet{Event: wire.EventGuildCreate, Seq: seq, ID: 7, MemberCount: members, Has: wire.HasSeq | wire.HasMemberCount}
	}
	q.push(create(900, 5), "", now)
	q.push(create(2, 6), "", now) // of the new gateway session
	q.push(&wire.Packet{Event: wire.EventReady, Seq: 1, Guilds: []uint64{7}}, "", now)
	q.settle(now.Add(orderWindow))
	if want := (guildCounts{available: 1, members: 6}); got.counts != want {
		t.Errorf("%+v, want what the new gateway session says, %+v", got.counts, want)
	}
}

func TestNothingIsHeldBackForLong(t *testing.T) {
	var applied []int64
	q := sequencer{apply: func(p *wire.Packet) { applied = append(applied, p.Seq) }}
	now := time.Unix(0, 0)
	member := func(seq int64) *wire.Packet { return &wire.Packet{Event: wire.EventGuildMemberAdd, Seq: seq} }

	q.push(member(10), "", now)
	q.settle(now.Add(orderWindow - 1))
	if len(applied) != 0 {
		t.Fatalf("%v were applied before their time", applied)
	}
	q.push(member(9), "", now.Add(orderWindow-1))
	q.settle(now.Add(orderWindow))
	if want := []int64{9, 10}; !slices.Equal(applied, want) {
		t.Fatalf("applied %v, want %v", applied, want)
	}

	// Of more than fit the first go early.
	applied = nil
	for seq := range int64(2 * maxParked) {
		q.push(member(100+seq), "", now)
		if len(q.parked) > maxParked {
			t.Fatalf("%d are held back, want at most %d", len(q.parked), maxParked)
		}
	}
	if len(applied) != maxParked || applied[0] != 100 || !slices.IsSorted(applied) {
		t.Errorf("%d were applied, from %d on, want the first %d", len(applied), applied[0], maxParked)
	}
	// RESUMED changes no guild and does not wait.
	q.push(&wire.Packet{Event: wire.EventResumed, Seq: 1000}, "", now)
	if applied[len(applied)-1] != 1000 {
		t.Error("RESUMED was held back")
	}
}

// TestDispatchThatComesTooLate: on a busy machine the goroutine of a dispatch may
// run long after that of another one about the same guild which followed it.
func TestDispatchThatComesTooLate(t *testing.T) {
	var got guildSet
	q := sequencer{apply: got.apply}
	now := time.Unix(0, 0)
	create := func(seq int64) *wire.Packet {
		return &wire.Packet{Event: wire.EventGuildCreate, Seq: seq, ID: 7, MemberCount: 5, Has: wire.HasSeq | wire.HasMemberCount}
	}
	send := func(p *wire.Packet) {
		q.push(p, "", now)
		now = now.Add(orderWindow)
		q.settle(now)
	}
	check := func(what string, want guildCounts) {
		t.Helper()
		if got.counts != want {
			t.Errorf("%s: %+v, want %+v", what, got.counts, want)
		}
	}
	there := guildCounts{available: 1, members: 5}

	send(&wire.Packet{Event: wire.EventGuildDelete, Seq: 11, ID: 7})
	send(create(10))
	check("a creation from before the guild was left", guildCounts{})
	send(create(12))
	check("a creation from after it", there)
	send(&wire.Packet{Event: wire.EventGuildDelete, Seq: 20, ID: 7, Unavailable: true})
	send(create(19))
	check("a creation from before the outage", guildCounts{unavailable: 1})
	send(create(22))
	send(&wire.Packet{Event: wire.EventGuildDelete, Seq: 21, ID: 7, Unavailable: true})
	check("an outage from before the creation", there)
	send(&wire.Packet{Event: wire.EventGuildDelete, Seq: 21, ID: 7})
	check("a removal from before the creation", there)
	send(&wire.Packet{Event: wire.EventGuildMemberAdd, Seq: 21, GuildID: 7})
	check("a member whom the creation has counted", there)
	send(&wire.Packet{Event: wire.EventGuildMemberAdd, Seq: 24, GuildID: 7})
	send(&wire.Packet{Event: wire.EventGuildMemberAdd, Seq: 23, GuildID: 7})
	check("members from after it, in any order", guildCounts{available: 1, members: 7})
	send(&wire.Packet{Event: wire.EventReady, Seq: 1, Guilds: []uint64{7}})
	send(create(2))
	check("numbers begin anew with READY", there)
	for id := range uint64(2*wire.MaxGuilds + 10) {
		send(&wire.Packet{Event: wire.EventGuildDelete, Seq: int64(id), ID: id + 100})
		if len(q.newest) > wire.MaxGuilds {
			t.Fatalf("the numbers of %d guilds are kept, want at most %d", len(q.newest), wire.MaxGuilds)
		}
	}
}

// TestReadyThatComesTooLate: on a busy machine the goroutine of READY may run long
// after those of the dispatches that followed it.
func TestReadyThatComesTooLate(t *testing.T) {
	var got guildSet
	q := sequencer{apply: got.apply}
	now := time.Unix(0, 0)
	create := func(seq int64, id uint64) *wire.Packet {
		return &wire.Packet{Event: wire.EventGuildCreate, Seq: seq, ID: id, MemberCount: 5, Has: wire.HasSeq | wire.HasMemberCount}
	}
	ready := func(guilds ...uint64) *wire.Packet {
		return &wire.Packet{Event: wire.EventReady, Seq: 1, Guilds: guilds}
	}
	check := func(what string, available, unavailable int64) {
		t.Helper()
		q.settle(now)
		if want := (guildCounts{available: available, members: 5 * available, unavailable: unavailable}); got.counts != want {
			t.Errorf("%s: %+v, want %+v", what, got.counts, want)
		}
	}

	q.begin("") // attached before the first READY
	q.push(create(2, 7), "first", now)
	now = now.Add(time.Second)
	check("before the first READY", 0, 0)
	q.push(ready(7, 8), "first", now)
	check("after the first READY", 1, 1)
	q.begin("") // which READY has said already

	// More guilds than may be parked without READY.
	const guilds = 4 * maxParked
	ids := make([]uint64, guilds)
	q.push(create(3, 8), "first", now)
	for n := range ids {
		ids[n] = uint64(n + 1)
		q.push(create(int64(n+2), ids[n]), "second", now)
	}
	now = now.Add(10 * orderWindow)
	check("before the second READY", 2, 0)
	q.push(ready(ids...), "second", now)
	check("after the second READY", guilds, 0)

	// What is known to be of the old gateway session is void, whatever its number is.
	q.push(create(2, 5000), "second", now)
	q.push(create(2, 7), "third", now)
	q.push(create(2, 9), "fourth", now)
	q.push(ready(7), "third", now)
	now = now.Add(orderWindow)
	check("after the third READY", 1, 0)
	// That of the fourth never comes.
	now = now.Add(readyWindow)
	check("after the time for a READY", 2, 0)
	q.push(create(3, 10), "fourth", now)
	now = now.Add(orderWindow)
	check("without its READY", 3, 0)
	if q.known || len(q.parked) != 0 {
		t.Errorf("%d dispatches are held back for a READY that does not come: %t", len(q.parked), q.known)
	}

	q.push(ready(), "fifth", now)
	for n := range uint64(2 * maxWaiting) {
		q.push(create(int64(n+2), n+1), "sixth", now)
		if len(q.parked) > maxWaiting {
			t.Fatalf("%d are held back, want at most %d", len(q.parked), maxWaiting)
		}
	}
}

// TestHandlerOfReadyComesTooLate: discordgo's state tells the handlers which
// gateway session it is in.
func TestHandlerOfReadyComesTooLate(t *testing.T) {
	i, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = i.Close() }()
	s, err := discordgo.New("Bot not-a-secret")
	if err != nil {
		t.Fatal(err)
	}
	s.DataReady = true
	s.State.SessionID = "old"
	s.State.Guilds = []*discordgo.Guild{{ID: "7"}}
	if _, err := i.Attach(s); err != nil {
		t.Fatal(err)
	}
	a := i.find(s)
	h := a.handlers.Value()
	check := func(what string, want guildCounts) {
		t.Helper()
		a.order.settle(time.Now().Add(2 * orderWindow))
		if got, known := a.guilds.read(); got != want || !known {
			t.Errorf("%s: %+v, known: %t; want %+v", what, got, known, want)
		}
	}
	h.onEvent(s, &discordgo.Event{Type: "GUILD_CREATE", Sequence: 6, RawData: []byte(`{"id":"7","member_count":3}`)})
	check("in the old gateway session", guildCounts{available: 1, members: 3})
	s.State.Lock()
	s.State.SessionID = "new"
	s.State.Unlock()
	h.onEvent(s, &discordgo.Event{Type: "GUILD_CREATE", Sequence: 2, RawData: []byte(`{"id":"7","member_count":5}`)})
	check("before READY", guildCounts{available: 1, members: 3})
	h.onEvent(s, &discordgo.Event{Type: "READY", Sequence: 1, RawData: []byte(`{"session_id":"new","guilds":[{"id":"7","unavailable":true}]}`)})
	check("after READY", guildCounts{available: 1, members: 5})

	// Without the ids the window is all there is.
	h.onEvent(s, &discordgo.Event{Type: "READY", Sequence: 1, RawData: []byte(`{"guilds":[{"id":"7","unavailable":true}]}`)})
	s.State.Lock()
	h.onEvent(s, &discordgo.Event{Type: "GUILD_CREATE", Sequence: 2, RawData: []byte(`{"id":"7","member_count":6}`)})
	s.State.Unlock()
	check("without ids", guildCounts{available: 1, members: 6})
	if id := (&settings{}).gatewaySession(); id != "" {
		t.Errorf("without a state the gateway session is %q", id)
	}
	if id := readySession([]byte("{")); id != "" {
		t.Errorf("of a READY that is not JSON it is %q", id)
	}
}
