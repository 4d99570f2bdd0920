package e2e

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
)

// environment is held while Argus reads it: bots of tests that run side by side have different ones.
var environment sync.Mutex

// withEnv runs f with these variables set, and with none of Argus' or OpenTelemetry's besides.
func withEnv(t testing.TB, env map[string]string, f func()) {
	t.Helper()
	environment.Lock()
	defer environment.Unlock()
	var former []string
	for _, kv := range os.Environ() {
		if strings.HasPrefix(kv, "OTEL_") || strings.HasPrefix(kv, "ARGUS_") || strings.HasPrefix(kv, "CLUSTER_ID=") {
			former = append(former, kv)
			k, _, _ := strings.Cut(kv, "=")
			_ = os.Unsetenv(k)
		}
	}
	for k, v := range env {
		if err := os.Setenv(k, v); err != nil { //nolint:usetesting // t.Setenv forbids tests side by side
			t.Fatal(err)
		}
	}
	defer func() {
		for k := range env {
			_ = os.Unsetenv(k)
		}
		for _, kv := range former {
			k, v, _ := strings.Cut(kv, "=")
			_ = os.Setenv(k, v) //nolint:usetesting // see above
		}
	}()
	f()
}

// pushTo is the environment of a bot that pushes each second, in plain text.
func pushTo(addr string, more ...string) map[string]string {
	env := map[string]string{
		"OTEL_METRICS_EXPORTER":       "otlp",
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + addr,
		"OTEL_METRIC_EXPORT_INTERVAL": "1000",
		"OTEL_EXPORTER_OTLP_TIMEOUT":  "5000",
	}
	for i := 0; i+1 < len(more); i += 2 {
		env[more[i]] = more[i+1]
	}
	return env
}

// A bot is real sessions against a fake Discord, observed by Argus.
type bot struct {
	t        testing.TB
	srv      *discordtest.Server
	argus    *argus.Argus
	sessions []*discordgo.Session
	log      *journal

	sent   int                  // interactions
	mu     sync.Mutex           //
	begun  map[string]time.Time // by interaction
	delays []time.Duration      // from dispatch to handler
	notify map[string]chan<- struct{}
}

// commands are what the bot knows.
var commands = []string{"ping", "help", "stats", "play", "config set"}

var errCommand = errors.New("this command fails")

// startBot starts a bot with these shards, two guilds each, and opens its sessions.
func startBot(t testing.TB, cluster string, shards int, env map[string]string, opts ...argus.Option) *bot {
	t.Helper()
	srv, err := discordtest.NewServer(discordtest.WithShards(shards), discordtest.WithGuilds(2*shards), discordtest.WithMembers(5),
		discordtest.WithHeartbeatInterval(time.Second), discordtest.WithReplayLimit(1<<16))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	b := &bot{t: t, srv: srv, log: new(journal), begun: map[string]time.Time{}, notify: map[string]chan<- struct{}{}}
	for id := range shards {
		s, err := srv.NewSession(id, shards)
		if err != nil {
			t.Fatal(err)
		}
		s.Identify.Intents = discordgo.IntentsAll
		b.sessions = append(b.sessions, s)
	}
	all := append([]argus.Option{
		argus.WithClusterID(cluster), argus.WithSessions(b.sessions[1:]...), argus.WithCommands(commands...),
		argus.WithLogger(slog.New(slog.NewTextHandler(b.log, nil))),
	}, opts...)
	withEnv(t, env, func() {
		if b.argus, err = argus.Start(b.sessions[0], all...); err != nil {
			t.Fatal(err)
		}
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = b.argus.Shutdown(ctx)
		if t.Failed() {
			t.Logf("the bot's log:\n%s", tail(b.log.String(), 30))
		}
	})
	for _, s := range b.sessions {
		s.AddHandler(func(_ *discordgo.Session, i *discordgo.InteractionCreate) { b.handled(i.ID) })
		s.AddHandler(b.argus.Interaction(b.onInteraction))
	}
	for id, s := range b.sessions {
		if err := s.Open(); err != nil {
			t.Fatal(err)
		}
		conn, err := srv.WaitConn(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.WaitGuilds(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(b.closeSessions)
	return b
}

// Commands with a behaviour of their own. A bot knows them if it is told so.
const (
	silence = "silence" // not answered
	slow    = "slow"    // answered after more than a second, in time
)

func (b *bot) onInteraction(_ context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
	name := ""
	if i.Type == discordgo.InteractionApplicationCommand {
		name = i.ApplicationCommandData().Name
	}
	switch name {
	case silence:
		return nil
	case slow:
		pass(b.t, 1100*time.Millisecond)
	}
	err := s.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{
		Type: discordgo.InteractionResponseChannelMessageWithSource,
		Data: &discordgo.InteractionResponseData{Content: "done"},
	})
	if name == "stats" {
		err = errCommand
	}
	return err
}

// interact sends interactions and waits until the bot has seen each.
func (b *bot) interact(n int) {
	b.t.Helper()
	b.command("ping", n)
}

// command is interact with a command.
func (b *bot) command(name string, n int) {
	b.t.Helper()
	for range n {
		done := make(chan struct{}, 1)
		id, token := b.srv.NewID(time.Now()), "interaction-token-of-"+strings.ReplaceAll(name, " ", "-")
		b.mu.Lock()
		b.begun[id], b.notify[id] = time.Now(), done
		b.mu.Unlock()
		if _, _, err := b.srv.SendInteraction(b.t.Context(), b.sent%len(b.sessions), discordtest.ApplicationCommand, time.Now(), name,
			discordtest.WithID(id, token)); err != nil {
			b.t.Fatal(err)
		}
		b.sent++
		select {
		case <-done:
		case <-time.After(30 * time.Second):
			b.t.Fatal("the bot does not see an interaction")
		}
	}
}

// enough dispatches say how long they take.
const enough = 50

// keepBusy sends interactions at a steady rate for a time, and longer where the machine takes fewer than enough meanwhile.
func (b *bot) keepBusy(d time.Duration) {
	b.t.Helper()
	b.keepPace(d, 10*time.Millisecond)
}

// keepPace is keepBusy with the time from one interaction to the next.
func (b *bot) keepPace(d, pace time.Duration) {
	b.t.Helper()
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	least := b.sent + enough
	for end := time.Now().Add(d); time.Now().Before(end) || b.sent < least; {
		b.interact(1)
		select {
		case <-ticker.C:
		case <-b.t.Context().Done():
			b.t.Fatal(b.t.Context().Err())
		}
	}
}

func (b *bot) handled(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if begun, ok := b.begun[id]; ok {
		b.delays = append(b.delays, time.Since(begun))
		delete(b.begun, id)
		b.notify[id] <- struct{}{}
		delete(b.notify, id)
	}
}

// A latency is how long dispatches took to reach a handler.
type latency struct {
	n                  int
	median, p99, worst time.Duration
}

func (l latency) String() string {
	return fmt.Sprintf("%d dispatches, median %v, 99th percentile %v, worst %v", l.n, l.median, l.p99, l.worst)
}

// latencies takes what was measured since the last call.
func (b *bot) latencies() latency {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := b.delays
	b.delays = nil
	if len(d) == 0 {
		return latency{}
	}
	slices.Sort(d)
	return latency{n: len(d), median: d[len(d)/2], p99: d[len(d)*99/100], worst: d[len(d)-1]}
}

// closeSessions closes all at one time: each takes a second.
func (b *bot) closeSessions() {
	var wait sync.WaitGroup
	for _, s := range b.sessions {
		wait.Go(func() { _ = s.Close() })
	}
	wait.Wait()
	b.sessions = nil
}

// shutdown ends Argus, and says how long that took.
func (b *bot) shutdown() time.Duration {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	begin := time.Now()
	if err := b.argus.Shutdown(ctx); err != nil {
		b.t.Errorf("Shutdown: %v", err)
	}
	return time.Since(begin)
}

// lines are those of the bot's log with that text.
func (b *bot) lines(text string) []string {
	var found []string
	for line := range strings.Lines(b.log.String()) {
		if strings.Contains(line, text) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// page is what the bot's own metrics page shows.
func (b *bot) page() string {
	b.t.Helper()
	status, body, err := get(b.t.Context(), b.argus.URL(), nil)
	if err != nil || status != 200 {
		b.t.Fatalf("the bot's page: %d %v", status, err)
	}
	return body
}

// A journal is a log in memory.
type journal struct {
	mu sync.Mutex
	b  strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// with is a copy of a map with more in it.
func with(env map[string]string, more map[string]string) map[string]string {
	env = maps.Clone(env)
	maps.Copy(env, more)
	return env
}
