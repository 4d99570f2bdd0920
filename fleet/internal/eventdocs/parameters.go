package eventdocs

import (
	"fmt"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/argus-dgo/argus/analytics/figures"
	"github.com/argus-dgo/argus/fleet/internal/documents"
	"github.com/argus-dgo/argus/internal/excerpt"
)

const (
	day       = 24 * time.Hour
	longest   = 731 * day
	maxText   = 256
	fewGuilds = 100
	maxGuilds = 10_000
)

// began is when Discord did. Ids have no time before it.
var began = time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC)

// parameters reads those of a request, and has what is wrong with them.
type parameters struct {
	q    url.Values
	now  time.Time
	errs []error
}

func (p *parameters) wrong(name, format string, args ...any) {
	p.errs = append(p.errs, documents.ParameterError{Parameter: name, Err: fmt.Errorf(format, args...)})
}

// err is the first one, which is told.
func (p *parameters) err() error {
	if len(p.errs) == 0 {
		return nil
	}
	return p.errs[0]
}

// text reads one that may be empty, which is not the same as absent.
func (p *parameters) text(name string) *string {
	if !p.q.Has(name) {
		return nil
	}
	text := p.q.Get(name)
	if len(text) > maxText || !utf8.ValidString(text) {
		p.wrong(name, "is not a text of at most %d bytes in UTF-8", maxText)
	}
	return &text
}

func (p *parameters) needed(name string) string {
	text := p.text(name)
	if text == nil {
		p.wrong(name, "is needed")
		return ""
	}
	return *text
}

// window reads bot, from and to. Without to it ends now, and without from it is as long
// as usual.
func (p *parameters) window(usual time.Duration) figures.Window {
	w := figures.Window{To: p.time("to", p.now)}
	w.From = p.time("from", w.To.Add(-usual))
	if bot := p.text("bot"); bot != nil {
		w.Bot = *bot
	}
	switch {
	case p.err() != nil:
	case w.From.Before(began):
		p.wrong("from", "%s is before 2015, when Discord began", w.From.Format(time.RFC3339))
	case w.To.After(p.now.Add(day)):
		p.wrong("to", "%s is in the future", w.To.Format(time.RFC3339))
	case !w.From.Before(w.To):
		p.wrong("from", "%s is not before the end of the window, %s", w.From.Format(time.RFC3339), w.To.Format(time.RFC3339))
	case w.To.Sub(w.From) > longest:
		p.wrong("from", "%s is more than %d days before the end of the window", w.From.Format(time.RFC3339), longest/day)
	}
	return w
}

func (p *parameters) time(name string, otherwise time.Time) time.Time {
	text := p.q.Get(name)
	if text == "" {
		return otherwise.UTC().Truncate(time.Millisecond)
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		p.wrong(name, "%q is not a time such as 2026-12-01T03:00:00Z", excerpt.Clip(text, 64))
	}
	return t.UTC().Truncate(time.Millisecond)
}

// guild reads the id of a guild, which no error has.
func (p *parameters) guild() uint64 {
	id, err := strconv.ParseUint(p.needed("guild"), 10, 64)
	if p.err() == nil && (err != nil || id == 0) {
		p.wrong("guild", "is not the decimal id of a guild")
	}
	return id
}

func (p *parameters) limit() int {
	text := p.q.Get("limit")
	if text == "" {
		return fewGuilds
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxGuilds {
		p.wrong("limit", "%q is not a number from 1 to %d", excerpt.Clip(text, 64), maxGuilds)
	}
	return n
}

// days widens a window to whole days in UTC.
func days(w figures.Window) figures.Window {
	w.From = w.From.Truncate(day)
	if to := w.To.Truncate(day); to.Before(w.To) {
		w.To = to.Add(day)
	}
	return w
}
