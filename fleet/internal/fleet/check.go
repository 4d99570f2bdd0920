package fleet

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/argus-dgo/argus/fleet/internal/engine"
	"github.com/argus-dgo/argus/fleet/internal/notify"
	"github.com/argus-dgo/argus/fleet/internal/settings"
)

// Check reads the files that settings name, as [Start] does, and changes nothing. Its error
// joins all that is wrong.
func Check(s settings.Settings) error {
	ignore := func(error) {} // of later changes of the files
	_, tokens := openTokens(s, ignore)
	_, certificate := security(s, ignore)
	return errors.Join(tokens, certificate, checkSources(s), checkNotifications(s), checkRemoteWrite(s))
}

func checkSources(s settings.Settings) error {
	servers, err := openSources(s)
	if err == nil && servers != nil {
		servers.Close()
	}
	return err
}

func checkRemoteWrite(s settings.Settings) error {
	if s.RemoteWriteConfig == "" {
		return nil
	}
	if err := engine.CheckRemoteWrite(s.RemoteWriteConfig); err != nil {
		return fmt.Errorf("ARGUS_FLEET_REMOTE_WRITE_CONFIG: %w", err)
	}
	return nil
}

func checkNotifications(s settings.Settings) error {
	c, err := Notifications(s)
	if err != nil {
		return err
	}
	n, err := notify.New(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), notifyTimeout)
	defer cancel()
	return n.Stop(ctx)
}

// Notifications says where the notifications of a fleet go.
func Notifications(s settings.Settings) (notify.Config, error) {
	address, err := url.Parse(s.URL)
	if err != nil {
		return notify.Config{}, fmt.Errorf("ARGUS_FLEET_URL: %w", err)
	}
	return notify.Config{
		ConfigFile: s.AlertmanagerConfig, DiscordWebhookFile: s.DiscordWebhookFile, AlertmanagerURLs: s.AlertmanagerURLs,
		ExternalURL: address, EvaluationInterval: s.Evaluation,
	}, nil
}
