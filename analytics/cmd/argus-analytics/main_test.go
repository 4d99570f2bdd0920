package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/analytics/chdbtest"
)

func TestMain(m *testing.M) { os.Exit(chdbtest.Run(m)) }

// result is what a run of the command ends with.
type result struct {
	code     int
	out, err string
}

// call runs the command with nothing in the environment but what is given.
func call(t *testing.T, env map[string]string, args ...string) result {
	t.Helper()
	var out, errOut bytes.Buffer
	code := run(t.Context(), args, func(name string) (string, bool) { v, is := env[name]; return v, is }, &out, &errOut)
	return result{code, out.String(), errOut.String()}
}

func TestMisuse(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"name one command": nil,
		`"drop" is no command; argus-analytics --help lists them`:            {"drop"},
		"erase: --guild is missing":                                          {"erase"},
		"status: --guild belongs to erase":                                   {"status", "--guild", "1"},
		"erase: --raw-days and --hourly-days belong to init and migrate":     {"erase", "--guild", "1", "--raw-days", "3"},
		"migrate: --collector belongs to init":                               {"migrate", "--collector"},
		`invalid value "x" for flag --guild`:                                 {"erase", "--guild", "x"},
		"--raw-days: 65536 is more than 65535":                               {"init", "--raw-days", "65536"},
		`ARGUS_CLICKHOUSE_URL: "ftp://h/argus" is not a URL such as`:         {"status", "--url", "ftp://h/argus"},
		`ARGUS_CLICKHOUSE_URL: "http://h:8123" does not name a database`:     {"status", "--url", "http://h:8123"},
		"ARGUS_CLICKHOUSE_URL: a URL does not have a user or a password":     {"status", "--url", "http://u:hunter22@h/argus"},
		"ARGUS_CLICKHOUSE_PASSWORD_FILE: " + empty + " is empty":             {"status", "--password-file", empty},
		"ARGUS_CLICKHOUSE_PASSWORD_FILE: stat " + empty + "2: no such file":  {"status", "--password-file", empty + "2"},
		`--timeout: "0" must be a duration such as 30s or 5m, at most 1h`:    {"status", "--timeout", "0"},
		`ARGUS_CLICKHOUSE_URL: "http://h/a?password=1" is not a URL such as`: {"status", "--url", "http://h/a?password=1"},
	} {
		got := call(t, nil, args...)
		if got.code != 2 || !strings.Contains(got.err, want) || got.out != "" {
			t.Errorf("%q: %+v, want %q", args, got, want)
		}
		if strings.Contains(got.err, "hunter22") {
			t.Errorf("%q: the error has the password", args)
		}
	}
}

func TestHelp(t *testing.T) {
	got := call(t, nil, "--help")
	for _, want := range []string{"  init ", "  migrate ", "  status ", "  erase ", "--guild id", "ARGUS_CLICKHOUSE_URL", "ARGUS_CLICKHOUSE_USER", "ARGUS_CLICKHOUSE_PASSWORD_FILE"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("no %q in %s", want, got.out)
		}
	}
	if got.code != 0 || got.err != "" {
		t.Errorf("code %d, %q", got.code, got.err)
	}
}

func TestNoServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("hunter22\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init"}, {"migrate"}, {"status"}, {"erase", "--guild", "7"}} {
		got := call(t, map[string]string{"ARGUS_CLICKHOUSE_URL": "http://" + addr + "/argus", "ARGUS_CLICKHOUSE_PASSWORD_FILE": file}, args...)
		if want := "argus-analytics: ClickHouse at " + addr + ": connection refused: nothing listens there\n"; got.code != 1 || got.err != want {
			t.Errorf("%q: %+v, want %q", args, got, want)
		}
	}
}

func TestCommands(t *testing.T) {
	const database = "commands"
	chdbtest.Drop(t, database)
	env := map[string]string{"ARGUS_CLICKHOUSE_URL": "http://" + chdbtest.Addr(t) + "/" + database}
	expect := func(code int, want string, args ...string) {
		t.Helper()
		got := call(t, env, args...)
		if text := got.out + got.err; got.code != code || !strings.Contains(text, want) {
			t.Errorf("%q: code %d, %q; want %d and %q", args, got.code, text, code, want)
		}
	}
	expect(1, "UNKNOWN_DATABASE", "status")
	expect(0, "commands has version 1 of the tables. Events stay for 90 days, hourly tables for 730.", "init")
	expect(0, "retention  90 days for events, 730 for hourly tables", "status")
	expect(0, "Events stay for 30 days, hourly tables for 730.", "migrate", "--raw-days", "30")
	expect(0, "Events stay for 30 days, hourly tables for 730.", "init")
	expect(0, "commands has collector_logs, which the Collector writes to.", "init", "--collector")
	expect(1, "HourlyDays is 7", "migrate", "--hourly-days", "7")

	ctx, conn := chdbtest.Connect(t, database)
	left := func() (n uint64) {
		t.Helper()
		if err := conn.QueryRow(ctx, "SELECT count() FROM events").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	err := conn.Exec(ctx, "INSERT INTO events (time, event, event_id, guild_id) SELECT now64(3), 'discord.guild.joined', generateUUIDv4(), 1200000000000000000 + number FROM numbers(3)")
	if err != nil || left() != 3 {
		t.Fatal(left(), err)
	}
	expect(0, "Guild 1200000000000000001 is erased from commands: 1 event.", "erase", "--guild", "1200000000000000001")
	if left() != 2 {
		t.Errorf("%d events, want 2", left())
	}
	expect(0, "events                      2 rows", "status")

	if err := conn.Exec(ctx, "ALTER TABLE events DROP COLUMN route"); err != nil {
		t.Fatal(err)
	}
	expect(1, "altered: events has no more: column route LowCardinality(Nullable(String))", "status")
	expect(1, "tables were altered: events has no more: column route", "migrate", "--raw-days", "31")
}

func TestStatusOfAnEmptyDatabase(t *testing.T) {
	url := "http://" + chdbtest.Addr(t) + "/default"
	got := call(t, nil, "status", "--url", url)
	if got.code != 1 || got.out != "default has no tables of events: run argus-analytics init\n" {
		t.Errorf("%+v", got)
	}
}
