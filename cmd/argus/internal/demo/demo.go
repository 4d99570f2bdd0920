package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/cli"
)

// Summary is the command in one line.
const Summary = "run a bot against a fake Discord and serve its metrics, without a token or internet access"

const (
	membersPerGuild = 25
	// openTimeout is how long the sessions may take to be ready.
	openTimeout = time.Minute
	// gatherTimeout is how long the demo waits, at its end, for shards that are
	// just away: discordgo tries after 1, 2, 4 … s.
	gatherTimeout = 5 * time.Second
	// closeTimeout is how long the sessions may take to close; discordgo's Close
	// alone takes 1 s.
	closeTimeout = 6 * time.Second
	// shutdownTimeout is how long Argus may take then. A collector that is away
	// would have it wait for as long as it can.
	shutdownTimeout = 2 * time.Second
	// Discord lets max_concurrency shards identify every 5 s. This one does it
	// every 250 ms, so that nobody waits for the demo.
	identifyWindow = 250 * time.Millisecond
	maxConcurrency = 16
)

// settingError is something that the user has to change.
type settingError struct{ error }

func (e settingError) Unwrap() error { return e.error }

// Run runs the command with the arguments that follow its name, until ctx is
// done or the time that --duration says has passed. Lines of stdin, which may be nil,
// name other scenarios. It returns the exit code: 0, 2 for a flag or a variable that
// cannot be used, 1 for what went wrong otherwise.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c, err := parse(args, stdout)
	if errors.Is(err, errHelp) {
		return cli.ExitOK
	}
	if err == nil {
		err = runAll(ctx, c, stdin, stdout)
	} else {
		err = settingError{err}
	}
	var setting settingError
	switch {
	case errors.As(err, &setting):
		fmt.Fprintf(stderr, "argus demo: %v\nRun \"argus demo --help\" for usage.\n", err)
		return cli.ExitUsage
	case err != nil:
		fmt.Fprintf(stderr, "argus demo: %v\n", err)
		return cli.ExitFailed
	}
	return cli.ExitOK
}

// A demo is one run.
type demo struct {
	config
	settings settings
	screen   *screen
	logLevel slog.LevelVar
	logger   *slog.Logger
	server   *discordtest.Server
	traffic  *discordtest.Traffic
	scenery  *scenery
	clusters []*cluster
	tally    tally
	began    time.Time
	first    bool          // whether no run was before
	typed    <-chan string // lines from the terminal
	next     *[]*scenario  // the scenarios that were asked for; nil: none were
}

func newDemo(c config, out io.Writer) *demo {
	d := &demo{config: c, settings: c.settle(), screen: newScreen(out)}
	d.logger = slog.New(slog.NewTextHandler(d.screen, &slog.HandlerOptions{Level: &d.logLevel, ReplaceAttr: withoutTime}))
	return d
}

func (d *demo) run(ctx context.Context) (err error) {
	if err := d.fake(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.server.Close()) }()
	defer d.stop()
	if err := d.observe(); err != nil {
		return err
	}
	if d.first = d.ports == nil; d.first {
		d.introduce()
	} else {
		d.announce()
	}
	d.keepPorts()
	d.logLevel.Set(slog.LevelInfo)

	if err := d.open(ctx); err != nil {
		if ctx.Err() != nil { // it was asked to end before it had begun
			return nil
		}
		return err
	}
	return d.play(ctx)
}

// withoutTime leaves the time out of log lines: the status has it.
func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// fake makes the Discord of this run, and what will happen there.
func (d *demo) fake() (err error) {
	d.server, err = discordtest.NewServer(append([]discordtest.Option{
		discordtest.WithShards(d.shards),
		discordtest.WithGuilds(d.guilds),
		discordtest.WithMembers(membersPerGuild),
		discordtest.WithMaxConcurrency(maxConcurrency),
		discordtest.WithIdentifyWindow(identifyWindow),
		discordtest.WithHeartbeatInterval(d.settings.heartbeat),
		discordtest.WithStrictInteractions(),
		discordtest.WithRecordLimit(1000), // nobody looks at them
	}, d.settings.server...)...)
	if err != nil {
		return err
	}
	d.traffic, err = discordtest.NewTraffic(d.server, discordtest.TrafficConfig{
		Rate: d.rate, Seed: d.seed, Mix: shares(d.rate, d.shards),
		Commands: d.settings.commands, PrefixCommands: usedTexts(), Prefix: prefix,
		LateShare: d.settings.lateShare,
		Faults:    d.settings.faults, FirstFaults: d.pace.firstFaults, FaultEvery: d.pace.faultEvery,
	})
	if err != nil {
		return errors.Join(err, d.server.Close())
	}
	d.scenery = newScenery(d.server, &d.config)
	return nil
}

// interactionsPerShard is how many a second a session gets at most here. Some
// take seconds, so with many more of them the handlers at work would come to
// maxAtWork.
const interactionsPerShard = 8

const interactionEvent = "INTERACTION_CREATE"

// interactionRate is how many of the events a second are interactions.
func interactionRate(rate float64, shards int) float64 {
	m, total := shares(rate, shards), 0.0
	for _, share := range m {
		total += share
	}
	return rate * m[interactionEvent] / total
}

// shares are discordtest's, with fewer interactions where the rate is high.
func shares(rate float64, shards int) map[string]float64 {
	m := discordtest.DefaultMix()
	total := 0.0
	for _, share := range m {
		total += share
	}
	if most := float64(interactionsPerShard * shards); rate*m[interactionEvent]/total > most {
		// x of (total - old + x) shares are to be most of rate.
		others := total - m[interactionEvent]
		m[interactionEvent] = others * most / (rate - most)
	}
	return m
}

// play lets things happen until ctx is done.
func (d *demo) play(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		wait   sync.WaitGroup
		failed error
	)
	wait.Go(func() {
		defer cancel()
		failed = d.traffic.Run(ctx)
	})
	wait.Go(func() { d.scenery.run(ctx, d.pace.change) })
	wait.Go(func() { d.music(ctx) })
	if d.analytics && d.first {
		wait.Go(func() { d.fillDay(ctx) })
	}
	wait.Go(func() {
		if d.obey(ctx) {
			cancel()
		}
	})
	for n, sc := range d.scenarios {
		if sc.play != nil {
			wait.Go(func() { sc.play(ctx, d.stage(n)) })
		}
	}
	d.report(ctx)
	wait.Wait()
	d.gather(context.WithoutCancel(ctx))
	return failed
}

// stop ends everything but the server, in parallel where it can be. That the last
// values could not be pushed any more is said, and is no failure of the demo.
func (d *demo) stop() {
	d.screen.keep()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	for _, c := range d.clusters {
		c.bot.stop()
	}
	if !d.began.IsZero() { // else none was opened
		d.close(ctx)
	}
	for _, c := range d.clusters {
		c.bot.drain(ctx.Done())
	}
	ctx, cancel = context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	var wait sync.WaitGroup
	for _, c := range d.clusters {
		wait.Go(func() {
			if err := c.argus.Shutdown(ctx); err != nil {
				d.logger.Warn(err.Error())
			}
		})
	}
	wait.Wait()
	d.conclude()
}
