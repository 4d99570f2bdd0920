package discordtest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// defaults are the routes that are answered without being scripted.
func (r *rest) defaults() []route {
	var rs []route
	add := func(methodAndPattern string, h http.HandlerFunc) {
		method, pattern, _ := strings.Cut(methodAndPattern, " ")
		rs = append(rs, newRoute(method, pattern, h))
	}
	nothing := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	list := func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, []any{}) }

	add("GET /gateway", r.gateway)
	add("GET /gateway/bot", r.gatewayBot)
	add("POST /interactions/{interaction_id}/{token}/callback", r.callback)

	add("POST /webhooks/{webhook_id}/{token}", r.webhookPost)
	add("GET /webhooks/{webhook_id}/{token}", r.webhook)
	add("GET /webhooks/{webhook_id}/{token}/messages/{message_id}", r.message)
	add("PATCH /webhooks/{webhook_id}/{token}/messages/{message_id}", r.message)
	add("DELETE /webhooks/{webhook_id}/{token}/messages/{message_id}", nothing)
	add("GET /webhooks/{webhook_id}", r.webhook)
	add("POST /channels/{channel_id}/webhooks", r.webhook)
	add("GET /channels/{channel_id}/webhooks", list)

	add("GET /users/@me", r.me)
	add("PATCH /users/@me", r.me)
	add("GET /users/@me/guilds", r.myGuilds)
	add("DELETE /users/@me/guilds/{guild_id}", nothing)
	add("POST /users/@me/channels", r.directChannel)
	add("GET /users/{user_id}", r.user)
	add("GET /oauth2/applications/@me", r.application)
	add("GET /applications/@me", r.application)

	for _, scope := range []string{"/applications/{application_id}/commands", "/applications/{application_id}/guilds/{guild_id}/commands"} {
		add("GET "+scope, r.commandList)
		add("PUT "+scope, r.commandsReplace)
		add("POST "+scope, r.commandCreate)
		add("GET "+scope+"/{command_id}", r.command)
		add("PATCH "+scope+"/{command_id}", r.command)
		add("DELETE "+scope+"/{command_id}", r.command)
	}

	add("GET /channels/{channel_id}", r.channel)
	add("PATCH /channels/{channel_id}", r.channel)
	add("DELETE /channels/{channel_id}", r.channel)
	add("POST /channels/{channel_id}/typing", nothing)
	add("GET /channels/{channel_id}/messages", list)
	add("POST /channels/{channel_id}/messages", r.message)
	add("POST /channels/{channel_id}/messages/bulk-delete", nothing)
	add("GET /channels/{channel_id}/messages/{message_id}", r.message)
	add("PATCH /channels/{channel_id}/messages/{message_id}", r.message)
	add("DELETE /channels/{channel_id}/messages/{message_id}", nothing)
	add("POST /channels/{channel_id}/messages/{message_id}/crosspost", r.message)
	add("POST /channels/{channel_id}/messages/{message_id}/threads", r.thread)
	add("GET /channels/{channel_id}/messages/{message_id}/reactions/{emoji}", list)
	add("DELETE /channels/{channel_id}/messages/{message_id}/reactions", nothing)
	add("PUT /channels/{channel_id}/messages/{message_id}/reactions/{rest...}", nothing)
	add("DELETE /channels/{channel_id}/messages/{message_id}/reactions/{rest...}", nothing)
	add("POST /channels/{channel_id}/threads", r.thread)
	add("GET /channels/{channel_id}/pins", list)
	add("PUT /channels/{channel_id}/pins/{message_id}", nothing)
	add("DELETE /channels/{channel_id}/pins/{message_id}", nothing)
	add("GET /channels/{channel_id}/invites", list)
	add("PUT /channels/{channel_id}/permissions/{overwrite_id}", nothing)
	add("DELETE /channels/{channel_id}/permissions/{overwrite_id}", nothing)

	ofGuild := func(part func(*guild, *http.Request) (any, bool)) http.HandlerFunc {
		return func(w http.ResponseWriter, req *http.Request) {
			var v any
			err := r.server.withGuild(req.PathValue("guild_id"), func(g *guild) error {
				v, _ = part(g, req)
				return nil
			})
			switch {
			case err != nil:
				writeError(w, http.StatusNotFound, 10004, "Unknown Guild")
			case v == nil:
				writeError(w, http.StatusNotFound, 10007, "Unknown Member")
			default:
				writeJSON(w, http.StatusOK, v)
			}
		}
	}
	object := func(g *guild, _ *http.Request) (any, bool) { return g.object(), true }
	add("GET /guilds/{guild_id}", ofGuild(object))
	add("PATCH /guilds/{guild_id}", ofGuild(object))
	add("GET /guilds/{guild_id}/channels", ofGuild(func(g *guild, _ *http.Request) (any, bool) { return g.channels(), true }))
	add("POST /guilds/{guild_id}/channels", r.channel)
	add("GET /guilds/{guild_id}/roles", ofGuild(func(g *guild, _ *http.Request) (any, bool) { return g.roles(), true }))
	add("GET /guilds/{guild_id}/emojis", ofGuild(func(g *guild, _ *http.Request) (any, bool) { return g.emojis(), true }))
	add("GET /guilds/{guild_id}/stickers", ofGuild(func(g *guild, _ *http.Request) (any, bool) { return g.stickers(), true }))
	add("GET /guilds/{guild_id}/members", ofGuild(func(g *guild, _ *http.Request) (any, bool) {
		members := []member{g.botMember()}
		for o := g.first; o < g.last && len(members) < chunkSize; o++ {
			members = append(members, g.member(o))
		}
		return members, true
	}))
	one := func(g *guild, req *http.Request) (any, bool) {
		m, ok := g.memberByID(req.PathValue("user_id"))
		if !ok {
			return nil, false
		}
		return m, true
	}
	add("GET /guilds/{guild_id}/members/{user_id}", ofGuild(one))
	add("PATCH /guilds/{guild_id}/members/{user_id}", ofGuild(one))
	add("DELETE /guilds/{guild_id}/members/{user_id}", nothing)
	add("PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}", nothing)
	add("DELETE /guilds/{guild_id}/members/{user_id}/roles/{role_id}", nothing)
	add("GET /guilds/{guild_id}/bans", list)
	add("PUT /guilds/{guild_id}/bans/{user_id}", nothing)
	add("DELETE /guilds/{guild_id}/bans/{user_id}", nothing)
	add("GET /guilds/{guild_id}/invites", list)
	add("GET /guilds/{guild_id}/webhooks", list)
	add("GET /voice/regions", list)
	return rs
}

func (r *rest) gateway(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"url": r.server.GatewayURL()})
}

func (r *rest) gatewayBot(w http.ResponseWriter, _ *http.Request) {
	s := r.server
	s.mu.Lock()
	now := time.Now()
	s.refillLocked(now)
	limit := map[string]any{
		"total": s.cfg.sessionTotal, "remaining": s.remaining,
		"reset_after": s.resetAt.Sub(now).Milliseconds(), "max_concurrency": s.cfg.maxConcurrency,
	}
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{"url": s.GatewayURL(), "shards": s.cfg.shards, "session_start_limit": limit})
}

func (r *rest) me(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, botUser()) }

func (r *rest) user(w http.ResponseWriter, req *http.Request) {
	id := req.PathValue("user_id")
	if id == botID {
		r.me(w, req)
		return
	}
	writeJSON(w, http.StatusOK, &user{ID: id, Username: "user" + id, Discriminator: "0"})
}

func (r *rest) application(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"id": appID, "name": "discordtest", "description": "", "icon": nil, "bot_public": true, "bot_require_code_grant": false,
		"verify_key": strings.Repeat("0", 64), "owner": &user{ID: userNumberID(2), Username: "owner"}, "flags": 0,
	})
}

func (r *rest) myGuilds(w http.ResponseWriter, _ *http.Request) {
	guilds := []map[string]any{}
	for _, g := range r.server.world.all() {
		g.mu.Lock()
		name := g.name
		g.mu.Unlock()
		guilds = append(guilds, map[string]any{"id": g.idString(), "name": name, "owner": false, "permissions": "8", "features": []string{}})
	}
	writeJSON(w, http.StatusOK, guilds)
}

func (r *rest) directChannel(w http.ResponseWriter, req *http.Request) {
	var p struct {
		Recipient string `json:"recipient_id"`
	}
	if json.NewDecoder(req.Body).Decode(&p) != nil || p.Recipient == "" {
		writeError(w, http.StatusBadRequest, 50035, "Invalid Form Body")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"id": r.server.NewID(r.server.Now()), "type": 1, "last_message_id": nil,
		"recipients": []*user{{ID: p.Recipient, Username: "user" + p.Recipient, Discriminator: "0"}},
	})
}

func (r *rest) channel(w http.ResponseWriter, req *http.Request) {
	id := req.PathValue("channel_id")
	if id == "" { // a new one
		var p struct {
			Name string `json:"name"`
			Type int    `json:"type"`
		}
		if json.NewDecoder(req.Body).Decode(&p) != nil {
			writeError(w, http.StatusBadRequest, 50035, "Invalid Form Body")
			return
		}
		writeJSON(w, http.StatusCreated, channel{
			ID: r.server.NewID(r.server.Now()), Type: p.Type, Name: p.Name, GuildID: req.PathValue("guild_id"), PermissionOverwrites: []struct{}{},
		})
		return
	}
	c := channel{ID: id, Name: "channel", PermissionOverwrites: []struct{}{}}
	if g := r.server.world.ofObject(id); g != nil {
		g.mu.Lock()
		for _, known := range append(g.channels(), g.threads()...) {
			if known.ID == id {
				c = known
			}
		}
		c.GuildID = g.idString()
		g.mu.Unlock()
	}
	writeJSON(w, http.StatusOK, c)
}

func (r *rest) thread(w http.ResponseWriter, req *http.Request) {
	var p struct {
		Name string `json:"name"`
	}
	if json.NewDecoder(req.Body).Decode(&p) != nil {
		writeError(w, http.StatusBadRequest, 50035, "Invalid Form Body")
		return
	}
	parent := req.PathValue("channel_id")
	t := channel{
		ID: r.server.NewID(r.server.Now()), Type: 11, Name: p.Name, ParentID: &parent, OwnerID: botID, PermissionOverwrites: []struct{}{},
		ThreadMetadata: &threadMetadata{AutoArchiveDuration: 1440, ArchiveTimestamp: r.server.Now().UTC().Format(time.RFC3339)},
	}
	if g := r.server.world.ofObject(parent); g != nil {
		t.GuildID = g.idString()
	}
	writeJSON(w, http.StatusCreated, t)
}

// message answers what creates, edits or reads one message.
func (r *rest) message(w http.ResponseWriter, req *http.Request) {
	var p struct {
		Content    string          `json:"content"`
		Embeds     json.RawMessage `json:"embeds"`
		Components json.RawMessage `json:"components"`
		TTS        bool            `json:"tts"`
		Flags      int             `json:"flags"`
	}
	if req.Method != http.MethodGet && !strings.HasSuffix(req.URL.Path, "/crosspost") {
		body, err := jsonBody(req)
		if err != nil || json.Unmarshal(body, &p) != nil {
			writeError(w, http.StatusBadRequest, 50035, "Invalid Form Body")
			return
		}
	}
	channelID := req.PathValue("channel_id")
	if channelID == "" { // a webhook's
		channelID = r.server.NewID(r.server.Now())
	}
	m := r.server.Message(channelID, p.Content, FromBot())
	m.TTS, m.Flags = p.TTS, p.Flags
	if id := req.PathValue("message_id"); id != "" && id != "@original" {
		m.ID = id
	}
	if len(p.Embeds) > 0 && string(p.Embeds) != "null" {
		m.Embeds = p.Embeds
	}
	if len(p.Components) > 0 && string(p.Components) != "null" {
		m.Components = p.Components
	}
	if req.Method == http.MethodPatch {
		now := r.server.Now().UTC().Format(time.RFC3339Nano)
		m.EditedTimestamp = &now
	}
	writeJSON(w, http.StatusOK, m)
}

func (r *rest) webhookPost(w http.ResponseWriter, req *http.Request) {
	// A follow-up to an interaction always returns its message.
	if req.URL.Query().Get("wait") == "true" || req.PathValue("webhook_id") == appID {
		r.message(w, req)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (r *rest) webhook(w http.ResponseWriter, req *http.Request) {
	id := req.PathValue("webhook_id")
	if id == "" {
		id = r.server.NewID(r.server.Now())
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"id": id, "type": 1, "name": "webhook", "avatar": nil, "channel_id": req.PathValue("channel_id"),
		"application_id": nil, "token": "webhook-token-" + id,
	})
}

// commandScope is the key of a set of commands: an application's, or one that
// it has in a guild.
func commandScope(req *http.Request) string {
	return req.PathValue("application_id") + "/" + req.PathValue("guild_id")
}

// Commands returns the names of the registered application commands, global and
// of guilds, sorted and without duplicates.
func (s *Server) Commands() []string {
	s.rest.mu.Lock()
	defer s.rest.mu.Unlock()
	names := map[string]bool{}
	for _, scope := range s.rest.commands {
		for _, c := range scope {
			if name, ok := c["name"].(string); ok {
				names[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func (r *rest) commandList(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	commands := r.commands[commandScope(req)]
	if commands == nil {
		commands = []map[string]any{}
	}
	writeJSON(w, http.StatusOK, commands)
}

// complete fills in what Discord adds to a command.
func (r *rest) complete(c map[string]any, req *http.Request) bool {
	if name, ok := c["name"].(string); !ok || name == "" {
		return false
	}
	c["id"], c["version"] = r.server.NewID(r.server.Now()), r.server.NewID(r.server.Now())
	c["application_id"] = req.PathValue("application_id")
	if g := req.PathValue("guild_id"); g != "" {
		c["guild_id"] = g
	}
	if kind, ok := c["type"].(float64); !ok || kind == 0 {
		c["type"] = 1
	}
	return true
}

func (r *rest) commandsReplace(w http.ResponseWriter, req *http.Request) {
	commands := []map[string]any{}
	if json.NewDecoder(req.Body).Decode(&commands) != nil {
		writeError(w, http.StatusBadRequest, 50035, "Invalid Form Body")
		return
	}
	for _, c := range commands {
		if !r.complete(c, req) {
			writeError(w, http.StatusBadRequest, 50035, "Invalid Form Body")
			return
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.commands[commandScope(req)] = commands
	writeJSON(w, http.StatusOK, commands)
}

func (r *rest) commandCreate(w http.ResponseWriter, req *http.Request) {
	var c map[string]any
	if json.NewDecoder(req.Body).Decode(&c) != nil || !r.complete(c, req) {
		writeError(w, http.StatusBadRequest, 50035, "Invalid Form Body")
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	scope := commandScope(req)
	for i, old := range r.commands[scope] {
		if old["name"] == c["name"] && old["type"] == c["type"] { // an upsert
			c["id"] = old["id"]
			r.commands[scope][i] = c
			writeJSON(w, http.StatusOK, c)
			return
		}
	}
	r.commands[scope] = append(r.commands[scope], c)
	writeJSON(w, http.StatusCreated, c)
}

// command reads, edits or deletes one command.
func (r *rest) command(w http.ResponseWriter, req *http.Request) {
	var change map[string]any
	if req.Method == http.MethodPatch && json.NewDecoder(req.Body).Decode(&change) != nil {
		writeError(w, http.StatusBadRequest, 50035, "Invalid Form Body")
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	scope := commandScope(req)
	for i, c := range r.commands[scope] {
		if c["id"] != req.PathValue("command_id") {
			continue
		}
		switch req.Method {
		case http.MethodDelete:
			r.commands[scope] = slices.Delete(r.commands[scope], i, i+1)
			w.WriteHeader(http.StatusNoContent)
			return
		case http.MethodPatch:
			delete(change, "id")
			delete(change, "application_id")
			maps.Copy(c, change)
		}
		writeJSON(w, http.StatusOK, c)
		return
	}
	writeError(w, http.StatusNotFound, 10063, "Unknown application command")
}
