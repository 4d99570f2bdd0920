package e2e

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/argus-dgo/argus/discordtest"
)

// metricsPort is the port of a bot that sets none.
const metricsPort = "9191"

// A fleet is a bot of a hundred processes with 16 shards each. All have addresses of their own, and so the same port; one fake Discord
// knows them all. The cluster n has n+1 guilds, so that no two can be taken for each other.
type fleet struct {
	t       testing.TB
	discord *discordtest.Server
	program string // of the bot
	argus   string // the command line
	subnet  string // the first three bytes of the addresses and a dot
	bots    []*process
	plane   *fleetServer // that they push to
}

// waveSize is how many clusters start at a time: as many as Discord lets identify within one window. So that they need not know of each
// other, no two shards of a wave have the same rate_limit_key, which is the shard modulo max_concurrency
// (https://discord.com/developers/docs/events/gateway#sharding-max-concurrency).
const (
	waveSize       = 20
	identifyWindow = 5 * time.Second
	fleetShards    = clusters * shardsPerCluster
	// startingTogether is how many processes of a wave start at one time. More would only get in each other's way.
	startingTogether = 4
)

func newFleet(t testing.TB) *fleet {
	t.Helper()
	f := &fleet{t: t, bots: make([]*process, clusters)}
	f.subnet = claimSubnet(t)
	f.program = goBuild(t, moduleDir(t), "./internal/fleetbot")
	f.argus = goBuild(t, toolSet(t).Root(), "./cmd/argus")
	f.plane = startFleet(t, buildFleet(t), "argus-fleet")
	// Discord gives a bot of this size 20,000 session starts a day: max(2000, guilds/1000·5), and it has up to 2,500 guilds a shard.
	const starts = fleetShards * 2500 / 1000 * 5
	var err error
	f.discord, err = discordtest.NewServer(
		discordtest.WithShards(fleetShards), discordtest.WithGuilds(7*fleetShards), discordtest.WithMembers(2),
		discordtest.WithMaxConcurrency(waveSize*shardsPerCluster), discordtest.WithIdentifyWindow(identifyWindow),
		discordtest.WithSessionStartLimit(starts, starts, 24*time.Hour), discordtest.WithHeartbeatInterval(10*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.discord.Close() })
	var have [clusters]int
	for _, id := range f.discord.Guilds() {
		guild, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		// https://discord.com/developers/docs/events/gateway#sharding
		c := (guild >> 22) % fleetShards / shardsPerCluster
		if have[c] > int(c) {
			if err := f.discord.GuildLeave(id); err != nil {
				t.Fatal(err)
			}
			continue
		}
		have[c]++
	}
	for c, n := range have {
		if n != c+1 {
			t.Fatalf("the cluster %d has %d guilds", c, n)
		}
	}
	return f
}

// in is the fleet as a test within the test sees it.
func (f *fleet) in(t testing.TB) *fleet {
	within := *f
	within.t = t
	return &within
}

// claimSubnet finds a part of 127.0.0.0/16 that no other run of this test uses on the machine, and keeps it for the time of the test.
// Without one the test is skipped; on Linux, where only another program can be in the way, it fails if E2E is set.
func claimSubnet(t testing.TB) string {
	t.Helper()
	var last error
	for n := 1; n < 255; n++ {
		subnet := fmt.Sprintf("127.0.%d.", n)
		claim, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(subnet+"254", metricsPort))
		if err == nil {
			t.Cleanup(func() { _ = claim.Close() })
			return subnet
		}
		last = err
	}
	why := fmt.Sprintf("this needs addresses 127.0.x.y whose port %s is free: only Linux has all of 127.0.0.0/8 on the loopback interface, "+
		"and a program that listens on that port on all addresses takes it away: %v", metricsPort, last)
	if runtime.GOOS == "linux" && os.Getenv("E2E") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
	return ""
}

// host is the address of a cluster.
func (f *fleet) host(n int) string { return f.subnet + strconv.Itoa(n+1) }

func (f *fleet) addr(n int) string { return net.JoinHostPort(f.host(n), metricsPort) }

// hosts are the addresses of all clusters, as a range that "argus targets" takes.
func (f *fleet) hosts() string { return fmt.Sprintf("%s[1-%d]", f.subnet, clusters) }

// addrs are those of all clusters.
func (f *fleet) addrs() []string {
	addrs := make([]string, clusters)
	for n := range addrs {
		addrs[n] = f.addr(n)
	}
	return addrs
}

// launch starts a process of the bot on an address of its own.
func (f *fleet) launch(name, host string, env ...string) *process {
	f.t.Helper()
	return launch(f.t, name, f.program, slices.Concat([]string{
		"FLEETBOT_DISCORD=" + f.discord.Address(), "ARGUS_HOST=" + host, "SHARD_COUNT=" + strconv.Itoa(fleetShards),
	}, f.plane.pushes(), env))
}

// start starts the process of a cluster, for the first time or again.
func (f *fleet) start(n int) {
	f.t.Helper()
	if f.bots[n] != nil {
		f.bots[n].start()
		return
	}
	// The number is all that differs between the processes.
	f.bots[n] = f.launch(fmt.Sprintf("bot-%02d", n), f.host(n), "CLUSTER_ID="+strconv.Itoa(n), "SHARDS_PER_CLUSTER="+strconv.Itoa(shardsPerCluster))
	f.bots[n].quiet = true // a hundred logs would hide all else; they are kept
}

// startWave starts clusters together when Discord lets them identify, and waits until their shards are up.
func (f *fleet) startWave(from int) {
	f.t.Helper()
	latest := time.Time{}
	for _, c := range f.discord.Conns() {
		if at := c.ReadySince(); at.After(latest) {
			latest = at
		}
	}
	if wait := time.Until(latest.Add(identifyWindow)); wait > 0 {
		pass(f.t, wait)
	}
	for n := from; n < from+waveSize; n++ {
		f.start(n)
		if n-from >= startingTogether {
			f.ready(n - startingTogether)
		}
	}
	for n := from + waveSize - startingTogether; n < from+waveSize; n++ {
		f.ready(n)
	}
}

// ready waits until the shards of a cluster are up and have their guilds.
func (f *fleet) ready(n int) {
	f.t.Helper()
	f.bots[n].reachable("http://"+f.addr(n)+"/readyz", nil)
	ctx, cancel := context.WithTimeout(f.t.Context(), time.Minute)
	defer cancel()
	for id := n * shardsPerCluster; id < (n+1)*shardsPerCluster; id++ {
		conn, err := f.discord.WaitConn(ctx, id)
		if err == nil {
			err = conn.WaitGuilds(ctx)
		}
		if err != nil {
			f.t.Fatal(err)
		}
	}
}

// startAll starts the fleet, wave by wave.
func (f *fleet) startAll() {
	f.t.Helper()
	begin := time.Now()
	for n := 0; n < clusters; n += waveSize {
		f.startWave(n)
	}
	f.t.Logf("%d processes with %d shards each were up after %v", clusters, shardsPerCluster, time.Since(begin).Round(time.Second))
	// A session that is refused identifies again on the same connection.
	for _, c := range f.discord.Conns() {
		if n := c.Received()[opIdentify]; n != 1 {
			f.t.Errorf("shard %d identified %d times, want once", c.Shard(), n)
		}
	}
}

// opIdentify is the op code of IDENTIFY.
const opIdentify = 2

// restartAll ends each process with SIGTERM and starts it again, wave by wave.
func (f *fleet) restartAll() {
	f.t.Helper()
	begin := time.Now()
	for n := 0; n < clusters; n += waveSize {
		for c := n; c < n+waveSize; c++ {
			f.bots[c].signal(syscall.SIGTERM)
		}
		for c := n; c < n+waveSize; c++ {
			b := f.bots[c]
			select {
			case <-b.done:
			case <-time.After(30 * time.Second):
				f.t.Fatalf("%s does not end", b.name)
			}
			b.gone()
			if b.err != nil {
				f.t.Errorf("%s: %v\n%s", b.name, b.err, tail(b.logged(), 8))
			}
		}
		f.startWave(n)
	}
	f.t.Logf("a rolling restart of all took %v", time.Since(begin).Round(time.Second))
}

// used is the memory of all processes at its highest, and their time of a processor.
func (f *fleet) used() (peak int64, cpu time.Duration) {
	for _, b := range f.bots {
		p, c := b.used()
		peak, cpu = peak+p, cpu+c
	}
	return peak, cpu
}

// A drive is interactions at a steady rate, to one shard after the other.
type drive struct {
	began time.Time
	stop  context.CancelFunc
	done  chan struct{}

	mu   sync.Mutex
	sent []time.Time
}

// perSecond is how many interactions all shards get together.
const perSecond = 100

// drive sends interactions until the drive is ended, at the latest with the test. A shard that is not up gets none.
func (f *fleet) drive() *drive {
	ctx, stop := context.WithCancel(f.t.Context())
	d := &drive{began: time.Now(), stop: stop, done: make(chan struct{})}
	over, cancel := context.WithCancel(ctx)
	cancel() // nothing waits for a shard that is not up
	f.t.Cleanup(d.end)
	go func() {
		defer close(d.done)
		ticker := time.NewTicker(time.Second / perSecond)
		defer ticker.Stop()
		for n := 0; ; n++ {
			// All clusters get one before one gets another.
			shard := n%clusters*shardsPerCluster + n/clusters%shardsPerCluster
			if _, _, err := f.discord.SendInteraction(over, shard, discordtest.ApplicationCommand, time.Now(), "ping"); err == nil {
				d.mu.Lock()
				d.sent = append(d.sent, time.Now())
				d.mu.Unlock()
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	return d
}

// end stops it and waits until nothing more is sent.
func (d *drive) end() {
	d.stop()
	<-d.done
}

// total is how many have been sent.
func (d *drive) total() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.sent)
}

// rate is how many a second were sent in the time before then.
func (d *drive) rate(window time.Duration, at time.Time) float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for _, sent := range d.sent {
		if sent.After(at.Add(-window)) && !sent.After(at) {
			n++
		}
	}
	return float64(n) / window.Seconds()
}
