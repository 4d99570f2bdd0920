package doctor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/argus-dgo/argus/cmd/argus/internal/scrape"
)

// The thresholds of the alert DiscordClockSkewed, which docs/ALERTS.md gives the
// reasons for.
const (
	clockBehind = -500 * time.Millisecond
	clockAhead  = time.Second
	// clocksApart is what two clocks that NTP keeps are never.
	clocksApart = 500 * time.Millisecond
)

const setClock = "synchronise the machine's clock by NTP (chrony, systemd-timesyncd): interaction deadlines are measured with it"

// ownClock looks at the clock of this machine.
func (d *doctor) ownClock(ctx context.Context) []finding {
	f := finding{"clock", ok, "the kernel clock is synchronised", ""}
	switch synchronised, err := d.kernel(); {
	case err != nil:
		f.State, f.Text = skipped, "cannot tell whether the kernel clock is synchronised: "+err.Error()
	case !synchronised:
		f.State, f.Text, f.Do = warning, "the kernel clock is not synchronised", setClock
	}
	if !d.askDiscord {
		return []finding{f}
	}
	return []finding{f, d.discordsClock(ctx)}
}

// discordsClock compares with the header Date of an answer of Discord's.
func (d *doctor) discordsClock(ctx context.Context) finding {
	fail := func(err error) finding {
		return finding{"clock", warning, "cannot query Discord: " + err.Error(), "omit --discord if there is no internet access"}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.discordURL, nil)
	if err != nil {
		return fail(err)
	}
	request.Header.Set("User-Agent", "DiscordBot (https://github.com/argus-dgo/argus, doctor)")
	sent := time.Now()
	response, err := d.discord.Do(request)
	if err != nil {
		return fail(err)
	}
	defer response.Body.Close()
	offset, within := scrape.Clock(response.Header, sent, time.Now())
	const most = 64 << 10
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, most))
	switch {
	case within == 0:
		return finding{"clock", warning, "Discord's response has no valid Date header", ""}
	case certain(offset, within) > 0:
		return finding{"clock", failure, fmt.Sprintf("Discord's clock is %s this machine's, give or take %s", apart(offset), shown(within)), setClock}
	}
	return finding{"clock", ok, fmt.Sprintf("this machine's clock agrees with Discord's within %s", shown(within)), ""}
}

// certain is by how much two clocks are further apart than they may be, whatever
// was not seen.
func certain(offset, within time.Duration) time.Duration { return offset.Abs() - within - clocksApart }

func apart(offset time.Duration) string {
	if offset < 0 {
		return shown(-offset) + " behind"
	}
	return shown(offset) + " ahead of"
}

func shown(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// clocks looks at the clocks of the processes.
func clocks(results []scrape.Result) []finding {
	var findings []finding
	asked := 0
	for _, r := range results {
		if r.Page == nil {
			continue
		}
		asked++
		if p := r.Page; p.Within > 0 && certain(p.Clock, p.Within) > 0 {
			findings = append(findings, finding{"clocks", failure, fmt.Sprintf("the clock of %s is %s this machine's, give or take %s", r.Address, apart(p.Clock), shown(p.Within)), setClock})
		}
		for _, p := range r.Page.Processes {
			if p.Late == nil {
				continue
			}
			text := fmt.Sprintf("at %s the minimum age of interactions is %s", r.Address, shown(*p.Late))
			switch {
			case *p.Late < clockBehind:
				findings = append(findings, finding{"clocks", failure, text + ": its clock is behind Discord's", setClock})
			case *p.Late > clockAhead:
				findings = append(findings, finding{"clocks", failure, text + ": its clock is ahead of Discord's, or interactions arrive late", setClock})
			}
		}
	}
	switch {
	case asked == 0:
		return []finding{{"clocks", skipped, "no metrics page to read the time from", ""}}
	case findings == nil:
		return []finding{{"clocks", ok, "all processes that answered agree with this machine and, as far as interactions show, with Discord", ""}}
	}
	return several("clocks", findings)
}
