package main

import (
	"compress/gzip"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
)

// insertion is an INSERT whose rows follow, as clickhouse-go writes it.
var insertion = regexp.MustCompile(`(?is)^\s*INSERT\s+INTO\s+(.*?)\s+FORMAT\s+(\w+)\s*;?\s*$`)

// code finds ClickHouse's number of an error in its text.
var code = regexp.MustCompile(`Code: (\d+)`)

// handler answers as ClickHouse's HTTP interface does.
type handler struct{ engine *engine }

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := read(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	result, err := h.answer(query(r), body)
	if err != nil {
		if m := code.FindStringSubmatch(err.Error()); m != nil {
			w.Header().Set("X-ClickHouse-Exception-Code", m[1])
		}
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("X-ClickHouse-Timezone", "UTC")
	_, _ = w.Write(result)
}

func read(r *http.Request) ([]byte, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(r.Body)
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// query takes the parameters of a URL apart. Those that are neither ClickHouse's own nor
// of a statement are settings.
func query(r *http.Request) request {
	q := request{database: "default", format: "TabSeparated", settings: map[string]string{}, params: map[string]string{}}
	for name, values := range r.URL.Query() {
		value := values[0]
		switch param, is := strings.CutPrefix(name, "param_"); {
		case is:
			q.params[param] = value
		case name == "query":
			q.statement = value
		case name == "database":
			q.database = value
		case name == "default_format":
			q.format = value
		case name == "query_id", name == "client_protocol_version":
		default:
			q.settings[name] = value
		}
	}
	return q
}

func (h handler) answer(q request, body []byte) ([]byte, error) {
	if q.statement == "" {
		q.statement, body = string(body), nil
	}
	if strings.HasPrefix(q.statement, "SELECT displayName()") {
		return h.greeting()
	}
	m := insertion.FindStringSubmatch(q.statement)
	if m == nil {
		return h.engine.run(q)
	}
	rows, err := os.CreateTemp("", "chdbserver-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(rows.Name())
	defer rows.Close()
	if _, err := rows.Write(body); err != nil {
		return nil, err
	}
	q.statement = insertFrom(m[1], rows.Name(), m[2])
	return h.engine.run(q)
}
