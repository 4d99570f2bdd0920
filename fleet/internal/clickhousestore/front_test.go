package clickhousestore_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// A front is a proxy before the server, which has no users.
type front struct {
	*httptest.Server

	proxy *httputil.ReverseProxy
	broke atomic.Int64 // requests that the server did not answer

	mu       sync.Mutex
	password string       // of the user argus; everybody may come if it is empty
	written  func(string) // is called when the server got a statement, unless nil
}

func (s *scene) front(t *testing.T) *front {
	t.Helper()
	f := &front{proxy: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: s.server.Addr()})}
	f.proxy.ErrorLog = log.New(io.Discard, "", 0)
	f.proxy.Transport = &http.Transport{DisableKeepAlives: true} // it is killed
	f.proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) {
		f.broke.Add(1)
		panic(http.ErrAbortHandler) // the client's connection breaks, too
	}
	f.Server = httptest.NewUnstartedServer(f)
	f.Config.ErrorLog = f.proxy.ErrorLog // of clients that do not accept the certificate
	t.Cleanup(f.Close)
	return f
}

func (f *front) set(password string, written func(string)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.password, f.written = password, written
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	password, written := f.password, f.written
	f.mu.Unlock()
	if !admits(r, password) {
		w.Header().Set("X-ClickHouse-Exception-Code", "516")
		http.Error(w, "Code: 516. DB::Exception: argus: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)", http.StatusForbidden)
		return
	}
	if written != nil {
		statement := r.URL.Query().Get("query")
		r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil {
				written(statement)
			}
		}}))
	}
	f.proxy.ServeHTTP(w, r)
}

// admits reports whether a request has the password, in one of the ways that ClickHouse
// takes.
func admits(r *http.Request, password string) bool {
	user, given, basic := r.BasicAuth()
	if !basic {
		user, given = r.Header.Get("X-ClickHouse-User"), r.Header.Get("X-ClickHouse-Key")
	}
	return password == "" || user == "argus" && given == password
}
