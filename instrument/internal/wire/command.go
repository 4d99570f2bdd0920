package wire

import (
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// A command, its group and its sub-command
	// (https://discord.com/developers/docs/interactions/application-commands#subcommands-and-subcommand-groups).
	commandLevels = 3
	// What is kept of the name of each, in bytes: Discord allows 32 characters.
	maxName = 32 * utf8.UTFMax
	// From one name to the next: there is room for a space between them.
	nameStride = maxName + 1
)

// The types of an option that is part of the command's name
// (https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-type).
const (
	optionSubCommand      = 1
	optionSubCommandGroup = 2
)

// A command is what is known of an interaction's data: at level 0 the command
// itself, at each further level the first option of the level before. It is as
// large as the names can be, so that nothing is allocated for them.
type command struct {
	levels [commandLevels]commandLevel
	level  int // the one that is being read

	// The name of level n is at n*nameStride, until join moves it.
	text  [commandLevels * nameStride]byte
	ntext int // of the joined name

	// Where the name is that is being read.
	escaped bool // after a backslash
	digits  int  // how many of \uXXXX are still to come
	unit    rune // the digits so far
	high    rune // a high surrogate that the low one may follow, or 0
}

type commandLevel struct {
	nname   int
	bad     bool // the name is too long or malformed
	sub     bool // the type is that of a sub-command or a group
	options int  // 2 stands for every larger number
}

// begin starts a level at its opening brace.
func (c *command) begin(level int) {
	c.level = level
	c.levels[level] = commandLevel{}
}

func (c *command) current() *commandLevel { return &c.levels[c.level] }

// beginName starts the level's name at its opening quote.
func (c *command) beginName() {
	l := c.current()
	l.nname, l.bad = 0, false
	c.escaped, c.digits, c.high = false, 0, 0
}

// name reads the level's name up to its closing quote. It returns what follows
// and whether the quote was there.
func (c *command) name(p []byte) ([]byte, bool) {
	for n, b := range p {
		switch {
		case c.escaped:
			c.escaped = false
			c.unescape(b)
		case c.digits > 0 && c.hex(b):
		case b == '\\':
			c.escaped = true
		case b == '"':
			c.endHigh()
			return p[n+1:], true
		default:
			c.endHigh()
			c.keep(b)
		}
	}
	return nil, false
}

func (c *command) keep(b byte) {
	l := c.current()
	if l.nname == maxName {
		l.bad = true
		return
	}
	c.text[c.level*nameStride+l.nname] = b
	l.nname++
}

// keepRune keeps U+FFFD for half of a surrogate pair, as encoding/json does.
func (c *command) keepRune(r rune) {
	var encoded [utf8.UTFMax]byte
	for _, b := range encoded[:utf8.EncodeRune(encoded[:], r)] {
		c.keep(b)
	}
}

// unescape takes the byte after a backslash.
func (c *command) unescape(b byte) {
	switch b {
	case 'u':
		c.digits, c.unit = 4, 0
		return
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
		c.current().bad = true
	}
	c.endHigh()
	c.keep(b)
}

// hex takes a digit of \uXXXX, and reports whether it is one.
func (c *command) hex(b byte) bool {
	switch {
	case '0' <= b && b <= '9':
		b -= '0'
	case 'a' <= b && b <= 'f':
		b -= 'a' - 10
	case 'A' <= b && b <= 'F':
		b -= 'A' - 10
	default:
		c.current().bad = true
		c.digits = 0
		return false
	}
	c.unit = c.unit<<4 | rune(b)
	c.digits--
	if c.digits == 0 {
		c.endUnit()
	}
	return true
}

// endUnit takes a whole \uXXXX, which is half of a pair where it is a surrogate.
func (c *command) endUnit() {
	const firstHigh, firstLow = 0xD800, 0xDC00
	if r := utf16.DecodeRune(c.high, c.unit); r != utf8.RuneError {
		c.high = 0
		c.keepRune(r)
		return
	}
	c.endHigh()
	if firstHigh <= c.unit && c.unit < firstLow {
		c.high = c.unit
		return
	}
	c.keepRune(c.unit)
}

// endHigh gives up waiting for a low surrogate.
func (c *command) endHigh() {
	if c.high != 0 {
		c.high = 0
		c.keepRune(utf8.RuneError)
	}
}

// join makes one name of those that count, and reports whether they are usable.
// A sub-command or a group is always the only option of what it belongs to.
func (c *command) join() bool {
	c.ntext = 0
	for n := range c.levels {
		l := &c.levels[n]
		if n > 0 {
			if c.levels[n-1].options != 1 || !l.sub {
				break
			}
			c.text[c.ntext] = ' '
			c.ntext++
		}
		if l.bad || l.nname == 0 {
			return false
		}
		c.ntext += copy(c.text[c.ntext:], c.text[n*nameStride:n*nameStride+l.nname])
	}
	return utf8.Valid(c.text[:c.ntext])
}

// joined is the name that join made.
func (c *command) joined() []byte { return c.text[:c.ntext] }
