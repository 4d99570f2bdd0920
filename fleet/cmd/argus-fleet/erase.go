package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/settings"
)

// eraseTimeout is how long an erasure may take.
const eraseTimeout = 10 * time.Minute

var errErase = errors.New("usage: argus-fleet [flags] erase --guild ID")

// erase asks the fleet that runs to erase a guild from its events.
func erase(ctx context.Context, s settings.Settings, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("erase", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	guild := flags.String("guild", "", "")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return errErase
	}
	if id, err := strconv.ParseUint(*guild, 10, 64); err != nil || id == 0 {
		return fmt.Errorf("--guild is not the decimal id of a guild; %w", errErase)
	}
	client, err := newClient(s, eraseTimeout)
	if err != nil {
		return err
	}
	var erased struct {
		Events int64 `json:"events"`
	}
	if err := client.do(ctx, http.MethodPost, "erase", map[string]string{"guild": *guild}, &erased); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "The guild is erased: %d events. Backups still have it.\n", erased.Events)
	return err
}
