package wire

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

const (
	// A compressed message is tried when this much of it is there: enough for
	// the code tables and the first fields.
	firstTry = 4 << 10
	// What a compressed message may hold, compressed, to be read further than
	// that. Discord's largest are the GUILD_CREATEs of large guilds.
	maxCompressed = 8 << 20
	// A buffer that grew larger than this is not kept.
	keepBuffer = 16 << 10
)

// A message is the one that is being received. It is fed in the clear.
type message struct {
	scan scanner

	// Compressed messages are collected: zlib is a binary message of
	// Discord's payload compression, deflate one of permessage-deflate.
	zlib, deflate bool
	tried         bool
	tooLarge      bool
	buf           []byte
}

func (m *message) start(binary, deflated bool) {
	m.scan.reset()
	m.zlib, m.deflate = binary && !deflated, deflated
	m.tried, m.tooLarge = false, false
	m.buf = m.buf[:0]
}

func (m *message) compressed() bool { return m.zlib || m.deflate }

// done reports whether the rest of the message can be skipped.
func (m *message) done() bool { return m.scan.done || m.tooLarge }

func (m *message) feed(p []byte) {
	if !m.compressed() {
		m.scan.feed(p)
		return
	}
	if len(m.buf)+len(p) > maxCompressed {
		m.tooLarge = true
		m.buf = nil
		return
	}
	m.buf = append(m.buf, p...)
	if !m.tried && len(m.buf) >= firstTry {
		m.tried = true
		// Here the input may end early: what follows decides.
		_ = m.inflate()
		if !m.scan.done {
			m.scan.reset()
		}
	}
}

// end returns the packet, or nil if the message is none.
func (m *message) end() (*Packet, error) {
	var err error
	switch {
	case m.tooLarge:
		return nil, ErrTooLarge
	case m.compressed() && !m.scan.done:
		err = m.inflate()
	}
	if cap(m.buf) > keepBuffer {
		m.buf = nil
	}
	if err != nil && !m.scan.done {
		return nil, err
	}
	return m.scan.end(), nil
}

// An inflater is some 50 KB of windows and tables: too much to have one for
// each connection, when it is needed for a moment now and then.
type inflater struct {
	in  bytes.Reader
	r   io.ReadCloser
	out [4 << 10]byte
}

// inflaters is a pool of them. The fuzz test has none: given an empty Huffman
// tree, which is malformed, a reader of klauspost/compress v1.20.3 goes by a table
// of what it read before. Nothing that discordgo accepts has one.
var inflaters interface {
	Get() any
	Put(any)
} = &sync.Pool{New: newInflater}

func newInflater() any {
	z := &inflater{}
	z.r = flate.NewReader(&z.in)
	return z
}

func (z *inflater) reset() error {
	return z.r.(flate.Resetter).Reset(&z.in, nil) //nolint:errcheck // flate's documentation: it always is one
}

// inflate scans what has been collected, from its beginning.
func (m *message) inflate() error {
	in := m.buf
	if m.zlib {
		// RFC 1950: CMF and FLG, without a preset dictionary. The checksum at
		// the end is left to discordgo.
		if len(in) < 2 || in[0]&0x0F != 8 || in[1]&0x20 != 0 {
			return ErrInflate
		}
		in = in[2:]
	}
	z := inflaters.Get().(*inflater) //nolint:errcheck // there is nothing else in it
	defer func() {
		z.in.Reset(nil)
		inflaters.Put(z)
	}()
	z.in.Reset(in)
	if err := z.reset(); err != nil {
		return ErrInflate
	}
	for !m.scan.done {
		n, err := z.r.Read(z.out[:])
		m.scan.feed(z.out[:n])
		switch {
		case err == nil:
		case errors.Is(err, io.EOF), m.deflate && errors.Is(err, io.ErrUnexpectedEOF): // RFC 7692 leaves the last block open
			return nil
		default:
			return ErrInflate
		}
	}
	return nil
}
