package csvtable

import (
	"encoding/csv"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Write writes a header and the rows, which are a slice of structs.
func Write(w io.Writer, rows any) error {
	list := reflect.ValueOf(rows)
	if list.Kind() != reflect.Slice || list.Type().Elem().Kind() != reflect.Struct {
		return fmt.Errorf("csvtable: %T is no slice of structs", rows)
	}
	columns, err := columnsOf(list.Type().Elem(), "", nil)
	if err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	record := make([]string, len(columns))
	for i, c := range columns {
		record[i] = c.name
	}
	_ = out.Write(record) // Error has the first one
	for i := range list.Len() {
		for j, c := range columns {
			record[j] = cell(list.Index(i).FieldByIndex(c.index))
		}
		_ = out.Write(record)
	}
	out.Flush()
	return out.Error()
}

type column struct {
	name  string
	index []int
}

func columnsOf(of reflect.Type, prefix string, at []int) ([]column, error) {
	var all []column
	for i := range of.NumField() {
		f := of.Field(i)
		index := append(slices.Clip(at), i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		switch {
		case f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[time.Time]():
			below := prefix
			if !f.Anonymous {
				below += name + "_"
			}
			columns, err := columnsOf(f.Type, below, index)
			if err != nil {
				return nil, err
			}
			all = append(all, columns...)
		case name == "" || !writable(inner):
			return nil, fmt.Errorf("csvtable: the field %s of %s has no form in CSV", f.Name, of)
		default:
			all = append(all, column{prefix + name, index})
		}
	}
	return all, nil
}

func writable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String, reflect.Uint64, reflect.Float64, reflect.Bool:
		return true
	default:
		return t == reflect.TypeFor[time.Time]()
	}
}

// cell writes a value. Its type is a writable one, or a pointer to it.
func cell(v reflect.Value) string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.String:
		return harmless(v.String())
	case reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10)
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	}
	at, _ := reflect.TypeAssert[time.Time](v) // the only other type
	return at.UTC().Format(time.RFC3339Nano)
}

func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
