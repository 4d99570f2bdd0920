package discordtest_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"github.com/argus-dgo/argus/discordtest"
)

func TestGatewayBot(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newServer(t, discordtest.WithShards(3), discordtest.WithMaxConcurrency(16),
		discordtest.WithSessionStartLimit(2000, 1999, time.Hour))
	sess := newSession(t, s, 0, 3)
	check := func(remaining int) {
		t.Helper()
		bot, err := sess.GatewayBot()
		if err != nil {
			t.Fatal(err)
		}
		l := bot.SessionStartLimit
		if bot.URL != s.GatewayURL()+"/" || bot.Shards != 3 || l.Total != 2000 || l.Remaining != remaining || l.MaxConcurrency != 16 ||
			l.ResetAfter <= 0 || l.ResetAfter > 3_600_000 {
			t.Errorf("GatewayBot: %+v, want 3 shards and %d remaining of 2000", bot, remaining)
		}
	}
	check(1999)
	open(t, s, sess)
	check(1998)
}

func TestDefaultRoutes(t *testing.T) {
	t.Parallel()
	s := newServer(t, discordtest.WithToken("Bot secret"))
	sess := newSession(t, s, 0, 1)
	guild := s.Guilds()[0]
	channel := s.TextChannel(guild)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	m, err := sess.ChannelMessageSendEmbed(channel, &discordgo.MessageEmbed{Title: "hello"})
	must(err)
	if m == nil || m.ID == "" || m.ChannelID != channel || len(m.Embeds) != 1 || m.Embeds[0].Title != "hello" || !m.Author.Bot {
		t.Fatalf("message %+v", m)
	}
	edited, err := sess.ChannelMessageEdit(channel, m.ID, "new")
	must(err)
	if edited.ID != m.ID || edited.Content != "new" || edited.EditedTimestamp == nil {
		t.Errorf("edited message %+v", edited)
	}
	must(sess.ChannelMessageDelete(channel, m.ID))
	must(sess.MessageReactionAdd(channel, m.ID, "👍"))
	must(sess.ChannelTyping(channel))
	c, err := sess.Channel(channel)
	must(err)
	if c.GuildID != guild || c.Type != discordgo.ChannelTypeGuildText {
		t.Errorf("channel %+v", c)
	}
	g, err := sess.Guild(guild)
	must(err)
	if g.ID != guild || len(g.Roles) == 0 {
		t.Errorf("guild %+v", g)
	}
	members, err := sess.GuildMembers(guild, "", 1000)
	must(err)
	if len(members) != 10 {
		t.Errorf("%d members, want 10", len(members))
	}
	me, err := sess.User("@me")
	must(err)
	if me.ID != s.BotID() {
		t.Errorf("@me is %s, want %s", me.ID, s.BotID())
	}
	dm, err := sess.UserChannelCreate(members[1].User.ID)
	must(err)
	if dm.Type != discordgo.ChannelTypeDM {
		t.Errorf("a direct channel has type %d", dm.Type)
	}

	cmds, err := sess.ApplicationCommandBulkOverwrite(s.ApplicationID(), "", []*discordgo.ApplicationCommand{
		{Name: "ping", Description: "d"}, {Name: "help", Description: "d"},
	})
	must(err)
	if len(cmds) != 2 || cmds[0].ID == "" || cmds[0].ID == cmds[1].ID || cmds[0].Name != "ping" {
		t.Fatalf("commands %+v", cmds)
	}
	_, err = sess.ApplicationCommandCreate(s.ApplicationID(), guild, &discordgo.ApplicationCommand{Name: "local", Description: "d"})
	must(err)
	must(sess.ApplicationCommandDelete(s.ApplicationID(), "", cmds[1].ID))
	if got := fmt.Sprint(s.Commands()); got != "[local ping]" {
		t.Errorf("registered commands %s, want [local ping]", got)
	}
	listed, err := sess.ApplicationCommands(s.ApplicationID(), "")
	must(err)
	if len(listed) != 1 || listed[0].Description != "d" {
		t.Errorf("listed commands %+v", listed)
	}

	var rest *discordgo.RESTError
	if _, err := sess.Guild("1"); !errors.As(err, &rest) || rest.Message.Code != 10004 {
		t.Errorf("an unknown guild: %v, want code 10004", err)
	}
	if _, err := sess.Request("GET", discordgo.EndpointAPI+"no/such/route", nil); !errors.As(err, &rest) ||
		string(rest.ResponseBody) != `{"code":0,"message":"404: Not Found"}` {
		t.Errorf("an unknown route: %v", err)
	}
	stranger := newSession(t, s, 0, 1)
	stranger.Token = "Bot stranger"
	if _, err := stranger.User("@me"); !errors.As(err, &rest) || rest.Response.StatusCode != http.StatusUnauthorized {
		t.Errorf("a wrong token: %v, want 401", err)
	}
	for _, r := range s.Requests() {
		if strings.Contains(fmt.Sprintf("%+v", r), "secret") {
			t.Errorf("a request kept the token: %v", r)
		}
	}
}

func TestScriptedRoutes(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	sess := newSession(t, s, 0, 1)
	sess.MaxRestRetries = 1
	channel := s.TextChannel(s.Guilds()[0])
	route := "/channels/{channel_id}"

	s.Handle("GET", route, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"id":"`+r.PathValue("channel_id")+`","name":"scripted"}`)
	})
	if c, err := sess.Channel(channel); err != nil || c.Name != "scripted" || c.ID != channel {
		t.Errorf("scripted channel %+v, %v", c, err)
	}
	s.Handle("GET", route, nil)
	if c, err := sess.Channel(channel); err != nil || c.Name == "scripted" {
		t.Errorf("default channel %+v, %v", c, err)
	}
	s.Fail("GET", route, 502, 1)
	if _, err := sess.Channel(channel); err != nil {
		t.Errorf("discordgo did not get over one 502: %v", err)
	}
	s.Fail("GET", route, 403, 1)
	var rest *discordgo.RESTError
	if _, err := sess.Channel(channel); !errors.As(err, &rest) || rest.Response.StatusCode != http.StatusForbidden {
		t.Errorf("want 403, got %v", err)
	}
	s.Delay("GET", route, 50*time.Millisecond)
	start := time.Now()
	if _, err := sess.Channel(channel); err != nil || time.Since(start) < 50*time.Millisecond {
		t.Errorf("a delayed request took %v, %v", time.Since(start), err)
	}
	s.Delay("GET", route, 0)
	var got []int
	for _, r := range s.Requests() {
		got = append(got, r.Status)
		if r.Pattern != route || r.Path != "/channels/"+channel || r.Method != http.MethodGet {
			t.Errorf("recorded %+v", r)
		}
	}
	if fmt.Sprint(got) != "[200 200 502 200 403 200]" {
		t.Errorf("statuses %v", got)
	}
}

func TestRateLimitScopes(t *testing.T) {
	t.Parallel()
	for _, scope := range []string{"user", "shared", "global"} {
		t.Run(scope, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			sess := newSession(t, s, 0, 1)
			limited := make(chan *discordgo.RateLimit, 1)
			sess.AddHandler(func(_ *discordgo.Session, r *discordgo.RateLimit) { limited <- r })
			var header http.Header
			next := sess.Client.Transport
			sess.Client.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
				resp, err := next.RoundTrip(r)
				if err == nil && resp.StatusCode == http.StatusTooManyRequests {
					header = resp.Header
				}
				return resp, err
			})
			const wait = 150 * time.Millisecond
			s.RateLimit(discordtest.RateLimit{Method: "POST", Pattern: "/channels/{id}/messages", Scope: scope, RetryAfter: wait})
			start := time.Now()
			if _, err := sess.ChannelMessageSend(s.TextChannel(s.Guilds()[0]), "x"); err != nil {
				t.Fatal(err)
			}
			if d := time.Since(start); d < wait {
				t.Errorf("the message took %v, want at least %v", d, wait)
			}
			if r := <-limited; r.RetryAfter < wait-time.Millisecond || r.RetryAfter > wait {
				t.Errorf("retry_after %v, want %v", r.RetryAfter, wait)
			}
			if header.Get("X-RateLimit-Scope") != scope || header.Get("Retry-After") != "1" ||
				(header.Get("X-RateLimit-Global") == "true") != (scope == "global") ||
				(header.Get("X-RateLimit-Bucket") == "") != (scope == "global") {
				t.Errorf("headers %v", header)
			}
			reqs := s.Requests()
			if len(reqs) != 2 || reqs[0].Status != 429 || reqs[0].Scope != scope || reqs[1].Status != 200 {
				t.Errorf("requests %v", reqs)
			}
			if s.RateLimited()[scope] != 1 {
				t.Errorf("RateLimited %v", s.RateLimited())
			}
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// discordgo never exceeds a limit that the headers announce.
func TestBuckets(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newServer(t, discordtest.WithBuckets(2, time.Second))
	sess := newSession(t, s, 0, 1)
	channel := s.TextChannel(s.Guilds()[0])
	for range 5 {
		if _, err := sess.ChannelMessageSend(channel, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if reqs := s.Requests(); len(reqs) != 5 || len(s.RateLimited()) != 0 {
		t.Errorf("%d requests, rate limits %v; want 5 and none", len(reqs), s.RateLimited())
	}
	// A client without a limiter does. Six requests fit into its window, however busy the
	// machine is.
	s = newServer(t, discordtest.WithBuckets(2, time.Hour))
	channel = s.TextChannel(s.Guilds()[0])
	client := &http.Client{Transport: s.Transport(nil)}
	limited := false
	for range 6 {
		req, err := http.NewRequestWithContext(testContext(t), http.MethodGet, discordgo.EndpointChannel(channel), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bot x")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		limited = limited || resp.StatusCode == http.StatusTooManyRequests
		_ = resp.Body.Close()
	}
	if !limited {
		t.Error("6 requests at once were within a limit of 2")
	}
}

func TestStrictInteractions(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newServer(t, discordtest.WithStrictInteractions())
	sess := newSession(t, s, 0, 1)
	codes := make(chan int, 10)
	answer := func(i *discordgo.Interaction) {
		err := sess.InteractionRespond(i, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseDeferredChannelMessageWithSource})
		var rest *discordgo.RESTError
		switch {
		case err == nil:
			codes <- 0
		case errors.As(err, &rest) && rest.Message != nil:
			codes <- rest.Message.Code
		default:
			codes <- -1
		}
	}
	got := make(chan *discordgo.Interaction, 1)
	sess.AddHandler(func(_ *discordgo.Session, i *discordgo.InteractionCreate) { got <- i.Interaction })
	open(t, s, sess)
	ctx := testContext(t)
	send := func(age time.Duration) *discordgo.Interaction {
		t.Helper()
		if _, _, err := s.SendInteraction(ctx, 0, discordtest.MessageComponent, time.Now().Add(-age), "button"); err != nil {
			t.Fatal(err)
		}
		return <-got
	}
	expect := func(what string, want int) {
		t.Helper()
		if code := <-codes; code != want {
			t.Errorf("%s: code %d, want %d", what, code, want)
		}
	}
	const inTime = -time.Hour // created an hour in the future, so that the answer is never late
	i := send(inTime)
	answer(i)
	expect("in time", 0)
	answer(i)
	expect("twice", 40060)
	answer(send(4 * time.Second))
	expect("late", 10062)
	answer(&discordgo.Interaction{ID: "1", Token: "t"})
	expect("unknown", 10062)
	i = send(inTime)
	i.Token = "wrong"
	answer(i)
	expect("wrong token", 50027)
	if n := len(s.Callbacks()); n != 5 {
		t.Errorf("%d callbacks, want 5", n)
	}
	m, err := sess.FollowupMessageCreate(send(inTime), true, &discordgo.WebhookParams{Content: "more"})
	if err != nil || m.Content != "more" {
		t.Errorf("follow-up %+v, %v", m, err)
	}
}

func TestInteractionKinds(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newServer(t)
	sess := newSession(t, s, 0, 1)
	got := make(chan *discordgo.Interaction, 1)
	sess.AddHandler(func(_ *discordgo.Session, i *discordgo.InteractionCreate) { got <- i.Interaction })
	open(t, s, sess)
	ctx := testContext(t)
	send := func(kind discordtest.InteractionKind, name string, opts ...discordtest.InteractionOption) *discordgo.Interaction {
		t.Helper()
		created := time.Now().Add(-time.Second).Truncate(time.Millisecond)
		id, token, err := s.SendInteraction(ctx, 0, kind, created, name, opts...)
		if err != nil {
			t.Fatal(err)
		}
		i := <-got
		at, err := discordgo.SnowflakeTimestamp(i.ID)
		if i.ID != id || i.Token != token || i.AppID != s.ApplicationID() || err != nil || !at.Equal(created) {
			t.Errorf("%s: %v of %v, want %s of %v", kind, i.ID, at, id, created)
		}
		return i
	}
	d := send(discordtest.ApplicationCommand, "config", discordtest.WithSubcommand("user", "set"), discordtest.WithStringOption("a", "b")).ApplicationCommandData()
	if d.Name != "config" || d.Options[0].Name != "user" || d.Options[0].Options[0].Name != "set" || d.Options[0].Options[0].Options[0].StringValue() != "b" {
		t.Errorf("command data %+v", d)
	}
	if i := send(discordtest.ApplicationCommand, "ping", discordtest.InDirectMessage()); i.GuildID != "" || i.User == nil || i.Member != nil {
		t.Errorf("direct interaction %+v", i)
	}
	if i := send(discordtest.MessageComponent, "b1"); i.MessageComponentData().CustomID != "b1" || i.Message == nil || i.Member == nil {
		t.Errorf("component interaction %+v", i)
	}
	if i := send(discordtest.Autocomplete, "play"); i.Type != discordgo.InteractionApplicationCommandAutocomplete || !i.ApplicationCommandData().Options[0].Focused {
		t.Errorf("autocomplete interaction %+v", i)
	}
	if i := send(discordtest.ModalSubmit, "form"); i.ModalSubmitData().CustomID != "form" || len(i.ModalSubmitData().Components) != 1 {
		t.Errorf("modal interaction %+v", i)
	}
	if i := send(discordtest.Ping, ""); i.Type != discordgo.InteractionPing {
		t.Errorf("ping interaction %+v", i)
	}
}

func TestTransportLeavesOtherHostsAlone(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var asked []string
	rt := s.Transport(roundTripper(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.Scheme+"://"+r.URL.Host+r.URL.Path)
		return nil, errors.New("no network")
	}))
	for _, u := range []string{
		"https://discord.com/api/v9/gateway", "https://cdn.discordapp.com/icons/1/a.png", "https://canary.discord.com/x",
		"https://example.com/discord.com", "https://notdiscord.com/", "https://discord.com.example.org/",
	} {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, u, nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := rt.RoundTrip(req); err == nil {
			_ = resp.Body.Close()
			t.Error("the next transport's error got lost")
		}
		if req.URL.String() != u {
			t.Errorf("the caller's request became %s", req.URL)
		}
	}
	want := []string{
		s.URL() + "/api/v9/gateway", s.URL() + "/icons/1/a.png", s.URL() + "/x",
		"https://example.com/discord.com", "https://notdiscord.com/", "https://discord.com.example.org/",
	}
	if fmt.Sprint(asked) != fmt.Sprint(want) {
		t.Errorf("asked\n%v, want\n%v", asked, want)
	}
	// The CDN returns an image.
	sess := newSession(t, s, 0, 1)
	if _, err := sess.UserAvatarDecode(&discordgo.User{ID: "1", Avatar: "a"}); err != nil {
		t.Errorf("decoding an avatar: %v", err)
	}
}

func TestConfigureTouchesNothingShared(t *testing.T) {
	t.Parallel()
	s := newServer(t, discordtest.WithTLS())
	sess := newSession(t, s, 0, 1)
	if sess.Dialer == websocket.DefaultDialer || sess.Client.Transport == http.DefaultTransport {
		t.Error("a session shares a default")
	}
	if websocket.DefaultDialer.TLSClientConfig != nil {
		t.Error("websocket.DefaultDialer was changed")
	}
	mine, err := discordgo.New("Bot x")
	if err != nil {
		t.Fatal(err)
	}
	jar, timeout := mine.Client.Jar, 7*time.Second
	tc := &tls.Config{MinVersion: tls.VersionTLS13}
	dialer := &websocket.Dialer{TLSClientConfig: tc, ReadBufferSize: 12}
	client := &http.Client{Timeout: timeout, Jar: jar}
	mine.Client, mine.Dialer = client, dialer
	s.Configure(mine)
	if mine.Client == client || mine.Client.Timeout != timeout || mine.Dialer == dialer || mine.Dialer.ReadBufferSize != 12 ||
		mine.Dialer.TLSClientConfig.MinVersion != tls.VersionTLS13 || tc.RootCAs != nil || client.Transport != nil {
		t.Error("Configure does not keep the session's own settings, or changes them in place")
	}
	s.Configure(nil)
}

func TestCertificates(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	ca, err := discordtest.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	issue := func(from, to time.Time, host string) discordtest.Option {
		t.Helper()
		cert, err := ca.Issue(from, to, host)
		if err != nil {
			t.Fatal(err)
		}
		return discordtest.WithCertificate(cert)
	}
	for name, tt := range map[string]struct {
		opt  discordtest.Option
		want string
	}{
		"good":       {issue(now.Add(-time.Hour), now.Add(time.Hour), "127.0.0.1"), ""},
		"wrong host": {issue(now.Add(-time.Hour), now.Add(time.Hour), "discord.com"), "127.0.0.1"},
		"expired":    {issue(now.Add(-2*time.Hour), now.Add(-time.Hour), "127.0.0.1"), "expired"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, tt.opt)
			sess := newSession(t, s, 0, 1)
			if tt.want == "" {
				open(t, s, sess)
				return
			}
			if err := sess.Open(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Open: %v, want an error with %q", err, tt.want)
			}
			_, resp, err := sess.Dialer.Dial(s.GatewayURL(), nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the gateway: %v, want an error with %q", err, tt.want)
			}
			if resp != nil {
				_ = resp.Body.Close()
			}
		})
	}
	t.Run("unknown authority", func(t *testing.T) {
		t.Parallel()
		s := newServer(t, discordtest.WithTLS())
		resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(s.URL())
		if err == nil {
			_ = resp.Body.Close()
		}
		if _, unknown := errors.AsType[*tls.CertificateVerificationError](err); !unknown {
			t.Errorf("without the authority: %v, want a verification error", err)
		}
	})
	if _, err := ca.Issue(now, now); err == nil {
		t.Error("a certificate for no host is issued")
	}
}
