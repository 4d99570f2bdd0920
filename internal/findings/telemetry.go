package findings

import (
	"fmt"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/rules"
)

// subsystemsDown finds parts of Argus that do not work.
func subsystemsDown(v *view) (found []Finding) {
	q := evidence.Question{Form: evidence.Last, Of: catalog.SubsystemUp, By: []string{"subsystem"}, Combine: evidence.Min}
	for _, value := range v.ask(q) {
		if value.Number != 0 {
			continue
		}
		f := v.make("ArgusSubsystemDown", value.Labels, 0)
		f.Blame = Telemetry
		f.Evidence = []Evidence{{Says: "whether the part works", question: of(q, value.Labels), Value: 0}}
		f.Since, f.Before = v.holding(q, value.Labels, is(0))
		switch value.Labels["subsystem"] {
		case catalog.SubsystemServer:
			f.Do = "Another process has the port: set ARGUS_PORT, or stop it."
		case catalog.SubsystemOTLPTraces:
			f.Do = "Check the collector, its pipeline for traces and OTEL_EXPORTER_OTLP_TRACES_ENDPOINT; the bot's log has the cause."
		case catalog.SubsystemOTLPLogs:
			f.Do = "Check the collector, its pipeline for logs and OTEL_EXPORTER_OTLP_LOGS_ENDPOINT; the bot's log has the cause."
		case catalog.SubsystemClickHouse:
			f.Do = "Check ClickHouse and ARGUS_CLICKHOUSE_URL with argus doctor; the bot's log has the cause."
		default:
			f.Do = "Check the collector and OTEL_EXPORTER_OTLP_ENDPOINT with argus doctor."
		}
		found = append(found, f)
	}
	return found
}

// rises finds processes with a counter that should not rise.
func rises(id string, counter catalog.Instrument, label, says, do string) func(v *view) []Finding {
	return func(v *view) (found []Finding) {
		q := evidence.Question{Form: evidence.Increase, Of: counter, By: []string{label}, Over: rules.Window("ErrorWindow")}
		for _, value := range v.ask(q) {
			if round(value.Number) <= 0 {
				continue
			}
			f := v.make(id, value.Labels, value.Number)
			f.Blame, f.Do = Telemetry, do
			f.Evidence = []Evidence{{Says: says, question: of(q, value.Labels), Value: value.Number}}
			f.Since, f.Before = v.rising(q, value.Labels, rules.Window("ErrorWindow"))
			found = append(found, f)
		}
		return found
	}
}

// withoutAcks tells processes in which no answers are followed.
func withoutAcks(v *view) (what, how string) {
	if processes(v) == 0 || len(v.ask(evidence.Question{Form: evidence.Last, Of: catalog.Acks})) > 0 {
		return "", ""
	}
	return "whether users get answers: interactions are not followed", fmt.Sprintf("Attach the session before Open, with %s not set to false.", "ARGUS_INTERACTION_ACKS")
}
