package discordtest

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/gorilla/websocket"
)

// A VoiceBehavior says how the server treats a bot that joins voice. The zero value
// behaves like Discord. Set it with [Server.BehaveVoice].
type VoiceBehavior struct {
	// Full leaves an op 4 with a channel unanswered, as Discord does if the channel
	// is full.
	Full bool
	// CloseOnIdentify answers a voice connection's IDENTIFY with this close code.
	// Discord's 4017 refuses clients without end-to-end encryption, such as
	// discordgo (its issue 1697).
	CloseOnIdentify int
	// NoDiscovery delays the answer to an IP discovery until the next call of
	// BehaveVoice without it, or Close. discordgo holds the VoiceConnection's lock
	// in the meantime.
	NoDiscovery bool
}

// BehaveVoice sets how the server treats bots that join voice from now on. Ready
// voice connections are not affected: see [VoiceConn].
func (s *Server) BehaveVoice(b VoiceBehavior) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.voice.behavior = b
	s.notifyLocked()
}

func (s *Server) voiceBehavior() VoiceBehavior {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.voice.behavior
}

// VoiceConns returns the open voice connections, in order of arrival.
func (s *Server) VoiceConns() []*VoiceConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.voice.conns), func(c *VoiceConn) bool { return c.closed.Load() })
}

// WaitVoice waits for a guild's newest open voice connection whose handshake is
// complete, including the key for the audio, and returns it.
func (s *Server) WaitVoice(ctx context.Context, guildID string) (*VoiceConn, error) {
	var found *VoiceConn
	err := s.wait(ctx, "a voice connection of guild "+guildID, func() bool {
		for _, c := range slices.Backward(s.VoiceConns()) {
			if c.Ready() && c.GuildID() == guildID {
				found = c
				return true
			}
		}
		return false
	})
	return found, err
}

// voiceModes are the encryption modes that the voice server accepts: Discord's
// current ones, and the one that discordgo requested up to v0.29.0.
var voiceModes = []string{
	"aead_aes256_gcm_rtpsize", "aead_xchacha20_poly1305_rtpsize", "xsalsa20_poly1305_lite_rtpsize", "xsalsa20_poly1305",
}

// A voiceServer is the target of VOICE_SERVER_UPDATE: a WebSocket over TLS, and UDP.
type voiceServer struct {
	listener net.Listener
	http     *http.Server
	udp      *net.UDPConn

	// Guarded by Server.mu:
	behavior VoiceBehavior
	conns    []*VoiceConn
	lastSSRC uint32
}

// listenVoice makes the voice server, which does not serve yet.
func (s *Server) listenVoice(tc *tls.Config) error {
	ln, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("discordtest: listening for voice connections: %w", err)
	}
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		_ = ln.Close()
		return fmt.Errorf("discordtest: listening for voice packets: %w", err)
	}
	s.voice.listener, s.voice.udp = tls.NewListener(ln, tc), udp
	s.voice.http = &http.Server{
		Handler:           http.HandlerFunc(s.serveVoice),
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // as for the gateway
	}
	return nil
}

func (s *Server) runVoice() {
	s.wg.Go(func() { _ = s.voice.http.Serve(s.voice.listener) })
	s.wg.Go(s.hearVoice)
}

// closeVoice ends the voice server with 4014. After other codes discordgo would try
// to reconnect, here without end.
func (s *Server) closeVoice() {
	for _, c := range s.VoiceConns() {
		c.shutdown()
	}
	_ = s.voice.http.Close()
	_ = s.voice.udp.Close()
}

// An IP discovery, from
// https://discord.com/developers/docs/topics/voice-connections#ip-discovery.
const (
	discoverySize     = 74
	discoveryRequest  = 1
	discoveryResponse = 2
	discoveryLength   = discoverySize - 4 // without type and length
	rtpHeaderSize     = 12
)

// hearVoice reads UDP packets: IP discoveries, audio, and packets that keep a
// router's mapping alive, which get no answer.
func (s *Server) hearVoice() {
	buf := make([]byte, 2048)
	for {
		n, from, err := s.voice.udp.ReadFromUDPAddrPort(buf)
		if err != nil {
			select {
			case <-s.closing:
				return
			default:
				continue // an earlier answer reached a closed port
			}
		}
		p := buf[:n]
		switch {
		case n == discoverySize && binary.BigEndian.Uint16(p) == discoveryRequest && binary.BigEndian.Uint16(p[2:]) == discoveryLength:
			ssrc := binary.BigEndian.Uint32(p[4:])
			if s.voiceConnWith(ssrc) == nil {
				continue
			}
			answer := make([]byte, discoverySize)
			binary.BigEndian.PutUint16(answer, discoveryResponse)
			binary.BigEndian.PutUint16(answer[2:], discoveryLength)
			binary.BigEndian.PutUint32(answer[4:], ssrc)
			copy(answer[8:], from.Addr().Unmap().String())
			binary.BigEndian.PutUint16(answer[discoverySize-2:], from.Port())
			s.run(func() {
				// Answer also when the server closes, so that the client continues.
				_ = s.wait(context.Background(), "discovery", func() bool { return !s.voiceBehavior().NoDiscovery })
				_, _ = s.voice.udp.WriteToUDPAddrPort(answer, from)
			})
		case n >= rtpHeaderSize && p[0]>>6 == 2: // RTP's version
			if c := s.voiceConnWith(binary.BigEndian.Uint32(p[8:])); c != nil {
				c.packets.Add(1)
				s.notify()
			}
		}
	}
}

func (s *Server) voiceConnWith(ssrc uint32) *VoiceConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.voice.conns {
		if c.call != nil && c.ssrc == ssrc {
			return c
		}
	}
	return nil
}

// A call is the bot's stay in a voice channel. VOICE_SERVER_UPDATE lets a client
// connect to it.
type call struct {
	session            *session // that joined
	channelID          string
	token              string
	selfMute, selfDeaf bool
	over               bool // guarded by Server.mu
}

// newCall makes a call. A test can recognize its token if it leaks.
func newCall(sess *session, channelID string) *call {
	sess.spoke.Store(true)
	return &call{session: sess, channelID: channelID, token: "voice.not-a-secret." + rand.Text()}
}

// voiceState answers op 4: the bot joins, leaves or changes a voice channel, or mutes
// itself. Invalid requests are ignored, as at Discord.
func (c *Conn) voiceState(d json.RawMessage) {
	var p struct {
		GuildID   string  `json:"guild_id"`
		ChannelID *string `json:"channel_id"`
		SelfMute  bool    `json:"self_mute"`
		SelfDeaf  bool    `json:"self_deaf"`
	}
	if json.Unmarshal(d, &p) != nil {
		_ = c.CloseCode(4002, "Error while decoding payload.")
		return
	}
	s, sess := c.server, c.sess()
	_ = s.withGuild(p.GuildID, func(g *guild) error {
		here, in := g.voice[botID] // it may have been moved there
		switch {
		case sess == nil || shardOf(g.id, sess.shardCount) != sess.shard || g.unavailable:
			return nil
		case p.ChannelID == nil:
			return s.leaveVoice(g, false)
		case *p.ChannelID != g.voiceChannel() && (!in || *p.ChannelID != here), s.voiceBehavior().Full:
			return nil
		}
		old := g.call
		stays := old != nil && old.session == sess && old.channelID == *p.ChannelID && s.connected(old)
		if !stays {
			g.call = newCall(sess, *p.ChannelID)
		}
		g.call.selfMute, g.call.selfDeaf = p.SelfMute, p.SelfDeaf
		if _, err := s.voiceUpdate(g, botID, *p.ChannelID); err != nil || stays {
			return err
		}
		s.endCall(old, old != nil && old.session != sess)
		return s.sendVoiceServer(g)
	})
}

// sendVoiceServer tells the session of the guild's call where to connect. g.mu is
// held.
func (s *Server) sendVoiceServer(g *guild) error {
	raw, err := encode(map[string]string{
		"token": g.call.token, "guild_id": g.idString(), "endpoint": s.voice.listener.Addr().String(),
	})
	if err == nil {
		_, err = g.call.session.dispatch("VOICE_SERVER_UPDATE", raw)
	}
	return err
}

// movePause is the time between the end of a voice connection and the offer of the next
// one, when another user moves the bot.
const movePause = 250 * time.Millisecond

// moveBot moves the bot as another user would or, with an empty channelID, removes
// it from voice. g.mu is held.
func (s *Server) moveBot(g *guild, channelID string) error {
	old := g.call
	switch {
	case channelID == "":
		return s.leaveVoice(g, true)
	case old == nil || old.channelID == channelID:
		_, err := s.voiceUpdate(g, botID, channelID)
		return err
	}
	moved := newCall(old.session, channelID)
	moved.selfMute, moved.selfDeaf = old.selfMute, old.selfDeaf
	g.call = moved
	if _, err := s.voiceUpdate(g, botID, channelID); err != nil {
		return err
	}
	gone := s.endCall(old, true)
	// If discordgo (v0.28.1 to v0.29.1) handles 4014 and the new voice server at once, it
	// may lose the new connection, or panic. After its close frame, which ends the old
	// one here, it still has to forget that.
	s.run(func() {
		for _, c := range gone {
			<-c.done // closeGrace limits the wait
		}
		waitDone(s, nil, movePause)
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.call == moved {
			_ = s.sendVoiceServer(g)
		}
	})
	return nil
}

// leaveVoice ends the bot's call. g.mu is held.
func (s *Server) leaveVoice(g *guild, byOther bool) error {
	old := g.call
	_, err := s.voiceUpdate(g, botID, "")
	g.call = nil
	s.endCall(old, byOther)
	return err
}

// endCall closes the connections of a call with 4014 and returns them. A client that
// left by itself first gets closeGrace to close them.
func (s *Server) endCall(old *call, byOther bool) []*VoiceConn {
	if old == nil {
		return nil
	}
	var conns []*VoiceConn
	s.mu.Lock()
	old.over = true
	for _, c := range s.voice.conns {
		if c.call == old {
			conns = append(conns, c)
		}
	}
	s.mu.Unlock()
	for _, c := range conns {
		if byOther {
			_ = c.CloseCode(4014, "Disconnected.")
			continue
		}
		s.run(func() {
			if waitDone(s, c.done, closeGrace) {
				_ = c.CloseCode(4014, "Disconnected.")
			}
		})
	}
	return conns
}

// waitDone waits for done and returns true if it is still open after most.
func waitDone(s *Server, done <-chan struct{}, most time.Duration) (still bool) {
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-done:
	case <-s.closing:
	}
	return false
}

// connected reports whether a client is connected to a call.
func (s *Server) connected(of *call) bool {
	return slices.ContainsFunc(s.VoiceConns(), func(c *VoiceConn) bool { return c.callOf() == of })
}

// dropVoice ends the calls of a session that has ended.
func (s *Server) dropVoice(sess *session) {
	for _, g := range s.world.ofShard(sess.shard, sess.shardCount) {
		g.mu.Lock()
		if g.call != nil && g.call.session == sess {
			_ = s.leaveVoice(g, true)
		}
		g.mu.Unlock()
	}
}

func (s *Server) serveVoice(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		http.Error(w, "closing", http.StatusServiceUnavailable)
		return
	}
	defer s.wg.Done()
	if !websocket.IsWebSocketUpgrade(r) {
		s.date(w.Header())
		http.NotFound(w, r)
		return
	}
	ws, err := s.up.Upgrade(w, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	c := &VoiceConn{server: s, ws: ws, done: make(chan struct{}), received: map[int]int{}}
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.voice.conns = append(s.voice.conns, c)
	}
	s.mu.Unlock()
	if closed {
		_ = ws.Close()
		return
	}
	c.greet(r.URL.Query().Get("v"))
	c.read()
	c.end()
}
