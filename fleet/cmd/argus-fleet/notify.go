package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/argus-dgo/argus/fleet/internal/fleet"
	"github.com/argus-dgo/argus/fleet/internal/notify"
	"github.com/argus-dgo/argus/fleet/internal/settings"
)

// testNotifications sends one message to each receiver, as the settings have them, without
// the fleet that runs.
func testNotifications(ctx context.Context, s settings.Settings, args []string, out io.Writer) (err error) {
	if len(args) != 1 || args[0] != "--test" {
		return errors.New("usage: argus-fleet [flags] notify --test")
	}
	if s.DiscordWebhookFile == "" && s.AlertmanagerConfig == "" && len(s.AlertmanagerURLs) == 0 {
		return errors.New("nothing is set that would get notifications: set ARGUS_FLEET_DISCORD_WEBHOOK_FILE, ARGUS_FLEET_ALERTMANAGER_CONFIG or ARGUS_FLEET_ALERTMANAGER_URL")
	}
	c, err := fleet.Notifications(s)
	if err != nil {
		return err
	}
	n, err := notify.New(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Stop(context.WithoutCancel(ctx))) }()
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	if err := n.Test(limited); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "The test message was taken.")
	return err
}
