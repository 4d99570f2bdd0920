package demo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/cli"
)

// report shows what is going on until ctx is done: a status line, and a line for
// each fault that the fake makes.
func (d *demo) report(ctx context.Context) {
	const tick = time.Second
	statusEvery := d.pace.plainStatus
	if d.screen.inPlace {
		statusEvery = tick
	}
	d.screen.status(fmt.Sprintf("%s  ready: %s up after %s", clock(time.Since(d.began)), cli.Count(d.up(), "shard"), time.Since(d.began).Round(10*time.Millisecond)))
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	faults := map[string]int{}
	events, at := 0, time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		stats, now := d.traffic.Stats(), time.Now()
		for _, kind := range slices.Sorted(maps.Keys(stats.Faults)) {
			if stats.Faults[kind] > faults[kind] {
				faults[kind] = stats.Faults[kind]
				fmt.Fprintf(d.screen, "%s  fault: %s\n", clock(now.Sub(d.began)), describe(kind, d.metric))
			}
		}
		// Half a tick less, for no two ticks are exactly as far apart.
		if since := now.Sub(at); since >= statusEvery-tick/2 {
			d.screen.status(d.status(now, float64(stats.Total()-events)/since.Seconds()))
			events, at = stats.Total(), now
		}
	}
}

// status is one line. It says what the demo itself has counted, to compare the
// metrics with, and in a scenario which it is and what to look at.
func (d *demo) status(now time.Time, rate float64) string {
	var names, watch []string
	for _, sc := range d.scenarios {
		names, watch = append(names, sc.name), append(watch, d.renamed(sc.watch))
	}
	line := fmt.Sprintf("%.0f events/s, %s, %d of %s up", rate, &d.tally, d.up(), cli.Count(len(d.sessions()), "shard"))
	if len(names) > 0 {
		slices.Sort(watch)
		line = fmt.Sprintf("[%s] %s; watch %s", strings.Join(names, ","), line, strings.Join(slices.Compact(watch), ", "))
	}
	return clock(now.Sub(d.began)) + "  " + line
}

// conclude says what there was in all.
func (d *demo) conclude() {
	if d.began.IsZero() {
		return
	}
	fmt.Fprintf(d.screen, "%s  ended: %s, %s\n", clock(time.Since(d.began)), cli.Count(d.traffic.Stats().Total(), "event"), &d.tally)
}

// clock writes a time as 1:05, and from an hour on as 1:00:05.
func clock(t time.Duration) string {
	s := int(t.Seconds())
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// describe says what a fault is and which metric tells of it.
func describe(kind string, metric func(catalog.Instrument) string) string {
	disconnects, reconnects := metric(catalog.ShardDisconnects), metric(catalog.ShardReconnects)
	what := map[string][2]string{
		discordtest.FaultReconnect:       {"Discord asks a shard to reconnect (op 7)", disconnects},
		discordtest.FaultInvalidSession:  {"a shard's session becomes invalid (op 9), and the shard identifies again", reconnects + `{kind="identify"}`},
		discordtest.FaultSuspended:       {"a shard's session becomes invalid, but can be resumed (op 9)", reconnects},
		discordtest.FaultDrop:            {"a connection breaks", disconnects + `{code="none"}`},
		discordtest.FaultCloseCode:       {"Discord closes a connection with a close code", disconnects},
		discordtest.FaultSwallowedAck:    {"a heartbeat is not acknowledged", metric(catalog.ShardLatency)},
		discordtest.FaultGuildOutage:     {"a guild becomes unavailable for some seconds", metric(catalog.GuildsUnavailable)},
		discordtest.FaultRateLimitUser:   {"status 429, limit of the bot", metric(catalog.RateLimits) + `{scope="user"}`},
		discordtest.FaultRateLimitShared: {"status 429, shared limit", metric(catalog.RateLimits) + `{scope="shared"}`},
		discordtest.FaultRateLimitGlobal: {"status 429, global limit", metric(catalog.RateLimits) + `{scope="global"}`},
		discordtest.FaultServerError:     {"Discord returns 502 once, and discordgo retries", metric(catalog.CommandDuration)},
	}
	w, ok := what[kind]
	if !ok {
		return kind
	}
	return w[0] + ": " + w[1]
}
