package resource

import (
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
)

// errSecret is the error for a name that looks like a secret: names are public
// labels.
var errSecret = errors.New("it looks like a token or a password, and a name is a public label; " +
	"give a name, and if this was a secret, replace it")

// hidden replaces a value that may be a secret.
const hidden = "[hidden]"

var (
	// firstPart matches the beginning of Discord's bot tokens and of JSON Web
	// Tokens.
	firstPart = regexp.MustCompile(`([A-Za-z0-9_-]{20,})=*\.`)
	// credentials matches the values of the header Authorization, and URLs with a
	// password.
	credentials = regexp.MustCompile(`(?i)^(bearer|basic)\s+\S{16,}$|://[^/@\s]*:[^/@\s]*@`)
	// long matches the characters of webhook and interaction tokens. Those have
	// at least 68; the longest name in Kubernetes has 63, in lower case, and
	// hashes are in lower case too.
	long = regexp.MustCompile(`[A-Za-z0-9_-]{60,}`)
)

// looksSecret distinguishes tokens from names by their form. It recognizes
// Discord's tokens, JSON Web Tokens, HTTP credentials and URLs with a password.
func looksSecret(s string) bool {
	for _, part := range firstPart.FindAllStringSubmatch(s, -1) {
		if strings.HasPrefix(part[1], "eyJ") || encodedNumber(part[1]) {
			return true
		}
	}
	if credentials.MatchString(s) {
		return true
	}
	run := long.FindString(s)
	return strings.ContainsAny(run, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") &&
		strings.ContainsAny(run, "abcdefghijklmnopqrstuvwxyz") && strings.ContainsAny(run, "0123456789")
}

// encodedNumber recognizes the first part of a bot token, which is the bot's id
// in base64.
func encodedNumber(s string) bool {
	id, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(id) < 15 {
		return false
	}
	for _, digit := range id {
		if digit < '0' || digit > '9' {
			return false
		}
	}
	return true
}
