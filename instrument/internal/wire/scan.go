package wire

import (
	"encoding/binary"
	"math/bits"
)

// maxDepth is how deep encoding/json lets containers lie in one another.
const maxDepth = 10000

// A scanner reads a JSON text in pieces, fills a Packet, and accepts what
// discordgo handles: it follows the whole grammar, as encoding/json does, to the
// closing brace. So no more than a prefix is read of a text that is malformed,
// and nothing behind the object.
type scanner struct {
	fields

	state scanState
	// The containers around what is read: the innermost is an array or an object,
	// and bit n of arrays tells it of the one that has n others around it.
	depth  int
	array  bool
	arrays [(maxDepth + 63) / 64]uint64

	str     stringState
	number  numberState
	literal string // what is left of null, true or false
}

type scanState uint8

const (
	beforeRoot       scanState = iota // before the object's opening brace
	beforeFirstKey                    // behind an opening brace
	beforeKey                         // behind a comma in an object
	beforeColon                       // behind a key
	beforeValue                       // behind a colon, or a comma in an array
	beforeFirstValue                  // behind an opening bracket
	afterValue                        // in a container, behind a value
	inString                          // in a key or a string: str
	inNumber                          // in a number: number
	inLiteral                         // in null, true or false: literal
	ended                             // the object is whole
	failed                            // discordgo refuses the message, whatever follows
)

func (s *scanner) reset() {
	s.state, s.depth = beforeRoot, 0
	s.fields.reset()
}

// done reports whether what follows does not matter.
func (s *scanner) done() bool { return s.state >= ended }

// end returns the packet if the text was one.
func (s *scanner) end() *Packet {
	if s.state != ended {
		return nil
	}
	s.pkt.Command = s.interaction()
	return &s.pkt
}

func (s *scanner) feed(p []byte) {
	for len(p) > 0 {
		b := p[0]
		switch s.state {
		case inString:
			p = s.readString(p)
			continue
		case inNumber:
			p = s.readNumber(p)
			continue
		case inLiteral:
			p = s.readLiteral(p)
			continue
		case ended, failed:
			return
		}
		p = p[1:]
		if b <= ' ' && (b == ' ' || b == '\n' || b == '\t' || b == '\r') {
			continue
		}
		switch s.state {
		case afterValue:
			switch {
			case b == ',' && s.array:
				s.state = beforeValue
			case b == ',':
				s.state = beforeKey
			case b == ']' && s.array, b == '}' && !s.array:
				s.close()
			default:
				s.state = failed
			}
		case beforeColon:
			s.state = beforeValue
			if b != ':' {
				s.state = failed
			}
		case beforeFirstKey, beforeKey:
			switch {
			case b == '"':
				p = s.string(p, true)
			case b == '}' && s.state == beforeFirstKey:
				s.close()
			default:
				s.state = failed
			}
		case beforeFirstValue:
			if b == ']' {
				s.close()
				continue
			}
			p = s.value(b, p)
		case beforeRoot:
			if b != '{' {
				s.state = failed
				return
			}
			s.open(kindObject, true)
		default: // beforeValue
			p = s.value(b, p)
		}
	}
}

// value begins a value with its first byte, which is before p.
func (s *scanner) value(b byte, p []byte) []byte {
	kind := kinds[b]
	matters := s.depth == s.care
	if kind == kindNone || matters && !s.fields.value(kind) {
		s.state = failed
		return nil
	}
	switch kind {
	case kindString:
		return s.string(p, false)
	case kindObject, kindArray:
		s.open(kind, matters)
	case kindNumber:
		s.state, s.number = inNumber, afterMinus
		if b != '-' {
			s.number = numbers[afterMinus][b]
		}
		if s.keep = matters && s.slot != slotNone; s.keep {
			s.text.begin()
			s.text.put(b)
		}
	default:
		s.state, s.literal = inLiteral, kind.literal()
	}
	return p
}

func (s *scanner) open(k kind, matters bool) {
	if s.depth == maxDepth {
		s.state = failed
		return
	}
	word, bit := s.depth/64, uint64(1)<<(s.depth%64)
	s.depth++
	if s.array = k == kindArray; s.array {
		s.arrays[word] |= bit
		s.state = beforeFirstValue
	} else {
		s.arrays[word] &^= bit
		s.state = beforeFirstKey
	}
	if matters {
		s.enter(k)
	}
}

func (s *scanner) close() {
	if s.depth == s.care {
		s.leave()
	}
	s.depth--
	if s.depth == 0 {
		s.state = ended
		return
	}
	s.state = afterValue
	outer := s.depth - 1
	s.array = s.arrays[outer/64]>>(outer%64)&1 != 0
}

// A kind is what a value is, by its first byte.
type kind uint8

const (
	kindNone kind = iota
	kindString
	kindObject
	kindArray
	kindNumber
	kindNull
	kindTrue
	kindFalse
)

var kinds = [256]kind{
	'"': kindString, '{': kindObject, '[': kindArray, 'n': kindNull, 't': kindTrue, 'f': kindFalse, '-': kindNumber,
	'0': kindNumber, '1': kindNumber, '2': kindNumber, '3': kindNumber, '4': kindNumber,
	'5': kindNumber, '6': kindNumber, '7': kindNumber, '8': kindNumber, '9': kindNumber,
}

// literal is what follows the first byte.
func (k kind) literal() string {
	switch k {
	case kindNull:
		return "null"[1:]
	case kindTrue:
		return "true"[1:]
	default:
		return "false"[1:]
	}
}

func (s *scanner) readLiteral(p []byte) []byte {
	n := min(len(p), len(s.literal))
	if string(p[:n]) != s.literal[:n] {
		s.state = failed
		return nil
	}
	if s.literal = s.literal[n:]; s.literal == "" {
		s.state = afterValue
	}
	return p[n:]
}

// A numberState is where in a number the scanner is, by RFC 8259, section 6.
type numberState uint8

const (
	noNumber numberState = iota
	afterMinus
	afterPoint
	afterE
	afterSign // of the exponent
	// From here on the number may end.
	afterZero
	inInteger
	inFraction
	inExponent
)

// numbers are the states behind a byte, or noNumber where the byte is no part of
// the number.
var numbers = func() (next [inExponent + 1][256]numberState) {
	for b := byte('0'); b <= '9'; b++ {
		next[afterMinus][b], next[inInteger][b] = inInteger, inInteger
		next[afterPoint][b], next[inFraction][b] = inFraction, inFraction
		next[afterE][b], next[afterSign][b], next[inExponent][b] = inExponent, inExponent, inExponent
	}
	next[afterMinus]['0'] = afterZero
	next[afterZero]['.'], next[inInteger]['.'] = afterPoint, afterPoint
	next[afterE]['+'], next[afterE]['-'] = afterSign, afterSign
	for _, b := range []byte("eE") {
		next[afterZero][b], next[inInteger][b], next[inFraction][b] = afterE, afterE, afterE
	}
	return next
}()

// readNumber reads a number up to the byte behind it.
func (s *scanner) readNumber(p []byte) []byte {
	state := s.number
	for n, b := range p {
		next := numbers[state][b]
		if next != noNumber {
			state = next
			continue
		}
		if s.keep {
			s.text.append(p[:n])
		}
		s.state = afterValue
		if state < afterZero || s.keep && !s.setNumber(s.text.bytes()) {
			s.state = failed
		}
		return p[n:]
	}
	if s.keep {
		s.text.append(p)
	}
	s.number = state
	return nil
}

// A stringState is where in a string the scanner is.
type stringState struct {
	key     bool
	escaped bool // behind a backslash
	digits  int  // how many of \uXXXX are still to come
	unit    rune // the digits so far
}

// string begins a key or a string behind its opening quote. Most end in the same
// piece, and have no escape.
func (s *scanner) string(p []byte, key bool) []byte {
	s.keep = s.depth == s.care && (key || s.slot != slotNone)
	if !s.keep {
		if n := plain(p); n < len(p) && p[n] == '"' {
			s.state = afterValue
			if key {
				s.state = beforeColon
			}
			return p[n+1:]
		}
	}
	s.text.begin()
	s.state, s.str = inString, stringState{key: key}
	return s.readString(p)
}

// readString reads a key or a string up to its closing quote.
func (s *scanner) readString(p []byte) []byte {
	for len(p) > 0 {
		if s.str.escaped || s.str.digits > 0 {
			if !s.unescape(p[0]) {
				s.state = failed
				return nil
			}
			p = p[1:]
			continue
		}
		n := plain(p)
		if s.keep {
			s.text.append(p[:n])
		}
		if n == len(p) {
			return nil
		}
		b := p[n]
		p = p[n+1:]
		switch b {
		case '\\':
			s.str.escaped = true
		case '"':
			s.endString()
			return p
		default: // a control character
			s.state = failed
			return nil
		}
	}
	return nil
}

func (s *scanner) endString() {
	s.state = afterValue
	if s.str.key {
		s.state = beforeColon
	}
	switch {
	case !s.keep:
	case s.str.key:
		s.setKey()
	default:
		s.setString()
	}
}

// unescape takes a byte of an escape sequence, and reports whether it is one.
func (s *scanner) unescape(b byte) bool {
	if s.str.digits > 0 {
		digit, ok := hexDigit(b)
		s.str.unit = s.str.unit<<4 | digit
		s.str.digits--
		if s.str.digits == 0 {
			s.text.putUnit(s.str.unit)
		}
		return ok
	}
	s.str.escaped = false
	switch b {
	case 'u':
		s.str.digits, s.str.unit = 4, 0
		return true
	case '"', '\\', '/':
	case 'b':
		b = '\b'
	case 'f':
		b = '\f'
	case 'n':
		b = '\n'
	case 'r':
		b = '\r'
	case 't':
		b = '\t'
	default:
		return false
	}
	s.text.put(b)
	return true
}

func hexDigit(b byte) (rune, bool) {
	switch {
	case '0' <= b && b <= '9':
		return rune(b - '0'), true
	case 'a' <= b && b <= 'f':
		return rune(b - 'a' + 10), true
	case 'A' <= b && b <= 'F':
		return rune(b - 'A' + 10), true
	}
	return 0, false
}

// plain returns how many bytes come before the first quote, backslash or control
// character. It looks at eight at a time.
func plain(p []byte) int {
	const (
		ones = 0x0101010101010101
		high = 0x8080808080808080
	)
	n := 0
	for ; len(p)-n >= 8; n += 8 {
		w := binary.LittleEndian.Uint64(p[n:])
		quote, backslash := w^ones*'"', w^ones*'\\'
		// The lowest of these bits is right; a borrow can set others above it.
		if found := ((w-ones*' ')&^w | (quote-ones)&^quote | (backslash-ones)&^backslash) & high; found != 0 {
			return n + bits.TrailingZeros64(found)/8
		}
	}
	for ; n < len(p); n++ {
		if b := p[n]; b < ' ' || b == '"' || b == '\\' {
			break
		}
	}
	return n
}
