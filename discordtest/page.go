package discordtest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
)

// A paging is how Discord cuts a list into pages: at most limit objects, of those
// after or before an id.
type paging struct {
	usual, most int  // limit, where it is not given, and the largest that may be
	newest      bool // the newest come first, and are what is listed without an id
}

// page returns the page that a request asks for, of objects that it puts in the
// order of their ids. A limit or an id that Discord refuses is answered, and
// reported by ok.
func page[T any](w http.ResponseWriter, req *http.Request, p paging, all []T, id func(T) int64) (found []T, ok bool) {
	limit, okLimit := p.limit(req)
	before, okBefore := idOf(req, "before")
	after, okAfter := idOf(req, "after")
	around, okAround := idOf(req, "around")
	if !okLimit || !okBefore || !okAfter || !okAround {
		writeAPIError(w, invalidForm)
		return nil, false
	}
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b T) int { return cmp.Compare(id(a), id(b)) })
	from, to := 0, len(all)
	search := func(n int64) int {
		i, _ := slices.BinarySearchFunc(all, n, func(v T, n int64) int { return cmp.Compare(id(v), n) })
		return i
	}
	switch {
	case around > 0:
		from = max(0, min(search(around)-limit/2, to-limit))
		to = min(from+limit, to)
	case after > 0:
		from = search(after + 1)
		to = min(from+limit, to)
	case before > 0:
		to = search(before)
		from = max(0, to-limit)
	case p.newest:
		from = max(0, to-limit)
	default:
		to = min(limit, to)
	}
	found = append([]T{}, all[from:to]...) // a list, also where it is empty
	if p.newest {
		slices.Reverse(found)
	}
	return found, true
}

func (p paging) limit(req *http.Request) (int, bool) {
	text := req.URL.Query().Get("limit")
	if text == "" {
		return p.usual, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 1 && n <= p.most
}

// idOf returns an id of the query, or 0 where there is none.
func idOf(req *http.Request, name string) (int64, bool) {
	text := req.URL.Query().Get(name)
	if text == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n >= 0
}

// number is an id as a number, and 0 for what is none.
func number(id string) int64 {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
