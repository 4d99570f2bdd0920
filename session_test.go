package argus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
)

func newDiscord(t *testing.T, opts ...discordtest.Option) *discordtest.Server {
	t.Helper()
	srv, err := discordtest.NewServer(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Errorf("closing the fake Discord: %v", err)
		}
	})
	return srv
}

func sessionOf(t *testing.T, srv *discordtest.Server, shard, count int) *discordgo.Session {
	t.Helper()
	s, err := srv.NewSession(shard, count)
	if err != nil {
		t.Fatal(err)
	}
	keep(t, s)
	return s
}

// open opens sessions and closes them with the test, side by side: discordgo's Close sleeps for a second. So tests run in parallel,
// but for those that need a port that is free, or set what is the process'.
func open(t *testing.T, sessions ...*discordgo.Session) {
	t.Helper()
	t.Cleanup(func() {
		var all sync.WaitGroup
		for _, s := range sessions {
			all.Go(func() {
				if err := s.Close(); err != nil {
					t.Errorf("closing the session: %v", err)
				}
			})
		}
		all.Wait()
	})
	for _, s := range sessions {
		if err := s.Open(); err != nil {
			t.Fatalf("Open: %v", err)
		}
	}
}

// hasLine reports whether a line of the page begins so.
func hasLine(page, line string) bool { return strings.Contains("\n"+page, "\n"+line) }

// TestRealSessions drives two shards of a bot against a fake Discord, and then looks for every token that was in play in everything
// that came out.
func TestRealSessions(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	const metricsToken = "metrics-token-of-the-test"
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	srv := newDiscord(t, discordtest.WithShards(2), discordtest.WithGuilds(6))
	sessions := []*discordgo.Session{sessionOf(t, srv, 0, 2), sessionOf(t, srv, 1, 2)}
	log := new(journal)
	a, err := start(environ(nil, nil), sessions[0], []Option{
		WithSessions(sessions[1]), WithClusterID("real"), WithAddr("127.0.0.1:0"), WithAuthToken(metricsToken),
		WithCommands("ping"), log.option(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer shutDown(t, a)
	failure := errors.New("the handler fails")
	sessions[0].AddHandler(a.Interaction(func(_ context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
		err := s.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponsePong})
		if i.ApplicationCommandData().Name == "pong" {
			err = failure
		}
		return err
	}))
	open(t, sessions...)
	if _, err := srv.WaitConn(ctx, 1); err != nil {
		t.Fatal(err)
	}
	_, token, err := srv.SendInteraction(ctx, 0, discordtest.ApplicationCommand, time.Now(), "ping")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := srv.SendInteraction(ctx, 0, discordtest.ApplicationCommand, time.Now(), "pong"); err != nil {
		t.Fatal(err)
	}
	if err := a.Commands("roll"); err != nil {
		t.Fatal(err)
	}
	if err := a.Command(context.Background(), "roll", func(context.Context) error { return failure }); !errors.Is(err, failure) {
		t.Errorf("Command returns %v", err)
	}

	var page string
	eventually(t, "the signals are on the page", func() bool {
		_, page = get(t, a.URL(), metricsToken)
		for _, line := range []string{
			`discord_shard_up{cluster="real",shard="0"} 1`,
			`discord_shard_up{cluster="real",shard="1"} 1`,
			`discord_guilds{cluster="real"} 6`,
			`discord_interactions_total{cluster="real",status="received",type="application_command"} 2`,
			`discord_app_commands_total{cluster="real",command="ping",status="success"} 1`,
			`discord_app_commands_total{cluster="real",command="other",status="error"} 1`,
			`discord_commands_total{cluster="real",command="roll",status="error"} 1`,
		} {
			if !hasLine(page, line) {
				return false
			}
		}
		return true
	})
	if up, all := a.ShardsUp(); up != 2 || all != 2 {
		t.Errorf("ShardsUp: %d of %d", up, all)
	}
	if status, body := get(t, "http://"+a.Addr()+"/readyz", ""); status != 200 || !strings.Contains(body, `"shards_up":2`) {
		t.Errorf("/readyz answers %d %s", status, body)
	}

	// One that is detached leaves, one that is attached late comes.
	late := sessionOf(t, srv, 1, 2)
	detach, err := a.Attach(late, late)
	if err != nil {
		t.Fatal(err)
	}
	detach()
	detach()
	if _, err := a.Attach(late, nil); !errors.Is(err, instrument.ErrNilSession) {
		t.Errorf("Attach(nil): %v", err)
	}

	for what, text := range map[string]string{
		"page": page, "log": log.String(), "Config": fmt.Sprintf("%+v %s", a.Config(), a.Config()), "error": fmt.Sprint(err),
	} {
		for _, secret := range []string{srv.Token(), strings.TrimPrefix(srv.Token(), "Bot "), token, metricsToken} {
			if strings.Contains(text, secret) {
				t.Errorf("the %s shows a token: %s", what, text)
			}
		}
	}
}

// TestRestores: after Shutdown, and after a start that failed, a session is as it was.
func TestRestores(t *testing.T) {
	srv := newDiscord(t)
	s := sessionOf(t, srv, 0, 1)
	transport, dialer := s.Client.Transport, s.Dialer
	restored := func(when string) {
		t.Helper()
		if s.Client.Transport != transport || s.Dialer != dialer {
			t.Errorf("%s the session is not as it was", when)
		}
	}
	a, err := start(environ(nil, nil), s, []Option{WithAddr("127.0.0.1:0"), new(journal).option()})
	if err != nil {
		t.Fatal(err)
	}
	if s.Client.Transport == transport || s.Dialer == dialer {
		t.Error("nothing was wrapped, so this test cannot tell")
	}
	shutDown(t, a)
	restored("after Shutdown")
	if _, err := a.Attach(s); !errors.Is(err, instrument.ErrClosed) {
		t.Errorf("Attach after Shutdown: %v", err)
	}

	// Start itself refuses a nil session before anything is made. Past that check it shows how a late failure is undone.
	b := &Argus{config: a.Config(), log: a.log, shutdownDone: make(chan struct{})}
	o := collect([]Option{new(journal).option()})
	c, err := resolve(environ(map[string]string{"ARGUS_HOST": "127.0.0.1"}, nil), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.assemble(c, o, []*discordgo.Session{s, nil}); !errors.Is(err, instrument.ErrNilSession) {
		t.Errorf("assemble with a nil session: %v", err)
	}
	restored("after a start that failed")
	if b.Addr() != "" {
		t.Errorf("the start that failed listens on %s", b.Addr())
	}
}

// TestSessionOfTwo: two instances observe one session, each on its own.
func TestSessionOfTwo(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	srv := newDiscord(t, discordtest.WithGuilds(2))
	s := sessionOf(t, srv, 0, 1)
	var both []*Argus
	for range 2 {
		a, err := start(environ(nil, nil), s, []Option{WithAddr("127.0.0.1:0"), new(journal).option(), WithSessions(s)})
		if err != nil {
			t.Fatal(err)
		}
		defer shutDown(t, a)
		both = append(both, a)
	}
	open(t, s)
	for _, a := range both {
		eventually(t, "the guilds are there", func() bool {
			page := scrape(t, a.Handler())
			return hasLine(page, `discord_guilds{cluster="default"} 2`) &&
				hasLine(page, `discord_shards_connected{cluster="default"} 1`) &&
				hasLine(page, `discord_gateway_events_total{cluster="default",event="READY"} 1`)
		})
	}
	shutDown(t, both[0])
	if page := scrape(t, both[1].Handler()); !hasLine(page, `discord_guilds{cluster="default"} 2`) {
		t.Errorf("the second stopped with the first:\n%s", page)
	}
}

// TestHandlersEndWithShutdown: the context of a wrapped handler ends when Shutdown
// begins, so that a handler that is at work can stop.
func TestHandlersEndWithShutdown(t *testing.T) {
	t.Parallel()
	for name, variables := range map[string]map[string]string{"on": nil, "off": {"OTEL_SDK_DISABLED": "true"}} {
		s, err := discordgo.New("Bot not-a-secret")
		if err != nil {
			t.Fatal(err)
		}
		a, err := start(environ(variables, nil), s, []Option{WithAddr("127.0.0.1:0"), new(journal).option()})
		if err != nil {
			t.Fatal(err)
		}
		entered, ended := make(chan struct{}), make(chan error, 1)
		h := a.Interaction(func(ctx context.Context, _ *discordgo.Session, _ *discordgo.InteractionCreate) error {
			close(entered)
			<-ctx.Done()
			ended <- ctx.Err()
			return nil
		})
		go h(nil, &discordgo.InteractionCreate{Interaction: &discordgo.Interaction{ID: "1", Type: discordgo.InteractionPing}})
		<-entered
		shutDown(t, a)
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("%s: the context ended with %v", name, err)
		}
		want := errors.New("of the command")
		run := func(ctx context.Context) error { return errors.Join(ctx.Err(), want) }
		if err := a.AppCommand(t.Context(), nil, run); !errors.Is(err, want) || errors.Is(err, context.Canceled) {
			t.Errorf("%s: AppCommand after Shutdown returns %v", name, err)
		}
	}
}
