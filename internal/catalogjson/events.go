package catalogjson

import (
	"encoding/json"

	"github.com/argus-dgo/argus/internal/catalog"
)

// eventsDocument has events and attributes by name, as document has metrics.
type eventsDocument struct {
	Schema  string           `json:"$schema"`
	Version int              `json:"version"`
	Events  map[string]event `json:"events"`
}

// eventsVersion is that of the format, as version is of document.
const eventsVersion = 1

type event struct {
	Description string `json:"description"`
	// Warning says when the severity is WARN: "always", a condition, or never if it is
	// absent. It is INFO otherwise.
	Warning    string               `json:"warning,omitempty"`
	Attributes map[string]attribute `json:"attributes"`
}

type attribute struct {
	Type        string `json:"type"`
	Unit        string `json:"unit,omitempty"`
	Description string `json:"description"`
	// Presence says when the attribute is there: always if it is absent.
	Presence string `json:"presence,omitempty"`
	// Values is the closed set of values, and absent where there is none.
	Values []string `json:"values,omitempty"`
}

// Events returns docs/events.json, which docs/events.schema.json describes.
func Events() ([]byte, error) {
	d := eventsDocument{Schema: "events.schema.json", Version: eventsVersion, Events: map[string]event{}}
	for _, e := range catalog.LogEvents() {
		attributes := map[string]attribute{}
		for _, a := range e.Attributes {
			attributes[a.Name] = attribute{string(a.Type), a.Unit, a.Description, a.Presence, a.Values}
		}
		d.Events[e.Name] = event{e.Description, e.Warning, attributes}
	}
	text, err := json.MarshalIndent(d, "", "  ")
	return append(text, '\n'), err
}
