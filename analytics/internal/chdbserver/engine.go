package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/chdb-io/chdb-go/chdb"
)

// An engine runs one statement after the other. A library has one session, so what a
// request sets is taken back after it.
type engine struct {
	mu      sync.Mutex
	session *chdb.Session
}

// open opens or makes the data in a folder.
func open(path string) (*engine, error) {
	if path == "" {
		return nil, errors.New("-path is missing")
	}
	s, err := chdb.NewSession(path)
	if err != nil {
		return nil, err
	}
	return &engine{session: s}, nil
}

// A request is a statement with what surrounds it.
type request struct {
	database  string
	statement string
	format    string
	settings  map[string]string
	params    map[string]string
}

// run returns the result of a statement, in its format.
func (e *engine) run(r request) (result []byte, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, err := e.query("USE "+identifier(r.database), ""); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(r.params)) {
		if _, err := e.query("SET param_"+name+" = "+literal(r.params[name]), ""); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.settings)) {
		if _, err := e.query("SET "+name+" = "+literal(r.settings[name]), ""); err != nil {
			return nil, err
		}
		defer func() {
			if _, back := e.query("SET "+name+" = DEFAULT", ""); back != nil {
				err = errors.Join(err, back)
			}
		}()
	}
	return e.query(r.statement, r.format)
}

func (e *engine) query(statement, format string) ([]byte, error) {
	r, err := e.session.Query(statement, format)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, nil
	}
	defer r.Free()
	if err := r.Error(); err != nil {
		return nil, err
	}
	return slices.Clone(r.Buf()), nil // the buffer is the library's
}

func identifier(name string) string {
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(name) + "`"
}

func literal(text string) string {
	return "'" + strings.NewReplacer("\\", "\\\\", "'", "\\'").Replace(text) + "'"
}

// insertFrom returns the INSERT that reads its rows from a file.
func insertFrom(table, file, format string) string {
	return fmt.Sprintf("INSERT INTO %s FROM INFILE %s FORMAT %s", table, literal(file), format)
}
