package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/zekrotja/ken"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
)

// broken is a command that fails.
type broken struct{ ping }

func (broken) Name() string { return "broken" }
func (broken) Run(c ken.Context) error {
	return errors.Join(c.RespondMessage("Oh."), errors.New("it is broken"))
}

// TestCommands: what ken calls is on the page by name and outcome, and answered.
func TestCommands(t *testing.T) {
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
	a, err := argus.Start(session, argus.WithoutServer())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Shutdown(context.Background()) }()
	if err := register(session, a, ping{}, broken{}); err != nil {
		t.Fatal(err)
	}
	if err := session.Open(); err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if _, err := discord.WaitConn(ctx, 0); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ping", "broken"} {
		if _, _, err := discord.SendInteraction(ctx, 0, discordtest.ApplicationCommand, time.Now(), name); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{
		`discord_app_commands_total{cluster="default",command="ping",status="success"} 1`,
		`discord_app_commands_total{cluster="default",command="broken",status="error"} 1`,
		`discord_interaction_acks_total{cluster="default",outcome="in_time",type="application_command"} 2`,
	} {
		for page := ""; !strings.Contains(page, want+"\n"); page = scrape(a) {
			if ctx.Err() != nil {
				t.Fatalf("%s is not on the page:\n%s", want, page)
			}
		}
	}
}

func scrape(a *argus.Argus) string {
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	page, _ := io.ReadAll(w.Body)
	return string(page)
}
