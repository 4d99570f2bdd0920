package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/argus-dgo/argus/fleet/internal/settings"
)

// A place is where a process belongs, as the API has it.
type place struct {
	Job     string  `json:"job"`
	Bot     *string `json:"bot"`
	Region  *string `json:"region"`
	Cluster string  `json:"cluster"`
}

func (p place) String() string {
	text := "--job " + p.Job
	if p.Bot != nil {
		text += " --bot " + *p.Bot
	}
	if p.Region != nil {
		text += " --region " + *p.Region
	}
	return text
}

// forget asks the fleet that runs to forget a cluster.
func forget(ctx context.Context, s settings.Settings, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("forget", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	wanted := map[string]*string{}
	for _, name := range []string{"job", "bot", "region"} {
		wanted[name] = flags.String(name, "", "")
	}
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w; usage: argus-fleet [flags] forget [--job JOB] [--bot BOT] [--region REGION] CLUSTER", err)
	}
	if flags.NArg() != 1 {
		return errors.New("usage: argus-fleet [flags] forget [--job JOB] [--bot BOT] [--region REGION] CLUSTER")
	}
	client, err := newClient(s, requestTimeout)
	if err != nil {
		return err
	}
	var all struct {
		Members []place `json:"members"`
	}
	if err := client.do(ctx, http.MethodGet, "members", nil, &all); err != nil {
		return err
	}
	var found []place
	for _, p := range all.Members {
		if p.Cluster == flags.Arg(0) && matches(*wanted["job"], &p.Job) && matches(*wanted["bot"], p.Bot) && matches(*wanted["region"], p.Region) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return fmt.Errorf("the fleet has no cluster %q", flags.Arg(0))
	case 1:
	default:
		list := make([]string, len(found))
		for i, p := range found {
			list[i] = p.String()
		}
		return fmt.Errorf("there are %d clusters %q; choose one: %s", len(found), flags.Arg(0), strings.Join(list, "; "))
	}
	if err := client.do(ctx, http.MethodPost, "forget", found[0], nil); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Cluster %s is forgotten.\n", found[0].Cluster)
	return err
}

// matches reports whether a label has a value, if one is wanted.
func matches(want string, is *string) bool {
	return want == "" || is != nil && *is == want
}
