package wire

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/flate"
)

// record is a sink that keeps what it is told.
type record struct {
	next    Next
	heads   []string
	packets []Packet
	closes  []int
	faults  []error
}

func (r *record) Head(line []byte) Next { r.heads = append(r.heads, string(line)); return r.next }
func (r *record) Close(code int)        { r.closes = append(r.closes, code) }
func (r *record) Fault(err error)       { r.faults = append(r.faults, err) }
func (r *record) Packet(p *Packet) {
	c := *p
	c.Guilds, c.Command = slices.Clone(p.Guilds), slices.Clone(p.Command)
	r.packets = append(r.packets, c)
}

const (
	fin  = 0x80
	rsv1 = 0x40
)

// frame builds one frame; a non-nil mask makes it a client's.
func frame(first byte, payload []byte, mask []byte) []byte {
	out := []byte{first}
	bit := byte(0)
	if mask != nil {
		bit = 0x80
	}
	switch n := len(payload); {
	case n < 126:
		out = append(out, bit|byte(n))
	case n < 1<<16:
		out = binary.BigEndian.AppendUint16(append(out, bit|126), uint16(n))
	default:
		out = binary.BigEndian.AppendUint64(append(out, bit|127), uint64(n))
	}
	out = append(out, mask...)
	start := len(out)
	out = append(out, payload...)
	if mask != nil {
		for i := range payload {
			out[start+i] ^= mask[i&3]
		}
	}
	return out
}

func text(s string) []byte { return frame(fin|opText, []byte(s), nil) }

// Compressors are used again: a new one of these takes 1 MB and more, which costs the
// race detector more than all that it compresses here. No two tests run at a time.
var (
	zlibWriter, _  = zlib.NewWriterLevel(nil, zlib.BestSpeed)
	flateWriter, _ = flate.NewWriter(nil, flate.BestSpeed)
)

func zlibbed(s string) []byte {
	var b bytes.Buffer
	w := zlibWriter
	w.Reset(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.Bytes()
}

func deflated(s string) []byte {
	var b bytes.Buffer
	w := flateWriter
	w.Reset(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xFF, 0xFF}) // RFC 7692, section 7.2.1
}

// run feeds the frames of a server in pieces of the given size, after an HTTP head.
func run(piece int, frames ...[]byte) *record {
	return follow(Server, upgrade, piece, frames...)
}

const (
	upgrade         = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
	upgradeDeflated = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" +
		"sec-websocket-extensions: x; y=\", permessage-deflate\", permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n\r\n"
)

func follow(side Side, head string, piece int, frames ...[]byte) *record {
	r := &record{next: Frames}
	var s Stream
	s.Reset(r, side)
	in := append([]byte(head), bytes.Join(frames, nil)...)
	for len(in) > 0 {
		n := min(piece, len(in))
		s.Feed(in[:n])
		in = in[n:]
	}
	return r
}

// big is a guild with fields named like the envelope's in places where they
// must not be taken for it. Of more than 1,000 members each 1,000 are the same.
func big(members int) string {
	const most = 1000
	var b strings.Builder
	for i := range min(members, most) {
		fmt.Fprintf(&b, `,{"user":{"id":"%d","username":"a\"b\\{[%d","op":7},"t":"X","roles":["1","2"]}`, most+i, i)
	}
	return `{"threads":[{"id":"1","member_count":3,"type":11}],"members":[` + strings.Repeat(b.String(), (members+most-1)/most)[1:] +
		`],"id":"197038439483310086","s":99,"unavailable":false,"member_count":1234,"name":"x"}`
}

// slashCommand is the data of /permissions user get.
const slashCommand = `{"type":1,"options":[{"type":2,"options":[{"type":1,"options":[{"value":"80351110224678912","type":6,"name":"user"}],"name":"get"}],"name":"user"}],"name":"permissions","id":"771825006014889984"}`

// interaction is an INTERACTION_CREATE in Discord's order, of some 2 KB, with the
// given data.
func interaction(data string) string {
	const user = `{"username":"somebody","public_flags":0,"id":"80351110224678912","global_name":"Some Body","discriminator":"0","clan":null,"avatar":"a_269e7ac56e0dbc7a2dc7e8d2e9f5a4f1"}`
	return `{"t":"INTERACTION_CREATE","s":9,"op":0,"d":{"version":1,"type":2,"token":"` + strings.Repeat("aW50", 50) + `",` +
		`"member":{"user":` + user + `,"unusual_dm_activity_until":null,"roles":["539082325061836999"],"premium_since":null,"permissions":"2248473465835073","pending":false,"nick":null,"mute":false,"joined_at":"2017-03-13T19:19:14.040000+00:00","flags":0,"deaf":false,"communication_disabled_until":null,"avatar":null},` +
		`"locale":"en-US","id":"786008729715212338","guild_locale":"en-US","guild_id":"290926798626357999","guild":{"locale":"en-US","id":"290926798626357999","features":["NEWS","COMMUNITY"]},"entitlements":[],"entitlement_sku_ids":[],` +
		`"data":` + data + `,"context":0,"channel_id":"645027906669510667","channel":{"type":0,"topic":null,"rate_limit_per_user":0,"position":3,"permissions":"2248473465835073","parent_id":null,"nsfw":false,"name":"general","last_message_id":"1","id":"645027906669510667","guild_id":"290926798626357999","flags":0},"authorizing_integration_owners":{"0":"290926798626357999"},"attachment_size_limit":10485760,"application_id":"775799577604522054","app_permissions":"442368"}}`
}

func TestPackets(t *testing.T) {
	tests := map[string]struct {
		in   string
		want Packet
	}{
		"dispatch, Discord's order": {
			`{"t":"MESSAGE_CREATE","s":42,"op":0,"d":{"id":"5","content":"{\"op\":7}"}}`,
			Packet{Event: EventIndex("MESSAGE_CREATE"), Seq: 42, ID: 5, Has: HasOp | HasEvent | HasSeq | HasID},
		},
		"dispatch, the documentation's order": {
			`{"op":0,"d":{"guild_id":"77","user":{"id":"9"}},"s":3,"t":"GUILD_MEMBER_ADD"}`,
			Packet{Event: EventGuildMemberAdd, Seq: 3, GuildID: 77, Has: HasOp | HasEvent | HasSeq | HasGuildID},
		},
		"white space": {
			" {\n\t\"t\" : \"RESUMED\" , \"s\":7 ,\r\n\"op\": 0 , \"d\" : { } } ",
			Packet{Event: EventResumed, Seq: 7, Has: HasOp | HasEvent | HasSeq},
		},
		"unknown type": {
			`{"t":"SOMETHING_NEW","s":1,"op":0,"d":{}}`,
			Packet{Event: EventUnknown, Seq: 1, Has: HasOp | HasEvent | HasSeq},
		},
		"type longer than any": {
			`{"t":"` + strings.Repeat("READY", 50) + `","s":1,"op":0,"d":null}`,
			Packet{Event: EventUnknown, Seq: 1, Has: HasOp | HasEvent | HasSeq},
		},
		"heartbeat acknowledgement": {`{"t":null,"s":null,"op":11,"d":null}`, Packet{Op: 11, Event: EventUnknown, Has: HasOp}},
		"hello": {
			`{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250,"_trace":["[\"gateway\",{\"heartbeat_interval\":1}]"]}}`,
			Packet{Op: OpHello, Event: EventUnknown, HeartbeatInterval: 41250, Has: HasOp | HasHeartbeatInterval},
		},
		"hello, d first": {
			`{"d":{"_trace":[{"heartbeat_interval":1}],"x":{"heartbeat_interval":2},"heartbeat_interval":41250},"op":10}`,
			Packet{Op: OpHello, Event: EventUnknown, HeartbeatInterval: 41250, Has: HasOp | HasHeartbeatInterval},
		},
		"hello, interval outside d": {`{"heartbeat_interval":1,"op":10,"d":{}}`, Packet{Op: OpHello, Event: EventUnknown, Has: HasOp}},
		"hello, negative interval":  {`{"op":10,"d":{"heartbeat_interval":-1}}`, Packet{Op: OpHello, Event: EventUnknown, Has: HasOp}},
		"hello, null":               {`{"op":10,"d":null}`, Packet{Op: OpHello, Event: EventUnknown, Has: HasOp}},
		"invalid session":           {`{"op":9,"d":false}`, Packet{Op: 9, Event: EventUnknown, Has: HasOp}},
		"unknown operation":         {`{"op":12345,"d":1}`, Packet{Op: -1, Event: EventUnknown, Has: HasOp}},
		"negative operation":        {`{"op":-1,"d":1}`, Packet{Op: -1, Event: EventUnknown, Has: HasOp}},
		"empty object":              {`{}`, Packet{Event: EventUnknown}},
		"component": {
			`{"t":"INTERACTION_CREATE","s":9,"op":0,"d":{"version":1,"type":3,"token":"aW50","member":{"id":"1","type":9},"id":"1144","guild_id":"55"}}`,
			Packet{Event: EventInteractionCreate, Seq: 9, ID: 1144, Token: TokenHash("aW50"), GuildID: 55, Type: 3, Has: HasOp | HasEvent | HasSeq | HasID | HasGuildID | HasType},
		},
		"command without data": {
			`{"t":"INTERACTION_CREATE","s":9,"op":0,"d":{"version":1,"type":2,"token":"aW50","member":{"id":"1","type":9},"id":"1144","guild_id":"55"}}`,
			Packet{Event: EventInteractionCreate, Seq: 9, ID: 1144, Token: TokenHash("aW50"), GuildID: 55, Type: 2, Has: HasOp | HasEvent | HasSeq | HasID | HasGuildID | HasType},
		},
		"command": {
			`{"t":"INTERACTION_CREATE","s":9,"op":0,"d":{"type":2,"message":{"id":"3","type":4,"data":{"name":"no"}},"id":"1144","data":{"type":1,"name":"ping","id":"8"},"guild_id":"55"}}`,
			Packet{Event: EventInteractionCreate, Seq: 9, ID: 1144, GuildID: 55, Type: 2, Command: []byte("ping"), Has: HasOp | HasEvent | HasSeq | HasID | HasGuildID | HasType | HasCommand},
		},
		"data of another event": {
			`{"t":"GUILD_DELETE","s":2,"op":0,"d":{"data":{"name":"no","options":[{"type":1,"name":"no"}]},"unavailable":true,"id":"19"}}`,
			Packet{Event: EventGuildDelete, Seq: 2, ID: 19, Unavailable: true, Has: HasOp | HasEvent | HasSeq | HasID | HasUnavailable},
		},
		"guild": {
			`{"t":"GUILD_CREATE","s":2,"op":0,"d":` + big(40) + `}`,
			Packet{
				Event: EventGuildCreate, Seq: 2, ID: 197038439483310086, MemberCount: 1234,
				Has: HasOp | HasEvent | HasSeq | HasID | HasMemberCount | HasUnavailable,
			},
		},
		"outage": {
			`{"t":"GUILD_DELETE","s":2,"op":0,"d":{"unavailable":true,"id":"19"}}`,
			Packet{Event: EventGuildDelete, Seq: 2, ID: 19, Unavailable: true, Has: HasOp | HasEvent | HasSeq | HasID | HasUnavailable},
		},
		"ready": {
			`{"t":"READY","s":1,"op":0,"d":{"v":9,"user":{"id":"3","guilds":[{"id":"4"}]},"guilds":[{"unavailable":true,"id":"11"},{"id":"12","x":{"id":"13"}},7,"8",[{"id":"9"}]],"session_id":"z"}}`,
			Packet{Event: EventReady, Seq: 1, Guilds: []uint64{11, 12}, Has: HasOp | HasEvent | HasSeq | HasGuilds},
		},
		"keys in capitals, and the last counts": {
			`{"op":11,"T":"TYPING_START","S":1,"D":{"ID":"1","GUILDS":[]},"Op":0,"t":"GUILD_DELETE","\u017f":8,"d":{"Id":"18","unavailable":false,"iD":"19","Unavailable":true}}`,
			Packet{Event: EventGuildDelete, Seq: 8, ID: 19, Unavailable: true, Has: HasOp | HasEvent | HasSeq | HasID | HasUnavailable},
		},
		"null changes nothing": {
			`{"op":7,"op":null,"t":"RESUMED","t":null,"s":3,"s":null,"d":{"id":"4"},"d":null}`,
			Packet{Op: OpReconnect, Event: EventResumed, Seq: 3, Has: HasOp | HasEvent | HasSeq},
		},
		"escapes": {
			`{"\u006f\u0050":7,"\u0074":"RESUM\u0045D","op":0,"\/d":5}`,
			Packet{Event: EventResumed, Has: HasOp | HasEvent},
		},
		"sequence below 0": {
			`{"op":0,"s":-5,"op":-0,"t":"RESUMED"}`,
			Packet{Event: EventResumed, Seq: -5, Has: HasOp | HasEvent | HasSeq},
		},
		"the last data count": {
			`{"op":0,"s":1,"t":"READY","d":{"guilds":[{"id":"1"}],"guilds":[{"id":"3","id":"2"}]},"d":{"guilds":[{"id":"7"}],"guilds":[{"id":"5","Id":"6"},null,{}]}}`,
			Packet{Event: EventReady, Seq: 1, Guilds: []uint64{6}, Has: HasOp | HasEvent | HasSeq | HasGuilds},
		},
		"what follows the object": {
			`{"op":0,"s":1,"t":"RESUMED"}{"op":7}]`,
			Packet{Event: EventResumed, Seq: 1, Has: HasOp | HasEvent | HasSeq},
		},
		"not UTF-8": {
			"{\"op\":0,\"s\":1,\"t\":\"RESUMED\",\"\xff\":\"\xc3\"}",
			Packet{Event: EventResumed, Seq: 1, Has: HasOp | HasEvent | HasSeq},
		},
		"number out of range": {
			`{"t":"GUILD_MEMBER_ADD","s":9223372036854775807,"op":0,"d":{"guild_id":"99999999999999999999999","id":"5","member_count":1e3}}`,
			Packet{Event: EventGuildMemberAdd, Seq: math.MaxInt64, ID: 5, Has: HasOp | HasEvent | HasSeq | HasID},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			const ack = `{"op":11}`
			mask := []byte{1, 2, 3, 200}
			ways := map[string]struct {
				side   Side
				head   string
				frames [][]byte
			}{
				"text":       {Server, upgrade, [][]byte{text(tt.in), text(ack)}},
				"zlib":       {Server, upgrade, [][]byte{frame(fin|opBinary, zlibbed(tt.in), nil), text(ack)}},
				"deflate":    {Server, upgradeDeflated, [][]byte{frame(fin|rsv1|opText, deflated(tt.in), nil), text(ack)}},
				"both":       {Server, upgradeDeflated, [][]byte{frame(fin|rsv1|opBinary, deflated(string(zlibbed(tt.in))), nil), text(ack)}},
				"masked":     {Client, upgrade, [][]byte{frame(fin|opText, []byte(tt.in), mask), frame(fin|rsv1|opText, deflated(ack), mask)}},
				"fragmented": {Server, upgrade, [][]byte{frame(opText, []byte(tt.in[:2]), nil), frame(fin|opPing, []byte("x"), nil), frame(opContinuation, nil, nil), frame(fin|opContinuation, []byte(tt.in[2:]), nil), text(ack)}},
			}
			for name, way := range ways {
				for _, piece := range []int{1, 2, 3, 7, 64, 1 << 20} {
					r := follow(way.side, way.head, piece, way.frames...)
					if len(r.faults) > 0 || len(r.packets) != 2 {
						t.Fatalf("%s in pieces of %d: %d packets, faults %v; want 2 and none", name, piece, len(r.packets), r.faults)
					}
					if got := r.packets[0]; fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", tt.want) {
						t.Fatalf("%s in pieces of %d:\n got %+v\nwant %+v", name, piece, got, tt.want)
					}
					if r.packets[1].Op != OpHeartbeatAck {
						t.Errorf("%s in pieces of %d: the packet after it has op %d", name, piece, r.packets[1].Op)
					}
				}
			}
		})
	}
}

func TestLargeCompressedMessages(t *testing.T) {
	in := `{"t":"GUILD_CREATE","s":2,"op":0,"d":` + big(20000) + `}`
	compressed := zlibbed(in)
	for _, piece := range []int{100, 4096, 1 << 20} {
		r := run(piece, frame(fin|opBinary, compressed, nil))
		if len(r.packets) != 1 || r.packets[0].MemberCount != 1234 {
			t.Errorf("in pieces of %d: %+v, faults %v", piece, r.packets, r.faults)
		}
	}
	// One that is damaged on the way is not handled by discordgo, however much of it
	// could be read.
	for i := len(compressed) / 2; i < len(compressed); i++ {
		compressed[i] = 0xAA
	}
	r := run(4096, frame(fin|opBinary, compressed, nil))
	if len(r.packets) != 0 {
		t.Errorf("%+v, want none", r.packets)
	}
}

func TestClose(t *testing.T) {
	for _, code := range []int{1000, 1001, 1012, 4004, 4014, 4999} {
		payload := append(binary.BigEndian.AppendUint16(nil, uint16(code)), "a reason"...)
		for side, mask := range [][]byte{Server: nil, Client: {9, 8, 7, 6}} {
			for _, piece := range []int{1, 100} {
				r := follow(Side(side), upgrade, piece, frame(fin|opText, []byte(`{"op":11}`), mask), frame(fin|opClose, payload, mask), text(`{"op":11}`))
				if len(r.packets) != 1 {
					t.Errorf("close %d: %d packets, want the one before it", code, len(r.packets))
				}
				if !slices.Equal(r.closes, []int{code}) {
					t.Errorf("close %d: got %v", code, r.closes)
				}
			}
		}
	}
	if r := run(1, frame(fin|opClose, nil, nil)); !slices.Equal(r.closes, []int{1005}) {
		t.Errorf("close without a code: got %v, want 1005", r.closes)
	}
}

func TestFaults(t *testing.T) {
	huge := []byte{fin | opBinary, 127, 0, 0, 0, 0, 1, 0, 0, 0} // 16 MiB announced
	tests := map[string]struct {
		in   []byte
		want error
	}{
		"reserved opcode":      {[]byte{fin | 0x3, 0}, ErrProtocol},
		"reserved bits":        {[]byte{fin | 0x10 | opText, 0}, ErrProtocol},
		"length of 2^63":       {[]byte{fin | opText, 127, 0x80, 0, 0, 0, 0, 0, 0, 0}, ErrProtocol},
		"continuation first":   {frame(fin|opContinuation, []byte("{}"), nil), ErrProtocol},
		"text inside a text":   {append(frame(opText, []byte("{"), nil), text("{}")...), ErrProtocol},
		"long control frame":   {frame(fin|opPing, make([]byte, 126), nil), ErrProtocol},
		"fragmented control":   {frame(opClose, nil, nil), ErrProtocol},
		"not zlib":             {frame(fin|opBinary, []byte("plain"), nil), ErrInflate},
		"zlib cut short":       {frame(fin|opBinary, zlibbed(`{"op":0,"d":` + big(10) + `}`)[:60], nil), ErrInflate},
		"zlib with dictionary": {frame(fin|opBinary, []byte{0x78, 0xBB, 0, 0}, nil), ErrInflate},
		"too large":            {append(append(huge, 0x78, 0x9C), make([]byte, 16<<20-2)...), ErrTooLarge},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := run(1<<15, tt.in)
			if len(r.faults) != 1 || !errors.Is(r.faults[0], tt.want) || len(r.packets) != 0 {
				t.Errorf("faults %v and %d packets, want %v and none", r.faults, len(r.packets), tt.want)
			}
		})
	}
}

// TestMalformedMessagesAreNoPackets: what discordgo cannot decode it does not
// dispatch, so it is not counted.
func TestMalformedMessagesAreNoPackets(t *testing.T) {
	for _, in := range []string{"", " ", "null", "[]", `"op"`, `{"op"`, `{"t":"GUILD_CREATE","s":1,"op":0,"d":{"id":"5"`, "{", "\xff\xfe"} {
		r := run(3, text(in), text(`{"op":11}`))
		if len(r.packets) != 1 || r.packets[0].Op != OpHeartbeatAck || len(r.faults) != 0 {
			t.Errorf("%q: packets %+v, faults %v; want the one after it alone", in, r.packets, r.faults)
		}
	}
}

func TestHeads(t *testing.T) {
	r := &record{next: AnotherHead}
	var s Stream
	s.Reset(r, Server)
	s.Feed([]byte("HTTP/1.1 200 OK\r\nVia: x\r\n\r\nHTTP/1.1 101 "))
	r.next = Ignore
	s.Feed([]byte("Y\r\n\r\n\x81\x02{}"))
	if want := []string{"HTTP/1.1 200 OK", "HTTP/1.1 101 Y"}; !slices.Equal(r.heads, want) {
		t.Errorf("heads %q, want %q", r.heads, want)
	}
	if !s.Off() || len(r.packets) != 0 {
		t.Errorf("after Ignore the stream goes on: %+v", r.packets)
	}

	s.Reset(r, Server)
	s.Feed([]byte("GET /" + strings.Repeat("a", 2000)))
	s.Feed([]byte("\r\n\r\n"))
	if got := r.heads[len(r.heads)-1]; len(got) != maxLine {
		t.Errorf("a first line of 2,005 bytes gave %d", len(got))
	}

	s.Reset(r, Server)
	s.Feed(bytes.Repeat([]byte("x: y\r\n"), maxHead))
	if !s.Off() || !errors.Is(r.faults[0], ErrProtocol) {
		t.Errorf("an endless head was followed: %v", r.faults)
	}
}

func TestReadyIsCut(t *testing.T) {
	var b strings.Builder
	for i := range MaxGuilds + 5 {
		fmt.Fprintf(&b, `,{"id":"%d"}`, i+1)
	}
	r := run(1<<16, text(`{"t":"READY","s":1,"op":0,"d":{"guilds":[`+b.String()[1:]+`]}}`))
	if p := r.packets[0]; len(p.Guilds) != MaxGuilds || p.Has&CutGuilds == 0 {
		t.Errorf("%d guilds kept, cut %v", len(p.Guilds), p.Has&CutGuilds != 0)
	}
}

func TestScanData(t *testing.T) {
	var p Packet
	if !ScanData(&p, "GUILD_CREATE", 7, []byte(big(3))) || p.MemberCount != 1234 || p.ID != 197038439483310086 || p.Seq != 7 || p.Event != EventGuildCreate {
		t.Errorf("guild: %+v", p)
	}
	if !ScanData(&p, "READY", 1, []byte(`{"guilds":[{"id":"5"}]}`)) || !slices.Equal(p.Guilds, []uint64{5}) || p.MemberCount != 0 {
		t.Errorf("ready: %+v", p)
	}
	if !ScanData(&p, "NEW", 2, []byte(`{"id"`)) || p.Event != EventUnknown || p.Has&HasID != 0 {
		t.Errorf("an unknown type is not scanned: %+v", p)
	}
	if ScanData(&p, "GUILD_CREATE", 2, []byte(`{"id":"5","x":[`)) {
		t.Error("cut data was taken for whole")
	}
	if !ScanData(&p, "GUILD_DELETE", 2, []byte(`null`)) || p.Has&HasID != 0 {
		t.Errorf("null: %+v", p)
	}
	if !ScanData(&p, "INTERACTION_CREATE", 3, []byte(`{"type":2,"id":"7","data":`+slashCommand+`}`)) || string(p.Command) != "permissions user get" || p.Has&HasCommand == 0 || p.ID != 7 {
		t.Errorf("command: %+v", p)
	}
	first := p.Command
	if !ScanData(&p, "INTERACTION_CREATE", 3, []byte(`{"type":2,"id":"7","data":{"name":"ping"}}`)) || string(p.Command) != "ping" || &p.Command[0] != &first[0] {
		t.Errorf("the next command: %+v", p)
	}
	if !ScanData(&p, "GUILD_DELETE", 2, []byte(`{"unavailable":true,"id":"7"}`)) || len(p.Command) != 0 || p.Has&HasCommand != 0 {
		t.Errorf("an event after a command: %+v", p)
	}
	if ScanData(&p, "INTERACTION_CREATE", 3, []byte(`{"type":2,"id":"7","data":{"name":"ping","x":[]`)) || p.Has&HasCommand != 0 {
		t.Errorf("cut command: %+v", p)
	}
}

func TestNoAllocations(t *testing.T) {
	frames := map[string][]byte{
		"message":      text(`{"t":"MESSAGE_CREATE","s":42,"op":0,"d":{"content":"` + strings.Repeat("x", 1000) + `"}}`),
		"guild":        text(`{"t":"GUILD_CREATE","s":42,"op":0,"d":` + big(100) + `}`),
		"component":    text(`{"t":"INTERACTION_CREATE","s":9,"op":0,"d":{"type":3,"id":"1144","data":{"id":"1"}}}`),
		"interaction":  text(interaction(slashCommand)),
		"of a message": text(`{"t":"INTERACTION_CREATE","s":9,"op":0,"d":{"user":{"id":"1"},"message":{"interaction_metadata":{"id":"2"}},"channel":{"id":"3"},"locale":"de","authorizing_integration_owners":{"0":"4"}}}`),
		"d first":      text(`{"op":0,"d":{"data":{"options":[{"options":[{"name":"\u00fc\ud83d\ude00","type":1}],"type":2,"name":"g"}],"name":"c"},"id":"1","type":2},"s":9,"t":"INTERACTION_CREATE"}`),
		"long names":   text(interaction(`{"name":"` + strings.Repeat("x", 10000) + `","options":[{"name":"` + strings.Repeat(`\u1234`, 1000) + `"}]}`)),
		"hello":        text(`{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250,"_trace":["x"]}}`),
		"ready":        text(`{"t":"READY","s":1,"op":0,"d":{"guilds":[{"id":"5"},{"id":"6"}]}}`),
		"compressed":   frame(fin|opBinary, zlibbed(`{"t":"GUILD_UPDATE","s":42,"op":0,"d":`+big(100)+`}`), nil),
	}
	for name, in := range frames {
		t.Run(name, func(t *testing.T) {
			sink := &last{}
			var s Stream
			s.Reset(sink, Server)
			s.Feed([]byte("\r\n\r\n"))
			s.Feed(in) // the first one may make a buffer
			got := testing.AllocsPerRun(200, func() { s.Feed(in) })
			if got != 0 && (!raceDetector || name != "compressed") {
				t.Errorf("%v allocations for each frame, want 0", got)
			}
			if sink.packets != 202 {
				t.Errorf("%d packets seen, want 202", sink.packets)
			}
		})
	}
}

func TestScanDataAllocatesForNamesAlone(t *testing.T) {
	var p Packet
	for event, data := range map[string]string{
		"MESSAGE_CREATE":     `{"id":"5"}`,
		"GUILD_CREATE":       big(3),
		"INTERACTION_CREATE": `{"type":2,"id":"7","data":` + slashCommand + `}`,
	} {
		in := []byte(data)
		ScanData(&p, event, 1, in) // makes room for the name
		if got := testing.AllocsPerRun(100, func() { ScanData(&p, event, 1, in) }); got != 0 {
			t.Errorf("%s: %v allocations, want 0", event, got)
		}
	}
}

// last is a sink that allocates nothing.
type last struct{ packets int }

func (*last) Head([]byte) Next { return Frames }
func (*last) Close(int)        {}
func (*last) Fault(error)      {}
func (l *last) Packet(*Packet) { l.packets++ }

func BenchmarkFeed(b *testing.B) {
	content := strings.Repeat("x", 1000)
	for _, bb := range []struct {
		name string
		in   []byte
	}{
		{"message 1 KB", text(`{"t":"MESSAGE_CREATE","s":42,"op":0,"d":{"content":"` + content + `"}}`)},
		{"message 1 KB, op d s t", text(`{"op":0,"d":{"content":"` + content + `"},"s":42,"t":"MESSAGE_CREATE"}`)},
		{"interaction", text(interaction(slashCommand))},
		{"guild of 1,000 members", text(`{"t":"GUILD_CREATE","s":42,"op":0,"d":` + big(1000) + `}`)},
		{"guild of 1,000 members, zlib", frame(fin|opBinary, zlibbed(`{"t":"GUILD_CREATE","s":42,"op":0,"d":`+big(1000)+`}`), nil)},
		{"guild update, zlib", frame(fin|opBinary, zlibbed(`{"t":"GUILD_UPDATE","s":42,"op":0,"d":`+big(1000)+`}`), nil)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			var s Stream
			s.Reset(&last{}, Server)
			s.Feed([]byte("\r\n\r\n"))
			b.SetBytes(int64(len(bb.in)))
			b.ReportAllocs()
			for b.Loop() {
				s.Feed(bb.in)
			}
		})
	}
}

// afresh makes an inflater each time: what comes of malformed input depends on
// what an inflater that is used again has read before.
type afresh struct{}

func (afresh) Get() any { return newInflater() }
func (afresh) Put(any)  {}

func FuzzStream(f *testing.F) {
	pool := inflaters
	inflaters = afresh{}
	f.Cleanup(func() { inflaters = pool })
	f.Add(text(`{"t":"READY","s":1,"op":0,"d":{"guilds":[{"id":"5"}]}}`), uint8(3))
	f.Add(frame(fin|opBinary, zlibbed(`{"op":0,"d":`+big(3)+`}`), nil), uint8(1))
	f.Add(frame(fin|rsv1|opText, deflated(`{"op":11}`), []byte{1, 2, 3, 4}), uint8(5))
	f.Add(frame(fin|opClose, []byte{3, 232}, nil), uint8(1))
	f.Fuzz(func(t *testing.T, in []byte, piece uint8) {
		// However the bytes are cut, the same must come out.
		whole, pieces := run(1<<20, in), run(int(piece)+1, in)
		if a, b := fmt.Sprintf("%+v", whole), fmt.Sprintf("%+v", pieces); a != b {
			t.Errorf("whole:\n%s\nin pieces of %d:\n%s", a, piece+1, b)
		}
	})
}
