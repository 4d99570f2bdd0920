package instrument_test

import (
	"bytes"
	"maps"
	"sync"
	"testing"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/discordtest"
	"github.com/argus-dgo/argus/internal/catalog"
)

// TestCountsWhatDiscordgoHandles: of bytes that look like dispatches those are
// counted that reach discordgo's handlers, by the type that they have there.
// instrument/internal/wire compares many more with discordgo's decoding.
func TestCountsWhatDiscordgoHandles(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	const dispatch = `{"t":"TYPING_START","s":9,"op":0,"d":{"channel_id":"5"}}`
	text := func(message string) []byte { return discordtest.EncodeFrame(true, 1, []byte(message)) }
	withBits := func(bits byte, frame []byte) []byte {
		frame = bytes.Clone(frame)
		frame[0] |= bits
		return frame
	}
	masked := func(message string) []byte {
		frame := text(message)
		return append([]byte{frame[0], frame[1] | 0x80, 0, 0, 0, 0}, frame[2:]...)
	}
	for name, frames := range map[string][][]byte{
		"cut off":              {text(dispatch[:len(dispatch)-1]), text(dispatch[:30])},
		"not ended":            {text(dispatch + "}"), text(dispatch + "x")},
		"an array":             {text("[" + dispatch + "]")},
		"text before it":       {text("x" + dispatch), text(" \n" + dispatch), text("1" + dispatch)},
		"the operation":        {text(`{"op":"0","t":"TYPING_START","s":9,"d":{}}`), text(`{"op":0.0,"t":"TYPING_START"}`), text(`{"t":"TYPING_START","d":{}}`)},
		"the last key counts":  {text(`{"op":11,"t":"X","s":1,"d":{},"t":"TYPING_START","op":0}`), text(`{"op":0,"t":"TYPING_START","op":11}`)},
		"keys in other ways":   {text(`{"OP":0,"T":"TYPING_START","S":1,"D":{}}`), text(`{"\u006fp":0,"\u0054":"TYPING\u005fSTART","d":{}}`)},
		"no grammar":           {text(`{"op":0,"t":"TYPING_START","d":{"x":tru}}`), text(`{"op":0,"t":"TYPING_START","d":[1,]}`), text("{\"op\":0,\"t\":\"TYPING_START\",\"d\":\"\n\"}")},
		"the kind of d":        {text(`{"op":0,"t":"TYPING_START","d":[]}`), text(`{"op":0,"t":"TYPING_START"}`), text(`{"op":0,"s":1}`)},
		"masked":               {masked(dispatch), text(dispatch)},
		"RSV1, not negotiated": {withBits(0x40, text(dispatch)), text(dispatch)},
		"RSV2":                 {withBits(0x20, text(dispatch)), text(dispatch)},
		"fragments":            {discordtest.EncodeFrame(false, 1, []byte(dispatch[:9])), discordtest.EncodeFrame(true, 9, nil), discordtest.EncodeFrame(true, 0, []byte(dispatch[9:]))},
		"text in a text":       {discordtest.EncodeFrame(false, 1, []byte(dispatch[:9])), text(dispatch)},
		"an opcode of none":    {discordtest.EncodeFrame(true, 3, []byte(dispatch)), text(dispatch)},
		"behind a close frame": {discordtest.EncodeFrame(true, 8, []byte{0x0f, 0xa0}), text(dispatch)},
		"no close code":        {discordtest.EncodeFrame(true, 8, []byte{0, 5}), text(dispatch)},
		"not compressed":       {discordtest.EncodeFrame(true, 2, []byte(dispatch)), text(dispatch)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, servers(discordtest.WithGuilds(1)))
			s := b.session(0, 1)
			s.SyncEvents, s.ShouldReconnectOnError = true, false
			b.attach(s)
			var mu sync.Mutex
			handled := map[string]float64{}
			over := make(chan struct{})
			s.AddHandler(func(_ *discordgo.Session, e *discordgo.Event) {
				event := e.Type
				if _, known := catalogEvents[event]; !known {
					event = catalog.Unknown
				}
				mu.Lock()
				defer mu.Unlock()
				handled["discord.gateway.events{event="+event+"}"]++
				if e.Type == "OVER" {
					close(over)
				}
			})
			conn := b.open(s)
			if err := conn.WaitGuilds(b.context()); err != nil {
				t.Fatal(err)
			}
			if err := conn.WriteBytes(append(bytes.Join(frames, nil), text(`{"op":0,"t":"OVER","s":10,"d":{}}`)...)); err != nil {
				t.Fatal(err)
			}
			select {
			case <-over:
			case <-conn.Done():
			case <-b.context().Done():
				t.Fatal("neither did the last event come nor did the connection end")
			}
			b.await("what discordgo handled", func(r reading) bool {
				mu.Lock()
				defer mu.Unlock()
				got := r.with("discord.gateway.events")
				maps.DeleteFunc(got, func(_ string, n float64) bool { return n == 0 })
				return maps.Equal(got, handled)
			})
		})
	}
}

var catalogEvents = func() map[string]bool {
	events := map[string]bool{}
	for _, event := range catalog.Events() {
		events[event] = true
	}
	return events
}()
