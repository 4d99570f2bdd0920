package settings

import (
	"strings"
	"testing"
	"time"
)

func TestEvents(t *testing.T) {
	s, err := parse(nil, nil)
	if err != nil || s.Events || s.EventsRetention != 90*24*time.Hour || s.EventsHourly != 730*24*time.Hour || s.EventsMax != 50_000_000 {
		t.Errorf("by default: %+v, %v", s, err)
	}
	viewers := map[string]string{"ARGUS_FLEET_EVENTS": "on", "ARGUS_FLEET_VIEWER_TOKEN_FILE": "viewers"}
	if s, err := parse([]string{"--events-retention", "30d"}, viewers); err != nil || !s.Events || s.EventsRetention != 30*24*time.Hour {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := parse(nil, map[string]string{"ARGUS_FLEET_EVENTS": "on"}); err == nil || !strings.Contains(err.Error(), "ARGUS_FLEET_VIEWER_TOKEN_FILE") {
		t.Errorf("without a token of viewers: %v", err)
	}
	for _, one := range []struct{ flag, value, want string }{
		{"events", "yes", "is neither on nor off"},
		{"events-retention", "36h", "is not a number of whole days"},
		{"events-retention", "1h", "is below 1d"},
		{"events-retention", "800d", "is shorter than ARGUS_FLEET_EVENTS_RETENTION"},
		{"events-max", "10", "is not a number from 1000"},
		{"prometheus", "http://127.0.0.1:9090", "takes no pushes"},
	} {
		if _, err := parse([]string{"--" + one.flag, one.value}, viewers); err == nil || !strings.Contains(err.Error(), one.want) {
			t.Errorf("--%s %s: %v, want %q", one.flag, one.value, err, one.want)
		}
	}
}
