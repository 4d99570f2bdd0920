// Package bottest starts bots for the tests of the commands: real sessions and a
// real Argus, against a fake Discord.
package bottest

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
)

// ClearEnv takes out of the environment what the machine has set for a bot. It is
// for TestMain.
func ClearEnv() error {
	for _, setting := range os.Environ() {
		name, _, _ := strings.Cut(setting, "=")
		for _, prefix := range []string{"ARGUS_", "OTEL_", "CLUSTER_", "SHARD", "KUBERNETES_"} {
			if strings.HasPrefix(name, prefix) {
				if err := os.Unsetenv(name); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// A Bot is one process of a bot.
type Bot struct {
	*argus.Argus
	Sessions []*discordgo.Session
}

// Discord starts a fake Discord, which ends with the test.
func Discord(t testing.TB, opts ...discordtest.Option) *discordtest.Server {
	t.Helper()
	server, err := discordtest.NewServer(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// Start starts Argus at addr, on one session for each shard id, which is not open
// yet. It ends with the test.
func Start(t testing.TB, server *discordtest.Server, addr, cluster string, ids []int, count int, opts ...argus.Option) *Bot {
	t.Helper()
	b := &Bot{}
	for _, id := range ids {
		s, err := server.NewSession(id, count)
		if err != nil {
			t.Fatal(err)
		}
		b.Sessions = append(b.Sessions, s)
	}
	var err error
	t.Cleanup(func() { runtime.KeepAlive(b) }) // Argus does not keep a session that nobody else has
	b.Argus, err = argus.Start(b.Sessions[0], append([]argus.Option{
		argus.WithAddr(addr), argus.WithClusterID(cluster), argus.WithSessions(b.Sessions[1:]...),
		argus.WithLogger(slog.New(slog.DiscardHandler)),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = b.Shutdown(ctx) // a push that finds nobody is none of the test's
	})
	if b.Addr() == "" {
		t.Fatalf("%s cannot be bound", addr)
	}
	return b
}

// Dial has the sessions dial a gateway that refuses them: they are shards then, which
// are down.
func (b *Bot) Dial(t testing.TB, server *discordtest.Server) {
	t.Helper()
	server.Behave(discordtest.Behavior{RejectUpgrade: http.StatusServiceUnavailable})
	defer server.Behave(discordtest.Behavior{})
	for _, s := range b.Sessions {
		if err := s.Open(); err == nil {
			t.Fatalf("shard %d was let in", s.ShardID)
		}
	}
}

// Open opens the sessions and waits until the server sees them.
func (b *Bot) Open(t testing.TB, server *discordtest.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, s := range b.Sessions {
		if err := s.Open(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		if _, err := server.WaitConn(ctx, s.ShardID); err != nil {
			t.Fatal(err)
		}
	}
}
