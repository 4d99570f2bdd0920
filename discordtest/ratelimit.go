package discordtest

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A RateLimit answers requests with status 429, as described in Discord's
// documentation on rate limits.
type RateLimit struct {
	// Method and Pattern select the route: see [Server.Handle]. Empty means any.
	Method, Pattern string
	// Scope is "user" (the default), "global" or "shared".
	Scope string
	// RetryAfter is the time that the client is told to wait. Default 1 s.
	RetryAfter time.Duration
	// Times is the number of requests to answer. 0 counts as 1; a negative number
	// means all requests.
	Times int
}

type limitRule struct {
	route
	RateLimit
}

// RateLimit answers the next requests of a route with status 429. Several limits for
// one route apply one after the other.
func (s *Server) RateLimit(l RateLimit) { s.rest.limit(newRoute(l.Method, l.Pattern, nil), l) }

func (r *rest) limit(rt route, l RateLimit) {
	if l.Scope == "" {
		l.Scope = "user"
	}
	if l.RetryAfter <= 0 {
		l.RetryAfter = time.Second
	}
	if l.Times == 0 {
		l.Times = 1
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.limits = append(r.limits, &limitRule{rt, l})
}

// RateLimited returns the number of requests that were answered with 429, by scope.
func (s *Server) RateLimited() map[string]int {
	s.rest.mu.Lock()
	defer s.rest.mu.Unlock()
	return maps.Clone(s.rest.limited)
}

func (r *rest) limitOf(req *http.Request, parts []string) *RateLimit {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, l := range r.limits {
		if l.match(req, parts) {
			if l.Times > 0 {
				if l.Times--; l.Times == 0 {
					r.limits = append(r.limits[:i:i], r.limits[i+1:]...)
				}
			}
			out := l.RateLimit
			out.Pattern = l.pattern
			return &out
		}
	}
	return nil
}

// write writes the answer. A global limit has no bucket, as at Discord. It has a
// Reset-After here, because that makes discordgo stop all its buckets. now is the
// server's time.
func (l *RateLimit) write(w http.ResponseWriter, now time.Time) {
	h := w.Header()
	after := l.RetryAfter.Seconds()
	h.Set("Retry-After", strconv.Itoa(int(math.Ceil(after))))
	h.Set("X-RateLimit-Scope", l.Scope)
	h.Set("X-RateLimit-Reset-After", seconds(after))
	if l.Scope == "global" {
		h.Set("X-RateLimit-Global", "true")
	} else {
		h.Set("X-RateLimit-Limit", "5")
		h.Set("X-RateLimit-Remaining", "0")
		h.Set("X-RateLimit-Reset", seconds(float64(now.Add(l.RetryAfter).UnixMilli())/1000))
		h.Set("X-RateLimit-Bucket", bucketName(l.Method+l.Pattern))
	}
	message := "You are being rate limited."
	if l.Scope == "shared" {
		message = "The resource is being rate limited."
	}
	writeJSON(w, http.StatusTooManyRequests, map[string]any{
		"message": message, "retry_after": math.Round(after*1000) / 1000, "global": l.Scope == "global",
	})
}

func seconds(s float64) string { return strconv.FormatFloat(s, 'f', 3, 64) }

// bucketName returns a hash, as at Discord.
func bucketName(key string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key))
	return fmt.Sprintf("%016x", h.Sum64())
}

// A bucket counts the requests of one window.
type bucket struct {
	started time.Time
	used    int
}

// exempt reports whether a route has no limits, as callbacks do.
func exempt(parts []string) bool { return len(parts) > 0 && parts[0] == "interactions" }

// spend takes one request from a bucket and writes the headers, and a 429 if none is
// left.
func (r *rest) spend(w http.ResponseWriter, pattern string, parts []string, method string) bool {
	name := bucketName(method + pattern)
	key := name
	if len(parts) > 1 { // the major parameter
		key += strings.Join(parts[:2], "/")
	}
	cfg := &r.server.cfg
	now := r.server.Now()
	r.mu.Lock()
	b := r.buckets[key]
	if b == nil || now.Sub(b.started) >= cfg.bucketWindow {
		for k, old := range r.buckets {
			if now.Sub(old.started) >= cfg.bucketWindow {
				delete(r.buckets, k)
			}
		}
		b = &bucket{started: now}
		r.buckets[key] = b
	}
	b.used++
	remaining, reset := cfg.bucketLimit-b.used, b.started.Add(cfg.bucketWindow)
	r.mu.Unlock()

	after := reset.Sub(now)
	h := w.Header()
	h.Set("X-RateLimit-Limit", strconv.Itoa(cfg.bucketLimit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(max(0, remaining)))
	h.Set("X-RateLimit-Reset", seconds(float64(reset.UnixMilli())/1000))
	h.Set("X-RateLimit-Reset-After", seconds(after.Seconds()))
	h.Set("X-RateLimit-Bucket", name)
	if remaining >= 0 {
		return true
	}
	h.Set("Retry-After", strconv.Itoa(int(math.Ceil(after.Seconds()))))
	h.Set("X-RateLimit-Scope", "user")
	writeJSON(w, http.StatusTooManyRequests, map[string]any{
		"message": "You are being rate limited.", "retry_after": math.Ceil(after.Seconds()*1000) / 1000, "global": false,
	})
	return false
}
