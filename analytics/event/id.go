package event

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
)

// An ID is what an event is told from all others by, however often it arrives: a UUID.
type ID [16]byte

// ParseID reads the usual form of a UUID, with hyphens.
func ParseID(text string) (id ID, err error) {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return ID{}, errID
	}
	at := 0
	for _, group := range []string{text[:8], text[9:13], text[14:18], text[19:23], text[24:]} {
		n, err := hex.Decode(id[at:], []byte(group))
		if err != nil {
			return ID{}, errID
		}
		at += n
	}
	return id, nil
}

// String returns the usual form.
func (id ID) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// IsZero reports whether there is no id.
func (id ID) IsZero() bool { return id == ID{} }

// contentID returns an id that is made of the whole event: the same event has the same one
// when it arrives again. Senders that set no log.record.uid get it.
func contentID(r *Row) (id ID) {
	h := sha256.New()
	text := func(s string) {
		_, _ = h.Write(binary.AppendUvarint(nil, uint64(len(s)))) // a hash returns no error
		_, _ = h.Write([]byte(s))
	}
	text(r.Name)
	_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(r.Time.UnixNano())))
	for _, s := range []string{r.Bot, r.Region, r.Cluster, r.Version} {
		text(s)
	}
	for _, a := range attributes {
		field := a.of(r)
		switch f := field.(type) {
		case texts:
			text(mark(f.Valid) + f.V)
		case floats:
			text(mark(f.Valid))
			_, _ = h.Write(binary.BigEndian.AppendUint64(nil, math.Float64bits(f.V)))
		case counts:
			text(mark(f.Valid))
			_, _ = h.Write(binary.BigEndian.AppendUint32(nil, f.V))
		case guilds:
			text(mark(f.Valid))
			_, _ = h.Write(binary.BigEndian.AppendUint64(nil, f.V))
		}
	}
	copy(id[:], h.Sum(nil))
	id[6] = id[6]&0x0f | 0x80 // version 8 of RFC 9562: made of what the sender has
	id[8] = id[8]&0x3f | 0x80
	return id
}

func mark(valid bool) string {
	if valid {
		return "1"
	}
	return "0"
}
