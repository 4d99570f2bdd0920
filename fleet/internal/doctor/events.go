package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/argus-dgo/argus/fleet/internal/clickhousestore"
	"github.com/argus-dgo/argus/internal/checks"
	"github.com/argus-dgo/argus/internal/clickhousesettings"
)

const (
	// eventsPath has no such format: the answer says whether there are events, and no store
	// is asked.
	eventsPath = "/api/fleet/v1/events/bots?format=none"
	// nearlyFull is the part of ARGUS_FLEET_EVENTS_MAX from which on days may soon be dropped.
	nearlyFull = 0.9

	storedEvents = "argus_fleet_stored_events"
)

// events looks at the store of the settings, and at what the fleet says of its own.
func (d *doctor) events(ctx context.Context, s *seen) (findings []checks.Finding) {
	const check = "events"
	inClickHouse := d.settings.ClickHouse.URL != ""
	_, inFile := s.value(storedEvents, "", "")
	takes := s.events != nil && *s.events
	switch {
	case !d.settings.Events && takes:
		findings = append(findings, fail(check, "the fleet takes events, but ARGUS_FLEET_EVENTS is off in this environment", otherSettings))
	case !d.settings.Events:
		findings = append(findings, skip(check, "ARGUS_FLEET_EVENTS is off: the fleet takes no events"))
	case s.events != nil && !takes:
		findings = append(findings, fail(check, "ARGUS_FLEET_EVENTS is on, but the fleet takes no events",
			"restart the fleet if it was started without the setting; otherwise its log says why: it leaves a file alone that is damaged or of a newer version"))
	case inClickHouse && inFile:
		findings = append(findings, fail(check, "the fleet keeps events in SQLite, but ARGUS_FLEET_CLICKHOUSE_URL is set in this environment", otherSettings))
	case !inClickHouse && inFile:
		findings = append(findings, s.eventFile(d.settings.EventsMax))
	case !inClickHouse && takes && s.metrics != nil:
		findings = append(findings, fail(check, "the fleet keeps events in ClickHouse, but ARGUS_FLEET_CLICKHOUSE_URL is not set in this environment", otherSettings))
	}
	if d.settings.Events && inClickHouse {
		findings = append(findings, d.clickhouse(ctx))
	}
	return append(findings, s.refusedEvents()...)
}

// takesEvents asks the fleet whether it does. The result is nil if it does not say.
func (d *doctor) takesEvents(ctx context.Context, token string) *bool {
	switch d.status(ctx, http.MethodGet, eventsPath, token) {
	case http.StatusBadRequest:
		return new(true)
	case http.StatusNotFound:
		return new(false)
	}
	return nil
}

// eventFile says what is in the file of events.
func (s *seen) eventFile(most int) checks.Finding {
	const check = "events"
	kept, _ := s.value(storedEvents, "", "")
	bytes, _ := s.value("argus_fleet_event_store_bytes", "", "")
	taken, _ := s.value("argus_fleet_events_total", "result", "taken")
	text := fmt.Sprintf("%.0f events of at most %d are kept, in %s; %.0f were taken since the fleet's start", kept, most, shown(uint64(bytes)), taken)
	const do = "raise ARGUS_FLEET_EVENTS_MAX, shorten ARGUS_FLEET_EVENTS_RETENTION, or keep events in ClickHouse (ARGUS_FLEET_CLICKHOUSE_URL)"
	if dropped, _ := s.value("argus_fleet_events_dropped_total", "", ""); dropped > 0 {
		return warn(check, fmt.Sprintf("%s, and %.0f were dropped before their time, because there were too many", text, dropped), do)
	}
	if kept >= nearlyFull*float64(most) {
		return warn(check, text+"; with more, the oldest day is dropped before its time", do)
	}
	return ok(check, text)
}

// clickhouse connects as the fleet does.
func (d *doctor) clickhouse(ctx context.Context) checks.Finding {
	const check = "events"
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	store, err := clickhousestore.Open(clickhousestore.Config{Connection: d.settings.ClickHouse, Silence: requestTimeout})
	if err != nil {
		return fail(check, err.Error(), "correct the setting")
	}
	defer store.Close()
	if err := store.Check(ctx); err != nil {
		p, is := errors.AsType[*clickhousestore.CheckError](err)
		if !is {
			p = &clickhousestore.CheckError{Text: err.Error(), Do: "read the fleet's log"}
		}
		return fail(check, p.Text, p.Do)
	}
	raw, hourly, err := store.Retention(ctx)
	if err != nil {
		return fail(check, err.Error(), "read the log of ClickHouse")
	}
	return ok(check, fmt.Sprintf("ClickHouse (%s) accepts the user, and has version %d of the tables, which keep events for %.0f days and their sums for %.0f days",
		d.settings.ClickHouse.URL, clickhousesettings.SchemaVersion, raw.Hours()/24, hourly.Hours()/24))
}
