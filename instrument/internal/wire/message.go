package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"github.com/klauspost/compress/flate"
)

const (
	// What a compressed message may hold to be read.
	maxCompressed = 8 << 20
	// A buffer that grew larger than this is not kept.
	keepBuffer = 16 << 10
)

// maxInflated is how far one is inflated. Discord's largest are the GUILD_CREATEs
// of large guilds, of some megabytes. discordgo has no limit: it goes on for as long
// as what comes is JSON, and holds all of it. It is a variable for the tests' sake.
var maxInflated = 64 << 20

// A message is the one that is being received. It is fed in the clear.
type message struct {
	scan scanner

	// Compressed messages are collected. zlib is a binary message of Discord's
	// payload compression, deflate one of permessage-deflate, which may be both.
	zlib, deflate bool
	tooLarge      bool
	buf           []byte
}

func (m *message) start(binary, deflated bool) {
	m.scan.reset()
	m.zlib, m.deflate = binary, deflated
	m.tooLarge = false
	m.buf = m.buf[:0]
}

func (m *message) compressed() bool { return m.zlib || m.deflate }

// done reports whether the rest of the message can be skipped.
func (m *message) done() bool { return m.scan.done() || m.tooLarge }

func (m *message) feed(p []byte) {
	switch {
	case !m.compressed():
		m.scan.feed(p)
	case len(m.buf)+len(p) > maxCompressed:
		m.tooLarge = true
		m.buf = nil
	default:
		m.buf = append(m.buf, p...)
	}
}

// end returns the packet, or nil if the message is none.
func (m *message) end() (*Packet, error) {
	var err error
	switch {
	case m.tooLarge:
		return nil, ErrTooLarge
	case m.compressed():
		err = m.inflate()
	}
	if cap(m.buf) > keepBuffer {
		m.buf = nil
	}
	return m.scan.end(), err
}

// deflateTail is what a sender of permessage-deflate leaves out (RFC 7692, section
// 7.2.1), and a last block, which gorilla/websocket puts behind it.
const deflateTail = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"

// inflate scans what has been collected.
func (m *message) inflate() error {
	z := newInflation()
	defer z.release()
	if !m.deflate {
		z.in.Reset(m.buf)
		return m.inflateZlib(z, &z.in)
	}
	m.buf = append(m.buf, deflateTail...)
	z.in.Reset(m.buf)
	z.from(&z.in)
	if !m.zlib {
		return m.drain(z, m.scan.feed)
	}
	inner := newInflation()
	defer inner.release()
	err := m.inflateZlib(inner, bufio.NewReader(z))
	// gorilla/websocket reads a message to its end before discordgo looks at it.
	if broken := m.drain(z, func([]byte) {}); broken != nil {
		return broken
	}
	return err
}

// drain reads a message of permessage-deflate to its end, without which discordgo
// does not see it.
func (m *message) drain(z *inflater, use func([]byte)) error {
	for {
		n, err := z.Read(z.out[:])
		use(z.out[:n])
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, ErrTooLarge):
			m.scan.state = failed
			return err
		case err != nil:
			m.scan.state = failed
			return ErrDeflate
		}
	}
}

// inflateZlib scans a stream of zlib as far as discordgo reads it: to the end of the
// object. So the checksum behind it does not matter.
func (m *message) inflateZlib(z *inflater, in flate.Reader) error {
	if !zlibHeader(in, z.out[:4]) {
		return ErrInflate
	}
	z.from(in)
	for !m.scan.done() {
		n, err := z.Read(z.out[:])
		m.scan.feed(z.out[:n])
		switch {
		case m.scan.done(), err == nil:
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, ErrTooLarge):
			return err
		default:
			return ErrInflate
		}
	}
	return nil
}

// zlibHeader reads the header of RFC 1950 into four bytes, as compress/zlib does: of
// preset dictionaries it takes the empty one.
func zlibHeader(in io.Reader, h []byte) bool {
	const emptyDictionary = 1
	if _, err := io.ReadFull(in, h[:2]); err != nil {
		return false
	}
	if h[0]&0x0F != 8 || h[0]>>4 > 7 || binary.BigEndian.Uint16(h)%31 != 0 {
		return false
	}
	if h[1]&0x20 == 0 {
		return true
	}
	_, err := io.ReadFull(in, h)
	return err == nil && binary.BigEndian.Uint32(h) == emptyDictionary
}
