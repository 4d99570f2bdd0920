package route_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/instrument/internal/route"
	"github.com/argus-dgo/argus/internal/catalog"
)

const (
	snowflake = "1084921845217239040"
	secret    = "aW50ZXJhY3Rpb246MTA4NDkyMTg0NTIxNzIzOTA0MDpzZWNyZXQ"
)

// sample returns a path that the template stands for, below the API's prefix
// or the CDN's host.
func sample(template string) string {
	return strings.NewReplacer(
		"{id}", snowflake,
		"{token}", secret,
		"{emoji}", "argus:"+snowflake,
		"{code}", "discord-developers",
		"{instance}", "i-"+snowflake+"-gc-"+snowflake+"-"+snowflake,
		"{file}", "a_1269e74af4df7417b13759eae50c83dc.gif",
	).Replace(strings.TrimPrefix(template, "/cdn"))
}

func TestRoutes(t *testing.T) {
	routes := catalog.Routes()
	if !slices.IsSorted(routes) {
		t.Error("catalog.Routes() is not sorted")
	}
	for i, r := range routes {
		if i > 0 && r == routes[i-1] {
			t.Errorf("catalog.Routes() has %q twice", r)
		}
		if r == catalog.RouteOther {
			t.Errorf("catalog.Routes() has %q, which is for what it does not have", r)
		}
	}
	routes[0] = "overwritten"
	if got := catalog.Routes()[0]; got == "overwritten" {
		t.Error("catalog.Routes() returned the same slice twice: a caller can change the set")
	}
}

// prefixes are the paths of REST bases: Discord's own, and proxies'.
var prefixes = []string{
	"/api", "/api/v9", "/api/v10", "/api/v9/", "/api/", "/v10", "/api/v6/extra",
	"/discord", "/discord/v9", "/discord/api", "/discord/api/v9", "/discord/api/v10/", "//discord//api/v9",
	"/a/b/c/d", "/tenant/42", "/tenant/42/api/v9", "/8080/api/v9", "/" + snowflake + "/api/v9", "/" + secret + "/api/v9", "/" + secret,
	"/channels/api/v9", "/channels/1/api/v9", "/channels/1/messages/api/v10", "/guilds/1/x/api/v9", "/webhooks/1/" + secret + "/api/v9",
	"/interactions/1/t/callback/api/v9", "/invites/api/v9", "/users/@me/api/v9", "/gateway/bot/api/v9", "/api/v1/proxy/api/v9", "/api/api/v9",
	"/channels", "/guilds", "/interactions", "/users", "/api/channels", "/gateway",
}

// TestTemplate_EveryRoute reaches every template, so none is hidden by another.
func TestTemplate_EveryRoute(t *testing.T) {
	for _, want := range catalog.Routes() {
		path := sample(want)
		if got := route.Template(path); got != want {
			t.Errorf("Template(%q) = %q, want %q", path, got, want)
		}
		if strings.HasPrefix(want, "/cdn/") {
			continue
		}
		for _, prefix := range prefixes {
			got, found := route.Find(prefix + path)
			if got != want || found != path {
				t.Errorf("Find(%q) = %q, %q, want %q, %q", prefix+path, got, found, want, path)
			}
		}
	}
}

func TestTemplate(t *testing.T) {
	long := strings.Repeat("x", 300)
	for path, want := range map[string]string{
		// Numbers and the API's own words in the same place.
		"/api/v9/users/@me":     "/users/@me",
		"/api/v9/users/%40me":   "/users/@me",
		"/api/v9/users/1":       "/users/{id}",
		"/api/v9/users/someone": "other",
		"/api/v9/users/@you":    "other",
		"/api/v9/webhooks/1/" + secret + "/messages/@original":   "/webhooks/{id}/{token}/messages/@original",
		"/api/v9/webhooks/1/" + secret + "/messages/%40original": "/webhooks/{id}/{token}/messages/@original",
		"/api/v9/webhooks/1/" + secret + "/messages/2":           "/webhooks/{id}/{token}/messages/{id}",
		"/api/v9/webhooks/1/" + secret + "/messages/original":    "other",
		"/api/v9/webhooks/1/messages":                            "/webhooks/{id}/{token}",
		"/api/v9/channels/1/messages/bulk-delete":                "/channels/{id}/messages/bulk-delete",
		"/api/v9/channels/@me/messages":                          "other",

		// What a snowflake is.
		"/api/v9/guilds/00000000000000000000":  "/guilds/{id}",
		"/api/v9/guilds/18446744073709551615":  "/guilds/{id}",
		"/api/v9/guilds/184467440737095516150": "other",
		"/api/v9/guilds/-1":                    "other",
		"/api/v9/guilds/1a":                    "other",
		"/api/v9/guilds/%31":                   "other",
		"/api/v9/guilds/１":                     "other",

		// Emoji: custom, Unicode, escaped, and one whose escaped slash was decoded.
		"/api/v9/channels/1/messages/2/reactions/🔥/@me":           "/channels/{id}/messages/{id}/reactions/{emoji}/@me",
		"/api/v9/channels/1/messages/2/reactions/%F0%9F%94%A5/3":  "/channels/{id}/messages/{id}/reactions/{emoji}/{id}",
		"/api/v9/channels/1/messages/2/reactions/argus:4":         "/channels/{id}/messages/{id}/reactions/{emoji}",
		"/api/v9/channels/1/messages/2/reactions/@me/@me":         "/channels/{id}/messages/{id}/reactions/{emoji}/@me",
		"/api/v9/channels/1/messages/2/reactions/a/b/@me":         "other",
		"/api/v9/channels/1/messages/2/reactions/" + long:         "/channels/{id}/messages/{id}/reactions/{emoji}",
		"/api/v9/channels/1/messages/2/reactions/" + long + "/me": "other",

		// Prefixes.
		"/api":                       "other",
		"/api/":                      "other",
		"/api/v9":                    "other",
		"/api/v9/":                   "other",
		"/api/v":                     "other",
		"/api/v/gateway":             "/gateway",
		"/api/v9x/gateway":           "/gateway",
		"/apiary/v9/gateway":         "/gateway",
		"/api/v9gateway":             "other",
		"/api/api/v9/gateway":        "/gateway",
		"/api/v9/api/v10/gateway":    "/gateway",
		"/api/v999999999999/gateway": "/gateway",
		"/API/v9/gateway":            "/gateway",
		"/api/v9//voice/regions":     "/voice/regions",
		"/api//voice/regions":        "/voice/regions",
		"//voice/regions":            "/voice/regions",
		"//api/v9/voice/regions":     "/voice/regions",

		// What an API path that is not in the list ends like is not what it is.
		"/api/v9/guilds/1/novelties/users/2":              "other",
		"/api/v9/novelties/1/users/2":                     "other",
		"/novelties/" + snowflake + "/users/2":            "other",
		"/discord/guilds/1/novelties/users/2":             "other",
		"/discord/api/v9/users/@me/novelties/gateway":     "other",
		"/channels/1/novelties/guilds/2":                  "other",
		"/channels/1/api/v9/novelties/1/guilds/2":         "other",
		"/api/v9/interactions/1/t/callback/gateway":       "other",
		"/api/v9/webhooks/1/t/messages/2/novelty/users/3": "other",

		// Empty segments, trailing slashes, relative and dotted paths.
		"":                                 "other",
		"/":                                "other",
		"//":                               "other",
		"///":                              "other",
		"gateway":                          "other",
		"/gateway/":                        "other",
		"/api/v9/channels//messages":       "other",
		"/api/v9/channels/1/messages/":     "other",
		"/api/v9/webhooks/1/":              "other",
		"/api/v9/webhooks/1//messages/1":   "other",
		"/api/v9/invites/":                 "other",
		"/api/v9/channels/1/../../gateway": "other",
		"/api/v9/channels/..":              "other",

		// Files: the CDN has no prefix of its own, and the API's does not lead to it.
		"/avatars/1/" + long + ".png":     "/cdn/avatars/{id}/{file}",
		"/api/v9/avatars/1/a.png":         "other",
		"/cdn/avatars/1/a.png":            "other",
		"/stickers/1":                     "/stickers/{id}",
		"/stickers/1.png":                 "/cdn/stickers/{file}",
		"/attachments/1/2/invoice me.pdf": "/cdn/attachments/{id}/{id}/{file}",

		// Hostile.
		"/api/v9/" + long:                              "other",
		"/api/v9/channels/" + long:                     "other",
		"/api/v9/channels/1/" + long:                   "other",
		"/api/v9/interactions/1/" + long + "/callback": "/interactions/{id}/{token}/callback",
		"/api/v9/invites/" + long:                      "/invites/{code}",
		"/api/v9/channels/\xff\xfe":                    "other",
		"/api/v9/interactions/1/\xff\xfe/callback":     "/interactions/{id}/{token}/callback",
		"/api/v9/channels/1\x00":                       "other",
		"/api/v9/channels/1\n/messages":                "other",
		"/api/v9/channels/{id}":                        "other",
		"/api/v9/channels/1?limit=2":                   "other",
		"/api/v9" + strings.Repeat("/channels/1", 1e5): "other",
		strings.Repeat("/", 1e6):                       "other",
	} {
		if got := route.Template(path); got != want {
			t.Errorf("Template(%.120q) = %q, want %q", path, got, want)
		}
	}
}

func TestFromURL(t *testing.T) {
	for raw, want := range map[string]string{
		"https://discord.com/api/v9/interactions/1/" + secret + "/callback":               "/interactions/{id}/{token}/callback",
		"https://discord.com/api/v9/interactions/1/" + secret + "/callback?with_response": "/interactions/{id}/{token}/callback",
		"https://discord.com/api/webhooks/1/" + secret + "#fragment":                      "/webhooks/{id}/{token}",
		"https://discord.com/api/v9/channels/1/messages?around=/gateway":                  "/channels/{id}/messages",
		"https://cdn.discordapp.com/emojis/1.png?size=64":                                 "/cdn/emojis/{file}",
		"https://user:secret@127.0.0.1:8080/api/v10/gateway/bot":                          "/gateway/bot",
		"http://[::1]:80/api/v10/gateway":                                                 "/gateway",
		"/api/v9/gateway?v=9":                                                             "/gateway",
		"https://discord.com/%zz/\x7f":                                                    "other",
		"https://discord.com":                                                             "other",
		"https://discord.com?/gateway":                                                    "other",
		"https://discord.com/":                                                            "other",
		"https:/gateway":                                                                  "other",
		"discord.com/api/v9/gateway":                                                      "other",
		"mailto:someone@example.com":                                                      "other",
		"?x://y/gateway":                                                                  "other",
		"://":                                                                             "other",
		"":                                                                                "other",
	} {
		if got := route.FromURL(raw); got != want {
			t.Errorf("FromURL(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestAllocations(t *testing.T) {
	paths := []string{
		"/api/v9/channels/" + snowflake + "/messages/" + snowflake + "/reactions/argus:1/@me",
		"/api/v9/interactions/" + snowflake + "/" + secret + "/callback",
		"/avatars/1/a.png",
		"/api/v9/" + strings.Repeat("nothing/", 100),
	}
	for _, path := range paths {
		if n := testing.AllocsPerRun(100, func() { route.Template(path) }); n != 0 {
			t.Errorf("Template(%.60q) allocates %v times, want 0", path, n)
		}
		raw := "https://discord.com" + path + "?limit=1"
		if n := testing.AllocsPerRun(100, func() { route.FromURL(raw) }); n != 0 {
			t.Errorf("FromURL(%.60q) allocates %v times, want 0", raw, n)
		}
	}
}

// known is the closed set of answers.
func known() map[string]bool {
	set := map[string]bool{catalog.RouteOther: true}
	for _, r := range catalog.Routes() {
		set[r] = true
	}
	return set
}

func FuzzTemplate(f *testing.F) {
	for _, r := range catalog.Routes() {
		f.Add("/api/v9" + sample(r))
		f.Add(sample(r))
		f.Add(r)
	}
	f.Add("/api/v9//voice/regions")
	f.Add("/api/v9/users/%40me")
	f.Add("/api/v9/channels/1/messages/\xff")
	f.Add("https://discord.com/api/v9/gateway?x=y#z")
	answers := known()
	f.Fuzz(func(t *testing.T, path string) {
		got := route.Template(path)
		if !answers[got] {
			t.Fatalf("Template(%q) = %q, which is not in the closed set", path, got)
		}
		if got := route.FromURL(path); !answers[got] {
			t.Fatalf("FromURL(%q) = %q, which is not in the closed set", path, got)
		}
		// A path and its written form are the same route: net/http hands out the
		// first, discordgo's events the second.
		u := url.URL{Scheme: "https", Host: "discord.com", Path: path}
		if !strings.HasPrefix(path, "/") || strings.Contains(path, "%40") {
			return
		}
		if fromURL := route.FromURL(u.String()); fromURL != got {
			t.Fatalf("Template(%q) = %q, but FromURL(%q) = %q", path, got, u.String(), fromURL)
		}
	})
}

func BenchmarkTemplate(b *testing.B) {
	for _, c := range []struct{ name, path string }{
		{"message", "/api/v9/channels/" + snowflake + "/messages/" + snowflake},
		{"reaction", "/api/v9/channels/" + snowflake + "/messages/" + snowflake + "/reactions/argus:1/@me"},
		{"callback", "/api/v9/interactions/" + snowflake + "/" + secret + "/callback"},
		{"cdn", "/avatars/" + snowflake + "/a_1269e74af4df7417b13759eae50c83dc.gif"},
		{"other", "/api/v9/" + strings.Repeat("nothing/", 100)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				route.Template(c.path)
			}
		})
	}
}
