package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus"
	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/api"
	"github.com/argus-dgo/argus/internal/evidence/promapi"
	"github.com/argus-dgo/argus/internal/findings"
)

// An incident is something that goes wrong in one bot, which the demo has no scenario for.
type incident struct {
	name   string
	server []discordtest.Option
	// before changes the bot before it connects, begin makes things go wrong.
	before func(v *victim)
	begin  func(ctx context.Context, v *victim)
	// first is the finding that has to be said first, and blame whose doing it has to be. Both are empty where all is well.
	first string
	blame findings.Blame
	// says is a part of what the first finding has to say.
	says string
	// also are the other findings that are true.
	also []string
}

// A victim is the bot that an incident happens to.
type victim struct {
	t        *testing.T
	discord  *discordtest.Server
	argus    *argus.Argus
	sessions []*discordgo.Session
	traffic  discordtest.TrafficConfig
	broken   atomic.Bool // the incident has begun
	// handle is what the bot does for an interaction before it answers, and whether it answers.
	handle func(ctx context.Context, v *victim, i *discordgo.InteractionCreate) (answer bool, err error)
}

const callbackPath = "/interactions/{id}/{token}/callback"

func commandOf(i *discordgo.InteractionCreate) string {
	if i.Type == discordgo.InteractionApplicationCommand {
		return i.ApplicationCommandData().Name
	}
	return ""
}

func (v *victim) interaction(ctx context.Context, s *discordgo.Session, i *discordgo.InteractionCreate) error {
	var failure error
	if v.broken.Load() && v.handle != nil {
		answer, err := v.handle(ctx, v, i)
		if !answer {
			return err
		}
		failure = err
	}
	kind := discordgo.InteractionResponseChannelMessageWithSource
	if i.Type == discordgo.InteractionApplicationCommandAutocomplete {
		kind = discordgo.InteractionApplicationCommandAutocompleteResult
	}
	err := s.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: kind, Data: &discordgo.InteractionResponseData{Content: "ok"}}, v.argus.RequestOption(ctx))
	return errors.Join(failure, err)
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// every calls f until ctx is done.
func every(ctx context.Context, d time.Duration, f func()) {
	for ctx.Err() == nil {
		f()
		sleep(ctx, d)
	}
}

func incidents() []incident {
	return []incident{
		{name: "nothing"},
		{
			name: "one-command-fails", first: "DiscordCommandFails", blame: findings.Handler, says: "stats",
			before: func(v *victim) {
				v.handle = func(_ context.Context, _ *victim, i *discordgo.InteractionCreate) (bool, error) {
					if commandOf(i) == "stats" {
						return true, errors.New("no database")
					}
					return true, nil
				}
			},
		},
		{
			name: "nothing-is-answered", first: "DiscordAckBudgetBurnsFast", blame: findings.Handler,
			before: func(v *victim) {
				v.handle = func(ctx context.Context, _ *victim, _ *discordgo.InteractionCreate) (bool, error) {
					<-ctx.Done()
					return false, nil
				}
			},
		},
		{
			name: "one-command-is-slow", first: "DiscordAckBudgetBurnsSlowly", blame: findings.Handler, says: "play",
			before: func(v *victim) {
				v.handle = func(ctx context.Context, _ *victim, i *discordgo.InteractionCreate) (bool, error) {
					if commandOf(i) == "play" {
						sleep(ctx, 4*time.Second)
					}
					return true, nil
				}
			},
		},
		{
			name: "a-button-has-no-handler", first: "DiscordAckBudgetBurnsFast", blame: findings.Handler,
			before: func(v *victim) {
				v.handle = func(_ context.Context, _ *victim, i *discordgo.InteractionCreate) (bool, error) {
					return i.Type != discordgo.InteractionMessageComponent, nil
				}
			},
		},
		{
			name: "discord-fails-callbacks", first: "DiscordAckBudgetBurnsFast", blame: findings.Discord,
			begin: func(_ context.Context, v *victim) { v.discord.Fail(http.MethodPost, callbackPath, 503, 1<<30) },
		},
		{
			name: "callbacks-are-slow", first: "DiscordAckBudgetBurnsFast", blame: findings.Network,
			begin: func(_ context.Context, v *victim) {
				v.discord.Delay(http.MethodPost, callbackPath, 3500*time.Millisecond)
			},
		},
		{
			name: "callbacks-hang", first: "DiscordAckBudgetBurnsFast", blame: findings.Network,
			begin: func(_ context.Context, v *victim) { v.discord.Delay(http.MethodPost, callbackPath, time.Hour) },
		},
		{
			name: "answers-are-invalid", first: "DiscordAckBudgetBurnsFast", blame: findings.Handler,
			begin: func(_ context.Context, v *victim) {
				v.discord.Handle(http.MethodPost, callbackPath, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					w.WriteHeader(http.StatusBadRequest)
					_, _ = io.WriteString(w, `{"code":50035,"message":"Invalid Form Body"}`)
				})
			},
		},
		{
			name: "a-route-is-full", first: "DiscordAckBudgetBurnsFast", blame: findings.Limiter, says: "/channels/{id}/messages",
			before: func(v *victim) {
				v.handle = func(ctx context.Context, v *victim, i *discordgo.InteractionCreate) (bool, error) {
					_, err := v.sessions[0].ChannelMessageSend(i.ChannelID, "working", v.argus.RequestOption(ctx))
					return true, err
				}
			},
			begin: func(_ context.Context, v *victim) {
				v.discord.RateLimit(discordtest.RateLimit{Method: http.MethodPost, Pattern: "/channels/{id}/messages", RetryAfter: 4 * time.Second, Times: -1})
			},
		},
		{
			name: "cloudflare-bans", first: "DiscordAckBudgetBurnsFast", blame: findings.Handler,
			begin: func(_ context.Context, v *victim) {
				v.discord.Handle("", "/{rest...}", func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "text/html")
					w.WriteHeader(http.StatusTooManyRequests)
					_, _ = io.WriteString(w, "<html>error code: 1015</html>")
				})
			},
		},
		{
			name: "token-was-reset", first: "DiscordFatalClose", blame: findings.Operation, says: "4004",
			begin: func(_ context.Context, v *victim) {
				v.discord.Behave(discordtest.Behavior{CloseOnIdentify: 4004})
				v.discord.Fail("", "/gateway", 401, 1<<30)
				for _, c := range v.discord.Conns() {
					_ = c.CloseCode(4004, "Authentication failed.")
				}
			},
		},
		{
			name: "discord-is-gone", first: "DiscordGatewayRefused", blame: findings.Network,
			begin: func(_ context.Context, v *victim) { _ = v.discord.Close() },
		},
		{
			name: "no-hello", first: "DiscordSessionLockStuck", blame: findings.Library,
			begin: func(_ context.Context, v *victim) {
				v.discord.Behave(discordtest.Behavior{NoHello: true})
				for _, c := range v.discord.Conns() {
					_ = c.Drop()
				}
			},
		},
		{
			name: "no-ready", first: "DiscordShardDown", blame: findings.Discord,
			begin: func(_ context.Context, v *victim) {
				v.discord.Behave(discordtest.Behavior{NoReady: true})
				for _, c := range v.discord.Conns() {
					_ = c.Drop()
				}
			},
		},
		{
			name: "reconnect-requests", first: "DiscordShardFlapping", blame: findings.Discord,
			begin: func(ctx context.Context, v *victim) {
				every(ctx, 8*time.Second, func() {
					for _, c := range v.discord.Conns() {
						_ = c.Reconnect()
					}
				})
			},
		},
		{
			name: "invalid-sessions", first: "DiscordShardFlapping", blame: findings.Discord,
			begin: func(ctx context.Context, v *victim) {
				every(ctx, 8*time.Second, func() {
					for _, c := range v.discord.Conns() {
						_ = c.InvalidSession(false)
					}
				})
			},
		},
		{
			name: "half-the-guilds-are-gone", first: "DiscordGuildOutage", blame: findings.Discord, server: []discordtest.Option{discordtest.WithGuilds(40)},
			begin: func(_ context.Context, v *victim) {
				for _, id := range v.discord.Guilds()[:20] {
					_ = v.discord.GuildOutage(id)
				}
			},
		},
		{
			name: "presence-updates", first: "DiscordSendsNearLimit", blame: findings.Handler,
			begin: func(ctx context.Context, v *victim) {
				every(ctx, 500*time.Millisecond, func() { _ = v.sessions[0].UpdateGameStatus(0, fmt.Sprint(time.Now())) })
			},
		},
		{name: "clock-ahead", first: "DiscordClockSkewed", blame: findings.Host, server: []discordtest.Option{discordtest.WithClockOffset(-6 * time.Second)}, also: []string{"DiscordAckBudgetBurnsFast"}},
		{name: "clock-behind", first: "DiscordClockSkewed", blame: findings.Host, server: []discordtest.Option{discordtest.WithClockOffset(6 * time.Second)}},
		{
			name: "half-arrives-late", first: "DiscordAckBudgetBurnsFast", blame: findings.Network,
			before: func(v *victim) { v.traffic.LateShare = 0.5 },
		},
		{
			name: "handlers-block-the-reader", first: "DiscordAckBudgetBurnsFast", blame: findings.Handler,
			before: func(v *victim) {
				for _, s := range v.sessions {
					s.SyncEvents = true
					s.AddHandler(func(*discordgo.Session, *discordgo.MessageCreate) {
						if v.broken.Load() {
							sleep(v.t.Context(), time.Second)
						}
					})
				}
			},
		},
		{
			name: "latency-is-high",
			begin: func(_ context.Context, v *victim) {
				for _, c := range v.discord.Conns() {
					c.Behave(discordtest.Behavior{AckDelay: 1500 * time.Millisecond})
				}
			},
		},
		{
			name: "acks-are-lost", first: "DiscordShardZombie", blame: findings.Network, also: []string{"DiscordShardFlapping", "DiscordShardDown"},
			server: []discordtest.Option{discordtest.WithHeartbeatInterval(15 * time.Second)},
			begin: func(_ context.Context, v *victim) {
				v.discord.Behave(discordtest.Behavior{SwallowAcks: true})
				for _, c := range v.discord.Conns() {
					c.Behave(discordtest.Behavior{SwallowAcks: true})
				}
			},
		},
		{
			name: "one-reconnect",
			begin: func(_ context.Context, v *victim) {
				for _, c := range v.discord.Conns() {
					_ = c.Drop()
				}
			},
		},
		{
			name: "answered-by-another", first: "DiscordCommandFails", blame: findings.Operation,
			server: []discordtest.Option{discordtest.WithStrictInteractions()},
			before: func(v *victim) {
				v.handle = func(ctx context.Context, v *victim, i *discordgo.InteractionCreate) (bool, error) {
					body := strings.NewReader(`{"type":5}`)
					r, _ := http.NewRequestWithContext(ctx, http.MethodPost, v.discord.URL()+"/api/v9/interactions/"+i.ID+"/"+i.Token+"/callback", body)
					r.Header.Set("Content-Type", "application/json")
					if resp, err := http.DefaultClient.Do(r); err == nil {
						_ = resp.Body.Close()
					}
					return true, nil
				}
			},
		},
	}
}

// TestIncidents: argus explain says first what is wrong, and whose doing it is, by the process alone and by a Prometheus.
func TestIncidents(t *testing.T) {
	t.Parallel()
	const calm, onset = 15 * time.Second, 60 * time.Second
	all := incidents()
	var victims []*victim
	config := "global:\n  scrape_interval: 5s\nscrape_configs:\n"
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	for _, in := range all {
		v := newVictim(t, in)
		victims = append(victims, v)
		config += scrapeConfig(in.name, v.argus.Addr())
	}
	prom := startPrometheus(t, "prometheus-incidents", config)
	for _, v := range victims {
		traffic, err := discordtest.NewTraffic(v.discord, v.traffic)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range v.sessions {
			if err := s.Open(); err != nil {
				t.Fatal(err)
			}
		}
		go func() { _ = traffic.Run(ctx) }()
	}
	pass(t, calm)
	for i, v := range victims {
		v.broken.Store(true)
		if all[i].begin != nil {
			go all[i].begin(ctx, v)
		}
	}
	pass(t, onset)
	for i, v := range victims {
		t.Run(all[i].name, func(t *testing.T) {
			process, err := v.status(ctx)
			if err != nil {
				t.Fatal(err)
			}
			server, err := promapi.New(promapi.Config{URL: "http://" + prom.addr, Job: all[i].name})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			fleet, err := findings.Examine(ctx, server, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			all[i].judge(t, "the process", process)
			all[i].judge(t, "Prometheus", fleet)
		})
	}
}

func (in incident) judge(t *testing.T, source string, r findings.Report) {
	t.Helper()
	var text strings.Builder
	if err := r.Text(&text, findings.TextOptions{All: true}); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s says:\n%s", source, text.String())
	if in.first == "" {
		if len(r.Findings) > 0 {
			t.Errorf("%s has findings", source)
		}
		return
	}
	if len(r.Findings) == 0 {
		t.Errorf("%s finds nothing", source)
		return
	}
	first := r.Findings[0]
	if first.ID != in.first || first.Blame != in.blame {
		t.Errorf("%s says first %s by %s, want %s by %s", source, first.ID, first.Blame, in.first, in.blame)
	}
	if !strings.Contains(first.Sentence+first.Detail+first.Cause, in.says) {
		t.Errorf("%s does not name %s", source, in.says)
	}
	for _, f := range r.Findings[1:] {
		if f.ID != in.first && !slices.Contains(in.also, f.ID) {
			t.Errorf("%s also says %s", source, f.ID)
		}
	}
}

func newVictim(t *testing.T, in incident) *victim {
	t.Helper()
	discord, err := discordtest.NewServer(append([]discordtest.Option{
		discordtest.WithShards(2), discordtest.WithGuilds(24), discordtest.WithMembers(3), discordtest.WithMaxConcurrency(2), discordtest.WithHeartbeatInterval(10 * time.Second),
	}, in.server...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = discord.Close() })
	v := &victim{t: t, discord: discord}
	v.traffic = discordtest.TrafficConfig{
		Rate: 20, LateShare: -1, Commands: []string{"ping", "help", "stats", "play", "ban"},
		Mix: map[string]float64{"MESSAGE_CREATE": 1, "INTERACTION_CREATE": 1},
	}
	var ours []*discordgo.Session
	for shard := range 2 {
		s, err := discord.NewSession(shard, 2)
		if err != nil {
			t.Fatal(err)
		}
		ours = append(ours, s)
	}
	v.sessions = ours
	v.argus, err = argus.New(argus.WithSessions(ours...), argus.WithAddr("127.0.0.1:0"), argus.WithClusterID(in.name), argus.WithServiceName(in.name),
		argus.WithCommands(v.traffic.Commands...), argus.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = v.argus.Shutdown(ctx)
	})
	if in.before != nil {
		in.before(v)
	}
	for _, s := range ours {
		s.LogLevel, s.ShouldReconnectOnError = -1, true
		s.AddHandler(v.argus.Interaction(v.interaction))
	}
	return v
}

// status is what the process itself says.
func (v *victim) status(ctx context.Context) (findings.Report, error) {
	status, body, err := get(ctx, "http://"+v.argus.Addr()+api.StatusPath, nil)
	if err != nil || status != http.StatusOK {
		return findings.Report{}, fmt.Errorf("status %d, %w: %s", status, err, body)
	}
	var s api.Status
	err = json.Unmarshal([]byte(body), &s)
	return s.Report, err
}
