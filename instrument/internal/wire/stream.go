package wire

import (
	"errors"
	"math"
)

// A Sink is told what a Stream finds. The methods are called from within Feed,
// one at a time.
type Sink interface {
	// Head is given the first line of an HTTP head, cut at 512 bytes and
	// without its line break, and says how to go on. The bytes are valid only
	// during the call.
	Head(line []byte) Next
	// Packet is given each complete message that is a gateway packet. It is
	// valid only during the call.
	Packet(p *Packet)
	// Close is given the code of a close frame, 1005 (RFC 6455) if it has none.
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
	ErrProtocol = errors.New("wire: bytes that are not WebSocket frames")
	ErrInflate  = errors.New("wire: a compressed message that cannot be inflated")
	ErrTooLarge = errors.New("wire: a compressed message that is too large to be read along")
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
	maxLine    = 512 // of an HTTP head's first line, as far as it is kept
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
	phase phase

	// The HTTP head.
	line    [maxLine]byte
	nline   int
	lineEnd bool
	nhead   int
	tail    uint32 // the last four bytes seen

	// The current frame.
	header  [14]byte
	nheader int
	left    uint64
	opcode  byte
	fin     bool
	masked  bool
	mask    [4]byte
	maskPos int
	status  [2]byte
	nstatus int

	// The current message: one data frame and its continuations.
	open bool
	msg  message

	scratch [256]byte
}

// Reset makes the stream ready for the first byte of a connection.
func (s *Stream) Reset(sink Sink) {
	*s = Stream{sink: sink}
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
	const end = 0x0D0A0D0A // CR LF CR LF
	for n, b := range p {
		s.nhead++
		switch {
		case s.lineEnd:
		case b == '\r' || b == '\n':
			s.lineEnd = true
		case s.nline < maxLine:
			s.line[s.nline] = b
			s.nline++
		}
		s.tail = s.tail<<8 | uint32(b)
		if s.tail == end {
			switch s.sink.Head(s.line[:s.nline]) {
			case Frames:
				s.phase = phaseHeader
			case AnotherHead:
			default:
				s.Stop()
			}
			s.nline, s.nhead, s.lineEnd, s.tail = 0, 0, false, 0
			return p[n+1:]
		}
		if s.nhead > maxHead {
			s.fail(ErrProtocol)
			return nil
		}
	}
	return nil
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
	deflated := h[0]&0x40 != 0 // RSV1: permessage-deflate, RFC 7692
	s.opcode = h[0] & 0x0F
	s.masked = h[1]&0x80 != 0
	rest := h[2:]
	switch length := h[1] & 0x7F; length {
	case 126:
		s.left = uint64(rest[0])<<8 | uint64(rest[1])
		rest = rest[2:]
	case 127:
		s.left = 0
		for _, b := range rest[:8] {
			s.left = s.left<<8 | uint64(b)
		}
		rest = rest[8:]
	default:
		s.left = uint64(length)
	}
	if s.masked {
		copy(s.mask[:], rest)
		s.maskPos = 0
	}
	if h[0]&0x30 != 0 || s.left > math.MaxInt64 {
		return false
	}
	switch s.opcode {
	case opText, opBinary:
		if s.open {
			return false
		}
		s.open = true
		s.msg.start(s.opcode == opBinary, deflated)
	case opContinuation:
		if !s.open || deflated {
			return false
		}
	case opClose, opPing, opPong:
		if !s.fin || deflated || s.left > maxControl {
			return false
		}
		s.nstatus = 0
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
			s.nstatus += copy(s.status[s.nstatus:], plain)
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
		code := noStatus
		if s.nstatus == len(s.status) {
			code = int(s.status[0])<<8 | int(s.status[1])
		}
		s.sink.Close(code)
		return
	case opPing, opPong:
		return
	}
	if !s.fin {
		return
	}
	s.open = false
	packet, err := s.msg.end()
	if err != nil {
		s.sink.Fault(err)
	}
	if packet != nil {
		s.sink.Packet(packet)
	}
}
