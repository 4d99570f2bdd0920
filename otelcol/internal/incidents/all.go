package incidents

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/findings"
)

// All returns the incidents, each with a name of its own.
func All() []Incident {
	return []Incident{
		{Name: "nothing"},
		{
			Name: "one-command-fails", First: "DiscordCommandFails", Blame: findings.Handler, Says: "stats",
			before: func(v *Victim) {
				v.handle = func(_ context.Context, _ *Victim, i *discordgo.InteractionCreate) (bool, error) {
					if commandOf(i) == "stats" {
						return true, errors.New("no database")
					}
					return true, nil
				}
			},
		},
		{
			Name: "nothing-is-answered", First: "DiscordAckBudgetBurnsFast", Blame: findings.Handler,
			before: func(v *Victim) {
				v.handle = func(ctx context.Context, _ *Victim, _ *discordgo.InteractionCreate) (bool, error) {
					<-ctx.Done()
					return false, nil
				}
			},
		},
		{
			Name: "one-command-is-slow", First: "DiscordAckBudgetBurnsSlowly", Blame: findings.Handler, Says: "play",
			before: func(v *Victim) {
				v.handle = func(ctx context.Context, _ *Victim, i *discordgo.InteractionCreate) (bool, error) {
					if commandOf(i) == "play" {
						sleep(ctx, 4*time.Second)
					}
					return true, nil
				}
			},
		},
		{
			Name: "a-button-has-no-handler", First: "DiscordAckBudgetBurnsFast", Blame: findings.Handler,
			before: func(v *Victim) {
				v.handle = func(_ context.Context, _ *Victim, i *discordgo.InteractionCreate) (bool, error) {
					return i.Type != discordgo.InteractionMessageComponent, nil
				}
			},
		},
		{
			Name: "discord-fails-callbacks", First: "DiscordAckBudgetBurnsFast", Blame: findings.Discord,
			begin: func(_ context.Context, v *Victim) { v.discord.Fail(http.MethodPost, callbackPath, 503, 1<<30) },
		},
		{
			Name: "callbacks-are-slow", First: "DiscordAckBudgetBurnsFast", Blame: findings.Network,
			begin: func(_ context.Context, v *Victim) {
				v.discord.Delay(http.MethodPost, callbackPath, 3500*time.Millisecond)
			},
		},
		{
			Name: "callbacks-hang", First: "DiscordAckBudgetBurnsFast", Blame: findings.Network,
			begin: func(_ context.Context, v *Victim) { v.discord.Delay(http.MethodPost, callbackPath, time.Hour) },
		},
		{
			Name: "answers-are-invalid", First: "DiscordAckBudgetBurnsFast", Blame: findings.Handler,
			begin: func(_ context.Context, v *Victim) {
				v.discord.Handle(http.MethodPost, callbackPath, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					w.WriteHeader(http.StatusBadRequest)
					_, _ = io.WriteString(w, `{"code":50035,"message":"Invalid Form Body"}`)
				})
			},
		},
		{
			Name: "a-route-is-full", First: "DiscordAckBudgetBurnsFast", Blame: findings.Limiter, Says: "/channels/{id}/messages",
			before: func(v *Victim) {
				v.handle = func(ctx context.Context, v *Victim, i *discordgo.InteractionCreate) (bool, error) {
					_, err := v.sessions[0].ChannelMessageSend(i.ChannelID, "working", v.argus.RequestOption(ctx))
					return true, err
				}
			},
			begin: func(_ context.Context, v *Victim) {
				v.discord.RateLimit(discordtest.RateLimit{Method: http.MethodPost, Pattern: "/channels/{id}/messages", RetryAfter: 4 * time.Second, Times: -1})
			},
		},
		{
			Name: "cloudflare-bans", First: "DiscordAckBudgetBurnsFast", Blame: findings.Handler,
			begin: func(_ context.Context, v *Victim) {
				v.discord.Handle("", "/{rest...}", func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "text/html")
					w.WriteHeader(http.StatusTooManyRequests)
					_, _ = io.WriteString(w, "<html>error code: 1015</html>")
				})
			},
		},
		{
			Name: "token-was-reset", First: "DiscordFatalClose", Blame: findings.Operation, Says: "4004",
			begin: func(_ context.Context, v *Victim) {
				v.discord.Behave(discordtest.Behavior{CloseOnIdentify: 4004})
				v.discord.Fail("", "/gateway", 401, 1<<30)
				for _, c := range v.discord.Conns() {
					_ = c.CloseCode(4004, "Authentication failed.")
				}
			},
		},
		{
			Name: "discord-is-gone", First: "DiscordGatewayRefused", Blame: findings.Network,
			begin: func(_ context.Context, v *Victim) { _ = v.discord.Close() },
		},
		{
			Name: "no-hello", First: "DiscordSessionLockStuck", Blame: findings.Library,
			begin: func(_ context.Context, v *Victim) {
				v.discord.Behave(discordtest.Behavior{NoHello: true})
				for _, c := range v.discord.Conns() {
					_ = c.Drop()
				}
			},
		},
		{
			Name: "no-ready", First: "DiscordShardDown", Blame: findings.Discord,
			begin: func(_ context.Context, v *Victim) {
				v.discord.Behave(discordtest.Behavior{NoReady: true})
				for _, c := range v.discord.Conns() {
					_ = c.Drop()
				}
			},
		},
		{
			Name: "reconnect-requests", First: "DiscordShardFlapping", Blame: findings.Discord,
			begin: func(ctx context.Context, v *Victim) {
				every(ctx, 8*time.Second, func() {
					for _, c := range v.discord.Conns() {
						_ = c.Reconnect()
					}
				})
			},
		},
		{
			Name: "invalid-sessions", First: "DiscordShardFlapping", Blame: findings.Discord,
			begin: func(ctx context.Context, v *Victim) {
				every(ctx, 8*time.Second, func() {
					for _, c := range v.discord.Conns() {
						_ = c.InvalidSession(false)
					}
				})
			},
		},
		{
			Name: "half-the-guilds-are-gone", First: "DiscordGuildOutage", Blame: findings.Discord, server: []discordtest.Option{discordtest.WithGuilds(40)},
			begin: func(_ context.Context, v *Victim) {
				for _, id := range v.discord.Guilds()[:20] {
					_ = v.discord.GuildOutage(id)
				}
			},
		},
		{
			Name: "presence-updates", First: "DiscordSendsNearLimit", Blame: findings.Handler,
			begin: func(ctx context.Context, v *Victim) {
				every(ctx, 500*time.Millisecond, func() { _ = v.sessions[0].UpdateGameStatus(0, fmt.Sprint(time.Now())) })
			},
		},
		{Name: "clock-ahead", First: "DiscordClockSkewed", Blame: findings.Host, server: []discordtest.Option{discordtest.WithClockOffset(-6 * time.Second)}, Also: []string{"DiscordAckBudgetBurnsFast"}},
		{Name: "clock-behind", First: "DiscordClockSkewed", Blame: findings.Host, server: []discordtest.Option{discordtest.WithClockOffset(6 * time.Second)}},
		{
			Name: "half-arrives-late", First: "DiscordAckBudgetBurnsFast", Blame: findings.Network,
			before: func(v *Victim) { v.traffic.LateShare = 0.5 },
		},
		{
			Name: "handlers-block-the-reader", First: "DiscordAckBudgetBurnsFast", Blame: findings.Handler,
			before: func(v *Victim) {
				for _, s := range v.sessions {
					s.SyncEvents = true
					s.AddHandler(func(*discordgo.Session, *discordgo.MessageCreate) {
						if v.broken.Load() {
							sleep(v.ctx, time.Second)
						}
					})
				}
			},
		},
		{
			Name: "latency-is-high",
			begin: func(_ context.Context, v *Victim) {
				for _, c := range v.discord.Conns() {
					c.Behave(discordtest.Behavior{AckDelay: 1500 * time.Millisecond})
				}
			},
		},
		{
			Name: "acks-are-lost", First: "DiscordShardZombie", Blame: findings.Network, Also: []string{"DiscordShardFlapping", "DiscordShardDown"},
			server: []discordtest.Option{discordtest.WithHeartbeatInterval(15 * time.Second)},
			begin: func(_ context.Context, v *Victim) {
				v.discord.Behave(discordtest.Behavior{SwallowAcks: true})
				for _, c := range v.discord.Conns() {
					c.Behave(discordtest.Behavior{SwallowAcks: true})
				}
			},
		},
		{
			Name: "one-reconnect",
			begin: func(_ context.Context, v *Victim) {
				for _, c := range v.discord.Conns() {
					_ = c.Drop()
				}
			},
		},
		{
			Name: "answered-by-another", First: "DiscordCommandFails", Blame: findings.Operation,
			server: []discordtest.Option{discordtest.WithStrictInteractions()},
			before: func(v *Victim) {
				v.handle = func(ctx context.Context, v *Victim, i *discordgo.InteractionCreate) (bool, error) {
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
