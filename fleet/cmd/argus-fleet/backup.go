package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/settings"
)

// backupTimeout is how long a backup may take: its size is that of the last two hours.
const backupTimeout = 15 * time.Minute

// backup asks the fleet that runs to copy its data.
func backup(ctx context.Context, s settings.Settings, args []string, out io.Writer) error {
	if len(args) > 0 {
		return errors.New("usage: argus-fleet [flags] backup")
	}
	client, err := newClient(s, backupTimeout)
	if err != nil {
		return err
	}
	var made struct {
		Folder string `json:"folder"`
	}
	if err := client.do(ctx, http.MethodPost, "backup", struct{}{}, &made); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "The data is copied to %s on the fleet's machine.\n", made.Folder)
	return err
}
