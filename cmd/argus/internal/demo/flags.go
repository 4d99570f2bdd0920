package demo

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/cli"
	"github.com/argus-dgo/argus/resource"
)

const (
	maxShards    = 256
	maxProcesses = 64
	maxRate      = 10_000
	maxGuilds    = 100_000
	// guildsPerShard is Discord's limit; it answers IDENTIFY with close code 4011
	// above it (https://discord.com/developers/docs/events/gateway#sharding).
	guildsPerShard = 2500
)

// config is what the flags say.
type config struct {
	shards, guilds, processes int
	process                   int // of processes, the only one to run; -1: all of them
	rate                      float64
	seed                      int64
	duration                  time.Duration // 0: until it is interrupted
	cluster, addr             *string       // nil: not given, so the environment counts
	port                      int           // of addr
	ports                     map[int]int   // of the run before, by process; nil: it is the first
	scenarios                 []*scenario   // none: a mixed day
	traces                    bool          // whether spans are pushed to a collector
	analytics                 bool          // whether events are, and those of the day before
	pace                      pace
}

// pace is how fast things happen that have nothing to do with the rate.
type pace struct {
	firstFaults time.Duration // within which each kind of fault happens once
	faultEvery  time.Duration // from then on, on average
	heartbeat   time.Duration // Discord's is 41.25 s, too slow for a gauge to be seen moving
	change      time.Duration // between the steps of what changes slowly: see scenery
	beat        time.Duration // the unit of what scenarios do
	plainStatus time.Duration // between status lines, where they cannot replace each other
	crowd       int           // the interactions of a raid
}

func defaultPace() pace {
	return pace{
		firstFaults: 30 * time.Second,
		faultEvery:  20 * time.Second,
		heartbeat:   10 * time.Second,
		change:      2 * time.Second,
		beat:        time.Second,
		plainStatus: 10 * time.Second,
		crowd:       catalog.MaxPending * 6 / 5,
	}
}

// errHelp says that the flags were asked for.
var errHelp = errors.New("help was asked for")

// parse reads the flags. Errors name the flag and its value. When help was
// asked for it is written to help, and the error is errHelp.
func parse(args []string, help io.Writer) (config, error) {
	c := config{shards: 4, guilds: 500, processes: 1, process: -1, rate: 200, seed: 1, pace: defaultPace()}
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	whole := func(name string, value *int, most int, usage string) {
		flags.Func(name, usage, func(text string) error {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > most {
				return fmt.Errorf("must be a whole number from 1 to %d", most)
			}
			*value = n
			return nil
		})
	}
	whole("shards", &c.shards, maxShards, "`number` of shards, one discordgo session each (default 4)")
	whole("guilds", &c.guilds, maxGuilds, "total `number` of guilds (default 500)")
	whole("processes", &c.processes, maxProcesses,
		"`number` of clusters that share the shards. Each has its own port, from --addr upwards, and its own\ncluster id, <cluster>-0, <cluster>-1, … (default 1)")
	flags.Func("process", "`index` of the only cluster to run, from 0. Start one command per cluster to get real processes,\neach with its own fake Discord (default: run all clusters in this process)", func(text string) error {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n >= maxProcesses {
			return fmt.Errorf("must be a whole number from 0 to %d", maxProcesses-1)
		}
		c.process = n
		return nil
	})
	flags.Func("rate", "total `number` of gateway events per second (default 200)", func(text string) error {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || !(n > 0 && n <= maxRate) {
			return fmt.Errorf("must be a number above 0 and at most %d", maxRate)
		}
		c.rate = n
		return nil
	})
	flags.Func("seed", "`seed` of the random events and faults (default 1)", func(text string) error {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("must be a whole number from %d to %d", math.MinInt64, math.MaxInt64)
		}
		c.seed = n
		return nil
	})
	flags.Func("scenario", "scenario `name`, or several separated by commas, over otherwise steady traffic; see below\n(default mix). To switch while it runs, type a name and press Enter",
		func(text string) error {
			given, err := parseScenarios(text)
			c.scenarios = given
			return err
		})
	flags.BoolVar(&c.traces, "traces", false, "push traces to a collector: that of the environment, or "+localCollector+"; how to see one is printed\nat the start")
	flags.BoolVar(&c.analytics, "analytics", false, "push events, and those of the 24 hours before, to argus-fleet or a collector: that of the environment,\nor "+localCollector)
	flags.Func("duration", "`duration` of the run, such as 30s or 5m; 0 runs until interrupted (default 0)", func(text string) error {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return errors.New("must be a duration such as 30s or 5m, or 0")
		}
		c.duration = d
		return nil
	})
	flags.Func("cluster", "cluster `id`, the label cluster of every series (default: from the environment, else \"default\")", func(text string) error {
		if _, err := resource.Detect(resource.WithClusterID(text), resource.WithoutShards()); errors.Is(err, resource.ErrClusterID) {
			return fmt.Errorf("must be 1 to %d bytes of printable text, without leading or trailing spaces, and without $(, ${ or {{", resource.MaxClusterIDLength)
		}
		c.cluster = &text
		return nil
	})
	flags.Func("addr", "`host:port` to serve the metrics on; port 0 picks a free one (default: from the environment, else :9191)", func(text string) error {
		host, port, err := net.SplitHostPort(text)
		if err != nil || strings.ContainsAny(host, " \t\r\n/") {
			return errors.New("must be host:port, such as :9191 or localhost:9191")
		}
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return errors.New("the port must be a number from 0 to 65535")
		}
		c.addr, c.port = &text, int(n)
		return nil
	})

	switch others, err := cli.Parse(flags, args); {
	case errors.Is(err, flag.ErrHelp):
		writeHelp(help, flags)
		return config{}, errHelp
	case err != nil:
		return config{}, err
	case len(others) > 0:
		return config{}, fmt.Errorf("unexpected argument %q: only flags are accepted", others[0])
	}
	return c, c.check()
}

// check looks at flags together.
func (c *config) check() error {
	var errs []error
	if c.processes > c.shards {
		errs = append(errs, fmt.Errorf("--processes %d: each needs at least one shard, but --shards is %d", c.processes, c.shards))
	}
	if c.process >= c.processes {
		errs = append(errs, fmt.Errorf("--process %d: the index starts from 0, but --processes is %d", c.process, c.processes))
	}
	if most := c.shards * guildsPerShard; c.guilds > most {
		errs = append(errs, fmt.Errorf("--guilds %d: Discord allows %d guilds per shard, so --shards %d allows %d; increase --shards",
			c.guilds, guildsPerShard, c.shards, most))
	}
	if c.addr != nil {
		if err := checkPorts(c.port, len(c.here())); err != nil {
			errs = append(errs, fmt.Errorf("--addr %q: %w", *c.addr, err))
		}
	}
	return errors.Join(errs...)
}

// checkPorts says whether the ports of all processes exist.
func checkPorts(first, processes int) error {
	if first != 0 && first+processes-1 > math.MaxUint16 {
		return fmt.Errorf("--processes %d needs port %d, which does not exist", processes, first+processes-1)
	}
	return nil
}

// here are the processes that are run here.
func (c *config) here() []int {
	if c.process >= 0 {
		return []int{c.process}
	}
	all := make([]int, c.processes)
	for n := range all {
		all[n] = n
	}
	return all
}

// shardsOf returns the first shard of a process and the one after its last.
func (c *config) shardsOf(process int) (first, end int) {
	return process * c.shards / c.processes, (process + 1) * c.shards / c.processes
}

// random makes the numbers of one user of them from the seed.
func (c *config) random(user int) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(c.seed), uint64(user))) //nolint:gosec // negative numbers make as good a seed
}

func writeHelp(w io.Writer, flags *flag.FlagSet) {
	fmt.Fprint(w, `Runs a Discord bot against a fake Discord and serves its metrics. Needs no token and no internet access.

Usage: argus demo [flags]

Flags:
`)
	cli.WriteFlags(w, flags)
	fmt.Fprint(w, "\nScenarios, described in docs/SCENARIOS.md:\n")
	for _, sc := range scenarios() {
		fmt.Fprintf(w, "  %-16s %s\n", sc.name, sc.summary)
	}
	fmt.Fprint(w, `
All settings in docs/CONFIGURATION.md apply, such as ARGUS_PORT, ARGUS_NAMESPACE, ARGUS_METRICS_AUTH_TOKEN and
OTEL_METRICS_EXPORTER. Flags override variables.
`)
}
