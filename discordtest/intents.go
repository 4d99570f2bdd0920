package discordtest

import "encoding/json"

// Gateway intents, from Discord's documentation. discordgo v0.28.1 lacks some of
// these names.
const (
	intentGuilds                 = 1 << 0
	intentGuildMembers           = 1 << 1
	intentGuildModeration        = 1 << 2
	intentGuildExpressions       = 1 << 3
	intentGuildIntegrations      = 1 << 4
	intentGuildWebhooks          = 1 << 5
	intentGuildInvites           = 1 << 6
	intentGuildVoiceStates       = 1 << 7
	intentGuildPresences         = 1 << 8
	intentGuildMessages          = 1 << 9
	intentGuildMessageReactions  = 1 << 10
	intentGuildMessageTyping     = 1 << 11
	intentDirectMessages         = 1 << 12
	intentDirectMessageReactions = 1 << 13
	intentDirectMessageTyping    = 1 << 14
	intentMessageContent         = 1 << 15
	intentScheduledEvents        = 1 << 16
	intentAutoModConfiguration   = 1 << 20
	intentAutoModExecution       = 1 << 21
	intentGuildMessagePolls      = 1 << 24
	intentDirectMessagePolls     = 1 << 25

	knownIntents = 1<<17 - 1 | intentAutoModConfiguration | intentAutoModExecution |
		intentGuildMessagePolls | intentDirectMessagePolls
)

// eventIntents are the intents that an event requires, any one of guild in a guild,
// any one of direct without guild_id. 0 means that there is no such event. Events
// that are not listed require none.
type eventIntents struct{ guild, direct int64 }

func intentsOf(eventType string) (eventIntents, bool) {
	switch eventType {
	case "GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE",
		"GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_ROLE_DELETE",
		"CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE",
		"THREAD_CREATE", "THREAD_UPDATE", "THREAD_DELETE", "THREAD_LIST_SYNC", "THREAD_MEMBER_UPDATE",
		"STAGE_INSTANCE_CREATE", "STAGE_INSTANCE_UPDATE", "STAGE_INSTANCE_DELETE",
		"VOICE_CHANNEL_STATUS_UPDATE", "VOICE_CHANNEL_START_TIME_UPDATE":
		// A GUILD_CREATE has the guild's id in d.id, so both are the same.
		return eventIntents{intentGuilds, intentGuilds}, true
	case "CHANNEL_PINS_UPDATE":
		return eventIntents{intentGuilds, intentDirectMessages}, true
	case "THREAD_MEMBERS_UPDATE":
		return eventIntents{intentGuilds | intentGuildMembers, 0}, true
	case "GUILD_MEMBER_ADD", "GUILD_MEMBER_UPDATE", "GUILD_MEMBER_REMOVE":
		return eventIntents{intentGuildMembers, 0}, true
	case "GUILD_AUDIT_LOG_ENTRY_CREATE", "GUILD_BAN_ADD", "GUILD_BAN_REMOVE":
		return eventIntents{intentGuildModeration, 0}, true
	case "GUILD_EMOJIS_UPDATE", "GUILD_STICKERS_UPDATE", "GUILD_SOUNDBOARD_SOUND_CREATE",
		"GUILD_SOUNDBOARD_SOUND_UPDATE", "GUILD_SOUNDBOARD_SOUND_DELETE", "GUILD_SOUNDBOARD_SOUNDS_UPDATE":
		return eventIntents{intentGuildExpressions, 0}, true
	case "GUILD_INTEGRATIONS_UPDATE", "INTEGRATION_CREATE", "INTEGRATION_UPDATE", "INTEGRATION_DELETE":
		return eventIntents{intentGuildIntegrations, 0}, true
	case "WEBHOOKS_UPDATE":
		return eventIntents{intentGuildWebhooks, 0}, true
	case "INVITE_CREATE", "INVITE_DELETE":
		return eventIntents{intentGuildInvites, 0}, true
	case "VOICE_STATE_UPDATE", "VOICE_CHANNEL_EFFECT_SEND":
		return eventIntents{intentGuildVoiceStates, 0}, true
	case "PRESENCE_UPDATE":
		return eventIntents{intentGuildPresences, 0}, true
	case "MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE":
		return eventIntents{intentGuildMessages, intentDirectMessages}, true
	case "MESSAGE_DELETE_BULK":
		return eventIntents{intentGuildMessages, 0}, true
	case "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE", "MESSAGE_REACTION_REMOVE_ALL", "MESSAGE_REACTION_REMOVE_EMOJI":
		return eventIntents{intentGuildMessageReactions, intentDirectMessageReactions}, true
	case "TYPING_START":
		return eventIntents{intentGuildMessageTyping, intentDirectMessageTyping}, true
	case "GUILD_SCHEDULED_EVENT_CREATE", "GUILD_SCHEDULED_EVENT_UPDATE", "GUILD_SCHEDULED_EVENT_DELETE",
		"GUILD_SCHEDULED_EVENT_USER_ADD", "GUILD_SCHEDULED_EVENT_USER_REMOVE",
		"GUILD_SCHEDULED_EVENT_EXCEPTION_CREATE", "GUILD_SCHEDULED_EVENT_EXCEPTION_UPDATE", "GUILD_SCHEDULED_EVENT_EXCEPTION_DELETE":
		return eventIntents{intentScheduledEvents, 0}, true
	case "AUTO_MODERATION_RULE_CREATE", "AUTO_MODERATION_RULE_UPDATE", "AUTO_MODERATION_RULE_DELETE":
		return eventIntents{intentAutoModConfiguration, 0}, true
	case "AUTO_MODERATION_ACTION_EXECUTION":
		return eventIntents{intentAutoModExecution, 0}, true
	case "MESSAGE_POLL_VOTE_ADD", "MESSAGE_POLL_VOTE_REMOVE":
		return eventIntents{intentGuildMessagePolls, intentDirectMessagePolls}, true
	}
	return eventIntents{}, false
}

// allowed reports whether intents include an event. Malformed data counts as data of
// a guild, so that payloads that a test breaks on purpose arrive if possible.
func allowed(intents int64, eventType string, data json.RawMessage) bool {
	need, listed := intentsOf(eventType)
	if !listed {
		return true
	}
	if need.guild == need.direct {
		return intents&need.guild != 0
	}
	if !json.Valid(data) {
		return intents&(need.guild|need.direct) != 0
	}
	if hasGuild(data) || need.direct == 0 {
		return intents&need.guild != 0
	}
	return intents&need.direct != 0
}

func hasGuild(data json.RawMessage) bool {
	var d struct {
		GuildID *string `json:"guild_id"`
	}
	return json.Unmarshal(data, &d) == nil && d.GuildID != nil && *d.GuildID != ""
}

// withoutContent empties the fields that require the MESSAGE_CONTENT intent, in
// guild messages that neither mention the bot nor come from it.
func withoutContent(eventType string, data json.RawMessage, botID string) json.RawMessage {
	if eventType != "MESSAGE_CREATE" && eventType != "MESSAGE_UPDATE" || !hasGuild(data) {
		return data
	}
	type user struct {
		ID string `json:"id"`
	}
	var m struct {
		Author   user   `json:"author"`
		Mentions []user `json:"mentions"`
	}
	if json.Unmarshal(data, &m) != nil || m.Author.ID == botID {
		return data
	}
	for _, u := range m.Mentions {
		if u.ID == botID {
			return data
		}
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) != nil {
		return data
	}
	for name, empty := range map[string]string{"content": `""`, "embeds": "[]", "attachments": "[]", "components": "[]"} {
		if _, ok := fields[name]; ok {
			fields[name] = json.RawMessage(empty)
		}
	}
	delete(fields, "poll")
	out, err := json.Marshal(fields)
	if err != nil {
		return data
	}
	return out
}
