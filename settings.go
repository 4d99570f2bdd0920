package argus

import (
	"errors"
	"fmt"
	"strconv"
)

// A setting is one row of the table from which the environment is read, options are checked, and docs/CONFIGURATION.md is written.
type setting struct {
	variable  string
	name      string   // short, for a list of settings; empty: it is not listed
	options   []string // that set the same value
	byDefault string   // as documented, where the initial value does not say it
	accepts   string   // the accepted values: completes "must be"
	meaning   string
	secret    bool // the value is never shown
	empty     bool // an empty value is judged, where for other settings it counts as unset
	push      bool // concerns the push alone

	kind  kind                // nil where another package reads the variable: see settleResource and checkPush
	shown func(Config) string // the value in a list of settings, where it is not the kind's
}

// A kind takes values of one type, from the environment and from options, and knows where they are kept.
type kind interface {
	start(d *draft)
	read(d *draft, text string) error
	take(d *draft, given any) error
	text(d *draft) string
}

// value is the kind of a T.
type value[T any] struct {
	in      func(*draft) *T
	initial T
	parse   func(text string) (T, error)
	accept  func(T) (T, error) // returns the value as it is kept; nil accepts all
	show    func(T) string
}

func (v value[T]) start(d *draft) { *v.in(d) = v.initial }

func (v value[T]) read(d *draft, text string) error {
	parsed, err := v.parse(text)
	if err != nil {
		return err
	}
	return v.take(d, parsed)
}

// take keeps a value of an option, which is a T.
func (v value[T]) take(d *draft, given any) error {
	taken, ok := given.(T)
	if !ok {
		return fmt.Errorf("is a %T", given) // TestTableIsComplete keeps it from happening
	}
	if v.accept != nil {
		var err error
		if taken, err = v.accept(taken); err != nil {
			return err
		}
	}
	*v.in(d) = taken
	return nil
}

func (v value[T]) text(d *draft) string { return v.show(*v.in(d)) }

// errRefused is returned where the description of the accepted values says it all.
var errRefused = errors.New("is not an accepted value")

// explain puts the accepted values in the place of errRefused.
func (s setting) explain(err error) error {
	if errors.Is(err, errRefused) {
		return errors.New("must be " + s.accepts)
	}
	return err
}

// read takes the text of the variable into the draft.
func (s setting) read(d *draft, text string) error {
	err := s.explain(s.kind.read(d, text))
	if err != nil && quoted(text) {
		err = fmt.Errorf("%w; it is in quotes, which Docker keeps in an env file: remove them", err)
	}
	if err != nil {
		return fmt.Errorf("%s=%s: %w", s.variable, s.quote(text), err)
	}
	return nil
}

// quoted says whether a text has quotes around it that a shell would have removed.
func quoted(text string) bool {
	return len(text) >= 2 && text[0] == text[len(text)-1] && (text[0] == '"' || text[0] == '\'')
}

// quote returns the text as an error may show it.
func (s setting) quote(text string) string {
	if s.secret {
		return hidden
	}
	return strconv.Quote(text)
}

// defaults is the default as it is documented.
func (s setting) defaults() string {
	if s.byDefault != "" || s.kind == nil {
		return s.byDefault
	}
	var d draft
	s.kind.start(&d)
	return "`" + s.kind.text(&d) + "`"
}

// valueIn is the value in a list of settings.
func (s setting) valueIn(c Config) string {
	if s.shown != nil {
		return s.shown(c)
	}
	return s.kind.text(&draft{resolved: resolved{Config: c}})
}
