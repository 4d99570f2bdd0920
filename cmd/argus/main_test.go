package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/instrument"
)

// asCommand makes the test binary behave as the command itself.
const asCommand = "ARGUS_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestDispatch(t *testing.T) {
	for _, test := range []struct {
		args           string
		code           int
		stdout, stderr string // what is in them
	}{
		{"", 2, "", "Usage: argus <command>"},
		{"help", 0, "Usage: argus <command>", ""},
		{"--help", 0, "  demo ", ""},
		{"help", 0, "  analytics ", ""},
		{"-h", 0, "  demo ", ""},
		{"help demo", 0, "Usage: argus demo [flags]", ""},
		{"demo --help", 0, "Usage: argus demo [flags]", ""},
		{"demo --shards none", 2, "", `"none" for flag --shards`},
		{"help targets", 0, "Usage: argus targets [flags] [host…]", ""},
		{"targets bot", 0, `"bot:9191"`, ""},
		{"targets --label cluster=a bot", 2, "", "exported_cluster"},
		{"help doctor", 0, "Usage: argus doctor [flags] [target…]", ""},
		{"doctor bot:0", 2, "", `"bot:0"`},
		{"help nothing", 2, "", `unknown command "nothing"`},
		{"dmeo", 2, "", `unknown command "dmeo"`},
		{"version", 0, "argus " + instrument.Version(), ""},
		{"version --shards", 2, "", "--shards"},
	} {
		t.Run(test.args, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(context.Background(), strings.Fields(test.args), &stdout, &stderr); code != test.code {
				t.Errorf("the exit code is %d, want %d", code, test.code)
			}
			for _, out := range []struct{ name, got, want string }{{"output", stdout.String(), test.stdout}, {"error", stderr.String(), test.stderr}} {
				if !strings.Contains(out.got, out.want) || out.want == "" && out.got != "" {
					t.Errorf("standard %s is %q, want %q in it", out.name, out.got, out.want)
				}
			}
		})
	}
}

// TestHelpIsDocumented: docs/CLI.md has each command, and shows the help of those that it tells all about.
func TestHelpIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/CLI.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range commands() {
		if !strings.Contains(string(text), "`argus "+c.name+"`") {
			t.Errorf("docs/CLI.md does not name argus %s", c.name)
		}
	}
	for _, name := range []string{"explain", "shard", "targets", "doctor"} {
		var help bytes.Buffer
		if code := run(t.Context(), []string{"help", name}, &help, io.Discard); code != 0 || !strings.Contains(string(text), "```text\n"+help.String()+"```\n") {
			t.Errorf("docs/CLI.md does not show what argus help %s writes (exit code %d):\n%s", name, code, help.String())
		}
	}
}

// TestDoctorIsDocumented: the report of argus doctor in docs/CLI.md has each setting that it lists, in this order.
func TestDoctorIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/CLI.md")
	if err != nil {
		t.Fatal(err)
	}
	settings := regexp.MustCompile(`(?m)^  (\S.*?) {2,}\S.*  from `)
	names := func(report string) (list []string) {
		report, _, _ = strings.Cut(report, "\n\nChecks\n")
		for _, m := range settings.FindAllStringSubmatch(report, -1) {
			list = append(list, m[1])
		}
		return list
	}
	t.Setenv("ARGUS_HOST", "127.0.0.1")
	t.Setenv("OTEL_METRICS_EXPORTER", "prometheus,otlp") // the push has settings that are listed only then
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	var out bytes.Buffer
	run(t.Context(), []string{"doctor", "--timeout", "1s"}, &out, io.Discard)
	all := names(out.String())
	quoted := strings.Split(string(text), "\nSettings of this environment ")[1:]
	if len(quoted) != 1 || len(all) < 20 {
		t.Fatalf("docs/CLI.md quotes %d reports, and the settings are %v", len(quoted), all)
	}
	if got := names(quoted[0]); !slices.Equal(got, all) {
		t.Errorf("the report in docs/CLI.md has the settings\n%q, want\n%q", got, all)
	}
}

// startDemo starts the command in a process of its own and waits until its
// sessions are up.
func startDemo(t *testing.T) *exec.Cmd {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be interrupted there")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "demo", "--shards", "2", "--guilds", "5", "--addr", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), asCommand+"=1")
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "  ready: ") {
			go func() { _, _ = io.Copy(io.Discard, stdout) }()
			return cmd
		}
	}
	t.Fatalf("the demo ended before it was ready: %v, %v", lines.Err(), cmd.Wait())
	return nil
}

func waitFor(t *testing.T, cmd *exec.Cmd, most time.Duration) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		return err
	case <-time.After(most):
		t.Fatalf("the demo still runs %v after it was interrupted", most)
		return nil
	}
}

func TestOneInterruptEndsInOrder(t *testing.T) {
	t.Parallel()
	cmd := startDemo(t)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := waitFor(t, cmd, time.Minute); err != nil {
		t.Errorf("the demo ended with %v, want exit code 0", err)
	}
}

// The second one does not wait for anything.
func TestSecondInterruptEndsAtOnce(t *testing.T) {
	t.Parallel()
	if signal.Ignored(os.Interrupt) {
		t.Skip("interrupts are ignored here, and so they are by the processes that this one starts")
	}
	cmd := startDemo(t)
	// The end takes more than a second, for so long does discordgo's Close, and the
	// signals go on until there is nobody who takes them.
	ended := make(chan struct{})
	go func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			_ = cmd.Process.Signal(os.Interrupt)
			select {
			case <-tick.C:
			case <-ended:
				return
			}
		}
	}()
	err := waitFor(t, cmd, time.Minute)
	close(ended)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != -1 {
		t.Errorf("the demo ended with %v, want that the signal ended it", err)
	}
}
