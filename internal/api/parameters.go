package api

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/argus-dgo/argus/internal/excerpt"
	"github.com/argus-dgo/argus/internal/history"
)

// quoted is the length of what an error quotes of a parameter.
const quoted = 64

func quote(text string) string { return strconv.Quote(excerpt.Clip(text, quoted)) }

// parameters are those of a request. The first fault is kept.
type parameters struct {
	values url.Values
	known  []string // names that the path has
	err    error
}

func parse(query string) (*parameters, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fmt.Errorf("the query cannot be read: %s", excerpt.Line(err.Error(), 2*quoted))
	}
	return &parameters{values: values}, nil
}

// fail keeps a fault. The text completes a sentence that begins with the value.
func (p *parameters) fail(name, format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("%s: %s %s", name, quote(p.values.Get(name)), fmt.Sprintf(format, args...))
	}
}

// text returns a parameter, and whether it is given.
func (p *parameters) text(name string) (value string, given bool) {
	p.known = append(p.known, name)
	values := p.values[name]
	if len(values) > 1 && p.err == nil {
		p.err = fmt.Errorf("%s: it is given %d times, as %s and %s", name, len(values), quote(values[0]), quote(values[1]))
	}
	if len(values) == 0 {
		return "", false
	}
	return values[0], true
}

// required returns a parameter that must be given.
func (p *parameters) required(name, what string) string {
	value, given := p.text(name)
	if !given && p.err == nil {
		p.err = fmt.Errorf("%s: the parameter is missing; give %s", name, what)
	}
	return value
}

// duration returns a duration of at most what the history keeps, or the usual one.
func (p *parameters) duration(name string, otherwise, least time.Duration) time.Duration {
	const most = history.CoarseSpan
	text, given := p.text(name)
	if !given {
		return otherwise
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < least || d > most {
		p.fail(name, "is not a duration from %s to %s, such as %s", short(least), short(most), short(otherwise))
		return otherwise
	}
	return d
}

// short renders a duration without units that are 0: 5m, not 5m0s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// number returns a whole number within bounds, or the usual one.
func (p *parameters) number(name string, otherwise, least, most int) int {
	text, given := p.text(name)
	if !given {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		p.fail(name, "is not a number from %d to %d", least, most)
		return otherwise
	}
	return n
}

// choice returns one of some values.
func (p *parameters) choice(name, otherwise string, values []string) string {
	text, given := p.text(name)
	if !given {
		return otherwise
	}
	if !slices.Contains(values, text) {
		p.fail(name, "is not one of %s", strings.Join(values, ", "))
	}
	return text
}

// problem returns the first fault. A parameter that the path does not have is one.
func (p *parameters) problem() error {
	if p.err != nil {
		return p.err
	}
	for _, name := range slices.Sorted(maps.Keys(p.values)) {
		if !slices.Contains(p.known, name) {
			return fmt.Errorf("%s: there is no such parameter (%s); this path has %s", quote(name), quote(p.values.Get(name)), strings.Join(p.known, ", "))
		}
	}
	return nil
}

// key distinguishes requests with other parameters.
func (p *parameters) key() string { return "?" + p.values.Encode() }

var errNoTime = errors.New("is no time")

// instant reads a Unix time in seconds, or a time as in RFC 3339.
func instant(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds >= 0 && seconds < 1e11) {
		return time.Time{}, errNoTime
	}
	return time.UnixMilli(int64(seconds * 1e3)), nil
}
