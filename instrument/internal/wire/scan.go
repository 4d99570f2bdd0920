package wire

// A scanner reads a JSON text in pieces and fills a Packet. It follows the text
// as far as it must to know where it is, and is not a validator: the text is
// also decoded by discordgo, which is.
type scanner struct {
	pkt  Packet
	done bool // nothing that follows matters

	state  scanState
	within container
	slot   slot

	// While a value is skipped: how many of its brackets are open, and whether
	// a string is.
	skipDepth  int
	skipString bool

	escaped bool // the byte before was a backslash inside a string
	bad     bool // the key or value is too long, or has an escape

	// The key or the value that is being read, but for a command's names.
	buf  [48]byte
	nbuf int

	cmd      command
	dataRead bool // d.data was read, whatever it is
	token    hash // of what was read of a token
}

type scanState uint8

const (
	inStart  scanState = iota // before the root's opening brace
	inKeys                    // in an object, before a key or the end
	inKey                     // in a key
	inColon                   // after a key
	inValue                   // before a value
	inString                  // in a string value
	inName                    // in the string value that is a command's name
	inOther                   // in a number or a literal
	inSkip                    // in a container that does not matter
	inArray                   // in an array that matters, before a value or the end
	inEnd                     // after the root
)

// A container is one that matters.
type container uint8

const (
	inNone    container = iota
	inRoot              // {"op": …, "d": …, "s": …, "t": …}
	inData              // the object d
	inGuilds            // the array d.guilds
	inGuild             // an object of it
	inCommand           // the object d.data, or one that is the first in inOptions: cmd.level tells
	inOptions           // the array of options of an inCommand
)

// A slot is a key that matters.
type slot uint8

const (
	slotNone slot = iota
	slotOp
	slotEvent
	slotSeq
	slotD
	slotID
	slotGuildID
	slotType
	slotMemberCount
	slotUnavailable
	slotGuilds
	slotHeartbeatInterval
	slotStub // the id of a guild in the array
	slotData // an interaction's
	slotName // from here on of a command
	slotSub  // the type of an option
	slotOptions
	slotToken
)

func (s *scanner) reset() {
	guilds := s.pkt.Guilds[:0]
	s.pkt = Packet{Event: EventUnknown, Guilds: guilds}
	s.done = false
	s.state, s.within, s.slot = inStart, inNone, slotNone
	s.skipDepth, s.skipString, s.escaped, s.bad, s.nbuf = 0, false, false, false, 0
	s.dataRead = false
}

// end returns the packet if the text was a whole object, or if enough of it was
// seen.
func (s *scanner) end() *Packet {
	if !s.done && s.state != inEnd {
		return nil
	}
	if s.pkt.Has&HasCommand != 0 {
		s.pkt.Command = s.cmd.joined()
	}
	return &s.pkt
}

func (s *scanner) feed(p []byte) {
	for len(p) > 0 && !s.done {
		switch s.state {
		case inSkip:
			p = s.skip(p)
		case inKey, inString:
			p = s.text(p)
		case inName:
			var end bool
			if p, end = s.cmd.name(p); end {
				s.afterValue()
			}
		default:
			p = s.step(p)
		}
	}
}

// skip passes over a container that does not matter.
func (s *scanner) skip(p []byte) []byte {
	for n := 0; n < len(p); n++ {
		if s.skipString {
			for ; n < len(p); n++ {
				switch {
				case s.escaped:
					s.escaped = false
				case p[n] == '\\':
					s.escaped = true
				case p[n] == '"':
					s.skipString = false
				}
				if !s.skipString {
					break
				}
			}
			continue
		}
		switch p[n] {
		case '"':
			s.skipString = true
		case '{', '[':
			s.skipDepth++
		case '}', ']':
			s.skipDepth--
			if s.skipDepth == 0 {
				s.afterValue()
				return p[n+1:]
			}
		}
	}
	return nil
}

// text reads a key or a string value up to its closing quote.
func (s *scanner) text(p []byte) []byte {
	keep := s.state == inKey || s.slot != slotNone
	for n, b := range p {
		switch {
		case s.escaped:
			s.escaped = false
			continue
		case b == '\\':
			s.escaped, s.bad = true, true
			continue
		case b != '"':
			switch {
			case s.state == inString && s.slot == slotToken:
				s.token.add(b)
			case keep:
				s.keep(b)
			}
			continue
		}
		if s.state == inKey {
			s.slot = s.slotOf()
			s.state = inColon
		} else {
			s.setString()
			s.afterValue()
		}
		return p[n+1:]
	}
	return nil
}

func (s *scanner) keep(b byte) {
	if s.nbuf == len(s.buf) {
		s.bad = true
		return
	}
	s.buf[s.nbuf] = b
	s.nbuf++
}

func (s *scanner) begin(state scanState) {
	s.state = state
	s.nbuf, s.bad, s.escaped = 0, false, false
}

// step takes one byte outside strings.
func (s *scanner) step(p []byte) []byte {
	b := p[0]
	switch s.state {
	case inStart:
		if b == '{' {
			s.within, s.state = inRoot, inKeys
		}
	case inKeys:
		switch b {
		case '"':
			s.begin(inKey)
		case '}':
			s.closeObject()
		}
	case inColon:
		if b == ':' {
			s.state = inValue
		}
	case inValue:
		s.value(b)
	case inOther:
		switch b {
		case ',', ' ', '\t', '\r', '\n':
			s.setOther()
			s.afterValue()
		case '}', ']':
			s.setOther()
			s.afterValue()
			return p // it closes the container
		default:
			if s.slot != slotNone {
				s.keep(b)
			}
		}
	case inArray:
		if s.within == inOptions {
			return s.option(p)
		}
		switch b {
		case '{':
			s.within, s.state = inGuild, inKeys
		case ']':
			s.within, s.state = inData, inKeys
			s.pkt.Has |= HasGuilds
			s.checkDone()
		case '[':
			s.startSkip()
		case '"':
			s.slot = slotNone
			s.begin(inString)
		}
	case inEnd:
		// discordgo reads one value and leaves what follows.
	}
	return p[1:]
}

// value begins a value with its first byte.
func (s *scanner) value(b byte) {
	switch b {
	case ' ', '\t', '\r', '\n':
	case '"':
		if s.slot == slotName {
			s.cmd.beginName()
			s.state = inName
			return
		}
		if s.slot == slotToken {
			s.token = newHash()
		}
		s.begin(inString)
	case '{':
		switch {
		case s.slot == slotD:
			s.within, s.state = inData, inKeys
		case s.slot == slotData && s.mayBeInteraction():
			s.beginCommand(0)
			s.pkt.Has &^= HasCommand
			s.dataRead = false
		default:
			s.startSkip()
		}
	case '[':
		switch s.slot {
		case slotGuilds:
			s.within, s.state = inGuilds, inArray
		case slotOptions:
			s.within, s.state = inOptions, inArray
			s.cmd.current().options = 0
		default:
			s.startSkip()
		}
	default:
		s.begin(inOther)
		if s.slot != slotNone {
			s.keep(b)
		}
	}
}

// mayBeInteraction reports whether the event is INTERACTION_CREATE, or not known
// yet.
func (s *scanner) mayBeInteraction() bool {
	return s.pkt.Has&HasEvent == 0 || s.pkt.Event == EventInteractionCreate
}

func (s *scanner) beginCommand(level int) {
	s.cmd.begin(level)
	s.within, s.state = inCommand, inKeys
}

// option takes one byte between the options of a command. Only the first one
// may be part of the name, and only while there is no other.
func (s *scanner) option(p []byte) []byte {
	l := s.cmd.current()
	switch b := p[0]; {
	case b == ' ', b == '\t', b == '\r', b == '\n', b == ',':
	case b == ']':
		s.within = inCommand
		s.afterValue()
	case b == '{' && l.options == 0:
		l.options = 1
		s.beginCommand(s.cmd.level + 1)
	default:
		// What is left of the array is skipped.
		l.options = 2
		s.within = inCommand
		s.startSkip()
		return p
	}
	return p[1:]
}

func (s *scanner) startSkip() {
	s.state, s.skipDepth, s.skipString, s.escaped = inSkip, 1, false, false
}

// afterValue goes on in the container around the value.
func (s *scanner) afterValue() {
	if s.within == inGuilds {
		s.state = inArray
	} else {
		s.state = inKeys
	}
	if s.slot == slotData {
		s.dataRead = true
	}
	s.slot = slotNone
	s.checkDone()
}

func (s *scanner) closeObject() {
	switch s.within {
	case inGuild:
		s.within, s.state = inGuilds, inArray
	case inData:
		s.within, s.state = inRoot, inKeys
	case inCommand:
		if s.cmd.level > 0 {
			s.cmd.level--
			s.within, s.state = inOptions, inArray
			return
		}
		if s.cmd.join() {
			s.pkt.Has |= HasCommand
		}
		s.within, s.slot = inData, slotData
		s.afterValue()
	default:
		s.within, s.state = inNone, inEnd
	}
}

func (s *scanner) slotOf() slot {
	if s.bad {
		return slotNone
	}
	key := s.buf[:s.nbuf]
	switch s.within {
	case inRoot:
		switch string(key) {
		case "op":
			return slotOp
		case "t":
			return slotEvent
		case "s":
			return slotSeq
		case "d":
			return slotD
		}
	case inData:
		switch string(key) {
		case "id":
			return slotID
		case "guild_id":
			return slotGuildID
		case "type":
			return slotType
		case "member_count":
			return slotMemberCount
		case "unavailable":
			return slotUnavailable
		case "guilds":
			return slotGuilds
		case "heartbeat_interval":
			return slotHeartbeatInterval
		case "data":
			return slotData
		case "token":
			return slotToken
		}
	case inGuild:
		if string(key) == "id" {
			return slotStub
		}
	case inCommand:
		switch string(key) {
		case "name":
			return slotName
		case "type":
			return slotSub // the command's own says what it is invoked on, and join leaves it
		case "options":
			if s.cmd.level < commandLevels-1 {
				return slotOptions
			}
		}
	}
	return slotNone
}

// setString stores a string value.
func (s *scanner) setString() {
	text := s.buf[:s.nbuf]
	switch s.slot {
	case slotEvent:
		s.pkt.Has |= HasEvent
		if n, ok := eventIndex[string(text)]; ok && !s.bad {
			s.pkt.Event = n
		}
	case slotID:
		s.setID(&s.pkt.ID, HasID)
	case slotGuildID:
		s.setID(&s.pkt.GuildID, HasGuildID)
	case slotToken:
		if !s.bad {
			s.pkt.Token = uint64(s.token)
		}
	case slotStub:
		var id uint64
		s.setID(&id, 0)
		switch {
		case id == 0:
		case len(s.pkt.Guilds) < MaxGuilds:
			s.pkt.Guilds = append(s.pkt.Guilds, id)
		default:
			s.pkt.Has |= CutGuilds
		}
	}
}

func (s *scanner) setID(to *uint64, has Fields) {
	if n, ok := digits(s.buf[:s.nbuf]); ok && !s.bad {
		*to = n
		s.pkt.Has |= has
	}
}

// setOther stores a number or a literal.
func (s *scanner) setOther() {
	text := s.buf[:s.nbuf]
	if s.slot == slotNone || s.bad {
		return
	}
	switch s.slot {
	case slotUnavailable:
		s.pkt.Unavailable = string(text) == "true"
		s.pkt.Has |= HasUnavailable
		return
	case slotEvent: // null, outside dispatches
		s.pkt.Has |= HasEvent
		return
	}
	n, ok := digits(text)
	if s.slot == slotOp {
		s.pkt.Op = -1
		if ok && n <= 255 {
			s.pkt.Op = int(n)
		}
		s.pkt.Has |= HasOp
		return
	}
	if !ok || n > 1<<62 {
		return
	}
	switch s.slot {
	case slotSeq:
		s.pkt.Seq = int64(n)
		s.pkt.Has |= HasSeq
	case slotType:
		s.pkt.Type = -1
		if n <= 255 {
			s.pkt.Type = int(n)
		}
		s.pkt.Has |= HasType
	case slotMemberCount:
		s.pkt.MemberCount = int64(n)
		s.pkt.Has |= HasMemberCount
	case slotHeartbeatInterval:
		s.pkt.HeartbeatInterval = int64(n)
		s.pkt.Has |= HasHeartbeatInterval
	case slotSub:
		s.cmd.current().sub = n == optionSubCommand || n == optionSubCommandGroup
	}
}

// checkDone ends the scan when what is known is enough.
func (s *scanner) checkDone() {
	if s.pkt.Has&HasOp == 0 {
		return
	}
	switch s.pkt.Op {
	case OpDispatch:
	case OpHello:
		s.done = s.pkt.Has&HasHeartbeatInterval != 0
		return
	default:
		s.done = true
		return
	}
	const envelope = HasEvent | HasSeq
	if s.pkt.Has&envelope == envelope {
		need := needs[s.pkt.Event]
		s.done = s.pkt.Has&need == need && !s.awaitsCommand()
	}
}

// awaitsCommand reports whether a dispatch has an application command that was
// not read yet.
func (s *scanner) awaitsCommand() bool {
	return s.pkt.Event == EventInteractionCreate && !s.dataRead &&
		(s.pkt.Type == typeApplicationCommand || s.pkt.Type == typeAutocomplete)
}

// digits reads a non-empty decimal number that fits.
func digits(text []byte) (uint64, bool) {
	if len(text) == 0 || len(text) > 20 {
		return 0, false
	}
	var n uint64
	for _, b := range text {
		d := uint64(b - '0')
		if d > 9 || n > (1<<64-1-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, true
}
