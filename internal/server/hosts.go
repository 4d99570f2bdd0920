package server

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// hosts prevents pages in a browser from reading what the server serves: under the
// name of a site whose DNS returns this machine's address (DNS rebinding), or
// across sites.
//
// Scrapers are served under any name, since names differ between networks. Browsers
// are recognized by headers that they always send and that no script can remove.
// They are served under names that no stranger can own: an address, one label, a
// name reserved for private networks, or a configured name.
type hosts struct {
	setting string // that has further names
	any     bool
	allowed map[string]bool // in lower case; a dot before it includes all below
}

// privateSuffixes are never delegated: RFC 6761, RFC 6762, RFC 8375, and ICANN's
// resolution 2024.07.29.06.
var privateSuffixes = []string{".localhost", ".local", ".home.arpa", ".internal"}

var hostName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?$`)

// CheckHost returns an error if the server cannot listen on the host. Valid are the
// empty host (all addresses), an IP address and a name; underscores are allowed, as
// Compose files use them. The error's text completes a sentence that starts with the
// host.
func CheckHost(host string) error {
	if _, err := netip.ParseAddr(host); err != nil && host != "" && !hostName.MatchString(host) {
		return errors.New("must be a host name or an IP address, without a port")
	}
	return nil
}

// CheckAllowedHost is [CheckHost] for an element of [Config.AllowedHosts].
func CheckAllowedHost(name string) error {
	if name != "*" && !hostName.MatchString(strings.TrimPrefix(name, ".")) {
		return errors.New(`must be a host name such as bot.example.com, .example.com for all names below it, or * for all names`)
	}
	return nil
}

// Hosts guards a handler as a [Server] does against pages in a browser that read across
// sites. listen is the host that the handler is served on, allowed are further names, and
// setting is the one that an answer says to add a name to. Requests that are authorized
// pass under any name.
func Hosts(listen string, allowed []string, setting string, next http.Handler, authorized func(*http.Request) bool) (http.Handler, error) {
	h, err := newHosts(listen, allowed)
	if err != nil {
		return nil, err
	}
	h.setting = setting
	return h.guard(next, authorized), nil
}

// newHosts takes the configured names and the host that the server listens on.
func newHosts(listen string, allowed []string) (*hosts, error) {
	h := &hosts{setting: "ARGUS_ALLOWED_HOSTS", allowed: map[string]bool{canonicalHost(listen): true}}
	var errs []error
	for _, name := range allowed {
		if err := CheckAllowedHost(name); err != nil {
			errs = append(errs, fmt.Errorf("AllowedHosts: %q %w", name, err))
		}
		h.any = h.any || name == "*"
		h.allowed[canonicalHost(name)] = true
	}
	return h, errors.Join(errs...)
}

// canonicalHost returns a host in the form that is compared: without port and
// trailing dot, in lower case.
func canonicalHost(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// guard answers 403 to requests that are refused.
func (h *hosts) guard(next http.Handler, authorized func(*http.Request) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reason := h.refuses(r); reason != "" && !authorized(r) {
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Cache-Control", "no-store")
			http.Error(w, reason, http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refuses returns why a request is refused, or "".
func (h *hosts) refuses(r *http.Request) string {
	if h.any {
		return ""
	}
	host := canonicalHost(r.Host)
	if isBrowser(r) && !h.knows(host) {
		return fmt.Sprintf("a browser may not open this page as %q: any site could claim that name; use the address of the machine, "+
			"or add the name to %s", cutHost(host), h.setting)
	}
	if fromElsewhere(r, host) {
		return "another site may not read this page in a browser"
	}
	return ""
}

func cutHost(host string) string {
	if len(host) > 253 {
		host = host[:253]
	}
	return host
}

// knows reports whether a name can only belong to this machine or its network.
func (h *hosts) knows(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") && !strings.Contains(host, ":") {
		return true
	}
	for _, suffix := range privateSuffixes {
		if strings.HasSuffix(host, suffix) {
			return true
		}
	}
	for name := host; ; {
		if h.allowed[name] {
			return true
		}
		dot := strings.IndexByte(name[min(1, len(name)):], '.')
		if dot < 0 {
			return false
		}
		name = name[1+dot:]
	}
}

// isBrowser looks for headers that browsers send with every request. Scripts can set
// some of them but remove none; scrapers, probes and command-line tools send none.
func isBrowser(r *http.Request) bool {
	for _, name := range []string{"Accept-Language", "Origin", "Referer", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest"} {
		if len(r.Header.Values(name)) > 0 {
			return true
		}
	}
	return strings.HasPrefix(r.UserAgent(), "Mozilla/")
}

// fromElsewhere reports whether the request comes from a script or an element of
// another site. Following a link does not count.
func fromElsewhere(r *http.Request, host string) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		return r.Header.Get("Sec-Fetch-Mode") != "navigate"
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	from, err := url.Parse(origin)
	return err != nil || canonicalHost(from.Host) != host
}
