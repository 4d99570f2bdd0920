package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/cli"
	"github.com/argus-dgo/argus/resource"
)

// A cluster is what would be one operating system process of the bot: some of
// its shards, and one Argus.
type cluster struct {
	process  int
	argus    *argus.Argus
	bot      *bot
	sessions []*discordgo.Session
}

// observe makes the sessions of every cluster and starts Argus on them. They are
// not open yet. What goes wrong here is a setting.
func (d *demo) observe() error {
	// Of what Argus says at its start only the warnings are of interest: the rest
	// is in the introduction.
	d.logLevel.Set(slog.LevelWarn)
	muteDiscordgo()
	if d.traces {
		if err := aim(signalTraces); err != nil {
			return err
		}
	}
	if d.analytics {
		if err := aim(signalLogs); err != nil {
			return err
		}
	}
	for _, process := range d.here() {
		c := &cluster{process: process, bot: newBot(&d.tally, d.random(process), &d.settings)}
		first, end := d.shardsOf(process)
		for shard := first; shard < end; shard++ {
			s, err := d.server.NewSession(shard, d.shards)
			if err != nil {
				return err
			}
			s.Identify.Intents = discordgo.IntentsAll // prefix commands need the messages' content
			s.ShouldReconnectOnError = true
			s.ShouldReconnectVoiceOnSessionError = false // voice outlives a connection to the gateway
			s.LogLevel = discordgo.LogWarning
			c.sessions = append(c.sessions, s)
		}
		opts, err := d.options(process)
		if err != nil {
			return settingError{err}
		}
		opts = append(opts,
			argus.WithSessions(c.sessions[1:]...),
			argus.WithCommands(c.bot.commandNames()...),
			argus.WithTasks(taskText),
			argus.WithLogger(d.logger),
		)
		if port, kept := d.config.ports[process]; kept {
			opts = append(opts, argus.WithPort(port))
		}
		if d.traces {
			opts = append(opts, argus.WithTracesExporter(argus.OTLP))
		}
		if d.analytics {
			opts = append(opts, analyticsOptions()...)
		}
		if _, said := os.LookupEnv("ARGUS_LOG_RECORDS"); !said {
			opts = append(opts, argus.WithLogRecords(true))
		}
		if c.argus, err = argus.Start(c.sessions[0], opts...); err != nil {
			return settingError{err}
		}
		d.clusters = append(d.clusters, c)
		c.bot.argus, c.bot.tracer = c.argus, c.argus.TracerProvider().Tracer("argus-demo")
		for _, s := range c.sessions {
			c.bot.listen(s)
		}
	}
	return nil
}

// muteDiscordgo keeps discordgo's lines off the screen: it would report every
// fault that the demo makes on purpose. They are counted all the same. Its Logger
// is one for all of a process, and read by every session.
var muteDiscordgo = sync.OnceFunc(func() { discordgo.Logger = func(int, int, string, ...any) {} })

// options are what the flags say of a process. Without flags there are none, so
// that the environment counts; the first process tells what it says.
func (d *demo) options(process int) (opts []argus.Option, err error) {
	if d.processes == 1 {
		if d.cluster != nil {
			opts = append(opts, argus.WithClusterID(*d.cluster))
		}
	} else {
		given := []resource.Option{resource.WithoutShards()}
		if d.cluster != nil {
			given = append(given, resource.WithClusterID(*d.cluster))
		}
		base, err := resource.Detect(given...)
		if err != nil {
			return nil, err
		}
		opts = append(opts, argus.WithClusterID(base.ClusterID+"-"+strconv.Itoa(process)))
	}
	if len(d.clusters) == 0 {
		if d.addr != nil {
			opts = append(opts, argus.WithAddr(*d.addr))
		}
		return opts, nil
	}
	first := d.clusters[0].argus.Config()
	port := first.Port
	if port != 0 {
		if err := checkPorts(port, len(d.here())); err != nil {
			return nil, fmt.Errorf("port %d (from %s): %w", port, first.Source("ARGUS_PORT"), err)
		}
		port += len(d.clusters)
	}
	return append(opts, argus.WithHost(first.Host), argus.WithPort(port)), nil
}

// open opens all sessions and waits until they have all their guilds. As Discord
// asks, of the shards whose ids are equal modulo max_concurrency one identifies
// at a time, in windows; all others at once.
func (d *demo) open(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	d.began = time.Now()
	sessions := d.sessions()
	d.screen.status(fmt.Sprintf("%s  opening %s", clock(0), cli.Count(len(sessions), "session")))
	gateway, err := sessions[0].GatewayBot(discordgo.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("getting the gateway of the fake Discord: %w", err)
	}
	atOnce := max(1, gateway.SessionStartLimit.MaxConcurrency)
	errs := make([]error, len(sessions))
	for first := 0; first < len(sessions); first += atOnce {
		if first > 0 {
			select {
			case <-time.After(identifyWindow):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		var wait sync.WaitGroup
		for n := first; n < min(first+atOnce, len(sessions)); n++ {
			wait.Go(func() { errs[n] = sessions[n].Open() })
		}
		wait.Wait()
	}
	for n, err := range errs {
		if err != nil {
			return fmt.Errorf("opening the session of shard %d: %w", sessions[n].ShardID, err)
		}
	}
	for _, s := range sessions {
		if err := d.waitGuilds(ctx, s.ShardID); err != nil {
			return err
		}
	}
	return nil
}

// waitGuilds waits for the guilds of a shard. Where its connection ends meanwhile,
// as when the machine is too busy for its heartbeats, discordgo opens the next one.
func (d *demo) waitGuilds(ctx context.Context, shard int) error {
	for {
		conn, err := d.server.WaitConn(ctx, shard)
		if err != nil {
			return err
		}
		if err := conn.WaitGuilds(ctx); !errors.Is(err, discordtest.ErrConnClosed) {
			return err
		}
	}
}

// sessions are those of all clusters that are run here, by shard.
func (d *demo) sessions() []*discordgo.Session {
	var all []*discordgo.Session
	for _, c := range d.clusters {
		all = append(all, c.sessions...)
	}
	return all
}

// poll is how often the fake's side is looked at, at the end.
const poll = 20 * time.Millisecond

// gather waits until all shards are back, if it does not take long. A session
// that is just reconnecting opens again behind Close's back, and goes on trying
// where the server is gone (discordgo v0.29.0, reconnect).
func (d *demo) gather(ctx context.Context) {
	const stuck = time.Second // longer than a handshake takes: this one waits for a HELLO
	ctx, cancel := context.WithTimeout(ctx, gatherTimeout)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for d.up() < len(d.sessions()) {
		for _, c := range d.server.Conns() {
			if !c.Ready() && time.Since(c.Started()) > stuck {
				_ = c.Drop()
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// close closes all sessions at a time, for each Close takes a second. One that
// was not back in time may open again, so the fake's side of the connections is
// looked at: it is over when there has been none for a while.
func (d *demo) close(ctx context.Context) {
	const quiet = 300 * time.Millisecond
	closeAll := func() {
		var wait sync.WaitGroup
		for _, s := range d.sessions() {
			wait.Go(func() { _ = s.Close() }) // it returns nil
		}
		wait.Wait()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		closeAll()
		tick := time.NewTicker(poll)
		defer tick.Stop()
		for since := time.Now(); time.Since(since) < quiet; {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			if d.up() > 0 {
				closeAll()
				since = time.Now()
			}
		}
	}()
	select {
	case <-done:
	case <-ctx.Done(): // a session whose lock is never let go: the process ends without it
	}
}

// up is how many shards have a connection that is ready.
func (d *demo) up() int {
	ready := map[int]bool{}
	for _, c := range d.server.Conns() {
		if c.Ready() {
			ready[c.Shard()] = true
		}
	}
	return len(ready)
}
