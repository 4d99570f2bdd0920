package event_test

import (
	"database/sql"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/argus-dgo/argus/analytics/event"
	"github.com/argus-dgo/argus/internal/catalog"
)

var at = time.Date(2026, 12, 1, 3, 14, 7, 0, time.UTC)

// set gives a row the attribute, with a value of its type.
func set(r *event.Row, a catalog.EventAttribute) error {
	switch {
	case a.Type == catalog.TypeDouble:
		return r.Float(a.Name, 1.5)
	case a.Type == catalog.TypeInt:
		return r.Int(a.Name, 7)
	case a.Values != nil:
		return r.Text(a.Name, a.Values[0])
	}
	switch a.Name {
	case catalog.AttrRecordUID:
		return r.Text(a.Name, "01a22aa4-954b-7b15-bb1b-69314673af4e")
	case catalog.AttrUserHash:
		return r.Text(a.Name, strings.Repeat("0a", 16))
	case catalog.AttrGuildID:
		return r.Text(a.Name, "18446744073709551615")
	}
	return r.Text(a.Name, "1")
}

// TestEveryAttributeHasAField: each attribute of each event goes to a field of its own.
func TestEveryAttributeHasAField(t *testing.T) {
	fields := map[string]string{}
	for _, e := range catalog.LogEvents() {
		r := event.Row{Name: e.Name, Time: at}
		for _, a := range e.Attributes {
			before := reflect.ValueOf(r)
			if err := set(&r, a); err != nil {
				t.Errorf("%s: %v", e.Name, err)
			}
			var changed []string
			after := reflect.ValueOf(r)
			for n := range after.NumField() {
				if !reflect.DeepEqual(before.Field(n).Interface(), after.Field(n).Interface()) {
					changed = append(changed, after.Type().Field(n).Name)
				}
			}
			if len(changed) != 1 {
				t.Errorf("%s: %s changed the fields %q, want one", e.Name, a.Name, changed)
				continue
			}
			if other, there := fields[changed[0]]; there && other != a.Name {
				t.Errorf("%s and %s go to the field %s", a.Name, other, changed[0])
			}
			fields[changed[0]] = a.Name
		}
		if err := r.Check(); err != nil {
			t.Errorf("%s: %v", e.Name, err)
		}
	}
}

func TestBadValues(t *testing.T) {
	long := strings.Repeat("x", 10<<20)
	for want, do := range map[string]func(*event.Row) error{
		"the attribute log.record.uid is not a UUID":                                               func(r *event.Row) error { return r.Text(catalog.AttrRecordUID, long) },
		"the attribute discord.guild.id is not the decimal id of a guild":                          func(r *event.Row) error { return r.Text(catalog.AttrGuildID, "-1") },
		"the attribute discord.interaction.receipt_age has another type than docs/EVENTS.md says":  func(r *event.Row) error { return r.Text(catalog.AttrReceiptAge, "1") },
		"the attribute discord.command has another type than docs/EVENTS.md says":                  func(r *event.Row) error { return r.Int(catalog.AttrCommand, 1) },
		"the attribute discord.session_start.limit is not a number that an event can have":         func(r *event.Row) error { return r.Int(catalog.AttrStartLimit, -1) },
		"the attribute discord.session_start.limit has another type than docs/EVENTS.md says":      func(r *event.Row) error { return r.Float(catalog.AttrStartLimit, 1) },
		"the attribute discord.ratelimit.retry_after is not a number that an event can have":       func(r *event.Row) error { return r.Float(catalog.AttrRetryAfter, math.NaN()) },
		"the attribute discord.gateway.connection.duration is not a number that an event can have": func(r *event.Row) error { return r.Float(catalog.AttrConnectionDuration, math.Inf(1)) },
		"the attribute discord.interaction.answer.duration is not a number that an event can have": func(r *event.Row) error { return r.Int(catalog.AttrAnswerDuration, -1) },
		"the attribute discord.command is longer than 512 bytes":                                   func(r *event.Row) error { _ = r.Text(catalog.AttrCommand, long); return r.Check() },
		"the attribute error.type is not UTF-8":                                                    func(r *event.Row) error { _ = r.Text(catalog.AttrErrorType, "\xff"); return r.Check() },
		"the attribute discord.user.hash is not 32 hexadecimal digits":                             func(r *event.Row) error { _ = r.Text(catalog.AttrUserHash, "80351110224678912"); return r.Check() },
		"the resource's attribute service.version is longer than 512 bytes":                        func(r *event.Row) error { r.Resource("service.version", long); return r.Check() },
		"the time of the event is not between 1970 and 2106":                                       func(r *event.Row) error { r.Time = time.Time{}; return r.Check() },
		"the event has a name that is not in docs/EVENTS.md":                                       func(r *event.Row) error { r.Name = long; return r.Check() },
	} {
		r := event.Row{Name: catalog.EventInteractionCompleted.Name, Time: at}
		if err := do(&r); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestAbsentIsNotEmpty(t *testing.T) {
	var r event.Row
	for _, name := range []string{catalog.AttrCommand, "something.new"} {
		if err := r.Text(name, ""); err != nil {
			t.Fatal(err)
		}
	}
	if want := (sql.Null[string]{Valid: true}); r.Command != want || r.ErrorType.Valid {
		t.Errorf("command %+v, error type %+v", r.Command, r.ErrorType)
	}
}

func TestIDs(t *testing.T) {
	const text = "01a22aa4-954b-7b15-bb1b-69314673af4e"
	if id, err := event.ParseID(text); err != nil || id.String() != text {
		t.Errorf("%v, %v", id, err)
	}
	for _, bad := range []string{"", text[1:], text + "0", "01a22aa4x954b-7b15-bb1b-69314673af4e", "01a22aa4-954b-7b15-bb1b-69314673af4g"} {
		if id, err := event.ParseID(bad); err == nil || !id.IsZero() {
			t.Errorf("%q is %v", bad, id)
		}
	}
	made := func(change func(*event.Row)) event.ID {
		r := event.Row{Name: catalog.EventInteractionCompleted.Name, Time: at, Cluster: "1"}
		change(&r)
		if err := r.Check(); err != nil {
			t.Fatal(err)
		}
		return r.ID
	}
	same := made(func(*event.Row) {})
	if same.IsZero() || same != made(func(*event.Row) {}) {
		t.Error("an event without an id does not have the same one twice")
	}
	for name, change := range map[string]func(*event.Row){
		"time": func(r *event.Row) { r.Time = at.Add(1) }, "cluster": func(r *event.Row) { r.Cluster = "2" },
		"empty command": func(r *event.Row) { r.Command.Valid = true }, "duration": func(r *event.Row) { r.HandlerDuration = sql.Null[float64]{V: 1, Valid: true} },
		"guild": func(r *event.Row) { r.GuildID = sql.Null[uint64]{V: 1, Valid: true} },
	} {
		if made(change) == same {
			t.Errorf("another %s has the same id", name)
		}
	}
}
