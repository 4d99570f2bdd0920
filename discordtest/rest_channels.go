package discordtest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// channelObject returns a channel as REST shows it, or nil. It knows the channels and
// threads of the guilds, those that the bot created, and those of messages and
// interactions. r.mu is held.
func (r *rest) channelObject(id string) object {
	if o, ok := r.channels[id]; ok {
		return o // nil if it was deleted
	}
	g := r.server.world.ofObject(id)
	if g == nil {
		return nil
	}
	for _, c := range append(g.channels(), g.threads()...) {
		if c.ID == id {
			c.GuildID = g.idString()
			return asObject(c)
		}
	}
	return nil
}

// keepChannel stores a channel, or nil for a deleted one. r.mu is held.
func (r *rest) keepChannel(id string, o object) {
	if _, ok := r.channels[id]; !ok {
		r.channelOrder = append(r.channelOrder, id)
	}
	r.channels[id] = o
	for len(r.channelOrder) > r.server.cfg.records {
		delete(r.channels, r.channelOrder[0])
		r.channelOrder = r.channelOrder[1:]
	}
}

// seen stores the channel of a message or an interaction that was built.
func (r *rest) seen(id string) {
	if id == "" {
		return
	}
	if r.server.world.ofObject(id) != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.channels[id]; !known {
		r.keepChannel(id, object{"id": id, "type": 1, "last_message_id": nil, "recipients": []*user{{ID: userNumberID(2), Username: "somebody", Discriminator: "0"}}})
	}
}

// inChannel answers for known channels, and with error 10003 for others.
func (r *rest) inChannel(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		known := r.channelObject(req.PathValue("channel_id")) != nil
		r.mu.Unlock()
		if !known {
			writeAPIError(w, unknownChannel)
			return
		}
		h(w, req)
	}
}

func (r *rest) channelRoutes(add adder) {
	in := func(methodAndPattern string, h http.HandlerFunc) { add(methodAndPattern, r.inChannel(h)) }
	in("GET /channels/{channel_id}", r.channel)
	in("PATCH /channels/{channel_id}", r.channel)
	in("DELETE /channels/{channel_id}", r.channel)
	add("GET /guilds/{guild_id}/channels", r.inGuild(r.guildChannels))
	add("POST /guilds/{guild_id}/channels", r.inGuild(r.channelCreate))
	add("PATCH /guilds/{guild_id}/channels", r.inGuild(noContent)) // new positions
	in("POST /channels/{channel_id}/typing", noContent)
	in("POST /channels/{channel_id}/followers", func(w http.ResponseWriter, req *http.Request) {
		writeJSON(w, http.StatusOK, object{"channel_id": req.PathValue("channel_id"), "webhook_id": r.server.NewID(r.server.Now())})
	})
	in("GET /channels/{channel_id}/permissions", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, []object{}) })
	in("PUT /channels/{channel_id}/permissions/{overwrite_id}", noContent)
	in("DELETE /channels/{channel_id}/permissions/{overwrite_id}", noContent)
	in("PUT /channels/{channel_id}/recipients/{user_id}", noContent)
	in("DELETE /channels/{channel_id}/recipients/{user_id}", noContent)
	in("POST /channels/{channel_id}/send-soundboard-sound", noContent)
	in("PUT /channels/{channel_id}/voice-status", noContent)
	r.threadRoutes(in)
	r.messageRoutes(in)
	r.stageRoutes(add)
}

func (r *rest) channel(w http.ResponseWriter, req *http.Request) {
	id := req.PathValue("channel_id")
	change, ok := readOrRefuse(w, req)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.channelObject(id)
	switch {
	case c == nil: // deleted in the meantime
		writeAPIError(w, unknownChannel)
		return
	case req.Method == http.MethodDelete:
		r.keepChannel(id, nil)
	case req.Method == http.MethodPatch:
		delete(change, "id")
		maps.Copy(c, change)
		r.keepChannel(id, c)
	}
	writeJSON(w, http.StatusOK, c)
}

func (r *rest) guildChannels(w http.ResponseWriter, req *http.Request) {
	id := req.PathValue("guild_id")
	all := []object{}
	r.mu.Lock()
	defer r.mu.Unlock()
	if g := r.server.world.find(id); g != nil {
		for _, c := range g.channels() {
			if o := r.channelObject(c.ID); o != nil {
				all = append(all, o)
			}
		}
	}
	for _, made := range r.channelOrder {
		if o := r.channels[made]; o != nil && o["guild_id"] == id && o["thread_metadata"] == nil && r.server.world.ofObject(made) == nil {
			all = append(all, o)
		}
	}
	writeJSON(w, http.StatusOK, all)
}

func (r *rest) channelCreate(w http.ResponseWriter, req *http.Request) {
	o, ok := readObject(req)
	if !ok || named(o) == nil {
		writeAPIError(w, invalidForm)
		return
	}
	o = withDefaults(o, object{"type": 0, "position": 0, "permission_overwrites": []object{}, "parent_id": nil, "topic": nil, "nsfw": false, "rate_limit_per_user": 0})
	id := r.server.NewID(r.server.Now())
	o["id"], o["guild_id"] = id, req.PathValue("guild_id")
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keepChannel(id, o)
	writeJSON(w, http.StatusCreated, o)
}

func (r *rest) directChannel(w http.ResponseWriter, req *http.Request) {
	o, ok := readObject(req)
	recipient, _ := o["recipient_id"].(string)
	if !ok || recipient == "" {
		writeAPIError(w, invalidForm)
		return
	}
	id := r.server.NewID(r.server.Now())
	c := object{"id": id, "type": 1, "last_message_id": nil, "recipients": []*user{userByID(recipient)}}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keepChannel(id, c)
	writeJSON(w, http.StatusOK, c)
}

func (r *rest) threadRoutes(in adder) {
	in("POST /channels/{channel_id}/threads", r.thread)
	in("POST /channels/{channel_id}/messages/{message_id}/threads", r.thread)
	in("GET /channels/{channel_id}/threads", r.threadList)
	in("GET /channels/{channel_id}/threads/active", r.threadList)
	for _, archived := range []string{"/threads/archived/public", "/threads/archived/private", "/users/@me/threads/archived/private"} {
		in("GET /channels/{channel_id}"+archived, func(w http.ResponseWriter, req *http.Request) {
			if _, ok := (paging{usual: 50, most: 100}).limit(req); !ok {
				writeAPIError(w, invalidForm)
				return
			}
			writeJSON(w, http.StatusOK, object{"threads": []object{}, "members": []object{}, "has_more": false})
		})
	}
	members := &collection{
		item: "/channels/{channel_id}/thread-members/{user_id}", key: "user_id", unknown: unknownMember, guard: r.inChannel,
		seed: func(req *http.Request) []object { return []object{r.threadMember(req, botID)} },
	}
	in("GET /channels/{channel_id}/thread-members", func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		all := r.load(members, req, members.scope(req))
		if found, ok := page(w, req, paging{usual: 100, most: 100}, all, func(o object) int64 { return number(members.keyOf(o)) }); ok {
			writeJSON(w, http.StatusOK, found)
		}
	})
	me := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, req *http.Request) {
			if req.PathValue("user_id") == "@me" {
				req.SetPathValue("user_id", botID)
			}
			h(w, req)
		}
	}
	in("PUT /channels/{channel_id}/thread-members/{user_id}", me(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.put(members, req, members.scope(req), r.threadMember(req, req.PathValue("user_id")))
		w.WriteHeader(http.StatusNoContent)
	}))
	members.register(r, func(methodAndPattern string, h http.HandlerFunc) { in(methodAndPattern, me(h)) })
}

func (r *rest) threadMember(req *http.Request, userID string) object {
	o := object{"id": req.PathValue("channel_id"), "user_id": userID, "join_timestamp": r.server.Now().UTC().Format(time.RFC3339), "flags": 0}
	if req.URL.Query().Get("with_member") == "true" {
		o["member"] = member{User: userByID(userID), Roles: []string{}, JoinedAt: r.server.Now().UTC().Format(time.RFC3339)}
	}
	return o
}

func (r *rest) thread(w http.ResponseWriter, req *http.Request) {
	p, ok := readObject(req)
	if !ok || named(p) == nil {
		writeAPIError(w, invalidForm)
		return
	}
	parent := req.PathValue("channel_id")
	name, _ := p["name"].(string)
	id := r.server.NewID(r.server.Now())
	t := channel{
		ID: id, Type: 11, Name: name, ParentID: &parent, OwnerID: botID, PermissionOverwrites: []struct{}{},
		ThreadMetadata: &threadMetadata{AutoArchiveDuration: 1440, ArchiveTimestamp: r.server.Now().UTC().Format(time.RFC3339)},
	}
	if g := r.server.world.ofObject(parent); g != nil {
		t.GuildID = g.idString()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keepChannel(id, asObject(t))
	writeJSON(w, http.StatusCreated, t)
}

func (r *rest) threadList(w http.ResponseWriter, req *http.Request) {
	parent := req.PathValue("channel_id")
	found := []object{}
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := slices.Clone(r.channelOrder)
	if g := r.server.world.ofObject(parent); g != nil {
		for _, t := range g.threads() {
			if !slices.Contains(ids, t.ID) {
				ids = append(ids, t.ID)
			}
		}
	}
	for _, id := range ids {
		if o := r.channelObject(id); o != nil && o["parent_id"] == parent && o["thread_metadata"] != nil {
			found = append(found, o)
		}
	}
	writeJSON(w, http.StatusOK, object{"threads": found, "members": []object{}, "has_more": false})
}

func (r *rest) messageRoutes(in adder) {
	const of = "/channels/{channel_id}/messages/{message_id}"
	in("GET /channels/{channel_id}/messages", r.messages)
	in("POST /channels/{channel_id}/messages", r.message)
	in("POST /channels/{channel_id}/messages/bulk-delete", r.messagesDelete)
	for _, pins := range []string{"/channels/{channel_id}/pins", "/channels/{channel_id}/messages/pins"} {
		in("GET "+pins, r.pins)
		in("PUT "+pins+"/{message_id}", r.pin)
		in("DELETE "+pins+"/{message_id}", r.pin)
	}
	in("GET "+of, r.message)
	in("PATCH "+of, r.message)
	in("DELETE "+of, r.messageDelete)
	in("POST "+of+"/crosspost", r.message)
	users := func(w http.ResponseWriter, req *http.Request) {
		found, ok := page(w, req, paging{usual: 25, most: 100}, []*user{}, func(u *user) int64 { return number(u.ID) })
		switch {
		case !ok:
		case req.PathValue("answer_id") != "":
			writeJSON(w, http.StatusOK, object{"users": found})
		default:
			writeJSON(w, http.StatusOK, found)
		}
	}
	in("GET "+of+"/reactions/{emoji}", users)
	in("DELETE "+of+"/reactions", noContent)
	in("PUT "+of+"/reactions/{rest...}", noContent)
	in("DELETE "+of+"/reactions/{rest...}", noContent)
	in("GET /channels/{channel_id}/polls/{message_id}", r.message)
	in("GET /channels/{channel_id}/polls/{message_id}/answers/{answer_id}", users)
	in("POST /channels/{channel_id}/polls/{message_id}/expire", r.message)
}

// remember stores a message and replaces its earlier version.
func (r *rest) remember(m MessagePayload) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.sent.values {
		if r.sent.values[i].ID == m.ID {
			r.sent.values[i] = m
			return
		}
	}
	r.sent.add(m)
}

// messages lists the messages of a channel that the bot sent or [Server.Message] built.
func (r *rest) messages(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	all := slices.DeleteFunc(r.sent.all(), func(m MessagePayload) bool {
		return m.ChannelID != req.PathValue("channel_id") || r.deleted[m.ID]
	})
	r.mu.Unlock()
	if found, ok := page(w, req, paging{usual: 50, most: 100, newest: true}, all, func(m MessagePayload) int64 { return number(m.ID) }); ok {
		writeJSON(w, http.StatusOK, found)
	}
}

// deletedLocked records that a message was deleted. r.mu is held.
func (r *rest) deletedLocked(id string) {
	if len(r.deleted) >= r.server.cfg.records {
		clear(r.deleted)
	}
	r.deleted[id] = true
}

func (r *rest) messageDelete(w http.ResponseWriter, req *http.Request) {
	id := req.PathValue("message_id")
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.deleted[id] {
		writeAPIError(w, unknownMessage)
		return
	}
	r.deletedLocked(id)
	w.WriteHeader(http.StatusNoContent)
}

func (r *rest) messagesDelete(w http.ResponseWriter, req *http.Request) {
	o, ok := readObject(req)
	ids, isList := o["messages"].([]any)
	if !ok || !isList || len(ids) < 2 || len(ids) > 100 {
		writeAPIError(w, invalidForm)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		if text, isText := id.(string); isText {
			r.deletedLocked(text)
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// pins answers in the form of either route: a list of messages, or pages with the
// time of each pin.
func (r *rest) pins(w http.ResponseWriter, req *http.Request) {
	limit, ok := paging{usual: 50, most: 50}.limit(req)
	if !ok {
		writeAPIError(w, invalidForm)
		return
	}
	before, err := time.Parse(time.RFC3339, req.URL.Query().Get("before"))
	if err != nil {
		before = r.server.Now().Add(time.Hour)
	}
	r.mu.Lock()
	all := slices.Clone(r.pinned[req.PathValue("channel_id")])
	r.mu.Unlock()
	slices.Reverse(all) // newest first
	items, messages := []object{}, []MessagePayload{}
	for _, p := range all {
		if p.at.Before(before) {
			items = append(items, object{"pinned_at": p.at.UTC().Format(time.RFC3339Nano), "message": p.message})
			messages = append(messages, p.message)
		}
	}
	if strings.HasSuffix(req.URL.Path, "/messages/pins") {
		writeJSON(w, http.StatusOK, object{"items": items[:min(limit, len(items))], "has_more": len(items) > limit})
		return
	}
	writeJSON(w, http.StatusOK, messages)
}

type pinned struct {
	at      time.Time
	message MessagePayload
}

func (r *rest) pin(w http.ResponseWriter, req *http.Request) {
	const most = 250 // per channel
	channelID, id := req.PathValue("channel_id"), req.PathValue("message_id")
	m, known := r.messageByID(channelID, id)
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := slices.DeleteFunc(slices.Clone(r.pinned[channelID]), func(p pinned) bool { return p.message.ID == id })
	switch {
	case !known:
		writeAPIError(w, unknownMessage)
		return
	case req.Method == http.MethodPut && len(kept) >= most:
		writeAPIError(w, apiError{http.StatusBadRequest, 30003, "Maximum number of pins reached for the channel (" + strconv.Itoa(most) + ")"})
		return
	case req.Method == http.MethodPut:
		kept = append(kept, pinned{r.server.Now(), m})
	}
	r.pinned[channelID] = kept
	w.WriteHeader(http.StatusNoContent)
}

// messageByID finds a message that was sent or built. It treats any other id as that
// of an older message, unless that was deleted.
func (r *rest) messageByID(channelID, id string) (MessagePayload, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if number(id) == 0 && id != "@original" || r.deleted[id] {
		return MessagePayload{}, false
	}
	for _, m := range slices.Backward(r.sent.values) {
		if m.ID == id && m.ChannelID == channelID {
			return m, true
		}
	}
	m := r.server.message(channelID, "", FromBot())
	m.ID = id
	return m, true
}

func (r *rest) stageRoutes(add adder) {
	stages := &collection{
		path: "/stage-instances", item: "/stage-instances/{channel_id}", key: "channel_id", unknown: unknownStage, created: http.StatusOK,
		fill: func(o object, _ *http.Request) object {
			id, _ := o["channel_id"].(string)
			r.mu.Lock()
			defer r.mu.Unlock()
			c := r.channelObject(id)
			if c == nil || o["topic"] == nil {
				return nil
			}
			o["id"] = r.server.NewID(r.server.Now())
			return withDefaults(o, object{"guild_id": c["guild_id"], "privacy_level": 2, "discoverable_disabled": false, "guild_scheduled_event_id": nil})
		},
	}
	stages.register(r, add)
}

// inviteRoutes adds the routes that find an invite by its code, its channel or its guild.
func (r *rest) inviteRoutes(add adder) {
	invites := &collection{
		item: "/invites/{code}", key: "code", unknown: unknownInvite,
	}
	const scope = "invites"
	by := func(field string) http.HandlerFunc {
		return func(w http.ResponseWriter, req *http.Request) {
			r.mu.Lock()
			defer r.mu.Unlock()
			found := []object{}
			for _, o := range r.load(invites, req, scope) {
				if part, ok := o[field].(object); ok && part["id"] == req.PathValue(field+"_id") {
					found = append(found, o)
				}
			}
			writeJSON(w, http.StatusOK, found)
		}
	}
	add("GET /channels/{channel_id}/invites", r.inChannel(by("channel")))
	add("GET /guilds/{guild_id}/invites", r.inGuild(by("guild")))
	add("POST /channels/{channel_id}/invites", r.inChannel(func(w http.ResponseWriter, req *http.Request) {
		o, ok := readOrRefuse(w, req)
		if !ok {
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		c := r.channelObject(req.PathValue("channel_id"))
		if c == nil {
			writeAPIError(w, unknownChannel)
			return
		}
		o["code"] = "invite" + r.server.NewID(r.server.Now())
		o["channel"] = object{"id": c["id"], "name": c["name"], "type": c["type"]}
		o["guild"] = object{"id": c["guild_id"], "name": "Guild"}
		o["created_at"] = r.server.Now().UTC().Format(time.RFC3339)
		invite := withDefaults(o, object{"inviter": botUser(), "uses": 0, "max_uses": 0, "max_age": 86400, "temporary": false})
		r.put(invites, req, scope, invite)
		writeJSON(w, http.StatusOK, invite)
	}))
	one := func(then func(w http.ResponseWriter, o object, req *http.Request)) http.HandlerFunc {
		return func(w http.ResponseWriter, req *http.Request) {
			code, err := url.PathUnescape(req.PathValue("code"))
			if err != nil {
				code = req.PathValue("code")
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			o := r.lookUp(invites, req, scope, code)
			if o == nil {
				writeAPIError(w, unknownInvite)
				return
			}
			then(w, o, req)
		}
	}
	show := one(func(w http.ResponseWriter, o object, _ *http.Request) { writeJSON(w, http.StatusOK, o) })
	add("GET /invites/{code}", show)
	add("POST /invites/{code}", show)
	add("DELETE /invites/{code}", one(func(w http.ResponseWriter, o object, _ *http.Request) {
		r.remove(invites, scope, invites.keyOf(o))
		writeJSON(w, http.StatusOK, o)
	}))
	add("GET /invites/{code}/target-users", one(func(w http.ResponseWriter, _ object, _ *http.Request) {
		writeJSON(w, http.StatusOK, object{"users": []object{}})
	}))
	add("PUT /invites/{code}/target-users", one(func(w http.ResponseWriter, _ object, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	add("GET /invites/{code}/target-users/job-status", one(func(w http.ResponseWriter, _ object, _ *http.Request) {
		writeJSON(w, http.StatusOK, object{"status": 2, "total_users": 0, "processed_users": 0})
	}))
}
