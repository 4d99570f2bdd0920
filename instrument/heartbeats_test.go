package instrument

import (
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
)

// A beating is heartbeats under a clock of the test's, in milliseconds.
type beating struct {
	*testing.T
	heartbeats
	interval int64
}

func (b *beating) sendAt(ms int64) { b.send(beat{at: ms * 1e6}) }

// ackAt acknowledges, and wants the round trip to have taken so long; below 0 for
// one that is not known.
func (b *beating) ackAt(ms, want int64) {
	b.Helper()
	sent, ok := b.acknowledge(ms*1e6, time.Duration(b.interval)*time.Millisecond)
	if took := ms - sent.at/1e6; ok != (want >= 0) || ok && took != want {
		b.Errorf("at %d ms: a round trip of %d ms (known: %t), want %d", ms, took, ok, want)
	}
}

func newBeating(t *testing.T, interval int64) *beating { return &beating{T: t, interval: interval} }

// TestAcknowledgementsInOrder: each is for the oldest heartbeat that is pending,
// however many there are.
func TestAcknowledgementsInOrder(t *testing.T) {
	for _, late := range []int64{1, 500, 999, 1100, 1500, 2500, 3500, 4200, 31_500} {
		b := newBeating(t, 1000)
		acked := int64(0)
		for now := range int64(100_000) {
			if now%1000 == 0 {
				b.sendAt(now)
			}
			if now >= late && (now-late)%1000 == 0 {
				b.ackAt(now, late)
				acked++
			}
		}
		if acked < 60 {
			t.Errorf("%d acknowledgements, want more", acked)
		}
	}
}

// TestRequestedHeartbeats: with op 1 Discord asks for some out of turn.
func TestRequestedHeartbeats(t *testing.T) {
	b := newBeating(t, 41_250)
	b.sendAt(0)
	b.sendAt(100) // asked for
	b.sendAt(150)
	b.ackAt(180, 180)
	b.ackAt(260, 160)
	b.ackAt(261, 111)
	b.ackAt(262, -1) // one too many
	b.sendAt(41_250)
	b.ackAt(41_300, 50)
}

// TestHeartbeatNeverAcknowledged: the ones after it are taken for the one before
// for a while, and then no longer.
func TestHeartbeatNeverAcknowledged(t *testing.T) {
	for name, lost := range map[string]int{"the first": 0, "one": 5, "three": 3} {
		t.Run(name, func(t *testing.T) {
			b := newBeating(t, 1000)
			swallow := 1
			if name == "three" {
				swallow = 3
			}
			aligned := 0
			for n := range 30 {
				at := int64(n) * 1000
				b.sendAt(at)
				switch {
				case n < lost:
					b.ackAt(at+40, 40)
				case n < lost+swallow:
				case aligned < alignedBeats-1:
					aligned++
					b.ackAt(at+40, int64(swallow)*1000+40)
				default:
					b.ackAt(at+40, 40)
				}
			}
			if b.waiting() {
				t.Error("one is waited for still")
			}
		})
	}
	t.Run("and late ones", func(t *testing.T) {
		// What comes in a row after a pause does not count as at once.
		b := newBeating(t, 1000)
		for n := range int64(5) {
			b.sendAt(n * 1000)
		}
		for n := range int64(5) {
			b.ackAt(4010+n, 4010+n-n*1000)
		}
		b.sendAt(5000)
		b.ackAt(5020, 20)
	})
	t.Run("interval unknown", func(t *testing.T) {
		b := newBeating(t, 0)
		b.sendAt(0)
		for n := int64(1); n < 10; n++ {
			b.sendAt(n * 1000)
			b.ackAt(n*1000+40, 1040)
		}
	})
}

// TestHeartbeatsAreBounded: those beyond are not timed, and none is taken for
// another.
func TestHeartbeatsAreBounded(t *testing.T) {
	b := newBeating(t, 41_250)
	const sent = 10 * maxBeats
	for n := range int64(sent) {
		b.sendAt(n)
	}
	for n := range int64(sent) {
		want := int64(5000)
		if n >= maxBeats {
			want = -1
		}
		b.ackAt(5000+n, want)
		if n == maxBeats { // one more, behind those that are not timed
			b.sendAt(5000 + n)
		}
	}
	if !b.waiting() {
		t.Error("the last one is not waited for")
	}
	b.ackAt(6000, -1)
	if b.waiting() {
		t.Error("all have been answered, and one is waited for")
	}
	b.sendAt(7000)
	b.ackAt(7030, 30)
}

// TestProcessThatStandsStill: what is awaited meanwhile is not late.
func TestProcessThatStandsStill(t *testing.T) {
	const ms = int64(time.Millisecond)
	p := &pulse{needed: func() bool { return true }}
	t.Cleanup(func() { p.timer.Stop() })
	at := func(n int64) int64 { return 1e15 + n*ms } // long after any beat of its own
	if lost := p.start(at(0)); lost != 0 {
		t.Fatalf("%d lost at the start", lost)
	}
	p.timer.Stop() // the test beats
	for n := int64(1); n <= 5; n++ {
		p.beat(at(n * 1000))
		p.timer.Stop()
	}
	p.start(at(7900)) // late, as timers are
	if lost := p.lostBy(at(7900)); lost != 0 {
		t.Errorf("%v lost, want none: a timer may be late", time.Duration(lost))
	}
	if lost := p.lostBy(at(127_900)); lost != int64(2*time.Minute) {
		t.Errorf("%v lost, want two minutes", time.Duration(lost))
	}
	p.needed = func() bool { return false }
	p.beat(at(128_000)) // was asked meanwhile
	p.timer.Stop()
	p.beat(at(129_000))
	if lost := p.start(at(900_000)); lost != int64(2*time.Minute) {
		t.Errorf("%v lost, want two minutes: it did not watch any more", time.Duration(lost))
	}
	p.timer.Stop()
}

// TestStandstillIsNobodysDelay: a connection of which an acknowledgement and
// READY wait in the socket while the process stands still.
func TestStandstillIsNobodysDelay(t *testing.T) {
	f := newTapped(t, true)
	c := f.listens.(*tappedConn)
	s := newShard("0")
	beats := maskedFrame(`{"op":1,"d":2}`)
	ack := textFrame(`{"op":11}`)
	f.send(t, beats)
	f.feed(t, ack)
	before := c.latency.Load()
	if before == 0 {
		t.Fatal("no round trip")
	}

	stand := func(d time.Duration) { // as if the last beat had been so long ago
		c.pulse.mu.Lock()
		defer c.pulse.mu.Unlock()
		c.pulse.last -= int64(d)
	}
	f.send(t, beats)
	stand(time.Minute)
	f.feed(t, ack)
	if after := c.latency.Load(); after != before {
		t.Errorf("a latency of %v, want %v as before", time.Duration(after), time.Duration(before))
	}
	f.send(t, beats)
	f.feed(t, ack)
	if after := time.Duration(c.latency.Load()); after > 10*time.Second {
		t.Errorf("a latency of %v after that", after)
	}

	h := &c.handshake
	h.begin(s, kindIdentify)
	h.began = h.began.Add(-time.Hour)
	stand(time.Hour)
	h.expire(s)
	h.resolve(s, handshakeReady)
	if n := s.handshake(kindIdentify, handshakeReady).n.Load(); n != 1 {
		t.Errorf("%d handshakes with READY, want 1; %d timed out", n, s.handshake(kindIdentify, handshakeTimeout).n.Load())
	}
	h.begin(s, kindResume)
	stand(time.Hour)
	h.began = h.began.Add(-time.Hour - catalog.HandshakeTimeoutAfter - time.Second)
	h.expire(s)
	if n := s.handshake(kindResume, handshakeTimeout).n.Load(); n != 1 {
		t.Errorf("%d handshakes timed out, want 1: it took too long besides", n)
	}
}
