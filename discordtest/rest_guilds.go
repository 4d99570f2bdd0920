package discordtest

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// inGuild answers for guilds that the bot is in, and with error 10004 for others.
func (r *rest) inGuild(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		if r.server.world.find(req.PathValue("guild_id")) == nil {
			writeAPIError(w, unknownGuild)
			return
		}
		h(w, req)
	}
}

// ofGuild answers with a part of a guild, with the guild locked.
func (r *rest) ofGuild(part func(*guild, *http.Request) (any, *apiError)) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		var v any
		var problem *apiError
		err := r.server.withGuild(req.PathValue("guild_id"), func(g *guild) error {
			v, problem = part(g, req)
			return nil
		})
		switch {
		case err != nil:
			writeAPIError(w, unknownGuild)
		case problem != nil:
			writeAPIError(w, *problem)
		default:
			writeJSON(w, http.StatusOK, v)
		}
	}
}

// constant answers for a guild with a value that is the same for all guilds.
func (r *rest) constant(v any) http.HandlerFunc {
	return r.inGuild(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, v) })
}

// echo answers for a guild with the request's body.
func (r *rest) echo(w http.ResponseWriter, req *http.Request) {
	o, ok := readOrRefuse(w, req)
	if !ok {
		return
	}
	writeJSON(w, http.StatusOK, o)
}

func noContent(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// seedOf returns a function that makes the initial objects of a collection from a guild.
func seedOf[T any](r *rest, part func(*guild) []T) func(*http.Request) []object {
	return func(req *http.Request) []object {
		if g := r.server.world.find(req.PathValue("guild_id")); g != nil {
			return asObjects(part(g))
		}
		return nil
	}
}

func (r *rest) guildRoutes(add adder) {
	add("POST /guilds", r.guildCreate)
	add("GET /guilds/templates/{code}", r.templateByCode)
	add("POST /guilds/templates/{code}", r.guildCreate)
	add("GET /guilds/{guild_id}", r.ofGuild(func(g *guild, req *http.Request) (any, *apiError) {
		o := asObject(g.object())
		if req.URL.Query().Get("with_counts") == "true" {
			g.addCounts(o)
		}
		return o, nil
	}))
	add("PATCH /guilds/{guild_id}", r.guildEdit)
	add("DELETE /guilds/{guild_id}", r.guildLeave)
	add("GET /guilds/{guild_id}/preview", r.ofGuild(func(g *guild, _ *http.Request) (any, *apiError) {
		o := object{
			"id": g.idString(), "name": g.name, "icon": nil, "splash": nil, "discovery_splash": nil, "description": nil,
			"emojis": g.emojis(), "stickers": g.stickers(), "features": []string{"COMMUNITY"},
		}
		g.addCounts(o)
		return o, nil
	}))
	r.memberRoutes(add)
	r.roleRoutes(add)
	r.guildCollections(add)
	r.guildSettings(add)
}

// addCounts adds the fields of ?with_counts=true. g.mu is held.
func (g *guild) addCounts(o object) {
	here := 0
	for i := g.first; i < g.last; i++ {
		if online(i) {
			here++
		}
	}
	o["approximate_member_count"], o["approximate_presence_count"] = g.memberCount(), here
}

func (r *rest) guildCreate(w http.ResponseWriter, req *http.Request) {
	if code := req.PathValue("code"); code != "" && r.template(code) == nil {
		writeAPIError(w, unknownTemplate)
		return
	}
	o, ok := readObject(req)
	name, _ := o["name"].(string)
	if !ok || name == "" {
		writeAPIError(w, invalidForm)
		return
	}
	id, err := r.server.GuildJoin()
	if err != nil {
		writeAPIError(w, apiError{http.StatusInternalServerError, 0, "500: Internal Server Error"})
		return
	}
	_ = r.server.withGuild(id, func(g *guild) error {
		g.name = name
		writeJSON(w, http.StatusCreated, g.object())
		return nil
	})
}

func (r *rest) guildEdit(w http.ResponseWriter, req *http.Request) {
	change, ok := readOrRefuse(w, req)
	if !ok {
		return
	}
	r.ofGuild(func(g *guild, _ *http.Request) (any, *apiError) {
		if name, ok := change["name"].(string); ok && name != "" && name != g.name {
			g.name = name
			_, _ = r.server.tell(g, "GUILD_UPDATE", g.update())
		}
		return g.object(), nil
	})(w, req)
}

func (r *rest) guildLeave(w http.ResponseWriter, req *http.Request) {
	if r.server.GuildLeave(req.PathValue("guild_id")) != nil {
		writeAPIError(w, unknownGuild)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (r *rest) memberRoutes(add adder) {
	add("GET /guilds/{guild_id}/members", r.members)
	add("GET /guilds/{guild_id}/members/search", r.ofGuild(func(g *guild, req *http.Request) (any, *apiError) {
		limit, ok := paging{usual: 1, most: 1000}.limit(req)
		query := strings.ToLower(req.URL.Query().Get("query"))
		if !ok || query == "" {
			return nil, &invalidForm
		}
		found := []member{}
		for m := range g.membersFrom(0) {
			if len(found) < limit && strings.HasPrefix(strings.ToLower(m.User.Username), query) {
				found = append(found, m)
			}
		}
		return found, nil
	}))
	one := func(g *guild, req *http.Request) (any, *apiError) {
		id := req.PathValue("user_id")
		if id == "@me" {
			id = botID
		}
		if m, ok := g.memberByID(id); ok {
			return m, nil
		}
		return nil, &unknownMember
	}
	add("GET /guilds/{guild_id}/members/{user_id}", r.ofGuild(one))
	add("PATCH /guilds/{guild_id}/members/{user_id}", r.ofGuild(one))
	add("PATCH /guilds/{guild_id}/members/{user_id}/nick", r.ofGuild(one))
	add("PUT /guilds/{guild_id}/members/{user_id}", r.inGuild(noContent)) // already a member
	add("DELETE /guilds/{guild_id}/members/{user_id}", r.ifGuildHas(one))
	withRole := func(g *guild, req *http.Request) (any, *apiError) {
		m, problem := one(g, req)
		if problem == nil {
			problem = r.roleProblem(req)
		}
		return m, problem
	}
	add("PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}", r.ifGuildHas(withRole))
	add("DELETE /guilds/{guild_id}/members/{user_id}/roles/{role_id}", r.ifGuildHas(withRole))
	voice := func(g *guild, req *http.Request) (any, *apiError) {
		id := req.PathValue("user_id")
		if id == "@me" {
			id = botID
		}
		channel, ok := g.voice[id]
		if !ok {
			return nil, &unknownVoiceState
		}
		return g.voiceState(id, channel), nil
	}
	add("GET /guilds/{guild_id}/voice-states/{user_id}", r.ofGuild(voice))
	add("PATCH /guilds/{guild_id}/voice-states/{user_id}", r.ifGuildHas(voice))
}

// ifGuildHas answers with no content if part finds no problem.
func (r *rest) ifGuildHas(part func(*guild, *http.Request) (any, *apiError)) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		problem := &unknownGuild
		_ = r.server.withGuild(req.PathValue("guild_id"), func(g *guild) error {
			_, problem = part(g, req)
			return nil
		})
		if problem != nil {
			writeAPIError(w, *problem)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// membersFrom yields the members with ids above after, in ascending order; the bot's
// id is the smallest. g.mu is held.
func (g *guild) membersFrom(after int64) func(yield func(member) bool) {
	return func(yield func(member) bool) {
		if number(botID) > after && !yield(g.botMember()) {
			return
		}
		first := after>>22 - userEpoch - int64(g.index+1)*usersPerGuild + 1
		for o := max(int64(g.first), first); o < int64(g.last); o++ {
			if !yield(g.member(int(o))) {
				return
			}
		}
	}
}

// members answers with a page of members. It makes only the members of that page,
// because a guild may have many.
func (r *rest) members(w http.ResponseWriter, req *http.Request) {
	limit, okLimit := paging{usual: 1, most: 1000}.limit(req)
	after, okAfter := idOf(req, "after")
	r.ofGuild(func(g *guild, _ *http.Request) (any, *apiError) {
		if !okLimit || !okAfter {
			return nil, &invalidForm
		}
		found := []member{}
		for m := range g.membersFrom(after) {
			if found = append(found, m); len(found) == limit {
				break
			}
		}
		return found, nil
	})(w, req)
}

func (r *rest) roleCollection() *collection {
	return &collection{
		path: "/guilds/{guild_id}/roles", item: "/guilds/{guild_id}/roles/{role_id}", unknown: unknownRole, created: http.StatusOK,
		seed: seedOf(r, (*guild).roles), guard: r.inGuild,
		fill: func(o object, _ *http.Request) object {
			return withDefaults(o, object{
				"name": "new role", "color": 0, "hoist": false, "position": 1, "permissions": "0", "managed": false, "mentionable": false, "flags": 0,
			})
		},
	}
}

func (r *rest) roleProblem(req *http.Request) *apiError {
	roles := r.roleCollection()
	roles.key = "id"
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lookUp(roles, req, roles.scope(req), req.PathValue("role_id")) == nil {
		return &unknownRole
	}
	return nil
}

func (r *rest) roleRoutes(add adder) {
	roles := r.roleCollection()
	add("GET /guilds/{guild_id}/roles/member-counts", r.ofGuild(func(g *guild, _ *http.Request) (any, *apiError) {
		return object{objectID(g.id, kindRole, 1): g.last - g.first, objectID(g.id, kindRole, 2): 1}, nil
	}))
	add("PATCH /guilds/{guild_id}/roles", r.inGuild(func(w http.ResponseWriter, req *http.Request) { roles.serveList(r, w, req) })) // new positions
	roles.register(r, add)
}

// withDefaults adds missing fields to an object. null counts as missing.
func withDefaults(o, defaults object) object {
	for k, v := range defaults {
		if o[k] == nil {
			o[k] = v
		}
	}
	return o
}

// guildCollections adds the routes of objects that a bot creates in a guild.
func (r *rest) guildCollections(add adder) {
	inGuild := func(o object, req *http.Request) object {
		return withDefaults(o, object{"guild_id": req.PathValue("guild_id")})
	}
	emojiDefaults := object{"roles": []string{}, "require_colons": true, "managed": false, "animated": false, "available": true}
	for _, c := range []*collection{
		{
			path: "/guilds/{guild_id}/emojis", item: "/guilds/{guild_id}/emojis/{emoji_id}", unknown: unknownEmoji, seed: seedOf(r, (*guild).emojis),
			fill: func(o object, _ *http.Request) object { return named(withDefaults(o, emojiDefaults)) },
		},
		{
			path: "/guilds/{guild_id}/stickers", item: "/guilds/{guild_id}/stickers/{sticker_id}", unknown: unknownSticker, seed: seedOf(r, (*guild).stickers),
			fill: func(o object, req *http.Request) object {
				return named(inGuild(withDefaults(o, object{"description": "", "tags": "", "type": 2, "format_type": 1, "available": true}), req))
			},
		},
		{
			path: "/guilds/{guild_id}/scheduled-events", item: "/guilds/{guild_id}/scheduled-events/{event_id}", unknown: unknownScheduledEvent, created: http.StatusOK,
			fill: func(o object, req *http.Request) object {
				return named(inGuild(withDefaults(o, object{
					"channel_id": nil, "creator_id": botID, "status": 1, "privacy_level": 2, "entity_type": 3, "entity_id": nil, "user_count": 0,
					"scheduled_start_time": r.server.Now().UTC().Add(time.Hour).Format(time.RFC3339), "scheduled_end_time": nil,
				}), req))
			},
		},
		{
			path: "/guilds/{guild_id}/auto-moderation/rules", item: "/guilds/{guild_id}/auto-moderation/rules/{rule_id}", unknown: notFound, created: http.StatusOK,
			fill: func(o object, req *http.Request) object {
				return named(inGuild(withDefaults(o, object{
					"creator_id": botID, "event_type": 1, "trigger_type": 1, "trigger_metadata": object{}, "actions": []object{},
					"enabled": false, "exempt_roles": []string{}, "exempt_channels": []string{},
				}), req))
			},
		},
		{
			path: "/guilds/{guild_id}/integrations", item: "/guilds/{guild_id}/integrations/{integration_id}", unknown: unknownIntegration, created: http.StatusNoContent,
			fill: func(o object, _ *http.Request) object {
				return withDefaults(o, object{"name": "integration", "enabled": true})
			},
		},
		{
			path: "/guilds/{guild_id}/soundboard-sounds", item: "/guilds/{guild_id}/soundboard-sounds/{sound_id}", unknown: unknownSound, key: "sound_id",
			list: func(all []object, _ *http.Request) any { return object{"items": all} },
			fill: func(o object, req *http.Request) object {
				o["sound_id"] = r.server.NewID(r.server.Now())
				return named(inGuild(withDefaults(o, object{"volume": 1.0, "emoji_id": nil, "emoji_name": nil, "available": true}), req))
			},
		},
		r.templateCollection(),
		r.banCollection(),
	} {
		c.guard = r.inGuild
		c.register(r, add)
	}
	add("GET /guilds/{guild_id}/scheduled-events/{event_id}/users", r.inGuild(r.scheduledEventUsers))
	add("PUT /guilds/{guild_id}/bans/{user_id}", r.inGuild(r.ban))
	add("POST /guilds/{guild_id}/bulk-ban", r.inGuild(func(w http.ResponseWriter, req *http.Request) {
		o, _ := readObject(req)
		users, _ := o["user_ids"].([]any)
		writeJSON(w, http.StatusOK, object{"banned_users": append([]any{}, users...), "failed_users": []string{}})
	}))
	add("PUT /guilds/{guild_id}/templates/{code}", r.inGuild(r.templateByCode))
}

// named rejects an object without a name.
func named(o object) object {
	if name, ok := o["name"].(string); !ok || name == "" {
		return nil
	}
	return o
}

func (r *rest) scheduledEventUsers(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	scope := strings.Join(split("/guilds/"+req.PathValue("guild_id")+"/scheduled-events"), "/")
	events := &collection{key: "id"}
	if r.lookUp(events, req, scope, req.PathValue("event_id")) == nil {
		writeAPIError(w, unknownScheduledEvent)
		return
	}
	if users, ok := page(w, req, paging{usual: 100, most: 100}, []object{}, func(object) int64 { return 0 }); ok {
		writeJSON(w, http.StatusOK, users)
	}
}

func (r *rest) templateCollection() *collection {
	return &collection{
		path: "/guilds/{guild_id}/templates", item: "/guilds/{guild_id}/templates/{code}", key: "code", unknown: unknownTemplate,
		fill: func(o object, req *http.Request) object {
			now := r.server.Now().UTC().Format(time.RFC3339)
			return named(withDefaults(o, object{
				"code": "template" + r.server.NewID(r.server.Now()), "description": nil, "usage_count": 0, "creator_id": botID, "creator": botUser(),
				"created_at": now, "updated_at": now, "source_guild_id": req.PathValue("guild_id"), "serialized_source_guild": object{"name": "Guild"}, "is_dirty": nil,
			}))
		},
	}
}

// template finds a template of any guild.
func (r *rest) template(code string) object {
	r.mu.Lock()
	defer r.mu.Unlock()
	for scope, all := range r.objects {
		if !strings.HasSuffix(scope, "/templates") {
			continue
		}
		if i := slices.IndexFunc(all, func(o object) bool { return o["code"] == code }); i >= 0 {
			return all[i]
		}
	}
	return nil
}

func (r *rest) templateByCode(w http.ResponseWriter, req *http.Request) {
	t := r.template(req.PathValue("code"))
	if t == nil {
		writeAPIError(w, unknownTemplate)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	writeJSON(w, http.StatusOK, t)
}

func (r *rest) banCollection() *collection {
	return &collection{
		path: "/guilds/{guild_id}/bans", item: "/guilds/{guild_id}/bans/{user_id}", key: "user_id", unknown: unknownBan,
		pages: paging{usual: 1000, most: 1000},
		list: func(all []object, _ *http.Request) any {
			bans := make([]object, len(all))
			for i, o := range all {
				bans[i] = object{"user": o["user"], "reason": o["reason"]}
			}
			return bans
		},
		fill: func(object, *http.Request) object { return nil }, // Discord has no POST
	}
}

func (r *rest) ban(w http.ResponseWriter, req *http.Request) {
	id := req.PathValue("user_id")
	if number(id) == 0 {
		writeAPIError(w, unknownUser)
		return
	}
	var reason any
	if text := req.Header.Get("X-Audit-Log-Reason"); text != "" {
		reason = text
	}
	bans := r.banCollection()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put(bans, req, bans.scope(req), object{"user_id": id, "user": userByID(id), "reason": reason})
	w.WriteHeader(http.StatusNoContent)
}

// userByID returns a user about whom only the id is known.
func userByID(id string) *user {
	if id == botID {
		return botUser()
	}
	return &user{ID: id, Username: "user" + id, Discriminator: "0"}
}

// guildSettings adds the routes of objects that exist once per guild, and of Discord's
// features that the fake world does not have.
func (r *rest) guildSettings(add adder) {
	add("GET /guilds/{guild_id}/auto-moderation", r.constant([]object{}))
	add("GET /guilds/{guild_id}/prune", r.constant(object{"pruned": 0}))
	add("POST /guilds/{guild_id}/prune", r.constant(object{"pruned": 0}))
	add("GET /guilds/{guild_id}/regions", r.constant(voiceRegions))
	add("GET /guilds/{guild_id}/vanity-url", r.constant(object{"code": nil, "uses": 0}))
	add("GET /guilds/{guild_id}/widget", r.constant(object{"enabled": false, "channel_id": nil}))
	add("PATCH /guilds/{guild_id}/widget", r.inGuild(r.echo))
	add("GET /guilds/{guild_id}/widget.png", r.inGuild(picture))
	add("GET /guilds/{guild_id}/widget.json", r.ofGuild(func(g *guild, _ *http.Request) (any, *apiError) {
		return object{"id": g.idString(), "name": g.name, "instant_invite": nil, "channels": []object{}, "members": []object{}, "presence_count": 0}, nil
	}))
	add("GET /guilds/{guild_id}/welcome-screen", r.constant(object{"description": nil, "welcome_channels": []object{}}))
	add("PATCH /guilds/{guild_id}/welcome-screen", r.inGuild(r.echo))
	add("GET /guilds/{guild_id}/new-member-welcome", r.constant(object{"enabled": false}))
	add("GET /guilds/{guild_id}/member-verification", r.constant(object{"version": nil, "form_fields": []object{}, "description": nil}))
	add("PATCH /guilds/{guild_id}/member-verification", r.inGuild(r.echo))
	onboarding := func(g *guild, _ *http.Request) object {
		return object{"guild_id": g.idString(), "prompts": []object{}, "default_channel_ids": []string{}, "enabled": false, "mode": 0}
	}
	add("GET /guilds/{guild_id}/onboarding", r.ofGuild(func(g *guild, req *http.Request) (any, *apiError) { return onboarding(g, req), nil }))
	add("PUT /guilds/{guild_id}/onboarding", func(w http.ResponseWriter, req *http.Request) {
		change, ok := readObject(req)
		r.ofGuild(func(g *guild, _ *http.Request) (any, *apiError) {
			if !ok {
				return nil, &invalidForm
			}
			return withDefaults(change, onboarding(g, req)), nil
		})(w, req)
	})
	add("POST /guilds/{guild_id}/mfa", r.inGuild(r.echo))
	add("PUT /guilds/{guild_id}/incident-actions", r.inGuild(r.echo))
	add("GET /guilds/{guild_id}/messages/search", r.constant(object{"total_results": 0, "messages": []object{}}))
	add("GET /guilds/{guild_id}/audit-logs", r.inGuild(func(w http.ResponseWriter, req *http.Request) {
		entries, ok := page(w, req, paging{usual: 50, most: 100, newest: true}, []object{}, func(object) int64 { return 0 })
		if !ok {
			return
		}
		none := []object{}
		writeJSON(w, http.StatusOK, object{
			"audit_log_entries": entries, "users": none, "webhooks": none, "integrations": none, "threads": none,
			"application_commands": none, "auto_moderation_rules": none, "guild_scheduled_events": none,
		})
	}))
	threads := r.ofGuild(func(g *guild, _ *http.Request) (any, *apiError) {
		return object{"threads": g.threads(), "members": []object{}, "has_more": false}, nil
	})
	add("GET /guilds/{guild_id}/threads", threads)
	add("GET /guilds/{guild_id}/threads/active", threads)
}

var voiceRegions = []object{
	{"id": "rotterdam", "name": "Rotterdam", "optimal": true, "deprecated": false, "custom": false},
	{"id": "us-east", "name": "US East", "optimal": false, "deprecated": false, "custom": false},
}

func picture(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(onePixel)
}
