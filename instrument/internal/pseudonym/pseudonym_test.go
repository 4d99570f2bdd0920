package pseudonym_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/argus-dgo/argus/instrument/internal/pseudonym"
)

// key is 00 01 02 … 1f.
func key() []byte {
	k := make([]byte, 32)
	for n := range k {
		k[n] = byte(n)
	}
	return k
}

// TestVectors has what openssl makes of the same:
//
//	printf '2026-11-30:80351110224678912' | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102…1f
func TestVectors(t *testing.T) {
	east := time.FixedZone("", 9*60*60)
	text := pseudonym.New([]byte("0123456789abcdef0123456789abcdef")) // as docs/EVENTS.md has it: -hmac "$(cat file)"
	if got, want := text.Of(80351110224678912, time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)), "f5429d78ddaef721b6fa955f13fa5bb3"; got != want {
		t.Errorf("with a key of text: %s, want %s", got, want)
	}
	m := pseudonym.New(key())
	for _, tt := range []struct {
		user uint64
		at   time.Time
		want string
	}{
		{80351110224678912, time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC), "6ae9914c195b3ddcec0b9c431c8dfe24"},
		{80351110224678912, time.Date(2026, 11, 30, 23, 59, 59, 999_999_999, time.UTC), "6ae9914c195b3ddcec0b9c431c8dfe24"},
		{80351110224678912, time.Date(2026, 12, 1, 8, 59, 59, 0, east), "6ae9914c195b3ddcec0b9c431c8dfe24"},
		{80351110224678912, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), "698111e6c79c77faffb4fa003602230e"},
		{18446744073709551615, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), "233383a411c436a229c2f5cc8bd735e4"},
	} {
		if got := m.Of(tt.user, tt.at); got != tt.want {
			t.Errorf("user %d at %v: %s, want %s", tt.user, tt.at, got, tt.want)
		}
	}
}

// TestKeyIsCopied: a caller may wipe its key.
func TestKeyIsCopied(t *testing.T) {
	k := key()
	m := pseudonym.New(k)
	want := m.Of(1, time.Time{})
	clear(k)
	if got := m.Of(1, time.Time{}); got != want {
		t.Errorf("%s after the key was wiped, %s before", got, want)
	}
	if other := pseudonym.New(bytes.Repeat([]byte{1}, 32)).Of(1, time.Time{}); other == want {
		t.Error("another key makes the same pseudonym")
	}
}

// TestConcurrentUse: days change and users differ, all at once.
func TestConcurrentUse(t *testing.T) {
	m := pseudonym.New(key())
	midnight := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	var all sync.Map
	var makers sync.WaitGroup
	for range 8 {
		makers.Go(func() {
			for user := range uint64(100) {
				for day := range 10 {
					type who struct {
						user uint64
						day  int
					}
					got := m.Of(user, midnight.AddDate(0, 0, day).Add(time.Duration(user)*time.Minute))
					if other, had := all.LoadOrStore(got, who{user, day}); had && other != (who{user, day}) {
						t.Errorf("%v and %v are both %s", other, who{user, day}, got)
					}
				}
			}
		})
	}
	makers.Wait()
	n := 0
	all.Range(func(any, any) bool { n++; return true })
	if n != 1000 {
		t.Errorf("%d pseudonyms of 100 users on 10 days, want 1,000", n)
	}
}
