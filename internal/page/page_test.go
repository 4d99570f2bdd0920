package page

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/argus-dgo/argus/internal/access"
	"github.com/argus-dgo/argus/internal/api"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/findings"
	"github.com/argus-dgo/argus/internal/frontend"
)

const token = "the-token-of-the-test"

const script = "console.log('the page')"

func files() fstest.MapFS {
	return fstest.MapFS{
		"index.html":           {Data: []byte(`<!doctype html><html><head><script type="module" src="./assets/page-1a2b.js"></script></head><body></body></html>`)},
		"assets/page-1a2b.js":  {Data: []byte(script)},
		"assets/page-3c4d.css": {Data: []byte("body{}")},
		"icon.svg":             {Data: []byte("<svg/>")},
	}
}

func newPage(tb testing.TB, of fs.FS, token string) http.Handler {
	tb.Helper()
	report := func(err error) { tb.Error(err) }
	h, err := New(Config{
		Files: of, Guard: access.New(token), Report: report, Grafana: "https://grafana.example/d/argus?var-cluster={cluster}",
		API:        api.New(func() []api.Member { return nil }, report, new(api.Slots)),
		Namespaces: func() map[string]string { return map[string]string{"music": "discord", "mod": "moderation"} },
	})
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

func ask(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, http.NoBody)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func bearer() (name, value string) { return "Authorization", "Bearer " + token }

// TestAssets are there before any login, for ever, and by GET and HEAD alone.
func TestAssets(t *testing.T) {
	h := newPage(t, files(), token)
	w := ask(h, http.MethodGet, "/assets/page-1a2b.js")
	if w.Code != 200 || w.Body.String() != script || w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if w := ask(h, http.MethodPost, "/assets/page-1a2b.js"); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d %v", w.Code, w.Header())
	}
}

// TestHeaders are on every answer, also where nothing is found or allowed.
func TestHeaders(t *testing.T) {
	h := newPage(t, files(), token)
	for path, want := range map[string]int{
		"/": 200, "/assets/page-3c4d.css": 200, "/login": 200, "/plain": 401, "/plain.css": 200, "/page.json": 401, "/catalog.json": 401,
		"/api/v1/status": 401, "/api/v1/stream": 401, "/nothing": 404, "/assets/": 404, "/assets": 404, "/index.html": 404, "/assets/../login": 404, "/api/v2": 404, "//": 404,
	} {
		w := ask(h, http.MethodGet, path)
		if w.Code != want {
			t.Errorf("%s: status %d, want %d", path, w.Code, want)
		}
		header := w.Header()
		for name, value := range map[string]string{
			"Content-Security-Policy": frontend.Policy, "X-Content-Type-Options": "nosniff",
			"Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "",
		} {
			if header.Get(name) != value {
				t.Errorf("%s: %s is %q", path, name, header.Get(name))
			}
		}
		// A form of a page with no-referrer has no origin.
		referrer := "no-referrer"
		if path == "/" || path == "/login" || path == "/plain" {
			referrer = "same-origin"
		}
		if got := header.Get("Referrer-Policy"); got != referrer {
			t.Errorf("%s: Referrer-Policy is %q", path, got)
		}
		if want == 401 && (!strings.HasPrefix(header.Get("WWW-Authenticate"), `Bearer realm="argus"`) || header.Get("Cache-Control") != "no-store") {
			t.Errorf("%s: %v", path, header)
		}
		if strings.HasPrefix(path, "/api/") || strings.HasSuffix(path, ".json") {
			if header.Get("Content-Type") != "application/json" || want != 200 && !strings.HasPrefix(w.Body.String(), `{"error":"`) {
				t.Errorf("%s: %v %s", path, header, w.Body)
			}
		}
		if want == 404 && strings.Contains(w.Body.String(), "<") {
			t.Errorf("%s: a listing? %s", path, w.Body)
		}
	}
}

// TestOpenerPolicy is sent where browsers heed it: over http they complain about it.
func TestOpenerPolicy(t *testing.T) {
	h := newPage(t, files(), token)
	for name, w := range map[string]*httptest.ResponseRecorder{
		"TLS": ask(h, http.MethodGet, "https://bot:9191/"), "TLS of a proxy": ask(h, http.MethodGet, "/", "Sec-Fetch-Site", "none"),
	} {
		if got := w.Header().Get("Cross-Origin-Opener-Policy"); got != "same-origin" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestAccess tells without a 401 whether the token is needed.
func TestAccess(t *testing.T) {
	name, value := bearer()
	for want, w := range map[string]*httptest.ResponseRecorder{
		`"auth":false,"admitted":true`: ask(newPage(t, files(), ""), http.MethodGet, "/access.json"),
		`"auth":true,"admitted":false`: ask(newPage(t, files(), token), http.MethodGet, "/access.json"),
		`"auth":true,"admitted":true`:  ask(newPage(t, files(), token), http.MethodGet, "/access.json", name, value),
	} {
		if w.Code != 200 || w.Body.String() != `{"version":1,`+want+"}\n" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
		}
	}
}

// TestIndex has a way on for browsers without JavaScript, in both states of the build.
func TestIndex(t *testing.T) {
	for name, of := range map[string]fs.FS{"built": Built(), "small": files()} {
		w := ask(newPage(t, of, token), http.MethodGet, "/")
		body := w.Body.String()
		if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || w.Header().Get("Cache-Control") != "no-cache" ||
			strings.Count(body, `<noscript><meta http-equiv="refresh" content="0; url=./plain"></noscript>`) != 1 || strings.Count(body, `href="./plain"`) == 0 {
			t.Errorf("%s: %d %v %s", name, w.Code, w.Header(), body)
		}
		if strings.Contains(body, `="/`) || strings.Contains(body, "://") {
			t.Errorf("%s: an absolute link: %s", name, body)
		}
		if again := ask(newPage(t, of, token), http.MethodGet, "/", "If-None-Match", w.Header().Get("ETag")); again.Code != 304 {
			t.Errorf("%s: with its ETag: %d", name, again.Code)
		}
	}
	if _, err := New(Config{Files: fstest.MapFS{}, API: api.New(func() []api.Member { return nil }, nil, new(api.Slots)), Guard: access.New("")}); err == nil {
		t.Error("a page without an index is made")
	}
}

// TestPrefix: below any prefix, with or without the slash at its end. A client follows
// the links from where it is.
func TestPrefix(t *testing.T) {
	h := newPage(t, files(), "")
	mux := http.NewServeMux()
	mux.Handle("/argus/", http.StripPrefix("/argus", h))
	mux.Handle("/a/b/", http.StripPrefix("/a/b/", h))
	mux.Handle("/tools/argus", http.StripPrefix("/tools/argus", h))
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	for path, want := range map[string]string{
		"/argus": "/argus/", "/argus/": "/argus/", "/a/b/": "/a/b/", "/argus/login": "/argus/",
		"/argus/assets/page-1a2b.js": "/argus/assets/page-1a2b.js", "/a/b/assets/page-1a2b.js": "/a/b/assets/page-1a2b.js", "/a/b/page.json": "/a/b/page.json",
	} {
		response, err := srv.Client().Get(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		if response.Body.Close(); response.StatusCode != http.StatusOK || response.Request.URL.Path != want {
			t.Errorf("%s: status %d at %s, want %s", path, response.StatusCode, response.Request.URL.Path, want)
		}
	}
	w := ask(mux, http.MethodGet, "/tools/argus?range=1h")
	if w.Code != http.StatusPermanentRedirect || w.Header().Get("Location") != "./argus/?range=1h" {
		t.Errorf("without the slash: %d %v", w.Code, w.Header())
	}
}

// post sends a form as the page's own browser does.
func post(h http.Handler, path, form string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestLogin: the form opens everything, by the cookie alone, until the logout.
func TestLogin(t *testing.T) {
	h := newPage(t, files(), token)
	wrong := post(h, "/login", "token=%3Cscript%3E")
	if body := wrong.Body.String(); wrong.Code != 401 || !strings.Contains(body, "This is not the token.") || !strings.Contains(body, `<form method="post" action="./login">`) || strings.Contains(body, "script>") {
		t.Errorf("a wrong token: %d %s", wrong.Code, body)
	}
	right := post(h, "/login", "token="+token)
	if right.Code != http.StatusSeeOther || right.Header().Get("Location") != "./" || strings.Contains(right.Body.String(), token) {
		t.Fatalf("the token: %d %v %s", right.Code, right.Header(), right.Body)
	}
	c := right.Result().Cookies()[0]
	cookie := c.Name + "=" + c.Value
	// There is no bot: what passes the guard says so.
	for path, want := range map[string]int{"/plain": 200, "/page.json": 200, "/catalog.json?bot=mod": 200, "/api/v1/status": 400, "/api/v1/stream": 400, "/login": 303} {
		if w := ask(h, http.MethodGet, path, "Cookie", cookie); w.Code != want {
			t.Errorf("%s with the cookie: %d, want %d", path, w.Code, want)
		}
		name, value := bearer()
		if w := ask(h, http.MethodGet, path, name, value); w.Code != want {
			t.Errorf("%s with the token: %d, want %d", path, w.Code, want)
		}
	}
	if w := post(h, "/logout", "", "Cookie", cookie); w.Code != http.StatusSeeOther || w.Result().Cookies()[0].MaxAge >= 0 {
		t.Errorf("the logout: %d %v", w.Code, w.Header())
	}
	if w := ask(h, http.MethodGet, "/page.json", "Cookie", cookie); w.Code != 401 {
		t.Errorf("after the logout: %d", w.Code)
	}
	var last *httptest.ResponseRecorder
	for range 20 {
		last = post(h, "/login", "token=wrong")
	}
	if last.Code != http.StatusTooManyRequests || last.Header().Get("Retry-After") == "" || !strings.Contains(last.Body.String(), "too many attempts") {
		t.Errorf("after many attempts: %d %v", last.Code, last.Header())
	}
	for method, path := range map[string]string{http.MethodPut: "/login", http.MethodGet: "/logout", http.MethodPost: "/plain", http.MethodDelete: "/api/v1/status"} {
		if w := ask(h, method, path); w.Code != 405 || w.Header().Get("Allow") == "" {
			t.Errorf("%s %s: %d %v", method, path, w.Code, w.Header())
		}
	}
}

func TestPageJSON(t *testing.T) {
	w := ask(newPage(t, files(), ""), http.MethodGet, "/page.json")
	if w.Body.String() != `{"version":1,"grafana":"https://grafana.example/d/argus?var-cluster={cluster}","trace":"","auth":false,"bots":[]}`+"\n" {
		t.Error(w.Body)
	}
	name, value := bearer()
	if w := ask(newPage(t, files(), token), http.MethodGet, "/page.json", name, value); !strings.Contains(w.Body.String(), `"auth":true`) {
		t.Error(w.Body)
	}
}

// TestPageJSONHasTheBots of the process as it is asked, by the names that the API knows.
func TestPageJSONHasTheBots(t *testing.T) {
	var members []api.Member
	report := func(err error) { t.Error(err) }
	a := api.New(func() []api.Member { return members }, report, new(api.Slots))
	h, err := New(Config{Files: files(), Guard: access.New(""), Report: report, API: a, Namespaces: func() map[string]string { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"mod", "a \"bot\"", "music"} {
		members = append(members, api.Member{Identity: api.Identity{Bot: name}})
	}
	if w := ask(h, http.MethodGet, "/page.json"); !strings.HasSuffix(w.Body.String(), `"bots":["a \"bot\"","mod","music"]}`+"\n") {
		t.Error(w.Body)
	}
}

// TestCatalog: in the namespace of the bot that is asked about.
func TestCatalog(t *testing.T) {
	h := newPage(t, files(), "")
	for query, want := range map[string]string{
		"?bot=music": `"series":"discord_shard_up"`, "?bot=mod": `"series":"moderation_shard_up"`,
		"": "several namespaces", "?bot=other": `bot: \"other\" is no bot`, "?over=5m": `\"over\" is no parameter`, "?bot=mod&bot=mod": "given twice", "?%zz": "invalid URL escape",
	} {
		w := ask(h, http.MethodGet, "/catalog.json"+query)
		if ok := strings.Contains(want, "series\""); w.Code != map[bool]int{true: 200, false: 400}[ok] || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %.200s", query, w.Code, w.Body)
		}
	}
}

// TestOff: one line at /, and the API goes on.
func TestOff(t *testing.T) {
	h := newPage(t, nil, token)
	if w := ask(h, http.MethodGet, "/"); w.Code != 404 || strings.Count(w.Body.String(), "\n") != 1 || !strings.Contains(w.Body.String(), "ARGUS_DASHBOARD") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	name, value := bearer()
	for path, want := range map[string]int{"/api/v1/status": 400, "/plain": 404, "/login": 404, "/page.json": 404} {
		if w := ask(h, http.MethodGet, path, name, value); w.Code != want {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// TestReserves: no path of the page can be that of the metrics.
func TestReserves(t *testing.T) {
	for path := range newPage(t, files(), "").(*handler).Paths {
		if !Reserves(path) && path != "/icon.svg" {
			t.Errorf("%s can be the path of the metrics", path)
		}
	}
	if Reserves("/metrics") || Reserves("/plainer") {
		t.Error("paths that are free are reserved")
	}
}

// TestPlain: what is unknown is said, and what comes from outside is escaped.
func TestPlain(t *testing.T) {
	at := time.Date(2026, 11, 29, 1, 2, 3, 0, time.UTC)
	no, latency, state, since := false, 0.0421, "resuming", at.Add(-90*time.Second)
	g := api.Glance{
		Head: api.Head{At: at, Identity: api.Identity{Cluster: "eu-3", Bot: "<b>music</b>"}},
		Report: findings.Report{
			At: at, Processes: 1, Checked: 30, All: 31, Gaps: []findings.Gap{{What: "how many are left", How: "Ask."}, {What: "how many are left", How: "Ask."}},
			Findings: []findings.Finding{{
				ID: "DiscordShardDown", Affects: true, Severity: "critical", Sentence: "Shard 1 <script>is down", Since: since, Subject: evidence.Labels{"shard": "1"},
				Do: "Look at it.", Runbook: "https://github.com/argus-dgo/argus/x.md",
			}},
		},
		Shards: []api.Shard{{Shard: "0"}, {
			Shard: "1", Up: &no, State: &state, Since: &since, Latency: &latency, Findings: []string{"DiscordShardDown"},
			LastClose: &api.LastClose{At: since, Code: "1006", Initiator: "network"},
		}},
		Cache: map[string]*float64{"voice_states": nil, "members": new(12.0)},
	}
	page := sheet{Bots: []bot{botOf(g)}, At: clock(at)}.html()
	for _, want := range []string{
		"<h1>Users are affected: 1 finding in 1 process.</h1>", "bot &lt;b&gt;music&lt;/b&gt;, cluster eu-3", "Shard 1 &lt;script&gt;is down.", `<a href="https://github.com/argus-dgo/argus/x.md" rel="noreferrer">DiscordShardDown</a>`, "2026-11-29 01:00:33 UTC",
		"</tbody>\n</table>\n<p>Cannot tell how many are left. Ask.</p>\n<h2>Shards</h2>\n", "0 of 2 shards are up.",
		`<tr><th scope="row">0</th><td>unknown</td><td>unknown</td><td>unknown</td><td>unknown</td><td>unknown</td><td>none known</td><td></td></tr>`,
		`<tr><th scope="row">1</th><td>resuming</td><td>2026-11-29 01:00:33 UTC (1m30s)</td><td>0.042 s</td><td>unknown</td><td>unknown</td><td>2026-11-29 01:00:33 UTC, 1006 by network</td><td>DiscordShardDown</td></tr>`,
		"<h2>State cache of discordgo</h2>", `<tr><th scope="row">members</th><td>12</td></tr>`, `<tr><th scope="row">voice states</th><td>unknown</td></tr>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("it lacks %s", want)
		}
	}
	for n := range 5000 {
		g.Shards = append(g.Shards, api.Shard{Shard: string(rune('a' + n%26)), Up: &no})
	}
	if rows := len(botOf(g).Rows); rows != mostRows {
		t.Errorf("%d shards are listed", rows)
	}
	if t.Failed() {
		t.Log(page)
	}
}
