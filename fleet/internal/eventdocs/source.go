package eventdocs

import (
	"context"
	"time"

	"github.com/argus-dgo/argus/analytics/figures"
)

// Version is that of all documents.
const Version = 1

// A Source is where the events are kept.
type Source struct {
	Reader figures.Reader // nil: events are off
	Store  string         // SQLite or ClickHouse
	// Retention returns how long events are kept, and how long their hourly sums are.
	Retention func(context.Context) (raw, hourly time.Duration, err error)
}

// On reports whether there are events.
func (s Source) On() bool { return s.Reader != nil }

// Head is what all documents have.
type Head struct {
	Version int       `json:"version"`
	At      time.Time `json:"at"`
	// Query has the text of each query that answered, by the name of the question.
	Query map[figures.Question]string `json:"query"`
}

func (s Source) head(at time.Time, asked ...figures.Question) Head {
	h := Head{Version, at.UTC(), make(map[figures.Question]string, len(asked))}
	for _, q := range asked {
		h.Query[q] = s.Reader.Text(q)
	}
	return h
}

// A Window is the one that was used. Parameters are widened to whole hours or days where
// an answer is made of such.
type Window struct {
	Bot  string    `json:"bot"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

func windowOf(w figures.Window) Window { return Window{w.Bot, w.From.UTC(), w.To.UTC()} }
