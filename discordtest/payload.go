package discordtest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/bwmarrin/discordgo"
)

func setIntents(id *Identify, bits int64) { id.Intents = discordgo.Intent(bits) }

// The objects below have the fields of Discord's that its documentation says are
// always present.

type user struct {
	ID            string  `json:"id"`
	Username      string  `json:"username"`
	Discriminator string  `json:"discriminator"`
	GlobalName    *string `json:"global_name"`
	Avatar        *string `json:"avatar"`
	Bot           bool    `json:"bot,omitempty"`
	PublicFlags   int     `json:"public_flags"`
}

type member struct {
	GuildID  string   `json:"guild_id,omitempty"`
	User     *user    `json:"user,omitempty"`
	Nick     *string  `json:"nick"`
	Avatar   *string  `json:"avatar"`
	Roles    []string `json:"roles"`
	JoinedAt string   `json:"joined_at"`
	Deaf     bool     `json:"deaf"`
	Mute     bool     `json:"mute"`
	Pending  bool     `json:"pending"`
	Flags    int      `json:"flags"`
}

type channel struct {
	ID                   string          `json:"id"`
	Type                 int             `json:"type"`
	GuildID              string          `json:"guild_id,omitempty"`
	Name                 string          `json:"name"`
	Position             int             `json:"position"`
	ParentID             *string         `json:"parent_id"`
	Topic                *string         `json:"topic"`
	NSFW                 bool            `json:"nsfw"`
	LastMessageID        *string         `json:"last_message_id"`
	RateLimitPerUser     int             `json:"rate_limit_per_user"`
	Bitrate              int             `json:"bitrate,omitempty"`
	UserLimit            int             `json:"user_limit,omitempty"`
	PermissionOverwrites []struct{}      `json:"permission_overwrites"`
	OwnerID              string          `json:"owner_id,omitempty"`
	MessageCount         int             `json:"message_count,omitempty"`
	MemberCount          int             `json:"member_count,omitempty"`
	ThreadMetadata       *threadMetadata `json:"thread_metadata,omitempty"`
}

type threadMetadata struct {
	Archived            bool   `json:"archived"`
	AutoArchiveDuration int    `json:"auto_archive_duration"`
	ArchiveTimestamp    string `json:"archive_timestamp"`
	Locked              bool   `json:"locked"`
}

type role struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Color       int    `json:"color"`
	Hoist       bool   `json:"hoist"`
	Position    int    `json:"position"`
	Permissions string `json:"permissions"`
	Managed     bool   `json:"managed"`
	Mentionable bool   `json:"mentionable"`
	Flags       int    `json:"flags"`
}

type emoji struct {
	ID            string   `json:"id"`
	Name          string   `json:"name"`
	Roles         []string `json:"roles"`
	RequireColons bool     `json:"require_colons"`
	Managed       bool     `json:"managed"`
	Animated      bool     `json:"animated"`
	Available     bool     `json:"available"`
}

type sticker struct {
	ID          string `json:"id"`
	GuildID     string `json:"guild_id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Tags        string `json:"tags"`
	Type        int    `json:"type"`
	FormatType  int    `json:"format_type"`
	Available   bool   `json:"available"`
}

type voiceState struct {
	GuildID    string  `json:"guild_id,omitempty"`
	ChannelID  *string `json:"channel_id"`
	UserID     string  `json:"user_id"`
	Member     *member `json:"member,omitempty"`
	SessionID  string  `json:"session_id"`
	Deaf       bool    `json:"deaf"`
	Mute       bool    `json:"mute"`
	SelfDeaf   bool    `json:"self_deaf"`
	SelfMute   bool    `json:"self_mute"`
	SelfVideo  bool    `json:"self_video"`
	Suppress   bool    `json:"suppress"`
	RequestsAt *string `json:"request_to_speak_timestamp"`
}

type presence struct {
	GuildID      string            `json:"guild_id,omitempty"`
	User         map[string]string `json:"user"`
	Status       string            `json:"status"`
	Activities   []activity        `json:"activities"`
	ClientStatus map[string]string `json:"client_status"`
}

type activity struct {
	Name string `json:"name"`
	Type int    `json:"type"`
}

type unavailableGuild struct {
	ID          string `json:"id"`
	Unavailable bool   `json:"unavailable"`
}

type guildObject struct {
	ID                          string       `json:"id"`
	Name                        string       `json:"name"`
	Icon                        *string      `json:"icon"`
	OwnerID                     string       `json:"owner_id"`
	AfkTimeout                  int          `json:"afk_timeout"`
	VerificationLevel           int          `json:"verification_level"`
	DefaultMessageNotifications int          `json:"default_message_notifications"`
	ExplicitContentFilter       int          `json:"explicit_content_filter"`
	Roles                       []role       `json:"roles"`
	Emojis                      []emoji      `json:"emojis"`
	Stickers                    []sticker    `json:"stickers"`
	Features                    []string     `json:"features"`
	MFALevel                    int          `json:"mfa_level"`
	SystemChannelFlags          int          `json:"system_channel_flags"`
	PremiumTier                 int          `json:"premium_tier"`
	PreferredLocale             string       `json:"preferred_locale"`
	NSFWLevel                   int          `json:"nsfw_level"`
	JoinedAt                    string       `json:"joined_at"`
	Large                       bool         `json:"large"`
	Unavailable                 *bool        `json:"unavailable,omitempty"` // nil for a guild that the bot joins
	MemberCount                 int          `json:"member_count"`
	VoiceStates                 []voiceState `json:"voice_states"`
	Members                     []member     `json:"members"`
	Channels                    []channel    `json:"channels"`
	Threads                     []channel    `json:"threads"`
	Presences                   []presence   `json:"presences"`
	StageInstances              []struct{}   `json:"stage_instances"`
	ScheduledEvents             []struct{}   `json:"guild_scheduled_events"`
}

func botUser() *user {
	return &user{ID: botID, Username: "discordtest", Discriminator: "0000", Bot: true}
}

func (g *guild) user(ordinal int) *user {
	id := memberID(g.index, ordinal)
	return &user{ID: id, Username: "user" + id[len(id)-12:], Discriminator: "0"}
}

func (g *guild) member(ordinal int) member {
	return member{User: g.user(ordinal), Roles: []string{objectID(g.id, kindRole, 1)}, JoinedAt: g.since()}
}

func (g *guild) botMember() member {
	return member{User: botUser(), Roles: []string{objectID(g.id, kindRole, 2)}, JoinedAt: g.since()}
}

func (g *guild) memberByID(userID string) (member, bool) {
	if userID == botID {
		return g.botMember(), true
	}
	if o, ok := memberOrdinal(g.index, userID); ok && o >= g.first && o < g.last {
		return g.member(o), true
	}
	return member{}, false
}

func (g *guild) voiceState(userID, channelID string) voiceState {
	vs := voiceState{GuildID: g.idString(), UserID: userID, SessionID: "voice" + userID}
	if channelID != "" {
		vs.ChannelID = &channelID
	}
	if m, ok := g.memberByID(userID); ok {
		vs.Member = &m
	}
	if userID == botID && g.call != nil { // for a bot it is the gateway session's
		vs.SessionID, vs.SelfMute, vs.SelfDeaf = g.call.session.id, g.call.selfMute, g.call.selfDeaf
	}
	return vs
}

func (g *guild) presence(ordinal int) presence {
	return presence{
		User:         map[string]string{"id": memberID(g.index, ordinal)},
		Status:       "online",
		Activities:   []activity{},
		ClientStatus: map[string]string{"desktop": "online"},
	}
}

func (g *guild) channels() []channel {
	category := objectID(g.id, kindChannel, 0)
	none := []struct{}{}
	cs := []channel{{ID: category, Type: 4, Name: "channels", PermissionOverwrites: none}}
	for i := range textChannels {
		cs = append(cs, channel{
			ID: g.textChannel(i), Type: 0, Name: "text-" + strconv.Itoa(i), Position: i, ParentID: &category, PermissionOverwrites: none,
		})
	}
	return append(cs, channel{
		ID: g.voiceChannel(), Type: 2, Name: "voice", ParentID: &category, Bitrate: 64000, PermissionOverwrites: none,
	})
}

func (g *guild) threads() []channel {
	parent := g.textChannel(0)
	var ts []channel
	for i := range threads {
		ts = append(ts, channel{
			ID: objectID(g.id, kindThread, i), Type: 11, GuildID: g.idString(), Name: "thread-" + strconv.Itoa(i),
			ParentID: &parent, OwnerID: botID, MessageCount: 2, MemberCount: 1, PermissionOverwrites: []struct{}{},
			ThreadMetadata: &threadMetadata{AutoArchiveDuration: 1440, ArchiveTimestamp: g.since()},
		})
	}
	return ts
}

func (g *guild) roles() []role {
	return []role{
		{ID: g.idString(), Name: "@everyone", Permissions: "1071698660929"}, // its id is the guild's
		{ID: objectID(g.id, kindRole, 1), Name: "member", Position: 1, Permissions: "0", Color: 0x3498db, Mentionable: true},
		{ID: objectID(g.id, kindRole, 2), Name: "discordtest", Position: 2, Permissions: "8", Managed: true},
	}
}

func (g *guild) emojis() []emoji {
	var es []emoji
	for i := range emojis {
		es = append(es, emoji{
			ID: objectID(g.id, kindEmoji, i), Name: "emoji" + strconv.Itoa(i), Roles: []string{}, RequireColons: true, Available: true,
		})
	}
	return es
}

func (g *guild) stickers() []sticker {
	var ss []sticker
	for i := range stickers {
		ss = append(ss, sticker{
			ID: objectID(g.id, kindSticker, i), GuildID: g.idString(), Name: "sticker" + strconv.Itoa(i),
			Tags: "wave", Type: 2, FormatType: 1, Available: true,
		})
	}
	return ss
}

// object returns the guild as in REST and GUILD_UPDATE, without what changes often.
// g.mu is held.
func (g *guild) object() guildObject {
	return guildObject{
		ID: g.idString(), Name: g.name, OwnerID: memberID(g.index, 0), AfkTimeout: 300,
		VerificationLevel: 1, DefaultMessageNotifications: 1, ExplicitContentFilter: 1,
		Roles: g.roles(), Emojis: g.emojis(), Stickers: g.stickers(), Features: []string{"COMMUNITY"},
		PreferredLocale: "en-US", JoinedAt: g.since(), MemberCount: g.memberCount(),
		VoiceStates: []voiceState{}, Members: []member{}, Channels: []channel{}, Threads: []channel{}, Presences: []presence{},
		StageInstances: []struct{}{}, ScheduledEvents: []struct{}{},
	}
}

// payload returns the d of a GUILD_CREATE for a session with these intents. g.mu is
// held.
func (g *guild) payload(intents int64, largeThreshold int, joined bool) json.RawMessage {
	o := g.object()
	if !joined {
		o.Unavailable = new(bool)
	}
	if largeThreshold == 0 {
		largeThreshold = 50 // Discord's default
	}
	o.Large = o.MemberCount > largeThreshold
	o.Channels, o.Threads = g.channels(), g.threads()
	everybody := intents&(intentGuildMembers|intentGuildPresences) != 0
	o.Members = make([]member, 0, 1+len(g.voice))
	o.Members = append(o.Members, g.botMember())
	for i := g.first; i < g.last; i++ {
		if everybody {
			o.Members = append(o.Members, g.member(i))
		} else if _, speaking := g.voice[memberID(g.index, i)]; speaking {
			o.Members = append(o.Members, g.member(i))
		}
		if intents&intentGuildPresences != 0 && online(i) {
			o.Presences = append(o.Presences, g.presence(i))
		}
	}
	if intents&intentGuildVoiceStates != 0 {
		for _, u := range g.voiceUsers() {
			vs := g.voiceState(u, g.voice[u])
			vs.GuildID, vs.Member = "", nil // a GUILD_CREATE has neither
			o.VoiceStates = append(o.VoiceStates, vs)
		}
	}
	raw, err := json.Marshal(o)
	if err != nil {
		return rawNull // strings and numbers: cannot fail
	}
	return raw
}

func (s *Server) readyPayload(sess *session, guilds []*guild) json.RawMessage {
	stubs := make([]unavailableGuild, len(guilds))
	for i, g := range guilds {
		stubs[i] = unavailableGuild{ID: g.idString(), Unavailable: true}
	}
	ready := map[string]any{
		"v":                9,
		"user":             botUser(),
		"session_id":       sess.id,
		"shard":            [2]int{sess.shard, sess.shardCount},
		"application":      map[string]any{"id": appID, "flags": 0},
		"guilds":           stubs,
		"private_channels": []struct{}{},
		"_trace":           []string{"discordtest"},
	}
	if s.cfg.resumeURL {
		ready["resume_gateway_url"] = s.GatewayURL()
	}
	raw, err := json.Marshal(ready)
	if err != nil {
		return rawNull // strings and numbers: cannot fail
	}
	return raw
}

// An InteractionKind is the type of an interaction, with Discord's numbers.
type InteractionKind int

// The kinds of interactions.
const (
	Ping               InteractionKind = 1
	ApplicationCommand InteractionKind = 2
	MessageComponent   InteractionKind = 3
	Autocomplete       InteractionKind = 4
	ModalSubmit        InteractionKind = 5
)

// String returns Discord's name of the kind in lower case.
func (k InteractionKind) String() string {
	switch k {
	case Ping:
		return "ping"
	case ApplicationCommand:
		return "application_command"
	case MessageComponent:
		return "message_component"
	case Autocomplete:
		return "autocomplete"
	case ModalSubmit:
		return "modal_submit"
	}
	return "unknown"
}

// An InteractionPayload is the d of an INTERACTION_CREATE. Its fields may be changed
// before it is sent.
type InteractionPayload struct {
	ID             string            `json:"id"`
	ApplicationID  string            `json:"application_id"`
	Type           InteractionKind   `json:"type"`
	Token          string            `json:"token"`
	Version        int               `json:"version"`
	Data           any               `json:"data,omitempty"`
	GuildID        string            `json:"guild_id,omitempty"`
	ChannelID      string            `json:"channel_id,omitempty"`
	Member         any               `json:"member,omitempty"`
	User           any               `json:"user,omitempty"`
	Message        any               `json:"message,omitempty"`
	AppPermissions string            `json:"app_permissions"`
	Locale         string            `json:"locale"`
	GuildLocale    string            `json:"guild_locale,omitempty"`
	Context        int               `json:"context"`
	Owners         map[string]string `json:"authorizing_integration_owners"`
	Entitlements   []struct{}        `json:"entitlements"`
}

// String omits the token.
func (p InteractionPayload) String() string {
	return fmt.Sprintf("interaction %s of type %s", p.ID, p.Type)
}

// An InteractionOption changes an interaction of [Server.Interaction]. A nil
// InteractionOption is ignored.
type InteractionOption interface{ applyInteraction(*interactionConfig) }

type interactionOptionFunc func(*interactionConfig)

func (f interactionOptionFunc) applyInteraction(c *interactionConfig) { f(c) }

type interactionConfig struct {
	guildID     string
	direct      bool
	subcommands []string
	options     []any
	data        any
	id, token   string
	origin      string
}

// InGuild sets the guild. Default: the server's first guild, or for
// [Server.SendInteraction] the first guild of the shard.
func InGuild(guildID string) InteractionOption {
	return interactionOptionFunc(func(c *interactionConfig) { c.guildID, c.direct = guildID, false })
}

// InDirectMessage builds an interaction in a direct message with the bot.
func InDirectMessage() InteractionOption {
	return interactionOptionFunc(func(c *interactionConfig) { c.direct = true })
}

// WithSubcommand nests the command's options: one name is a sub-command, two names
// are a group and its sub-command.
func WithSubcommand(names ...string) InteractionOption {
	names = append([]string(nil), names...)
	return interactionOptionFunc(func(c *interactionConfig) { c.subcommands = names })
}

// WithStringOption adds an option to a command.
func WithStringOption(name, value string) InteractionOption {
	return interactionOptionFunc(func(c *interactionConfig) {
		c.options = append(c.options, map[string]any{"type": 3, "name": name, "value": value})
	})
}

// WithData replaces the data field.
func WithData(data any) InteractionOption {
	return interactionOptionFunc(func(c *interactionConfig) { c.data = data })
}

// WithID sets id and token instead of generating them.
func WithID(id, token string) InteractionOption {
	return interactionOptionFunc(func(c *interactionConfig) { c.id, c.token = id, token })
}

// OnMessageOf makes the message that a [MessageComponent] or a [ModalSubmit] belongs to
// the answer to an earlier interaction.
func OnMessageOf(interactionID string) InteractionOption {
	return interactionOptionFunc(func(c *interactionConfig) { c.origin = interactionID })
}

// Interaction builds an interaction with a creation time. name is the command of an
// [ApplicationCommand] or [Autocomplete], or the custom_id of a [MessageComponent] or
// [ModalSubmit].
func (s *Server) Interaction(kind InteractionKind, created time.Time, name string, opts ...InteractionOption) InteractionPayload {
	var c interactionConfig
	for _, o := range opts {
		if o != nil {
			o.applyInteraction(&c)
		}
	}
	if c.id == "" {
		c.id = s.NewID(created)
	}
	if c.token == "" {
		c.token = "interaction-token-" + c.id
	}
	p := InteractionPayload{
		ID: c.id, ApplicationID: appID, Type: kind, Token: c.token, Version: 1,
		AppPermissions: "562949953601536", Locale: "en-US", Owners: map[string]string{"0": appID}, Entitlements: []struct{}{},
	}
	g := s.world.byIndex(0)
	if c.guildID != "" {
		g = s.world.find(c.guildID)
	}
	switch {
	case c.direct || g == nil && c.guildID == "":
		p.Context, p.ChannelID = 1, s.NewID(created)
		p.User = &user{ID: userNumberID(2), Username: "somebody", Discriminator: "0"}
	case g == nil: // a guild that the bot is not in: use the id alone
		p.GuildID, p.ChannelID, p.GuildLocale = c.guildID, c.guildID, "en-US"
		p.Member = invokingMember{member: member{User: &user{ID: userNumberID(2), Username: "somebody"}, Roles: []string{}, JoinedAt: created.UTC().Format(time.RFC3339)}, Permissions: "8"}
	default:
		p.GuildID, p.ChannelID, p.GuildLocale = g.idString(), g.textChannel(0), "en-US"
		p.Member = invokingMember{member: g.member(0), Permissions: "8"}
	}
	p.Data = c.data
	if p.Data == nil {
		p.Data = interactionData(kind, name, &c)
	}
	if kind == MessageComponent || kind == ModalSubmit && c.origin != "" {
		m := s.Message(p.ChannelID, "press a button", FromBot())
		if c.origin != "" {
			m.InteractionMetadata = map[string]any{"id": c.origin, "type": ApplicationCommand, "user": &user{ID: userNumberID(2), Username: "somebody"}}
		}
		p.Message = m
	}
	s.rest.seen(p.ChannelID)
	return p
}

type invokingMember struct {
	member
	Permissions string `json:"permissions"`
}

func interactionData(kind InteractionKind, name string, c *interactionConfig) any {
	switch kind {
	case Ping:
		return nil
	case MessageComponent:
		return map[string]any{"custom_id": name, "component_type": 2}
	case ModalSubmit:
		return map[string]any{"custom_id": name, "components": []any{
			map[string]any{"type": 1, "components": []any{map[string]any{"type": 4, "custom_id": "text", "value": "written"}}},
		}}
	}
	options := append([]any{}, c.options...)
	if kind == Autocomplete && len(options) == 0 {
		options = append(options, map[string]any{"type": 3, "name": "query", "value": "a", "focused": true})
	}
	for i, name := range slices.Backward(c.subcommands) {
		kind := 1 // a sub-command
		if i < len(c.subcommands)-1 {
			kind = 2 // a group
		}
		options = []any{map[string]any{"type": kind, "name": name, "options": options}}
	}
	return map[string]any{"id": userNumberID(3), "name": name, "type": 1, "options": options}
}

// SendInteraction dispatches an interaction to a shard and returns its id and token.
// See [Server.Interaction] for its content; created also determines whether it is
// late. ctx bounds the wait for a ready connection.
func (s *Server) SendInteraction(
	ctx context.Context, shard int, kind InteractionKind, created time.Time, name string, opts ...InteractionOption,
) (id, token string, err error) {
	c, err := s.WaitConn(ctx, shard)
	if err != nil {
		return "", "", err
	}
	return s.sendInteraction(c, shard, kind, created, name, opts)
}

func (s *Server) sendInteraction(
	c *Conn, shard int, kind InteractionKind, created time.Time, name string, opts []InteractionOption,
) (id, token string, err error) {
	first := ""
	if guilds := s.world.ofShard(shard, c.ShardCount()); len(guilds) > 0 {
		first = guilds[0].idString()
	}
	p := s.Interaction(kind, created, name, append([]InteractionOption{InGuild(first)}, opts...)...)
	return p.ID, p.Token, c.Dispatch("INTERACTION_CREATE", p)
}

// A MessagePayload is the d of a MESSAGE_CREATE, or a message that REST returns. Its
// fields may be changed before it is sent.
type MessagePayload struct {
	ID              string          `json:"id"`
	ChannelID       string          `json:"channel_id"`
	GuildID         string          `json:"guild_id,omitempty"`
	Type            int             `json:"type"`
	Content         string          `json:"content"`
	Author          any             `json:"author"`
	Member          any             `json:"member,omitempty"`
	Timestamp       string          `json:"timestamp"`
	EditedTimestamp *string         `json:"edited_timestamp"`
	TTS             bool            `json:"tts"`
	MentionEveryone bool            `json:"mention_everyone"`
	Mentions        []any           `json:"mentions"`
	MentionRoles    []string        `json:"mention_roles"`
	Attachments     []any           `json:"attachments"`
	Embeds          json.RawMessage `json:"embeds"`
	Components      json.RawMessage `json:"components"`
	Pinned          bool            `json:"pinned"`
	Flags           int             `json:"flags"`

	InteractionMetadata any `json:"interaction_metadata,omitempty"` // of the interaction that it answers
}

// A MessageOption changes a message of [Server.Message]. A nil MessageOption is
// ignored.
type MessageOption interface{ applyMessage(*MessagePayload) }

type messageOptionFunc func(*MessagePayload)

func (f messageOptionFunc) applyMessage(m *MessagePayload) { f(m) }

// FromBot makes the bot the author.
func FromBot() MessageOption {
	return messageOptionFunc(func(m *MessagePayload) { m.Author, m.Member = botUser(), nil })
}

// MentioningBot mentions the bot.
func MentioningBot() MessageOption {
	return messageOptionFunc(func(m *MessagePayload) { m.Mentions = append(m.Mentions, botUser()) })
}

// CreatedAt sets the time of the message. Default: [Server.Now].
func CreatedAt(t time.Time) MessageOption {
	return messageOptionFunc(func(m *MessagePayload) { m.Timestamp = t.UTC().Format(time.RFC3339Nano) })
}

// Message builds a message in a channel: a guild message by a member if the channel
// belongs to one of the server's guilds, otherwise a direct message.
func (s *Server) Message(channelID, content string, opts ...MessageOption) MessagePayload {
	m := s.message(channelID, content, opts...)
	s.rest.seen(channelID)
	s.rest.mu.Lock()
	defer s.rest.mu.Unlock()
	s.rest.sent.add(m)
	return m
}

func (s *Server) message(channelID, content string, opts ...MessageOption) MessagePayload {
	now := s.Now()
	m := MessagePayload{
		ID: s.NewID(now), ChannelID: channelID, Content: content, Timestamp: now.UTC().Format(time.RFC3339Nano),
		Mentions: []any{}, MentionRoles: []string{}, Attachments: []any{}, Embeds: json.RawMessage("[]"), Components: json.RawMessage("[]"),
		Author: &user{ID: userNumberID(2), Username: "somebody", Discriminator: "0"},
	}
	if g := s.world.ofObject(channelID); g != nil {
		m.GuildID = g.idString()
		m.Author = g.user(0)
		partial := g.member(0)
		partial.User = nil // the member in a message has none
		m.Member = partial
	}
	for _, o := range opts {
		if o != nil {
			o.applyMessage(&m)
		}
	}
	return m
}

// ofObject finds the guild of a channel, role or emoji by the object's id.
func (w *world) ofObject(id string) *guild {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil
	}
	return w.find(strconv.FormatInt(n&^snowflakeLow, 10))
}

// update returns the d of a GUILD_UPDATE, without the fields that only a GUILD_CREATE
// has. g.mu is held.
func (g *guild) update() map[string]any {
	o := g.object()
	return map[string]any{
		"id": o.ID, "name": o.Name, "icon": nil, "owner_id": o.OwnerID, "afk_timeout": o.AfkTimeout,
		"verification_level": o.VerificationLevel, "roles": o.Roles, "emojis": o.Emojis, "stickers": o.Stickers,
		"features": o.Features, "mfa_level": o.MFALevel, "premium_tier": o.PremiumTier, "preferred_locale": o.PreferredLocale,
	}
}
