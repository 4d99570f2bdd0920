package notify

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/argus-dgo/argus/internal/credential"
)

// The settings that errors name.
const (
	settingConfig  = "ARGUS_FLEET_ALERTMANAGER_CONFIG"
	settingWebhook = "ARGUS_FLEET_DISCORD_WEBHOOK_FILE"
	settingURL     = "ARGUS_FLEET_ALERTMANAGER_URL"
)

// Config says where alerts go. At most one of ConfigFile, DiscordWebhookFile and
// AlertmanagerURLs is set. With none, alerts can be looked at and muted, and nothing is
// sent.
type Config struct {
	ConfigFile         string   // an Alertmanager configuration
	DiscordWebhookFile string   // a file with a webhook's URL, read for each message
	AlertmanagerURLs   []string // Alertmanagers that get every alert

	Credential credential.Credential // for AlertmanagerURLs
	TLS        *tls.Config           // for AlertmanagerURLs; nil: the system's authorities

	// Dir is the folder of the state; it is created. Empty: a restart forgets all.
	Dir string
	// ExternalURL is the fleet's page, for links in messages.
	ExternalURL *url.URL
	// EvaluationInterval is the interval of the rules. Default: 15 s.
	EvaluationInterval time.Duration

	Logger     *slog.Logger
	Registerer prometheus.Registerer // not shared with another Notifier
	// Report is told what fails at run time. It must not block.
	Report func(error)
	// MuteEnded is told of each mute that ended early, and why. It must not block.
	MuteEnded func(m Mute, reason string)
}

func (c *Config) check() error {
	var set []string
	for _, s := range []struct {
		name string
		is   bool
	}{
		{settingConfig, c.ConfigFile != ""},
		{settingWebhook, c.DiscordWebhookFile != ""},
		{settingURL, len(c.AlertmanagerURLs) > 0},
	} {
		if s.is {
			set = append(set, s.name)
		}
	}
	if len(set) > 1 {
		return fmt.Errorf("%s exclude each other: set one of them", strings.Join(set, " and "))
	}
	if c.EvaluationInterval < 0 {
		return errors.New("the interval of the rules is negative")
	}
	return nil
}

func (c *Config) setDefaults() {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Registerer == nil {
		c.Registerer = prometheus.NewRegistry()
	}
	if c.Report == nil {
		c.Report = func(error) {}
	}
	if c.MuteEnded == nil {
		c.MuteEnded = func(Mute, string) {}
	}
	if c.ExternalURL == nil {
		c.ExternalURL = new(url.URL)
	}
}
