package page

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"

	"github.com/argus-dgo/argus/internal/access"
	"github.com/argus-dgo/argus/internal/frontend"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "the-token-of-the-test"

func files() fstest.MapFS {
	return fstest.MapFS{
		"index.html":          {Data: []byte(`<!doctype html><html><body><script type="module" src="./assets/page-1a2b.js"></script></body></html>`)},
		"assets/page-1a2b.js": {Data: []byte("console.log('the page')")},
	}
}

func config(token string) Config {
	says := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			frontend.WriteJSON(w, http.StatusOK, []byte(`"`+text+" "+r.Method+`"`))
		})
	}
	return Config{
		Files: files(), Guard: access.New(token), Role: func(*http.Request) Role { return Viewer },
		API: map[string]http.Handler{
			"/api/fleet/v1/overview": says("overview"), "/api/fleet/v1/mutes": says("mutes"), "/api/fleet/v1/mutes/": says("mute"),
		},
		Name: "mybot", Version: "v0.2.0", Grafana: "https://grafana.example/d/argus?var-cluster={cluster}", Query: true,
	}
}

func newPage(tb testing.TB, cfg Config) http.Handler {
	tb.Helper()
	h, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

func ask(h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestGuarded: without a token there is the page, but no data.
func TestGuarded(t *testing.T) {
	h := newPage(t, config(token))
	for path, want := range map[string][2]int{
		"/": {200, 200}, "/assets/page-1a2b.js": {200, 200}, "/access.json": {200, 200}, "/nothing": {404, 404}, "/index.html": {404, 404}, "/api/fleet/v1/nothing": {404, 404},
		"/fleet.json": {401, 200}, "/catalog.json": {401, 200}, "/api/fleet/v1/overview": {401, 200}, "/api/fleet/v1/mutes/7": {401, 200},
	} {
		for i, header := range [][]string{nil, {"Authorization", "Bearer " + token}} {
			w := ask(h, http.MethodGet, path, "", header...)
			if w.Code != want[i] {
				t.Errorf("%s with %v: status %d, want %d", path, header, w.Code, want[i])
			}
			if got := w.Header().Get("Content-Security-Policy"); got != frontend.Policy {
				t.Errorf("%s: the policy is %q", path, got)
			}
			if strings.HasPrefix(path, "/api/") && w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("%s: %v", path, w.Header())
			}
		}
	}
}

// TestLogin: the form opens what the token opens, by the cookie alone, until the logout.
func TestLogin(t *testing.T) {
	h := newPage(t, config(token))
	form := []string{"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin"}
	if w := ask(h, http.MethodPost, "/login", "token=wrong", form...); w.Code != 401 || w.Body.String() != `{"error":"This is not the token."}`+"\n" || len(w.Result().Cookies()) > 0 {
		t.Errorf("a wrong token: %d %s", w.Code, w.Body)
	}
	right := ask(h, http.MethodPost, "/login", "token="+token, form...)
	if right.Code != http.StatusSeeOther || right.Header().Get("Location") != "./" {
		t.Fatalf("the token: %d %v", right.Code, right.Header())
	}
	c := right.Result().Cookies()[0]
	cookie := append([]string{"Cookie", c.Name + "=" + c.Value}, form...)
	if w := ask(h, http.MethodGet, "/api/fleet/v1/overview", "", cookie...); w.Code != 200 {
		t.Errorf("with the cookie: %d", w.Code)
	}
	if w := ask(h, http.MethodPost, "/logout", "", cookie...); w.Code != http.StatusSeeOther {
		t.Errorf("the logout: %d", w.Code)
	}
	if w := ask(h, http.MethodGet, "/api/fleet/v1/overview", "", cookie...); w.Code != 401 {
		t.Errorf("after the logout: %d", w.Code)
	}
	for _, path := range []string{"/login", "/logout"} {
		if w := ask(h, http.MethodGet, path, ""); w.Code != 405 || w.Header().Get("Allow") != "POST" {
			t.Errorf("GET %s: %d %v", path, w.Code, w.Header())
		}
	}
	var last *httptest.ResponseRecorder
	for range 20 {
		last = ask(h, http.MethodPost, "/login", "token=wrong", form...)
	}
	if last.Code != http.StatusTooManyRequests || last.Header().Get("Retry-After") == "" {
		t.Errorf("after many attempts: %d %v", last.Code, last.Header())
	}
}

// TestOtherSites may have a browser read nothing, and change nothing.
func TestOtherSites(t *testing.T) {
	h := newPage(t, config(""))
	for name, c := range map[string]struct {
		method string
		header []string
		want   int
	}{
		"own page":           {http.MethodPost, []string{"Sec-Fetch-Site", "same-origin"}, 200},
		"own page, deleting": {http.MethodDelete, []string{"Sec-Fetch-Site", "same-origin"}, 200},
		"program":            {http.MethodPost, nil, 200},
		"other site":         {http.MethodPost, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"old browser":        {http.MethodPost, []string{"Origin", "https://evil.example"}, 403},
		"link":               {http.MethodGet, []string{"Sec-Fetch-Site", "cross-site"}, 200},
	} {
		if w := ask(h, c.method, "/api/fleet/v1/mutes/7", "", c.header...); w.Code != c.want {
			t.Errorf("%s: status %d, want %d", name, w.Code, c.want)
		}
	}
}

// TestSettings tell each client what it may do.
func TestSettings(t *testing.T) {
	for name, c := range map[string]struct {
		role Role
		want string
	}{
		"viewer":   {Viewer, `"role":"viewer","operate":false`},
		"operator": {Operator, `"role":"operator","operate":true`},
		"open":     {Open, `"role":"open","operate":true`},
	} {
		cfg := config("")
		cfg.Role = func(*http.Request) Role { return c.role }
		w := ask(newPage(t, cfg), http.MethodGet, "/fleet.json", "")
		want := `{"version":1,"fleet_version":"v0.2.0","name":"mybot","auth":false,` + c.want + `,"grafana":"https://grafana.example/d/argus?var-cluster={cluster}","query":true,"events":false}` + "\n"
		if w.Body.String() != want {
			t.Errorf("%s: %s", name, w.Body)
		}
	}
}

// TestAccess tells without a 401 whether a token is needed.
func TestAccess(t *testing.T) {
	for want, w := range map[string]*httptest.ResponseRecorder{
		`"auth":false,"admitted":true`: ask(newPage(t, config("")), http.MethodGet, "/access.json", ""),
		`"auth":true,"admitted":false`: ask(newPage(t, config(token)), http.MethodGet, "/access.json", ""),
		`"auth":true,"admitted":true`:  ask(newPage(t, config(token)), http.MethodGet, "/access.json", "", "Authorization", "Bearer "+token),
	} {
		if w.Code != 200 || w.Body.String() != `{"version":1,`+want+"}\n" {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
}

func TestCatalog(t *testing.T) {
	for namespace, want := range map[string]string{"": `"series":"discord_shard_up"`, "mod": `"series":"mod_shard_up"`} {
		cfg := config("")
		cfg.Namespace = namespace
		if w := ask(newPage(t, cfg), http.MethodGet, "/catalog.json", ""); w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%q: %d %.200s", namespace, w.Code, w.Body)
		}
	}
}

// TestPathsOfThePage are not the API's.
func TestPathsOfThePage(t *testing.T) {
	for _, path := range []string{"/", "/login", "/fleet.json", "/assets/page-1a2b.js"} {
		cfg := config("")
		cfg.API[path] = http.NotFoundHandler()
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), `"`+path+`"`) {
			t.Errorf("%s: %v", path, err)
		}
	}
	cfg := config("")
	cfg.Files = fstest.MapFS{}
	if _, err := New(cfg); err == nil {
		t.Error("a page without an index is made")
	}
}

// TestBuilt: the page that is committed asks nobody else, has no script or style of its
// own, and has all files that it names.
func TestBuilt(t *testing.T) {
	cfg := config("")
	cfg.Files = Built()
	h := newPage(t, cfg)
	w := ask(h, http.MethodGet, "/", "")
	body := w.Body.String()
	if w.Code != 200 || w.Header().Get("Referrer-Policy") != "same-origin" || strings.Contains(body, `="/`) || strings.Contains(body, "://") || strings.Contains(body, "style=") || strings.Contains(body, "<style") {
		t.Errorf("%d %v %s", w.Code, w.Header(), body)
	}
	if again := ask(h, http.MethodGet, "/", "", "If-None-Match", w.Header().Get("ETag")); again.Code != 304 {
		t.Errorf("with its ETag: %d", again.Code)
	}
	assets := regexp.MustCompile(`"\./(assets/[^"]+)"`).FindAllStringSubmatch(body, -1)
	if len(assets) < 2 {
		t.Fatalf("a page without script and style: %s", body)
	}
	for _, a := range assets {
		if w := ask(h, http.MethodGet, "/"+a[1], "", "Accept-Encoding", "gzip"); w.Code != 200 || w.Header().Get("Content-Encoding") != "gzip" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", a[1], w.Code, w.Header())
		}
	}
	var total int64
	err := fs.WalkDir(Built(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".gz") {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if limit := int64(80 << 10); err != nil || total == 0 || total > limit {
		t.Errorf("%d bytes compressed, of at most %d, %v", total, limit, err)
	}
}
