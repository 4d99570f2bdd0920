package hosts

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/argus-dgo/argus/internal/excerpt"
)

// Most is how many addresses a list may have.
const Most = 10_000

// maxPattern is more than the longest host with some ranges needs.
const maxPattern = 1024

// Expand returns the addresses, host:port each, that a pattern stands for, in its
// order. Those without a port get defaultPort. The error names the pattern.
func Expand(pattern string, defaultPort int) ([]string, error) {
	addresses, err := expand(pattern, defaultPort)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", quote(pattern), err)
	}
	return addresses, nil
}

// quote quotes text from outside in an error: not more of it than a person reads,
// and no credentials. Every error of the package quotes through it.
func quote(text string) string {
	const most = 80
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		text = "…" + text[at:]
	}
	return strconv.Quote(excerpt.Clip(text, most))
}

func bracketed(inside string) string {
	quoted := quote(inside)
	return "[" + quoted[1:len(quoted)-1] + "]"
}

func expand(pattern string, defaultPort int) ([]string, error) {
	switch {
	case pattern == "":
		return nil, errors.New("empty pattern")
	case len(pattern) > maxPattern:
		return nil, fmt.Errorf("too long: %d bytes, at most %d are allowed", len(pattern), maxPattern)
	case strings.Contains(pattern, "://"):
		return nil, errors.New("remove the scheme; it belongs in the scrape configuration")
	case strings.ContainsAny(pattern, "@/?#"):
		return nil, errors.New("must be host:port; set the path (metrics_path) and credentials (authorization) in the scrape configuration")
	}
	host, port, err := split(pattern)
	if err != nil {
		return nil, err
	}
	if port == "" {
		port = strconv.Itoa(defaultPort)
	}
	hostParts, ipv6, err := parseHost(host)
	if err != nil {
		return nil, err
	}
	portParts, err := parse(port)
	if err != nil {
		return nil, err
	}
	if n := size(hostParts) * size(portParts); n > Most {
		return nil, fmt.Errorf("expands to more than %d addresses", Most)
	}
	var addresses []string
	ports := product(portParts)
	for _, p := range ports {
		if err := checkPort(p); err != nil {
			return nil, err
		}
	}
	for _, h := range product(hostParts) {
		if !ipv6 {
			if err := checkHost(h); err != nil {
				return nil, err
			}
		}
		for _, p := range ports {
			addresses = append(addresses, net.JoinHostPort(h, p))
		}
	}
	return addresses, nil
}

// split parts host and port; the brackets of an IPv6 address stay with it.
func split(pattern string) (host, port string, err error) {
	depth, colon, colons := 0, -1, 0
	for i, r := range pattern {
		switch r {
		case '[':
			depth++
		case ']':
			depth--
		case ':':
			if depth == 0 {
				colon = i
				colons++
			}
		}
		if depth < 0 || depth > 1 {
			return "", "", errors.New("mismatched brackets: write a range as [0-9] and an IPv6 address as [::1], without a range in it")
		}
	}
	switch {
	case depth != 0:
		return "", "", errors.New("missing closing bracket")
	case colons > 1:
		return "", "", errors.New("more than one colon: put an IPv6 address in brackets, as in [::1]:9191")
	case colons == 0:
		return pattern, "", nil
	case pattern[colon+1:] == "":
		return "", "", errors.New("missing port after the colon")
	case colon == 0:
		return "", "", errors.New("missing host before the colon")
	}
	return pattern[:colon], pattern[colon+1:], nil
}

// parseHost parses what is an IPv6 address as one, and all else as text with ranges.
func parseHost(host string) (parts []part, ipv6 bool, err error) {
	if inside, ok := strings.CutPrefix(host, "["); ok {
		inside, rest, _ := strings.Cut(inside, "]")
		if strings.Contains(inside, ":") {
			a, err := netip.ParseAddr(inside)
			switch {
			case err != nil || !a.Is6():
				return nil, false, fmt.Errorf("%s is not an IPv6 address", quote(inside))
			case a.Zone() != "":
				return nil, false, fmt.Errorf("the address %s has a zone, which is only valid on one machine", quote(inside))
			case rest != "":
				return nil, false, fmt.Errorf("unexpected %s after the IPv6 address: only a port is allowed there", quote(rest))
			}
			return []part{{text: a.String()}}, true, nil
		}
	}
	parts, err = parse(host)
	return parts, false, err
}

// A part is a text, or where it has ranges, these.
type part struct {
	text   string
	ranges []span
}

// A span is the numbers from first to last, written with at least width digits.
type span struct {
	first, last, width int
}

// parse parses a text with ranges. Its brackets match.
func parse(text string) ([]part, error) {
	var parts []part
	for text != "" {
		before, rest, found := strings.Cut(text, "[")
		if before != "" {
			parts = append(parts, part{text: before})
		}
		if !found {
			break
		}
		inside, after, _ := strings.Cut(rest, "]")
		text = after
		if strings.Contains(inside, ":") {
			return nil, fmt.Errorf("%s has a colon, but is not a range; an IPv6 address must be the whole host", bracketed(inside))
		}
		var ranges []span
		for entry := range strings.SplitSeq(inside, ",") {
			s, err := parseSpan(entry)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", bracketed(inside), err)
			}
			ranges = append(ranges, s)
		}
		parts = append(parts, part{ranges: ranges})
	}
	return parts, nil
}

var spanPattern = regexp.MustCompile(`^([0-9]{1,9})(?:-([0-9]{1,9}))?$`)

func parseSpan(text string) (span, error) {
	m := spanPattern.FindStringSubmatch(text)
	if m == nil {
		return span{}, fmt.Errorf("%s is not a number or range, such as 7 or 0-9, of at most nine digits", quote(text))
	}
	first, last := m[1], m[2]
	if last == "" {
		last = first
	}
	var s span
	var err error
	if s.first, err = strconv.Atoi(first); err != nil {
		return span{}, err
	}
	if s.last, err = strconv.Atoi(last); err != nil {
		return span{}, err
	}
	if s.first > s.last {
		return span{}, fmt.Errorf("%s is descending: write the lower number first", quote(text))
	}
	if padded(first) || padded(last) {
		if len(first) != len(last) {
			return span{}, fmt.Errorf("%s: with leading zeros, both numbers must have the same number of digits", quote(text))
		}
		s.width = len(first)
	}
	return s, nil
}

func padded(number string) bool { return len(number) > 1 && number[0] == '0' }

// size is how many texts the parts stand for, or more than Most.
func size(parts []part) int {
	n := 1
	for _, p := range parts {
		if p.ranges == nil {
			continue
		}
		sum := 0
		for _, s := range p.ranges {
			sum += s.last - s.first + 1
		}
		if n *= min(sum, Most+1); n > Most {
			return Most + 1
		}
	}
	return n
}

// product is the texts that the parts stand for, the last one counting fastest.
func product(parts []part) []string {
	texts := []string{""}
	for _, p := range parts {
		if p.ranges == nil {
			for i := range texts {
				texts[i] += p.text
			}
			continue
		}
		var longer []string
		for _, t := range texts {
			for _, s := range p.ranges {
				for n := s.first; n <= s.last; n++ {
					longer = append(longer, fmt.Sprintf("%s%0*d", t, s.width, n))
				}
			}
		}
		texts = longer
	}
	return texts
}

func checkPort(port string) error {
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > math.MaxUint16 || strconv.Itoa(n) != port {
		return fmt.Errorf("port %s is not a number from 1 to %d without leading zeros", quote(port), math.MaxUint16)
	}
	return nil
}

// Compose files use underscores in names.
var (
	hostPattern  = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?$`)
	numberedLast = regexp.MustCompile(`(^|\.)[0-9]+\.?$`)
)

// checkHost accepts names and IPv4 addresses. A name whose last part is a number
// would be taken for an address (https://url.spec.whatwg.org/#ends-in-a-number-checker).
func checkHost(host string) error {
	if numberedLast.MatchString(host) {
		if a, err := netip.ParseAddr(host); err != nil || !a.Is4() {
			return fmt.Errorf("%s is not an IPv4 address, and a host name cannot end in a number", quote(host))
		}
		return nil
	}
	if len(host) > 253 || !hostPattern.MatchString(host) {
		return fmt.Errorf("%s is not a host name: use letters, digits, hyphens, underscores and dots, at most 253 characters", quote(host))
	}
	return nil
}
