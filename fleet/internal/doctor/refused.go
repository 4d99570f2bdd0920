package doctor

import (
	"fmt"

	"github.com/argus-dgo/argus/internal/checks"
)

// eventReasons are why single events are refused, by the label reason of
// argus_fleet_events_total.
var eventReasons = []struct{ reason, text, do string }{
	{"identity", "were of processes that do not say who they are", "service.name, service.instance.id and cluster are needed"},
	{"unknown_event", "were none of docs/EVENTS.md", "send the fleet no other logs; if they are events of a newer version, update the fleet"},
	{"invalid", "had values that events do not have", "the log of the bot or Collector says which"},
	{"too_many_values", "had a further command, error type, version, cluster, bot or region, of which there are too many", "see New values in docs/FLEET.md"},
	{"full", "had no room beside those of the same day", "raise ARGUS_FLEET_EVENTS_MAX"},
	{"rejected", "were rejected by ClickHouse", "read the fleet's log, which has the error"},
}

// eventResults are why pushes of events are refused as a whole, by the label of
// argus_fleet_event_pushes_total.
var eventResults = []struct{ result, text, do string }{
	{"invalid", "were not OTLP", "the log of the bot or Collector says why"},
	{"too_large", "were larger than 16 MiB", "let the Collector send smaller batches (send_batch_max_size)"},
	{"busy", "found the fleet busy", "give the fleet more CPU, or raise OTEL_BLRP_SCHEDULE_DELAY"},
	{"too_often", "came more often than 10 times a second", "raise OTEL_BLRP_SCHEDULE_DELAY"},
	{"storage", "could not be stored; senders send them again", "read the fleet's log"},
	{"off", "came to a fleet that takes none", "set ARGUS_FLEET_EVENTS to on, or have bots send no events (OTEL_LOGS_EXPORTER=none)"},
}

// refusedEvents says which events were refused since the fleet's start, and why.
func (s *seen) refusedEvents() (findings []checks.Finding) {
	for _, r := range eventReasons {
		if n, _ := s.value("argus_fleet_events_total", "reason", r.reason); n > 0 {
			findings = append(findings, warn("events", fmt.Sprintf("%.0f events were refused since the fleet's start: they %s", n, r.text), r.do))
		}
	}
	for _, r := range eventResults {
		if n, _ := s.value("argus_fleet_event_pushes_total", "result", r.result); n > 0 {
			findings = append(findings, warn("events", fmt.Sprintf("%.0f pushes of events since the fleet's start %s", n, r.text), r.do))
		}
	}
	return findings
}
