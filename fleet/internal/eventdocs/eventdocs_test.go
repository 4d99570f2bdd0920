package eventdocs

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics/figures"
)

var now = time.Date(2026, 12, 1, 3, 14, 7, 987654321, time.UTC)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

// TestWindow: what is not given is as usual, and times are in UTC and in milliseconds.
func TestWindow(t *testing.T) {
	for query, want := range map[string]figures.Window{
		"":                                       {From: at("2026-11-30T03:14:07.987Z"), To: at("2026-12-01T03:14:07.987Z")},
		"bot=b&from=2026-11-01T00:00:00%2B01:00": {Bot: "b", From: at("2026-10-31T23:00:00Z"), To: at("2026-12-01T03:14:07.987Z")},
		"to=2026-11-01T00:00:00Z":                {From: at("2026-10-31T00:00:00Z"), To: at("2026-11-01T00:00:00Z")},
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		p := parameters{q: q, now: now}
		if got := p.window(day); got != want || p.err() != nil {
			t.Errorf("%q: %v, %v; want %v", query, got, p.err(), want)
		}
	}
}

// TestWrongParameters: an error names the parameter, and its value unless that is an id.
func TestWrongParameters(t *testing.T) {
	for query, want := range map[string]string{
		"from=yesterday":                                    `from: "yesterday" is not a time such as 2026-12-01T03:00:00Z`,
		"from=2014-12-31T00:00:00Z":                         "from: 2014-12-31T00:00:00Z is before 2015, when Discord began",
		"to=2027-01-01T00:00:00Z":                           "to: 2027-01-01T00:00:00Z is in the future",
		"from=2026-12-01T03:00:00Z&to=2026-12-01T03:00:00Z": "from: 2026-12-01T03:00:00Z is not before the end of the window, 2026-12-01T03:00:00Z",
		"from=2024-01-01T00:00:00Z":                         "from: 2024-01-01T00:00:00Z is more than 731 days before the end of the window",
		"bot=" + strings.Repeat("x", 257):                   "bot: is not a text of at most 256 bytes in UTF-8",
		"bot=%ff":                                           "bot: is not a text of at most 256 bytes in UTF-8",
		"command=":                                          "",
		"guild=1234567890123456789x":                        "guild: is not the decimal id of a guild",
		"guild=0":                                           "guild: is not the decimal id of a guild",
		"guild=18446744073709551616":                        "guild: is not the decimal id of a guild",
		"guild=18446744073709551615":                        "",
		"limit=0":                                           `limit: "0" is not a number from 1 to 10000`,
		"limit=10001":                                       `limit: "10001" is not a number from 1 to 10000`,
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		p := parameters{q: q, now: now}
		p.window(day)
		if q.Has("guild") {
			p.guild()
		}
		p.limit()
		got := ""
		if p.err() != nil {
			got = p.err().Error()
		}
		if got != want {
			t.Errorf("%q: %s\nwant %s", query, got, want)
		}
	}
}

// TestSteps: a chart of the longest window, wherever it begins, has few enough points.
func TestSteps(t *testing.T) {
	for window, want := range map[time.Duration]time.Duration{
		time.Hour: time.Hour, 7 * day: time.Hour, 16 * day: time.Hour, 30 * day: 2 * time.Hour, 90 * day: 6 * time.Hour, 365 * day: day, longest: 2 * day,
	} {
		step := stepOf(window)
		if step != want || window/step+2 > maxPoints {
			t.Errorf("%v: steps of %v, want %v", window, step, want)
		}
	}
}

// TestDays: a window is widened to whole days.
func TestDays(t *testing.T) {
	got := days(figures.Window{From: at("2026-11-30T23:59:59Z"), To: at("2026-12-01T00:00:00.001Z")})
	if want := (figures.Window{From: at("2026-11-30T00:00:00Z"), To: at("2026-12-02T00:00:00Z")}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if again := days(got); again != got {
		t.Errorf("%v is made %v", got, again)
	}
}

// TestChoose: without parameters a release is the newest version and the one before it.
func TestChoose(t *testing.T) {
	text := func(s string) *string { return &s }
	ran := func(names ...string) (list []figures.VersionSpan) {
		for _, name := range names {
			list = append(list, figures.VersionSpan{Version: name})
		}
		return list
	}
	for name, c := range map[string]struct {
		ran                   []figures.VersionSpan
		before, after         *string
		wantBefore, wantAfter string
		noBefore, noAfter     bool
	}{
		"two":              {ran: ran("v1", "v2"), wantBefore: "v1", wantAfter: "v2"},
		"three":            {ran: ran("v1", "v2", "v3"), wantBefore: "v2", wantAfter: "v3"},
		"after is given":   {ran: ran("v1", "v2", "v3"), after: text("v2"), wantBefore: "v1", wantAfter: "v2"},
		"before is given":  {ran: ran("v1", "v2", "v3"), before: text("v1"), wantBefore: "v1", wantAfter: "v3"},
		"no version":       {ran: ran("", "v2"), wantBefore: "", wantAfter: "v2"},
		"one":              {ran: ran("v1"), wantAfter: "v1", noBefore: true},
		"another ran":      {ran: ran("v1"), after: text("v0"), wantAfter: "v0", noBefore: true},
		"none":             {noAfter: true, noBefore: true},
		"both, of no runs": {before: text("v1"), after: text("v2"), wantBefore: "v1", wantAfter: "v2"},
	} {
		d := Release{Versions: c.ran, Before: c.before, After: c.after}
		d.choose()
		if (d.Before == nil) != c.noBefore || d.Before != nil && *d.Before != c.wantBefore {
			t.Errorf("%s: before is %v", name, d.Before)
		}
		if (d.After == nil) != c.noAfter || d.After != nil && *d.After != c.wantAfter {
			t.Errorf("%s: after is %v", name, d.After)
		}
	}
}
