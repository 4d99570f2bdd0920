package discordtest

import (
	"maps"
	"net/http"
)

// webhookRoutes adds the routes that find a webhook by its id, its channel or its
// guild. Webhooks of interactions have the application's id and no other properties.
func (r *rest) webhookRoutes(add adder) {
	by := func(field string) http.HandlerFunc {
		return func(w http.ResponseWriter, req *http.Request) {
			r.mu.Lock()
			defer r.mu.Unlock()
			found := []object{}
			for _, o := range r.objects[webhooks] {
				if o[field] == req.PathValue(field) {
					found = append(found, o)
				}
			}
			writeJSON(w, http.StatusOK, found)
		}
	}
	add("GET /channels/{channel_id}/webhooks", r.inChannel(by("channel_id")))
	add("GET /guilds/{guild_id}/webhooks", r.inGuild(by("guild_id")))
	add("POST /channels/{channel_id}/webhooks", r.inChannel(r.webhookCreate))
	for _, path := range []string{"/webhooks/{webhook_id}", "/webhooks/{webhook_id}/{token}"} {
		add("GET "+path, r.webhook)
		add("PATCH "+path, r.webhook)
		add("DELETE "+path, r.webhook)
	}
	add("POST /webhooks/{webhook_id}/{token}", r.webhookPost)
	for _, other := range []string{"github", "slack"} {
		add("POST /webhooks/{webhook_id}/{token}/"+other, noContent)
	}
	const message = "/webhooks/{webhook_id}/{token}/messages/{message_id}"
	add("GET "+message, r.message)
	add("PATCH "+message, r.message)
	add("DELETE "+message, noContent)
}

// webhooks is the scope under which webhooks are stored.
const webhooks = "webhooks"

var webhookKey = &collection{key: "id"}

func (r *rest) webhookCreate(w http.ResponseWriter, req *http.Request) {
	o, ok := readObject(req)
	if !ok || named(o) == nil {
		writeAPIError(w, invalidForm)
		return
	}
	id := r.server.NewID(r.server.Now())
	o["id"], o["channel_id"], o["token"] = id, req.PathValue("channel_id"), "webhook-token-"+id
	if g := r.server.world.ofObject(req.PathValue("channel_id")); g != nil {
		o["guild_id"] = g.idString()
	}
	o = withDefaults(o, object{"type": 1, "avatar": nil, "application_id": appID, "user": botUser()})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put(webhookKey, req, webhooks, o)
	writeJSON(w, http.StatusOK, o)
}

// webhook reads, edits or deletes one webhook.
func (r *rest) webhook(w http.ResponseWriter, req *http.Request) {
	change, ok := readObject(req)
	r.mu.Lock()
	defer r.mu.Unlock()
	o := r.lookUp(webhookKey, req, webhooks, req.PathValue("webhook_id"))
	token := req.PathValue("token")
	switch {
	case o == nil:
		writeAPIError(w, unknownWebhook)
		return
	case token != "" && o["token"] != token:
		writeAPIError(w, apiError{http.StatusUnauthorized, 50027, "Invalid Webhook Token"})
		return
	case !ok:
		writeAPIError(w, invalidForm)
		return
	case req.Method == http.MethodDelete:
		r.remove(webhookKey, webhooks, req.PathValue("webhook_id"))
		w.WriteHeader(http.StatusNoContent)
		return
	case req.Method == http.MethodPatch:
		delete(change, "id")
		delete(change, "token")
		maps.Copy(o, change)
	}
	shown := maps.Clone(o)
	if token != "" {
		delete(shown, "user") // Discord omits it for clients with only the token
	}
	writeJSON(w, http.StatusOK, shown)
}

func (r *rest) webhookPost(w http.ResponseWriter, req *http.Request) {
	// A follow-up to an interaction always returns its message.
	if req.URL.Query().Get("wait") == "true" || req.PathValue("webhook_id") == appID {
		r.message(w, req)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
