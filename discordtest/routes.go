package discordtest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// defaults returns the routes that are answered without scripting.
func (r *rest) defaults() []route {
	var rs []route
	add := func(methodAndPattern string, h http.HandlerFunc) {
		method, pattern, _ := strings.Cut(methodAndPattern, " ")
		rs = append(rs, newRoute(method, pattern, h))
	}
	add("GET /gateway", r.gateway)
	add("GET /gateway/bot", r.gatewayBot)
	add("POST /interactions/{interaction_id}/{token}/callback", r.callback)
	add("GET /voice/regions", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, voiceRegions) })
	for _, when := range []string{"active", "upcoming"} { // of the status page
		add("GET /scheduled-maintenances/"+when+".json", func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, http.StatusOK, object{"page": object{"id": "discordtest", "name": "Discord"}, "scheduled_maintenances": []object{}})
		})
	}
	r.userRoutes(add)
	r.applicationRoutes(add)
	r.guildRoutes(add)
	r.channelRoutes(add)
	r.webhookRoutes(add)
	r.inviteRoutes(add)
	r.stickerRoutes(add)
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

// message answers requests that create, edit or read one message.
func (r *rest) message(w http.ResponseWriter, req *http.Request) {
	var p struct {
		Content    string          `json:"content"`
		Embeds     json.RawMessage `json:"embeds"`
		Components json.RawMessage `json:"components"`
		TTS        bool            `json:"tts"`
		Flags      int             `json:"flags"`
	}
	channelID, id := req.PathValue("channel_id"), req.PathValue("message_id")
	create := id == ""
	if create || req.Method == http.MethodPatch {
		body, err := jsonBody(req)
		if err != nil || json.Unmarshal(body, &p) != nil {
			writeAPIError(w, invalidForm)
			return
		}
	}
	if channelID == "" { // a webhook's route
		channelID = r.server.NewID(r.server.Now())
	}
	var m MessagePayload
	if create {
		m = r.server.message(channelID, p.Content, FromBot())
		m.TTS, m.Flags = p.TTS, p.Flags
	} else {
		var known bool
		if m, known = r.messageByID(channelID, id); !known {
			writeAPIError(w, unknownMessage)
			return
		}
		if id == "@original" {
			m.ID = r.server.NewID(r.server.Now())
		}
	}
	if p.Content != "" {
		m.Content = p.Content
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
	switch {
	case create:
		r.mu.Lock()
		r.sent.add(m)
		r.mu.Unlock()
	case req.Method == http.MethodPatch:
		r.remember(m)
	}
	writeJSON(w, http.StatusOK, m)
}

// commandScope returns the key of a set of commands: of an application, or of an
// application in a guild.
func commandScope(req *http.Request) string {
	return req.PathValue("application_id") + "/" + req.PathValue("guild_id")
}

// Commands returns the names of the registered application commands, global and per
// guild, sorted and without duplicates.
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

// complete adds the fields that Discord adds to a command.
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
