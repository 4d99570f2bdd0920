// Command eventsdoc writes docs/EVENTS.md and docs/events.json from the catalog.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/catalogjson"
)

const head = `# Events

<!-- Generated from internal/catalog by go generate. Do not edit. -->

Events are OpenTelemetry log records with an event name. They are off until a provider is set: ` + "`OTEL_LOGS_EXPORTER=otlp`" + `,
` + "`WithEventExporter`" + ` for ClickHouse ([analytics](../analytics/README.md#write-from-a-bot)), or ` + "`WithLoggerProvider`" + ` for an existing OpenTelemetry set-up. [events.json](events.json) has the same list for programs.

- **Names** do not depend on ` + "`ARGUS_NAMESPACE`" + `. Attributes that share a name with a label of [METRICS.md](METRICS.md) have its values.
- **Severity** is INFO, or WARN where an event says so. The body is a sentence that is made from the attributes, without guild and user.
- **Time** is that of the event. ` + "`discord.interaction.completed`" + ` belongs to the span of its interaction, if spans are on.
- **Sessions attached after ` + "`Open`" + `** have guild events with the next collection of metrics, which is also their time. Of an interaction they know what a wrapped handler sees: type, command, duration and error.
- **Unknown values** are absent, never 0.
- **The bot never waits.** Up to 8,192 events, or 4 MB, wait for the log processor. Further ones are dropped and counted in ` + "`argus_telemetry_dropped_total{signal=\"logs\"}`" + `.

## Privacy

No event has a name, a text that a user wrote, or the id of a user, channel, message or interaction.

| data | by default | option |
| --- | --- | --- |
| id of the guild | absent | ` + "`ARGUS_EVENT_GUILD_IDS=true`, `WithEventGuildIDs(true)`" + ` |
| pseudonym of the user | absent | ` + "`ARGUS_EVENT_USER_KEY_FILE`, `WithEventUserHash(key)`" + ` |

The pseudonym is the first half of ` + "`HMAC-SHA256(key, \"<date>:<user id>\")`" + `, in hexadecimal, where the date is the day in UTC on which the interaction arrived.
It tells how many users there were in a day. It changes each day: without the key, nobody can follow a user over days or find the user behind it.
The key never leaves the process. Use one key in all processes of a bot. Delete the key to make old pseudonyms anonymous.

` + "```sh" + `
openssl rand -hex 32 > event-user.key # makes a key
# The pseudonym of a user on a day, to find what is stored of somebody:
printf '2026-11-30:80351110224678912' | openssl dgst -sha256 -hmac "$(cat event-user.key)" -r | cut -c1-32
` + "```" + `

`

func main() {
	document, err := catalogjson.Events()
	// go generate runs in the folder of the file that asks for it: internal/catalog.
	docs := filepath.Join("..", "..", "docs")
	if err == nil {
		err = os.WriteFile(filepath.Join(docs, "events.json"), document, 0o644) //nolint:gosec // a document that everybody may read
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(docs, "EVENTS.md"), []byte(page()), 0o644) //nolint:gosec // as above
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "eventsdoc:", err)
		os.Exit(1)
	}
}

func page() string {
	var w strings.Builder
	w.WriteString(head)
	w.WriteString("## List\n\n")
	for _, e := range catalog.LogEvents() {
		fmt.Fprintf(&w, "### `%s`\n\n%s Example: “%s”", e.Name, e.Description, e.Body)
		switch e.Warning {
		case "":
		case catalog.Always:
			w.WriteString(" WARN.")
		default:
			fmt.Fprintf(&w, " WARN if %s.", e.Warning)
		}
		w.WriteString("\n\n| attribute | type | meaning | present | values |\n| --- | --- | --- | --- | --- |\n")
		for _, a := range e.Attributes {
			fmt.Fprintf(&w, "| `%s` | %s | %s | %s | %s |\n", a.Name, typeText(a), a.Description, presence(a), values(a))
		}
		w.WriteString("\n")
	}
	return strings.TrimRight(w.String(), "\n") + "\n"
}

func typeText(a catalog.EventAttribute) string {
	if a.Unit == "" || strings.HasPrefix(a.Unit, "{") {
		return string(a.Type)
	}
	return string(a.Type) + ", " + a.Unit
}

func presence(a catalog.EventAttribute) string {
	if a.Presence == "" {
		return "always"
	}
	return a.Presence
}

func values(a catalog.EventAttribute) string {
	if a.Values == nil {
		return a.Bound
	}
	return "`" + strings.Join(a.Values, "`, `") + "`"
}
