package ingest

import "github.com/argus-dgo/argus/internal/access"

// Tokens returns the tokens of senders, as they are at present. Nil, or none, admits
// everybody.
type Tokens func() []*access.Token

const tokenText = "the fleet requires a bearer token of a member" //nolint:gosec // about one

// admit reports whether a sender has one of the tokens.
func (t Tokens) admit(headers []string) bool {
	if t == nil {
		return true
	}
	valid := t()
	if len(valid) == 0 {
		return true
	}
	for _, token := range valid {
		if token.Matches(headers) {
			return true
		}
	}
	return false
}
