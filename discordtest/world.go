package discordtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"
)

// The initial objects of every guild.
const (
	textChannels  = 3
	voiceChannels = 1
	categories    = 1
	threads       = 1
	roles         = 3 // @everyone included
	emojis        = 2
	stickers      = 1
	voiceMembers  = 1 // if there are members besides the bot
)

// world is the state of the fake Discord: the guilds.
type world struct {
	members int

	mu     sync.RWMutex
	guilds []*guild // in order of creation
	byID   map[int64]*guild
	next   int
}

// guild is one guild. Its members are the bot and the ordinals from first to last-1:
// a new member gets the next ordinal, and the oldest member leaves first. So members
// can be listed at any time without being stored.
type guild struct {
	world *world
	index int
	id    int64

	// mu is held during a change and while its event is passed to the sessions, so
	// that a GUILD_CREATE and the events around it are consistent. It is locked
	// before a session's mu, never while that is held.
	mu          sync.Mutex
	name        string
	first, last int
	unavailable bool
	gone        bool
	voice       map[string]string // user id → channel id
	call        *call             // of the bot, if it has joined; see voice.go
}

func newWorld(guilds, members int) *world {
	w := &world{members: members, byID: make(map[int64]*guild, guilds)}
	for range guilds {
		w.add()
	}
	return w
}

func (w *world) add() *guild {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := &guild{world: w, index: w.next, id: guildNumberID(w.next), last: w.members - 1, voice: map[string]string{}}
	g.name = "Guild " + strconv.Itoa(g.index)
	for i := range min(voiceMembers, g.last) {
		g.voice[memberID(g.index, i)] = g.voiceChannel()
	}
	w.next++
	w.guilds = append(w.guilds, g)
	w.byID[g.id] = g
	return g
}

func (w *world) remove(g *guild) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.byID, g.id)
	w.guilds = slices.DeleteFunc(w.guilds, func(o *guild) bool { return o == g })
}

func (w *world) count() int {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return len(w.guilds)
}

func (w *world) all() []*guild {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return slices.Clone(w.guilds)
}

func (w *world) ofShard(shard, shards int) []*guild {
	return slices.DeleteFunc(w.all(), func(g *guild) bool { return shardOf(g.id, shards) != shard })
}

func (w *world) find(id string) *guild {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil
	}
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.byID[n]
}

func (w *world) byIndex(i int) *guild {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if i < 0 || i >= len(w.guilds) {
		return nil
	}
	return w.guilds[i]
}

func (g *guild) idString() string { return strconv.FormatInt(g.id, 10) }
func (g *guild) textChannel(n int) string {
	return objectID(g.id, kindChannel, categories+n%textChannels)
}

func (g *guild) voiceChannel() string { return objectID(g.id, kindChannel, categories+textChannels) }

// memberCount returns the number of members, including the bot. g.mu is held.
func (g *guild) memberCount() int { return g.last - g.first + 1 }

// create sends GUILD_CREATE to one session, unless the guild is unavailable or
// deleted.
func (g *guild) create(sess *session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.unavailable || g.gone {
		return
	}
	_, _ = sess.dispatch("GUILD_CREATE", g.payload(sess.intents, sess.identify.LargeThreshold, false))
}

// tell sends an event to every session of the guild and returns how many accepted
// it. g.mu is held.
func (s *Server) tell(g *guild, eventType string, data any) (sent int, err error) {
	raw, err := encode(data)
	if err != nil {
		return 0, err
	}
	for _, sess := range s.sessionsOf(g) {
		if ok, _ := sess.dispatch(eventType, raw); ok {
			sent++
		}
	}
	return sent, nil
}

// withGuild calls f with the guild locked.
func (s *Server) withGuild(id string, f func(*guild) error) error {
	g := s.world.find(id)
	if g == nil {
		return fmt.Errorf("discordtest: the bot is not in a guild %q", id)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return f(g)
}

// Guilds returns the ids of the guilds that the bot is in.
func (s *Server) Guilds() []string {
	all := s.world.all()
	ids := make([]string, len(all))
	for i, g := range all {
		ids[i] = g.idString()
	}
	return ids
}

// TextChannel returns the id of a guild's text channel, the same at each call, or ""
// if the bot is not in the guild.
func (s *Server) TextChannel(guildID string) string {
	if g := s.world.find(guildID); g != nil {
		return g.textChannel(0)
	}
	return ""
}

// VoiceChannel returns the id of a guild's voice channel, or "" if the bot is not in
// the guild.
func (s *Server) VoiceChannel(guildID string) string {
	if g := s.world.find(guildID); g != nil {
		return g.voiceChannel()
	}
	return ""
}

// BotID returns the bot's user id.
func (s *Server) BotID() string { return botID }

// ApplicationID returns the id of the bot's application.
func (s *Server) ApplicationID() string { return appID }

// GuildOutage makes a guild unavailable and sends GUILD_DELETE with unavailable:true.
// During the outage there is no GUILD_CREATE for the guild after READY.
func (s *Server) GuildOutage(guildID string) error {
	return s.withGuild(guildID, func(g *guild) error {
		if g.unavailable {
			return nil
		}
		g.unavailable = true
		_, err := s.tell(g, "GUILD_DELETE", unavailableGuild{ID: g.idString(), Unavailable: true})
		return err
	})
}

// GuildRecover ends an outage with a GUILD_CREATE.
func (s *Server) GuildRecover(guildID string) error {
	return s.withGuild(guildID, func(g *guild) error {
		if !g.unavailable {
			return nil
		}
		g.unavailable = false
		return s.tellCreate(g, false)
	})
}

// tellCreate sends GUILD_CREATE to all sessions. g.mu is held.
func (s *Server) tellCreate(g *guild, joined bool) error {
	for _, sess := range s.sessionsOf(g) {
		if _, err := sess.dispatch("GUILD_CREATE", g.payload(sess.intents, sess.identify.LargeThreshold, joined)); err != nil {
			return err
		}
	}
	return nil
}

// GuildJoin makes the bot join a new guild, with a GUILD_CREATE without unavailable, and
// returns its id.
func (s *Server) GuildJoin() (guildID string, err error) {
	g := s.world.add()
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.idString(), s.tellCreate(g, true)
}

// GuildLeave makes the bot leave a guild, with a GUILD_DELETE without unavailable.
func (s *Server) GuildLeave(guildID string) error {
	return s.withGuild(guildID, func(g *guild) error {
		g.gone = true
		s.world.remove(g)
		s.endCall(g.call, true)
		g.call = nil
		_, err := s.tell(g, "GUILD_DELETE", map[string]string{"id": g.idString()})
		return err
	})
}

// MemberAdd adds a new user to a guild, sends GUILD_MEMBER_ADD, and returns the
// user's id.
func (s *Server) MemberAdd(guildID string) (userID string, err error) {
	err = s.withGuild(guildID, func(g *guild) error {
		userID, _, err = s.memberAdd(g)
		return err
	})
	return userID, err
}

func (s *Server) memberAdd(g *guild) (userID string, sent int, err error) {
	ordinal := g.last
	g.last++
	m := g.member(ordinal)
	m.GuildID = g.idString()
	sent, err = s.tell(g, "GUILD_MEMBER_ADD", m)
	return m.User.ID, sent, err
}

// MemberRemove removes the longest-standing member except the bot from a guild, sends
// GUILD_MEMBER_REMOVE, and returns the user's id.
func (s *Server) MemberRemove(guildID string) (userID string, err error) {
	err = s.withGuild(guildID, func(g *guild) error {
		userID, _, err = s.memberRemove(g)
		return err
	})
	return userID, err
}

func (s *Server) memberRemove(g *guild) (userID string, sent int, err error) {
	if g.first >= g.last {
		return "", 0, fmt.Errorf("discordtest: guild %s has no member left but the bot", g.idString())
	}
	u := g.user(g.first)
	g.first++
	delete(g.voice, u.ID)
	sent, err = s.tell(g, "GUILD_MEMBER_REMOVE", map[string]any{"guild_id": g.idString(), "user": u})
	return u.ID, sent, err
}

// VoiceState moves a user to a voice channel or, with an empty channelID, out of
// voice, and sends VOICE_STATE_UPDATE. If the user is the bot, its voice connection is
// closed with 4014; if it is moved, a VOICE_SERVER_UPDATE follows.
func (s *Server) VoiceState(guildID, userID, channelID string) error {
	return s.withGuild(guildID, func(g *guild) error {
		if userID == botID {
			return s.moveBot(g, channelID)
		}
		_, err := s.voiceUpdate(g, userID, channelID)
		return err
	})
}

func (s *Server) voiceUpdate(g *guild, userID, channelID string) (sent int, err error) {
	if channelID == "" {
		delete(g.voice, userID)
	} else {
		g.voice[userID] = channelID
	}
	return s.tell(g, "VOICE_STATE_UPDATE", g.voiceState(userID, channelID))
}

// A Census counts the objects in the state of a session that tracks everything, with
// every intent, after all GUILD_CREATEs have arrived.
type Census struct {
	Guilds      int // available ones
	Unavailable int // in an outage
	// Members is the sum of member_count. All fields except Guilds and Unavailable
	// count in available guilds only.
	Members     int
	Channels    int
	Threads     int
	Roles       int
	Emojis      int
	Stickers    int
	VoiceStates int
	Presences   int
}

// Census counts in the guilds of one shard; with shard 0 of 1, in all guilds.
func (s *Server) Census(shard, shardCount int) Census {
	var c Census
	if shardCount < 1 {
		return c
	}
	for _, g := range s.world.ofShard(shard, shardCount) {
		g.mu.Lock()
		if g.unavailable {
			c.Unavailable++
		} else {
			c.Guilds++
			c.Members += g.memberCount()
			c.Channels += categories + textChannels + voiceChannels
			c.Threads += threads
			c.Roles += roles
			c.Emojis += emojis
			c.Stickers += stickers
			c.VoiceStates += len(g.voice)
			for o := g.first; o < g.last; o++ {
				if online(o) {
					c.Presences++
				}
			}
		}
		g.mu.Unlock()
	}
	return c
}

func online(ordinal int) bool { return ordinal%3 == 0 }

// chunkSize is the number of members per GUILD_MEMBERS_CHUNK, as at Discord.
const chunkSize = 1000

// requestMembers answers op 8 with GUILD_MEMBERS_CHUNKs.
func (c *Conn) requestMembers(d json.RawMessage) {
	var p struct {
		GuildID json.RawMessage `json:"guild_id"`
		Query   *string         `json:"query"`
		Limit   int             `json:"limit"`
		UserIDs json.RawMessage `json:"user_ids"`
		Nonce   string          `json:"nonce"`
	}
	if json.Unmarshal(d, &p) != nil {
		_ = c.CloseCode(4002, "Error while decoding payload.")
		return
	}
	sess := c.sess()
	if sess == nil {
		return
	}
	for _, id := range oneOrMany(p.GuildID) {
		_ = c.server.withGuild(id, func(g *guild) error {
			members := []member{g.botMember()}
			for o := g.first; o < g.last; o++ {
				members = append(members, g.member(o))
			}
			if users := oneOrMany(p.UserIDs); len(users) > 0 {
				members = slices.DeleteFunc(members, func(m member) bool { return !slices.Contains(users, m.User.ID) })
			} else if p.Limit > 0 && len(members) > p.Limit {
				members = members[:p.Limit]
			}
			count := max(1, (len(members)+chunkSize-1)/chunkSize)
			for i := range count {
				part := members[i*chunkSize : min((i+1)*chunkSize, len(members))]
				chunk := map[string]any{"guild_id": id, "members": part, "chunk_index": i, "chunk_count": count, "not_found": []string{}}
				if p.Nonce != "" {
					chunk["nonce"] = p.Nonce
				}
				raw, err := encode(chunk)
				if err != nil {
					return err
				}
				if _, err := sess.dispatch("GUILD_MEMBERS_CHUNK", raw); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// oneOrMany reads a string or a list of strings.
func oneOrMany(raw json.RawMessage) []string {
	var many []string
	if json.Unmarshal(raw, &many) == nil {
		return many
	}
	var one string
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return []string{one}
	}
	return nil
}

// voiceUsers returns the users in voice, sorted, so that payloads are deterministic.
// g.mu is held.
func (g *guild) voiceUsers() []string { return slices.Sorted(maps.Keys(g.voice)) }

// since returns the creation time in the guild's objects.
func (g *guild) since() string {
	return time.UnixMilli(g.id>>22 + discordEpoch).UTC().Format(time.RFC3339)
}
