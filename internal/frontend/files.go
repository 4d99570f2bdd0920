package frontend

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

const indexFile = "index.html"

// types are the types of a front end's files, by the end of their names. The system's
// table differs between machines.
var types = map[string]string{
	".css":   "text/css; charset=utf-8",
	".html":  "text/html; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".json":  "application/json",
	".png":   "image/png",
	".svg":   "image/svg+xml",
	".txt":   "text/plain; charset=utf-8",
	".woff2": "font/woff2",
}

// A file is one that is served. Its content stays where the fs.FS has it.
type file struct {
	of        fs.FS
	name      string
	immutable bool
	plain     variant
	gzip      *variant // nil: there is none
}

// A variant is a file as it is stored.
type variant struct {
	name string
	size int64
	tag  string // ETag
}

// Load returns handlers of the files by path, and the content of the index, which has no
// handler: what is served at / may be more than the file.
func Load(of fs.FS) (files map[string]http.Handler, index []byte, err error) {
	files = map[string]http.Handler{}
	variants := map[string]*variant{}
	err = fs.WalkDir(of, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		v, err := describe(of, name)
		variants[name] = v
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	for name, v := range variants {
		if _, packed := variants[strings.TrimSuffix(name, ".gz")]; packed && strings.HasSuffix(name, ".gz") || name == indexFile {
			continue
		}
		files["/"+name] = &file{of: of, name: name, immutable: strings.HasPrefix(name, "assets/"), plain: *v, gzip: variants[name+".gz"]}
	}
	if variants[indexFile] == nil {
		return nil, nil, errors.New("there is no " + indexFile)
	}
	index, err = fs.ReadFile(of, indexFile)
	return files, index, err
}

func describe(of fs.FS, name string) (*variant, error) {
	f, err := of.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	hash := sha256.New()
	size, err := io.Copy(hash, f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &variant{name, size, tagOf(hash.Sum(nil))}, nil
}

// ServeHTTP implements http.Handler.
func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h, v := w.Header(), &f.plain
	if f.gzip != nil {
		h.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			v = f.gzip
		}
	}
	h.Set("Cache-Control", "no-cache")
	if f.immutable {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("ETag", v.tag)
	if Matches(r, v.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	content, err := f.of.Open(v.name)
	if err != nil {
		h.Del("ETag")
		h.Set("Cache-Control", "no-store")
		http.Error(w, "the file cannot be read", http.StatusInternalServerError)
		return
	}
	defer content.Close()
	kind := types[path.Ext(f.name)]
	if kind == "" {
		kind = "application/octet-stream"
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.FormatInt(v.size, 10))
	if v == f.gzip {
		h.Set("Content-Encoding", "gzip")
	}
	if r.Method != http.MethodHead {
		_, _ = io.Copy(w, content)
	}
}

// acceptsGzip reads Accept-Encoding (RFC 9110, section 12.5.3).
func acceptsGzip(r *http.Request) bool {
	others := false
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		coding, weight, _ := strings.Cut(part, ";")
		name, value, _ := strings.Cut(strings.ReplaceAll(weight, " ", ""), "=")
		accepted := true
		if q, err := strconv.ParseFloat(value, 64); strings.EqualFold(name, "q") && err == nil {
			accepted = q > 0
		}
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return accepted
		case "*":
			others = accepted
		}
	}
	return others
}
