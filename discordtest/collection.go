package discordtest

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
)

// An object can be created, read, edited and deleted by REST.
type object = map[string]any

// asObject converts a typed object.
func asObject(v any) object {
	raw, err := json.Marshal(v)
	if err != nil {
		return object{} // strings and numbers: cannot fail
	}
	var o object
	_ = json.Unmarshal(raw, &o)
	return o
}

func asObjects[T any](all []T) []object {
	objects := make([]object, len(all))
	for i, v := range all {
		objects[i] = asObject(v)
	}
	return objects
}

// A collection serves a route that lists and creates objects, and the route of a
// single object. Of each collection at most [WithRecordLimit] objects are kept; the
// oldest are removed first.
type collection struct {
	path    string                             // of the list
	item    string                             // of one object: path and one more segment, which is the key
	key     string                             // the field with the key; default id
	unknown apiError                           // for an unknown key
	created int                                // the status for a new object; default 201
	pages   paging                             // the zero value lists all
	list    func([]object, *http.Request) any  // wraps the list; default: the list itself
	seed    func(*http.Request) []object       // initial objects
	fill    func(object, *http.Request) object // completes a new object; nil rejects it
	guard   func(http.HandlerFunc) http.HandlerFunc
}

// adder registers a route: "GET /path".
type adder func(methodAndPattern string, h http.HandlerFunc)

// register adds the routes of the collection.
func (c *collection) register(r *rest, add adder) {
	if c.key == "" {
		c.key = "id"
	}
	if c.created == 0 {
		c.created = http.StatusCreated
	}
	if c.guard == nil {
		c.guard = func(h http.HandlerFunc) http.HandlerFunc { return h }
	}
	one := func(h func(w http.ResponseWriter, req *http.Request, scope, key string)) http.HandlerFunc {
		name := c.item[strings.LastIndexByte(c.item, '{')+1 : len(c.item)-1]
		return c.guard(func(w http.ResponseWriter, req *http.Request) { h(w, req, c.scope(req), req.PathValue(name)) })
	}
	if c.path != "" {
		add("GET "+c.path, c.guard(func(w http.ResponseWriter, req *http.Request) { c.serveList(r, w, req) }))
		add("POST "+c.path, c.guard(func(w http.ResponseWriter, req *http.Request) { c.serveCreate(r, w, req) }))
	}
	add("GET "+c.item, one(func(w http.ResponseWriter, req *http.Request, scope, key string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if o := r.lookUp(c, req, scope, key); o != nil {
			writeJSON(w, http.StatusOK, o)
			return
		}
		writeAPIError(w, c.unknown)
	}))
	add("PATCH "+c.item, one(func(w http.ResponseWriter, req *http.Request, scope, key string) {
		change, ok := readObject(req)
		r.mu.Lock()
		defer r.mu.Unlock()
		o := r.lookUp(c, req, scope, key)
		switch {
		case o == nil:
			writeAPIError(w, c.unknown)
		case !ok:
			writeAPIError(w, invalidForm)
		default:
			delete(change, c.key)
			maps.Copy(o, change)
			writeJSON(w, http.StatusOK, o)
		}
	}))
	add("DELETE "+c.item, one(func(w http.ResponseWriter, req *http.Request, scope, key string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.lookUp(c, req, scope, key) == nil {
			writeAPIError(w, c.unknown)
			return
		}
		r.remove(c, scope, key)
		w.WriteHeader(http.StatusNoContent)
	}))
}

// scope returns the guild or channel that the objects belong to.
func (c *collection) scope(req *http.Request) string {
	path := c.path
	if path == "" {
		path = c.item
	}
	segments := split(path)
	for i, s := range segments {
		if name, _ := wildcard(s); name != "" && (c.path != "" || i < len(segments)-1) {
			segments[i] = req.PathValue(name)
		}
	}
	return strings.Join(segments, "/")
}

func (c *collection) serveList(r *rest, w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.load(c, req, c.scope(req))
	if c.pages.most > 0 {
		var ok bool
		if all, ok = page(w, req, c.pages, all, func(o object) int64 { return number(c.keyOf(o)) }); !ok {
			return
		}
	}
	if c.list != nil {
		writeJSON(w, http.StatusOK, c.list(all, req))
		return
	}
	writeJSON(w, http.StatusOK, all)
}

func (c *collection) serveCreate(r *rest, w http.ResponseWriter, req *http.Request) {
	o, ok := readObject(req)
	if ok {
		if c.key == "id" {
			o["id"] = r.server.NewID(r.server.Now())
		}
		if c.fill != nil {
			o = c.fill(o, req)
		}
	}
	if !ok || o == nil {
		writeAPIError(w, invalidForm)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put(c, req, c.scope(req), o)
	writeJSON(w, c.created, o)
}

func (c *collection) keyOf(o object) string {
	key, _ := o[c.key].(string)
	return key
}

// load returns the objects of a scope. r.mu is held.
func (r *rest) load(c *collection, req *http.Request, scope string) []object {
	all, ok := r.objects[scope]
	if !ok {
		all = []object{}
		if c.seed != nil {
			all = append(all, c.seed(req)...)
			r.objects[scope] = all
		}
	}
	return all
}

// lookUp returns an object, or nil. r.mu is held.
func (r *rest) lookUp(c *collection, req *http.Request, scope, key string) object {
	for _, o := range r.load(c, req, scope) {
		if c.keyOf(o) == key {
			return o
		}
	}
	return nil
}

// put adds an object or replaces the one with the same key. r.mu is held.
func (r *rest) put(c *collection, req *http.Request, scope string, o object) {
	all := slices.DeleteFunc(slices.Clone(r.load(c, req, scope)), func(old object) bool { return c.keyOf(old) == c.keyOf(o) })
	all = append(all, o)
	if over := len(all) - r.server.cfg.records; over > 0 {
		all = all[over:]
	}
	r.objects[scope] = all
}

// remove deletes an object. r.mu is held.
func (r *rest) remove(c *collection, scope, key string) {
	r.objects[scope] = slices.DeleteFunc(slices.Clone(r.objects[scope]), func(o object) bool { return c.keyOf(o) == key })
}

// readObject reads a request body: JSON, or the fields of a form. An empty body is
// an empty object.
func readObject(req *http.Request) (object, bool) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, false
	}
	kind, params, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if err == nil && kind == "multipart/form-data" {
		return readForm(multipart.NewReader(bytes.NewReader(body), params["boundary"]))
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return object{}, true
	}
	var o object
	if json.Unmarshal(body, &o) != nil {
		return nil, false
	}
	if o == nil {
		o = object{}
	}
	return o, true
}

// readOrRefuse is readObject, and answers with an error for any other body.
func readOrRefuse(w http.ResponseWriter, req *http.Request) (object, bool) {
	o, ok := readObject(req)
	if !ok {
		writeAPIError(w, invalidForm)
	}
	return o, ok
}

func readForm(parts *multipart.Reader) (object, bool) {
	o := object{}
	for {
		part, err := parts.NextPart()
		if err != nil {
			return o, len(o) > 0
		}
		if part.FileName() != "" {
			continue
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return nil, false
		}
		if part.FormName() == "payload_json" {
			if json.Unmarshal(value, &o) != nil || o == nil {
				return nil, false
			}
			continue
		}
		o[part.FormName()] = string(value)
	}
}
