package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestShardsFrom(t *testing.T) {
	good := map[string]string{"CLUSTER_ID": "eu-1", "SHARD_IDS": "0,1", "SHARD_COUNT": "4"}
	for _, test := range []struct {
		name  string
		env   map[string]string // over the good one
		ids   []int
		count int
		errs  []string // each in a line of its own
	}{
		{name: "as documented", ids: []int{0, 1}, count: 4},
		{name: "one shard", env: map[string]string{"SHARD_IDS": "0", "SHARD_COUNT": "1"}, ids: []int{0}, count: 1},
		{name: "in any order, with blanks", env: map[string]string{"SHARD_IDS": " 3, 2 "}, ids: []int{3, 2}, count: 4},
		{
			name: "nothing is set",
			env:  map[string]string{"CLUSTER_ID": "", "SHARD_IDS": "", "SHARD_COUNT": ""},
			errs: []string{"CLUSTER_ID is not set", "SHARD_COUNT is not set", "SHARD_IDS is not set"},
		},
		{name: "a word", env: map[string]string{"SHARD_IDS": "0,one"}, errs: []string{`SHARD_IDS="0,one": "one" is no shard`}},
		{name: "a range", env: map[string]string{"SHARD_IDS": "0-3"}, errs: []string{`SHARD_IDS="0-3": "0-3" is no shard`}},
		{name: "a negative id", env: map[string]string{"SHARD_IDS": "-1"}, errs: []string{`SHARD_IDS="-1": "-1" is no shard`}},
		{name: "a comma too many", env: map[string]string{"SHARD_IDS": "0,1,"}, errs: []string{`SHARD_IDS="0,1,": "" is no shard`}},
		{name: "an id twice", env: map[string]string{"SHARD_IDS": "1,0,1"}, errs: []string{`SHARD_IDS="1,0,1": shard 1 is there twice`}},
		{
			name: "an id that is too large",
			env:  map[string]string{"SHARD_IDS": "3,4"},
			errs: []string{`SHARD_IDS="3,4": there is no shard 4: with SHARD_COUNT=4 they are 0 to 3`},
		},
		{name: "no shards at all", env: map[string]string{"SHARD_COUNT": "0"}, errs: []string{`SHARD_COUNT="0": must be`}},
		{name: "a fraction", env: map[string]string{"SHARD_COUNT": "4.5"}, errs: []string{`SHARD_COUNT="4.5": must be`}},
		{
			name: "both are wrong",
			env:  map[string]string{"SHARD_IDS": "x", "SHARD_COUNT": "y"},
			errs: []string{`SHARD_COUNT="y": must be`, `SHARD_IDS="x": "x" is no shard`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			env := maps.Clone(good)
			maps.Copy(env, test.env)
			got, err := shardsFrom(func(name string) string { return env[name] })
			if len(test.errs) == 0 {
				if err != nil || !slices.Equal(got.ids, test.ids) || got.count != test.count {
					t.Fatalf("%v of %d, %v; want %v of %d", got.ids, got.count, err, test.ids, test.count)
				}
				return
			}
			if err == nil {
				t.Fatalf("%v of %d; want an error", got.ids, got.count)
			}
			lines := strings.Split(err.Error(), "\n")
			if !slices.EqualFunc(lines, test.errs, strings.HasPrefix) {
				t.Errorf("the error is\n%v\nwant lines that begin with\n%s", err, strings.Join(test.errs, "\n"))
			}
		})
	}
}

func FuzzShardsFrom(f *testing.F) {
	f.Add("0,1", "4")
	f.Add(" 3 ,2", "16")
	f.Add("0,,1", "-1")
	f.Fuzz(func(t *testing.T, ids, count string) {
		env := map[string]string{"CLUSTER_ID": "a", "SHARD_IDS": ids, "SHARD_COUNT": count}
		got, err := shardsFrom(func(name string) string { return env[name] })
		if err != nil {
			return
		}
		if len(got.ids) == 0 {
			t.Fatalf("%q of %q: neither shards nor an error", ids, count)
		}
		for i, id := range got.ids {
			if id < 0 || id >= got.count || slices.Contains(got.ids[:i], id) {
				t.Fatalf("%q of %q: %v of %d", ids, count, got.ids, got.count)
			}
		}
	})
}
