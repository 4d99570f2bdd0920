// Package credential is what an HTTP client says of who it is: a bearer token, or a user
// name with a password.
package credential

import (
	"net/http"

	"github.com/argus-dgo/argus/internal/access"
	"github.com/argus-dgo/argus/internal/excerpt"
)

// A Kind is a scheme of HTTP authentication.
type Kind string

// The kinds.
const (
	None   Kind = ""
	Bearer Kind = "Bearer" // RFC 6750
	Basic  Kind = "Basic"  // RFC 7617
)

// A Credential is the zero value for none.
type Credential struct{ secret *secret } // a pointer, which no way of printing follows

type secret struct{ token, username, password string }

// Token returns the credential of a token; an empty one is none. The error's text
// completes a sentence about the token.
func Token(token string) (Credential, error) {
	if token == "" {
		return Credential{}, nil
	}
	if err := access.CheckToken(token); err != nil {
		return Credential{}, err
	}
	return Credential{&secret{token: token}}, nil
}

// Password returns the credential of a user.
func Password(username, password string) Credential {
	return Credential{&secret{username: username, password: password}}
}

// Kind is the kind of the credential.
func (c Credential) Kind() Kind {
	switch {
	case c.secret == nil:
		return None
	case c.secret.token != "":
		return Bearer
	}
	return Basic
}

// Set adds the credential to a request.
func (c Credential) Set(r *http.Request) {
	switch c.Kind() {
	case Bearer:
		r.Header.Set("Authorization", string(Bearer)+" "+c.secret.token)
	case Basic:
		r.SetBasicAuth(c.secret.username, c.secret.password)
	}
}

// Hide takes the token or the password out of what a server said.
func (c Credential) Hide(text string) string {
	if c.secret == nil {
		return text
	}
	return excerpt.Hide(text, c.secret.token+c.secret.password)
}
