package fleet

import (
	"errors"
	"fmt"

	"github.com/argus-dgo/argus/fleet/internal/ingest"
	"github.com/argus-dgo/argus/fleet/internal/settings"
	"github.com/argus-dgo/argus/fleet/internal/tokenfile"
	"github.com/argus-dgo/argus/internal/access"
)

// tokens are the token files that are set.
type tokens struct {
	members, viewers, operators *tokenfile.File
}

func openTokens(s settings.Settings, report func(error)) (*tokens, error) {
	t := &tokens{}
	var errs []error
	for _, one := range []struct {
		variable, name string
		into           **tokenfile.File
	}{
		{"ARGUS_FLEET_INGEST_TOKEN_FILE", s.IngestTokenFile, &t.members},
		{"ARGUS_FLEET_VIEWER_TOKEN_FILE", s.ViewerTokenFile, &t.viewers},
		{"ARGUS_FLEET_OPERATOR_TOKEN_FILE", s.OperatorTokenFile, &t.operators},
	} {
		if one.name == "" {
			continue
		}
		file, err := tokenfile.Open(one.name, report)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", one.variable, err))
			continue
		}
		*one.into = file
	}
	return t, errors.Join(errs...)
}

// ingest are the tokens of members; nil admits everybody.
func (t *tokens) ingest() ingest.Tokens {
	if t.members == nil {
		return nil
	}
	return t.members.Tokens
}

// grants are the tokens of people.
func (t *tokens) grants() []access.Grant {
	var grants []access.Grant
	for _, one := range []struct {
		file *tokenfile.File
		role access.Role
	}{{t.viewers, access.Viewer}, {t.operators, access.Operator}} {
		if one.file == nil {
			continue
		}
		for _, token := range one.file.Tokens() {
			grants = append(grants, access.Grant{Token: token, Role: one.role})
		}
	}
	return grants
}
