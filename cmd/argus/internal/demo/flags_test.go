package demo

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFlags(t *testing.T) {
	c, err := parse(nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if c.shards != 4 || c.guilds != 500 || c.rate != 200 || c.seed != 1 || c.processes != 1 || c.process != -1 || c.duration != 0 || c.cluster != nil || c.addr != nil || c.scenarios != nil {
		t.Errorf("the defaults are %+v", c)
	}

	// One dash and two, with = and without.
	c, err = parse([]string{
		"-shards", "6", "--guilds=30", "--rate", "12.5", "-seed=-9", "--processes", "3", "-duration", "1m30s",
		"--cluster", "blue", "-addr=localhost:9000",
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if c.shards != 6 || c.guilds != 30 || c.rate != 12.5 || c.seed != -9 || c.processes != 3 || c.duration != 90*time.Second ||
		c.cluster == nil || *c.cluster != "blue" || c.addr == nil || *c.addr != "localhost:9000" || c.port != 9000 {
		t.Errorf("got %+v", c)
	}
	if here := c.here(); !slices.Equal(here, []int{0, 1, 2}) {
		t.Errorf("the processes %v are run", here)
	}
	c.process = 1
	if here := c.here(); !slices.Equal(here, []int{1}) {
		t.Errorf("the processes %v are run, want the second alone", here)
	}
	for process, want := range [][2]int{{0, 2}, {2, 4}, {4, 6}} {
		if first, end := c.shardsOf(process); first != want[0] || end != want[1] {
			t.Errorf("process %d has the shards %d to below %d, want %v", process, first, end, want)
		}
	}
}

func TestWrongFlags(t *testing.T) {
	long := strings.Repeat("x", 129)
	for _, test := range []struct {
		args []string
		want []string // all in the message
	}{
		{[]string{"--shards", "0"}, []string{"--shards", `"0"`, "1 to 256"}},
		{[]string{"--shards", "257"}, []string{"--shards", `"257"`}},
		{[]string{"--shards", "four"}, []string{"--shards", `"four"`, "whole number"}},
		{[]string{"--guilds", "-1"}, []string{"--guilds", `"-1"`}},
		{[]string{"--guilds", "2501", "--shards", "1"}, []string{"--guilds 2501", "--shards 1", "2500"}},
		{[]string{"-rate", "0"}, []string{"--rate", `"0"`, "above 0"}},
		{[]string{"-rate", "NaN"}, []string{"--rate", `"NaN"`}},
		{[]string{"-rate", "10001"}, []string{"--rate", `"10001"`}},
		{[]string{"--seed", "1.5"}, []string{"--seed", `"1.5"`}},
		{[]string{"--duration", "10"}, []string{"--duration", `"10"`, "30s"}},
		{[]string{"--duration", "-1s"}, []string{"--duration", `"-1s"`}},
		{[]string{"--cluster", ""}, []string{"--cluster", `""`}},
		{[]string{"--cluster", long}, []string{"--cluster", long, "128"}},
		{[]string{"--cluster", "eu-$(X)"}, []string{"--cluster", "eu-$(X)", "without $("}},
		{[]string{"--addr", "9191"}, []string{"--addr", `"9191"`, ":9191"}},
		{[]string{"--addr", ":70000"}, []string{"--addr", `":70000"`, "65535"}},
		{[]string{"--addr", ":http"}, []string{"--addr", `":http"`}},
		{[]string{"--addr", "a b:1"}, []string{"--addr", `"a b:1"`}},
		{[]string{"--addr", ":65535", "--processes", "2"}, []string{"--addr", `":65535"`, "--processes 2", "65536"}},
		{[]string{"--processes", "5"}, []string{"--processes 5", "--shards is 4"}},
		{[]string{"--processes", "0"}, []string{"--processes", `"0"`}},
		{[]string{"--process", "2", "--processes", "2"}, []string{"--process 2", "--processes is 2", "from 0"}},
		{[]string{"--process", "0x"}, []string{"--process", `"0x"`, "0 to 63"}},
		{[]string{"--process", "-1"}, []string{"--process", `"-1"`}},
		{[]string{"--shards"}, []string{"--shards", "argument"}},
		{[]string{"--scenario", "strom"}, []string{"--scenario", `"strom"`, "calm, storm, outage, slow-handlers, rate-limited, global-limit, flapping, zombie, identify-budget, fatal-close, gateway-refused, voice-refused, stuck-open, clock-skew, runaway, raid"}},
		{[]string{"--scenario", "storm,,zombie"}, []string{"--scenario", `"storm,,zombie"`, `unknown scenario ""`}},
		{[]string{"--scenario", ""}, []string{"--scenario", `""`, "calm"}},
		{[]string{"--scenario", "calm,storm"}, []string{"--scenario", `"calm,storm"`, "cannot be combined with other scenarios"}},
		{[]string{"--scenery", "sea"}, []string{"--scenery", "not defined"}},
		{[]string{"calm"}, []string{`"calm"`}},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := Run(context.Background(), test.args, nil, &stdout, &stderr); code != 2 {
				t.Errorf("the exit code is %d, want 2", code)
			}
			for _, want := range test.want {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("the message lacks %q:\n%s", want, &stderr)
				}
			}
			if stdout.Len() > 0 {
				t.Errorf("it wrote to standard output: %s", &stdout)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	for _, flag := range []string{"-h", "--help"} {
		var stdout, stderr bytes.Buffer
		if code := Run(context.Background(), []string{flag}, nil, &stdout, &stderr); code != 0 || stderr.Len() > 0 {
			t.Errorf("%s: exit code %d, standard error %q", flag, code, &stderr)
		}
		for _, name := range []string{"--shards", "--guilds", "--rate", "--cluster", "--addr", "--duration", "--seed", "--processes", "--process", "--scenario"} {
			if !strings.Contains(stdout.String(), "  "+name+" ") {
				t.Errorf("%s does not tell of %s:\n%s", flag, name, &stdout)
			}
		}
		for _, sc := range scenarios() {
			if !strings.Contains(stdout.String(), "\n  "+sc.name+" ") || !strings.Contains(stdout.String(), sc.summary) {
				t.Errorf("%s does not tell of the scenario %s:\n%s", flag, sc.name, &stdout)
			}
		}
	}
}

func TestParseReturnsNoConfigWithHelp(t *testing.T) {
	if _, err := parse([]string{"-h"}, io.Discard); !errors.Is(err, errHelp) {
		t.Errorf("the error is %v, want errHelp", err)
	}
}

func TestScenarioFlag(t *testing.T) {
	for text, want := range map[string][]string{
		"storm":                     {"storm"},
		"zombie, outage":            {"zombie", "outage"},
		"calm,calm":                 {"calm"},
		"storm,rate-limited,storm ": {"storm", "rate-limited"},
	} {
		c, err := parse([]string{"--scenario", text}, io.Discard)
		var got []string
		for _, sc := range c.scenarios {
			got = append(got, sc.name)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("--scenario %q is %v (error %v), want %v", text, got, err, want)
		}
	}
}

// At every rate the sessions can answer what they are asked.
func TestMixBoundsInteractions(t *testing.T) {
	for _, test := range []struct {
		rate   float64
		shards int
		want   float64 // interactions a second
	}{
		{100, 4, 7},
		{200, 4, 14},
		{10_000, 4, 32},
		{10_000, 256, 700},
		{1000, 1, 8},
	} {
		if got := interactionRate(test.rate, test.shards); math.Abs(got-test.want) > test.want/50 {
			t.Errorf("%v events/s on %d shards: %v interactions/s, want %v", test.rate, test.shards, got, test.want)
		}
	}
}
