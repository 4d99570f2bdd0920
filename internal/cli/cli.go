// Package cli is what the commands share: parsing and listing flags, exit codes, and
// the wording of numbers and lists.
package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"
)

// The exit codes.
const (
	ExitOK     = 0
	ExitFailed = 1
	ExitUsage  = 2
)

// Parse parses the flags, which may come before, between and after the other
// arguments, and returns these arguments. Arguments after -- are not flags. The
// error is [flag.ErrHelp] if help was requested, and otherwise names the flag and
// its value.
func Parse(flags *flag.FlagSet, args []string) (others []string, err error) {
	flags.SetOutput(io.Discard)
	for {
		err := flags.Parse(args)
		switch {
		case errors.Is(err, flag.ErrHelp):
			return nil, err
		case err != nil:
			return nil, errors.New(asTyped(err.Error()))
		}
		rest := flags.Args()
		if taken := len(args) - len(rest); taken > 0 && args[taken-1] == "--" || len(rest) == 0 {
			return append(others, rest...), nil
		}
		others, args = append(others, rest[0]), rest[1:]
	}
}

// asTyped writes flags with two dashes, as the help does.
func asTyped(text string) string {
	for _, before := range []string{"for flag -", "not defined: -", "needs an argument: -"} {
		text = strings.Replace(text, before, before+"-", 1)
	}
	return text
}

// WriteFlags writes the flags as a help text lists them.
func WriteFlags(w io.Writer, flags *flag.FlagSet) {
	flags.VisitAll(func(f *flag.Flag) {
		name, usage := flag.UnquoteUsage(f)
		if name != "" {
			name = " " + name
		}
		fmt.Fprintf(w, "  --%s%s\n        %s\n", f.Name, name, strings.ReplaceAll(usage, "\n", "\n        "))
	})
}

// ParseTimeout parses the value of a flag that limits a duration.
func ParseTimeout(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 || d > time.Hour {
		return 0, errors.New("must be a duration such as 30s or 5m, at most 1h")
	}
	return d, nil
}

// Count writes a number with its noun, such as "2 targets".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// List joins texts for a message. It shows five at most.
func List(texts []string) string {
	const most = 5
	if len(texts) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(texts[:most-1], ", "), len(texts)-most+1)
	}
	return strings.Join(texts, ", ")
}
