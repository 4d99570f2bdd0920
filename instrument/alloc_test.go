package instrument

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/bwmarrin/discordgo"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/argus-dgo/argus/discordtest"
)

// replay is a connection that gives the same bytes again and again.
type replay struct {
	net.Conn
	bytes []byte
}

func (r *replay) Read(p []byte) (int, error)  { return copy(p, r.bytes), nil }
func (r *replay) Write(p []byte) (int, error) { return len(p), nil }
func (r *replay) Close() error                { return nil }

func textFrame(payload string) []byte {
	return discordtest.EncodeFrame(true, 1, []byte(payload))
}

// TestNoAllocationsForADispatch: from the bytes of the socket to the cell of
// the counter, and what the guilds and interactions keep.
func TestNoAllocationsForADispatch(t *testing.T) {
	inst, err := New(WithMeterProvider(sdkmetric.NewMeterProvider()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = inst.Close() }()
	s, err := discordgo.New("Bot x")
	if err != nil {
		t.Fatal(err)
	}
	detach, err := inst.Attach(s)
	if err != nil {
		t.Fatal(err)
	}
	defer detach()
	conn := &replay{}
	listened, err := tapAround(s).listen(conn, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(listened, "GET /?v=9&encoding=json HTTP/1.1\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 16<<10)
	feed := func(b []byte) {
		conn.bytes = b
		if _, err := listened.Read(buf); err != nil {
			t.Fatal(err)
		}
	}
	feed([]byte("HTTP/1.1 101 Switching Protocols\r\n\r\n"))
	feed(textFrame(`{"t":"READY","s":1,"op":0,"d":{"guilds":[{"id":"7","unavailable":true}]}}`))
	feed(textFrame(`{"t":"GUILD_CREATE","s":2,"op":0,"d":{"id":"7","member_count":5}}`))

	for name, frame := range map[string][]byte{
		"message":     textFrame(`{"t":"MESSAGE_CREATE","s":3,"op":0,"d":{"content":"` + strings.Repeat("x", 1000) + `"}}`),
		"unknown":     textFrame(`{"t":"OF_TOMORROW","s":3,"op":0,"d":{"id":"1"}}`),
		"interaction": textFrame(`{"t":"INTERACTION_CREATE","s":3,"op":0,"d":{"id":"1144","type":2}}`),
		"member":      textFrame(`{"t":"GUILD_MEMBER_ADD","s":3,"op":0,"d":{"guild_id":"7"}}`),
		"guild":       textFrame(`{"t":"GUILD_CREATE","s":3,"op":0,"d":{"id":"7","member_count":5}}`),
		"heartbeat":   textFrame(`{"op":11}`),
	} {
		before := counted(inst)
		if got := testing.AllocsPerRun(100, func() { feed(frame) }); got != 0 {
			t.Errorf("%s: %v allocations, want 0", name, got)
		}
		want := uint64(101) // AllocsPerRun makes one run more
		if name == "heartbeat" {
			want = 0
		}
		if got := counted(inst) - before; got != want {
			t.Errorf("%s: %d dispatches counted, want %d", name, got, want)
		}
	}
}

func counted(i *Instrumentation) (n uint64) {
	for e := range i.events {
		n += i.events[e].n.Load()
	}
	return n
}

// tapAround finds the tap of a session, idle or not.
func tapAround(s *discordgo.Session) *tap { return s.Client.Transport.(*transport).tap }
