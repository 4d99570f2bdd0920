package resource

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"
)

const (
	// BotKey is the resource attribute that names the bot, for bots that share a
	// service name or a process. Like [ClusterKey], it is a label with the same
	// name on every series. A process without a bot name does not have it.
	BotKey = attribute.Key("bot")

	// RegionKey is the resource attribute for the region that the process runs
	// in. It is exported like [BotKey].
	RegionKey = attribute.Key("region")
)

var (
	// ErrBot is wrapped by every error about the name of the bot.
	ErrBot = errors.New("invalid bot name")

	// ErrRegion is wrapped by every error about the region.
	ErrRegion = errors.New("invalid region")
)

// Bot returns the name of the bot in r, or "" if r has none.
func Bot(r *sdkresource.Resource) string { return label(r, BotKey) }

// Region returns the region in r, or "" if r has none.
func Region(r *sdkresource.Resource) string { return label(r, RegionKey) }

// label returns the value of a resource attribute that is a label, or "".
func label(r *sdkresource.Resource, key attribute.Key) string {
	v, ok := r.Set().Value(key)
	if !ok || v.Type() != attribute.STRING {
		return ""
	}
	return v.AsString()
}

// detectBot sets the bot and the region, each from the first source that is set.
// As with the cluster id, only that source is checked.
func (c *config) detectBot(p *Process, env []attribute.KeyValue) error {
	var bot, region error
	p.Bot, p.BotSource, bot = c.optional(c.bot, BotKey, EnvBot, env, ErrBot)
	p.Region, p.RegionSource, region = c.optional(c.region, RegionKey, EnvRegion, env, ErrRegion)
	return errors.Join(bot, region)
}

// An optionalOption is the value of an option, or the zero value if the option is
// not used.
type optionalOption struct {
	source Source
	value  string
}

// optional reads an optional attribute, from the option, the variable or
// OTEL_RESOURCE_ATTRIBUTES.
func (c *config) optional(option optionalOption, key attribute.Key, variable string, env []attribute.KeyValue, wrong error) (string, Source, error) {
	value, source, where := option.value, option.source, option.source.String()
	if source == "" {
		value, source, where = "", SourceDefault, ""
		if s, ok := c.lookupEnv(variable); ok {
			value, source, where = s, Source(variable), variable
		} else if s, ok := lookupString(env, key); ok {
			value, source, where = s, SourceResourceAttributes, "the key "+string(key)+" in "+EnvResourceAttributes
		}
	}
	if source == SourceDefault {
		return "", source, nil
	}
	err := checkName(value)
	if value == "" {
		err = fmt.Errorf("it is empty; set it, or remove the setting to have no label %s", key)
	}
	if err != nil {
		return "", source, fmt.Errorf("%w %s from %s: %w", wrong, quoteName(value), where, err)
	}
	return value, source, nil
}
