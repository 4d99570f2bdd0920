package pseudonym

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"time"
)

// size is the length of a pseudonym in bytes: 128 bits tell all users apart.
const size = 16

// A Maker makes pseudonyms with one key. Its methods are safe for concurrent use.
type Maker struct{ key []byte }

// New returns a Maker. The key is copied.
func New(key []byte) *Maker { return &Maker{slices.Clone(key)} }

// Of returns the pseudonym of a user on the day of a time, in UTC: the first 16 bytes
// of HMAC-SHA256(key, "2006-01-02:<id>"), in hexadecimal.
func (m *Maker) Of(user uint64, at time.Time) string {
	mac := hmac.New(sha256.New, m.key)
	text := at.UTC().AppendFormat(make([]byte, 0, 32), time.DateOnly)
	mac.Write(strconv.AppendUint(append(text, ':'), user, 10))
	return hex.EncodeToString(mac.Sum(nil)[:size])
}
