package discordtest

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"runtime"
	"strconv"
)

// The op codes of the gateway.
const (
	opDispatch       = 0
	opHeartbeat      = 1
	opIdentify       = 2
	opPresence       = 3
	opVoiceState     = 4
	opResume         = 6
	opReconnect      = 7
	opRequestMembers = 8
	opInvalidSession = 9
	opHello          = 10
	opHeartbeatAck   = 11
	opSoundboard     = 31
	opChannelInfo    = 43
)

var (
	rawNull  = json.RawMessage("null")
	rawTrue  = json.RawMessage("true")
	rawFalse = json.RawMessage("false")
)

// encode encodes the d field. Raw JSON is used unchanged, even if it is malformed.
func encode(data any) (json.RawMessage, error) {
	switch d := data.(type) {
	case nil:
		return rawNull, nil
	case json.RawMessage:
		return d, nil
	case []byte:
		return d, nil
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("discordtest: encoding a dispatch: %w", err)
	}
	return raw, nil
}

// packet builds a payload with its fields in the configured order. Discord always
// sends all four fields; s and t are null except in dispatches.
func (s *Server) packet(op int, seq int64, eventType string, d json.RawMessage) []byte {
	if len(d) == 0 {
		d = rawNull
	}
	b := make([]byte, 0, len(d)+len(eventType)+48)
	for i, f := range s.cfg.fieldOrder {
		if i == 0 {
			b = append(b, '{')
		} else {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, f...)
		b = append(b, '"', ':')
		switch f {
		case "t":
			if op == opDispatch {
				name, _ := json.Marshal(eventType) // of a string: cannot fail
				b = append(b, name...)
			} else {
				b = append(b, "null"...)
			}
		case "s":
			if op == opDispatch {
				b = strconv.AppendInt(b, seq, 10)
			} else {
				b = append(b, "null"...)
			}
		case "op":
			b = strconv.AppendInt(b, int64(op), 10)
		case "d":
			b = append(b, d...)
		}
	}
	return append(b, '}')
}

// A deflater has a megabyte of tables: too much to make one per payload, or to keep
// one for each of a thousand connections. Only one goroutine may use it at a time.
type deflater struct {
	buf bytes.Buffer
	z   *zlib.Writer
}

// idleDeflaters is shared by all servers. It is not a sync.Pool: under the race
// detector that drops one in four, and making one takes 50 ms there.
var idleDeflaters = make(chan *deflater, runtime.GOMAXPROCS(0))

func takeDeflater() *deflater {
	select {
	case d := <-idleDeflaters:
		return d
	default:
		return new(deflater)
	}
}

func (d *deflater) giveBack() {
	select {
	case idleDeflaters <- d:
	default:
	}
}

// deflate returns data as a complete zlib stream, valid until the next call.
func (d *deflater) deflate(data []byte) ([]byte, error) {
	d.buf.Reset()
	if d.z == nil {
		z, err := zlib.NewWriterLevel(&d.buf, zlib.BestSpeed)
		if err != nil {
			return nil, err
		}
		d.z = z
	} else {
		d.z.Reset(&d.buf)
	}
	if _, err := d.z.Write(data); err != nil {
		return nil, err
	}
	if err := d.z.Close(); err != nil {
		return nil, err
	}
	return d.buf.Bytes(), nil
}

// EncodeFrame builds an unmasked websocket frame, as servers send them, for
// [Conn.WriteBytes]. opcode is 0 (continuation), 1 (text), 2 (binary), 8 (close),
// 9 (ping) or 10 (pong); see RFC 6455, section 5.2.
func EncodeFrame(fin bool, opcode byte, payload []byte) []byte {
	b := make([]byte, 0, len(payload)+10)
	first := opcode & 0x0f
	if fin {
		first |= 0x80
	}
	b = append(b, first)
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n <= 0xffff:
		b = append(b, 126)
		b = binary.BigEndian.AppendUint16(b, uint16(n))
	default:
		b = append(b, 127)
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	return append(b, payload...)
}
