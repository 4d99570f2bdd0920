package wire

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"
)

// decode is what discordgo does with a message before it dispatches it
// (Session.onEvent, the same from v0.28.1 to v0.29.1).
func decode(messageType int, message []byte) *discordgo.Event {
	var reader io.Reader = bytes.NewBuffer(message)
	if messageType == websocket.BinaryMessage {
		z, err := zlib.NewReader(reader)
		if err != nil {
			return nil
		}
		reader = z
	}
	var e *discordgo.Event
	if json.NewDecoder(reader).Decode(&e) != nil {
		return nil
	}
	return e // nil too for a null, at which discordgo panics
}

// A known is a value that tells whether it was there. As of any number or string
// the last one counts that fits, and a null changes nothing.
type known[T any] struct {
	value T
	there bool
}

func (k *known[T]) UnmarshalJSON(in []byte) error {
	var value *T
	if json.Unmarshal(in, &value) == nil && value != nil {
		k.value, k.there = *value, true
	}
	return nil // an error would end the decoding, which one of a plain field does not
}

// An array is a slice of which the last counts: of two in the same place
// encoding/json would merge the elements.
type array[T any] []T

func (a *array[T]) UnmarshalJSON(in []byte) error {
	var elements []T
	_ = json.Unmarshal(in, &elements) // as far as they fit
	*a = elements
	return nil
}

// asPacket is what a Packet has of an event, but for what only an interaction has.
func asPacket(e *discordgo.Event) Packet {
	var d struct {
		ID                known[string] `json:"id"`
		GuildID           known[string] `json:"guild_id"`
		Type              known[uint8]  `json:"type"`
		MemberCount       known[int64]  `json:"member_count"`
		Unavailable       known[bool]   `json:"unavailable"`
		HeartbeatInterval known[int64]  `json:"heartbeat_interval"`
		Guilds            array[struct {
			ID string `json:"id"`
		}] `json:"guilds"`
	}
	_ = json.Unmarshal(e.RawData, &d) // what does not fit is not there
	p := Packet{Op: -1, Event: EventIndex(e.Type), Seq: e.Sequence, Type: int(d.Type.value), Unavailable: d.Unavailable.value}
	if e.Operation >= 0 && e.Operation <= math.MaxUint8 {
		p.Op = e.Operation
	}
	mark := func(has Fields, there bool) bool {
		if there {
			p.Has |= has
		}
		return there
	}
	mark(HasType, d.Type.there)
	mark(HasUnavailable, d.Unavailable.there)
	p.ID = snowflake(d.ID.value)
	mark(HasID, p.ID != 0)
	p.GuildID = snowflake(d.GuildID.value)
	mark(HasGuildID, p.GuildID != 0)
	if n := d.MemberCount; mark(HasMemberCount, n.there && n.value >= 0 && n.value <= 1<<62) {
		p.MemberCount = n.value
	}
	if n := d.HeartbeatInterval; mark(HasHeartbeatInterval, n.there && n.value >= 0 && n.value <= 1<<62) {
		p.HeartbeatInterval = n.value
	}
	mark(HasGuilds, d.Guilds != nil)
	for _, g := range d.Guilds {
		if id := snowflake(g.ID); id != 0 {
			p.Guilds = append(p.Guilds, id)
		}
	}
	return p
}

func snowflake(id string) uint64 {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil || len(id) > 20 {
		return 0
	}
	return n
}

// compared is what the two have in common: discordgo's Event does not tell whether a
// field of the envelope was there, and an id of 0 is none.
func compared(p Packet) string {
	p.Has &^= HasOp | HasEvent | HasSeq | ofInteraction
	if p.ID == 0 {
		p.Has &^= HasID
	}
	if p.GuildID == 0 {
		p.Has &^= HasGuildID
	}
	p.Command, p.ChannelID, p.UserID, p.Origin, p.Locale, p.Context = nil, 0, 0, 0, 0, 0
	return fmt.Sprintf("%+v", p)
}

// difference compares what was read along with what discordgo makes of the same
// messages.
func difference(got []Packet, want []Packet) string {
	for n := range max(len(got), len(want)) {
		a, b := "none", "none"
		if n < len(got) {
			a = compared(got[n])
		}
		if n < len(want) {
			b = compared(want[n])
		}
		if a != b {
			return fmt.Sprintf("packet %d:\n got %s\nwant %s", n, a, b)
		}
	}
	return ""
}

// messages are such that it is easy to take them for something else than discordgo
// does.
var messages = []string{
	`{"t":"MESSAGE_CREATE","s":42,"op":0,"d":{"id":"5","content":"x"}}`,
	`{"t":"MESSAGE_CREATE","s":42,"op":0,"d":{"id":"5","content":"x"`,
	`{"t":"MESSAGE_CREATE","s":42,"op":0,`,
	`{"t":"MESSAGE_CREATE","s":42,"op":0`,
	`{"t":"MESSAGE_CREATE","s":42,"op":0}]`,
	`{"t":"MESSAGE_CREATE","s":42,"op":0}}`,
	`[{"t":"MESSAGE_CREATE","s":42,"op":0,"d":{}}]`,
	`x{"t":"MESSAGE_CREATE","s":42,"op":0,"d":{}}`,
	"\ufeff" + `{"t":"MESSAGE_CREATE","s":42,"op":0,"d":{}}`,
	"\x00" + `{"t":"MESSAGE_CREATE","s":42,"op":0,"d":{}}`,
	"\v" + `{"t":"MESSAGE_CREATE","s":42,"op":0,"d":{}}`,
	"\r\n\t " + `{"t":"MESSAGE_CREATE","s":42,"op":0,"d":{}}`,
	`5 {"t":"MESSAGE_CREATE","s":42,"op":0,"d":{}}`,
	`null{"op":0}`, `""{"op":0}`, `{}`, `null`, `true`, `7`, `"op"`, `[]`, ``, ` `,
	`{"op":"0","t":"MESSAGE_CREATE","s":42,"d":{}}`,
	`{"op":0.0,"t":"MESSAGE_CREATE","s":42}`, `{"op":0e0}`, `{"op":-0}`, `{"op":00}`, `{"op":+0}`, `{"op":.0}`, `{"op":0.}`, `{"op":-}`, `{"op":0x0}`,
	`{"op":null}`, `{"op":false}`, `{"op":{}}`, `{"op":[0]}`, `{"op":9223372036854775807}`, `{"op":9223372036854775808}`, `{"op":-9223372036854775808}`,
	`{"s":"1","op":0}`, `{"s":1.5,"op":0}`, `{"s":18446744073709551616,"op":0}`, `{"s":true,"op":0}`, `{"s":null,"op":0}`, `{"s":-1,"op":0}`,
	`{"t":5,"op":0}`, `{"t":[],"op":0}`, `{"t":null,"op":0}`, `{"t":"","op":0}`, `{"t":"READY\u0000","op":0}`, `{"t":"\u0052EADY","op":0}`, `{"t":"ready","op":0}`,
	`{"op":"x","op":0}`, `{"op":0,"op":"x"}`,
	`{"op":11,"d":null,"op":0,"t":"TYPING_START"}`, `{"op":0,"op":11}`, `{"op":11,"op":null}`, `{"t":"READY","t":"RESUMED","t":null,"op":0}`,
	`{"OP":11,"op":0}`, `{"op":0,"OP":11}`, `{"Op":7}`, `{"\u004fP":7}`, `{"\u006fp":7,"T":"READY"}`, `{"op ":7}`, `{"op\u0000":7}`,
	`{"ſ":5,"op":0}`, `{"\u017F":5,"op":0}`, `{"S":5,"op":0}`, `{"D":{"id":"5"},"op":0}`,
	`{"op":0,"d":{"GUILD_ID":"5","Member_Count":3,"guildſ":[{"ID":"7"}],"Type":2,"unavailable":true,"UNAVAILABLE":false}}`,
	`{"op":0,"d":{"id":"5","id":null,"type":2,"type":"x","type":300,"member_count":5,"member_count":-1}}`,
	`{"op":0,"d":{"id":"5","id":"x","guilds":[{"id":"1"},7,null,{"id":"2","ID":"3"}],"heartbeat_interval":1e3}}`,
	`{"op":0,"d":{"type":300,"id":7,"guild_id":"3","guilds":[{"id":1,"id":"2"}],"heartbeat_interval":"x","member_count":5}}`,
	`{"op":0,"d":{"guilds":[{"id":"1"}],"guilds":null}}`, `{"op":0,"d":{"guilds":[[{"id":"1"}],{"x":{"id":"1"}}]}}`,
	`{"d":{"id":"5"},"d":{"type":1},"op":0}`, `{"d":{"id":"5"},"D":null,"op":0}`, `{"op":0,"d":"x"}`, `{"op":0,"d":[{"id":"5"}]}`,
	`{"op":0,"x":{"op":1},"d":{"d":{"id":"3"}}}`,
	`{"op":0,}`, `{,"op":0}`, `{"op":0 "s":1}`, `{"op":0,,"s":1}`, `{"op" 0}`, `{"op"::0}`, `{op:0}`, `{'op':0}`, `{"op":0,"d":[1,]}`, `{"op":0,"d":[,1]}`, `{"op":0,"d":[1 2]}`,
	`{"op":0,"d":[}`, `{"op":0,"d":{]}`, `{"op":0,"d":tru}`, `{"op":0,"d":truee}`, `{"op":0,"d":True}`, `{"op":0,"d":nul}`, `{"op":0,"d":nil}`, `{"op":0,"d":NaN}`, `{"op":0,"d":01}`, `{"op":0,"d":1.}`, `{"op":0,"d":1e}`, `{"op":0,"d":1e+}`, `{"op":0,"d":1E-07}`, `{"op":0,"d":-}`, `{"op":0,"d":1.5.5}`,
	`{"op":0,"d":"\x"}`, `{"op":0,"d":"\u12"}`, `{"op":0,"d":"\u12g4"}`, `{"op":0,"d":"\ud83d"}`, `{"op":0,"d":"\ud83d\u0041"}`, `{"op":0,"d":"` + "\n" + `"}`, `{"op":0,"d":"` + "\x7f\xff\xc0" + `"}`, `{"op":0,"d":"` + "\x1f" + `"}`,
	`{"op":0,"` + "\t" + `":1}`, `{"op":0/**/}`, `{"op":0}//`, `{"op":0,"d":{"a":{"b":[1,{"c":"\"}"}]}}}`,
	strings.Repeat(`{"d":`, 10000) + `0` + strings.Repeat(`}`, 10000),
	strings.Repeat(`{"d":`, 10001) + `0` + strings.Repeat(`}`, 10001),
	`{"op":0,"d":` + strings.Repeat(`[`, 9999) + strings.Repeat(`]`, 9999) + `}`,
	`{"op":0,"d":` + strings.Repeat(`[`, 10000) + strings.Repeat(`]`, 10000) + `}`,
	`{"` + strings.Repeat("op", 1000) + `":1,"op":0,"s":` + strings.Repeat("0", 1000) + `}`,
	`{"op":0,"s":1` + strings.Repeat("0", 1000) + `}`,
	`{"op":0,"d":1` + strings.Repeat("0", 1000) + `}`,
	`{"op":0,"t":"` + strings.Repeat("READY", 1000) + `"}`,
}

// TestReadsAsDiscordgoDecodes: what is told is what discordgo handles, whole, in
// every piece, and in every form that a message may have.
func TestReadsAsDiscordgoDecodes(t *testing.T) {
	for _, message := range messages {
		t.Run(fmt.Sprintf("%.60q", message), func(t *testing.T) {
			var want []Packet
			if e := decode(websocket.TextMessage, []byte(message)); e != nil {
				want = []Packet{asPacket(e)}
			}
			zipped := zlibbed(message)
			ways := map[string]struct {
				head string
				in   []byte
			}{
				"text":       {upgrade, text(message)},
				"zlib":       {upgrade, frame(fin|opBinary, zipped, nil)},
				"deflate":    {upgradeDeflated, frame(fin|rsv1|opText, deflated(message), nil)},
				"both":       {upgradeDeflated, frame(fin|rsv1|opBinary, deflated(string(zipped)), nil)},
				"fragmented": {upgrade, bytes.Join([][]byte{frame(opText, []byte(message[:len(message)/2]), nil), frame(fin|opPing, nil, nil), frame(fin|opContinuation, []byte(message[len(message)/2:]), nil)}, nil)},
			}
			for _, piece := range []int{1, 3, 1 << 20} {
				for way, w := range ways {
					r := follow(Server, w.head, piece, w.in)
					if d := difference(r.packets, want); d != "" || len(r.faults) > 0 {
						t.Errorf("%s in pieces of %d: faults %v, %s", way, piece, r.faults, d)
					}
				}
			}
		})
	}
}

// FuzzDecode is given one message of any type.
func FuzzDecode(f *testing.F) {
	pool := inflaters
	inflaters = afresh{}
	f.Cleanup(func() { inflaters = pool })
	for _, message := range messages {
		f.Add([]byte(message), false, uint8(2))
	}
	f.Add(zlibbed(messages[0]), true, uint8(3))
	f.Add([]byte("\x78\xbb\x00\x00\x00\x01"+string(zlibbed(messages[0])[2:])), true, uint8(3)) // an empty dictionary
	f.Fuzz(func(t *testing.T, message []byte, binary bool, piece uint8) {
		messageType := websocket.TextMessage
		if binary {
			messageType = websocket.BinaryMessage
		}
		var want []Packet
		if e := decode(messageType, message); e != nil {
			want = []Packet{asPacket(e)}
		}
		r := run(int(piece)+1, frame(fin|byte(messageType), message, nil))
		if d := difference(r.packets, want); d != "" {
			t.Errorf("%q, binary %v: %s", message, binary, d)
		}
	})
}

// A peer is a connection on which everything has been sent before it was dialed. It
// takes what is sent to it, and answers the upgrade.
type peer struct {
	net.Conn
	extensions string
	in         []byte // behind the HTTP head
	out        io.Reader
}

func (p *peer) Write(b []byte) (int, error) {
	if p.out == nil {
		request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b)))
		if err != nil {
			return 0, err
		}
		head := upgradeTo(request, p.extensions)
		p.out = io.MultiReader(strings.NewReader(head), bytes.NewReader(p.in))
	}
	return len(b), nil
}

func (p *peer) Read(b []byte) (int, error)     { return p.out.Read(b) }
func (*peer) Close() error                     { return nil }
func (*peer) SetDeadline(time.Time) error      { return nil }
func (*peer) SetReadDeadline(time.Time) error  { return nil }
func (*peer) SetWriteDeadline(time.Time) error { return nil }

// acceptKey is the answer to a key by RFC 6455, section 4.2.2.
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func upgradeTo(request *http.Request, extensions string) string {
	head := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		acceptKey(request.Header.Get("Sec-WebSocket-Key")) + "\r\n"
	if extensions != "" {
		head += "Sec-WebSocket-Extensions: " + extensions + "\r\n"
	}
	return head + "\r\n"
}

// anyCode stands for the code of a close frame that gorilla/websocket does not tell.
const anyCode = -1

// overGorilla is what discordgo gets of the bytes behind the upgrade: events, and the
// code of a close frame or 0.
func overGorilla(tb testing.TB, in []byte, deflate bool) (packets []Packet, closed int) {
	tb.Helper()
	p := &peer{in: in}
	if deflate {
		p.extensions = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	}
	dialer := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return p, nil }}
	conn, response, err := dialer.Dial("ws://gateway/", nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer response.Body.Close()
	for {
		messageType, message, err := conn.ReadMessage()
		if err != nil {
			var end *websocket.CloseError
			if errors.As(err, &end) && end.Code != websocket.CloseAbnormalClosure { // which stands for the end of the bytes
				closed = end.Code
			}
			// A close frame that is refused ends the connection as well.
			if _, scanErr := fmt.Sscanf(err.Error(), "websocket: bad close code %d", &closed); scanErr == nil {
				return packets, closed
			}
			if strings.Contains(err.Error(), "invalid utf8 payload in close frame") {
				closed = anyCode
			}
			return packets, closed
		}
		if e := decode(messageType, message); e != nil {
			packets = append(packets, asPacket(e))
		}
	}
}

// cutOff reports whether the last frame is not whole.
func cutOff(in []byte) bool {
	for len(in) > 0 {
		if len(in) < 2 {
			return true
		}
		header, length := 2, uint64(in[1]&0x7f)
		switch length {
		case 126:
			header += 2
		case 127:
			header += 8
		}
		if len(in) < header {
			return true
		}
		switch header {
		case 4:
			length = uint64(binary.BigEndian.Uint16(in[2:]))
		case 10:
			length = binary.BigEndian.Uint64(in[2:])
		}
		if in[1]&0x80 != 0 {
			header += 4
		}
		if uint64(len(in)) < uint64(header) || uint64(len(in)-header) < length {
			return true
		}
		in = in[header+int(length):]
	}
	return false
}

// compareWithGorilla compares all that a connection's bytes are taken for.
func compareWithGorilla(t *testing.T, in []byte, deflate bool, piece int) {
	t.Helper()
	head := upgrade
	if deflate {
		head = upgradeDeflated
	}
	r := follow(Server, head, piece, in)
	want, closed := overGorilla(t, in, deflate)
	// gorilla/websocket hands out what it has inflated to its last block, although its frame
	// never ends. Here a message is told with its frame.
	if n := len(want); deflate && n == len(r.packets)+1 && cutOff(in) {
		want = want[:n-1]
	}
	if d := difference(r.packets, want); d != "" {
		t.Errorf("%q, deflate %v, in pieces of %d: %s", in, deflate, piece, d)
	}
	got := 0
	if len(r.closes) > 0 {
		got = r.closes[0]
	}
	if closed == anyCode && len(r.closes) == 1 {
		closed = got
	}
	if got != closed || len(r.closes) > 1 {
		t.Errorf("%q, deflate %v, in pieces of %d: close frames %v, want %d", in, deflate, piece, r.closes, closed)
	}
}

// connections are frames that gorilla/websocket takes, or refuses, for one reason
// each. A dispatch follows each of them.
var connections = map[string][]byte{
	"nothing":                       nil,
	"masked":                        frame(fin|opText, []byte(`{"op":0}`), []byte{1, 2, 3, 4}),
	"masked ping":                   frame(fin|opPing, []byte("x"), []byte{1, 2, 3, 4}),
	"masked by zeros":               frame(fin|opText, []byte(`{"op":0}`), []byte{0, 0, 0, 0}),
	"RSV1":                          frame(fin|rsv1|opText, deflated(`{"op":0}`), nil),
	"RSV1, not compressed":          frame(fin|rsv1|opText, []byte(`{"op":0}`), nil),
	"RSV1, binary":                  frame(fin|rsv1|opBinary, deflated(string(zlibbed(`{"op":0}`))), nil),
	"RSV1, binary, no zlib":         frame(fin|rsv1|opBinary, deflated(`{"op":0}`), nil),
	"RSV1, empty":                   frame(fin|rsv1|opText, nil, nil),
	"RSV1, damaged behind":          frame(fin|rsv1|opText, append(deflated(`{"op":0}`), 0xff, 0xff, 0xff), nil),
	"RSV1, a last block, and more":  frame(fin|rsv1|opText, append([]byte("\x01\x08\x00\xf7\xff"+`{"op":0}`), 0xff, 0xff), nil),
	"RSV1 on a ping":                frame(fin|rsv1|opPing, []byte("x"), nil),
	"RSV1 on a close":               frame(fin|rsv1|opClose, []byte{3, 232}, nil),
	"RSV1 on a continuation":        append(frame(opText, []byte(`{"op"`), nil), frame(fin|rsv1|opContinuation, []byte(`:0}`), nil)...),
	"RSV2":                          frame(fin|0x20|opText, []byte(`{"op":0}`), nil),
	"RSV3":                          frame(fin|0x10|opText, []byte(`{"op":0}`), nil),
	"opcode 3":                      frame(fin|3, []byte(`{"op":0}`), nil),
	"opcode 11":                     frame(fin|0xB, nil, nil),
	"continuation first":            frame(fin|opContinuation, []byte(`{"op":0}`), nil),
	"text in a text":                append(frame(opText, []byte(`{"op"`), nil), text(`{"op":0}`)...),
	"fragments":                     bytes.Join([][]byte{frame(opText, []byte(`{"op"`), nil), frame(fin|opPing, []byte("x"), nil), frame(opContinuation, nil, nil), frame(fin|opPong, nil, nil), frame(fin|opContinuation, []byte(`:7}`), nil)}, nil),
	"fragments, not ended":          frame(opText, []byte(`{"op":0}`), nil),
	"close in a message":            append(frame(opText, []byte(`{"op":0}`), nil), frame(fin|opClose, []byte{0x0f, 0xa4}, nil)...),
	"fragmented ping":               frame(opPing, nil, nil),
	"ping of 126":                   frame(fin|opPing, make([]byte, 126), nil),
	"ping of 5, long form":          append([]byte{fin | opPing, 126, 0, 5}, "hello"...),
	"text, long form":               append([]byte{fin | opText, 126, 0, 8}, `{"op":0}`...),
	"text, longest form":            append([]byte{fin | opText, 127, 0, 0, 0, 0, 0, 0, 0, 8}, `{"op":0}`...),
	"text of 2^63":                  append([]byte{fin | opText, 127, 0x80, 0, 0, 0, 0, 0, 0, 8}, `{"op":0}`...),
	"text of 2^63-1":                append([]byte{fin | opText, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, `{"op":0}`...),
	"empty text":                    frame(fin|opText, nil, nil),
	"empty binary":                  frame(fin|opBinary, nil, nil),
	"text that is not UTF-8":        text("{\"op\":0,\"x\":\"\xff\"}"),
	"binary that is not compressed": frame(fin|opBinary, []byte(`{"op":0}`), nil),
	"zlib in a text":                frame(fin|opText, zlibbed(`{"op":0}`), nil),
	"zlib, wrong checksum":          frame(fin|opBinary, append(zlibbed(`{"op":0}`)[:len(zlibbed(`{"op":0}`))-1], 0), nil),
	"zlib, no checksum":             frame(fin|opBinary, zlibbed(`{"op":0}`)[:len(zlibbed(`{"op":0}`))-4], nil),
	"zlib, cut off":                 frame(fin|opBinary, zlibbed(`{"op":0}`)[:len(zlibbed(`{"op":0}`))-8], nil),
	"zlib, wrong check of header":   frame(fin|opBinary, append([]byte{0x78, 0x9d}, zlibbed(`{"op":0}`)[2:]...), nil),
	"zlib, window too large":        frame(fin|opBinary, append([]byte{0x88, 0x1c}, zlibbed(`{"op":0}`)[2:]...), nil),
	"zlib, dictionary":              frame(fin|opBinary, append([]byte{0x78, 0xbb, 1, 2, 3, 4}, zlibbed(`{"op":0}`)[2:]...), nil),
	"zlib, empty dictionary":        frame(fin|opBinary, append([]byte{0x78, 0xbb, 0, 0, 0, 1}, zlibbed(`{"op":0}`)[2:]...), nil),
	"zlib, two objects":             frame(fin|opBinary, zlibbed(`{"op":0}{"op":7}`), nil),
	"zlib, two streams":             frame(fin|opBinary, append(zlibbed(`{"op":0`), zlibbed(`}`)...), nil),
	"close":                         frame(fin|opClose, []byte{3, 232, 'x'}, nil),
	"close, no code":                frame(fin|opClose, nil, nil),
	"close, half a code":            frame(fin|opClose, []byte{3}, nil),
	"close, reason not UTF-8":       frame(fin|opClose, []byte{3, 232, 0xff}, nil),
	"close, fragmented":             frame(opClose, []byte{3, 232}, nil),
	"close, longest":                frame(fin|opClose, append([]byte{0x0f, 0xa4}, make([]byte, 123)...), nil),
}

// TestFramesAreReadAsByGorilla: what comes behind a frame that gorilla/websocket
// refuses does not reach discordgo, and is not told.
func TestFramesAreReadAsByGorilla(t *testing.T) {
	const dispatch = `{"op":0,"t":"TYPING_START","s":5}`
	for code := range 5001 {
		if code >= 998 && code <= 1017 || code%500 < 2 || code%500 > 498 {
			connections[fmt.Sprintf("close %d", code)] = frame(fin|opClose, []byte{byte(code >> 8), byte(code)}, nil)
		}
	}
	for name, in := range connections {
		t.Run(name, func(t *testing.T) {
			in := bytes.Join([][]byte{text(dispatch), in, text(dispatch), frame(fin|opBinary, zlibbed(dispatch), nil)}, nil)
			for _, piece := range []int{1, 2, 5, 1 << 20} {
				compareWithGorilla(t, in, false, piece)
				compareWithGorilla(t, in, true, piece)
			}
		})
	}
}

// FuzzConnection is given all that comes behind the upgrade.
func FuzzConnection(f *testing.F) {
	pool := inflaters
	inflaters = afresh{}
	f.Cleanup(func() { inflaters = pool })
	for _, in := range connections {
		f.Add(append(in, text(messages[0])...), false, uint8(3))
		f.Add(append(in, text(messages[0])...), true, uint8(200))
	}
	f.Fuzz(func(t *testing.T, in []byte, deflate bool, piece uint8) {
		compareWithGorilla(t, in, deflate, int(piece)+1)
	})
}

// TestExtensions: whether messages may be compressed is taken from the head as
// gorilla/websocket takes it.
func TestExtensions(t *testing.T) {
	const parameters = "; server_no_context_takeover; client_no_context_takeover"
	in := frame(fin|rsv1|opText, deflated(`{"op":7}`), nil)
	for _, extensions := range []string{
		"", "permessage-deflate" + parameters, "x, permessage-deflate" + parameters, "x; y=z ,permessage-deflate" + parameters,
		`x; y="permessage-deflate"`, `x; y=", permessage-deflate"`, "x; permessage-deflate", "permessage-deflated", "x-permessage-deflate",
		"PERMESSAGE-DEFLATE" + parameters, "x\r\nsec-websocket-EXTENSIONS:permessage-deflate" + parameters, "x\r\nX-Sec-WebSocket-Extensions: permessage-deflate" + parameters,
	} {
		p := &peer{extensions: extensions, in: in}
		dialer := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return p, nil }}
		conn, response, err := dialer.Dial("ws://gateway/", nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		_, _, err = conn.ReadMessage()
		r := follow(Server, upgradeTo(&http.Request{}, extensions), 3, in)
		if got := len(r.packets) == 1; got != (err == nil) {
			t.Errorf("%q: packets %+v, but gorilla: %v", extensions, r.packets, err)
		}
	}
}
