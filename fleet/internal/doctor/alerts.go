package doctor

import (
	"fmt"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/documents"
	"github.com/argus-dgo/argus/internal/checks"
	"github.com/argus-dgo/argus/internal/cli"
	"github.com/argus-dgo/argus/internal/excerpt"
)

// evaluated says which rules fail.
func evaluated(rules []rule) []checks.Finding {
	var failing []string
	last := ""
	for _, r := range rules {
		if r.Health == "err" {
			failing = append(failing, r.Name)
			last = r.LastError
		}
	}
	if failing != nil {
		return []checks.Finding{fail("rules", fmt.Sprintf("%s of %d cannot be evaluated: %s; the last error: %s",
			cli.Count(len(failing), "rule"), len(rules), cli.List(failing), excerpt.Line(last, maxText)), "read the fleet's log, and report it if the rule is one of the project's")}
	}
	return []checks.Finding{ok("rules", fmt.Sprintf("all %d rules can be evaluated", len(rules)))}
}

// notified says whether notifications arrive.
func notified(n documents.Notifications) (findings []checks.Finding) {
	const check = "notifications"
	if n.Way == "none" {
		return []checks.Finding{warn(check, "alerts are on the page alone: no receiver is set", "set ARGUS_FLEET_DISCORD_WEBHOOK_FILE, ARGUS_FLEET_ALERTMANAGER_CONFIG or ARGUS_FLEET_ALERTMANAGER_URL")}
	}
	for _, r := range n.Receivers {
		switch {
		case r.FailingSince != nil:
			text := fmt.Sprintf("the receiver %s has failed since %s", r.Name, r.FailingSince.UTC().Format(time.RFC3339))
			if r.Error != nil {
				text += ": " + excerpt.Line(*r.Error, maxText)
			}
			findings = append(findings, fail(check, text, "correct the receiver; argus-fleet notify --test sends a message at once"))
		case r.LastSuccess != nil:
			findings = append(findings, ok(check, fmt.Sprintf("the receiver %s took the last one at %s", r.Name, r.LastSuccess.UTC().Format(time.RFC3339))))
		default:
			findings = append(findings, ok(check, fmt.Sprintf("the receiver %s has got none since the fleet's start; argus-fleet notify --test sends one", r.Name)))
		}
	}
	return findings
}
