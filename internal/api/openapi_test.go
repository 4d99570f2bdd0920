package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/findings"
)

// An object is one of docs/openapi.json.
type object = map[string]any

// description returns docs/openapi.json.
var description = sync.OnceValue(func() (d object) {
	text, err := os.ReadFile("../../docs/openapi.json")
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		panic(err) // no test can do without
	}
	return d
})

// in returns what lies in an object at some keys, or nothing. References are followed.
func in(o object, keys ...string) object {
	for _, key := range keys {
		o, _ = o[key].(object)
		if ref, is := o["$ref"].(string); is && !strings.Contains(ref, "/schemas/") {
			o = in(description(), strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
		}
	}
	return o
}

func schemas() object { return in(description(), "components", "schemas") }

// types are those of the documents, by the names of their schemas.
func types() map[string]reflect.Type {
	return map[string]reflect.Type{
		"Status": reflect.TypeFor[Status](), "Identity": reflect.TypeFor[Identity](), "Report": reflect.TypeFor[findings.Report](), "Finding": reflect.TypeFor[findings.Finding](),
		"Evidence": reflect.TypeFor[findings.Evidence](), "Change": reflect.TypeFor[findings.Change](), "Gap": reflect.TypeFor[findings.Gap](),
		"ShardOf": reflect.TypeFor[ShardOf](), "Shards": reflect.TypeFor[Shards](), "Shard": reflect.TypeFor[Shard](), "LastClose": reflect.TypeFor[LastClose](),
		"Budgets": reflect.TypeFor[Budgets](), "SessionStarts": reflect.TypeFor[SessionStarts](), "InvalidRequests": reflect.TypeFor[InvalidRequests](),
		"Sends": reflect.TypeFor[Sends](), "Answers": reflect.TypeFor[Answers](), "Burn": reflect.TypeFor[Burn](),
		"Snapshot": reflect.TypeFor[Snapshot](), "Step": reflect.TypeFor[Step](), "Resumed": reflect.TypeFor[Resumed](),
		"Timeline": reflect.TypeFor[Timeline](), "Event": reflect.TypeFor[Event](),
		"SeriesList": reflect.TypeFor[SeriesList](), "Series": reflect.TypeFor[Series](),
		"Commands": reflect.TypeFor[Commands](), "Command": reflect.TypeFor[Command](), "Runs": reflect.TypeFor[Runs](),
		"Process": reflect.TypeFor[Process](), "Pauses": reflect.TypeFor[Pauses](), "Slow": reflect.TypeFor[Slow](), "SlowInteraction": reflect.TypeFor[SlowInteraction](),
		"Routes": reflect.TypeFor[Routes](), "Route": reflect.TypeFor[Route](), "Method": reflect.TypeFor[Method](),
		"Overview": reflect.TypeFor[Overview](), "Versions": reflect.TypeFor[Versions](), "Telemetry": reflect.TypeFor[Telemetry](),
		"Invalid": reflect.TypeFor[Invalid](), "InvalidRoute": reflect.TypeFor[InvalidRoute](), "Latencies": reflect.TypeFor[Latencies](), "Stage": reflect.TypeFor[Stage](),
		"Delays": reflect.TypeFor[Delays](), "Durations": reflect.TypeFor[Durations](),
	}
}

// TestOpenAPI: docs/openapi.json has each path with its parameters, and each type with
// its fields, those that are always there as required.
func TestOpenAPI(t *testing.T) {
	var paths []string
	for _, e := range endpoints() {
		paths = append(paths, e.path)
		p := &parameters{}
		e.prepare(Member{Source: newBot(t).history}, p)
		var names []string
		list, _ := in(description(), "paths", e.path, "get")["parameters"].([]any)
		for _, parameter := range list {
			o := in(object{"": parameter}, "")
			if o["in"] == "query" {
				names = append(names, fmt.Sprint(o["name"]))
			}
		}
		if want := append([]string{"bot"}, p.known...); !slices.Equal(names, want) {
			t.Errorf("%s has the parameters %q, want %q", e.path, names, want)
		}
	}
	if got := slices.Sorted(maps.Keys(in(description(), "paths"))); !slices.Equal(got, slices.Sorted(slices.Values(paths))) {
		t.Errorf("the paths are %v", got)
	}
	missing := types()
	for name := range schemas() {
		if name == "Error" {
			continue
		}
		of := missing[name]
		if of == nil {
			t.Errorf("%s is no type of the API", name)
			continue
		}
		delete(missing, name)
		fields, always := fieldsOf(of)
		slices.Sort(fields)
		slices.Sort(always)
		if got := slices.Sorted(maps.Keys(in(schemas(), name, "properties"))); !slices.Equal(got, fields) {
			t.Errorf("%s has the properties %v, want %v", name, got, fields)
		}
		if got := slices.Sorted(slices.Values(texts(in(schemas(), name)["required"]))); !slices.Equal(got, always) {
			t.Errorf("%s requires %v, want %v", name, got, always)
		}
	}
	for name := range missing {
		t.Errorf("%s is missing", name)
	}
	blames := []string{}
	for _, b := range findings.Blames() {
		blames = append(blames, string(b))
	}
	if got := texts(in(schemas(), "Finding", "properties", "blame")["enum"]); !slices.Equal(got, blames) {
		t.Errorf("the blames are %q, want %q", got, blames)
	}
}

// fieldsOf returns the names of a type's fields in JSON, and of those that are always
// there.
func fieldsOf(of reflect.Type) (fields, always []string) {
	for field := range of.Fields() {
		if field.Anonymous {
			f, a := fieldsOf(field.Type)
			fields, always = append(fields, f...), append(always, a...)
			continue
		}
		tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if tag == "" || tag == "-" {
			continue
		}
		fields = append(fields, tag)
		if options == "" {
			always = append(always, tag)
		}
	}
	return fields, always
}

func texts(list any) (all []string) {
	values, _ := list.([]any)
	for _, v := range values {
		all = append(all, fmt.Sprint(v))
	}
	return all
}

// A validator compares documents with schemas. It knows the keywords that
// docs/openapi.json has, and no document may have a property that its schema lacks.
type validator struct {
	seen   map[string]bool // the properties, as Schema.property, that had a value but null
	faults []string
}

// answer compares an answer with the schema of its path and status.
func (v *validator) answer(path string, status int, body []byte) {
	o := in(description(), "paths", path, "get", "responses", strconv.Itoa(status), "content", "application/json", "schema")
	if o == nil {
		v.fail(path, "status %d has no schema", status)
		return
	}
	v.document(path, o, body)
}

// document compares a document with a schema.
func (v *validator) document(where string, schema object, body []byte) {
	var document any
	if err := json.Unmarshal(body, &document); err != nil {
		v.fail(where, "%v", err)
		return
	}
	v.value(where, schema, document)
}

func (v *validator) fail(where, format string, args ...any) {
	v.faults = append(v.faults, where+": "+fmt.Sprintf(format, args...))
}

func (v *validator) value(where string, schema object, value any) {
	for key, argument := range schema {
		switch key {
		case "$ref":
			name := strings.TrimPrefix(fmt.Sprint(argument), "#/components/schemas/")
			v.value(name, in(schemas(), name), value)
			return
		case "anyOf":
			list, _ := argument.([]any)
			for _, one := range list {
				attempt := &validator{seen: map[string]bool{}}
				o, _ := one.(object)
				if attempt.value(where, o, value); len(attempt.faults) == 0 {
					if v.seen != nil {
						maps.Copy(v.seen, attempt.seen)
					}
					return
				}
			}
			v.fail(where, "%v is none of %v", value, argument)
			return
		case "type":
			if !isOf(value, argument) {
				v.fail(where, "%v is no %v", value, argument)
				return
			}
		case "const":
			if value != argument {
				v.fail(where, "%v is not %v", value, argument)
			}
		case "enum":
			if list, _ := argument.([]any); value != nil && !slices.Contains(list, value) {
				v.fail(where, "%v is none of %v", value, argument)
			}
		case "minimum":
			if n, is := value.(float64); is && n < argument.(float64) {
				v.fail(where, "%v is below %v", value, argument)
			}
		case "maxItems":
			if list, is := value.([]any); is && float64(len(list)) > argument.(float64) {
				v.fail(where, "there are %d items", len(list))
			}
		case "format":
			text, is := value.(string)
			if at, err := time.Parse(time.RFC3339Nano, text); is && argument == "date-time" && (err != nil || at.Location() != time.UTC) {
				v.fail(where, "%q is no time in UTC", text)
			}
		case "required":
			o, is := value.(object)
			for _, required := range texts(argument) {
				if _, there := o[required]; is && !there {
					v.fail(where, "%s is missing", required)
				}
			}
		case "items":
			list, _ := value.([]any)
			o, _ := argument.(object)
			for _, item := range list {
				v.value(where+"[]", o, item)
			}
		case "properties", "additionalProperties", "description", "pattern", "examples":
		default:
			v.fail(where, "the keyword %s is unknown", key)
		}
	}
	v.properties(where, schema, value)
}

func (v *validator) properties(where string, schema object, value any) {
	o, _ := value.(object)
	properties := in(schema, "properties")
	for key, item := range o {
		of, known := properties[key].(object)
		if !known {
			of, known = schema["additionalProperties"].(object)
		}
		if !known {
			v.fail(where, "the property %s is unknown", key)
			continue
		}
		if item != nil && v.seen != nil {
			v.seen[where+"."+key] = true
		}
		v.value(where+"."+key, of, item)
	}
}

func isOf(value, kinds any) bool {
	list := texts(kinds)
	if kind, is := kinds.(string); is {
		list = []string{kind}
	}
	is := "null"
	switch v := value.(type) {
	case bool:
		is = "boolean"
	case string:
		is = "string"
	case float64:
		is = "number"
		if v == math.Trunc(v) && slices.Contains(list, "integer") {
			is = "integer"
		}
	case []any:
		is = "array"
	case object:
		is = "object"
	}
	return slices.Contains(list, is)
}

// TestValidator: a document that its schema does not describe is found.
func TestValidator(t *testing.T) {
	for text, faults := range map[string]int{
		`{"version":1,"identity":{"cluster":"3","argus_version":"v1"},"at":"2026-01-02T03:04:05Z","shard":"1","shards":4,"here":true,"up":null,"state":"ready","since":null,"guild_state":"available","guild_members":7}`:                 0,
		`{"version":2,"identity":{"cluster":"3","argus_version":"v1"},"at":"2026-01-02T03:04:05Z","shard":"1","shards":4,"here":true,"up":null,"state":"ready","since":null,"guild_state":"available","guild_members":7}`:                 1,
		`{"version":1,"identity":{"cluster":3,"argus_version":"v1"},"at":"2026-01-02T03:04:05Z","shard":"1","shards":4.5,"here":true,"up":null,"state":"asleep","since":null,"guild_state":"available","guild_members":7}`:                3,
		`{"version":1,"identity":{"cluster":"3","argus_version":"v1"},"at":"2026-01-02T03:04:05+01:00","shard":1,"shards":4,"here":true,"up":null,"state":"ready","since":null,"guild_state":null,"guild_members":null,"guild":"123456"}`: 3,
		`{"version":1}`: 10,
	} {
		v := &validator{}
		if v.document("", object{"$ref": "#/components/schemas/ShardOf"}, []byte(text)); len(v.faults) != faults {
			t.Errorf("%s: %q, want %d faults", text, v.faults, faults)
		}
	}
}

// ask returns the answer for a path with its query, which must be as described. It
// stores a document that is there.
func ask[T any](t *testing.T, a *API, target string, document *T) (status int, body string) {
	t.Helper()
	w := get(a, target)
	path, _, _ := strings.Cut(target, "?")
	v := &validator{}
	if v.answer(path, w.Code, w.Body.Bytes()); len(v.faults) > 0 {
		t.Errorf("%s: status %d %s\n%q", target, w.Code, w.Body, v.faults)
	}
	if w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%s: %v", target, w.Header())
	}
	if w.Code == http.StatusOK {
		if err := json.Unmarshal(w.Body.Bytes(), document); err != nil {
			t.Errorf("%s: %v", target, err)
		}
	}
	return w.Code, w.Body.String()
}

// refuses fails unless requests are answered with 400, and with a text.
func refuses(t *testing.T, a *API, faults map[string]string) {
	t.Helper()
	for target, says := range faults {
		var none any
		if status, body := ask(t, a, target, &none); status != http.StatusBadRequest || !strings.Contains(body, says) {
			t.Errorf("%s: status %d %s, want %s", target, status, body, says)
		}
	}
}
