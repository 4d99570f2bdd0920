package wire

import (
	"bytes"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// An inflater reads one stream of DEFLATE, up to maxInflated. It is some 50 KB of
// windows and tables: too much to have one for each connection, when it is needed
// for a moment now and then.
type inflater struct {
	in   bytes.Reader
	r    io.ReadCloser
	left int
	out  [4 << 10]byte
}

// inflaters is a pool of them. The fuzz tests have none: given an empty Huffman
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

func newInflation() *inflater {
	return inflaters.Get().(*inflater) //nolint:errcheck // there is nothing else in it
}

// release gives the inflater back, without what it read from.
func (z *inflater) release() {
	z.in.Reset(nil)
	z.reset(&z.in)
	inflaters.Put(z)
}

// from begins a stream.
func (z *inflater) from(in flate.Reader) {
	z.reset(in)
	z.left = maxInflated
}

func (z *inflater) reset(in flate.Reader) {
	_ = z.r.(flate.Resetter).Reset(in, nil) //nolint:errcheck // flate's documentation: it always is one, and this never fails
}

// Read is an io.Reader's, and fails with ErrTooLarge at the limit.
func (z *inflater) Read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	z.left -= n
	if z.left < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}
