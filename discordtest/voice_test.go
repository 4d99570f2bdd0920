package discordtest_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"github.com/argus-dgo/argus/discordtest"
)

// What discordgo (v0.28.1 to v0.29.1) can do here without a data race in discordgo:
// ChannelVoiceJoin with deaf, once per VoiceConnection; Speaking; OpusSend up to
// v0.29.0; Disconnect; being disconnected by another user; VoiceConnection.Ready under
// its RLock. What races, with or without Argus:
//   - ChannelVoiceJoin without deaf, and Disconnect: the handler of READY still
//     reads udpConn and close when the connection is ready.
//   - A second READY on one VoiceConnection, or a second ChannelVoiceJoin: that
//     handler writes op2 without the lock, and reads deaf. Tests that make discordgo
//     reconnect are therefore named VoiceAgain and skipped under the race detector.
//   - OpusSend on master: the cipher, which the session description sets. Until that
//     arrives it is nil, and a packet causes a panic. Ready does not wait for it.
//   - ChannelVoiceJoin, ChangeChannel and Disconnect while the gateway reconnects:
//     Session.wsConn, which is nil then, so that they also panic.

// again skips a test in which a VoiceConnection reconnects.
func again(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("discordgo's own data races: see above")
	}
}

// audioRaces reports whether discordgo is newer than v0.29.0.
var _, audioRaces = reflect.TypeFor[discordgo.VoiceConnection]().FieldByName("aead")

// join joins the voice channel of a guild, and leaves it at the end of the test.
func join(t *testing.T, s *discordtest.Server, sess *discordgo.Session, guild string) (*discordgo.VoiceConnection, *discordtest.VoiceConn) {
	t.Helper()
	vc, err := sess.ChannelVoiceJoin(guild, s.VoiceChannel(guild), false, true)
	if err != nil {
		t.Fatalf("ChannelVoiceJoin: %v", err)
	}
	c, err := s.WaitVoice(testContext(t), guild)
	if err != nil {
		t.Fatal(err)
	}
	return vc, c
}

// held returns the number of voice connections in discordgo's map.
func held(sess *discordgo.Session) int {
	sess.RLock()
	defer sess.RUnlock()
	return len(sess.VoiceConnections)
}

func speaks(vc *discordgo.VoiceConnection) bool {
	vc.RLock()
	defer vc.RUnlock()
	return vc.Ready
}

func TestVoiceJoinAndLeave(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for name, opt := range transports(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, opt, discordtest.WithGuilds(2))
			remote, err := discordtest.Connect(s.Address())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = remote.Close() })
			sess, err := remote.NewSession(0, 1)
			if err != nil {
				t.Fatal(err)
			}
			sess.Identify.Intents = discordgo.IntentsAll
			ch := events(sess)
			gateway := open(t, s, sess)
			guild := s.Guilds()[1]
			before := s.Census(0, 1).VoiceStates
			vc, c := join(t, s, sess, guild)

			var state struct {
				GuildID   string  `json:"guild_id"`
				ChannelID *string `json:"channel_id"`
				UserID    string  `json:"user_id"`
				SessionID string  `json:"session_id"`
			}
			if err := json.Unmarshal(waitEvent(t, ch, "VOICE_STATE_UPDATE").RawData, &state); err != nil {
				t.Fatal(err)
			}
			if state.GuildID != guild || state.UserID != s.BotID() || state.SessionID != gateway.SessionID() ||
				state.ChannelID == nil || *state.ChannelID != s.VoiceChannel(guild) {
				t.Errorf("the voice state is %+v", state)
			}
			if c.GuildID() != guild || c.ChannelID() != s.VoiceChannel(guild) || !c.Ready() || !strings.Contains(c.Mode(), "_") {
				t.Errorf("the connection is of guild %s, channel %s, mode %q, ready: %t", c.GuildID(), c.ChannelID(), c.Mode(), c.Ready())
			}
			if got := s.Census(0, 1).VoiceStates; got != before+1 || len(s.VoiceConns()) != 1 || !speaks(vc) || held(sess) != 1 {
				t.Errorf("%d voice states after %d, %d connections, speaks: %t, %d in discordgo's map", got, before, len(s.VoiceConns()), speaks(vc), held(sess))
			}

			if err := vc.Speaking(true); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(c.WaitReceived(testContext(t), 5, 1), c.WaitReceived(testContext(t), 3, 1)); err != nil {
				t.Fatal(err)
			}
			if !audioRaces {
				for range 5 {
					vc.OpusSend <- []byte{0xf8, 0xff, 0xfe} // silence
				}
				if err := c.WaitPackets(testContext(t), 5); err != nil {
					t.Fatal(err)
				}
			}
			if err := vc.Disconnect(); err != nil {
				t.Fatal(err)
			}
			if err := c.WaitClosed(testContext(t)); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(waitEvent(t, ch, "VOICE_STATE_UPDATE").RawData, &state); err != nil || state.ChannelID != nil {
				t.Errorf("after leaving, the voice state is %+v, %v", state, err)
			}
			if code, byClient := c.CloseStatus(); code != 1000 || !byClient {
				t.Errorf("it was closed with %d, by the client: %t", code, byClient)
			}
			received := c.Received()
			delete(received, 3)
			if want := map[int]int{0: 1, 1: 1, 5: 1}; !maps.Equal(received, want) {
				t.Errorf("discordgo sent %v beside heartbeats, want %v", received, want)
			}
			if got := s.Census(0, 1).VoiceStates; got != before || len(s.VoiceConns()) != 0 || held(sess) != 0 || gateway.Sent()["VOICE_SERVER_UPDATE"] != 1 {
				t.Errorf("%d voice states, %d connections, %d in discordgo's map; %d VOICE_SERVER_UPDATE",
					got, len(s.VoiceConns()), held(sess), gateway.Sent()["VOICE_SERVER_UPDATE"])
			}
		})
	}
}

// TestVoiceMovedOut: another user disconnects the bot.
func TestVoiceMovedOut(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newServer(t)
	sess := newSession(t, s, 0, 1)
	open(t, s, sess)
	guild := s.Guilds()[0]
	vc, c := join(t, s, sess, guild)
	if err := s.VoiceState(guild, s.BotID(), ""); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitClosed(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if code, byClient := c.CloseStatus(); code != 4014 || byClient {
		t.Errorf("it was closed with %d, by the client: %t", code, byClient)
	}
	// discordgo waits 5 s for a VOICE_SERVER_UPDATE, and then gives up.
	eventually(t, "discordgo forgets the connection", func() bool { return held(sess) == 0 && !speaks(vc) })
	if len(s.VoiceConns()) != 0 {
		t.Error("it has come back")
	}
}

// TestVoiceAgainWhenMoved: another user moves the bot to another channel.
func TestVoiceAgainWhenMoved(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	again(t)
	t.Parallel()
	s := newServer(t)
	sess := newSession(t, s, 0, 1)
	open(t, s, sess)
	guild := s.Guilds()[0]
	vc, c := join(t, s, sess, guild)
	other := s.NewID(time.Now())
	if err := s.VoiceState(guild, s.BotID(), other); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitClosed(testContext(t)); err != nil {
		t.Fatal(err)
	}
	moved, err := s.WaitVoice(testContext(t), guild)
	if err != nil {
		t.Fatal(err)
	}
	if code, _ := c.CloseStatus(); code != 4014 || moved == c || moved.ChannelID() != other {
		t.Errorf("the first was closed with %d, the one there is now is in channel %s", code, moved.ChannelID())
	}
	eventually(t, "discordgo is ready", func() bool { return speaks(vc) && held(sess) == 1 })
	if err := vc.Disconnect(); err != nil {
		t.Fatal(err)
	}
}

// TestVoiceAgainWhenClosed: discordgo reconnects.
func TestVoiceAgainWhenClosed(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	again(t)
	t.Parallel()
	for name, end := range map[string]func(*discordtest.VoiceConn) error{
		"4015": func(c *discordtest.VoiceConn) error { return c.CloseCode(4015, "Voice server crashed.") },
		"drop": func(c *discordtest.VoiceConn) error { return c.Drop() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			sess := newSession(t, s, 0, 1)
			gateway := open(t, s, sess)
			guild := s.Guilds()[0]
			vc, c := join(t, s, sess, guild)
			if err := end(c); err != nil {
				t.Fatal(err)
			}
			if err := end(c); !errors.Is(err, discordtest.ErrVoiceClosed) {
				t.Errorf("ending it again: %v", err)
			}
			if err := c.WaitClosed(testContext(t)); err != nil {
				t.Fatal(err)
			}
			if code, byClient := c.CloseStatus(); byClient || fmt.Sprint(code) != name && (name != "drop" || code != 0) {
				t.Errorf("it was closed with %d, by the client: %t", code, byClient)
			}
			again, err := s.WaitVoice(testContext(t), guild)
			if err != nil {
				t.Fatal(err)
			}
			eventually(t, "discordgo is ready", func() bool { return speaks(vc) })
			if again == c || gateway.Sent()["VOICE_SERVER_UPDATE"] != 2 {
				t.Errorf("the same connection: %t, and %d VOICE_SERVER_UPDATE", again == c, gateway.Sent()["VOICE_SERVER_UPDATE"])
			}
			settleVoice(t, vc)
			if err := vc.Disconnect(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// settleVoice waits until discordgo's reconnect has noticed that it is complete: it
// checks once a second, and would treat a Disconnect as another disconnection.
func settleVoice(t *testing.T, vc *discordgo.VoiceConnection) {
	t.Helper()
	at := reflect.ValueOf(vc).Elem().FieldByName("reconnecting")
	eventually(t, "discordgo's reconnect is over", func() bool {
		vc.RLock()
		defer vc.RUnlock()
		return !at.Bool()
	})
}

// TestVoiceRefused: discordgo retries until it is accepted.
func TestVoiceRefused(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newServer(t)
	s.BehaveVoice(discordtest.VoiceBehavior{CloseOnIdentify: 4017})
	sess := newSession(t, s, 0, 1)
	gateway := open(t, s, sess)
	guild := s.Guilds()[0]
	joined := make(chan error, 1)
	go func() {
		_, err := sess.ChannelVoiceJoin(guild, s.VoiceChannel(guild), false, true)
		joined <- err
	}()
	if err := gateway.WaitReceived(testContext(t), 4, 2); err != nil {
		t.Fatalf("discordgo does not try again: %v", err)
	}
	s.BehaveVoice(discordtest.VoiceBehavior{})
	if err := <-joined; err != nil {
		t.Logf("discordgo goes on by itself after %v", err)
	}
	sess.RLock()
	vc := sess.VoiceConnections[guild]
	sess.RUnlock()
	t.Cleanup(func() { _ = vc.Disconnect() })
	long, cancel := context.WithTimeout(t.Context(), 3*deadline) // in case it needs more attempts
	defer cancel()
	if _, err := s.WaitVoice(long, guild); err != nil {
		t.Fatal(err)
	}
	eventually(t, "discordgo is ready", func() bool { return speaks(vc) })
	settleVoice(t, vc)
}

// TestVoiceFull: there is no answer, and discordgo stops trying after 11 s. It keeps
// the connection in its map.
func TestVoiceFull(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newServer(t)
	s.BehaveVoice(discordtest.VoiceBehavior{Full: true})
	sess := newSession(t, s, 0, 1)
	gateway := open(t, s, sess)
	guild := s.Guilds()[0]
	vc, err := sess.ChannelVoiceJoin(guild, s.VoiceChannel(guild), false, true)
	if err == nil {
		t.Fatal("it has joined")
	}
	if sent := gateway.Sent(); sent["VOICE_STATE_UPDATE"]+sent["VOICE_SERVER_UPDATE"] != 0 || speaks(vc) || held(sess) != 1 {
		t.Errorf("sent %v; speaks: %t, %d in discordgo's map", sent, speaks(vc), held(sess))
	}
}

// TestVoiceDiscoveryIsHeldBack: discordgo holds its VoiceConnection's lock while it
// waits.
func TestVoiceDiscoveryIsHeldBack(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newServer(t)
	s.BehaveVoice(discordtest.VoiceBehavior{NoDiscovery: true})
	sess := newSession(t, s, 0, 1)
	open(t, s, sess)
	guild := s.Guilds()[0]
	joined := make(chan error, 1)
	go func() {
		_, err := sess.ChannelVoiceJoin(guild, s.VoiceChannel(guild), false, true)
		joined <- err
	}()
	eventually(t, "a heartbeat, which comes with the discovery", func() bool {
		conns := s.VoiceConns()
		return len(conns) == 1 && conns[0].Received()[3] > 0
	})
	sess.RLock()
	vc := sess.VoiceConnections[guild]
	sess.RUnlock()
	eventually(t, "discordgo holds the lock", func() bool {
		free := vc.TryRLock()
		if free {
			vc.RUnlock()
		}
		return !free
	})
	s.BehaveVoice(discordtest.VoiceBehavior{})
	if err := <-joined; err != nil {
		t.Fatal(err)
	}
	if err := vc.Disconnect(); err != nil {
		t.Fatal(err)
	}
}

// A rawVoice has what a client needs to connect to the voice server.
type rawVoice struct {
	t        *testing.T
	srv      *discordtest.Server
	gateway  *rawClient
	guild    string
	session  string
	token    string
	endpoint string
}

// rawJoin joins the voice channel of a guild with a plain client.
func rawJoin(t *testing.T, s *discordtest.Server) *rawVoice {
	t.Helper()
	v := &rawVoice{t: t, srv: s, gateway: dialGateway(t, s), guild: s.Guilds()[0]}
	v.gateway.send(`{"op":2,"d":{"token":"t","intents":129,"properties":{"os":"test"}}}`)
	var hello struct {
		SessionID string `json:"session_id"`
	}
	v.unmarshal(v.gateway.waitOp(0), &hello)
	v.send(s.VoiceChannel(v.guild))
	v.token, v.endpoint = v.serverUpdate()
	v.session = hello.SessionID
	return v
}

func (v *rawVoice) unmarshal(data json.RawMessage, into any) {
	v.t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		v.t.Fatal(err)
	}
}

// send sends op 4.
func (v *rawVoice) send(channel string) {
	v.gateway.send(fmt.Sprintf(`{"op":4,"d":{"guild_id":%q,"channel_id":%q,"self_mute":false,"self_deaf":false}}`, v.guild, channel))
}

// serverUpdate reads until a VOICE_SERVER_UPDATE arrives.
func (v *rawVoice) serverUpdate() (token, endpoint string) {
	v.t.Helper()
	for {
		var p struct {
			GuildID  string `json:"guild_id"`
			Token    string `json:"token"`
			Endpoint string `json:"endpoint"`
		}
		v.unmarshal(v.gateway.waitOp(0), &p)
		if p.Endpoint != "" {
			if p.GuildID != v.guild {
				v.t.Errorf("a VOICE_SERVER_UPDATE of guild %q, want %q", p.GuildID, v.guild)
			}
			return p.Token, p.Endpoint
		}
	}
}

// dial connects to the voice server, as discordgo does.
func (v *rawVoice) dial(query string) *rawClient {
	v.t.Helper()
	ws, resp, err := newSession(v.t, v.srv, 0, 1).Dialer.Dial("wss://"+v.endpoint+query, nil)
	if err != nil {
		v.t.Fatalf("dialing the voice server: %v", err)
	}
	_ = resp.Body.Close()
	v.t.Cleanup(func() { _ = ws.Close() })
	_ = ws.SetReadDeadline(time.Now().Add(deadline))
	return &rawClient{t: v.t, ws: ws, seen: map[int]int{}}
}

func (v *rawVoice) identify() string {
	return fmt.Sprintf(`{"op":0,"d":{"server_id":%q,"user_id":%q,"session_id":%q,"token":%q}}`, v.guild, v.srv.BotID(), v.session, v.token)
}

// connect identifies and returns the contents of READY.
func (v *rawVoice) connect() (c *rawClient, ssrc uint32, udp string) {
	v.t.Helper()
	c = v.dial("")
	c.send(v.identify())
	var hello struct {
		SSRC     uint32   `json:"ssrc"`
		IP       string   `json:"ip"`
		Port     int      `json:"port"`
		Modes    []string `json:"modes"`
		Interval int      `json:"heartbeat_interval"`
	}
	v.unmarshal(c.waitOp(2), &hello)
	if hello.Interval != 41250 || !slices.Contains(hello.Modes, "aead_aes256_gcm_rtpsize") {
		v.t.Errorf("READY is %+v", hello)
	}
	return c, hello.SSRC, fmt.Sprintf("%s:%d", hello.IP, hello.Port)
}

// TestVoiceWire: what a client receives at each step.
func TestVoiceWire(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	v := rawJoin(t, s)
	c := v.dial("?v=1")
	_, hello, err := c.ws.ReadMessage()
	if err != nil || string(hello) != `{"heartbeat_interval":41250}` {
		t.Errorf("HELLO is %s, %v", hello, err)
	}
	c, ssrc, udp := v.connect()
	c.send(`{"op":3,"d":1501184119561}`)
	if ack := c.waitOp(3); string(ack) != "1501184119561" {
		t.Errorf("the answer to a heartbeat is %s", ack)
	}

	conn, err := net.Dial("udp", udp)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(deadline))
	request := make([]byte, 74)
	binary.BigEndian.PutUint16(request, 1)
	binary.BigEndian.PutUint16(request[2:], 70)
	for _, packet := range [][]byte{
		request,                   // of an unknown client: no answer
		{1, 0, 0, 0, 0, 0, 0, 0},  // keeps a router's mapping alive
		request[:73], {0x80}, nil, // of the wrong length
	} {
		if _, err := conn.Write(packet); err != nil {
			t.Fatal(err)
		}
	}
	binary.BigEndian.PutUint32(request[4:], ssrc)
	if _, err := conn.Write(request); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 100)
	n, err := conn.Read(answer)
	if err != nil {
		t.Fatal(err)
	}
	local := conn.LocalAddr().(*net.UDPAddr) //nolint:forcetypeassert // of a UDP connection
	ip, _, _ := strings.Cut(string(answer[8:72]), "\x00")
	if n != 74 || binary.BigEndian.Uint16(answer) != 2 || binary.BigEndian.Uint16(answer[2:]) != 70 || binary.BigEndian.Uint32(answer[4:]) != ssrc ||
		ip != local.IP.String() || int(binary.BigEndian.Uint16(answer[72:])) != local.Port {
		t.Errorf("the discovery's answer is %d bytes, % x; the address is %v", n, answer[:n], local)
	}

	c.send(`{"op":1,"d":{"protocol":"udp","data":{"address":"127.0.0.1","port":1337,"mode":"aead_aes256_gcm_rtpsize"}}}`)
	var description struct {
		Mode string `json:"mode"`
		Key  []byte `json:"-"`
		Raw  []int  `json:"secret_key"`
	}
	v.unmarshal(c.waitOp(4), &description)
	if description.Mode != "aead_aes256_gcm_rtpsize" || len(description.Raw) != 32 {
		t.Errorf("the session description is %+v", description)
	}
	rtp := append([]byte{0x80, 0x78, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}, "not opus"...)
	binary.BigEndian.PutUint32(rtp[8:], ssrc)
	if _, err := conn.Write(rtp); err != nil {
		t.Fatal(err)
	}
	server, err := s.WaitVoice(testContext(t), v.guild)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.WaitPackets(testContext(t), 1); err != nil {
		t.Error(err)
	}
	if got, want := server.Received(), map[int]int{0: 1, 1: 1, 3: 1}; !maps.Equal(got, want) {
		t.Errorf("received %v, want %v", got, want)
	}

	// Joining the same channel again, while connected, only sends what changed about the
	// bot.
	sent := s.Conns()[0].Sent()
	v.gateway.send(fmt.Sprintf(`{"op":4,"d":{"guild_id":%q,"channel_id":%q,"self_mute":true,"self_deaf":false}}`, v.guild, s.VoiceChannel(v.guild)))
	var state struct {
		User string `json:"user_id"`
		Mute bool   `json:"self_mute"`
		Deaf bool   `json:"self_deaf"`
	}
	for state.User == "" { // the GUILD_CREATE may arrive late
		v.unmarshal(v.gateway.waitOp(0), &state)
	}
	v.gateway.send(`{"op":1,"d":1}`)
	v.gateway.waitOp(11) // the op 4 has been handled now
	now := s.Conns()[0].Sent()
	if !state.Mute || state.Deaf || now["VOICE_STATE_UPDATE"] != sent["VOICE_STATE_UPDATE"]+1 || now["VOICE_SERVER_UPDATE"] != 1 || !server.Ready() {
		t.Errorf("the voice state is %+v; sent %v, before %v", state, now, sent)
	}
	if text := fmt.Sprint(server.CloseCode(1<<16, "")); !strings.Contains(text, "65536") {
		t.Errorf("a close code that does not fit: %s", text)
	}
}

// TestVoiceStrictness: the close codes that Discord documents.
func TestVoiceStrictness(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newServer(t, discordtest.WithHeartbeatTimeout(time.Hour))
	v := rawJoin(t, s)
	protocol := func(protocol, mode, address string) string {
		return fmt.Sprintf(`{"op":1,"d":{"protocol":%q,"data":{"address":%q,"port":1337,"mode":%q}}}`, protocol, address, mode)
	}
	for name, tt := range map[string]struct {
		query      string
		identified bool
		send       string
		want       int
	}{
		"not JSON":                   {"", false, "{", 4002},
		"no op code":                 {"", false, `{"d":1}`, 4002},
		"too large":                  {"", false, `{"op":3,"d":` + strings.Repeat("1", 5000) + `}`, 4002},
		"an IDENTIFY of wrong types": {"", false, `{"op":0,"d":{"server_id":1}}`, 4002},
		"a heartbeat without nonce":  {"", false, `{"op":3,"d":{}}`, 4002},
		"an op code of the server's": {"", false, `{"op":2,"d":{}}`, 4001},
		"speaking before IDENTIFY":   {"", false, `{"op":5,"d":{"speaking":true}}`, 4003},
		"protocol before IDENTIFY":   {"", false, protocol("udp", "xsalsa20_poly1305", "127.0.0.1"), 4003},
		"another token":              {"", false, strings.Replace(v.identify(), v.token, "x", 1), 4004},
		"another session":            {"", false, strings.Replace(v.identify(), v.session, "x", 1), 4006},
		"another user":               {"", false, strings.Replace(v.identify(), s.BotID(), "1", 1), 4006},
		"another guild":              {"", false, strings.Replace(v.identify(), v.guild, "1", 1), 4011},
		"IDENTIFY twice":             {"", true, v.identify(), 4005},
		"another protocol":           {"", true, protocol("webrtc", "xsalsa20_poly1305", "127.0.0.1"), 4012},
		"another mode":               {"", true, protocol("udp", "plain", "127.0.0.1"), 4016},
		"no address":                 {"", true, protocol("udp", "xsalsa20_poly1305", "x"), 4020},
		"a protocol of wrong types":  {"", true, `{"op":1,"d":1}`, 4002},
		"RESUME":                     {"", false, `{"op":7,"d":{}}`, 4006},
		"another version":            {"?v=8", false, "", 4020},
		"what is refused":            {"", false, v.identify(), 4017},
	} {
		// One at a time: each IDENTIFY replaces the connection before.
		t.Run(name, func(t *testing.T) {
			if tt.want == 4017 {
				s.BehaveVoice(discordtest.VoiceBehavior{CloseOnIdentify: 4017})
				defer s.BehaveVoice(discordtest.VoiceBehavior{})
			}
			c := v.dial(tt.query)
			c.t = t
			if tt.identified {
				c.send(v.identify())
				c.waitOp(2)
			}
			if tt.send != "" {
				c.send(tt.send)
			}
			if got := c.readClose(); got != tt.want {
				t.Errorf("closed with %d, want %d", got, tt.want)
			}
		})
	}
	old, _, _ := v.connect()
	v.connect()
	if got := old.readClose(); got != 4006 {
		t.Errorf("the connection that another one took the place of was closed with %d, want 4006", got)
	}

	s = newServer(t, discordtest.WithHeartbeatTimeout(2*time.Second))
	s.Behave(discordtest.Behavior{NoHeartbeatTimeout: true}) // of the gateway
	v = rawJoin(t, s)
	silent := v.dial("")
	silent.send(v.identify())
	if got := silent.readClose(); got != 4009 {
		t.Errorf("the connection without heartbeats was closed with %d, want 4009", got)
	}
}

// TestVoiceIsIgnored: an invalid op 4 is not answered.
func TestVoiceIsIgnored(t *testing.T) {
	t.Parallel()
	s := newServer(t, discordtest.WithGuilds(2))
	guilds := s.Guilds()
	raw := dialGateway(t, s)
	raw.send(`{"op":2,"d":{"token":"t","intents":128,"shard":[0,2],"properties":{"os":"test"}}}`)
	raw.waitOp(0)
	c, err := s.WaitConn(testContext(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	mine, others := guilds[0], guilds[1]
	if shard(t, mine) != 0 {
		mine, others = others, mine
	}
	for n, p := range [][2]string{{"1", s.VoiceChannel(mine)}, {others, s.VoiceChannel(others)}, {mine, s.TextChannel(mine)}, {mine, s.VoiceChannel(others)}, {mine, ""}} {
		raw.send(fmt.Sprintf(`{"op":4,"d":{"guild_id":%q,"channel_id":%q}}`, p[0], p[1]))
		if err := c.WaitReceived(testContext(t), 4, n+1); err != nil {
			t.Fatal(err)
		}
	}
	raw.send(`{"op":1,"d":1}`)
	raw.waitOp(11) // the op 4s have been handled now
	if sent := c.Sent(); sent["VOICE_STATE_UPDATE"]+sent["VOICE_SERVER_UPDATE"] != 0 {
		t.Errorf("the answers are %v", sent)
	}
	raw.send(`{"op":4,"d":1}`)
	if got := raw.readClose(); got != 4002 {
		t.Errorf("op 4 of the wrong type: closed with %d", got)
	}
}

// shard returns the shard, of two, that a guild belongs to.
func shard(t *testing.T, guild string) int64 {
	t.Helper()
	id, err := strconv.ParseInt(guild, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return (id >> 22) % 2
}

// TestVoiceEnds: what removes the bot from voice, other than the bot itself.
func TestVoiceEnds(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *rawVoice){
		"somebody takes it out": func(t *testing.T, v *rawVoice) {
			if err := v.srv.VoiceState(v.guild, v.srv.BotID(), ""); err != nil {
				t.Fatal(err)
			}
		},
		"the bot leaves the guild": func(t *testing.T, v *rawVoice) {
			if err := v.srv.GuildLeave(v.guild); err != nil {
				t.Fatal(err)
			}
		},
		"its session is invalid": func(t *testing.T, v *rawVoice) {
			if err := v.srv.Conns()[0].InvalidSession(false); err != nil {
				t.Fatal(err)
			}
		},
		"it closes the gateway": func(_ *testing.T, v *rawVoice) {
			_ = v.gateway.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second))
		},
		"it leaves, and does not close": func(_ *testing.T, v *rawVoice) {
			v.gateway.send(fmt.Sprintf(`{"op":4,"d":{"guild_id":%q,"channel_id":null}}`, v.guild))
		},
		"another session joins": func(t *testing.T, v *rawVoice) { rawJoin(t, v.srv) },
		"the server closes":     func(_ *testing.T, v *rawVoice) { _ = v.srv.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := rawJoin(t, newServer(t))
			c, _, _ := v.connect()
			end(t, v)
			if got := c.readClose(); got != 4014 {
				t.Errorf("closed with %d, want 4014", got)
			}
			_ = c.ws.Close()
			if name == "the server closes" {
				return
			}
			again := v.dial("")
			again.send(v.identify())
			if got := again.readClose(); got != 4006 && got != 4011 {
				t.Errorf("what was the token, the voice server answers with %d", got)
			}
		})
	}
	// A gateway connection that ends and can be resumed changes nothing.
	v := rawJoin(t, newServer(t))
	c, _, _ := v.connect()
	if err := v.srv.Conns()[0].Drop(); err != nil {
		t.Fatal(err)
	}
	c.send(`{"op":3,"d":1}`)
	c.waitOp(3)
}

// TestVoiceChannelChange: the bot changes the channel itself, back from one that it was
// moved to.
func TestVoiceChannelChange(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newServer(t)
	v := rawJoin(t, s)
	first, _, _ := v.connect()
	if err := s.VoiceState(v.guild, s.BotID(), "77"); err != nil {
		t.Fatal(err)
	}
	if got := first.readClose(); got != 4014 {
		t.Errorf("closed with %d, want 4014", got)
	}
	_ = first.ws.Close()
	old := v.token
	if v.token, _ = v.serverUpdate(); v.token == old {
		t.Error("the token is the same")
	}
	second, _, _ := v.connect()
	v.send(s.VoiceChannel(v.guild))
	if again, _ := v.serverUpdate(); again == v.token {
		t.Error("the token is the same")
	}
	second.send(`{"op":3,"d":1}`) // ignored for a while
	second.waitOp(3)
	if got := second.readClose(); got != 4014 {
		t.Errorf("closed with %d, want 4014", got)
	}
}
