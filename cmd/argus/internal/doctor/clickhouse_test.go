package doctor

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/internal/loopback"
)

// A database answers as ClickHouse does to the questions of the check.
type database struct {
	code    int // of an error; 0 is none
	header  bool
	status  int
	events  string
	version string
}

func (b database) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	question, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Query().Get("database") != "bots" || strings.Contains(r.URL.String(), "planted") || r.Header.Get("X-ClickHouse-User") != "argus" {
		http.Error(w, "another request", http.StatusTeapot)
		return
	}
	code := b.code
	if r.Header.Get("X-ClickHouse-Key") != "planted-password" {
		code = 516
	}
	switch {
	case code != 0:
		if b.header {
			w.Header().Set("X-ClickHouse-Exception-Code", fmt.Sprint(code))
		}
		http.Error(w, fmt.Sprintf("Code: %d. DB::Exception: planted words", code), http.StatusInternalServerError)
	case b.status != 0:
		http.Error(w, "planted words", b.status)
	case strings.HasPrefix(string(question), "EXISTS"):
		fmt.Fprintln(w, b.events)
	case strings.Contains(string(question), "schema_versions"):
		fmt.Fprintln(w, b.version)
	default:
		fmt.Fprintln(w, "1")
	}
}

func TestClickHouse(t *testing.T) {
	t.Setenv("ARGUS_HOST", "127.0.0.1")
	t.Setenv("ARGUS_PORT", "1") // not of interest
	if found := findings(t, newDoctor()); strings.Contains(found, " clickhouse: ") {
		t.Errorf("no ClickHouse is named: %s", found)
	}
	file := filepath.Join(t.TempDir(), "password")
	write := func(password string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("planted-password")
	t.Setenv("ARGUS_CLICKHOUSE_USER", "argus")
	t.Setenv("ARGUS_CLICKHOUSE_PASSWORD_FILE", file)
	expect := func(url string, want ...string) {
		t.Helper()
		t.Setenv("ARGUS_CLICKHOUSE_URL", url)
		found := findings(t, newDoctor())
		for _, w := range want {
			if !strings.Contains(found, w) {
				t.Errorf("no %q in: %s", w, found)
			}
		}
	}
	for want, b := range map[string]database{
		"accepts the user, and has version 1 of the tables":   {events: "1", version: "1"},
		"the tables have version 2, and this program knows 1": {events: "1", version: "2"},
		"are not complete":                               {events: "1", version: "0"},
		"the database bots has no table events":          {events: "0"},
		"the database bots has no table schema_versions": {code: 60},
		"there is no database bots":                      {code: 81, header: true},
		"the user may not read the database bots":        {code: 497, header: true},
		"it answers with error 241":                      {code: 241},
		"it answers with HTTP status 502":                {status: http.StatusBadGateway},
		"it does not answer as ClickHouse does":          {events: "1", version: "planted"},
		"the user or the password is wrong":              {code: 193},
	} {
		s := httptest.NewServer(b)
		expect(s.URL+"/bots", " clickhouse: "+s.Listener.Addr().String()+": ", want)
		s.Close()
	}
	good := httptest.NewServer(database{events: "1", version: "1"})
	defer good.Close()
	write("planted-other")
	expect(good.URL+"/bots", "the user or the password is wrong", "ARGUS_CLICKHOUSE_PASSWORD_FILE")
	secure := httptest.NewTLSServer(database{})
	defer secure.Close()
	expect(secure.URL+"/bots", "its certificate is signed by an unknown authority", "ARGUS_CLICKHOUSE_CA_FILE")
	expect("http://"+loopback.Addr(t)+"/bots", "connection refused: nothing listens there")
	expect("clickhouse://"+loopback.Addr(t)+"/bots", "is not checked: only ClickHouse's HTTP interface is", "run argus-analytics status")
	expect("http://h", "does not name a database", "correct the setting")
}
