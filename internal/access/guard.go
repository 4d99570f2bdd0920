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

// A Guard lets a request pass that has the token, or the cookie of a session that
// was begun with it. Without a token it lets all pass.
type Guard struct {
	token    *Token
	sessions sessions
	attempts attempts
	origins  http.CrossOriginProtection
}

// New returns a guard for a token, or for none if it is empty.
func New(token string) *Guard { return &Guard{token: NewToken(token)} }

// Asks reports whether there is a token.
func (g *Guard) Asks() bool { return g.token != nil }

// Sent reports whether a request has the token in its header.
func (g *Guard) Sent(r *http.Request) bool {
	ok, _ := g.token.Sent(r)
	return ok
}

// Admits reports whether a request may pass.
func (g *Guard) Admits(r *http.Request) bool {
	return g.token == nil || g.Sent(r) || g.session(r) != nil
}

func (g *Guard) session(r *http.Request) *session {
	cookie, err := r.Cookie(cookieName(r))
	if err != nil {
		return nil
	}
	return g.sessions.find(cookie.Value, time.Now())
}

// Handler calls next for requests that may pass and refuse for others, after it has
// set the header of an answer with status 401. A request by a session ends with it.
func (g *Guard) Handler(next, refuse http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ok, given := g.token.Sent(r)
		if g.token == nil || ok {
			next.ServeHTTP(w, r)
			return
		}
		s := g.session(r)
		if s == nil {
			challenge(w, given)
			refuse.ServeHTTP(w, r)
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
	body, _ := json.Marshal(map[string]string{"error": "a bearer token or a login is needed"})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnauthorized)
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
	if g.token == nil {
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
	if sent := r.PostForm["token"]; len(sent) != 1 || !g.token.is(sent[0]) {
		return &Refusal{Status: http.StatusUnauthorized, Text: "This is not the token."}
	}
	if old, err := r.Cookie(cookieName(r)); err == nil {
		g.sessions.end(old.Value)
	}
	setCookie(w, r, g.sessions.begin(time.Now()), int(sessionAge/time.Second))
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
