package main

import (
	"encoding/binary"
	"strings"
)

// greeting answers the first query of clickhouse-go v2.51.0. It reads that answer as
// Native blocks of its own revision, with information that older blocks do not have. The
// revision 0 in it makes all further blocks plain, as the library writes them.
func (h handler) greeting() ([]byte, error) {
	version, err := h.engine.run(request{database: "default", statement: "SELECT version()", format: "TabSeparated"})
	if err != nil {
		return nil, err
	}
	text := func(s string) []byte { return append(binary.AppendUvarint(nil, uint64(len(s))), s...) }
	block := []byte{
		1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0, // block information
		4, 1, // columns and rows
	}
	for _, column := range []struct {
		name, kind string
		value      []byte
	}{
		{"displayName()", "String", text("chdb")},
		{"version()", "String", text(strings.TrimSpace(string(version)))},
		{"revision()", "UInt32", make([]byte, 4)},
		{"timezone()", "String", text("UTC")},
	} {
		block = append(block, text(column.name)...)
		block = append(block, text(column.kind)...)
		block = append(block, 0) // no custom serialisation
		block = append(block, column.value...)
	}
	return block, nil
}
