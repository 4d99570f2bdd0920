package demo

import (
	"context"
	"errors"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"github.com/argus-dgo/argus/discordtest"
)

const (
	// encryptionRequired is the code with which Discord closes the voice connection
	// of a client that has no end-to-end encryption.
	encryptionRequired = 4017
	// speakEvery is how often the bot tries, in beats.
	speakEvery = 8
	// speakTimeout is far more than it takes.
	speakTimeout = 10 * time.Second
)

// voiceRefused has a process join a voice channel again and again, and be told
// each time that it lacks encryption. It speaks to the voice server itself, as a
// player beside discordgo does: where discordgo (v0.28.1 to v0.29.1) is refused it
// tries again without end, and panics if the gateway is gone by then.
func voiceRefused(ctx context.Context, st *stage) {
	session := st.clusters[0].sessions[0]
	guilds := st.guildsOf(session.ShardID)
	if len(guilds) == 0 {
		return
	}
	guild := guilds[0]
	st.server.BehaveVoice(discordtest.VoiceBehavior{CloseOnIdentify: encryptionRequired})
	servers := make(chan *discordgo.VoiceServerUpdate, 1)
	defer session.AddHandler(func(_ *discordgo.Session, u *discordgo.VoiceServerUpdate) {
		select {
		case servers <- u:
		default: // nobody waits for it any more
		}
	})()
	for told := false; st.wait(ctx, speakEvery); {
		if st.settled(session.ShardID) == nil {
			continue // it is just away
		}
		code := st.speak(ctx, session, guild, servers)
		if code != 0 && !told {
			st.tell("the bot joins a voice channel; the voice server closes each connection with code %d", code)
			told = true
		}
	}
}

// speak joins the guild's voice channel, identifies with the voice server, and
// leaves. It returns the code with which the server has closed the connection, 0
// where it did not come to that.
func (st *stage) speak(ctx context.Context, s *discordgo.Session, guild string, servers <-chan *discordgo.VoiceServerUpdate) (code int) {
	ctx, cancel := context.WithTimeout(ctx, speakTimeout)
	defer cancel()
	if s.ChannelVoiceJoinManual(guild, st.server.VoiceChannel(guild), false, true) != nil {
		return 0
	}
	defer func() {
		if st.settled(s.ShardID) != nil {
			_ = s.ChannelVoiceJoinManual(guild, "", false, true) // gone just now: it is out of voice all the same
		}
	}()
	var at *discordgo.VoiceServerUpdate
	select {
	case at = <-servers:
	case <-ctx.Done():
		return 0
	}
	conn, response, err := s.Dialer.DialContext(ctx, "wss://"+at.Endpoint, nil)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	s.State.RLock()
	identify := map[string]string{"server_id": guild, "user_id": s.State.User.ID, "session_id": s.State.SessionID, "token": at.Token}
	s.State.RUnlock()
	if conn.WriteJSON(map[string]any{"op": 0, "d": identify}) != nil {
		return 0
	}
	for err == nil {
		_, _, err = conn.ReadMessage()
	}
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
		return closed.Code
	}
	return 0
}
