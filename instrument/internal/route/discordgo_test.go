package route_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/instrument/internal/route"
	"github.com/argus-dgo/argus/internal/catalog"
)

const other = catalog.RouteOther

// call is one use of an endpoint of discordgo's: its arguments, none for a
// variable, and the template of what it returns.
type call struct {
	args []string
	want string
}

// to is an endpoint that is always used in one way.
func to(want string, args ...string) []call { return []call{{args, want}} }

// endpoints says, for each Endpoint… of discordgo v0.28.1 to v0.29.1, what its
// URL is called. Those that only begin other URLs are "other", as nothing
// requests them.
var endpoints = map[string][]call{
	"EndpointStatus":                              to(other),
	"EndpointSm":                                  to(other),
	"EndpointSmActive":                            to("/scheduled-maintenances/active.json"),
	"EndpointSmUpcoming":                          to("/scheduled-maintenances/upcoming.json"),
	"EndpointDiscord":                             to(other),
	"EndpointAPI":                                 to(other),
	"EndpointGuilds":                              to(other),
	"EndpointChannels":                            to(other),
	"EndpointUsers":                               to(other),
	"EndpointGateway":                             to("/gateway"),
	"EndpointGatewayBot":                          to("/gateway/bot"),
	"EndpointWebhooks":                            to(other),
	"EndpointStickers":                            to(other),
	"EndpointStageInstances":                      to("/stage-instances"),
	"EndpointSKUs":                                to("/skus"),
	"EndpointCDN":                                 to(other),
	"EndpointCDNAttachments":                      to(other),
	"EndpointCDNAvatars":                          to(other),
	"EndpointCDNIcons":                            to(other),
	"EndpointCDNSplashes":                         to(other),
	"EndpointCDNChannelIcons":                     to(other),
	"EndpointCDNBanners":                          to(other),
	"EndpointCDNGuilds":                           to(other),
	"EndpointCDNRoleIcons":                        to(other),
	"EndpointVoice":                               to(other),
	"EndpointVoiceRegions":                        to("/voice/regions"),
	"EndpointUser":                                {{[]string{"1"}, "/users/{id}"}, {[]string{"@me"}, "/users/@me"}},
	"EndpointUserAvatar":                          to("/cdn/avatars/{id}/{file}", "1", "hash"),
	"EndpointUserAvatarAnimated":                  to("/cdn/avatars/{id}/{file}", "1", "a_hash"),
	"EndpointDefaultUserAvatar":                   to("/cdn/embed/avatars/{file}", "5"),
	"EndpointUserBanner":                          to("/cdn/banners/{id}/{file}", "1", "hash"),
	"EndpointUserBannerAnimated":                  to("/cdn/banners/{id}/{file}", "1", "a_hash"),
	"EndpointUserGuilds":                          {{[]string{"1"}, "/users/{id}/guilds"}, {[]string{"@me"}, "/users/@me/guilds"}},
	"EndpointUserGuild":                           {{[]string{"1", "2"}, "/users/{id}/guilds/{id}"}, {[]string{"@me", "2"}, "/users/@me/guilds/{id}"}},
	"EndpointUserGuildMember":                     {{[]string{"1", "2"}, "/users/{id}/guilds/{id}/member"}, {[]string{"@me", "2"}, "/users/@me/guilds/{id}/member"}},
	"EndpointUserChannels":                        {{[]string{"1"}, "/users/{id}/channels"}, {[]string{"@me"}, "/users/@me/channels"}},
	"EndpointUserApplicationRoleConnection":       to("/users/@me/applications/{id}/role-connection", "1"),
	"EndpointUserConnections":                     {{[]string{"1"}, "/users/{id}/connections"}, {[]string{"@me"}, "/users/@me/connections"}},
	"EndpointGuild":                               to("/guilds/{id}", "1"),
	"EndpointGuildAutoModeration":                 to("/guilds/{id}/auto-moderation", "1"),
	"EndpointGuildAutoModerationRules":            to("/guilds/{id}/auto-moderation/rules", "1"),
	"EndpointGuildAutoModerationRule":             to("/guilds/{id}/auto-moderation/rules/{id}", "1", "2"),
	"EndpointGuildThreads":                        to("/guilds/{id}/threads", "1"),
	"EndpointGuildActiveThreads":                  to("/guilds/{id}/threads/active", "1"),
	"EndpointGuildPreview":                        to("/guilds/{id}/preview", "1"),
	"EndpointGuildChannels":                       to("/guilds/{id}/channels", "1"),
	"EndpointGuildMembers":                        to("/guilds/{id}/members", "1"),
	"EndpointGuildMembersSearch":                  to("/guilds/{id}/members/search", "1"),
	"EndpointGuildMember":                         {{[]string{"1", "2"}, "/guilds/{id}/members/{id}"}, {[]string{"1", "@me"}, "/guilds/{id}/members/@me"}, {[]string{"1", "@me/nick"}, "/guilds/{id}/members/@me/nick"}},
	"EndpointGuildMemberRole":                     to("/guilds/{id}/members/{id}/roles/{id}", "1", "2", "3"),
	"EndpointGuildBans":                           to("/guilds/{id}/bans", "1"),
	"EndpointGuildBan":                            to("/guilds/{id}/bans/{id}", "1", "2"),
	"EndpointGuildIntegrations":                   to("/guilds/{id}/integrations", "1"),
	"EndpointGuildIntegration":                    to("/guilds/{id}/integrations/{id}", "1", "2"),
	"EndpointGuildRoles":                          to("/guilds/{id}/roles", "1"),
	"EndpointGuildRoleMemberCounts":               to("/guilds/{id}/roles/member-counts", "1"),
	"EndpointGuildRole":                           to("/guilds/{id}/roles/{id}", "1", "2"),
	"EndpointGuildInvites":                        to("/guilds/{id}/invites", "1"),
	"EndpointGuildWidget":                         to("/guilds/{id}/widget", "1"),
	"EndpointGuildEmbed":                          to("/guilds/{id}/widget", "1"),
	"EndpointGuildPrune":                          to("/guilds/{id}/prune", "1"),
	"EndpointGuildIcon":                           to("/cdn/icons/{id}/{file}", "1", "hash"),
	"EndpointGuildIconAnimated":                   to("/cdn/icons/{id}/{file}", "1", "a_hash"),
	"EndpointGuildSplash":                         to("/cdn/splashes/{id}/{file}", "1", "hash"),
	"EndpointGuildWebhooks":                       to("/guilds/{id}/webhooks", "1"),
	"EndpointGuildAuditLogs":                      to("/guilds/{id}/audit-logs", "1"),
	"EndpointGuildEmojis":                         to("/guilds/{id}/emojis", "1"),
	"EndpointGuildEmoji":                          to("/guilds/{id}/emojis/{id}", "1", "2"),
	"EndpointGuildBanner":                         to("/cdn/banners/{id}/{file}", "1", "hash"),
	"EndpointGuildBannerAnimated":                 to("/cdn/banners/{id}/{file}", "1", "a_hash"),
	"EndpointGuildStickers":                       to("/guilds/{id}/stickers", "1"),
	"EndpointGuildSticker":                        to("/guilds/{id}/stickers/{id}", "1", "2"),
	"EndpointStageInstance":                       to("/stage-instances/{id}", "1"),
	"EndpointGuildScheduledEvents":                to("/guilds/{id}/scheduled-events", "1"),
	"EndpointGuildScheduledEvent":                 to("/guilds/{id}/scheduled-events/{id}", "1", "2"),
	"EndpointGuildScheduledEventUsers":            to("/guilds/{id}/scheduled-events/{id}/users", "1", "2"),
	"EndpointGuildOnboarding":                     to("/guilds/{id}/onboarding", "1"),
	"EndpointGuildTemplate":                       to("/guilds/templates/{code}", "hgM48av5Q69A"),
	"EndpointGuildTemplates":                      to("/guilds/{id}/templates", "1"),
	"EndpointGuildTemplateSync":                   to("/guilds/{id}/templates/{code}", "1", "hgM48av5Q69A"),
	"EndpointGuildMemberAvatar":                   to("/cdn/guilds/{id}/users/{id}/avatars/{file}", "1", "2", "hash"),
	"EndpointGuildMemberAvatarAnimated":           to("/cdn/guilds/{id}/users/{id}/avatars/{file}", "1", "2", "a_hash"),
	"EndpointGuildMemberBanner":                   to("/cdn/guilds/{id}/users/{id}/banners/{file}", "1", "2", "hash"),
	"EndpointGuildMemberBannerAnimated":           to("/cdn/guilds/{id}/users/{id}/banners/{file}", "1", "2", "a_hash"),
	"EndpointGuildMemberVoiceState":               {{[]string{"1", "2"}, "/guilds/{id}/voice-states/{id}"}, {[]string{"1", "@me"}, "/guilds/{id}/voice-states/@me"}},
	"EndpointRoleIcon":                            to("/cdn/role-icons/{id}/{file}", "1", "hash"),
	"EndpointChannel":                             to("/channels/{id}", "1"),
	"EndpointChannelThreads":                      to("/channels/{id}/threads", "1"),
	"EndpointChannelActiveThreads":                to("/channels/{id}/threads/active", "1"),
	"EndpointChannelPublicArchivedThreads":        to("/channels/{id}/threads/archived/public", "1"),
	"EndpointChannelPrivateArchivedThreads":       to("/channels/{id}/threads/archived/private", "1"),
	"EndpointChannelJoinedPrivateArchivedThreads": to("/channels/{id}/users/@me/threads/archived/private", "1"),
	"EndpointChannelPermissions":                  to("/channels/{id}/permissions", "1"),
	"EndpointChannelPermission":                   to("/channels/{id}/permissions/{id}", "1", "2"),
	"EndpointChannelInvites":                      to("/channels/{id}/invites", "1"),
	"EndpointChannelTyping":                       to("/channels/{id}/typing", "1"),
	"EndpointChannelMessages":                     to("/channels/{id}/messages", "1"),
	"EndpointChannelMessage":                      to("/channels/{id}/messages/{id}", "1", "2"),
	"EndpointChannelMessageThread":                to("/channels/{id}/messages/{id}/threads", "1", "2"),
	"EndpointChannelMessagesBulkDelete":           to("/channels/{id}/messages/bulk-delete", "1"),
	"EndpointChannelMessageCrosspost":             to("/channels/{id}/messages/{id}/crosspost", "1", "2"),
	"EndpointChannelFollow":                       to("/channels/{id}/followers", "1"),
	"EndpointThreadMembers":                       to("/channels/{id}/thread-members", "1"),
	"EndpointThreadMember":                        {{[]string{"1", "2"}, "/channels/{id}/thread-members/{id}"}, {[]string{"1", "@me"}, "/channels/{id}/thread-members/@me"}},
	"EndpointGroupIcon":                           to("/cdn/channel-icons/{id}/{file}", "1", "hash"),
	"EndpointSticker":                             to("/stickers/{id}", "1"),
	"EndpointNitroStickersPacks":                  to("/sticker-packs"),
	"EndpointChannelWebhooks":                     to("/channels/{id}/webhooks", "1"),
	"EndpointWebhook":                             to("/webhooks/{id}", "1"),
	"EndpointWebhookToken":                        to("/webhooks/{id}/{token}", "1", secret),
	"EndpointWebhookMessage":                      to("/webhooks/{id}/{token}/messages/{id}", "1", secret, "2"),
	"EndpointMessageReactionsAll":                 to("/channels/{id}/messages/{id}/reactions", "1", "2"),
	"EndpointMessageReactions":                    to("/channels/{id}/messages/{id}/reactions/{emoji}", "1", "2", "%F0%9F%94%A5"),
	"EndpointMessageReaction":                     {{[]string{"1", "2", "argus:3", "4"}, "/channels/{id}/messages/{id}/reactions/{emoji}/{id}"}, {[]string{"1", "2", "🔥", "@me"}, "/channels/{id}/messages/{id}/reactions/{emoji}/@me"}},
	"EndpointPoll":                                to("/channels/{id}/polls/{id}", "1", "2"),
	"EndpointPollAnswerVoters":                    to("/channels/{id}/polls/{id}/answers/{id}", "1", "2", "3"),
	"EndpointPollExpire":                          to("/channels/{id}/polls/{id}/expire", "1", "2"),
	"EndpointApplicationSKUs":                     to("/applications/{id}/skus", "1"),
	"EndpointEntitlements":                        to("/applications/{id}/entitlements", "1"),
	"EndpointEntitlement":                         to("/applications/{id}/entitlements/{id}", "1", "2"),
	"EndpointEntitlementConsume":                  to("/applications/{id}/entitlements/{id}/consume", "1", "2"),
	"EndpointSubscriptions":                       to("/skus/{id}/subscriptions", "1"),
	"EndpointSubscription":                        to("/skus/{id}/subscriptions/{id}", "1", "2"),
	"EndpointApplicationGlobalCommands":           to("/applications/{id}/commands", "1"),
	"EndpointApplicationGlobalCommand":            to("/applications/{id}/commands/{id}", "1", "2"),
	"EndpointApplicationGuildCommands":            to("/applications/{id}/guilds/{id}/commands", "1", "2"),
	"EndpointApplicationGuildCommand":             to("/applications/{id}/guilds/{id}/commands/{id}", "1", "2", "3"),
	"EndpointApplicationCommandPermissions":       to("/applications/{id}/guilds/{id}/commands/{id}/permissions", "1", "2", "3"),
	"EndpointApplicationCommandsGuildPermissions": to("/applications/{id}/guilds/{id}/commands/permissions", "1", "2"),
	"EndpointInteraction":                         to("/interactions/{id}/{token}", "1", secret),
	"EndpointInteractionResponse":                 to("/interactions/{id}/{token}/callback", "1", secret),
	"EndpointInteractionResponseActions":          to("/webhooks/{id}/{token}/messages/@original", "1", secret),
	"EndpointFollowupMessage":                     to("/webhooks/{id}/{token}", "1", secret),
	"EndpointFollowupMessageActions":              to("/webhooks/{id}/{token}/messages/{id}", "1", secret, "2"),
	"EndpointGuildCreate":                         to("/guilds"),
	"EndpointInvite":                              to("/invites/{code}", "discord-developers"),
	"EndpointEmoji":                               to("/cdn/emojis/{file}", "1"),
	"EndpointEmojiAnimated":                       to("/cdn/emojis/{file}", "1"),
	"EndpointApplications":                        to("/applications"),
	"EndpointApplication":                         {{[]string{"1"}, "/applications/{id}"}, {[]string{"@me"}, "/applications/@me"}},
	"EndpointApplicationRoleConnectionMetadata":   to("/applications/{id}/role-connections/metadata", "1"),
	"EndpointApplicationEmojis":                   to("/applications/{id}/emojis", "1"),
	"EndpointApplicationEmoji":                    to("/applications/{id}/emojis/{id}", "1", "2"),
	"EndpointOAuth2":                              to(other),
	"EndpointOAuth2Applications":                  to("/oauth2/applications"),
	"EndpointOAuth2Application":                   {{[]string{"1"}, "/oauth2/applications/{id}"}, {[]string{"@me"}, "/oauth2/applications/@me"}},
	"EndpointOAuth2ApplicationsBot":               to("/oauth2/applications/{id}/bot", "1"),
	"EndpointOAuth2ApplicationAssets":             to("/oauth2/applications/{id}/assets", "1"),
	"EndpointOauth2":                              to(other),
	"EndpointOauth2Applications":                  to("/oauth2/applications"),
	"EndpointOauth2Application":                   to("/oauth2/applications/{id}", "1"),
	"EndpointOauth2ApplicationsBot":               to("/oauth2/applications/{id}/bot", "1"),
	"EndpointOauth2ApplicationAssets":             to("/oauth2/applications/{id}/assets", "1"),
}

// moved are the endpoints that are not the same route in every version: the
// master of v0.29.1 follows Discord's newer routes for pins.
var moved = map[string][2][]call{
	"EndpointChannelMessagesPins": {to("/channels/{id}/pins", "1"), to("/channels/{id}/messages/pins", "1")},
	"EndpointChannelMessagePin":   {to("/channels/{id}/pins/{id}", "1", "2"), to("/channels/{id}/messages/pins/{id}", "1", "2")},
}

// TestTemplate_Discordgo asks for the template of every endpoint that the
// discordgo under test declares. Which it declares differs by version, so they
// are read from its source instead of being named here.
func TestTemplate_Discordgo(t *testing.T) {
	declared := parseEndpoints(t)
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		if !strings.HasPrefix(name, "Endpoint") {
			continue
		}
		calls, ok := endpoints[name]
		if versions, isMoved := moved[name]; isMoved {
			calls, ok = versions[0], true
			if _, master := declared["EndpointGuildRoleMemberCounts"]; master {
				calls = versions[1]
			}
		}
		if !ok {
			t.Errorf("%s is not in the table of endpoints: add it, and its template to catalog.Routes", name)
			continue
		}
		for _, c := range calls {
			raw, err := declared.call(name, c.args)
			if err != nil {
				t.Errorf("%s(%q): %v", name, c.args, err)
				continue
			}
			u, err := url.Parse(raw)
			if err != nil {
				t.Errorf("%s(%q) is no URL: %v", name, c.args, err)
				continue
			}
			if got := route.Template(u.Path); got != c.want {
				t.Errorf("%s(%q): Template(%q) = %q, want %q", name, c.args, u.Path, got, c.want)
			}
			if got := route.Template(u.EscapedPath()); got != c.want {
				t.Errorf("%s(%q): Template(%q) = %q, want %q", name, c.args, u.EscapedPath(), got, c.want)
			}
			if got := route.FromURL(raw); got != c.want {
				t.Errorf("%s(%q): FromURL(%q) = %q, want %q", name, c.args, raw, got, c.want)
			}
		}
	}
}

// TestParseEndpoints compares what is read from the source with what the
// compiled discordgo returns: the source read must be the one that is linked.
func TestParseEndpoints(t *testing.T) {
	declared := parseEndpoints(t)
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"EndpointVoiceRegions", nil, discordgo.EndpointVoiceRegions},
		{"EndpointGatewayBot", nil, discordgo.EndpointGatewayBot},
		{"EndpointDefaultUserAvatar", []string{"4"}, discordgo.EndpointDefaultUserAvatar(4)},
		{"EndpointChannelMessagePin", []string{"1", "2"}, discordgo.EndpointChannelMessagePin("1", "2")},
		{"EndpointMessageReaction", []string{"1", "2", "3", "4"}, discordgo.EndpointMessageReaction("1", "2", "3", "4")},
		{"EndpointInteractionResponseActions", []string{"1", "2"}, discordgo.EndpointInteractionResponseActions("1", "2")},
		{"EndpointOauth2ApplicationsBot", []string{"1"}, discordgo.EndpointOauth2ApplicationsBot("1")},
	} {
		got, err := declared.call(c.name, c.args)
		if err != nil || got != c.want {
			t.Errorf("%s(%q) in the source = %q, %v; linked: %q", c.name, c.args, got, err, c.want)
		}
	}
}

// source holds the package-level variables of discordgo's endpoints.go.
type source map[string]ast.Expr

func parseEndpoints(t *testing.T) source {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/bwmarrin/discordgo").Output()
	if err != nil {
		t.Fatalf("go list cannot say where discordgo is: %v", err)
	}
	path := filepath.Join(strings.TrimSpace(string(dir)), "endpoints.go")
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatalf("discordgo's endpoints.go: %v", err)
	}
	declared := make(source)
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.VAR {
			continue
		}
		for _, spec := range gen.Specs {
			values := spec.(*ast.ValueSpec)
			for i, name := range values.Names {
				declared[name.Name] = values.Values[i]
			}
		}
	}
	if len(declared) < 100 {
		t.Fatalf("%s declares %d variables: the endpoints must have moved to another file", path, len(declared))
	}
	return declared
}

var errForm = errors.New("this form of expression is new in endpoints.go: teach it to source.eval")

// call returns the value of a variable, called with the arguments if it is a function.
func (s source) call(name string, args []string) (string, error) {
	value := s[name]
	if alias, ok := value.(*ast.Ident); ok {
		return s.call(alias.Name, args)
	}
	fn, ok := value.(*ast.FuncLit)
	if !ok {
		if len(args) > 0 {
			return "", fmt.Errorf("a variable is given %d arguments", len(args))
		}
		return s.eval(value, nil)
	}
	params := make(map[string]string)
	for _, field := range fn.Type.Params.List {
		for _, param := range field.Names {
			if len(params) < len(args) {
				params[param.Name] = args[len(params)]
			}
		}
	}
	if n := fn.Type.Params.NumFields(); n != len(args) {
		return "", fmt.Errorf("a function of %d parameters is given %d arguments", n, len(args))
	}
	if len(fn.Body.List) != 1 {
		return "", errForm
	}
	ret, ok := fn.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(ret.Results) != 1 {
		return "", errForm
	}
	return s.eval(ret.Results[0], params)
}

// eval evaluates the few forms of expression that endpoints.go is made of.
func (s source) eval(expr ast.Expr, params map[string]string) (string, error) {
	switch e := expr.(type) {
	case *ast.BasicLit:
		return strconv.Unquote(e.Value)
	case *ast.Ident:
		if value, ok := params[e.Name]; ok {
			return value, nil
		}
		return s.call(e.Name, nil)
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "", errForm
		}
		left, err := s.eval(e.X, params)
		if err != nil {
			return "", err
		}
		right, err := s.eval(e.Y, params)
		return left + right, err
	case *ast.CallExpr:
		args := make([]string, 0, len(e.Args))
		for _, a := range e.Args {
			arg, err := s.eval(a, params)
			if err != nil {
				return "", err
			}
			args = append(args, arg)
		}
		switch fun := e.Fun.(type) {
		case *ast.Ident:
			return s.call(fun.Name, args)
		case *ast.SelectorExpr:
			if fun.Sel.Name == "Itoa" && len(args) == 1 {
				return args[0], nil
			}
		}
	}
	return "", errForm
}
