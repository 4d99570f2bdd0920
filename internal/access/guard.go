package access

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// maxForm is the most bytes that a login form may have.
const maxForm = 4 << 10

// A Role is what a client may do.
type Role uint8

// The roles. Each may do what those before it may.
const (
	Nobody Role = iota
	Viewer
	Operator
)

// A Grant gives a role to whoever has a token.
type Grant struct {
	Token *Token
	Role  Role
}

// A Guard lets a request pass that has a token, or the cookie of a session that was begun
// with one. Without any token it lets all pass, as operators.
type Guard struct {
	grants   func() []Grant
	sessions sessions
	attempts attempts
	origins  http.CrossOriginProtection
}

// New returns a guard for a token, or for none if it is empty.
func New(token string) *Guard {
	var grants []Grant
	if t := NewToken(token); t != nil {
		grants = []Grant{{t, Operator}}
	}
	return NewRoles(func() []Grant { return grants })
}

// NewRoles returns a guard for the tokens that there are at a time. A session ends when
// its token is none of them any more.
func NewRoles(grants func() []Grant) *Guard { return &Guard{grants: grants} }

// Asks reports whether there is a token.
func (g *Guard) Asks() bool { return len(g.grants()) > 0 }

// Sent reports whether a request has a token in its header.
func (g *Guard) Sent(r *http.Request) bool { return sent(g.grants(), r) != Nobody }

// sent returns the role of the token in a request's header.
func sent(grants []Grant, r *http.Request) Role {
	role := Nobody
	for _, grant := range grants { // all of them, so that the time tells nothing
		if ok, _ := grant.Token.Sent(r); ok {
			role = max(role, grant.Role)
		}
	}
	return role
}

// Admits reports whether a request may pass.
func (g *Guard) Admits(r *http.Request) bool { return g.Role(r) != Nobody }

// Role returns what the client of a request may do.
func (g *Guard) Role(r *http.Request) Role {
	grants := g.grants()
	if len(grants) == 0 {
		return Operator
	}
	role := sent(grants, r)
	if s, of := g.session(grants, r); s != nil {
		role = max(role, of)
	}
	return role
}

// session returns the session of a request, and its role.
func (g *Guard) session(grants []Grant, r *http.Request) (*session, Role) {
	cookie, err := r.Cookie(cookieName(r))
	if err != nil {
		return nil, Nobody
	}
	s := g.sessions.find(cookie.Value, time.Now())
	if s == nil {
		return nil, Nobody
	}
	for _, grant := range grants {
		if grant.Token.want == s.token {
			return s, grant.Role
		}
	}
	g.sessions.end(cookie.Value)
	return nil, Nobody
}

// Handler calls next for requests that may pass and refuse for others, after it has
// set the header of an answer with status 401. A request by a session ends with it.
func (g *Guard) Handler(next, refuse http.Handler) http.Handler {
	return g.HandlerFor(Viewer, next, refuse)
}

// HandlerFor is [Guard.Handler] for those who have a role. A client that has another one
// gets 403, and so does one whose browser sends what another site made, unless it reads.
func (g *Guard) HandlerFor(role Role, next, refuse http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		grants := g.grants()
		has := sent(grants, r)
		if len(grants) == 0 {
			has = Operator
		}
		s, of := g.session(grants, r)
		if has == Nobody && s == nil {
			challenge(w, len(r.Header.Values("Authorization")) > 0)
			refuse.ServeHTTP(w, r)
			return
		}
		if max(has, of) < role {
			refuseAs(w, http.StatusForbidden, "this needs the token of an operator")
			return
		}
		if role > Viewer && g.foreign(r) != nil {
			refuseAs(w, http.StatusForbidden, "the request was sent from another site, or a proxy has changed the header Host")
			return
		}
		if has >= role {
			next.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithDeadline(r.Context(), s.ends)
		defer cancel()
		defer context.AfterFunc(s.ctx, cancel)()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Refuse answers 401 as JSON.
func Refuse(w http.ResponseWriter, _ *http.Request) {
	refuseAs(w, http.StatusUnauthorized, "a bearer token or a login is needed")
}

func refuseAs(w http.ResponseWriter, status int, text string) {
	body, _ := json.Marshal(map[string]string{"error": text})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

// A Refusal says why a form is refused. Text is a sentence for the person who sent it.
type Refusal struct {
	Status int
	Text   string
	// RetryAfter is when the form may be sent again, or 0.
	RetryAfter time.Duration
}

// Header sets the headers of the answer.
func (f *Refusal) Header(h http.Header) {
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
	}
}

// Login starts a session for a POST of a form with the field token, and sets the cookie.
// The token is read from the body alone, so it never appears in a URL.
func (g *Guard) Login(w http.ResponseWriter, r *http.Request) *Refusal {
	if refusal := g.foreign(r); refusal != nil {
		return refusal
	}
	grants := g.grants()
	if len(grants) == 0 {
		return nil
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return &Refusal{Status: http.StatusUnsupportedMediaType, Text: "The form must be sent as application/x-www-form-urlencoded."}
	}
	if wait := g.attempts.take(r.RemoteAddr, time.Now()); wait > 0 {
		return &Refusal{Status: http.StatusTooManyRequests, Text: "There were too many attempts. Try again later.", RetryAfter: wait}
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		if _, long := errors.AsType[*http.MaxBytesError](err); long {
			return &Refusal{Status: http.StatusRequestEntityTooLarge, Text: "The form is too long."}
		}
		return &Refusal{Status: http.StatusBadRequest, Text: "The form cannot be read."}
	}
	var token *Token
	if sent := r.PostForm["token"]; len(sent) == 1 {
		for _, grant := range grants {
			if grant.Token.is(sent[0]) {
				token = grant.Token
			}
		}
	}
	if token == nil {
		return &Refusal{Status: http.StatusUnauthorized, Text: "This is not the token."}
	}
	if old, err := r.Cookie(cookieName(r)); err == nil {
		g.sessions.end(old.Value)
	}
	setCookie(w, r, g.sessions.begin(token, time.Now()), int(sessionAge/time.Second))
	return nil
}

// Logout ends the session of a POST, and removes the cookie.
func (g *Guard) Logout(w http.ResponseWriter, r *http.Request) *Refusal {
	if refusal := g.foreign(r); refusal != nil {
		return refusal
	}
	if cookie, err := r.Cookie(cookieName(r)); err == nil {
		g.sessions.end(cookie.Value)
	}
	setCookie(w, r, "", -1)
	return nil
}

// foreign refuses what another site has a browser send.
func (g *Guard) foreign(r *http.Request) *Refusal {
	if g.origins.Check(r) == nil {
		return nil
	}
	return &Refusal{Status: http.StatusForbidden, Text: "The form was sent from another site, or a proxy has changed the header Host."}
}

// setCookie sets the cookie of a session, or removes it if age is negative.
//
// It has no attribute Path: a browser then takes the folder of the login's URL as it
// knows it, which is right behind a proxy that removes a prefix, where the process does
// not know the prefix.
func setCookie(w http.ResponseWriter, r *http.Request, id string, age int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure would keep browsers from sending it where there is no TLS
		Name: cookieName(r), Value: id, MaxAge: age,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: overTLS(r),
	})
}

// cookieName contains the port under which a browser knows the process: browsers send
// the cookies of a host to all of its ports, and a host may have many processes.
func cookieName(r *http.Request) string {
	const name = "argus_session"
	_, port, err := net.SplitHostPort(r.Host)
	if _, number := strconv.ParseUint(port, 10, 16); err != nil || number != nil {
		return name
	}
	return name + "_" + port
}

// overTLS reports whether the browser uses TLS, with the process or with a proxy. What
// it says of the form's origin tells that, so that no header of a proxy is believed.
func overTLS(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	origin, err := url.Parse(r.Header.Get("Origin"))
	return err == nil && origin.Scheme == "https"
}
