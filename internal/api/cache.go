package api

import (
	"encoding/json"
	"net/http"
	"time"
)

// The limits of the documents that are kept.
const (
	cacheEntries = 16
	cacheBytes   = 2 << 20
)

// A cache has the documents that were just made. The zero value is empty.
type cache struct {
	entries map[cacheKey]cached
	bytes   int
}

type cacheKey struct {
	source    Source
	path, key string
}

type cached struct {
	at   time.Time
	body []byte
}

// get returns a document that is still fresh, or nil.
func (c *cache) get(key cacheKey, now time.Time) []byte {
	c.purge(now)
	return c.entries[key].body
}

// put keeps a document, if there is room.
func (c *cache) put(key cacheKey, now time.Time, body []byte) {
	size := len(body) + len(key.key)
	if len(c.entries) >= cacheEntries || c.bytes+size > cacheBytes {
		return
	}
	if c.entries == nil {
		c.entries = map[cacheKey]cached{}
	}
	c.entries[key] = cached{now, body}
	c.bytes += size
}

// purge removes the documents that are too old.
func (c *cache) purge(now time.Time) {
	for key, e := range c.entries {
		if age := now.Sub(e.at); age >= reuse || age < 0 {
			c.bytes -= len(e.body) + len(key.key)
			delete(c.entries, key)
		}
	}
}

// marshal returns a document as one line.
func marshal(document any) ([]byte, error) {
	body, err := json.Marshal(document)
	return append(body, '\n'), err
}

// fail answers with an error as JSON.
func fail(w http.ResponseWriter, status int, text string) {
	body, _ := marshal(map[string]string{"error": text})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
