package otlp

import (
	"net/url"
	"strings"
)

// headerValues returns the headers of every export.
func (c *config) headerValues() map[string]string {
	if c.headers != nil {
		return c.headers
	}
	headers := make(map[string]string)
	_, list := c.variable("HEADERS")
	for entry := range strings.SplitSeq(list, ",") {
		key, v, found := strings.Cut(entry, "=")
		decoded, err := url.PathUnescape(v)
		if !found || err != nil {
			continue // newConfig has rejected it, or it is empty.
		}
		headers[strings.TrimSpace(key)] = strings.TrimSpace(decoded)
	}
	return headers
}

// secrets returns the header values, which a collector's response may quote.
func (c *config) secrets() []string {
	var values []string
	for _, v := range c.headerValues() {
		values = append(values, v)
	}
	if c.headers == nil { // also as they are written
		_, list := c.variable("HEADERS")
		for entry := range strings.SplitSeq(list, ",") {
			_, v, _ := strings.Cut(entry, "=")
			values = append(values, v)
		}
	}
	var secrets []string
	for _, v := range values {
		// "Bearer abc": both the token alone and the whole value are secret.
		for _, s := range append([]string{strings.TrimSpace(v)}, strings.Fields(v)...) {
			if len(s) >= 4 && !strings.EqualFold(s, "bearer") && !strings.EqualFold(s, "basic") {
				secrets = append(secrets, s)
			}
		}
	}
	return secrets
}
