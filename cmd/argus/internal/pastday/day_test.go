package pastday_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"

	"github.com/argus-dgo/argus/cmd/argus/internal/pastday"
	"github.com/argus-dgo/argus/internal/catalog"
)

func config() pastday.Config {
	c := pastday.Config{
		End: time.Date(2026, 12, 1, 4, 0, 0, 0, time.UTC), Seed: 7, Commands: []string{"ping", "play", "play", "stats"}, Interactions: 20_000,
		Place: func(string) (int, int) { return 1, 3 },
	}
	for n := range 500 {
		c.Guilds = append(c.Guilds, strconv.Itoa(1_200_000_000_000_000_000+n))
	}
	return c
}

func attributes(r *log.Record) map[string]attribute.Value {
	all := map[string]attribute.Value{}
	r.WalkAttributes(func(a attribute.KeyValue) bool {
		all[string(a.Key)] = a.Value
		return true
	})
	return all
}

// TestMake: the events are as the catalog says, and those of the day.
func TestMake(t *testing.T) {
	c := config()
	events := map[string]catalog.LogEvent{}
	for _, e := range catalog.LogEvents() {
		events[e.Name] = e
	}
	ids, count := map[string]bool{}, map[string]int{}
	last := time.Time{}
	for _, e := range pastday.Make(c) {
		r := e.Record
		of, known := events[r.EventName()]
		if !known {
			t.Fatalf("%q is no event", r.EventName())
		}
		count[r.EventName()]++
		has := attributes(&r)
		for _, a := range of.Attributes {
			v, there := has[a.Name]
			if !there && a.Presence == "" {
				t.Errorf("%s has no %s", r.EventName(), a.Name)
			}
			if there && a.Values != nil && !slices.Contains(a.Values, v.AsString()) {
				t.Errorf("%s: %s is %q", r.EventName(), a.Name, v.AsString())
			}
			delete(has, a.Name)
		}
		if len(has) > 0 {
			t.Errorf("%s has %v, which the catalog does not know", r.EventName(), has)
		}
		id := attributes(&r)[catalog.AttrRecordUID].AsString()
		if u, err := uuid.Parse(id); err != nil || u.Version() != 7 || ids[id] {
			t.Errorf("the id %s is malformed or there twice", id)
		}
		ids[id] = true
		at := r.Timestamp()
		if at.Before(last) || at.After(c.End) || c.End.Sub(at) > 24*time.Hour {
			t.Errorf("an event at %v after one at %v", at, last)
		}
		last = at
		if want := map[bool]string{true: pastday.Before, false: pastday.After}[c.End.Sub(at) > 15*time.Hour]; e.Version != want && c.End.Sub(at)-15*time.Hour > time.Minute {
			t.Errorf("version %s at %v", e.Version, at)
		}
	}
	if count["discord.interaction.completed"] != c.Interactions || count["discord.guild.joined"] == 0 || count["discord.guild.left"] == 0 || count["discord.guild.unavailable"] != 12 {
		t.Errorf("events %v", count)
	}
}

// TestSameDay: a store that has the events takes none of them twice.
func TestSameDay(t *testing.T) {
	text := func(c pastday.Config) (all []string) {
		for _, e := range pastday.Make(c) {
			all = append(all, fmt.Sprint(e.Process, e.Version, e.Record.Timestamp(), attributes(&e.Record)))
		}
		return all
	}
	first := text(config())
	if !slices.Equal(first, text(config())) {
		t.Error("the same day is another one")
	}
	other := config()
	other.Seed++
	if slices.Equal(first, text(other)) {
		t.Error("another seed has the same day")
	}
}
