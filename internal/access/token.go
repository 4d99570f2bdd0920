package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"regexp"
	"strings"
)

// Realm is the realm in the challenge for a token. It lets a client that gets 401
// recognize an Argus.
const Realm = "argus"

// RFC 6750, section 2.1: b64token.
var b64token = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

// CheckToken returns an error if token cannot be a bearer token. The error does not
// contain the token; its text completes a sentence about it.
func CheckToken(token string) error {
	if !b64token.MatchString(token) {
		return errors.New("must be letters, digits and . _ ~ + / -, with = at the end only (RFC 6750); look for a line break or a space")
	}
	return nil
}

// A Token is a bearer token (RFC 6750), of which only the hash is kept. A nil Token
// allows every request.
type Token struct{ want [sha256.Size]byte }

// NewToken returns nil for an empty token.
func NewToken(token string) *Token {
	if token == "" {
		return nil
	}
	return &Token{sha256.Sum256([]byte(token))}
}

// is reports whether a text is the token. It compares hashes, which have equal
// lengths, so that the time reveals nothing about the token or its length.
func (t *Token) is(text string) bool {
	got := sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(got[:], t.want[:]) == 1
}

// Matches reports whether the values of a header Authorization are the token. Several
// values are refused: a proxy may have checked a different one.
func (t *Token) Matches(headers []string) bool {
	if t == nil || len(headers) == 0 {
		return false
	}
	scheme, text, _ := strings.Cut(headers[0], " ")
	match := t.is(strings.TrimLeft(text, " "))
	return match && len(headers) == 1 && strings.EqualFold(scheme, "Bearer")
}

// Sent reports whether the request has the token in its header Authorization (ok), and
// whether it has that header (given).
func (t *Token) Sent(r *http.Request) (ok, given bool) {
	headers := r.Header.Values("Authorization")
	if t == nil || len(headers) == 0 {
		return false, false
	}
	return t.Matches(headers), true
}

// Guard answers 401 to requests without the token.
func (t *Token) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ok, given := t.Sent(r)
		if t == nil || ok {
			next.ServeHTTP(w, r)
			return
		}
		challenge(w, given)
		http.Error(w, "a bearer token is needed", http.StatusUnauthorized)
	})
}

// challenge sets the header of an answer with status 401. given says that the request
// has a wrong token.
func challenge(w http.ResponseWriter, given bool) {
	text := `Bearer realm="` + Realm + `"`
	if given {
		text += `, error="invalid_token"`
	}
	w.Header().Set("WWW-Authenticate", text)
}
