package findings

import (
	"testing"
	"time"

	"github.com/argus-dgo/argus/internal/catalog"
)

// TestSince: since when something is so is right to ten seconds, or said not to be known,
// whatever happened to the one who looks. Hours ago, points are a minute apart.
func TestSince(t *testing.T) {
	const day = 24 * time.Hour
	// Every series is known in these times alone, from and to how long ago.
	type span struct{ from, to time.Duration }
	throughout := []span{{day, 0}}
	for name, tt := range map[string]struct {
		seen    []span
		up      time.Duration // how long the process has been up; 0: for a day
		fails   time.Duration // how long ago the failures, or the outage of the shard, began
		since   time.Duration
		unknown bool // it may have begun before
	}{
		"all is seen":                        {seen: throughout, fails: 4 * time.Minute, since: 4 * time.Minute},
		"hours ago":                          {seen: throughout, fails: 100 * time.Minute, since: 100 * time.Minute},
		"Prometheus restarted meanwhile":     {seen: []span{{3 * time.Minute, 0}}, fails: time.Hour, since: 3 * time.Minute, unknown: true},
		"Prometheus restarted before":        {seen: []span{{5 * time.Minute, 0}}, fails: 2 * time.Minute, since: 2 * time.Minute},
		"a gap meanwhile":                    {seen: []span{{day, 10 * time.Minute}, {5 * time.Minute, 0}}, fails: 13 * time.Minute, since: 13 * time.Minute},
		"a gap before":                       {seen: []span{{day, 10 * time.Minute}, {5 * time.Minute, 0}}, fails: 3 * time.Minute, since: 3 * time.Minute},
		"in a gap":                           {seen: []span{{day, 10 * time.Minute}, {5 * time.Minute, 0}}, fails: 7 * time.Minute, since: 5 * time.Minute, unknown: true},
		"a gap meanwhile, hours ago":         {seen: []span{{day, time.Hour}, {40 * time.Minute, 0}}, fails: 90 * time.Minute, since: 90 * time.Minute},
		"from the first sample of a process": {seen: []span{{90 * time.Second, 0}}, up: 95 * time.Second, fails: 95 * time.Second, since: 90 * time.Second},
		"longer than the data":               {seen: throughout, fails: 12 * time.Hour, since: 6 * time.Hour, unknown: true},
	} {
		up := tt.up
		if up == 0 {
			up = day
		}
		for kind, happen := range map[string]struct {
			id     string
			happen func(w *world)
		}{
			"failures": {"DiscordAckBudgetBurnsFast", func(w *world) {
				w.set(catalog.Acks, counting(tt.fails, 0, 0.8), with("type", "application_command", "outcome", catalog.AckMissed)...)
			}},
			"shard": {"DiscordShardDown", func(w *world) {
				w.set(catalog.ShardUp, sinceAgo(tt.fails, 1, 0), with("shard", "1")...)
				w.set(catalog.ShardsConnected, sinceAgo(tt.fails, 2, 1), zero...)
			}},
		} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				w := calm()
				happen.happen(w)
				w.set(catalog.Uptime, func(at time.Time) (float64, bool) { return (up - noon.Sub(at)).Seconds(), true }, zero...)
				for i, s := range w.series {
					w.series[i].value = func(at time.Time) (float64, bool) {
						for _, in := range tt.seen {
							if ago := noon.Sub(at); ago <= in.from && ago >= in.to {
								return s.value(at)
							}
						}
						return 0, false
					}
				}
				r, err := Examine(t.Context(), w, noon)
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range r.Findings {
					if f.ID != happen.id {
						continue
					}
					off, most := f.Since.Sub(noon.Add(-tt.since)), 10*time.Second
					if tt.since > 15*time.Minute {
						most = time.Minute // the resolution of the far past
					}
					if f.Before != tt.unknown || off.Abs() > most {
						t.Errorf("since %v ago, before: %t; want %v, %t", noon.Sub(f.Since), f.Before, tt.since, tt.unknown)
					}
					return
				}
				t.Errorf("%s is not found, but %+v", happen.id, r.Findings)
			})
		}
	}
}
