package wire

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// bomb compresses head, and then filler again and again up to some size.
func bomb(t *testing.T, way, head, filler string, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	var w interface {
		io.WriteCloser
		Reset(io.Writer)
	} = zlibWriter
	if way == "deflate" {
		w = flateWriter
	}
	w.Reset(&b)
	filler = strings.Repeat(filler, 1<<14/len(filler))
	if _, err := io.WriteString(w, head); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < size; n += len(filler) {
		if _, err := io.WriteString(w, filler); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestInflationIsBounded: a message is inflated as far as it can become a packet, and
// up to a limit. Counted is what was inflated, so that the test depends on no clock.
func TestInflationIsBounded(t *testing.T) {
	limit := maxInflated
	maxInflated = 1 << 18
	defer func() { maxInflated = limit }()
	huge := 4 * maxInflated
	tests := map[string]struct {
		head, filler string
		most         int   // bytes that may be inflated
		want         error // a fault that is told
	}{
		"no JSON":                         {"", "x", 8 << 10, nil},
		"zeros":                           {"", "\x00", 8 << 10, nil},
		"an array":                        {"[", "1,", 8 << 10, nil},
		"a string":                        {`"`, "x", 8 << 10, nil},
		"a number":                        {"", "7", 8 << 10, nil},
		"an operation that is a string":   {`{"op":"`, "x", 8 << 10, nil},
		"an operation that is an array":   {`{"op":`, "[", 8 << 10, nil},
		"containers, deeper than is read": {`{"d":`, "[", 64 << 10, nil},
		"objects, deeper than is read":    {`{"d":`, `{"d":`, 64 << 10, nil},
		"behind the object":               {`{"op":0}`, "x", 8 << 10, nil},
		"white space":                     {"", " \n\t\r", maxInflated, ErrTooLarge},
		"white space in the object":       {"{", " ", maxInflated, ErrTooLarge},
		"a key":                           {`{"`, "x", maxInflated, ErrTooLarge},
		"a string before the operation":   {`{"x":"`, "x", maxInflated, ErrTooLarge},
		"escapes":                         {`{"t":"`, `\u0041`, maxInflated, ErrTooLarge},
		"a number before the operation":   {`{"x":`, "7", maxInflated, ErrTooLarge},
		"the operation":                   {`{"op":`, "7", maxInflated, ErrTooLarge},
		"keys without end":                {`{"op":0`, `,"op":0`, maxInflated, ErrTooLarge},
		"guilds without end":              {`{"op":0,"t":"READY","d":{"guilds":[{}`, `,{"id":"1"}`, maxInflated, ErrTooLarge},
		"options without end":             {`{"op":0,"t":"INTERACTION_CREATE","d":{"data":{"options":[{}`, `,{"name":"a"}`, maxInflated, ErrTooLarge},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			counter := &counting{pool: inflaters}
			pool := inflaters
			inflaters = counter
			defer func() { inflaters = pool }()
			r := run(1<<16, frame(fin|opBinary, bomb(t, "zlib", tt.head, tt.filler, huge), nil), text(`{"op":11}`))
			if counter.inflated > tt.most+len(inflater{}.out) {
				t.Errorf("%d bytes were inflated, want at most %d", counter.inflated, tt.most)
			}
			var got error
			if len(r.faults) > 0 {
				got = r.faults[0]
			}
			if !errors.Is(got, tt.want) || len(r.faults) > 1 {
				t.Errorf("faults %v, want %v", r.faults, tt.want)
			}
			if n := len(r.packets); n == 0 || r.packets[n-1].Op != OpHeartbeatAck {
				t.Errorf("%+v, want the packet behind it", r.packets)
			}
		})
	}
	t.Run("permessage-deflate", func(t *testing.T) {
		// gorilla/websocket reads such a message to its end in any case.
		in := bomb(t, "deflate", "", "x", huge)
		r := follow(Server, upgradeDeflated, 1<<16, frame(fin|rsv1|opText, in, nil), text(`{"op":11}`))
		if len(r.faults) != 1 || !errors.Is(r.faults[0], ErrTooLarge) || len(r.packets) != 1 {
			t.Errorf("faults %v, packets %+v, want ErrTooLarge and the packet behind it", r.faults, r.packets)
		}
	})
}

// counting is a pool that counts what is inflated.
type counting struct {
	pool interface {
		Get() any
		Put(any)
	}
	inflated int
}

func (c *counting) Get() any { return c.pool.Get() }

func (c *counting) Put(z any) {
	c.inflated += maxInflated - z.(*inflater).left
	c.pool.Put(z)
}

// TestLargeMessagesAreRead: no honest frame reaches the limit.
func TestLargeMessagesAreRead(t *testing.T) {
	in := `{"t":"GUILD_CREATE","s":2,"op":0,"d":` + big(200_000) + `}`
	if len(in) < 15<<20 {
		t.Fatalf("only %d bytes", len(in))
	}
	for way, in := range map[string][]byte{"text": text(in), "zlib": frame(fin|opBinary, zlibbed(in), nil)} {
		r := run(1<<16, in)
		if len(r.faults) > 0 || len(r.packets) != 1 || r.packets[0].MemberCount != 1234 {
			t.Errorf("%s: faults %v, %d packets, want one", way, r.faults, len(r.packets))
		}
	}
}
