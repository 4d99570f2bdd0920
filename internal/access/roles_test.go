package access

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// TestRoles: viewers read, operators change too, by token and by session; a token that is
// taken away ends the sessions that were begun with it.
func TestRoles(t *testing.T) {
	grants := []Grant{{NewToken("old"), Viewer}, {NewToken("new"), Viewer}, {NewToken("op"), Operator}}
	g := NewRoles(func() []Grant { return grants })
	session := func(token string) *http.Cookie {
		return login(t, g, post(url.Values{"token": {token}}.Encode()))
	}
	old, fresh, op := session("old"), session("new"), session("op")
	request := func(bearer string, cookie *http.Cookie, header ...string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "http://bot:9191/forget", http.NoBody)
		if bearer != "" {
			r.Header.Set("Authorization", "Bearer "+bearer)
		}
		if cookie != nil {
			r.AddCookie(&http.Cookie{Name: "argus_session_9191", Value: cookie.Value})
		}
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return r
	}
	status := func(role Role, r *http.Request) int {
		w := httptest.NewRecorder()
		g.HandlerFor(role, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), http.HandlerFunc(Refuse)).ServeHTTP(w, r)
		return w.Code
	}
	elsewhere := []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://elsewhere.example"}
	for name, tt := range map[string]struct {
		r           *http.Request
		role        Role
		read, write int
	}{
		"nothing":                    {request("", nil), Nobody, 401, 401},
		"a wrong token":              {request("wrong", nil), Nobody, 401, 401},
		"a viewer":                   {request("old", nil), Viewer, 200, 403},
		"another viewer":             {request("new", nil), Viewer, 200, 403},
		"an operator":                {request("op", nil), Operator, 200, 200},
		"a viewer's session":         {request("", old), Viewer, 200, 403},
		"an operator's session":      {request("", op), Operator, 200, 200},
		"a viewer's token beside it": {request("new", op), Operator, 200, 200},
		"from another site":          {request("", op, elsewhere...), Operator, 200, 403},
	} {
		if got := g.Role(tt.r); got != tt.role {
			t.Errorf("%s has the role %d, want %d", name, got, tt.role)
		}
		if read, write := status(Viewer, tt.r), status(Operator, tt.r); read != tt.read || write != tt.write {
			t.Errorf("%s reads with %d and writes with %d, want %d and %d", name, read, write, tt.read, tt.write)
		}
	}
	grants = grants[1:]
	if g.Admits(request("old", nil)) || g.Admits(request("", old)) || !g.Admits(request("", fresh)) {
		t.Error("a token that was taken away still admits, or the others do not")
	}
	grants = append(grants, Grant{NewToken("old"), Viewer})
	if g.Admits(request("", old)) {
		t.Error("the session is back with its token")
	}
	grants = nil
	if g.Asks() || g.Role(request("", nil)) != Operator || status(Operator, request("", nil)) != 200 || status(Operator, request("", nil, elsewhere...)) != 403 {
		t.Error("without any token not all may do everything, or another site may")
	}
}
