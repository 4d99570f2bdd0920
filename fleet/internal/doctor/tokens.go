package doctor

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/argus-dgo/argus/fleet/internal/settings"
	"github.com/argus-dgo/argus/fleet/internal/tokenfile"
	"github.com/argus-dgo/argus/internal/checks"
)

// tokens are those of the files, which may be none. The first of each is used.
type tokens struct{ ingest, viewer, operator []string }

func readTokens(s settings.Settings) tokens {
	list := func(name string) []string {
		if name == "" {
			return nil
		}
		tokens, _ := tokenfile.List(name) // what is wrong with it is told already
		return tokens
	}
	return tokens{list(s.IngestTokenFile), list(s.ViewerTokenFile), list(s.OperatorTokenFile)}
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// reader is a token that can read.
func (t tokens) reader() string {
	if token := first(t.viewer); token != "" {
		return token
	}
	return first(t.operator)
}

// same finds tokens that are in two files: who has one may do more than is meant.
func (d *doctor) same() (findings []checks.Finding) {
	for _, pair := range []struct {
		one, other []string
		text       string
	}{
		{d.tokens.ingest, d.tokens.viewer, "ARGUS_FLEET_INGEST_TOKEN_FILE and ARGUS_FLEET_VIEWER_TOKEN_FILE have a token in common: each bot can read everything"},
		{d.tokens.ingest, d.tokens.operator, "ARGUS_FLEET_INGEST_TOKEN_FILE and ARGUS_FLEET_OPERATOR_TOKEN_FILE have a token in common: each bot can mute alerts"},
		{d.tokens.viewer, d.tokens.operator, "ARGUS_FLEET_VIEWER_TOKEN_FILE and ARGUS_FLEET_OPERATOR_TOKEN_FILE have a token in common: each viewer can mute alerts"},
	} {
		if slices.ContainsFunc(pair.one, func(token string) bool { return slices.Contains(pair.other, token) }) {
			findings = append(findings, fail("tokens", pair.text, "make another one (openssl rand -hex 32) for one of the files"))
		}
	}
	return findings
}

const (
	otherSettings = "run argus-fleet doctor with the fleet's settings; if these are they, restart the fleet"
	readPath      = "/api/fleet/v1/members"
	// changePath takes a mute. One of nothing is refused, with another status than a token.
	changePath = "/api/fleet/v1/mutes"
)

// people tries what viewers and operators may do.
func (d *doctor) people(ctx context.Context) []checks.Finding {
	read := func(token string) int { return d.status(ctx, http.MethodGet, readPath, token) }
	change := func(token string) int { return d.status(ctx, http.MethodPost, changePath, token) }
	viewer, operator := first(d.tokens.viewer), first(d.tokens.operator)
	var findings []checks.Finding
	switch {
	case d.settings.ViewerTokenFile == "" && read("") == http.StatusOK:
		findings = append(findings, ok("viewers", "the pages require no token"))
	case d.settings.ViewerTokenFile == "":
		findings = append(findings, fail("viewers", "the fleet requires a token, but this environment has none", otherSettings))
	case viewer == "": // it is told already
	case read(viewer) != http.StatusOK:
		findings = append(findings, fail("viewers", "the fleet refuses the first token of ARGUS_FLEET_VIEWER_TOKEN_FILE", otherSettings))
	case read(d.wrong) == http.StatusOK:
		findings = append(findings, fail("viewers", "this environment has a token of viewers, but the fleet can be read with any", otherSettings))
	default:
		findings = append(findings, ok("viewers", "the token of viewers can read, and a wrong one cannot"))
	}
	switch {
	case d.settings.OperatorTokenFile == "" && d.settings.ViewerTokenFile == "":
		findings = append(findings, ok("operators", "everybody who reaches the pages can mute alerts and forget clusters"))
	case d.settings.OperatorTokenFile == "":
		findings = append(findings, skip("operators", "nobody can mute alerts or forget clusters: ARGUS_FLEET_OPERATOR_TOKEN_FILE is not set"))
	case operator == "": // it is told already
	case change(operator) != http.StatusBadRequest:
		findings = append(findings, fail("operators", "the fleet refuses the first token of ARGUS_FLEET_OPERATOR_TOKEN_FILE", otherSettings))
	case viewer != "" && change(viewer) == http.StatusBadRequest && viewer != operator:
		findings = append(findings, fail("operators", "viewers can mute alerts", otherSettings))
	default:
		findings = append(findings, ok("operators", "the token of operators can change what viewers cannot"))
	}
	return findings
}

// status is that of an answer, or 0.
func (d *doctor) status(ctx context.Context, method, path, token string) int {
	a, err := d.client.do(ctx, method, d.client.url+path, token, "application/json", []byte("{}"))
	if err != nil {
		return 0
	}
	return a.status
}

// files looks at who can read the tokens and the data.
func (d *doctor) files() (findings []checks.Finding) {
	s := d.settings
	for _, one := range []struct{ setting, name string }{
		{"ARGUS_FLEET_INGEST_TOKEN_FILE", s.IngestTokenFile},
		{"ARGUS_FLEET_VIEWER_TOKEN_FILE", s.ViewerTokenFile},
		{"ARGUS_FLEET_OPERATOR_TOKEN_FILE", s.OperatorTokenFile},
		{"ARGUS_FLEET_TLS_KEY_FILE", s.TLSKeyFile},
		{"ARGUS_FLEET_DISCORD_WEBHOOK_FILE", s.DiscordWebhookFile},
	} {
		if one.name != "" && othersMay(one.name, othersRead) {
			findings = append(findings, warn("files", fmt.Sprintf("%s: every user of this machine can read %s", one.setting, one.name), "chmod o-rwx "+one.name))
		}
	}
	switch {
	case othersMay(s.Data, othersWrite):
		findings = append(findings, fail("files", fmt.Sprintf("every user of this machine can change the data in %s", s.Data), "chmod o-rwx "+s.Data))
	case othersMay(s.Data, othersRead):
		findings = append(findings, warn("files", fmt.Sprintf("every user of this machine can read the data in %s", s.Data), "chmod o-rwx "+s.Data))
	}
	if findings == nil {
		return []checks.Finding{ok("files", "no other user of this machine can read the data, tokens and keys")}
	}
	return findings
}
