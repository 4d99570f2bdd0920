package route

import (
	"strings"

	"github.com/argus-dgo/argus/internal/catalog"
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
// Whatever is before the API's path is passed over: Discord's /api/v9, or what
// the base of a proxy has, with or without these two. See [Find].
func Template(path string) string {
	template, _ := Find(path)
	return template
}

// Find returns the template of a path, and the part of the path that it stands
// for, which is empty for [catalog.RouteOther].
//
// That part begins after the last /api/v9, of whatever version, or where there is
// none after any prefix; a path may also come between the version and the route.
// It is the longest end of the path that is an API route as a whole, but an API
// path that is not in the list stays unknown though it may end like another, as
// /api/v9/guilds/1/novelties/users/2 does: nothing is looked for beyond two
// segments that begin a route, or beyond an id. A file of the CDN has no prefix.
//
// One slash too many before a route is passed over, as discordgo v0.29.0 writes
// /api/v9//voice/regions. An empty segment in a route, a trailing slash included,
// makes the path unknown.
func Find(path string) (template, found string) {
	rest, versioned := afterVersion(path)
	for at := rest; strings.HasPrefix(at, "/"); {
		template, begun := api.match(at)
		if template != "" {
			return template, at
		}
		if len(at) == len(path) {
			if template, _ := cdn.match(path); template != "" {
				return template, path
			}
		}
		segment := firstSegment(at)
		if begun || isNumber(segment) && (versioned || len(segment) >= minSnowflake) {
			break
		}
		at = at[1+len(segment):]
	}
	return catalog.RouteOther, ""
}

// afterVersion returns what follows the last /api/v9 of a path, of whatever
// version, or else the path.
func afterVersion(path string) (rest string, versioned bool) {
	const before = "/api/v"
	for end := len(path); ; {
		at := strings.LastIndex(path[:end], before)
		if at < 0 {
			return path, false
		}
		version := firstSegment(path[at+len("/api"):])
		if isNumber(version[1:]) {
			return path[at+len("/api/")+len(version):], true
		}
		end = at
	}
}

// minSnowflake is from how many digits on a number is taken for an id wherever it
// is. Discord's have had 17 and more since 2015; ports and tenants are shorter.
const minSnowflake = 15

// Segment returns the nth segment of what [Find] found, from 0 on, or nothing.
func Segment(path string, n int) string {
	for ; path != ""; n-- {
		segment := firstSegment(path)
		if n == 0 {
			return segment
		}
		path = path[1+len(segment):]
	}
	return ""
}

// firstSegment returns what is between a path's leading slash and the next.
func firstSegment(path string) string {
	segment, _, _ := strings.Cut(path[1:], "/")
	return segment
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

// match walks the tree along the path and returns the template of the node where
// the path ends, or nothing. begun reports whether two segments at least were
// found.
func (n *node) match(path string) (template string, begun bool) {
	rest, more := strings.CutPrefix(path, "/")
	for depth := 0; more; depth++ {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		if n = n.child(segment); n == nil {
			return "", depth >= 2
		}
		begun = depth >= 1
	}
	return n.template, begun
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
	if s == "" || len(s) > maxDigits {
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
