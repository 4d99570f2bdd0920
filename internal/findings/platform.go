package findings

import (
	"fmt"
	"slices"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/rules"
)

// outage finds processes whose guilds are unavailable.
func outage(v *view) (found []Finding) {
	q := evidence.Question{Form: evidence.Last, Of: catalog.GuildsUnavailable}
	guilds := by(v.ask(evidence.Question{Form: evidence.Last, Of: catalog.Guilds}), evidence.Identity()...)
	down := map[string]bool{}
	for _, value := range v.ask(up) {
		if value.Number == 0 {
			down[value.Labels.Key(evidence.Identity()...)] = true
		}
	}
	started := by(v.ask(evidence.Question{Form: evidence.Increase, Of: catalog.Handshakes, Over: 10 * time.Minute, Where: []evidence.Match{
		evidence.Is("kind", catalog.KindIdentify), evidence.Is("outcome", catalog.HandshakeReady),
	}}), evidence.Identity()...)
	uptime := by(v.ask(evidence.Question{Form: evidence.Last, Of: catalog.Uptime}), evidence.Identity()...)
	ready := map[string]time.Time{} // the last change of a shard's state
	for _, value := range v.ask(evidence.Question{Form: evidence.Age, Of: catalog.ShardStateChange, By: shard}) {
		k := value.Labels.Key(evidence.Identity()...)
		if changed := v.ago(value.Number); changed.After(ready[k]) {
			ready[k] = changed
		}
	}
	// Guilds come back in waves, and what followed from the outage lasts longer.
	recent := q
	recent.Form, recent.Over = evidence.Highest, 5*time.Minute
	present := by(v.ask(q), evidence.Identity()...)
	for _, value := range v.ask(recent) {
		k := value.Labels.Key(evidence.Identity()...)
		counted := recent
		if round(started[k]) > 0 { // after IDENTIFY all guilds are unavailable for a moment
			value.Number, counted = present[k], q
		}
		if _, known := guilds[k]; !known {
			continue // the process is gone
		}
		if up, known := uptime[k]; known && round(started[k]) == 0 && value.Number >= rules.Number("OutageGuildsAtLeast") {
			value.Number = v.sinceArrival(q, value, recent.Over, time.Duration(up*float64(time.Second)), present[k])
		}
		share := value.Number / (present[k] + guilds[k])
		if value.Number < rules.Number("OutageGuildsAtLeast") || !(share > rules.Number("OutageShare")) {
			continue
		}
		f := v.make("DiscordGuildOutage", value.Labels, share)
		f.Affects, f.Blame = true, Discord
		f.Detail = fmt.Sprintf("%s of %s guilds are unavailable; in the last 5 min it was up to %s.", count(present[k]), count(present[k]+guilds[k]), count(value.Number))
		f.Evidence = []Evidence{{Says: "most unavailable guilds in 5 min", question: of(counted, value.Labels), Value: value.Number}}
		f.Since, f.Before = v.holding(counted, value.Labels, func(n float64) bool { return n >= rules.Number("OutageGuildsAtLeast") })
		if round(started[k]) > 0 && !f.Before && v.at.Sub(f.Since) < arrivalOfGuilds && !v.below(counted, value.Labels, ready[k], f.Since) {
			continue
		}
		f.Do = "Check https://discordstatus.com and wait. Do not restart: it costs session starts and brings no guild back."
		if !down[k] {
			f.Not = []string{"Not the connection: all shards of the process are up."}
		}
		found = append(found, f)
	}
	return found
}

// sinceArrival returns the highest of some recent values, without those of the time in
// which the guilds of a process that has just begun arrived. What such a process counted
// before its first scrape is no increase, so its handshakes do not tell.
func (v *view) sinceArrival(q evidence.Question, value evidence.Value, over, uptime time.Duration, present float64) float64 {
	arrived := v.at.Add(arrivalOfGuilds - uptime)
	switch {
	case v.at.Add(-over).After(arrived):
		return value.Number
	case v.at.Before(arrived):
		return 0
	}
	highest := present
	for _, p := range v.points(of(q, value.Labels), pasts[0]) {
		if p.At.After(arrived) {
			highest = max(highest, p.Number)
		}
	}
	return highest
}

// below reports whether fewer guilds were unavailable between two times.
func (v *view) below(q evidence.Question, labels evidence.Labels, from, to time.Time) bool {
	return slices.ContainsFunc(v.points(of(q, labels), pasts[0]), func(p evidence.Point) bool {
		return p.At.After(from) && p.At.Before(to) && p.Number < rules.Number("OutageGuildsAtLeast")
	})
}

// arrivalOfGuilds is how long guilds may take to arrive after a session has started.
const arrivalOfGuilds = time.Minute

// clockOff finds processes whose clock is wrong.
func clockOff(v *view) (found []Finding) {
	q := evidence.Question{Form: evidence.Last, Of: catalog.ClockOffset, Combine: evidence.Min}
	for _, value := range v.ask(q) {
		if value.Number >= rules.Number("ClockBehind") && value.Number <= rules.Number("ClockAhead") {
			continue
		}
		f := v.make("DiscordClockSkewed", value.Labels, value.Number)
		f.Evidence = []Evidence{{Says: "age of the youngest interaction on receipt, in seconds", question: of(q, value.Labels), Value: value.Number}}
		behind := value.Number < 0
		f.Since, f.Before = v.holding(q, value.Labels, func(n float64) bool {
			return behind && n < rules.Number("ClockBehind") || !behind && n > rules.Number("ClockAhead")
		})
		f.Blame, f.Do = Host, "Set the machine's clock: check NTP (timedatectl, chronyc tracking)."
		if behind {
			f.Cause = fmt.Sprintf("The machine's clock is at least %s behind Discord's.", seconds(-value.Number))
			f.Not = []string{"Not a slow network: nothing arrives before it is sent."}
		} else {
			f.Cause = fmt.Sprintf("The clock is ahead, or no interaction arrives within %s.", seconds(value.Number))
			f.Affects = value.Number > rules.Number("ClockFar")
		}
		found = append(found, f)
	}
	return found
}
