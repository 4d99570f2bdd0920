package access

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const token = "the-token-of-the-test"

// post is a form that the page's own browser sends.
func post(form string, header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://bot:9191/login", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "http://bot:9191")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// login returns the cookie that a login sets.
func login(t *testing.T, g *Guard, r *http.Request) *http.Cookie {
	t.Helper()
	w := httptest.NewRecorder()
	if refusal := g.Login(w, r); refusal != nil {
		t.Fatalf("the login is refused: %+v", refusal)
	}
	cookies := w.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies", len(cookies))
	}
	return cookies[0]
}

func with(cookie *http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "http://bot:9191/page.json", http.NoBody)
	r.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
	return r
}

// TestLogin: the cookie opens what the token opens, is of the page alone, and says
// nothing of the token.
func TestLogin(t *testing.T) {
	g := New(token)
	c := login(t, g, post(url.Values{"token": {token}}.Encode()))
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "" || c.Domain != "" || c.MaxAge != 12*60*60 || c.Secure || c.Name != "argus_session_9191" {
		t.Errorf("the cookie is %v", c)
	}
	if strings.Contains(c.Raw, token) || len(c.Value) < 22 {
		t.Errorf("the cookie's value is %q", c.Value)
	}
	if !g.Admits(with(c)) {
		t.Error("the cookie does not open the page")
	}
	for name, r := range map[string]*http.Request{
		"no cookie":       httptest.NewRequest(http.MethodGet, "/", http.NoBody),
		"another value":   with(&http.Cookie{Name: c.Name, Value: c.Value + "x"}),
		"the token":       with(&http.Cookie{Name: c.Name, Value: token}),
		"another process": with(&http.Cookie{Name: "argus_session_9192", Value: c.Value}),
		"in the URL":      httptest.NewRequest(http.MethodGet, "/?token="+token, http.NoBody),
	} {
		if g.Admits(r) {
			t.Errorf("%s opens the page", name)
		}
	}
	if New(token).Admits(with(c)) {
		t.Error("the cookie outlives the process")
	}
}

// TestSecureCookie over TLS, with the process or with a proxy before it.
func TestSecureCookie(t *testing.T) {
	form := "token=" + token
	direct := post(form)
	direct.TLS = &tls.ConnectionState{}
	proxied := post(form, "Origin", "https://bot:9191")
	believed := post(form, "X-Forwarded-Proto", "https")
	for name, tt := range map[string]struct {
		r    *http.Request
		want bool
	}{"direct": {direct, true}, "proxied": {proxied, true}, "what a client claims": {believed, false}} {
		if got := login(t, New(token), tt.r).Secure; got != tt.want {
			t.Errorf("%s: Secure is %v", name, got)
		}
	}
}

// TestSessionsEnd: by their age, by a logout, and with the login that replaces them. A
// request that is under way ends as well.
func TestSessionsEnd(t *testing.T) {
	for name, end := range map[string]func(g *Guard, c *http.Cookie){
		"age": func(*Guard, *http.Cookie) { time.Sleep(sessionAge) }, //nolint:forbidigo // by the clock of the bubble
		"logout": func(g *Guard, c *http.Cookie) {
			w, r := httptest.NewRecorder(), post("", "Cookie", c.Name+"="+c.Value)
			if refusal := g.Logout(w, r); refusal != nil || w.Result().Cookies()[0].MaxAge >= 0 {
				t.Errorf("logout: %v %v", refusal, w.Header())
			}
		},
		"login": func(g *Guard, c *http.Cookie) { login(t, g, post("token="+token, "Cookie", c.Name+"="+c.Value)) },
		"others": func(g *Guard, _ *http.Cookie) {
			time.Sleep(time.Minute) //nolint:forbidigo // by the clock of the bubble
			for range mostSessions {
				g.sessions.begin(NewToken(token), time.Now())
			}
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			g := New(token)
			c := login(t, g, post("token="+token))
			ended := make(chan error, 1)
			stream := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				<-r.Context().Done()
				ended <- context.Cause(r.Context())
			})
			go g.Handler(stream, http.HandlerFunc(Refuse)).ServeHTTP(httptest.NewRecorder(), with(c))
			synctest.Wait()
			if !g.Admits(with(c)) || len(ended) > 0 {
				t.Errorf("%s: the session has ended before", name)
			}
			end(g, c)
			synctest.Wait()
			if g.Admits(with(c)) {
				t.Errorf("%s: the session goes on", name)
			}
			if len(ended) != 1 {
				t.Errorf("%s: the request goes on", name)
			}
			if n := len(g.sessions.open); n > mostSessions {
				t.Errorf("%s: %d sessions are kept", name, n)
			}
		})
	}
}

// TestLoginRefuses what is not a form of the page with the token.
func TestLoginRefuses(t *testing.T) {
	form := "token=" + token
	inURL := post("")
	inURL.URL.RawQuery = form
	for name, tt := range map[string]struct {
		r    *http.Request
		want int
	}{
		"a wrong token":        {post("token=wrong"), 401},
		"no token":             {post(""), 401},
		"an empty token":       {post("token="), 401},
		"two tokens":           {post(form + "&" + form), 401},
		"the token in the URL": {inURL, 401},
		"another site":         {post(form, "Origin", "https://evil.example"), 403},
		"another site, marked": {post(form, "Sec-Fetch-Site", "cross-site"), 403},
		"no origin":            {post(form, "Origin", "null"), 403},
		"JSON":                 {post(form, "Content-Type", "application/json"), 415},
		"a form that is long":  {post(form + strings.Repeat("&a=b", maxForm)), 413},
		"a form that is none":  {post("token=%zz"), 400},
	} {
		g := New(token)
		w := httptest.NewRecorder()
		refusal := g.Login(w, tt.r)
		if refusal == nil || refusal.Status != tt.want || refusal.Text == "" || strings.Contains(refusal.Text, token) {
			t.Errorf("%s: %+v, want %d", name, refusal, tt.want)
		}
		if len(w.Result().Cookies()) > 0 || len(g.sessions.open) > 0 {
			t.Errorf("%s: a session has begun", name)
		}
	}
	logout := post("", "Sec-Fetch-Site", "cross-site")
	if refusal := New(token).Logout(httptest.NewRecorder(), logout); refusal == nil || refusal.Status != 403 {
		t.Errorf("a logout by another site: %+v", refusal)
	}
}

// TestAttemptsAreLimited per address and in all, and come back. The right token has to
// wait as well, or a limit would tell it from a wrong one.
func TestAttemptsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(token)
		try := func(from, form string) *Refusal {
			r := post(form)
			r.RemoteAddr = from
			return g.Login(httptest.NewRecorder(), r)
		}
		for n := range addressBurst {
			if f := try("192.0.2.1:1234", "token=wrong"); f.Status != 401 {
				t.Fatalf("attempt %d: %+v", n, f)
			}
		}
		f := try("192.0.2.1:4321", "token="+token)
		header := http.Header{}
		if f.Header(header); f.Status != 429 || header.Get("Retry-After") != "6" {
			t.Fatalf("one attempt more: %+v %v", f, header)
		}
		if f := try("192.0.2.2:1", "token=wrong"); f.Status != 401 {
			t.Errorf("another address: %+v", f)
		}
		time.Sleep(addressEvery) //nolint:forbidigo // by the clock of the bubble
		if f := try("192.0.2.1:1", "token="+token); f != nil {
			t.Errorf("after the wait: %+v", f)
		}
		if f := try("192.0.2.1:1", "token="+token); f == nil || f.Status != 429 {
			t.Errorf("one attempt comes back at a time: %+v", f)
		}
		refused := 0
		for n := range 2 * totalBurst {
			if f := try(fmt.Sprintf("[2001:db8:0:%x::1]:1", n), "token=wrong"); f.Status == 429 {
				refused++
			}
		}
		if refused < totalBurst || refused == 2*totalBurst {
			t.Errorf("%d of %d attempts of as many networks are refused", refused, 2*totalBurst)
		}
	})
}

// TestAddressesAreBounded: also those of one network of IPv6 are one.
func TestAddressesAreBounded(t *testing.T) {
	var a attempts
	now := time.Now()
	for n := range 3 * mostAddresses {
		a.take(fmt.Sprintf("[2001:db8:%x::1]:1", n), now)
		now = now.Add(totalEvery)
	}
	if len(a.address) > mostAddresses {
		t.Errorf("%d addresses are kept", len(a.address))
	}
	for text, want := range map[string]string{
		"192.0.2.7:1": "192.0.2.7/32", "[::ffff:192.0.2.7]:1": "192.0.2.7/32",
		"[2001:db8::1]:1": "2001:db8::/64", "[fe80::1%eth0]:1": "fe80::/64", "@": "invalid Prefix",
	} {
		if got := network(text).String(); got != want {
			t.Errorf("%s is counted as %s, want %s", text, got, want)
		}
	}
}

// TestWithoutToken: everybody may read, and a login does nothing.
func TestWithoutToken(t *testing.T) {
	g := New("")
	w := httptest.NewRecorder()
	if f := g.Login(w, post("token=x")); f != nil || len(w.Result().Cookies()) > 0 || g.Asks() || !g.Admits(post("")) {
		t.Errorf("%+v %v", f, w.Header())
	}
}

// TestRefuse: a program gets JSON, and can tell whose token it needs.
func TestRefuse(t *testing.T) {
	w := httptest.NewRecorder()
	never := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request passes") })
	New(token).Handler(never, http.HandlerFunc(Refuse)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
	if w.Code != 401 || w.Body.String() != `{"error":"a bearer token or a login is needed"}`+"\n" || w.Header().Get("WWW-Authenticate") != `Bearer realm="argus"` {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}
