package discordtest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
)

// A paging describes how Discord pages a list: at most limit objects, after or
// before an id.
type paging struct {
	usual, most int  // the default and the maximum of limit
	newest      bool // newest first, and without an id the newest are listed
}

// page returns the requested page of objects, which it sorts by id. It answers a
// limit or an id that Discord refuses with an error and returns false.
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
	found = append([]T{}, all[from:to]...) // an empty list is not null
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

// idOf returns an id of the query, or 0 if there is none.
func idOf(req *http.Request, name string) (int64, bool) {
	text := req.URL.Query().Get(name)
	if text == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n >= 0
}

// number returns an id as a number, or 0 if it is invalid.
func number(id string) int64 {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
