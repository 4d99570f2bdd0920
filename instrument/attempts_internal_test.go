package instrument

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/catalog"
)

// A script is a connection that reads what it is given, and then an error.
type script struct {
	net.Conn
	texts [][]byte
	err   error
}

func (s *script) Read(p []byte) (int, error) {
	if len(s.texts) == 0 {
		return 0, s.err
	}
	n := copy(p, s.texts[0])
	s.texts = s.texts[1:]
	return n, nil
}

func (s *script) Write(p []byte) (int, error) { return len(p), nil }
func (s *script) Close() error                { return nil }

func closeFrame(code int) []byte {
	if code == 0 {
		return discordtest.EncodeFrame(true, 8, nil)
	}
	return discordtest.EncodeFrame(true, 8, []byte{byte(code >> 8), byte(code)})
}

// TestVoiceEnds: each voice connection that was accepted ends once, with a code
// of the closed set, and nothing of it is the gateway's.
func TestVoiceEnds(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const accepted = "HTTP/1.1 101 Switching Protocols\r\n\r\n"
	for _, request := range []string{"GET / HTTP/1.1", "GET /?v=4 HTTP/1.1"} {
		f := newTapped(t, true)
		want := map[string]int{}
		before := fmt.Sprint(counted(f.inst))
		voice := func(texts [][]byte, after func(net.Conn)) {
			t.Helper()
			conn, err := tapAround(f.session).dialing("127.0.0.1:443").done(&script{texts: texts, err: errors.New("reset")}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(conn, request+"\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 1<<10)
			for range texts {
				if _, err := conn.Read(buf); err != nil {
					t.Fatal(err)
				}
			}
			if after != nil {
				after(conn)
			}
			_, _ = conn.Read(buf) // the error
			_ = conn.Close()
		}
		documented := catalog.VoiceCloseCodes()
		for code := range 5000 {
			// gorilla/websocket refuses the others that are left out below 3000.
			if code > 0 && code < 1000 || 1004 <= code && code <= 1006 || code > 1013 && code < 3990 || code > 4030 {
				continue
			}
			label := fmt.Sprint(code)
			switch {
			case code == 0:
				label = "1005"
			case !strings.Contains(" "+strings.Join(documented, " ")+" ", " "+label+" "):
				label = catalog.Other
			}
			want[label+" "+catalog.InitiatorDiscord]++
			// discordgo's voice gateway sends operations of other meanings, and binary ones.
			voice([][]byte{
				[]byte(accepted), textFrame(`{"op":8,"d":{"heartbeat_interval":41250}}`), textFrame(`{"op":0,"t":"READY","s":1,"d":{"guilds":[]}}`),
				discordtest.EncodeFrame(true, 2, []byte{0, 1, 25, 0, 0}), closeFrame(code),
			}, nil)
		}
		want["4006 "+catalog.InitiatorClient]++
		voice([][]byte{[]byte(accepted)}, func(c net.Conn) { _, _ = c.Write(maskedClose(4006)) })
		want["none "+catalog.InitiatorNetwork]++
		voice([][]byte{[]byte(accepted)}, nil)
		want["none "+catalog.InitiatorClient]++
		voice([][]byte{[]byte(accepted)}, func(c net.Conn) { _ = c.Close() })
		// None of these was one.
		voice(nil, nil)
		voice([][]byte{[]byte("HTTP/1.1 502 Bad Gateway\r\n\r\n")}, nil)
		voice([][]byte{[]byte("garbage\r\n\r\n"), closeFrame(4017)}, nil)

		got := map[string]int{}
		for c, code := range voiceCloseCodes {
			for n, initiator := range initiators {
				if v := f.inst.voice[c*len(initiators)+n].n.Load(); v > 0 {
					got[code+" "+initiator] = int(v)
				}
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: ended %v\nwant %v", request, got, want)
		}
		s := f.inst.shards.get(0)
		for n := range s.disconnects {
			if v := s.disconnects[n].n.Load(); v > 0 {
				t.Errorf("%d of the gateway's connections ended", v)
			}
		}
		for n := range s.attempts {
			if v := s.attempts[n].n.Load(); n != upgradeAccepted && v > 0 || n == upgradeAccepted && v != 1 {
				t.Errorf("%d attempts with the status %s", v, upgradeStatuses[n])
			}
		}
		if after := fmt.Sprint(counted(f.inst)); after != before {
			t.Errorf("%s dispatches, want %s", after, before)
		}
		if n := f.inst.faults.counts[hookTap].Load(); n != 0 {
			t.Errorf("%d faults: voice is not read", n)
		}
	}
}

func maskedClose(code int) []byte {
	return []byte{0x88, 0x82, 0, 0, 0, 0, byte(code >> 8), byte(code)}
}
