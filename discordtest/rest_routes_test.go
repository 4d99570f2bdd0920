package discordtest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
)

// fixture has the values for the arguments of discordgo's methods.
type fixture struct {
	guild, channel, voice, thread, message, member, role, emoji, sticker string
	command, event, rule, template, webhook, token, invite, entitlement  string
	appEmoji, integration, banned, sku                                   string
	interaction                                                          *discordgo.Interaction
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// idIn makes a request that v0.28.1 has no method for, and returns the first id in the
// answer.
func idIn(t *testing.T, sess *discordgo.Session, method, url string, data any) string {
	t.Helper()
	answer := must[[]byte](t)(sess.Request(method, url, data))
	var one struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(bytes.Trim(answer, "[]"), &one) != nil || one.ID == "" {
		t.Fatalf("%s %s: %s", method, url, answer)
	}
	return one.ID
}

// A body is the JSON of an argument whose type not every version of discordgo has.
type body string

// newFixture creates one object of each kind, anew for each method that is called.
func newFixture(t *testing.T, s *discordtest.Server, sess *discordgo.Session) fixture {
	t.Helper()
	guild := must[string](t)(s.GuildJoin())
	f := fixture{guild: guild, channel: s.TextChannel(guild), voice: s.VoiceChannel(guild), banned: "80351110224678912"}
	f.message = must[*discordgo.Message](t)(sess.ChannelMessageSend(f.channel, "hello")).ID
	f.thread = must[*discordgo.Channel](t)(sess.ThreadStart(f.channel, "thread", discordgo.ChannelTypeGuildPublicThread, 60)).ID
	f.member = must[[]*discordgo.Member](t)(sess.GuildMembers(guild, s.BotID(), 1))[0].User.ID
	f.role = must[[]*discordgo.Role](t)(sess.GuildRoles(guild))[1].ID
	f.emoji = must[[]*discordgo.Emoji](t)(sess.GuildEmojis(guild))[0].ID
	f.sticker = must[*discordgo.Guild](t)(sess.Guild(guild)).Stickers[0].ID
	f.command = must[*discordgo.ApplicationCommand](t)(sess.ApplicationCommandCreate(s.ApplicationID(), guild, &discordgo.ApplicationCommand{Name: "ping", Description: "x"})).ID
	f.event = must[*discordgo.GuildScheduledEvent](t)(sess.GuildScheduledEventCreate(guild, &discordgo.GuildScheduledEventParams{Name: "event"})).ID
	f.rule = must[*discordgo.AutoModerationRule](t)(sess.AutoModerationRuleCreate(guild, &discordgo.AutoModerationRule{Name: "rule"})).ID
	if template := sess.GuildTemplateCreate(guild, &discordgo.GuildTemplateParams{Name: "template"}); template != nil {
		f.template = template.Code
	}
	webhook := must[*discordgo.Webhook](t)(sess.WebhookCreate(f.channel, "webhook", ""))
	f.webhook, f.token = webhook.ID, webhook.Token
	f.invite = must[*discordgo.Invite](t)(sess.ChannelInviteCreate(f.channel, discordgo.Invite{MaxAge: 60})).Code
	must[*discordgo.StageInstance](t)(sess.StageInstanceCreate(&discordgo.StageInstanceParams{ChannelID: f.voice, Topic: "stage"}))
	app := discordgo.EndpointAPI + "applications/" + s.ApplicationID()
	f.sku = idIn(t, sess, http.MethodGet, app+"/skus", nil)
	f.entitlement = idIn(t, sess, http.MethodPost, app+"/entitlements", map[string]any{"sku_id": f.sku, "owner_id": guild, "owner_type": 1})
	f.appEmoji = idIn(t, sess, http.MethodPost, app+"/emojis", map[string]any{"name": "emoji"})
	if err := sess.GuildBanCreate(guild, f.banned, 0); err != nil {
		t.Fatal(err)
	}
	if err := sess.GuildIntegrationCreate(guild, "twitch", "5"); err != nil {
		t.Fatal(err)
	}
	f.integration = must[[]*discordgo.Integration](t)(sess.GuildIntegrations(guild))[0].ID
	p := s.Interaction(discordtest.ApplicationCommand, time.Now(), "ping", discordtest.InGuild(guild))
	f.interaction = &discordgo.Interaction{ID: p.ID, AppID: s.ApplicationID(), Token: p.Token}
	return f
}

// methods are the methods of discordgo's Session that make a request, in v0.28.1 to
// v0.29.1, with their arguments. Reflection converts arguments whose types differ by
// version.
func methods(s *discordtest.Server) map[string]func(f fixture) []any {
	app := s.ApplicationID()
	var noTime *time.Time
	send := &discordgo.MessageSend{Content: "x"}
	embed := &discordgo.MessageEmbed{Title: "x"}
	hook := &discordgo.WebhookParams{Content: "x"}
	edit := &discordgo.WebhookEdit{}
	role := &discordgo.RoleParams{Name: "role"}
	emoji := &discordgo.EmojiParams{Name: "emoji"}
	thread := &discordgo.ThreadStart{Name: "thread", Type: discordgo.ChannelTypeGuildPublicThread}
	command := &discordgo.ApplicationCommand{Name: "pong", Description: "x"}
	event := &discordgo.GuildScheduledEventParams{Name: "event"}
	rule := &discordgo.AutoModerationRule{Name: "rule"}
	template := &discordgo.GuildTemplateParams{Name: "template"}
	reply := func(f fixture) *discordgo.MessageReference {
		return &discordgo.MessageReference{MessageID: f.message, ChannelID: f.channel}
	}
	file := func() io.Reader { return strings.NewReader("x") }
	all := func(args ...any) func(fixture) []any { return func(fixture) []any { return args } }
	guild := func(args ...any) func(fixture) []any {
		return func(f fixture) []any { return append([]any{f.guild}, args...) }
	}
	channel := func(args ...any) func(fixture) []any {
		return func(f fixture) []any { return append([]any{f.channel}, args...) }
	}
	message := func(args ...any) func(fixture) []any {
		return func(f fixture) []any { return append([]any{f.channel, f.message}, args...) }
	}
	member := func(args ...any) func(fixture) []any {
		return func(f fixture) []any { return append([]any{f.guild, f.member}, args...) }
	}
	return map[string]func(fixture) []any{
		"Gateway": all(), "GatewayBot": all(), "VoiceRegions": all(), "UserConnections": all(), "Applications": all(),
		"Application": all("@me"), "ApplicationCreate": all(&discordgo.Application{Name: "a"}), "ApplicationUpdate": all(app, &discordgo.Application{Name: "a"}),
		"ApplicationDelete": all(app), "ApplicationAssets": all(app), "ApplicationBotCreate": all(app),
		"User": all("@me"), "UserAvatar": all("@me"), "UserAvatarDecode": all(&discordgo.User{ID: "1", Avatar: "a"}), "UserUpdate": all("name", "", ""),
		"UserChannelCreate": all("80351110224678912"), "UserGuildMember": guild(), "UserGuilds": all(2, "", "", true),
		"UserChannelPermissions": func(f fixture) []any { return []any{f.member, f.channel} },
		"UserVoiceState":         member(),
		"Guild":                  guild(), "GuildWithCounts": guild(), "GuildPreview": guild(), "GuildCreate": all("guild"), "GuildEdit": guild(&discordgo.GuildParams{Name: "new"}),
		"GuildDelete": guild(), "GuildLeave": guild(), "GuildBans": guild(10, "", ""), "GuildBanCreate": member(1), "GuildBanCreateWithReason": member("why", 1),
		"GuildBan":       func(f fixture) []any { return []any{f.guild, f.banned} },
		"GuildBanDelete": func(f fixture) []any { return []any{f.guild, f.banned} },
		"GuildMembers":   guild("", 5), "GuildMembersSearch": guild("user", 5), "GuildMember": member(), "GuildMemberAdd": member(&discordgo.GuildMemberAddParams{AccessToken: "x"}),
		"GuildMemberDelete": member(), "GuildMemberDeleteWithReason": member("why"), "GuildMemberEdit": member(&discordgo.GuildMemberParams{Nick: "n"}),
		"GuildMemberEditComplex": member(&discordgo.GuildMemberParams{Nick: "n"}), "GuildMemberMove": member((*string)(nil)), "GuildMemberNickname": member("nick"),
		"GuildMemberMute": member(true), "GuildMemberTimeout": member(noTime), "GuildMemberDeafen": member(true),
		"GuildMemberRoleAdd":    func(f fixture) []any { return []any{f.guild, f.member, f.role} },
		"GuildMemberRoleRemove": func(f fixture) []any { return []any{f.guild, f.member, f.role} },
		"GuildChannels":         guild(), "GuildChannelCreateComplex": guild(discordgo.GuildChannelCreateData{Name: "c"}), "GuildChannelCreate": guild("c", discordgo.ChannelTypeGuildText),
		"GuildChannelsReorder": guild([]*discordgo.Channel{}), "GuildInvites": guild(), "GuildRoles": guild(), "GuildRoleCreate": guild(role), "GuildRoleReorder": guild([]*discordgo.Role{}),
		"GuildRole":             func(f fixture) []any { return []any{f.guild, f.role} },
		"GuildRoleEdit":         func(f fixture) []any { return []any{f.guild, f.role, role} },
		"GuildRoleDelete":       func(f fixture) []any { return []any{f.guild, f.role} },
		"GuildRoleMemberCounts": guild(), "GuildPruneCount": guild(uint32(1)), "GuildPrune": guild(uint32(1)), "GuildIntegrations": guild(), "GuildIntegrationCreate": guild("twitch", "5"),
		"GuildIntegrationEdit":   func(f fixture) []any { return []any{f.guild, f.integration, 0, 1, true} },
		"GuildIntegrationDelete": func(f fixture) []any { return []any{f.guild, f.integration} },
		"GuildEmbed":             guild(), "GuildEmbedEdit": guild(&discordgo.GuildEmbed{}), "GuildAuditLog": guild("", "", 0, 10), "GuildEmojis": guild(), "GuildEmojiCreate": guild(emoji),
		"GuildEmoji":        func(f fixture) []any { return []any{f.guild, f.emoji} },
		"GuildEmojiEdit":    func(f fixture) []any { return []any{f.guild, f.emoji, emoji} },
		"GuildEmojiDelete":  func(f fixture) []any { return []any{f.guild, f.emoji} },
		"ApplicationEmojis": all(app), "ApplicationEmojiCreate": all(app, emoji),
		"ApplicationEmoji":        func(f fixture) []any { return []any{app, f.appEmoji} },
		"ApplicationEmojiEdit":    func(f fixture) []any { return []any{app, f.appEmoji, emoji} },
		"ApplicationEmojiDelete":  func(f fixture) []any { return []any{app, f.appEmoji} },
		"GuildTemplate":           func(f fixture) []any { return []any{f.template} },
		"GuildCreateWithTemplate": func(f fixture) []any { return []any{f.template, "guild", ""} },
		"GuildTemplates":          guild(), "GuildTemplateCreate": guild(template),
		"GuildTemplateSync":   func(f fixture) []any { return []any{f.guild, f.template} },
		"GuildTemplateEdit":   func(f fixture) []any { return []any{f.guild, f.template, template} },
		"GuildTemplateDelete": func(f fixture) []any { return []any{f.guild, f.template} },
		"Channel":             channel(), "ChannelEdit": channel(&discordgo.ChannelEdit{Name: "n"}), "ChannelEditComplex": channel(&discordgo.ChannelEdit{Name: "n"}), "ChannelDelete": channel(),
		"ChannelTyping": channel(), "ChannelMessages": channel(10, "", "", ""), "ChannelMessage": message(), "ChannelMessageSend": channel("x"), "ChannelMessageSendComplex": channel(send),
		"ChannelMessageSendTTS": channel("x"), "ChannelMessageSendEmbed": channel(embed), "ChannelMessageSendEmbeds": channel([]*discordgo.MessageEmbed{embed}),
		"ChannelMessageSendReply":       func(f fixture) []any { return []any{f.channel, "x", reply(f)} },
		"ChannelMessageSendEmbedReply":  func(f fixture) []any { return []any{f.channel, embed, reply(f)} },
		"ChannelMessageSendEmbedsReply": func(f fixture) []any { return []any{f.channel, []*discordgo.MessageEmbed{embed}, reply(f)} },
		"ChannelMessageEdit":            message("y"),
		"ChannelMessageEditComplex":     func(f fixture) []any { return []any{discordgo.NewMessageEdit(f.channel, f.message)} },
		"ChannelMessageEditEmbed":       message(embed), "ChannelMessageEditEmbeds": message([]*discordgo.MessageEmbed{embed}), "ChannelMessageDelete": message(),
		"ChannelMessagesBulkDelete": func(f fixture) []any { return []any{f.channel, []string{f.message, "5"}} },
		"ChannelMessagePin":         message(), "ChannelMessageUnpin": message(),
		"ChannelMessagesPinned": channel(noTime, 5), // the last two are master's
		"ChannelFileSend":       func(f fixture) []any { return []any{f.channel, "a.txt", file()} }, "ChannelFileSendWithMessage": func(f fixture) []any { return []any{f.channel, "x", "a.txt", file()} },
		"ChannelInvites": channel(), "ChannelInviteCreate": channel(discordgo.Invite{MaxAge: 60}),
		"ChannelPermissionSet": func(f fixture) []any {
			return []any{f.channel, f.role, discordgo.PermissionOverwriteTypeRole, int64(0), int64(0)}
		},
		"ChannelPermissionDelete": func(f fixture) []any { return []any{f.channel, f.role} },
		"ChannelMessageCrosspost": message(), "ChannelNewsFollow": channel("5"),
		"Invite": func(f fixture) []any { return []any{f.invite} }, "InviteWithCounts": func(f fixture) []any { return []any{f.invite} },
		"InviteComplex": func(f fixture) []any { return []any{f.invite, "", true, true} }, "InviteDelete": func(f fixture) []any { return []any{f.invite} },
		"InviteAccept":  func(f fixture) []any { return []any{f.invite} },
		"WebhookCreate": channel("hook", ""), "ChannelWebhooks": channel(), "GuildWebhooks": guild(),
		"Webhook": func(f fixture) []any { return []any{f.webhook} }, "WebhookWithToken": func(f fixture) []any { return []any{f.webhook, f.token} },
		"WebhookEdit":          func(f fixture) []any { return []any{f.webhook, "new", "", ""} },
		"WebhookEditWithToken": func(f fixture) []any { return []any{f.webhook, f.token, "new", ""} },
		"WebhookDelete":        func(f fixture) []any { return []any{f.webhook} },
		"WebhookExecute":       func(f fixture) []any { return []any{f.webhook, f.token, true, hook} },
		"WebhookThreadExecute": func(f fixture) []any { return []any{f.webhook, f.token, true, f.thread, hook} },
		"WebhookMessage":       func(f fixture) []any { return []any{f.webhook, f.token, f.message} },
		"WebhookMessageEdit":   func(f fixture) []any { return []any{f.webhook, f.token, f.message, edit} },
		"WebhookMessageDelete": func(f fixture) []any { return []any{f.webhook, f.token, f.message} },
		"MessageReactionAdd":   message("🔥"), "MessageReactionRemove": message("🔥", "@me"), "MessageReactionsRemoveAll": message(), "MessageReactionsRemoveEmoji": message("🔥"),
		"MessageReactions": message("🔥", 10, "", ""), "MessageThreadStartComplex": message(thread), "MessageThreadStart": message("t", 60), "ThreadStartComplex": channel(thread),
		"ThreadStart": channel("t", discordgo.ChannelTypeGuildPublicThread, 60), "ForumThreadStartComplex": channel(thread, send), "ForumThreadStart": channel("t", 60, "x"),
		"ForumThreadStartEmbed": channel("t", 60, embed), "ForumThreadStartEmbeds": channel("t", 60, []*discordgo.MessageEmbed{embed}),
		"ThreadJoin": func(f fixture) []any { return []any{f.thread} }, "ThreadLeave": func(f fixture) []any { return []any{f.thread} },
		"ThreadMemberAdd": func(f fixture) []any { return []any{f.thread, f.member} }, "ThreadMemberRemove": func(f fixture) []any { return []any{f.thread, s.BotID()} },
		"ThreadMember":  func(f fixture) []any { return []any{f.thread, s.BotID(), true} },
		"ThreadMembers": func(f fixture) []any { return []any{f.thread, 10, true, ""} },
		"ThreadsActive": channel(), "GuildThreadsActive": guild(), "ThreadsArchived": channel(noTime, 5), "ThreadsPrivateArchived": channel(noTime, 5), "ThreadsPrivateJoinedArchived": channel(noTime, 5),
		"ApplicationCommandCreate":            func(f fixture) []any { return []any{app, f.guild, command} },
		"ApplicationCommandEdit":              func(f fixture) []any { return []any{app, f.guild, f.command, command} },
		"ApplicationCommandBulkOverwrite":     func(f fixture) []any { return []any{app, f.guild, []*discordgo.ApplicationCommand{command}} },
		"ApplicationCommandDelete":            func(f fixture) []any { return []any{app, f.guild, f.command} },
		"ApplicationCommand":                  func(f fixture) []any { return []any{app, f.guild, f.command} },
		"ApplicationCommands":                 func(f fixture) []any { return []any{app, f.guild} },
		"GuildApplicationCommandsPermissions": func(f fixture) []any { return []any{app, f.guild} },
		"ApplicationCommandPermissions":       func(f fixture) []any { return []any{app, f.guild, f.command} },
		"ApplicationCommandPermissionsEdit": func(f fixture) []any {
			return []any{app, f.guild, f.command, &discordgo.ApplicationCommandPermissionsList{}}
		},
		"ApplicationCommandPermissionsBatchEdit": func(f fixture) []any { return []any{app, f.guild, []*discordgo.GuildApplicationCommandPermissions{}} },
		"InteractionRespond": func(f fixture) []any {
			return []any{f.interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseDeferredMessageUpdate}}
		},
		"InteractionResponse":       func(f fixture) []any { return []any{f.interaction} },
		"InteractionResponseEdit":   func(f fixture) []any { return []any{f.interaction, edit} },
		"InteractionResponseDelete": func(f fixture) []any { return []any{f.interaction} },
		"FollowupMessageCreate":     func(f fixture) []any { return []any{f.interaction, true, hook} },
		"FollowupMessageEdit":       func(f fixture) []any { return []any{f.interaction, f.message, edit} },
		"FollowupMessageDelete":     func(f fixture) []any { return []any{f.interaction, f.message} },
		"StageInstanceCreate":       func(f fixture) []any { return []any{&discordgo.StageInstanceParams{ChannelID: f.voice, Topic: "x"}} },
		"StageInstance":             func(f fixture) []any { return []any{f.voice} },
		"StageInstanceEdit":         func(f fixture) []any { return []any{f.voice, &discordgo.StageInstanceParams{Topic: "y"}} },
		"StageInstanceDelete":       func(f fixture) []any { return []any{f.voice} },
		"GuildScheduledEvents":      guild(true), "GuildScheduledEventCreate": guild(event),
		"GuildScheduledEvent":       func(f fixture) []any { return []any{f.guild, f.event, true} },
		"GuildScheduledEventEdit":   func(f fixture) []any { return []any{f.guild, f.event, event} },
		"GuildScheduledEventDelete": func(f fixture) []any { return []any{f.guild, f.event} },
		"GuildScheduledEventUsers":  func(f fixture) []any { return []any{f.guild, f.event, 10, true, "", ""} },
		"GuildOnboarding":           guild(), "GuildOnboardingEdit": guild(&discordgo.GuildOnboarding{}), "AutoModerationRules": guild(), "AutoModerationRuleCreate": guild(rule),
		"AutoModerationRule":                      func(f fixture) []any { return []any{f.guild, f.rule} },
		"AutoModerationRuleEdit":                  func(f fixture) []any { return []any{f.guild, f.rule, rule} },
		"AutoModerationRuleDelete":                func(f fixture) []any { return []any{f.guild, f.rule} },
		"ApplicationRoleConnectionMetadata":       all(app),
		"ApplicationRoleConnectionMetadataUpdate": all(app, []*discordgo.ApplicationRoleConnectionMetadata{}),
		"UserApplicationRoleConnection":           all(app), "UserApplicationRoleConnectionUpdate": all(app, &discordgo.ApplicationRoleConnection{PlatformName: "p"}),
		"PollAnswerVoters": message(1), "PollExpire": message(), "SKUs": all(app),
		"Entitlements": all(app, body("null")), "EntitlementConsume": func(f fixture) []any { return []any{app, f.entitlement} },
		"EntitlementTestCreate": func(f fixture) []any {
			return []any{app, body(`{"sku_id":"` + f.sku + `","owner_id":"` + f.guild + `","owner_type":1}`)}
		},
		"EntitlementTestDelete": func(f fixture) []any { return []any{app, f.entitlement} },
		"Subscriptions":         func(f fixture) []any { return []any{f.sku, "5", noTime, noTime, 5} },
		"Subscription":          func(f fixture) []any { return []any{f.sku, "6", "5"} },
	}
}

// beside are exported methods that make no request, or none that is known beforehand.
var beside = []string{
	"AddHandler", "AddHandlerOnce", "ChannelVoiceJoin", "ChannelVoiceJoinManual", "Close", "CloseWithCode", "GatewayWriteStruct", "HeartbeatLatency",
	"Lock", "Open", "RLock", "RLocker", "RUnlock", "Request", "RequestGuildMembers", "RequestGuildMembersBatch", "RequestGuildMembersBatchList", "RequestGuildMembersList",
	"RequestRaw", "RequestWithBucketID", "RequestWithLockedBucket", "TryLock", "TryRLock", "Unlock", "UpdateCustomStatus", "UpdateGameStatus", "UpdateListeningStatus",
	"UpdateStatusComplex", "UpdateStreamingStatus", "UpdateWatchStatus",
}

// notAnswered are methods that are wrong in discordgo, or that request what the fake
// world's guilds do not have.
var notAnswered = map[string]string{
	"GuildIcon":              "the guild has no icon",
	"GuildSplash":            "the guild has no splash",
	"WebhookDeleteWithToken": "discordgo decodes the empty body of Discord's 204",
}

// TestEveryMethodIsAnswered calls every method of discordgo's Session that makes a
// request. discordgo must be able to decode the answer, and the answer must not be
// empty. The set of methods differs by version.
func TestEveryMethodIsAnswered(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	s := newServer(t, discordtest.WithGuilds(1), discordtest.WithMembers(3))
	sess := newSession(t, s, 0, 1)
	sess.Ratelimiter = discordgo.NewRatelimiter()
	known := methods(s)
	declared := reflect.TypeFor[*discordgo.Session]()
	for method := range declared.Methods() {
		name := method.Name
		args, ok := known[name]
		switch {
		case slices.Contains(beside, name), notAnswered[name] != "":
			continue
		case !ok:
			t.Errorf("%s is not in the table of methods: add it, and its route", name)
			continue
		}
		t.Run(name, func(t *testing.T) { callMethod(t, s, sess, name, args) })
	}
	for name := range maps.Keys(known) {
		if slices.Contains(beside, name) || notAnswered[name] != "" {
			t.Errorf("%s is in two tables", name)
		}
	}
}

func callMethod(t *testing.T, s *discordtest.Server, sess *discordgo.Session, name string, args func(fixture) []any) {
	t.Helper()
	f := newFixture(t, s, sess)
	before := len(s.Requests())
	method := reflect.ValueOf(sess).MethodByName(name)
	fixed := method.Type().NumIn()
	if method.Type().IsVariadic() {
		fixed--
	}
	var in []reflect.Value
	for i, arg := range args(f) {
		if i >= fixed {
			break // an older version takes fewer
		}
		v := reflect.ValueOf(arg)
		if text, isBody := arg.(body); isBody {
			v = reflect.New(method.Type().In(i)).Elem()
			if err := json.Unmarshal([]byte(text), v.Addr().Interface()); err != nil {
				t.Fatal(err)
			}
		}
		if !v.Type().AssignableTo(method.Type().In(i)) {
			v = v.Convert(method.Type().In(i))
		}
		in = append(in, v)
	}
	for _, out := range method.Call(in) {
		if err, isError := reflect.TypeAssert[error](out); isError && err != nil {
			t.Errorf("%v", err)
			return
		}
		switch out.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			if out.IsNil() {
				t.Errorf("the answer is nil: %v", s.Requests()[before:])
			}
		}
		if out.Kind() == reflect.Pointer && !out.IsNil() {
			if id := out.Elem().FieldByName("ID"); id.IsValid() && id.Kind() == reflect.String && id.String() == "" && name != "ApplicationCommandPermissions" {
				t.Errorf("the answer has no id: %+v", out.Interface())
			}
		}
	}
	for _, r := range s.Requests()[before:] {
		if r.Status >= 400 {
			t.Errorf("%v", r)
		}
	}
}

// TestUnknownIDs: requests for unknown objects get Discord's error.
func TestUnknownIDs(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	sess := newSession(t, s, 0, 1)
	guild := s.Guilds()[0]
	channel := s.TextChannel(guild)
	const none = "123456789012345678"
	for path, code := range map[string]int{
		"channels/" + none:                                            10003,
		"channels/" + none + "/messages":                              10003,
		"channels/" + none + "/invites":                               10003,
		"channels/x":                                                  10003,
		"channels/" + guild + "1":                                     10003,
		"guilds/" + none:                                              10004,
		"guilds/" + none + "/roles":                                   10004,
		"guilds/" + none + "/scheduled-events":                        10004,
		"users/@me/guilds/" + none + "/member":                        10004,
		"guilds/" + guild + "/members/" + none:                        10007,
		"guilds/" + guild + "/roles/" + none:                          10011,
		"guilds/" + guild + "/emojis/" + none:                         10014,
		"guilds/" + guild + "/stickers/" + none:                       10060,
		"guilds/" + guild + "/bans/" + none:                           10026,
		"guilds/" + guild + "/scheduled-events/" + none:               10070,
		"guilds/" + guild + "/scheduled-events/" + none + "/users":    10070,
		"guilds/" + guild + "/voice-states/@me":                       10065,
		"guilds/" + guild + "/integrations/" + none:                   10005,
		"guilds/templates/" + none:                                    10057,
		"channels/" + channel + "/messages/x":                         10008,
		"channels/" + channel + "/thread-members/" + none:             10007,
		"invites/" + none:                                             10006,
		"webhooks/" + none:                                            10015,
		"stage-instances/" + channel:                                  10067,
		"stickers/" + none:                                            10060,
		"sticker-packs/" + none:                                       10061,
		"users/x":                                                     10013,
		"applications/" + none:                                        10002,
		"applications/" + s.ApplicationID() + "/emojis/" + none:       10014,
		"applications/" + s.ApplicationID() + "/entitlements/" + none: 10029,
		"applications/" + s.ApplicationID() + "/commands/" + none:     10063,
		"guilds/" + guild + "/auto-moderation/rules/" + none:          0,
		"guilds/" + guild + "/a-route-of-tomorrow":                    0,
	} {
		_, err := sess.Request(http.MethodGet, discordgo.EndpointAPI+path, nil)
		var refused *discordgo.RESTError
		if !errors.As(err, &refused) || refused.Response.StatusCode != http.StatusNotFound || refused.Message == nil || refused.Message.Code != code || refused.Message.Message == "" {
			t.Errorf("%s: %v, want 404 with code %d", path, err, code)
		}
	}
	// A deleted object is unknown.
	if _, err := sess.ChannelDelete(channel); err != nil {
		t.Fatal(err)
	}
	if _, err := sess.Channel(channel); err == nil || !strings.Contains(err.Error(), "10003") {
		t.Errorf("a deleted channel: %v", err)
	}
	if all, err := sess.GuildChannels(guild); err != nil || slices.ContainsFunc(all, func(c *discordgo.Channel) bool { return c.ID == channel }) {
		t.Errorf("it is still listed: %v", err)
	}
}

// pages reads all pages of a list as bots do: from the last id of the page before.
func pages[T any](t *testing.T, limit int, id func(T) string, next func(last string) ([]T, error)) []string {
	t.Helper()
	var ids []string
	last := ""
	for range 1000 {
		found, err := next(last)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) > limit {
			t.Fatalf("%d in a page, want at most %d", len(found), limit)
		}
		for _, v := range found {
			ids = append(ids, id(v))
		}
		if len(found) < limit {
			return ids
		}
		last = ids[len(ids)-1]
	}
	t.Fatal("there is no end of the pages")
	return nil
}

// TestPages: every page except the last is full, and together they contain each object
// once.
func TestPages(t *testing.T) {
	t.Parallel()
	s := newServer(t, discordtest.WithGuilds(7), discordtest.WithMembers(2500))
	sess := newSession(t, s, 0, 1)
	guild := s.Guilds()[1]
	channel := s.TextChannel(guild)
	sorted := func(ids []string) bool {
		return slices.IsSortedFunc(ids, func(a, b string) int { return len(a)*1000 + strings.Compare(a, b) - len(b)*1000 })
	}
	distinct := func(ids []string) int { return len(slices.Compact(slices.Sorted(slices.Values(ids)))) }
	if _, err := s.MemberRemove(guild); err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{1, 500, 833, 1000} {
		if limit == 1 {
			continue // 2,499 requests
		}
		ids := pages(t, limit, func(m *discordgo.Member) string { return m.User.ID }, func(last string) ([]*discordgo.Member, error) {
			return sess.GuildMembers(guild, last, limit)
		})
		if len(ids) != 2499 || distinct(ids) != 2499 || !sorted(ids) || ids[0] != s.BotID() {
			t.Errorf("in pages of %d: %d members, %d of them distinct", limit, len(ids), distinct(ids))
		}
	}
	if first, err := sess.GuildMembers(guild, "", 0); err != nil || len(first) != 1 {
		t.Errorf("%d members without a limit, %v, want 1", len(first), err)
	}
	for _, limit := range []int{1, 3, 7, 200} {
		guilds := pages(t, limit, func(g *discordgo.UserGuild) string { return g.ID }, func(last string) ([]*discordgo.UserGuild, error) {
			return sess.UserGuilds(limit, "", last, false)
		})
		if !slices.Equal(guilds, s.Guilds()) {
			t.Errorf("in pages of %d: %v, want %v", limit, guilds, s.Guilds())
		}
		var back []string
		for before := ""; ; before = back[0] {
			found := must[[]*discordgo.UserGuild](t)(sess.UserGuilds(limit, before, "", false))
			if before == "" { // the first page has the oldest: start after the last one
				back = []string{s.Guilds()[6]}
				continue
			}
			var ids []string
			for _, g := range found {
				ids = append(ids, g.ID)
			}
			if back = append(ids, back...); len(found) < limit {
				break
			}
		}
		if !slices.Equal(back, s.Guilds()) {
			t.Errorf("back in pages of %d: %v, want %v", limit, back, s.Guilds())
		}
	}
	if g := must[[]*discordgo.UserGuild](t)(sess.UserGuilds(1, "", "", true))[0]; g.ApproximateMemberCount != 2500 || g.ApproximatePresenceCount == 0 {
		t.Errorf("counts %d, %d", g.ApproximateMemberCount, g.ApproximatePresenceCount)
	}

	var sent []string
	for i := range 25 {
		sent = append(sent, must[*discordgo.Message](t)(sess.ChannelMessageSend(channel, strconv.Itoa(i))).ID)
	}
	newest := slices.Clone(sent)
	slices.Reverse(newest)
	messages := func(m *discordgo.Message) string { return m.ID }
	if got := pages(t, 10, messages, func(last string) ([]*discordgo.Message, error) {
		return sess.ChannelMessages(channel, 10, last, "", "")
	}); !slices.Equal(got, newest) {
		t.Errorf("messages %v, want %v", got, newest)
	}
	after := must[[]*discordgo.Message](t)(sess.ChannelMessages(channel, 3, "", sent[4], ""))
	around := must[[]*discordgo.Message](t)(sess.ChannelMessages(channel, 3, "", "", sent[9]))
	for name, tt := range map[string]struct {
		got  []*discordgo.Message
		want []string
	}{"after": {after, sent[5:8]}, "around": {around, sent[8:11]}} {
		var ids []string
		for _, m := range tt.got {
			ids = append([]string{m.ID}, ids...)
		}
		if !slices.Equal(ids, tt.want) {
			t.Errorf("%s: %v, want %v", name, ids, tt.want)
		}
	}
	if err := sess.ChannelMessageDelete(channel, sent[24]); err != nil {
		t.Fatal(err)
	}
	if got := must[[]*discordgo.Message](t)(sess.ChannelMessages(channel, 1, "", "", ""))[0].ID; got != sent[23] {
		t.Errorf("the newest message is %s, want %s", got, sent[23])
	}

	for i := range 5 {
		if err := sess.GuildBanCreate(guild, "10"+strconv.Itoa(5-i), 0); err != nil {
			t.Fatal(err)
		}
	}
	bans := pages(t, 2, func(b *discordgo.GuildBan) string { return b.User.ID }, func(last string) ([]*discordgo.GuildBan, error) {
		return sess.GuildBans(guild, 2, "", last)
	})
	if want := []string{"101", "102", "103", "104", "105"}; !slices.Equal(bans, want) {
		t.Errorf("bans %v, want %v", bans, want)
	}

	for _, refused := range []string{
		"guilds/" + guild + "/members?limit=1001", "guilds/" + guild + "/members?limit=0", "guilds/" + guild + "/members?limit=x", "guilds/" + guild + "/members?after=x",
		"users/@me/guilds?limit=201", "channels/" + channel + "/messages?limit=101", "channels/" + channel + "/messages?before=-1",
	} {
		_, err := sess.Request(http.MethodGet, discordgo.EndpointAPI+refused, nil)
		var e *discordgo.RESTError
		if !errors.As(err, &e) || e.Response.StatusCode != http.StatusBadRequest || e.Message.Code != 50035 {
			t.Errorf("%s: %v, want 400 with code 50035", refused, err)
		}
	}
}
