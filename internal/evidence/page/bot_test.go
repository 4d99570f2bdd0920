package page_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/evidence/page"
)

// TestPageOfABot reads what a process serves, under a namespace of its choice, in both formats.
func TestPageOfABot(t *testing.T) {
	discord, err := discordtest.NewServer(discordtest.WithGuilds(3))
	if err != nil {
		t.Fatal(err)
	}
	defer discord.Close()
	session, err := discord.NewSession(0, 1)
	if err != nil {
		t.Fatal(err)
	}
	a, err := argus.Start(session, argus.WithoutServer(), argus.WithClusterID("7"), argus.WithBot("music"), argus.WithNamespace("fun"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	handled := make(chan struct{}, 1)
	session.AddHandler(func(*discordgo.Session, *discordgo.InteractionCreate) { handled <- struct{}{} })
	if err := session.Open(); err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if _, _, err := discord.SendInteraction(t.Context(), 0, discordtest.ApplicationCommand, time.Now(), "ping"); err != nil {
		t.Fatal(err)
	}
	<-handled

	for accept, contentType := range map[string]string{
		"text/plain": "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
		"application/openmetrics-text; version=1.0.0": "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
	} {
		request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		request.Header.Set("Accept", accept)
		response := httptest.NewRecorder()
		a.Handler().ServeHTTP(response, request)
		if got := response.Header().Get("Content-Type"); got != contentType {
			t.Errorf("the format is %q, want %q", got, contentType)
		}
		p, err := page.New(response.Body.Bytes(), page.Config{Made: time.Now(), ContentType: response.Header().Get("Content-Type")})
		if err != nil {
			t.Fatal(err)
		}
		command := []evidence.Match{evidence.Is("type", "application_command")}
		answers, err := p.Ask(t.Context(), p.Made(),
			evidence.Question{Form: evidence.Last, Of: catalog.ShardUp, By: []string{"shard"}},
			evidence.Question{Form: evidence.Increase, Of: catalog.Interactions, Over: time.Hour, Where: command},
			evidence.Question{Form: evidence.Increase, Of: catalog.ReceiptAge, Over: time.Hour, Where: command},
			evidence.Question{Form: evidence.Quantile, Of: catalog.ReceiptAge, Over: time.Hour, At: 1, Where: command},
			evidence.Question{Form: evidence.Age, Of: catalog.LastEvent},
			evidence.Question{Form: evidence.Increase, Of: catalog.Interactions, Over: time.Nanosecond, Where: command})
		if err != nil {
			t.Fatal(err)
		}
		for i, most := range []float64{1, 1, 1, 10, 60} { // the first three are 1
			if len(answers[i]) != 1 {
				t.Fatalf("%s: question %d has the answers %v", accept, i, answers[i])
			}
			v := answers[i][0]
			if v.Labels["cluster"] != "7" || v.Labels["bot"] != "music" || v.Number > most || i < 3 && v.Number != most || v.Number < -1 {
				t.Errorf("%s: question %d has the answer %v, want at most %v", accept, i, v, most)
			}
		}
		if shard := answers[0][0].Labels["shard"]; shard != "0" {
			t.Errorf("the shard is %q", shard)
		}
		if len(answers[5]) != 0 {
			t.Errorf("over a nanosecond: %v", answers[5])
		}
	}
}
