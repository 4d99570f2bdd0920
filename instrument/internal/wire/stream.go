package wire

import (
	"encoding/binary"
	"errors"
	"math"
)

// A Sink is told what a Stream finds. The methods are called from within Feed,
// one at a time.
type Sink interface {
	// Head is given the first line of an HTTP head, cut at 512 bytes and
	// without its line break, when the head has ended, and says how to go on. The
	// bytes are valid only during the call.
	Head(line []byte) Next
	// Packet is given each complete message that is a gateway packet. It is
	// valid only during the call.
	Packet(p *Packet)
	// Close is given the code of a close frame, 1005 (RFC 6455) if it has none.
	// Nothing follows it.
	Close(code int)
	// Fault says that the stream could not be followed any further, or that
	// one message could not be read.
	Fault(err error)
}

// Next says what follows an HTTP head.
type Next uint8

// What may follow an HTTP head.
const (
	// Ignore gives the stream up: it is not a gateway connection.
	Ignore Next = iota
	// Frames is for the head that ends the upgrade to a WebSocket.
	Frames
	// AnotherHead is for an answer before the one that matters, as a proxy
	// gives to CONNECT.
	AnotherHead
)

// Faults of a stream.
var (
	ErrProtocol = errors.New("wire: not a WebSocket frame")
	ErrInflate  = errors.New("wire: cannot decompress a message")
	ErrDeflate  = errors.New("wire: cannot decompress permessage-deflate data")
	ErrTooLarge = errors.New("wire: a compressed message exceeds the size limit")
)

// A Side is the one that sends what a Stream follows.
type Side uint8

// The sides of a connection. A server does not mask its frames, and compresses
// them only where its HTTP head says so; a client masks them. Otherwise, as in
// gorilla/websocket, they break the protocol.
const (
	Server Side = iota
	Client
)

// WebSocket opcodes of RFC 6455, section 5.2.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

// noStatus is the code that RFC 6455 reserves for a close frame without one.
const noStatus = 1005

const (
	maxLine    = 512 // of an HTTP head's line, as far as it is kept
	maxHead    = 64 << 10
	maxControl = 125 // payload of a control frame, RFC 6455 section 5.5
)

type phase uint8

const (
	phaseHead phase = iota
	phaseHeader
	phasePayload
	phaseOff
)

// A Stream follows one direction of a connection. Its zero value is not ready:
// use Reset. It must not be fed by two goroutines at once.
type Stream struct {
	sink  Sink
	side  Side
	phase phase
	head  head

	// deflates tells whether the server may set RSV1.
	deflates bool

	// The current frame.
	header   [14]byte
	nheader  int
	left     uint64
	opcode   byte
	fin      bool
	masked   bool
	mask     [4]byte
	maskPos  int
	control  [2]byte // the code of a close frame
	ncontrol int

	// The current message: one data frame and its continuations.
	open bool
	msg  message

	scratch [256]byte
}

// Reset makes the stream ready for the first byte of a connection.
func (s *Stream) Reset(sink Sink, side Side) {
	*s = Stream{sink: sink, side: side}
}

// Feed follows the next bytes of the stream. It keeps no reference to them.
func (s *Stream) Feed(p []byte) {
	for len(p) > 0 {
		switch s.phase {
		case phaseHead:
			p = s.feedHead(p)
		case phaseHeader:
			p = s.feedHeader(p)
		case phasePayload:
			p = s.feedPayload(p)
		default:
			return
		}
	}
}

// Off reports whether the stream has given up, or was told to.
func (s *Stream) Off() bool { return s.phase == phaseOff }

// Stop gives the stream up and lets go of what it holds.
func (s *Stream) Stop() {
	s.phase = phaseOff
	s.msg = message{}
}

func (s *Stream) fail(err error) {
	s.Stop()
	s.sink.Fault(err)
}

func (s *Stream) feedHead(p []byte) []byte {
	rest, end := s.head.feed(p)
	switch {
	case s.head.size > maxHead:
		s.fail(ErrProtocol)
	case end:
		next := s.sink.Head(s.head.firstLine())
		s.deflates = s.head.deflate
		s.head = head{}
		switch next {
		case Frames:
			s.phase = phaseHeader
		case AnotherHead:
		default:
			s.Stop()
		}
	}
	return rest
}

func (s *Stream) feedHeader(p []byte) []byte {
	for {
		need := s.headerLen()
		n := copy(s.header[s.nheader:need], p)
		s.nheader += n
		p = p[n:]
		if s.nheader < need {
			return nil
		}
		// Once the first two bytes are here they say how long the rest is.
		if need == s.headerLen() {
			break
		}
	}
	if !s.startFrame() {
		s.fail(ErrProtocol)
		return nil
	}
	s.nheader = 0
	s.phase = phasePayload
	if s.left == 0 {
		s.endFrame()
	}
	return p
}

// headerLen is the length of the frame's header as far as it can be told.
func (s *Stream) headerLen() int {
	if s.nheader < 2 {
		return 2
	}
	need := 2
	switch s.header[1] & 0x7F {
	case 126:
		need += 2
	case 127:
		need += 8
	}
	if s.header[1]&0x80 != 0 {
		need += 4
	}
	return need
}

func (s *Stream) startFrame() bool {
	h := s.header[:s.nheader]
	s.fin = h[0]&0x80 != 0
	rsv1 := h[0]&0x40 != 0 // permessage-deflate, RFC 7692
	s.opcode = h[0] & 0x0F
	s.masked = h[1]&0x80 != 0
	length := h[1] & 0x7F
	rest := h[2:]
	switch length {
	case 126:
		s.left = uint64(binary.BigEndian.Uint16(rest))
		rest = rest[2:]
	case 127:
		s.left = binary.BigEndian.Uint64(rest)
		rest = rest[8:]
	default:
		s.left = uint64(length)
	}
	if s.masked {
		copy(s.mask[:], rest)
		s.maskPos = 0
	}
	switch {
	case s.masked != (s.side == Client), rsv1 && s.side == Server && !s.deflates, h[0]&0x30 != 0, s.left > math.MaxInt64:
		return false
	}
	switch s.opcode {
	case opText, opBinary:
		if s.open {
			return false
		}
		s.open = true
		s.msg.start(s.opcode == opBinary, rsv1)
	case opContinuation:
		return s.open
	case opClose, opPing, opPong:
		s.ncontrol = 0
		return s.fin && length <= maxControl
	default:
		return false
	}
	return true
}

func (s *Stream) feedPayload(p []byte) []byte {
	n := len(p)
	if uint64(n) > s.left {
		n = int(s.left) //nolint:gosec // smaller than len(p)
	}
	chunk := p[:n]
	switch {
	case s.opcode == opClose:
		s.eachPlain(chunk, func(s *Stream, plain []byte) {
			s.ncontrol += copy(s.control[s.ncontrol:], plain)
		})
	case s.opcode == opPing || s.opcode == opPong || s.msg.done():
	default:
		s.eachPlain(chunk, func(s *Stream, plain []byte) { s.msg.feed(plain) })
	}
	s.left -= uint64(n)
	if s.left == 0 {
		s.endFrame()
	}
	return p[n:]
}

// eachPlain hands on the payload without its mask, in pieces where it has one.
func (s *Stream) eachPlain(p []byte, use func(*Stream, []byte)) {
	if !s.masked {
		use(s, p)
		return
	}
	for len(p) > 0 {
		n := copy(s.scratch[:], p)
		for i := range s.scratch[:n] {
			s.scratch[i] ^= s.mask[(s.maskPos+i)&3]
		}
		s.maskPos = (s.maskPos + n) & 3
		use(s, s.scratch[:n])
		p = p[n:]
	}
}

func (s *Stream) endFrame() {
	s.phase = phaseHeader
	switch s.opcode {
	case opClose:
		s.endClose()
		return
	case opPing, opPong:
		return
	}
	if !s.fin {
		return
	}
	s.open = false
	packet, err := s.msg.end()
	switch {
	case errors.Is(err, ErrDeflate): // gorilla/websocket reads no further
		s.fail(err)
	case err != nil:
		s.sink.Fault(err)
	}
	if packet != nil {
		s.sink.Packet(packet)
	}
}

// endClose takes a close frame, also one whose code or reason gorilla/websocket
// refuses, as it does 1014: it ends the connection, and Discord sent it.
func (s *Stream) endClose() {
	code := noStatus
	if s.ncontrol == len(s.control) {
		code = int(binary.BigEndian.Uint16(s.control[:]))
	}
	s.Stop()
	s.sink.Close(code)
}
