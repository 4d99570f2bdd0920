package instrument

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/excerpt"
)

const (
	// maxUnwrap limits the depth of wrapped errors.
	maxUnwrap = 32
	// maxErrorType is the length limit of a type name in bytes. An unnamed type
	// is named by its whole definition.
	maxErrorType = 128
)

// errorType returns the Go type of an error, inside the wrappers of fmt and
// errors. It calls no method of the user's errors: one may panic, as those of a
// nil *url.Error do, block, or lie.
func errorType(err error) string {
	for range maxUnwrap {
		inner := unwrap(err)
		if inner == nil {
			break
		}
		err = inner
	}
	return excerpt.Clip(strings.ToValidUTF8(reflect.TypeOf(err).String(), ""), maxErrorType)
}

var errorWrappers = []reflect.Type{
	reflect.TypeOf(fmt.Errorf("%w", errors.ErrUnsupported)),
	reflect.TypeOf(fmt.Errorf("%w%w", errors.ErrUnsupported, errors.ErrUnsupported)),
	reflect.TypeOf(errors.Join(errors.ErrUnsupported)),
}

// unwrap returns the first error inside a wrapper of the standard library, and
// nil for all other errors.
func unwrap(err error) (inner error) {
	if v := reflect.ValueOf(err); !slices.Contains(errorWrappers, v.Type()) || v.IsNil() {
		return nil
	}
	switch wrapper := err.(type) { //nolint:errorlint // the type itself is compared
	case interface{ Unwrap() error }:
		return wrapper.Unwrap()
	case interface{ Unwrap() []error }:
		for _, inner := range wrapper.Unwrap() {
			if inner != nil {
				return inner
			}
		}
	}
	return nil
}

// errorSet counts errors by command or task, and type. It is bounded.
type errorSet struct {
	label string // command or task

	mu    sync.Mutex
	cells map[namedError]*cell
}

type namedError struct{ name, errorType string }

func (s *errorSet) count(name, errorType string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := namedError{name, errorType}
	if s.cells[key] == nil && len(s.cells) >= catalog.MaxErrorTypes {
		key.errorType = catalog.Other // one more series for each command
	}
	c := s.cells[key]
	if c == nil {
		if s.cells == nil {
			s.cells = map[namedError]*cell{}
		}
		c = &cell{opts: labelled(attribute.String(s.label, key.name), attribute.String("error_type", key.errorType))}
		s.cells[key] = c
	}
	c.n.Add(1)
}

func (s *errorSet) each(f func(*cell)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.cells {
		f(c)
	}
}
