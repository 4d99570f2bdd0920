package discordtest

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// faultPlan is the schedule of faults for a seed.
type faultPlan struct {
	cfg   *TrafficConfig
	rng   *rand.Rand
	first []plannedFault
	last  time.Duration
}

type plannedFault struct {
	at   time.Duration // since the start
	kind string
	draw uint32
}

func newFaultPlan(cfg *TrafficConfig) *faultPlan {
	p := &faultPlan{cfg: cfg, rng: newRand(cfg.Seed, 2)}
	kinds := FaultKinds()
	p.rng.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	slot := cfg.FirstFaults / time.Duration(len(kinds)+1)
	for i, kind := range kinds {
		p.last = slot * time.Duration(i+1)
		p.first = append(p.first, plannedFault{p.last, kind, p.rng.Uint32()})
	}
	return p
}

func (p *faultPlan) next() plannedFault {
	if len(p.first) > 0 {
		f := p.first[0]
		p.first = p.first[1:]
		return f
	}
	kinds := FaultKinds()
	p.last += time.Duration((0.5 + p.rng.Float64()) * float64(p.cfg.FaultEvery))
	return plannedFault{p.last, kinds[p.rng.IntN(len(kinds))], p.rng.Uint32()}
}

// faulter executes the schedule. It belongs to one Run.
type faulter struct {
	traffic *Traffic
	start   time.Time
	next    *plannedFault
	outages map[string]time.Time // guild id → end
}

func (f *faulter) step(now time.Time) {
	if f.start.IsZero() {
		f.start = now
	}
	for id, end := range f.outages {
		if now.After(end) {
			_ = f.traffic.server.GuildRecover(id) // the bot may have left it
			delete(f.outages, id)
		}
	}
	if f.next == nil {
		n := f.traffic.faults.next()
		f.next = &n
	}
	if now.Sub(f.start) < f.next.at || !f.inject(*f.next, now) {
		return
	}
	t := f.traffic
	t.mu.Lock()
	t.stats.Faults[f.next.kind]++
	t.mu.Unlock()
	f.next = nil
}

func (f *faulter) recoverAll() {
	for id := range f.outages {
		_ = f.traffic.server.GuildRecover(id)
	}
}

// closeCodes are codes after which a session can be resumed. After other codes a
// RESUME gets op 9, on which discordgo's master deadlocks: the bot would be lost for
// the rest of the run.
var closeCodes = []int{4000, 4008, 4001, 4002}

const messageRoute = "/channels/{channel_id}/messages"

// inject executes a fault. It returns false if there is no target yet; the fault is
// then retried.
func (f *faulter) inject(p plannedFault, now time.Time) bool {
	s := f.traffic.server
	wait := 250*time.Millisecond + time.Duration(p.draw%750)*time.Millisecond
	switch p.kind {
	case FaultRateLimitUser:
		s.RateLimit(RateLimit{Method: http.MethodPost, Pattern: messageRoute, Scope: "user", RetryAfter: wait})
		return true
	case FaultRateLimitShared:
		s.RateLimit(RateLimit{Method: http.MethodPost, Pattern: messageRoute, Scope: "shared", RetryAfter: wait})
		return true
	case FaultRateLimitGlobal:
		s.RateLimit(RateLimit{Pattern: "/channels/{rest...}", Scope: "global", RetryAfter: wait})
		return true
	case FaultServerError:
		s.Fail(http.MethodPost, messageRoute, http.StatusBadGateway, 1)
		return true
	case FaultGuildOutage:
		ids := s.Guilds()
		if len(ids) == 0 {
			return true // there will be no target: do not delay the other faults
		}
		id := ids[pick(p.draw, len(ids))]
		if _, already := f.outages[id]; already || s.GuildOutage(id) != nil {
			return false
		}
		f.outages[id] = now.Add(3*time.Second + wait*5)
		return true
	}
	c := f.victim(p.draw, now)
	if c == nil {
		return false
	}
	var err error
	switch p.kind {
	case FaultReconnect:
		err = c.Reconnect()
	case FaultInvalidSession:
		err = c.InvalidSession(false)
	case FaultSuspended:
		err = c.InvalidSession(true)
	case FaultDrop:
		err = c.Drop()
	case FaultCloseCode:
		err = c.CloseCode(closeCodes[pick(p.draw>>8, len(closeCodes))], "")
	case FaultSwallowedAck:
		c.mu.Lock()
		c.behavior.SwallowAckCount++
		c.mu.Unlock()
	}
	return err == nil
}

// victim finds a connection that is old enough, of the drawn shard or, if it has
// none, of the next shard.
func (f *faulter) victim(draw uint32, now time.Time) *Conn {
	s := f.traffic.server
	n := s.cfg.shards
	for i := range n {
		if c := s.readyConn((pick(draw, n)+i)%n, anyBot); c != nil && now.Sub(c.ReadySince()) >= minConnAge {
			return c
		}
	}
	return nil
}

// commandWords splits "config set" into the command and its sub-commands.
func commandWords(command string) (name string, sub []string) {
	words := strings.Fields(command)
	if len(words) == 0 {
		return command, nil
	}
	return words[0], words[1:]
}
