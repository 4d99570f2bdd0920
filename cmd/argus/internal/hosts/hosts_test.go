package hosts

import (
	"fmt"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestExpand(t *testing.T) {
	for pattern, want := range map[string]string{
		"bot":                        "bot:9191",
		"bot:80":                     "bot:80",
		"Bot_1.example.org.":         "Bot_1.example.org.:9191",
		"bot-[0-2].example.org":      "bot-0.example.org:9191 bot-1.example.org:9191 bot-2.example.org:9191",
		"bot-[8-10]":                 "bot-8:9191 bot-9:9191 bot-10:9191",
		"bot-[08-10]":                "bot-08:9191 bot-09:9191 bot-10:9191",
		"bot-[7]":                    "bot-7:9191",
		"bot-[0-1,5]":                "bot-0:9191 bot-1:9191 bot-5:9191",
		"[1-2]-bot":                  "1-bot:9191 2-bot:9191",
		"a[0-1]b[0-1]":               "a0b0:9191 a0b1:9191 a1b0:9191 a1b1:9191",
		"10.0.0.[9-10]:9191":         "10.0.0.9:9191 10.0.0.10:9191",
		"10.0.[0-1].1":               "10.0.0.1:9191 10.0.1.1:9191",
		"localhost:[9191-9193]":      "localhost:9191 localhost:9192 localhost:9193",
		"a[0-1]:[1-2]":               "a0:1 a0:2 a1:1 a1:2",
		"bot:91[91-92]":              "bot:9191 bot:9192",
		"[::1]":                      "[::1]:9191",
		"[::1]:80":                   "[::1]:80",
		"[::1]:[1-2]":                "[::1]:1 [::1]:2",
		"[FD00:0:0::1]:80":           "[fd00::1]:80",
		"[::ffff:10.0.0.1]:80":       "[::ffff:10.0.0.1]:80",
		"[0-0].[0-0].[0-0].[1-1]:80": "0.0.0.1:80",
	} {
		got, err := Expand(pattern, 9191)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("Expand(%q) = %v, %v, want %s", pattern, got, err, want)
		}
	}
}

func TestExpandRefuses(t *testing.T) {
	long := strings.Repeat("a", 300)
	for pattern, want := range map[string]string{
		"":                                     "empty pattern",
		"http://bot:9191":                      "remove the scheme",
		"bot:9191/metrics":                     "metrics_path",
		"user:secret@bot":                      "authorization",
		"::1":                                  "put an IPv6 address in brackets",
		"::1:9191":                             "put an IPv6 address in brackets",
		"fd00::1":                              "put an IPv6 address in brackets",
		"bot:1:2":                              "put an IPv6 address in brackets",
		"[::g]:1":                              `"::g" is not an IPv6 address`,
		"[1:2]":                                `"1:2" is not an IPv6 address`,
		"[fe80::1%eth0]:1":                     "has a zone",
		"[::1]x:1":                             "after the IPv6 address",
		"[fd00::[1-9]]:9191":                   "mismatched brackets",
		"bot-[::1]":                            "must be the whole host",
		"bot-[0-9":                             "missing closing bracket",
		"bot-0-9]":                             "mismatched brackets",
		"bot-[]":                               "is not a number or range",
		"bot-[a-z]":                            "is not a number or range",
		"bot-[0-]":                             "is not a number or range",
		"bot-[-1-3]":                           "is not a number or range",
		"bot-[0-3,]":                           "is not a number or range",
		"bot-[1-9999999999]":                   "at most nine digits",
		"bot-[9-0]":                            "is descending",
		"bot-[01-100]":                         "the same number of digits",
		"bot-[1-09]":                           "the same number of digits",
		"bot-[0-10000]":                        "more than 10000",
		"a[0-999999999]b[0-999999999]:[1-999]": "more than 10000",
		"bot-[0-99]:[1-101]":                   "more than 10000",
		"bot:":                                 "missing port after the colon",
		":9191":                                "missing host before the colon",
		"bot:0":                                `port "0"`,
		"bot:65536":                            `port "65536"`,
		"bot:[65535-65536]":                    `port "65536"`,
		"bot:metrics":                          `port "metrics"`,
		"bot:09191":                            `port "09191"`,
		"10.0.0.[255-256]":                     `"10.0.0.256" is not an IPv4 address`,
		"10.0.0":                               "is not an IPv4 address",
		"10.0.0.01":                            "is not an IPv4 address",
		"-bot":                                 "is not a host name",
		"bot..org":                             "is not a host name",
		"böt":                                  "is not a host name",
		"bot 1":                                "is not a host name",
		long:                                   "is not a host name",
		strings.Repeat(long, 4):                "too long: 1200 bytes",
	} {
		got, err := Expand(pattern, 9191)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Expand(%q) = %v, %v, want an error with %q", pattern, got, err, want)
			continue
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error shows the password: %v", err)
		}
		if len(pattern) < 80 && !strings.Contains(pattern, "@") && !strings.HasPrefix(err.Error(), strconv.Quote(pattern)) {
			t.Errorf("the error does not name the pattern: %v", err)
		}
	}
}

func TestList(t *testing.T) {
	l := List{DefaultPort: 9191}
	text := "# the fleet\nbot-[1-2]   bot-10 # and one more\n\n[::1]:80\r\n"
	if err := l.Read(strings.NewReader(text), "hosts.txt"); err != nil {
		t.Fatal(err)
	}
	if err := l.Add("bot-3", ""); err != nil {
		t.Fatal(err)
	}
	if got, want := l.Addresses(), []string{"[::1]:80", "bot-10:9191", "bot-1:9191", "bot-2:9191", "bot-3:9191"}; !slices.Equal(got, want) {
		t.Errorf("the addresses are %v, want %v", got, want)
	}
	for pattern, want := range map[string]string{
		"bot-[2-3]":      `"bot-[2-3]" contains bot-2:9191, and so does hosts.txt:2: "bot-[1-2]"`,
		"BOT-3.:9191":    `"BOT-3.:9191" contains BOT-3.:9191, and so does "bot-3"`,
		"x-[1,1]":        `"x-[1,1]" contains x-1:9191 twice`,
		"y:[1-9999]":     `"y:[1-9999]": too many addresses: 10004 in total, at most 10000 are allowed`,
		"bot-[0-1]:[1-]": `"bot-[0-1]:[1-]": [1-]: "1-" is not a number`,
	} {
		if err := l.Add(pattern, ""); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for text, want := range map[string]string{
		"a\nb c\n\nbot-[":                  `hosts.txt:4: "bot-["`,
		strings.Repeat("#\n", maxFile/2+1): "longer than",
		strings.Repeat("a", 100_000):       "hosts.txt: bufio.Scanner: token too long",
	} {
		l := List{DefaultPort: 9191}
		if err := l.Read(strings.NewReader(text), "hosts.txt"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestFileSD(t *testing.T) {
	addresses := []string{"[::1]:80", "bot-1:9191"}
	text, err := MarshalFileSD(addresses, map[string]string{"env": "prod", "zone": "a"})
	if err != nil {
		t.Fatal(err)
	}
	const want = `[
  {
    "targets": [
      "[::1]:80",
      "bot-1:9191"
    ],
    "labels": {
      "env": "prod",
      "zone": "a"
    }
  }
]
`
	if string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
	l := List{DefaultPort: 9191}
	if err := l.ReadFileSD(strings.NewReader(want), "bots.json"); err != nil || !reflect.DeepEqual(l.Addresses(), addresses) {
		t.Errorf("read back: %v, %v", l.Addresses(), err)
	}
	labelled := List{DefaultPort: 9191}
	groups := `[{"targets": ["a", "b:1"], "labels": {"job": "music"}}, {"targets": ["c"]}]`
	if err := labelled.ReadFileSD(strings.NewReader(groups), "bots.json"); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{"a:9191": "music", "b:1": "music", "c:9191": "", "d:1": ""} {
		if got := labelled.Labels(address)["job"]; got != want {
			t.Errorf("%s has the job %q, want %q", address, got, want)
		}
	}
	for text, want := range map[string]string{
		`[{"targets": ["bot-1"]}]`:             `bots.json, entry 1: "bot-1" contains bot-1:9191, and so does bots.json, entry 1: "bot-1:9191"`,
		`[{"targets": []}, {"targets": [""]}]`: "bots.json, entry 2: \"\": empty pattern",
		`{"targets": []}`:                      "not a list of targets",
		`- targets: [bot]`:                     "not a list of targets",
		`[{"target": "bot"}]`:                  "unknown field",
		`[] []`:                                "unexpected data after",
		strings.Repeat(" ", maxFile+1):         "longer than",
	} {
		if err := l.ReadFileSD(strings.NewReader(text), "bots.json"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func ExampleExpand() {
	addresses, err := Expand("bot-[00-02].example.org", 9191)
	fmt.Println(addresses, err)
	// Output: [bot-00.example.org:9191 bot-01.example.org:9191 bot-02.example.org:9191] <nil>
}

// FuzzExpand: whatever is accepted is bounded, and consists of addresses that mean themselves.
// TestErrorsAreShort: however long a pattern is, and whatever is in it, its error is
// one that a person reads.
func TestErrorsAreShort(t *testing.T) {
	for _, filler := range []string{"\xff", "x", "\u2028", "\n", "é", "1", "-", ",", "[", "]", ":", "1-", "0", "x."} {
		for _, form := range []string{"%s", "[%s]", "[::%s]", "[::1%%%s]", "[::1]%s", "a[%s]", "a[1,%s]", "a:%s", "%s:1", "a[%s:]", "a[%s-1]", "%s@a", "a[2-1%s]", "1.%s.2"} {
			for _, n := range []int{100, 500, 1000, 5000} {
				pattern := fmt.Sprintf(form, strings.Repeat(filler, n/len(filler)))
				addresses, err := Expand(pattern, 9191)
				if err != nil && (len(err.Error()) > 1200 || !utf8.ValidString(err.Error()) || addresses != nil) {
					t.Errorf("%.20q of %d bytes: an error of %d bytes: %.200v", form, n, len(err.Error()), err)
				}
			}
		}
	}
}

func FuzzExpand(f *testing.F) {
	for _, seed := range []string{"bot-[0-9].example.org", "[::1]:[1-3]", "10.0.0.[1-100]:9191", "localhost:[9191-9193]", "a[1,3-5]b[00-01]", "[1-2]", "[]:1", "::1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		addresses, err := Expand(pattern, 9191)
		if err != nil {
			if addresses != nil || len(err.Error()) > 1200 {
				t.Errorf("%q: %v %v", pattern, addresses, err)
			}
			return
		}
		if len(addresses) == 0 || len(addresses) > Most {
			t.Fatalf("%q stands for %d addresses", pattern, len(addresses))
		}
		for _, a := range addresses {
			host, port, err := net.SplitHostPort(a)
			if n, errPort := strconv.Atoi(port); err != nil || errPort != nil || n < 1 || n > 65535 || host == "" {
				t.Fatalf("%q stands for %q", pattern, a)
			}
			if again, err := Expand(a, 1); err != nil || len(again) != 1 || again[0] != a {
				t.Fatalf("%q, of %q, stands for %q: %v", a, pattern, again, err)
			}
		}
	})
}
