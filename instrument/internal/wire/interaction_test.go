package wire

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bwmarrin/discordgo"

	"github.com/argus-dgo/argus/internal/catalog"
)

// sender is what a Packet has of an interaction, but for the command.
func sender(p *Packet) string {
	return fmt.Sprintf("channel %d, user %d, guild %d, origin %d, locale %d, context %d, has %b",
		p.ChannelID, p.UserID, p.GuildID, p.Origin, p.Locale, p.Context, p.Has&ofInteraction&^HasCommand)
}

// senderReference is what encoding/json makes of the d of an interaction.
type senderReference struct {
	GuildID   known[string] `json:"guild_id"`
	ChannelID known[string] `json:"channel_id"`
	Channel   idReference   `json:"channel"`
	User      idReference   `json:"user"`
	Member    struct {
		User idReference `json:"user"`
	} `json:"member"`
	Message struct {
		Metadata    idReference `json:"interaction_metadata"`
		Interaction idReference `json:"interaction"`
	} `json:"message"`
	Locale  known[string] `json:"locale"`
	Context known[uint8]  `json:"context"`
	Owners  struct {
		Guild known[any] `json:"0"`
		User  known[any] `json:"1"`
	} `json:"authorizing_integration_owners"`
}

type idReference struct {
	ID known[string] `json:"id"`
}

func (i idReference) snowflake() uint64 { return snowflake(i.ID.value) }

func (r *senderReference) packet() *Packet {
	p := &Packet{
		GuildID:   snowflake(r.GuildID.value),
		ChannelID: cmp.Or(snowflake(r.ChannelID.value), r.Channel.snowflake()),
		UserID:    cmp.Or(r.Member.User.snowflake(), r.User.snowflake()),
		Origin:    cmp.Or(r.Message.Metadata.snowflake(), r.Message.Interaction.snowflake()),
		Context:   int(r.Context.value),
	}
	if r.Locale.value != "" {
		if p.Locale = slices.Index(catalog.Locales(), r.Locale.value); p.Locale < 0 {
			p.Locale = len(catalog.Locales()) - 1
		}
	}
	for has, there := range map[Fields]bool{
		HasChannelID: p.ChannelID != 0, HasUserID: p.UserID != 0, HasOrigin: p.Origin != 0,
		HasLocale: r.Locale.value != "", HasContext: r.Context.there, GuildInstall: r.Owners.Guild.there, UserInstall: r.Owners.User.there,
	} {
		if there {
			p.Has |= has
		}
	}
	return p
}

// compareSender compares what is read of an interaction's d with encoding/json, alone
// and in an envelope of every order.
func compareSender(t *testing.T, d string, piece int) Packet {
	t.Helper()
	var reference senderReference
	_ = json.Unmarshal([]byte(d), &reference) // what does not fit is not there
	want := sender(reference.packet())
	var p Packet
	if !ScanData(&p, "INTERACTION_CREATE", 1, []byte(d)) {
		t.Fatalf("%.300s: not well-formed", d)
	}
	if got := sender(&p); got != want {
		t.Errorf("%.300s, data alone:\n got %s\nwant %s", d, got, want)
	}
	for _, in := range []string{
		`{"t":"INTERACTION_CREATE","s":1,"op":0,"d":` + d + `}`,
		`{"op":0,"d":` + d + `,"s":1,"t":"INTERACTION_CREATE"}`,
	} {
		r := run(piece, text(in), text(`{"op":11}`))
		if len(r.packets) != 2 || len(r.faults) > 0 {
			t.Fatalf("%.300s in pieces of %d: %d packets, faults %v", in, piece, len(r.packets), r.faults)
		}
		if got := sender(&r.packets[0]); got != want {
			t.Errorf("%.300s in pieces of %d:\n got %s\nwant %s", in, piece, got, want)
		}
		if next := r.packets[1]; sender(&next) != sender(&Packet{}) {
			t.Errorf("%.300s in pieces of %d: the packet after it has %s", in, piece, sender(&next))
		}
	}
	other := run(piece, text(`{"op":0,"d":`+d+`,"t":"MESSAGE_UPDATE"}`), text(`{"t":"MESSAGE_CREATE","op":0,"d":`+d+`}`)).packets
	for _, p := range other {
		if p.GuildID = 0; sender(&p) != sender(&Packet{}) || p.Has&HasCommand != 0 || p.Command != nil {
			t.Errorf("%.300s in another event: %+v", d, p)
		}
	}
	return p
}

func TestInteraction(t *testing.T) {
	locale := func(name string) int { return slices.Index(catalog.Locales(), name) }
	tests := map[string]struct {
		d    string
		want Packet
	}{
		"Discord's own": {
			strings.TrimSuffix(interaction(slashCommand)[strings.Index(interaction(slashCommand), `"d":`)+4:], "}"),
			Packet{
				GuildID: 290926798626357999, ChannelID: 645027906669510667, UserID: 80351110224678912, Locale: locale("en-US"),
				Has: HasChannelID | HasUserID | HasLocale | HasContext | GuildInstall,
			},
		},
		"direct message": {
			`{"user":{"id":"7"},"channel":{"recipients":[{"id":"9"}],"id":"8"},"context":1,"locale":"de","authorizing_integration_owners":{"1":"7"}}`,
			Packet{UserID: 7, ChannelID: 8, Context: 1, Locale: locale("de"), Has: HasUserID | HasChannelID | HasContext | HasLocale | UserInstall},
		},
		"component": {
			`{"message":{"id":"1","interaction":{"id":"2","user":{"id":"3"}},"interaction_metadata":{"user":{"id":"4"},"id":"5","triggering_interaction_metadata":{"id":"6"}}},"authorizing_integration_owners":{"0":"0","1":"7"}}`,
			Packet{Origin: 5, Has: HasOrigin | GuildInstall | UserInstall},
		},
		"component, old metadata":   {`{"message":{"interaction":{"id":"2"}}}`, Packet{Origin: 2, Has: HasOrigin}},
		"member before user":        {`{"user":{"id":"1"},"member":{"user":{"id":"2"},"id":"3"}}`, Packet{UserID: 2, Has: HasUserID}},
		"member without a user":     {`{"user":{"id":"1"},"member":{"user":null}}`, Packet{UserID: 1, Has: HasUserID}},
		"channel_id before channel": {`{"channel_id":"1","channel":{"id":"2"}}`, Packet{ChannelID: 1, Has: HasChannelID}},
		"malformed channel_id":      {`{"channel":{"id":"2"},"channel_id":"x"}`, Packet{ChannelID: 2, Has: HasChannelID}},
		"a locale of tomorrow":      {`{"locale":"xx"}`, Packet{Locale: locale("other"), Has: HasLocale}},
		"a long locale":             {`{"locale":"` + strings.Repeat("de", 1000) + `"}`, Packet{Locale: locale("other"), Has: HasLocale}},
		"no locale":                 {`{"locale":"de","locale":""}`, Packet{}},
		"a context of tomorrow":     {`{"context":255}`, Packet{Context: 255, Has: HasContext}},
		"no context":                {`{"context":256}`, Packet{}},
		"the last counts":           {`{"channel_id":"1","channel_id":"2","locale":"de","LOCALE":"fr","member":{"user":{"id":"3"}},"member":{"user":{"ID":"4"}},"context":1,"context":2}`, Packet{ChannelID: 2, UserID: 4, Locale: locale("fr"), Context: 2, Has: HasChannelID | HasUserID | HasLocale | HasContext}},
		"null changes nothing":      {`{"channel_id":"1","channel_id":null,"locale":"de","locale":null,"member":{"user":{"id":"3","id":null}},"member":null,"context":1,"context":null,"authorizing_integration_owners":{"0":"1","0":null,"1":null},"authorizing_integration_owners":null}`, Packet{ChannelID: 1, UserID: 3, Locale: locale("de"), Context: 1, Has: HasChannelID | HasUserID | HasLocale | HasContext | GuildInstall}},
		"other kinds":               {`{"channel_id":1,"channel":"2","member":[{"user":{"id":"3"}}],"user":7,"message":[],"locale":8,"context":"0","authorizing_integration_owners":["0"]}`, Packet{}},
		"in other places":           {`{"data":{"channel_id":"1","user":{"id":"2"},"locale":"de"},"x":{"member":{"user":{"id":"3"}}},"member":{"x":{"id":"4"},"user":{"x":{"id":"5"}}},"message":{"x":{"interaction":{"id":"6"}}},"authorizing_integration_owners":{"x":{"0":"7"}}}`, Packet{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, piece := range []int{1, 2, 5, 1 << 20} {
				if p := compareSender(t, tt.d, piece); sender(&p) != sender(&tt.want) {
					t.Errorf("got %s\nwant %s", sender(&p), sender(&tt.want))
				}
			}
		})
	}
}

func TestInteractionInEveryOrder(t *testing.T) {
	for _, d := range orders(`"channel_id":"1"`, `"member":{"roles":["9"],"user":{"id":"2"}}`, `"guild_id":"3"`, `"message":{"interaction_metadata":{"id":"4"}}`, `"locale":"de"`, `"data":{"name":"a"}`) {
		if p := compareSender(t, d, 7); p.ChannelID != 1 || p.UserID != 2 || p.GuildID != 3 || p.Origin != 4 || p.Has&HasLocale == 0 || string(p.Command) != "a" {
			t.Errorf("%s: %+v", d, p)
		}
	}
}

// TestTheLastDataCountsOfAnInteraction: nothing of a d is left when another one comes.
func TestTheLastDataCountsOfAnInteraction(t *testing.T) {
	in := `{"t":"INTERACTION_CREATE","op":0,"d":{"channel_id":"1","user":{"id":"2"},"locale":"de","context":1,"message":{"interaction":{"id":"3"}},"authorizing_integration_owners":{"0":"4"}},"d":{"channel":{"id":"5"}}}`
	want := Packet{ChannelID: 5, Has: HasChannelID}
	if got := run(3, text(in)).packets; len(got) != 1 || sender(&got[0]) != sender(&want) {
		t.Errorf("got %+v\nwant %s", got, sender(&want))
	}
}

// TestLocales: discordgo knows no locale that the catalog lacks.
func TestLocales(t *testing.T) {
	for locale := range discordgo.Locales {
		if locale != discordgo.Unknown && !slices.Contains(catalog.Locales(), string(locale)) {
			t.Errorf("%q is no locale of the catalog", string(locale))
		}
	}
	if !slices.IsSorted(catalog.Locales()[:len(catalog.Locales())-1]) {
		t.Error("the locales are not sorted")
	}
}

// FuzzInteraction is given the d of an interaction.
func FuzzInteraction(f *testing.F) {
	f.Add(`{"member":{"user":{"id":"1"}},"user":{"id":"2"},"channel_id":"3","channel":{"id":"4"},"locale":"en-US","context":0}`, uint8(0))
	f.Add(`{"message":{"interaction_metadata":{"id":"5"},"interaction":{"id":"6"}},"authorizing_integration_owners":{"0":"7","1":"8"}}`, uint8(1))
	f.Add(`{"MEMBER":{"u\u017fer":{"Id":"1"}},"member":null,"loc\u0061le":"d\u0065","context":256,"guild_id":"0"}`, uint8(2))
	f.Add(`{"channel":{"id":"4"},"channel":7,"user":{"id":1},"message":{"interaction":[{"id":"6"}]},"locale":"","authorizing_integration_owners":{"0":null}}`, uint8(3))
	f.Fuzz(func(t *testing.T, d string, piece uint8) {
		if !json.Valid([]byte(d)) || !utf8.ValidString(d) {
			t.Skip() // FuzzDecode is about what is not well-formed
		}
		compareSender(t, d, int(piece)+1)
	})
}
