package hosts

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxFile is how long a list of patterns may be.
const maxFile = 4 << 20

// A List collects addresses, each once. The zero List is empty.
type List struct {
	// DefaultPort is given to addresses without a port.
	DefaultPort int

	from map[string]string // what brought an address in, by the address as it is compared
	all  []string

	labels map[string]map[string]string // by address, of those that came with some
}

// Add adds what a pattern stands for. from says where the pattern was read, for
// errors, and may be empty. That an address is there already is an error that
// names both patterns.
func (l *List) Add(pattern, from string) error {
	said := quote(pattern)
	if from != "" {
		said = from + ": " + said
	}
	addresses, err := expand(pattern, l.DefaultPort)
	if err != nil {
		return fmt.Errorf("%s: %w", said, err)
	}
	if len(l.all)+len(addresses) > Most {
		return fmt.Errorf("%s: too many addresses: %d in total, at most %d are allowed", said, len(l.all)+len(addresses), Most)
	}
	if l.from == nil {
		l.from = map[string]string{}
	}
	for _, a := range addresses {
		key := compared(a)
		if other, ok := l.from[key]; ok {
			if other == said {
				return fmt.Errorf("%s contains %s twice", said, a)
			}
			return fmt.Errorf("%s contains %s, and so does %s: remove it from one of them", said, a, other)
		}
		l.from[key] = said
	}
	l.all = append(l.all, addresses...)
	return nil
}

// compared is an address in the form in which two of them are the same: the case
// of names and the dot at their end do not count.
func compared(address string) string {
	colon := strings.LastIndexByte(address, ':')
	return strings.ToLower(strings.TrimSuffix(address[:colon], ".") + address[colon:])
}

// Read adds the patterns of a text: separated by blanks or line breaks, with
// comments from # to the end of a line. name says what is read, for errors.
func (l *List) Read(r io.Reader, name string) error {
	limited := &io.LimitedReader{R: r, N: maxFile + 1}
	lines := bufio.NewScanner(limited)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		for pattern := range strings.FieldsSeq(text) {
			if err := l.Add(pattern, fmt.Sprintf("%s:%d", name, n)); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if limited.N <= 0 {
		return fmt.Errorf("%s: longer than %d bytes", name, maxFile)
	}
	return nil
}

// Labels are those that an address came with, in a file of Prometheus' form.
func (l *List) Labels(address string) map[string]string { return l.labels[address] }

// Addresses are all that were added, in the order of their bytes.
func (l *List) Addresses() []string { return slices.Sorted(slices.Values(l.all)) }
