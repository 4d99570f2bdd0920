package notify

import (
	_ "embed"
	"fmt"
	"net"
	"net/url"
	"strings"

	amconfig "github.com/prometheus/alertmanager/config"
	"github.com/prometheus/common/model"

	"github.com/argus-dgo/argus/internal/settingfile"
)

//go:generate sh -c "sed -n '/^# Alerts inhibit only/,${DOLLAR}p' ../../../dashboards/rules/alertmanager/example.yml >inhibit.yml"

var (
	//go:embed discord.yml
	discordConfig string
	//go:embed nobody.yml
	nobodyConfig string
	// The shipped example's rules of inhibition; a test compares them.
	//
	//go:embed inhibit.yml
	inhibitRules string
	//go:embed discord.tmpl
	discordTemplates []byte
)

const (
	configMost  = 1 << 20 // bytes of a configuration file
	webhookMost = 4 << 10 // bytes of a file with a webhook's URL
)

// configuration returns the function that loads the configuration of the embedded
// Alertmanager.
func configuration(c Config, t timing) func() (*amconfig.Config, error) {
	switch {
	case c.ConfigFile != "":
		return func() (*amconfig.Config, error) { return loadFile(c.ConfigFile) }
	case c.DiscordWebhookFile != "":
		return func() (*amconfig.Config, error) { return discord(c.DiscordWebhookFile, t) }
	}
	return func() (*amconfig.Config, error) { return amconfig.Load(nobodyConfig + inhibitRules) }
}

func loadFile(name string) (*amconfig.Config, error) {
	wrap := func(err error) error { return fmt.Errorf("%s: %w", settingConfig, err) }
	// LoadFile reads it again, whatever it is: this says that it is a file of a sane size.
	if _, err := settingfile.Read(name, configMost); err != nil {
		return nil, wrap(err)
	}
	conf, err := amconfig.LoadFile(name)
	if err != nil {
		// The parser quotes what it does not understand, which may be a secret.
		return nil, wrap(fmt.Errorf("%q: %s", name, withoutValues(err.Error())))
	}
	return conf, nil
}

// discord is the configuration of a Discord webhook. The file with its URL is checked
// here, and read by the receiver for each message.
func discord(file string, t timing) (*amconfig.Config, error) {
	if err := checkWebhook(file); err != nil {
		return nil, fmt.Errorf("%s: %w", settingWebhook, err)
	}
	conf, err := amconfig.Load(discordConfig + inhibitRules)
	if err != nil {
		return nil, err
	}
	wait, interval := model.Duration(t.groupWait), model.Duration(t.groupInterval)
	conf.Route.GroupWait, conf.Route.GroupInterval = &wait, &interval
	for _, r := range conf.Receivers {
		for _, d := range r.DiscordConfigs {
			d.WebhookURLFile = file
		}
	}
	return conf, nil
}

// checkWebhook returns an error without any of what the file holds.
func checkWebhook(file string) error {
	content, err := settingfile.Read(file, webhookMost)
	if err != nil {
		return err
	}
	text := strings.TrimSpace(string(content))
	if text == "" {
		return fmt.Errorf("%q is empty: write the webhook's URL into it (Discord: channel settings, Integrations, Webhooks)", file)
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Path == "" || strings.ContainsAny(text, " \t\r\n") {
		return fmt.Errorf("%q does not hold one URL such as https://discord.com/api/webhooks/…", file)
	}
	switch {
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	case u.Scheme == "http":
		return fmt.Errorf("%q holds a URL of plain http, which shows the webhook to the network: use https", file)
	}
	return fmt.Errorf("%q does not hold a URL of https", file)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
