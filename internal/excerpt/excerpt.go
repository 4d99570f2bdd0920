// Package excerpt makes text from outside fit for a log line or an error: what a
// server, a proxy or a variable said may be long, binary, or many lines, and may
// repeat a secret that it was sent.
//
// It needs the standard library alone. It promises one line of valid UTF-8
// without control characters, of a stated length at most.
package excerpt

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Redacted stands for a secret that was taken out.
const Redacted = "[redacted]"

const ellipsis = "…"

// credentials are what stands before the last @ of a URL, a proxy's for example.
var credentials = regexp.MustCompile(`://[^\s"'<>]*@`)

// Line returns s as one line of at most limit bytes, and an ellipsis where it was
// cut. White space becomes single blanks, what cannot be printed is left out, and
// so are credentials in URLs.
func Line(s string, limit int) string {
	s, cut := head(s, 16*limit) // so that a text of any length costs little
	s = credentials.ReplaceAllLiteralString(s, "://"+Redacted+"@")
	var b strings.Builder
	blank := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			blank = b.Len() > 0
			continue
		case r == utf8.RuneError || !unicode.IsPrint(r):
			continue
		}
		if blank {
			b.WriteByte(' ')
			blank = false
		}
		b.WriteRune(r)
	}
	line, short := head(b.String(), limit)
	if cut || short {
		line += ellipsis
	}
	return line
}

// Clip returns s as it is, or its first limit bytes and an ellipsis. It is for what
// is quoted afterwards, where each character counts.
func Clip(s string, limit int) string {
	if s, cut := head(s, limit); cut {
		return s + ellipsis
	}
	return s
}

// head is the longest beginning of s with at most limit bytes that ends with a
// whole character.
func head(s string, limit int) (string, bool) {
	if len(s) <= limit {
		return s, false
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit], true
}

// Hide replaces every secret in s. Empty ones are ignored. Longer ones go first,
// so that none is left over beside a part of it.
func Hide(s string, secrets ...string) string {
	pairs := make([]string, 0, 2*len(secrets))
	for _, secret := range byLength(secrets) {
		if secret != "" {
			pairs = append(pairs, secret, Redacted)
		}
	}
	if len(pairs) == 0 {
		return s
	}
	return strings.NewReplacer(pairs...).Replace(s)
}

func byLength(secrets []string) []string {
	return slices.SortedFunc(slices.Values(secrets), func(a, b string) int { return len(b) - len(a) })
}
