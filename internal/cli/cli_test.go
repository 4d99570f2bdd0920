package cli

import (
	"errors"
	"flag"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		args, others, err string
		n                 int
		on                bool
	}{
		{"", "", "", 0, false},
		{"a b", "a b", "", 0, false},
		{"--n 3 a --on b", "a b", "", 3, true},
		{"a --n=3", "a", "", 3, false},
		{"a - b", "a - b", "", 0, false},
		{"--on -- a --n 3", "a --n 3", "", 0, true},
		{"a -- --on", "a --on", "", 0, false},
		{"a --n x", "", `invalid value "x" for flag --n: parse error`, 0, false},
		{"a --m", "", "flag provided but not defined: --m", 0, false},
		{"--n", "", "flag needs an argument: --n", 0, false},
		{"a --help", "", flag.ErrHelp.Error(), 0, false},
	} {
		flags := flag.NewFlagSet("test", flag.ContinueOnError)
		n, on := flags.Int("n", 0, "`many`, so to speak,\nor none"), flags.Bool("on", false, "whether")
		others, err := Parse(flags, strings.Fields(test.args))
		switch {
		case test.err != "":
			if err == nil || err.Error() != test.err {
				t.Errorf("%q: the error is %v, want %s", test.args, err, test.err)
			}
			if errors.Is(err, flag.ErrHelp) != strings.Contains(test.args, "help") {
				t.Errorf("%q: %v", test.args, err)
			}
		case err != nil || strings.Join(others, " ") != test.others || *n != test.n || *on != test.on:
			t.Errorf("%q: %q, n %d, on %v, %v", test.args, others, *n, *on, err)
		}
		var help strings.Builder
		WriteFlags(&help, flags)
		if want := "  --n many\n        many, so to speak,\n        or none\n  --on\n        whether\n"; help.String() != want {
			t.Errorf("the help is %q, want %q", help.String(), want)
		}
	}
}
