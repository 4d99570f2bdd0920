package excerpt

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestLine(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"short", "status 407", "status 407"},
		{"empty", "", ""},
		{"lines", " <html>\r\n\t<body>\n\n no </body>  ", "<html> <body> no </body>"},
		{"control characters", "a\x1b[31mb\x00c\u202ed", "a[31mbcd"},
		{"not UTF-8", "a\xff\xfeb", "ab"},
		{"long", strings.Repeat("a", 41), strings.Repeat("a", 40) + "…"},
		{"fits", strings.Repeat("a", 40), strings.Repeat("a", 40)},
		{"cut within a character", strings.Repeat("a", 39) + "éé", strings.Repeat("a", 39) + "…"},
		{"credentials", `bad "http://u:p/w@x@h:1/"`, `bad "http://[redacted]@h:1/"`},
		{"no credentials", "http://h/a@b? no: me@h", "http://[redacted]@b? no: me@h"}, // rather too much than too little
		{"nothing but blanks", strings.Repeat(" \n", 1000), "…"},
	} {
		if got := Line(tc.text, 40); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestClip(t *testing.T) {
	for text, want := range map[string]string{
		"":       "",
		"12345":  "12345",
		"123456": "12345…",
		"1234é":  "1234…",
		"a\nb":   "a\nb",
		"日本語":    "日…",
	} {
		if got := Clip(text, 5); got != want {
			t.Errorf("Clip(%q): %q, want %q", text, got, want)
		}
	}
}

func TestHide(t *testing.T) {
	for _, tc := range []struct {
		text    string
		secrets []string
		want    string
	}{
		{"nothing here", nil, "nothing here"},
		{"nothing here", []string{""}, "nothing here"},
		{"key abc, again abc", []string{"abc"}, "key [redacted], again [redacted]"},
		{"Bearer abcdef", []string{"abc", "abcdef"}, "Bearer [redacted]"},
	} {
		if got := Hide(tc.text, tc.secrets...); got != tc.want {
			t.Errorf("Hide(%q, %q): %q, want %q", tc.text, tc.secrets, got, tc.want)
		}
	}
}

func FuzzLine(f *testing.F) {
	f.Add("a\r\n\xff", 3)
	f.Fuzz(func(t *testing.T, s string, most int) {
		if most < 0 || most > 1<<16 {
			return
		}
		line := Line(s, most)
		if len(line) > most+len(ellipsis) {
			t.Errorf("%d bytes, want %d at most", len(line), most)
		}
		if !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q has what cannot be printed", line)
		}
	})
}
