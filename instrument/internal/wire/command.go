package wire

import "unicode/utf8"

const (
	// A command, its group and its sub-command
	// (https://discord.com/developers/docs/interactions/application-commands#subcommands-and-subcommand-groups).
	commandLevels = 3
	// What is kept of the name of each, in bytes: Discord allows 32 characters.
	maxName = maxText
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
}

type commandLevel struct {
	nname   int
	bad     bool // the name is too long or malformed
	sub     bool // the type is that of a sub-command or a group
	options int  // 2 stands for every larger number, and for what is no object
}

// begin starts a level at its opening brace.
func (c *command) begin(level int) {
	c.level = level
	c.levels[level] = commandLevel{}
}

func (c *command) current() *commandLevel { return &c.levels[c.level] }

// setName takes the level's name.
func (c *command) setName(name []byte, long bool) {
	l := c.current()
	l.nname, l.bad = copy(c.text[c.level*nameStride:][:maxName], name), long
}

// option counts an option of the level. Only the first one may be part of the
// name, as long as there is no other, and it is an object then.
func (c *command) option(k kind) {
	if l := c.current(); l.options == 0 && k == kindObject {
		l.options = 1
	} else {
		l.options = 2
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
