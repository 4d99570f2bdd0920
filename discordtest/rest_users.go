package discordtest

import (
	"net/http"
)

func (r *rest) userRoutes(add adder) {
	add("GET /users/@me", r.me)
	add("PATCH /users/@me", r.me)
	add("GET /users/@me/guilds", r.myGuilds)
	add("GET /users/@me/guilds/{guild_id}", r.ofGuild(func(g *guild, _ *http.Request) (any, *apiError) { return g.partial(false), nil }))
	add("DELETE /users/@me/guilds/{guild_id}", r.guildLeave)
	add("GET /users/@me/guilds/{guild_id}/member", r.ofGuild(func(g *guild, _ *http.Request) (any, *apiError) { return g.botMember(), nil }))
	add("GET /users/@me/channels", r.emptyList)
	add("POST /users/@me/channels", r.directChannel)
	add("GET /users/@me/connections", r.emptyList)
	add("GET /users/@me/applications/{application_id}/entitlements", r.emptyList)
	connection := object{"platform_name": nil, "platform_username": nil, "metadata": object{}}
	add("GET /users/@me/applications/{application_id}/role-connection", func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		writeJSON(w, http.StatusOK, withDefaults(object{}, r.settingLocked(req, connection)))
	})
	add("PUT /users/@me/applications/{application_id}/role-connection", func(w http.ResponseWriter, req *http.Request) {
		r.replaceSetting(w, req, func(o object) any { return withDefaults(o, connection) })
	})
	add("GET /users/{user_id}", r.user)
	// Discord answers these for the bot itself only.
	add("GET /users/{user_id}/guilds", r.ofBot(r.myGuilds))
	add("GET /users/{user_id}/guilds/{guild_id}", r.ofBot(r.ofGuild(func(g *guild, _ *http.Request) (any, *apiError) { return g.partial(false), nil })))
	add("GET /users/{user_id}/guilds/{guild_id}/member", r.ofBot(r.ofGuild(func(g *guild, _ *http.Request) (any, *apiError) { return g.botMember(), nil })))
	add("GET /users/{user_id}/channels", r.ofBot(r.emptyList))
	add("GET /users/{user_id}/connections", r.ofBot(r.emptyList))
}

// ofBot answers for the bot, and with error 50001 for other users.
func (r *rest) ofBot(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		if req.PathValue("user_id") != botID {
			writeAPIError(w, apiError{http.StatusForbidden, 50001, "Missing Access"})
			return
		}
		h(w, req)
	}
}

func (*rest) emptyList(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, []object{})
}

func (r *rest) me(w http.ResponseWriter, req *http.Request) {
	me := asObject(botUser())
	if req.Method == http.MethodPatch {
		change, ok := readObject(req)
		if !ok {
			writeAPIError(w, invalidForm)
			return
		}
		if name, isText := change["username"].(string); isText && name != "" {
			me["username"] = name
		}
	}
	writeJSON(w, http.StatusOK, me)
}

// user answers for every id that is valid.
func (r *rest) user(w http.ResponseWriter, req *http.Request) {
	id := req.PathValue("user_id")
	if number(id) == 0 {
		writeAPIError(w, unknownUser)
		return
	}
	writeJSON(w, http.StatusOK, userByID(id))
}

// partial returns the guild as in a list of a user's guilds. g.mu is held.
func (g *guild) partial(withCounts bool) object {
	o := object{"id": g.idString(), "name": g.name, "icon": nil, "owner": false, "permissions": "8", "features": []string{}}
	if withCounts {
		g.addCounts(o)
	}
	return o
}

func (r *rest) myGuilds(w http.ResponseWriter, req *http.Request) {
	found, ok := page(w, req, paging{usual: 200, most: 200}, r.server.world.all(), func(g *guild) int64 { return g.id })
	if !ok {
		return
	}
	guilds := []object{}
	for _, g := range found {
		g.mu.Lock()
		guilds = append(guilds, g.partial(req.URL.Query().Get("with_counts") == "true"))
		g.mu.Unlock()
	}
	writeJSON(w, http.StatusOK, guilds)
}
