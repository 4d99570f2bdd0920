package discordtest_test

import (
	"bytes"
	"compress/zlib"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"github.com/argus-dgo/argus/discordtest"
)

func TestSessionOpensAndTracksGuilds(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for name, opts := range map[string][]discordtest.Option{
		"plain":      nil,
		"tls":        {discordtest.WithTLS()},
		"compressed": {discordtest.WithCompressThreshold(0)},
		"op first":   {discordtest.WithFieldOrder("op", "d", "s", "t")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, append(opts, discordtest.WithGuilds(7), discordtest.WithMembers(5))...)
			sess := newSession(t, s, 0, 1)
			sess.Identify.Intents = discordgo.IntentsAll
			ch := events(sess)
			c := open(t, s, sess)
			if err := c.WaitGuilds(testContext(t)); err != nil {
				t.Fatal(err)
			}
			for range 7 {
				waitEvent(t, ch, "GUILD_CREATE")
			}
			want := s.Census(0, 1)
			var got discordtest.Census
			sess.State.RLock()
			for _, g := range sess.State.Guilds {
				if !g.Unavailable {
					got.Guilds++
				}
				got.Members += len(g.Members)
				got.Channels += len(g.Channels)
				got.Threads += len(g.Threads)
				got.Roles += len(g.Roles)
				got.Emojis += len(g.Emojis)
				got.Stickers += len(g.Stickers)
				got.VoiceStates += len(g.VoiceStates)
				got.Presences += len(g.Presences)
			}
			sess.State.RUnlock()
			if got != want {
				t.Errorf("the state holds\n%+v\nwant\n%+v", got, want)
			}
			if want.Guilds != 7 || want.Members != 35 {
				t.Errorf("census %+v, want 7 guilds of 5", want)
			}
			if err := c.WaitHeartbeats(testContext(t), 1); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestInteractionIsAnswered(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newServer(t, discordtest.WithStrictInteractions())
	sess := newSession(t, s, 0, 1)
	sess.AddHandler(func(sess *discordgo.Session, i *discordgo.InteractionCreate) {
		_ = sess.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{
			Type: discordgo.InteractionResponseChannelMessageWithSource,
			Data: &discordgo.InteractionResponseData{Content: "pong"},
		})
	})
	open(t, s, sess)
	ctx := testContext(t)
	id, _, err := s.SendInteraction(ctx, 0, discordtest.ApplicationCommand, time.Now(), "ping")
	if err != nil {
		t.Fatal(err)
	}
	cb, err := s.WaitCallback(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if cb.Status != 204 || cb.Type != 4 {
		t.Errorf("callback %+v, want type 4 and status 204", cb)
	}
}

// The wire format: field order, which payloads are compressed, and READY.
func TestWireFormat(t *testing.T) {
	t.Parallel()
	identify := `{"op":2,"d":{"token":"t","intents":1,"compress":true}}`
	read := func(t *testing.T, raw *rawClient) (kind int, text string) {
		t.Helper()
		kind, data, err := raw.ws.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		if kind == websocket.BinaryMessage {
			z, err := zlib.NewReader(bytes.NewReader(data))
			if err == nil {
				data, err = io.ReadAll(z)
			}
			if err != nil {
				t.Fatalf("a binary frame is no zlib stream: %v", err)
			}
		}
		return kind, string(data)
	}
	for _, tt := range []struct {
		name                   string
		opts                   []discordtest.Option
		hello, ready           string // prefixes
		readyKind, ackKind     int
		resumeURL, guildCreate bool
	}{
		{
			"default", nil, `{"t":null,"s":null,"op":10,"d":{`, `{"t":"READY","s":1,"op":0,"d":{`,
			websocket.TextMessage, websocket.TextMessage, true, true,
		},
		{
			"all compressed",
			[]discordtest.Option{discordtest.WithCompressThreshold(0), discordtest.WithResumeURL(false)},
			`{"t":null,"s":null,"op":10,"d":{`, `{"t":"READY","s":1,"op":0,"d":{`,
			websocket.BinaryMessage, websocket.BinaryMessage, false, true,
		},
		{
			"large compressed, other order",
			[]discordtest.Option{
				discordtest.WithCompressThreshold(100), discordtest.WithFieldOrder("op", "d", "s", "t"), discordtest.WithoutGuildCreate(),
			},
			`{"op":10,"d":{`, `{"op":0,"d":{`, websocket.BinaryMessage, websocket.TextMessage, true, false,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, tt.opts...)
			raw := dialGateway(t, s)
			if kind, hello := read(t, raw); kind != websocket.TextMessage || !strings.HasPrefix(hello, tt.hello) ||
				!strings.Contains(hello, `"heartbeat_interval":41250`) {
				t.Errorf("HELLO is %d %s", kind, hello)
			}
			raw.send(identify)
			kind, ready := read(t, raw)
			if kind != tt.readyKind || !strings.HasPrefix(ready, tt.ready) {
				t.Errorf("READY is %d %s", kind, ready)
			}
			if got := strings.Contains(ready, `"resume_gateway_url":"`+s.GatewayURL()+`"`); got != tt.resumeURL {
				t.Errorf("READY has a resume_gateway_url: %t, want %t", got, tt.resumeURL)
			}
			if tt.guildCreate {
				if _, create := read(t, raw); !strings.Contains(create, `"GUILD_CREATE"`) {
					t.Errorf("after READY came %s", create)
				}
			}
			raw.send(`{"op":1,"d":2}`)
			if kind, ack := read(t, raw); kind != tt.ackKind || !strings.Contains(ack, `"op":11`) {
				t.Errorf("the ACK is %d %s", kind, ack)
			}
		})
	}
}
