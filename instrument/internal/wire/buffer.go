package wire

import (
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// maxText is how much is kept of a key or a value, in bytes: the name of a
// command has 32 characters, and nothing else that matters is as long.
const maxText = 32 * utf8.UTFMax

// A buffer holds a key or a value that is being read, its escapes decoded.
type buffer struct {
	buf  [maxText]byte
	n    int
	long bool // there was more than is kept
	high rune // a high surrogate that the low one may follow, or 0
}

func (t *buffer) begin() { t.n, t.long, t.high = 0, false, 0 }

// bytes is what was kept.
func (t *buffer) bytes() []byte { return t.buf[:t.n] }

// append takes bytes as they are.
func (t *buffer) append(p []byte) {
	if len(p) == 0 {
		return
	}
	t.endHigh()
	t.keep(p...)
}

// put takes one byte.
func (t *buffer) put(b byte) {
	t.endHigh()
	t.keep(b)
}

// putUnit takes a whole \uXXXX, which is half of a pair where it is a surrogate.
// Half of a pair without the other becomes U+FFFD, as in encoding/json.
func (t *buffer) putUnit(unit rune) {
	const firstHigh, firstLow = 0xD800, 0xDC00
	if r := utf16.DecodeRune(t.high, unit); r != utf8.RuneError {
		t.high = 0
		t.keepRune(r)
		return
	}
	t.endHigh()
	if firstHigh <= unit && unit < firstLow {
		t.high = unit
		return
	}
	t.keepRune(unit)
}

// endHigh gives up waiting for a low surrogate.
func (t *buffer) endHigh() {
	if t.high != 0 {
		t.high = 0
		t.keepRune(utf8.RuneError)
	}
}

func (t *buffer) keepRune(r rune) {
	var encoded [utf8.UTFMax]byte
	t.keep(encoded[:utf8.EncodeRune(encoded[:], r)]...)
}

func (t *buffer) keep(p ...byte) {
	n := copy(t.buf[t.n:], p)
	t.n += n
	t.long = t.long || n < len(p)
}

// fold makes one key of all that encoding/json takes for the same: those that
// differ in case alone, by Unicode's simple folding. Beside the letters of ASCII
// only U+017F and U+212A fold to one of them.
func (t *buffer) fold() []byte {
	key := t.bytes()
	if !slices.ContainsFunc(key, func(b byte) bool { return 'A' <= b && b <= 'Z' || b >= utf8.RuneSelf }) {
		return key
	}
	out := key[:0]
	for n := 0; n < len(key); {
		switch b := key[n]; {
		case 'A' <= b && b <= 'Z':
			out = append(out, b-'A'+'a')
		case len(key)-n >= 2 && string(key[n:n+2]) == "\u017f":
			out = append(out, 's')
			n++
		case len(key)-n >= 3 && string(key[n:n+3]) == "\u212a":
			out = append(out, 'k')
			n += 2
		default:
			out = append(out, b)
		}
		n++
	}
	return out
}
