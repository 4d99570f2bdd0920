package frontend

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
)

// ETag returns that of a content.
func ETag(content []byte) string {
	hash := sha256.Sum256(content)
	return tagOf(hash[:])
}

func tagOf(hash []byte) string { return `"` + base64.RawURLEncoding.EncodeToString(hash[:12]) + `"` }

// Matches reports whether a client has the content with an ETag.
func Matches(r *http.Request, tag string) bool {
	for have := range strings.SplitSeq(strings.Join(r.Header.Values("If-None-Match"), ","), ",") {
		if have = strings.TrimSpace(have); have == "*" || strings.TrimPrefix(have, "W/") == tag {
			return true
		}
	}
	return false
}
