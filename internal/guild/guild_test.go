package guild

import "testing"

func TestShard(t *testing.T) {
	for _, tt := range []struct {
		id     string // the first is Discord's example of a snowflake
		shards int
		want   int
	}{
		{"175928847299117063", 16, 4},
		{"175928847299117063", 1, 0},
		{"18446744073709551615", 4096, 4095},
		{"12582912", 16, 3},
		{"4194303", 16, 0},
	} {
		id, err := Parse(tt.id)
		if err != nil {
			t.Fatal(err)
		}
		if got := Shard(id, tt.shards); got != tt.want {
			t.Errorf("shard of %s among %d: %d, want %d", tt.id, tt.shards, got, tt.want)
		}
	}
	for _, text := range []string{"", "general", "-1", "+1", "1.0", "18446744073709551616", "0x10", "1_0"} {
		if id, err := Parse(text); err == nil {
			t.Errorf("%q is %d", text, id)
		}
	}
}
