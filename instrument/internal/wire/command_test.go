package wire

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// commandOf is the command that the data of an interaction has, which must not
// depend on how it is read.
func commandOf(t *testing.T, data string) (name string, ok bool) {
	t.Helper()
	d := `{"data":` + data + `,"type":2,"id":"5"}`
	var p Packet
	if !ScanData(&p, "INTERACTION_CREATE", 1, []byte(d)) {
		t.Errorf("%.200s: not well-formed", d)
	}
	for _, in := range []string{
		`{"t":"INTERACTION_CREATE","s":1,"op":0,"d":` + d + `}`,
		`{"op":0,"d":` + d + `,"s":1,"t":"INTERACTION_CREATE"}`,
	} {
		for _, piece := range []int{1, 2, 5, 1 << 20} {
			r := run(piece, text(in), text(`{"op":11}`))
			if len(r.packets) != 2 || len(r.faults) > 0 {
				t.Fatalf("%.200s in pieces of %d: %d packets, faults %v", in, piece, len(r.packets), r.faults)
			}
			if got := r.packets[0]; got.Has != p.Has || string(got.Command) != string(p.Command) || got.ID != 5 || got.Type != 2 {
				t.Errorf("%.200s in pieces of %d:\n got %+v\nwant %+v", in, piece, got, p)
			}
			if got := r.packets[1]; got.Has != HasOp || len(got.Command) != 0 {
				t.Errorf("%.200s in pieces of %d: the packet after it has %+v", in, piece, got)
			}
		}
	}
	return string(p.Command), p.Has&HasCommand != 0
}

func TestCommand(t *testing.T) {
	const umlaut = "\u00fc"
	tests := map[string]struct {
		data string
		want string // empty: not known
	}{
		"slash command":               {`{"type":1,"name":"ping","id":"8"}`, "ping"},
		"user command":                {`{"type":2,"target_id":"3","resolved":{"users":{"3":{"name":"no"}}},"name":"Ban them","id":"8"}`, "Ban them"},
		"group and sub-command":       {slashCommand, "permissions user get"},
		"sub-command":                 {`{"name":"a","options":[{"type":1,"name":"b"}]}`, "a b"},
		"sub-command, options":        {`{"name":"a","options":[{"type":1,"name":"b","options":[{"type":3,"name":"no","value":"x"},{"type":3,"name":"no"}]}]}`, "a b"},
		"no options":                  {`{"name":"a","options":[]}`, "a"},
		"blank options":               {"{\"name\" : \"a\" , \"options\" : [ \t\r\n ] }", "a"},
		"null options":                {`{"name":"a","options":null}`, "a"},
		"one option":                  {`{"name":"a","options":[{"type":3,"name":"no","value":"x"}]}`, "a"},
		"option without a type":       {`{"name":"a","options":[{"name":"no"}]}`, "a"},
		"option that is null":         {`{"name":"a","options":[null]}`, "a"},
		"option that is a string":     {`{"name":"a","options":["}]"]}`, "a"},
		"option of options":           {`{"name":"a","options":[[{"type":1,"name":"no"}]]}`, "a"},
		"two options":                 {`{"name":"a","options":[{"type":1,"name":"no"},{"type":1,"name":"no"}]}`, "a"},
		"two options, spaced":         {`{"name":"a","options":[ {"type":1,"name":"no"} , {"type":1,"name":"no"} ] }`, "a"},
		"two options, no object":      {`{"name":"a","options":[{"type":1,"name":"no"},7]}`, "a"},
		"many options":                {`{"name":"a","options":[` + strings.Repeat(`{"name":"no","type":1,"options":[{"name":"]}","type":1}]},`, 25) + `{"type":1,"name":"no"}]}`, "a"},
		"two sub-commands of a group": {`{"name":"a","options":[{"type":2,"name":"b","options":[{"type":1,"name":"no"},{"type":1,"name":"no"}]}]}`, "a b"},
		"group of an option":          {`{"name":"a","options":[{"type":3,"name":"no","options":[{"type":1,"name":"no"}]}]}`, "a"},
		"three levels below":          {`{"name":"a","options":[{"type":2,"name":"b","options":[{"type":2,"name":"c","options":[{"type":1,"name":"no"}]}]}]}`, "a b c"},
		"types beside the numbers":    {`{"name":"a","options":[{"type":"1","name":"no","options":[{"type":1.0,"name":"no"}]}]}`, "a"},
		"type of 12":                  {`{"name":"a","options":[{"type":12,"name":"no"}]}`, "a"},
		"names in other places":       {`{"resolved":{"name":"no","options":[{"type":1,"name":"no"}]},"name":"a","options":[{"type":1,"x":{"name":"no","type":3},"name":"b","value":["name"]}],"x":[{"name":"no"}]}`, "a b"},

		"null":                   {`null`, ""},
		"number":                 {`7`, ""},
		"string":                 {`"name"`, ""},
		"array":                  {`[{"name":"no"}]`, ""},
		"empty":                  {`{}`, ""},
		"component":              {`{"custom_id":"x","component_type":2}`, ""},
		"name is empty":          {`{"name":""}`, ""},
		"name is null":           {`{"name":null}`, ""},
		"name is a number":       {`{"name":1}`, ""},
		"name is an object":      {`{"name":{"name":"no"}}`, ""},
		"name is an array":       {`{"name":["no"]}`, ""},
		"sub-command, no name":   {`{"name":"a","options":[{"type":1}]}`, ""},
		"sub-command, no parent": {`{"options":[{"type":1,"name":"b"}]}`, ""},
		"the last options count": {`{"name":"a","options":[{"type":1,"name":"no"}],"options":[]}`, "a"},
		"the last name counts":   {`{"name":"no","name":"a"}`, "a"},
		"the last type counts":   {`{"name":"a","options":[{"type":1,"name":"no","type":3}]}`, "a"},
		"the last data count":    {`{"name":"no"},"data":{"name":"a","options":[{"type":1}]}`, ""},
		"key with an escape":     {`{"n\u0061me":"a"}`, "a"},
		"key in capitals":        {`{"NAME":"a","Options":[{"name":"b","TYPE":1}]}`, "a b"},

		"longest names":         {`{"name":"` + strings.Repeat("😀", 32) + `","options":[{"type":2,"name":"` + strings.Repeat("b", 128) + `","options":[{"type":1,"name":"` + strings.Repeat(umlaut, 64) + `"}]}]}`, strings.Repeat("😀", 32) + " " + strings.Repeat("b", 128) + " " + strings.Repeat(umlaut, 64)},
		"longest name, escaped": {`{"name":"` + strings.Repeat(`\ud83d\ude00`, 32) + `"}`, strings.Repeat("😀", 32)},
		"too long":              {`{"name":"` + strings.Repeat("a", 129) + `"}`, ""},
		"too long by an escape": {`{"name":"` + strings.Repeat("a", 127) + `\u00fc"}`, ""},
		"huge":                  {`{"name":"` + strings.Repeat(`a\"`, 10000) + `"}`, ""},
		"huge sub-command":      {`{"name":"a","options":[{"type":1,"name":"` + strings.Repeat("a", 10000) + `"}]}`, ""},
		"huge option":           {`{"name":"a","options":[{"type":3,"name":"` + strings.Repeat("a", 10000) + `"}]}`, "a"},

		"escapes":                  {`{"name":"\"\\\/\b\f\n\r\t\u00FC\u00fc\u0041"}`, "\"\\/\b\f\n\r\t" + umlaut + umlaut + "A"},
		"escapes in a sub-command": {`{"name":"\u0061","options":[{"name":"\u00fc]}","type":1}]}`, "a " + umlaut + "]}"},
		"high surrogate":           {`{"name":"\ud83d"}`, "\ufffd"},
		"high surrogate, text":     {`{"name":"\ud83dx\ud83d\n"}`, "\ufffdx\ufffd\n"},
		"low surrogate":            {`{"name":"\ude00x"}`, "\ufffdx"},
		"two high surrogates":      {`{"name":"\ud83d\ud83d\ude00"}`, "\ufffd😀"},
		"surrogate and no other":   {`{"name":"\ud83d\u0041"}`, "\ufffdA"},
		"not UTF-8":                {"{\"name\":\"a\xff\"}", ""},
		"a rune in two names":      {"{\"name\":\"a\xc3\",\"options\":[{\"type\":1,\"name\":\"\xbc\"}]}", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := commandOf(t, tt.data)
			if got != tt.want || ok != (tt.want != "") {
				t.Errorf("got %q, known %v, want %q", got, ok, tt.want)
			}
		})
	}
}

// orders are the objects with the given members, in every order.
func orders(members ...string) []string {
	var objects []string
	var permute func(n int)
	permute = func(n int) {
		if n == len(members) {
			objects = append(objects, "{"+strings.Join(members, ",")+"}")
			return
		}
		for i := n; i < len(members); i++ {
			members[n], members[i] = members[i], members[n]
			permute(n + 1)
			members[n], members[i] = members[i], members[n]
		}
	}
	permute(0)
	return objects
}

func TestCommandInEveryOrder(t *testing.T) {
	for _, sub := range orders(`"name":"c"`, `"type":1`, `"options":[{"type":3,"name":"no"}]`) {
		for _, group := range orders(`"name":"b"`, `"type":2`, `"options":[`+sub+`]`) {
			for _, data := range orders(`"name":"a"`, `"type":1`, `"id":"8"`, `"options":[`+group+`]`) {
				var p Packet
				ScanData(&p, "INTERACTION_CREATE", 1, []byte(`{"type":2,"id":"5","data":`+data+`}`))
				if string(p.Command) != "a b c" || p.ID != 5 || p.Type != 2 {
					t.Errorf("%s: %+v", data, p)
				}
			}
		}
	}
	for _, d := range orders(`"id":"5"`, `"type":4`, `"data":{"id":"8","type":1,"name":"a","options":[{"name":"b","type":1}]}`, `"message":{"id":"3","type":0,"data":{"name":"no"}}`, `"member":{"user":{"id":"3"}}`) {
		for _, in := range orders(`"t":"INTERACTION_CREATE"`, `"s":1`, `"op":0`, `"d":`+d) {
			r := run(1, text(in))
			if len(r.packets) != 1 || string(r.packets[0].Command) != "a b" || r.packets[0].Has&HasCommand == 0 || r.packets[0].ID != 5 || r.packets[0].Type != 4 {
				t.Errorf("%s: %+v", in, r.packets)
			}
		}
	}
}

func TestCommandOfHostileText(t *testing.T) {
	const depth = 3000
	data := strings.Repeat(`{"name":"a","type":1,"options":[`, depth) + strings.Repeat(`]}`, depth)
	if got, _ := commandOf(t, data); got != strings.Repeat("a ", 2)+"a" {
		t.Errorf("%d levels: %q, want three", depth, got)
	}
	data = strings.Repeat(`{"options":[`, depth) + strings.Repeat(`],"name":"a","type":1}`, depth)
	if got, _ := commandOf(t, data); got != strings.Repeat("a ", 2)+"a" {
		t.Errorf("%d levels, names last: %q, want three", depth, got)
	}
	// Text that ends early is no packet, wherever it ends.
	whole := `{"t":"INTERACTION_CREATE","s":1,"op":0,"d":{"id":"5","data":{"options":[{"name":"\ud83d\ude00","type":1},{}],"name":"a"},"type":2`
	for n := range len(whole) {
		if r := run(1, text(whole[:n])); len(r.packets) != 0 {
			t.Errorf("%s: %+v", whole[:n], r.packets)
		}
	}
	// What is left of one message must not get into the next.
	const head = `{"t":"INTERACTION_CREATE","s":1,"op":0,"d":{"type":2,"id":"5","data":`
	var frames [][]byte
	for _, data := range []string{
		slashCommand + "}}", `{"options":[{}],"name":"x"}}}`, `7}}`,
		`{"options":[{"type":1,"name":"\ud83d`, `{"name":"y"}}}`,
		`{"name":"\`, `{"name":"n"}}}`,
		`{"name":"\u00`, `{"name":"aa"}}}`,
		`{"name":"no"`, `{"options":[{"type":1}]}}}`,
	} {
		frames = append(frames, text(head+data))
	}
	var got []string
	for _, p := range run(3, frames...).packets {
		got = append(got, string(p.Command))
	}
	if want := []string{"permissions user get", "x", "", "y", "n", "aa", ""}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// reference is what encoding/json makes of an interaction's data and of an option.
type reference struct {
	Name    string           `json:"name"`
	Type    uint8            `json:"type"`
	Options array[reference] `json:"options"`
}

// command is the name that Packet.Command is to be.
func (r reference) command() (string, bool) {
	name, usable := r.Name, usableName(r.Name)
	for level := 1; len(r.Options) == 1 && level < commandLevels; level++ {
		if r = r.Options[0]; r.Type != optionSubCommand && r.Type != optionSubCommandGroup {
			break
		}
		name += " " + r.Name
		usable = usable && usableName(r.Name)
	}
	return name, usable
}

func usableName(name string) bool { return name != "" && len(name) <= maxName }

// FuzzCommand is given the d of an interaction.
func FuzzCommand(f *testing.F) {
	f.Add(`{"type":2,"id":"5","data":`+slashCommand+`}`, uint8(0))
	f.Add(`{"data":{"options":[{"options":[{"name":"c","type":1}],"name":"b","type":2}],"name":"a"},"type":4}`, uint8(1))
	f.Add(`{"type":2,"data":{"name":"a","options":[{"type":1,"name":"b"},{"type":1}]}}`, uint8(2))
	f.Add(`{"type":2,"data":{"name":"\ud83d\ude00\u00fc\"","options":[null]}}`, uint8(3))
	f.Add(`{"type":3,"data":{"custom_id":"a"}}`, uint8(4))
	f.Add(`{"data":{"Name":"a"},"DATA":{"n\u0061me":"b","option\u017f":[{"type":1,"type":null,"name":"c"}]}}`, uint8(5))
	f.Fuzz(func(t *testing.T, d string, piece uint8) {
		if !json.Valid([]byte(d)) || !utf8.ValidString(d) {
			t.Skip() // FuzzDecode is about what is not well-formed
		}
		var outer struct {
			Data json.RawMessage `json:"data"`
		}
		_ = json.Unmarshal([]byte(d), &outer)
		var data reference
		_ = json.Unmarshal(outer.Data, &data) // what does not fit stays empty
		want, usable := data.command()
		check := func(way string, p *Packet) {
			if has := p.Has&HasCommand != 0; has != usable || has && string(p.Command) != want {
				t.Errorf("%s, %s: command %q, known %v, want %q, %v", d, way, p.Command, has, want, usable)
			}
		}
		var p Packet
		if !ScanData(&p, "INTERACTION_CREATE", 1, []byte(d)) {
			t.Errorf("%s: not well-formed", d)
		}
		check("data alone", &p)
		for _, in := range []string{
			`{"t":"INTERACTION_CREATE","s":1,"op":0,"d":` + d + `}`,
			`{"op":0,"d":` + d + `,"s":1,"t":"INTERACTION_CREATE"}`,
		} {
			check(in, &run(int(piece)+1, text(in)).packets[0])
		}
	})
}
