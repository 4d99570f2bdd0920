package sketch

import (
	"encoding/binary"
	"errors"
	"math"
)

// Accuracy is the relative error of a quantile.
const Accuracy = 0.005

const (
	factor = (1 + Accuracy) / (1 - Accuracy)
	// Values below least count as 0, and those above most as most.
	least, most = 1e-9, 1e10
)

var (
	logFactor   = math.Log(factor)
	first, last = bucket(least), bucket(most)
)

// ErrEncoding is the error of bytes that [Sketch.Append] did not make.
var ErrEncoding = errors.New("these bytes are not a sketch")

// A Sketch is a distribution of values that are not negative. The zero value is empty.
type Sketch struct {
	zeros  uint64
	offset int // the bucket of counts[0]
	counts []uint64
}

func bucket(value float64) int { return int(math.Ceil(math.Log(value) / logFactor)) }

// Add counts a value.
func (s *Sketch) Add(value float64) {
	if !(value >= least) { // NaN, too
		s.zeros++
		return
	}
	s.add(bucket(min(value, most)), 1)
}

func (s *Sketch) add(n int, count uint64) {
	switch {
	case len(s.counts) == 0:
		s.offset, s.counts = n, []uint64{0}
	case n < s.offset:
		grown := make([]uint64, s.offset-n+len(s.counts))
		copy(grown[s.offset-n:], s.counts)
		s.offset, s.counts = n, grown
	case n >= s.offset+len(s.counts):
		s.counts = append(s.counts, make([]uint64, n-s.offset-len(s.counts)+1)...)
	}
	s.counts[n-s.offset] += count
}

// Merge adds an encoded sketch. After an error a part of it may have been added.
func (s *Sketch) Merge(encoded []byte) error {
	if len(encoded) == 0 {
		return nil
	}
	next := func() (uint64, error) {
		n, size := binary.Uvarint(encoded)
		if size <= 0 {
			return 0, ErrEncoding
		}
		encoded = encoded[size:]
		return n, nil
	}
	zeros, err := next()
	if err != nil {
		return err
	}
	s.zeros += zeros
	at := first
	for len(encoded) > 0 {
		gap, err := next()
		if err != nil {
			return err
		}
		count, err := next()
		if err != nil {
			return err
		}
		if gap > uint64(last-at) { //nolint:gosec // at is at most last
			return ErrEncoding
		}
		at += int(gap) //nolint:gosec // see above
		s.add(at, count)
	}
	return nil
}

// Append appends the encoded sketch: the number of zeros, and for each bucket that is not
// empty the distance from the one before and its count. An empty sketch has no bytes.
func (s *Sketch) Append(to []byte) []byte {
	if s.Count() == 0 {
		return to
	}
	to = binary.AppendUvarint(to, s.zeros)
	at := first
	for n, count := range s.counts {
		if count == 0 {
			continue
		}
		to = binary.AppendUvarint(to, uint64(s.offset+n-at)) //nolint:gosec // buckets ascend from the first
		to = binary.AppendUvarint(to, count)
		at = s.offset + n
	}
	return to
}

// Count is the number of values.
func (s *Sketch) Count() uint64 {
	sum := s.zeros
	for _, count := range s.counts {
		sum += count
	}
	return sum
}

// Quantile returns a quantile, such as 0.95. There is none of an empty sketch.
func (s *Sketch) Quantile(q float64) (value float64, known bool) {
	count := s.Count()
	if count == 0 {
		return 0, false
	}
	rank := uint64(q * float64(count-1))
	if rank < s.zeros {
		return 0, true
	}
	before := s.zeros
	for n, count := range s.counts {
		if before += count; rank < before {
			return 2 * math.Pow(factor, float64(s.offset+n)) / (factor + 1), true
		}
	}
	return most, true
}
