package route

import (
	"strings"

	"github.com/argus-dgo/argus/catalog"
)

// maxDigits is the length of the largest 64-bit number, and so of the longest
// snowflake.
const maxDigits = 20

// cdnPrefix starts the catalog's templates of CDN paths. It is not part of the
// paths themselves.
const cdnPrefix = "/cdn"

// api and cdn are the trees of templates. They are not written to after their
// construction.
var api, cdn = trees(catalog.Routes())

// node is one segment's place in the tree of templates. A segment is matched
// against the literals first, then against {id}, then against wild: the latter
// takes every segment, and so hides nothing that a literal would have taken.
type node struct {
	literals map[string]*node
	id       *node  // {id}: a decimal number
	wild     *node  // {token}, {emoji}, {code}, {instance}, {file}: anything but nothing
	template string // what a path that ends here is called; empty where none ends
}

// trees sorts the templates into the tree of API routes and that of CDN files.
func trees(templates []string) (routes, files *node) {
	routes, files = new(node), new(node)
	for _, template := range templates {
		n, path := routes, template
		if rest, ok := strings.CutPrefix(template, cdnPrefix); ok {
			n, path = files, rest
		}
		for segment := range strings.SplitSeq(path[1:], "/") {
			n = n.grow(segment)
		}
		n.template = template
	}
	return routes, files
}

// grow returns the child of n for a template's segment, which it adds where
// it is missing.
func (n *node) grow(segment string) *node {
	switch {
	case segment == "{id}":
		if n.id == nil {
			n.id = new(node)
		}
		return n.id
	case segment[0] == '{':
		if n.wild == nil {
			n.wild = new(node)
		}
		return n.wild
	}
	child := n.literals[segment]
	if child == nil {
		if n.literals == nil {
			n.literals = make(map[string]*node)
		}
		child = new(node)
		n.literals[segment] = child
	}
	return child
}

// Template returns the template of a URL's path, given as net/url has it in
// URL.Path or as URL.EscapedPath returns it: one of [catalog.Routes], or
// [catalog.RouteOther] for a path that none of them matches.
//
// The API's prefix, /api with or without a version, is taken off; a path
// without one is looked up among the API's routes (for a proxy that is reached
// without the prefix) and then among the CDN's files. One slash too many behind
// the prefix is passed over, as discordgo v0.29.0 writes /api/v9//voice/regions.
// Any other empty segment, a trailing slash included, makes the path unknown.
func Template(path string) string {
	rest, ok := strings.CutPrefix(path, "/api")
	if ok && (rest == "" || rest[0] == '/') {
		return orOther(api.match(dropVersion(rest)))
	}
	if template := api.match(path); template != "" {
		return template
	}
	return orOther(cdn.match(path))
}

// FromURL is [Template] for a whole URL in its written form, such as
// discordgo's RateLimit.URL. Query and fragment are ignored, and so is the
// host. What has neither a scheme with a host nor a leading slash is
// [catalog.RouteOther].
func FromURL(raw string) string {
	if i := strings.IndexAny(raw, "?#"); i >= 0 {
		raw = raw[:i]
	}
	if raw == "" {
		return catalog.RouteOther
	}
	if raw[0] != '/' {
		_, rest, ok := strings.Cut(raw, "://")
		slash := strings.IndexByte(rest, '/')
		if !ok || slash < 0 {
			return catalog.RouteOther
		}
		raw = rest[slash:]
	}
	return Template(raw)
}

func orOther(template string) string {
	if template == "" {
		return catalog.RouteOther
	}
	return template
}

// dropVersion takes a leading "/v9" or "/v10" off the path.
func dropVersion(path string) string {
	if !strings.HasPrefix(path, "/v") {
		return path
	}
	i := len("/v")
	for i < len(path) && isDigit(path[i]) {
		i++
	}
	if i == len("/v") || i < len(path) && path[i] != '/' {
		return path
	}
	return path[i:]
}

// match walks the tree along the path and returns the template of the node
// where the path ends, or nothing.
func (n *node) match(path string) string {
	if strings.HasPrefix(path, "//") {
		path = path[1:]
	}
	rest, more := strings.CutPrefix(path, "/")
	if !more {
		return ""
	}
	for more {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		if n = n.child(segment); n == nil {
			return ""
		}
	}
	return n.template
}

// child returns the child of n for a path's segment, or nil.
func (n *node) child(segment string) *node {
	switch segment {
	case "":
		return nil
	case "%40me":
		segment = "@me"
	case "%40original":
		segment = "@original"
	}
	if child := n.literals[segment]; child != nil {
		return child
	}
	if n.id != nil && isNumber(segment) {
		return n.id
	}
	return n.wild
}

func isNumber(s string) bool {
	if len(s) > maxDigits {
		return false
	}
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
