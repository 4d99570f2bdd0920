package csvtable_test

import (
	"encoding/csv"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/fleet/internal/csvtable"
)

func write(t *testing.T, rows any) string {
	t.Helper()
	var b strings.Builder
	if err := csvtable.Write(&b, rows); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestWrite: names, nested structs, absent values, numbers of 64 bits and times.
func TestWrite(t *testing.T) {
	name, p95 := "play", 0.25
	got := write(t, []figures.Change{{
		Command: &name,
		Before:  figures.OneSide{Tally: figures.Tally{Runs: math.MaxUint64}},
		After:   figures.OneSide{Quantiles: figures.Quantiles{P95: &p95}},
	}})
	want := "type,command,before_runs,before_failures,before_in_time,before_not_in_time,before_p50,before_p95," +
		"after_runs,after_failures,after_in_time,after_not_in_time,after_p50,after_p95\r\n" +
		",play,18446744073709551615,0,0,0,,,0,0,0,0,,0.25\r\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	last := time.Date(2026, 12, 1, 4, 14, 7, 250e6, time.FixedZone("", 3600))
	got = write(t, []figures.GuildHit{{Guild: 1<<64 - 1, Last: &last}})
	if want := "guild,runs,failures,in_time,not_in_time,outages,size,last\r\n18446744073709551615,0,0,0,0,0,,2026-12-01T03:14:07.25Z\r\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := write(t, []figures.BotSpan{}); got != "bot,first,last,guild_ids\r\n" {
		t.Errorf("without rows: %q", got)
	}
}

// TestHostileTexts: no cell is a formula to a spreadsheet, and each comes back as it was.
func TestHostileTexts(t *testing.T) {
	for text, want := range map[string]string{
		"=cmd()": "'=cmd()", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'=1", // encoding/csv leaves carriage returns out
		"a=b": "a=b", "": "", `say "hi", twice` + "\nplease": `say "hi", twice` + "\nplease", "<img src=x onerror=alert(1)>": "<img src=x onerror=alert(1)>", "ü-": "ü-",
	} {
		records, err := csv.NewReader(strings.NewReader(write(t, []figures.CommandFigures{{Command: &text}}))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if got := records[1][1]; got != want {
			t.Errorf("%q is written as %q, want %q", text, got, want)
		}
	}
}

// TestAllTables: every table of an answer has a form.
func TestAllTables(t *testing.T) {
	for _, rows := range []any{
		[]figures.BotSpan{},
		[]figures.CommandFigures{},
		[]figures.Step{},
		[]figures.Part{},
		[]figures.VersionSpan{},
		[]figures.Change{},
		[]figures.GuildHit{},
		[]figures.Day{},
		[]figures.SizeFigures{},
		[]figures.AudienceFigures{},
		[]figures.UserDay{},
		[]figures.GuildStep{},
		[]figures.IngestFigures{},
	} {
		if got := write(t, rows); strings.Count(got, "\r\n") != 1 {
			t.Errorf("%s: %q", reflect.TypeOf(rows), got)
		}
	}
}

// TestNoTable: what has no form is refused.
func TestNoTable(t *testing.T) {
	for _, rows := range []any{nil, 1, []int{1}, []struct{ Name string }{}, []struct {
		List []string `json:"list"`
	}{}} {
		if err := csvtable.Write(&strings.Builder{}, rows); err == nil {
			t.Errorf("%T was written", rows)
		}
	}
}
