package wire

import "math/rand/v2"

// hashBegin makes a hash of a token that says nothing outside of this process.
var hashBegin = rand.Uint64() //nolint:gosec // no secret: it keeps hashes of one process apart from another's

// TokenHash is what stands for an interaction's token, as Packet.Token: 0 for an
// empty one. It is of the token's beginning, as far as a scanner keeps text, which
// goes far beyond the interaction's id in it.
func TokenHash(token string) uint64 { return tokenHash(token[:min(len(token), maxText)]) }

// tokenHash is FNV-1a of 64 bits.
func tokenHash[T string | []byte](token T) uint64 {
	if len(token) == 0 {
		return 0
	}
	h := hashBegin
	for n := range len(token) {
		h = (h ^ uint64(token[n])) * 1099511628211
	}
	return h
}
