package main

import (
	"context"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/analytics/clickhouselog"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/examples/internal/pingbot"
)

// TestWithoutClickHouse: a bot answers while ClickHouse is away, and its page says so.
func TestWithoutClickHouse(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	discord, err := discordtest.NewServer(discordtest.WithGuilds(1))
	if err != nil {
		t.Fatal(err)
	}
	defer discord.Close()
	session, err := discord.NewSession(0, 1)
	if err != nil {
		t.Fatal(err)
	}
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := nobody.Close(); err != nil {
		t.Fatal(err)
	}
	reports := make(chan error, 100)
	events, err := clickhouselog.New(ctx, clickhouselog.WithURL("http://"+nobody.Addr().String()+"/argus"), clickhouselog.WithInterval(10*time.Millisecond),
		clickhouselog.WithErrorHandler(otel.ErrorHandlerFunc(func(err error) { reports <- err })))
	if err != nil {
		t.Fatal(err)
	}
	a, err := argus.Start(session, argus.WithoutServer(), argus.WithEventExporter(events))
	if err != nil {
		t.Fatal(err)
	}
	session.AddHandler(a.Interaction(pingbot.Slash))
	if err := session.Open(); err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if _, err := discord.WaitConn(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if _, _, err := discord.SendInteraction(ctx, 0, discordtest.ApplicationCommand, time.Now(), pingbot.Command); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-reports:
		if want := "connection refused: nothing listens there; the bot keeps running and the batch is retried"; !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	case <-ctx.Done():
		t.Fatal("no event is written")
	}
	page := httptest.NewRecorder()
	a.Handler().ServeHTTP(page, httptest.NewRequestWithContext(ctx, "GET", "/metrics", nil))
	if want := `subsystem="clickhouse"} 0`; !strings.Contains(page.Body.String(), want) {
		t.Errorf("no %s in the page", want)
	}
	over, end := context.WithCancel(ctx)
	end()
	if err := a.Shutdown(over); err == nil || !strings.Contains(err.Error(), "lost") {
		t.Errorf("Shutdown: %v", err)
	}
}
