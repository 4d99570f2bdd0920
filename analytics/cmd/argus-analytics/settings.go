package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/argus-dgo/argus/internal/cli"
	"github.com/argus-dgo/argus/internal/settingfile"
)

// maxPassword is the size of a file with a password, in bytes.
const maxPassword = 4 << 10

// settings are what the command line and the environment say.
type settings struct {
	server   *url.URL
	database string
	user     string
	password string

	rawDays, hourlyDays uint16 // 0 is not given
	guild               uint64 // 0 is not given
	timeout             time.Duration
}

// parse returns the settings and the arguments that are not flags. Flags win over the
// environment. It writes the help if that was requested.
func parse(args []string, lookup func(string) (string, bool), out io.Writer) (settings, []string, error) {
	f := flag.NewFlagSet("argus-analytics", flag.ContinueOnError)
	env := func(name, otherwise string) string {
		if value, is := lookup(name); is {
			return value
		}
		return otherwise
	}
	address := f.String("url", env("ARGUS_CLICKHOUSE_URL", "http://127.0.0.1:8123/argus"), "`URL` of ClickHouse's HTTP interface, with the database as its path\nARGUS_CLICKHOUSE_URL, default http://127.0.0.1:8123/argus")
	user := f.String("user", env("ARGUS_CLICKHOUSE_USER", "default"), "`name` of the user\nARGUS_CLICKHOUSE_USER, default \"default\"")
	file := f.String("password-file", env("ARGUS_CLICKHOUSE_PASSWORD_FILE", ""), "`file` with the user's password\nARGUS_CLICKHOUSE_PASSWORD_FILE, default none")
	raw := f.Uint("raw-days", 0, "`days` for which events stay, with init and migrate\ndefault as before, and 90 at first")
	hourly := f.Uint("hourly-days", 0, "`days` for which hourly tables stay, with init and migrate\ndefault as before, and 730 at first")
	guild := f.Uint64("guild", 0, "`id` of the guild to erase")
	timeout := f.String("timeout", "10m", "`duration` after which the command ends\ndefault 10m")
	names, err := cli.Parse(f, args)
	if errors.Is(err, flag.ErrHelp) {
		help(out, f)
		return settings{}, nil, err
	}
	if err != nil {
		return settings{}, nil, err
	}
	s := settings{user: *user, guild: *guild}
	var errs []error
	if s.server, s.database, err = server(*address); err != nil {
		errs = append(errs, fmt.Errorf("--url, ARGUS_CLICKHOUSE_URL: %w", err))
	}
	if *file != "" {
		if s.password, err = password(*file); err != nil {
			errs = append(errs, fmt.Errorf("--password-file, ARGUS_CLICKHOUSE_PASSWORD_FILE: %w", err))
		}
	}
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

// databasePath is a path that names a database without quotes.
var databasePath = regexp.MustCompile(`^/([A-Za-z_][A-Za-z0-9_]{0,63})$`)

// server takes an address apart. Its errors do not have the address if that may have a
// password.
func server(address string) (*url.URL, string, error) {
	u, err := url.Parse(address)
	if strings.Contains(address, "@") {
		return nil, "", errors.New("a URL does not have a user or a password: give --user and --password-file")
	}
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, "", fmt.Errorf("%.200q is not a URL such as http://127.0.0.1:8123/argus", address)
	}
	name := databasePath.FindStringSubmatch(u.Path)
	if name == nil {
		return nil, "", fmt.Errorf("%.200q does not name a database, as http://127.0.0.1:8123/argus does: use up to 64 letters, digits and underscores, and no digit first", address)
	}
	return u, name[1], nil
}

// password reads a file, without the line break at its end.
func password(file string) (string, error) {
	raw, err := settingfile.Read(file, maxPassword)
	if err != nil {
		return "", err
	}
	text := strings.TrimRight(string(raw), "\r\n")
	if text == "" {
		return "", fmt.Errorf("%s is empty", file)
	}
	return text, nil
}

// days is the value of a flag, which ClickHouse has as 16 bits.
func days(n uint) (uint16, error) {
	if n > 1<<16-1 {
		return 0, fmt.Errorf("%d is more than 65535", n)
	}
	return uint16(n), nil
}
