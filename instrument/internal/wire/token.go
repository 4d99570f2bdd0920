package wire

import "math/rand/v2"

// A hash is FNV-1a of 64 bits. It begins at a number of the process's own, so
// that it says nothing outside of it.
type hash uint64

var hashBegin = hash(rand.Uint64())

func newHash() hash { return hashBegin }

func (h *hash) add(b byte) { *h = (*h ^ hash(b)) * 1099511628211 }

// TokenHash is what stands for an interaction's token, as Packet.Token. It is 0
// for an empty one.
func TokenHash(token string) uint64 {
	if token == "" {
		return 0
	}
	h := newHash()
	for n := range len(token) {
		h.add(token[n])
	}
	return uint64(h)
}
