package discordtest

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

func (r *rest) applicationRoutes(add adder) {
	for _, me := range []string{"/applications/@me", "/oauth2/applications/@me", "/applications/{application_id}", "/oauth2/applications/{application_id}"} {
		add("GET "+me, r.application)
		add("PATCH "+me, r.application)
		add("PUT "+me, r.application)
		add("DELETE "+me, noContent)
	}
	for _, all := range []string{"/applications", "/oauth2/applications"} {
		add("GET "+all, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, []object{application()}) })
		add("POST "+all, r.application)
	}
	add("POST /oauth2/applications/{application_id}/bot", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, botUser()) })
	add("GET /oauth2/applications/{application_id}/assets", r.emptyList)
	add("GET /applications/{application_id}/activity-instances/{instance}", func(w http.ResponseWriter, _ *http.Request) {
		writeAPIError(w, apiError{http.StatusNotFound, 10092, "Unknown Activity Instance"})
	})
	add("POST /applications/{application_id}/attachment", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, object{"attachment": object{"id": r.server.NewID(r.server.Now()), "filename": "file", "size": 0, "url": "https://cdn.discordapp.com/ephemeral-attachments/1/1/file", "proxy_url": ""}})
	})
	r.commandRoutes(add)
	r.roleConnectionRoutes(add)
	r.oauthRoutes(add)
	r.monetizationRoutes(add)
	emojis := &collection{
		path: "/applications/{application_id}/emojis", item: "/applications/{application_id}/emojis/{emoji_id}", unknown: unknownEmoji,
		list: func(all []object, _ *http.Request) any { return object{"items": all} },
		fill: func(o object, _ *http.Request) object {
			return named(withDefaults(o, object{"roles": []string{}, "user": botUser(), "require_colons": true, "managed": false, "animated": false, "available": true}))
		},
	}
	emojis.register(r, add)
}

func application() object {
	return object{
		"id": appID, "name": "discordtest", "description": "", "icon": nil, "bot_public": true, "bot_require_code_grant": false,
		"verify_key": strings.Repeat("0", 64), "owner": &user{ID: userNumberID(2), Username: "owner"}, "bot": botUser(), "flags": 0,
	}
}

func (r *rest) application(w http.ResponseWriter, req *http.Request) {
	switch id := req.PathValue("application_id"); id {
	case "", appID, botID: // at Discord, a bot's user has its application's id
	default:
		writeAPIError(w, unknownApplication)
		return
	}
	a := application()
	if req.Method != http.MethodGet {
		change, ok := readOrRefuse(w, req)
		if !ok {
			return
		}
		for _, field := range []string{"name", "description"} {
			if text, isText := change[field].(string); isText && text != "" {
				a[field] = text
			}
		}
	}
	writeJSON(w, http.StatusOK, a)
}

// settingLocked returns what was put at the request's path, or otherwise. r.mu is held.
func (r *rest) settingLocked(req *http.Request, otherwise object) object {
	if all := r.objects["setting "+req.URL.Path]; len(all) > 0 {
		return all[0]
	}
	return otherwise
}

// replaceSetting stores the body of a request under its path and answers with it.
func (r *rest) replaceSetting(w http.ResponseWriter, req *http.Request, complete func(object) any) {
	o, ok := readOrRefuse(w, req)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.objects["setting "+req.URL.Path] = []object{o}
	writeJSON(w, http.StatusOK, complete(o))
}

// readList reads a body with a list of objects.
func readList(req *http.Request) ([]object, bool) {
	body, err := io.ReadAll(req.Body)
	list := []object{}
	return list, err == nil && json.Unmarshal(body, &list) == nil
}

func (r *rest) roleConnectionRoutes(add adder) {
	const path = "/applications/{application_id}/role-connections/metadata"
	add("GET "+path, func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		writeJSON(w, http.StatusOK, append([]object{}, r.objects["list "+req.URL.Path]...))
	})
	add("PUT "+path, func(w http.ResponseWriter, req *http.Request) {
		list, ok := readList(req)
		if !ok || len(list) > 5 {
			writeAPIError(w, invalidForm)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.objects["list "+req.URL.Path] = list
		writeJSON(w, http.StatusOK, list)
	})
}

func (r *rest) oauthRoutes(add adder) {
	add("POST /oauth2/token", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, object{"access_token": "access-token", "token_type": "Bearer", "expires_in": 604800, "refresh_token": "refresh-token", "scope": "identify"})
	})
	add("POST /oauth2/token/revoke", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, object{}) })
	add("GET /oauth2/authorize", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, object{"application": application(), "authorized": false})
	})
	add("GET /oauth2/keys", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, object{"keys": []object{}}) })
	add("GET /oauth2/userinfo", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, object{"sub": botID, "preferred_username": botUser().Username, "locale": "en-US"})
	})
	add("GET /oauth2/@me", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, object{
			"application": application(), "scopes": []string{"identify"}, "user": botUser(),
			"expires": r.server.Now().UTC().Add(24 * time.Hour).Format(time.RFC3339),
		})
	})
}

// skuID is the SKU that the application sells.
var skuID = userNumberID(3)

func (r *rest) monetizationRoutes(add adder) {
	skus := []object{{"id": skuID, "type": 5, "application_id": appID, "name": "Premium", "slug": "premium", "flags": 128}}
	list := func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, skus) }
	add("GET /skus", list)
	add("GET /applications/{application_id}/skus", list)
	entitlements := &collection{
		path: "/applications/{application_id}/entitlements", item: "/applications/{application_id}/entitlements/{entitlement_id}",
		unknown: unknownEntitlement, created: http.StatusOK, pages: paging{usual: 100, most: 100},
		fill: func(o object, req *http.Request) object {
			if o["sku_id"] == nil {
				return nil
			}
			o = withDefaults(o, object{"application_id": req.PathValue("application_id"), "type": 8, "deleted": false, "consumed": false, "starts_at": nil, "ends_at": nil})
			switch o["owner_type"] {
			case 1.0:
				o["guild_id"] = o["owner_id"]
			case 2.0:
				o["user_id"] = o["owner_id"]
			}
			return o
		},
	}
	entitlements.register(r, add)
	add("POST "+entitlements.item+"/consume", func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		o := r.lookUp(entitlements, req, entitlements.scope(req), req.PathValue("entitlement_id"))
		if o == nil {
			writeAPIError(w, unknownEntitlement)
			return
		}
		o["consumed"] = true
		w.WriteHeader(http.StatusNoContent)
	})
	add("GET /skus/{sku_id}/subscriptions", func(w http.ResponseWriter, req *http.Request) {
		if found, ok := page(w, req, paging{usual: 50, most: 100}, []object{}, func(object) int64 { return 0 }); ok {
			writeJSON(w, http.StatusOK, found)
		}
	})
	add("GET /skus/{sku_id}/subscriptions/{subscription_id}", func(w http.ResponseWriter, req *http.Request) {
		now := r.server.Now().UTC()
		writeJSON(w, http.StatusOK, object{
			"id": req.PathValue("subscription_id"), "user_id": userNumberID(2), "sku_ids": []string{req.PathValue("sku_id")}, "entitlement_ids": []string{},
			"current_period_start": now.Format(time.RFC3339), "current_period_end": now.AddDate(0, 1, 0).Format(time.RFC3339), "status": 0, "canceled_at": nil,
		})
	})
}

// commandRoutes adds the routes of the application's commands, global and per guild.
func (r *rest) commandRoutes(add adder) {
	permissions := "/applications/{application_id}/guilds/{guild_id}/commands"
	none := func(req *http.Request) object {
		return object{"id": req.PathValue("command_id"), "application_id": req.PathValue("application_id"), "guild_id": req.PathValue("guild_id"), "permissions": []object{}}
	}
	add("GET "+permissions+"/permissions", r.emptyList)
	add("PUT "+permissions+"/permissions", func(w http.ResponseWriter, req *http.Request) {
		list, ok := readList(req)
		if !ok {
			writeAPIError(w, invalidForm)
			return
		}
		writeJSON(w, http.StatusOK, list)
	})
	add("GET "+permissions+"/{command_id}/permissions", func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		writeJSON(w, http.StatusOK, withDefaults(object{}, r.settingLocked(req, none(req))))
	})
	add("PUT "+permissions+"/{command_id}/permissions", func(w http.ResponseWriter, req *http.Request) {
		r.replaceSetting(w, req, func(o object) any { return withDefaults(o, none(req)) })
	})
	for _, scope := range []string{"/applications/{application_id}/commands", permissions} {
		add("GET "+scope, r.commandList)
		add("PUT "+scope, r.commandsReplace)
		add("POST "+scope, r.commandCreate)
		add("GET "+scope+"/{command_id}", r.command)
		add("PATCH "+scope+"/{command_id}", r.command)
		add("DELETE "+scope+"/{command_id}", r.command)
	}
}

// stickerRoutes adds the routes of stickers outside of guilds, and of default sounds.
func (r *rest) stickerRoutes(add adder) {
	pack := object{"id": userNumberID(4), "name": "Waves", "sku_id": userNumberID(5), "description": "", "stickers": []object{}}
	add("GET /sticker-packs", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, object{"sticker_packs": []object{pack}})
	})
	add("GET /sticker-packs/{pack_id}", func(w http.ResponseWriter, req *http.Request) {
		if req.PathValue("pack_id") != pack["id"] {
			writeAPIError(w, unknownStickerPack)
			return
		}
		writeJSON(w, http.StatusOK, pack)
	})
	add("GET /stickers/{sticker_id}", func(w http.ResponseWriter, req *http.Request) {
		id := req.PathValue("sticker_id")
		if g := r.server.world.ofObject(id); g != nil {
			all := g.stickers()
			if i := slices.IndexFunc(all, func(s sticker) bool { return s.ID == id }); i >= 0 {
				writeJSON(w, http.StatusOK, all[i])
				return
			}
		}
		writeAPIError(w, unknownSticker)
	})
	add("GET /soundboard-default-sounds", r.emptyList)
}
