package resource

import (
	"encoding/base64"
	"errors"
	"regexp"
	"strings"
)

// errSecret is what a name is refused with that looks like a secret: names are
// labels, for everybody to see.
var errSecret = errors.New("it looks like a token or a password, and a name is a label for everybody to see; " +
	"give a name, and if this was a secret, replace it")

// hidden stands for a value that may be a secret.
const hidden = "[hidden]"

var (
	// firstPart is what Discord's bot tokens and JSON Web Tokens begin with.
	firstPart = regexp.MustCompile(`([A-Za-z0-9_-]{20,})=*\.`)
	// credentials are what the header Authorization and a URL have.
	credentials = regexp.MustCompile(`(?i)^(bearer|basic)\s+\S{16,}$|://[^/@\s]*:[^/@\s]*@`)
	// long has what the tokens of webhooks and of interactions are made of. Those
	// have 68 characters and more; the longest name of Kubernetes has 63, in lower
	// case, as hashes are.
	long = regexp.MustCompile(`[A-Za-z0-9_-]{60,}`)
)

// looksSecret tells tokens from names by their form. What it knows are Discord's
// tokens, JSON Web Tokens, credentials of HTTP and URLs with a password.
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

// encodedNumber tells the first part of a bot token, which is the bot's id in base64.
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
