package argus

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bwmarrin/discordgo"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"

	"github.com/argus-dgo/argus/resource"
)

// labels are those of the resource that every series has.
func (c Config) labels() map[string]string {
	labels := map[string]string{string(resource.ClusterKey): c.ClusterID}
	if c.Bot != "" {
		labels[string(resource.BotKey)] = c.Bot
	}
	if c.Region != "" {
		labels[string(resource.RegionKey)] = c.Region
	}
	return labels
}

// identity is these labels as a text: bot "music", cluster "3".
func (c Config) identity() string {
	var parts []string
	for _, part := range []struct{ name, value string }{{"bot", c.Bot}, {"region", c.Region}, {"cluster", c.ClusterID}} {
		if part.value != "" {
			parts = append(parts, fmt.Sprintf("%s %q", part.name, part.value))
		}
	}
	return strings.Join(parts, ", ")
}

// checkNames refuses a name that is a token: of these sessions, or of the metrics page. Package resource knows Discord's by their form; a
// proxy or a test may have others.
func (c resolved) checkNames(sessions []*discordgo.Session) error {
	secrets := []string{c.token.reveal()}
	for _, s := range sessions {
		if s != nil {
			secrets = append(secrets, strings.TrimPrefix(strings.TrimPrefix(s.Token, "Bot "), "Bearer "))
		}
	}
	var errs []error
	for _, label := range []struct{ variable, name string }{
		{resource.EnvBot, c.Bot}, {resource.EnvRegion, c.Region}, {resource.EnvArgusClusterID, c.ClusterID},
	} {
		if slices.ContainsFunc(secrets, func(secret string) bool { return holds(label.name, secret) }) {
			errs = append(errs, fmt.Errorf("%s: the value contains a token, and would be a public label: use a name", c.Source(label.variable)))
		}
	}
	return errors.Join(errs...)
}

// holds says whether a name shows a secret. A short one may be a part of a name by chance.
func holds(name, secret string) bool {
	return secret != "" && (name == secret || len(secret) >= 16 && strings.Contains(name, secret))
}

// serviceVersion returns the attribute service.version, or "".
func serviceVersion(r *sdkresource.Resource) string {
	version, _ := r.Set().Value("service.version")
	return version.AsString()
}
