package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/argus-dgo/argus/analytics/connection"
	"github.com/argus-dgo/argus/internal/cli"
	"github.com/argus-dgo/argus/internal/clickhousesettings"
)

// settings are what the command line and the environment say.
type settings struct {
	connection connection.Settings
	server     clickhousesettings.Server
	password   string

	rawDays, hourlyDays uint16 // 0 is not given
	guild               uint64 // 0 is not given
	collector           bool
	timeout             time.Duration
}

// parse returns the settings and the arguments that are not flags. Flags win over the
// environment. It writes the help if that was requested.
func parse(args []string, lookup func(string) (string, bool), out io.Writer) (settings, []string, error) {
	f := flag.NewFlagSet("argus-analytics", flag.ContinueOnError)
	c := clickhousesettings.FromEnvironment(lookup)
	f.StringVar(&c.URL, "url", c.URL, "`URL` of the server, with the database as its path; the scheme is http, https, clickhouse or clickhouses\n"+clickhousesettings.EnvURL+", default "+clickhousesettings.DefaultURL)
	f.StringVar(&c.User, "user", c.User, "`name` of the user\n"+clickhousesettings.EnvUser+", default \""+clickhousesettings.DefaultUser+"\"")
	f.StringVar(&c.PasswordFile, "password-file", c.PasswordFile, "`file` with the user's password\n"+clickhousesettings.EnvPasswordFile+", default none")
	f.StringVar(&c.CAFile, "ca-file", c.CAFile, "`file` with the CA certificates of the server\n"+clickhousesettings.EnvCAFile+", default those of the system")
	f.StringVar(&c.CertFile, "cert-file", c.CertFile, "`file` with a certificate of the client\n"+clickhousesettings.EnvCertFile+", default none")
	f.StringVar(&c.KeyFile, "key-file", c.KeyFile, "`file` with the key of that certificate\n"+clickhousesettings.EnvKeyFile+", default none")
	raw := f.Uint("raw-days", 0, "`days` for which events stay, with init and migrate\ndefault as before, and 90 at first")
	hourly := f.Uint("hourly-days", 0, "`days` for which hourly tables stay, with init and migrate\ndefault as before, and 730 at first")
	guild := f.Uint64("guild", 0, "`id` of the guild to erase")
	collector := f.Bool("collector", false, "with init: also make what the OpenTelemetry Collector writes to\ndefault false")
	timeout := f.String("timeout", "10m", "`duration` after which the command ends\ndefault 10m")
	names, err := cli.Parse(f, args)
	if errors.Is(err, flag.ErrHelp) {
		help(out, f)
		return settings{}, nil, err
	}
	if err != nil {
		return settings{}, nil, err
	}
	s := settings{connection: c, guild: *guild, collector: *collector}
	errs := []error{c.Check()}
	s.server, _ = c.Server()     // Check has its error
	s.password, _ = c.Password() // as above
	if s.rawDays, err = days(*raw); err != nil {
		errs = append(errs, fmt.Errorf("--raw-days: %w", err))
	}
	if s.hourlyDays, err = days(*hourly); err != nil {
		errs = append(errs, fmt.Errorf("--hourly-days: %w", err))
	}
	if s.timeout, err = cli.ParseTimeout(*timeout); err != nil {
		errs = append(errs, fmt.Errorf("--timeout: %q %w", *timeout, err))
	}
	return s, names, errors.Join(errs...)
}

func help(out io.Writer, f *flag.FlagSet) {
	fmt.Fprint(out, "Usage: argus-analytics [flags] <command>\n\nCommands:\n")
	for _, c := range commands {
		fmt.Fprintf(out, "  %-9s%s\n", c.name, c.what)
	}
	fmt.Fprint(out, "\nFlags, and the variables that set the same:\n")
	cli.WriteFlags(out, f)
}

// days is the value of a flag, which ClickHouse has as 16 bits.
func days(n uint) (uint16, error) {
	if n > 1<<16-1 {
		return 0, fmt.Errorf("%d is more than 65535", n)
	}
	return uint16(n), nil
}
