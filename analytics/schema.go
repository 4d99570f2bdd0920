package analytics

import (
	"embed"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A file has one statement, without a semicolon, so that no text has to be taken apart.
//
//go:embed sql
var files embed.FS

// A migration makes one version of the schema of the one before it.
type migration struct {
	version    uint32
	statements []statement
}

// A statement makes a table or a view. It changes nothing if it is run again.
type statement struct {
	object string
	text   string
}

// migrations returns all migrations, the oldest first.
func migrations() ([]migration, error) {
	versions, err := fs.ReadDir(files, "sql/schema")
	if err != nil {
		return nil, err
	}
	all := make([]migration, 0, len(versions))
	for _, v := range versions {
		number, err := strconv.ParseUint(v.Name(), 10, 32)
		if err != nil {
			return nil, err
		}
		m := migration{version: uint32(number)}
		if m.statements, err = statements(path.Join("sql/schema", v.Name())); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// statements reads the files of a folder, in the order of their names.
func statements(folder string) ([]statement, error) {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		return nil, err
	}
	all := make([]statement, 0, len(entries))
	for _, e := range entries {
		text, err := fs.ReadFile(files, path.Join(folder, e.Name()))
		if err != nil {
			return nil, err
		}
		object := strings.TrimSuffix(e.Name(), ".sql")
		if number, name, numbered := strings.Cut(object, "_"); numbered {
			if _, err := strconv.Atoi(number); err == nil {
				object = name
			}
		}
		all = append(all, statement{object, string(text)})
	}
	return all, nil
}

// objects returns the names of the tables and views of the newest version, sorted.
func objects(all []migration) []string {
	var names []string
	for _, m := range all {
		for _, s := range m.statements {
			names = append(names, s.object)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// text reads a file of sql/.
func text(name string) (string, error) {
	raw, err := fs.ReadFile(files, path.Join("sql", name))
	return string(raw), err
}
