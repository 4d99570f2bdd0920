package event

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/argus-dgo/argus/internal/catalog"
)

// MaxText is the length of a text of an event, in bytes. Discord's names of commands have
// up to 32 characters, and those of an event consist of three at most.
const MaxText = 512

// A time of an event has a year that ClickHouse's DateTime knows (1970 to 2106).
var earliest, latest = time.Unix(0, 0), time.Date(2106, 1, 1, 0, 0, 0, 0, time.UTC)

var names = func() map[string]bool {
	all := map[string]bool{}
	for _, e := range catalog.LogEvents() {
		all[e.Name] = true
	}
	return all
}()

// Known reports whether an event name is one of docs/EVENTS.md.
func Known(name string) bool { return names[name] }

// Check completes a row, and returns an error that names what is wrong with it. It does
// not have the value, which may be anything.
func (r *Row) Check() error {
	if !Known(r.Name) {
		return errors.New("the event has a name that is not in docs/EVENTS.md")
	}
	if r.Time.Before(earliest) || !r.Time.Before(latest) {
		return errors.New("the time of the event is not between 1970 and 2106")
	}
	for _, t := range []struct{ name, value string }{{"bot", r.Bot}, {"region", r.Region}, {"cluster", r.Cluster}, {"service.version", r.Version}} {
		if err := checkText(t.value); err != nil {
			return fmt.Errorf("the resource's attribute %s %w", t.name, err)
		}
	}
	for _, a := range attributes {
		if f, is := a.of(r).(texts); is && f.Valid {
			if err := checkText(f.V); err != nil {
				return of(a.name, err)
			}
		}
	}
	if r.UserHash.Valid && !isHash(r.UserHash.V) {
		return of(catalog.AttrUserHash, errors.New("is not 32 hexadecimal digits"))
	}
	if r.ID.IsZero() {
		r.ID = contentID(r)
	}
	return nil
}

func checkText(value string) error {
	if len(value) > MaxText {
		return fmt.Errorf("is longer than %d bytes", MaxText)
	}
	if !utf8.ValidString(value) {
		return errors.New("is not UTF-8")
	}
	return nil
}

// isHash reports whether a text is what a pseudonym of a user looks like.
func isHash(s string) bool {
	if len(s) != 32 {
		return false
	}
	for n := range len(s) {
		if c := s[n]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
