package frontend

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"
)

// packed is a text as gzip has it.
func packed(tb testing.TB, text string) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

const script = "console.log('the page')"

func newSite(tb testing.TB) *Site {
	tb.Helper()
	files, index, err := Load(fstest.MapFS{
		"index.html":             {Data: []byte("<!doctype html>")},
		"assets/page-1a2b.js":    {Data: []byte(script)},
		"assets/page-1a2b.js.gz": {Data: packed(tb, script)},
		"icon.svg":               {Data: []byte("<svg/>")},
	})
	if err != nil {
		tb.Fatal(err)
	}
	files["/"] = NewContent(".html", index)
	return &Site{Paths: files, Described: "docs/api.json"}
}

func ask(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, http.NoBody)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestFiles are compressed for those who accept it, and those below assets/ stay for ever.
func TestFiles(t *testing.T) {
	h := newSite(t)
	plain, zipped := ask(h, http.MethodGet, "/assets/page-1a2b.js"), ask(h, http.MethodGet, "/assets/page-1a2b.js", "Accept-Encoding", "br, gzip;q=0.5")
	for name, w := range map[string]*httptest.ResponseRecorder{"plain": plain, "gzip": zipped} {
		header := w.Header()
		if w.Code != 200 || header.Get("Content-Type") != "text/javascript; charset=utf-8" || header.Get("Vary") != "Accept-Encoding" ||
			header.Get("Cache-Control") != "public, max-age=31536000, immutable" || header.Get("ETag") == "" {
			t.Errorf("%s: %d %v", name, w.Code, header)
		}
	}
	if plain.Body.String() != script || plain.Header().Get("Content-Encoding") != "" {
		t.Errorf("%v %s", plain.Header(), plain.Body)
	}
	if !bytes.Equal(zipped.Body.Bytes(), packed(t, script)) || zipped.Header().Get("Content-Encoding") != "gzip" {
		t.Errorf("%v", zipped.Header())
	}
	tag := zipped.Header().Get("ETag")
	if tag == plain.Header().Get("ETag") {
		t.Error("both encodings have one ETag")
	}
	for have, want := range map[string]int{tag: 304, `"other", W/` + tag: 304, "*": 304, plain.Header().Get("ETag"): 200, "": 200} {
		w := ask(h, http.MethodGet, "/assets/page-1a2b.js", "Accept-Encoding", "gzip", "If-None-Match", have)
		if w.Code != want || want == 304 && w.Body.Len() > 0 {
			t.Errorf("If-None-Match %s: %d with %d bytes, want %d", have, w.Code, w.Body.Len(), want)
		}
	}
	head := ask(h, http.MethodHead, "/assets/page-1a2b.js")
	if head.Code != 200 || head.Body.Len() > 0 || head.Header().Get("Content-Length") != "23" {
		t.Errorf("HEAD: %d %v", head.Code, head.Header())
	}
	if w := ask(h, http.MethodGet, "/icon.svg"); w.Header().Get("Cache-Control") != "no-cache" || w.Header().Get("Content-Type") != "image/svg+xml" {
		t.Errorf("a file whose name stays: %v", w.Header())
	}
	for _, path := range []string{"/index.html", "/assets/page-1a2b.js.gz", "/assets/", "/assets/../icon.svg"} {
		if w := ask(h, http.MethodGet, path); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestAcceptsGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "br, gzip": true, "gzip;q=0": false, "gzip; q=0.0": false, "gzip;q=0.1": true,
		"*": true, "*;q=0": false, "gzip;q=0, *": false, "br, *;q=0.1": true, "identity": false, "gzipped": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Header.Set("Accept-Encoding", header)
		if got := acceptsGzip(r); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}

// A brokenFS has a file that cannot be read any more after it was loaded.
type brokenFS struct {
	fstest.MapFS
	broken bool
}

func (f *brokenFS) Open(name string) (fs.File, error) {
	if f.broken {
		return nil, fs.ErrPermission
	}
	return f.MapFS.Open(name)
}

// TestFilesThatCannotBeRead are refused without a word that a browser would keep.
func TestFilesThatCannotBeRead(t *testing.T) {
	of := &brokenFS{MapFS: fstest.MapFS{"index.html": {}, "assets/a.js": {Data: []byte(script)}}}
	files, _, err := Load(of)
	if err != nil {
		t.Fatal(err)
	}
	of.broken = true
	w := ask(files["/assets/a.js"], http.MethodGet, "/assets/a.js")
	if w.Code != 500 || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("ETag") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if _, _, err := Load(of); err == nil {
		t.Error("files that cannot be read are loaded")
	}
	if _, _, err := Load(fstest.MapFS{"assets/a.js": {}}); err == nil {
		t.Error("a front end without an index is loaded")
	}
}
