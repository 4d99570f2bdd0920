package instrument_test

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/instrument"
)

// TestLogRecords runs the tests below in processes of their own: discordgo's
// Logger is one for all of a process, and the sessions of other tests read it.
func TestLogRecords(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	t.Parallel()
	for _, alone := range []string{"chained", "default", "given back", "kept"} {
		t.Run(alone, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLogRecordsAlone$", "-test.v", "-test.timeout=2m")
			cmd.Env = append(os.Environ(), "ARGUS_TEST_ALONE="+alone)
			if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("PASS: TestLogRecordsAlone")) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestLogRecordsAlone(t *testing.T) {
	alone := os.Getenv("ARGUS_TEST_ALONE")
	type line struct {
		level int
		text  string
	}
	var lines []line
	previous := func(level, _ int, format string, a ...any) {
		lines = append(lines, line{level, fmt.Sprintf(format, a...)})
	}
	records := func(b *bench) reading { return b.collect().with("discord.log.records") }
	logLine := func(s *discordgo.Session) { // discordgo says, among others, that it cannot connect
		s.LogLevel = discordgo.LogInformational
		if err := s.Open(); err == nil {
			t.Fatal("Open returned no error")
		}
	}

	switch alone {
	case "":
		t.Skip("is run by TestLogRecords")
	case "chained":
		discordgo.Logger = previous
		b := newBench(t, nil, instrument.WithLogRecords(true))
		second := newBench(t, nil, instrument.WithLogRecords(true))
		b.srv.Behave(rejected)
		s := b.session(0, 1)
		b.attach(s)
		logLine(s)
		want := reading{}
		for _, l := range lines {
			want["discord.log.records{level="+[]string{"error", "warning", "informational", "debug"}[l.level]+"}"]++
		}
		if len(lines) == 0 || want["discord.log.records{level=error}"] == 0 {
			t.Fatalf("discordgo logged %v, want an error among it", lines)
		}
		records(b).want(t, want)
		records(second).want(t, want)
		before := len(lines)
		if err := b.inst.Close(); err != nil {
			t.Fatal(err)
		}
		logLine(s)
		if len(lines) == before {
			t.Error("lines do not get to the Logger that was there before")
		}
		if got := records(b).sum("discord.log.records"); got != 0 {
			t.Errorf("%v records after Close", got)
		}
	case "default":
		var written bytes.Buffer
		log.SetOutput(&written)
		log.SetFlags(0)
		s := newBench(t, nil).session(0, 1)
		s.Client.Transport = nothing{}
		_ = s.Open() // as discordgo writes without us
		s.LogLevel = discordgo.LogInformational
		written.Reset()
		_ = s.Open()
		bare := written.String()
		written.Reset()
		b := newBench(t, nil, instrument.WithLogRecords(true))
		_ = s.Open()
		if got := written.String(); got != bare || !strings.Contains(got, "[DG2] wsapi.go:") {
			t.Errorf("with the instrumentation this is written:\n%s\nwithout:\n%s", got, bare)
		}
		if got := records(b)["discord.log.records{level=informational}"]; got == 0 {
			t.Error("nothing was counted")
		}
	case "given back":
		discordgo.Logger = previous
		b := newBench(t, nil, instrument.WithLogRecords(true))
		second := newBench(t, nil, instrument.WithLogRecords(true))
		b.attach(b.session(0, 1))
		for _, closing := range []*bench{b, second} {
			if err := closing.inst.Close(); err != nil {
				t.Fatal(err)
			}
		}
		discordgo.Logger(discordgo.LogError, 1, "a line")
		if len(lines) != 1 {
			t.Fatalf("%d lines, want 1", len(lines))
		}
		discordgo.Logger = nil
		third := newBench(t, nil, instrument.WithLogRecords(true))
		if discordgo.Logger == nil {
			t.Error("it does not listen again")
		}
		if err := third.inst.Close(); err != nil {
			t.Fatal(err)
		}
		if discordgo.Logger != nil {
			t.Error("the Logger was not given back")
		}
	case "kept":
		b := newBench(t, nil, instrument.WithLogRecords(true))
		s := b.session(0, 1)
		b.attach(s)
		b.open(s)
		if err := b.inst.Close(); err != nil {
			t.Fatal(err)
		}
		if discordgo.Logger == nil {
			t.Error("the Logger was written while a session reads it")
		}
	default:
		t.Fatalf("no test %q", alone)
	}
}

var rejected = discordtest.Behavior{RejectUpgrade: 503}

// nothing answers no request.
type nothing struct{}

func (nothing) RoundTrip(*http.Request) (*http.Response, error) { return nil, errNothing }

var errNothing = errors.New("there is nobody")
