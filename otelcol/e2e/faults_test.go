package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

// back is within which time after the collector's return data has to be there again, with an export each second.
const back = 10 * time.Second

// slowed compares how long dispatches take to their handlers without a fault and with it. An export that blocked one would hold it up for
// seconds; what else happens on this machine costs milliseconds.
func slowed(t *testing.T, well, faulty latency) {
	t.Helper()
	t.Logf("without fault: %v", well)
	t.Logf("with it:       %v", faulty)
	if well.n < enough || faulty.n < enough {
		t.Fatal("too few to say anything")
	}
	if faulty.median > 2*well.median+20*time.Millisecond || faulty.p99 > 5*well.p99+50*time.Millisecond || faulty.worst > 5*well.worst+time.Second {
		t.Error("the bot's event handling is slowed")
	}
}

// quiet bounds what a fault writes into the bot's log: one warning at once, then one a minute, and one line for the end.
func quiet(t *testing.T, b *bot, outage time.Duration) {
	t.Helper()
	warnings, infos := b.lines("level=WARN"), b.lines("the collector accepts metrics")
	t.Logf("%d warnings, the first: %q", len(warnings), append(warnings, "")[0])
	if most := 2 + int(outage/time.Minute); len(warnings) == 0 || len(warnings) > most {
		t.Errorf("%d warnings, want 1 to %d: %q", len(warnings), most, warnings)
	}
	if len(infos) != 1 {
		t.Errorf("%d lines say that it works again, want 1", len(infos))
	}
	if all := strings.Count(b.log.String(), "\n"); all != 1+len(warnings)+len(infos) {
		t.Errorf("the log has lines of other kinds:\n%s", b.log)
	}
}

// TestCollectorAway: the Collector is killed, or hangs, and comes back. Nothing that was counted meanwhile is lost, and data is there
// again within ten seconds.
func TestCollectorAway(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		outage time.Duration
		begin  func(*collector)
		end    func(*collector)
	}{
		{
			"killed", either(10*time.Second, time.Minute),
			func(c *collector) { c.kill() },
			func(c *collector) { c.start() },
		},
		{
			"killed for long", either(0, 5*time.Minute),
			func(c *collector) { c.kill() },
			func(c *collector) { c.start() },
		},
		{
			"hanging", either(10*time.Second, time.Minute),
			func(c *collector) { c.signal(syscall.SIGSTOP) },
			func(c *collector) { c.signal(syscall.SIGCONT) },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.outage == 0 {
				t.Skip("only with E2E_LONG=1")
			}
			t.Parallel()
			c, p := writing(t)
			cluster := "away-" + strings.ReplaceAll(tt.name, " ", "-")
			b := startBot(t, cluster, 2, pushTo(c.grpc))
			total := fmt.Sprintf(`sum(discord_interactions_total{cluster=%q})`, cluster)
			b.keepBusy(3 * time.Second)
			p.waitValue(total, float64(b.sent), 10*time.Second)
			well := b.latencies()

			tt.begin(c)
			b.keepBusy(tt.outage)
			faulty := b.latencies()
			tt.end(c)
			c.healthy()
			returned := time.Now()
			eventually(t, "data again", back, func() (bool, string) {
				rows := p.query(fmt.Sprintf(`timestamp(argus_up{cluster=%q})`, cluster))
				return len(rows) == 1 && float64(rows[0].Value) > float64(returned.UnixMilli())/1000, fmt.Sprint(rows)
			})
			t.Logf("data again %v after the Collector's return", time.Since(returned).Round(10*time.Millisecond))
			b.interact(10)
			p.waitValue(total, float64(b.sent), back)
			slowed(t, well, faulty)
			quiet(t, b, tt.outage)
			if up, ok := p.value(fmt.Sprintf(`argus_subsystem_up{cluster=%q,subsystem="otlp"}`, cluster)); !ok || up != 1 {
				t.Errorf("argus_subsystem_up is %v (%v)", up, ok)
			}
		})
	}
}

// TestRefusals: what answers in the Collector's place refuses with each of gRPC's codes, is slow, never answers, or takes a part
// only. The bot says so once, goes on, and nothing is lost once it is taken.
func TestRefusals(t *testing.T) {
	var faults []refusal
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		faults = append(faults, refusal{name: code.String(), set: answer{code: code}, says: code.String()})
	}
	faults = append(faults,
		refusal{name: "hangs", set: answer{hang: true}, says: "DeadlineExceeded"},
		refusal{name: "slow", set: answer{delay: 2 * time.Second}, silent: true},
		refusal{name: "partial success", set: answer{rejected: 3}, says: "3 metric data points rejected"},
	)
	const bots = 4
	for share := range slices.Chunk(faults, (len(faults)+bots-1)/bots) {
		t.Run("from "+share[0].name, func(t *testing.T) {
			t.Parallel()
			f := startFake(t)
			b := startBot(t, "refusals-from-"+strings.ToLower(share[0].name), 1, pushTo(f.addr, "OTEL_EXPORTER_OTLP_TIMEOUT", "4000"))
			b.keepBusy(2 * time.Second)
			well := b.latencies()
			for _, one := range share {
				t.Run(one.name, func(t *testing.T) { one.test(t, f, b) })
			}
			slowed(t, well, b.latencies())
		})
	}
}

// A refusal is how the Collector's place answers for a while.
type refusal struct {
	name   string
	set    answer
	says   string // in the log
	silent bool   // no failure at all
}

func (r refusal) test(t *testing.T, f *fake, b *bot) {
	before := len(b.lines("level=WARN"))
	requests := f.requests()
	f.answer(r.set)
	b.interact(20)
	eventually(t, "two exports that are answered so", 30*time.Second, func() (bool, string) {
		b.interact(1)
		n := f.requests() - requests
		return n >= 2 && (r.silent || len(b.lines("level=WARN")) > before), fmt.Sprint(n, " ", b.lines("level=WARN"))
	})
	f.answer(answer{})
	took := eventually(t, "everything has arrived", back, func() (bool, string) {
		return f.interactions() == int64(b.sent), fmt.Sprintf("%d of %d", f.interactions(), b.sent)
	})
	warnings := b.lines("level=WARN")[before:]
	t.Logf("all there %v later; the log: %q", took.Round(10*time.Millisecond), warnings)
	switch {
	case r.silent && len(warnings) != 0:
		t.Errorf("the log has warnings: %q", warnings)
	case r.silent:
	case len(warnings) != 1:
		t.Errorf("%d warnings, want 1: %q", len(warnings), warnings)
	case !strings.Contains(warnings[0], r.says) || !strings.Contains(warnings[0], f.addr):
		t.Errorf("the warning does not name %s and %s: %s", r.says, f.addr, warnings[0])
	}
}

// TestPrometheusAway: Prometheus is away for a while. Of what the Collector has taken from the bot no sample is lost: with the queues in
// memory while the Collector lives, with the one on disk also when it is killed meanwhile.
func TestPrometheusAway(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, config, flag string
		overlays           []string
		// The short outages last longer than the default time-outs of the exporters, the long ones not quite as long as is promised.
		outage time.Duration
		onDisk bool
	}{
		{"remote write", promConfigOfWrites(t), takesRemoteWrite, []string{remoteWrite}, either(15*time.Second, 4*time.Minute), false},
		{"OTLP", promConfigOfOTLP(t), takesOTLP, []string{prometheusOTLP}, either(15*time.Second, 4*time.Minute), false},
		{"queue on disk", promConfigOfOTLP(t), takesOTLP, []string{prometheusOTLP, queue}, either(10*time.Second, time.Minute), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			onDisk := t.TempDir()
			p := startPrometheus(t, "prometheus", tt.config, tt.flag)
			c := startCollector(t, map[string]string{
				"PROMETHEUS_REMOTE_WRITE_URL": p.remoteWriteURL(), "PROMETHEUS_OTLP_URL": p.otlpURL(), "OTELCOL_QUEUE_DIRECTORY": onDisk,
			}, tt.overlays...)
			between := startBetween(t, c.grpc)
			cluster := "prometheus-away-" + strings.ReplaceAll(tt.name, " ", "-")
			b := startBot(t, cluster, 1, pushTo(between.addr))
			selector, total := fmt.Sprintf(`argus_up{cluster=%q}`, cluster), fmt.Sprintf(`sum(discord_interactions_total{cluster=%q})`, cluster)
			b.keepBusy(3 * time.Second)
			p.waitValue(total, float64(b.sent), 10*time.Second)
			well := b.latencies()

			p.kill()
			before := len(between.acknowledged())
			b.keepBusy(tt.outage)
			faulty := b.latencies()
			if tt.onDisk {
				waiting := len(between.acknowledged()) - before
				t.Logf("%d KiB on disk for %d pushes of %d KiB", diskUsed(t, onDisk)>>10, waiting, between.size()>>10)
			}
			p.start()
			p.ready()
			p.waitValue(total, float64(b.sent), 30*time.Second)
			if n := len(b.lines("level=WARN")); n != 0 {
				t.Errorf("the bot hears of it, though the Collector has taken everything: %d warnings", n)
			}
			slowed(t, well, faulty)
			complete(t, p, selector, began, between)
			if !tt.onDisk {
				return
			}

			// Again, and the Collector is killed while its queue is full.
			p.kill()
			b.keepBusy(tt.outage / 2)
			c.kill()
			b.keepBusy(3 * time.Second)
			before = len(between.acknowledged())
			c.start()
			c.healthy()
			eventually(t, "the bot is back", back, func() (bool, string) {
				b.interact(1)
				return len(between.acknowledged()) > before, b.log.String()
			})
			b.keepBusy(tt.outage / 2)
			p.start()
			p.ready()
			p.waitValue(total, float64(b.sent), 30*time.Second)
			complete(t, p, selector, began, between)
		})
	}
}

// diskUsed is the size of the files in a folder.
func diskUsed(t *testing.T, dir string) (sum int64) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		sum += info.Size()
	}
	return sum
}

// complete waits until there is a sample of every export that the Collector has taken so far, made when that was.
func complete(t *testing.T, p *promServer, selector string, since time.Time, between *fake) {
	t.Helper()
	taken := between.acknowledged()
	if most := time.Since(since) / time.Second; len(taken) < int(most)/2 {
		t.Errorf("the Collector has taken %d exports in %d s, with one each second", len(taken), most)
	}
	eventually(t, "a sample of every export", 30*time.Second, func() (bool, string) {
		have := map[int64]bool{}
		for _, s := range p.samples(selector, since) {
			have[int64(s.Timestamp)] = true
		}
		var lost []string
		for _, at := range taken {
			if !have[at] {
				lost = append(lost, time.UnixMilli(at).Format("15:04:05.000"))
			}
		}
		return len(lost) == 0, fmt.Sprintf("of %d exports %d are lost: %v", len(taken), len(lost), lost)
	})
	t.Logf("a sample of each of %d exports", len(taken))
}
