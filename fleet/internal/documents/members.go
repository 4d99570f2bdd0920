package documents

import (
	"time"

	"github.com/argus-dgo/argus/fleet/internal/members"
)

// Members is the table of who reports.
type Members struct {
	Head
	Gone    float64  `json:"gone_after_seconds"`
	Members []Member `json:"members"`
}

// A Member is an incarnation that reports, or the last one of a place.
type Member struct {
	Named
	Instance    *string   `json:"instance"`
	BotVersion  *string   `json:"version"`
	FirstSeen   time.Time `json:"first_seen"`
	LastSeen    time.Time `json:"last_seen"`
	Interval    *float64  `json:"interval_seconds"`
	State       string    `json:"state"`
	Series      *int      `json:"series"`
	Pushes      *int64    `json:"pushes"`
	Refused     *int64    `json:"refused_points"`
	LastRefusal *string   `json:"last_refusal"`
	ClockOffset *float64  `json:"clock_offset_seconds"`
}

// MakeMembers makes the table.
func MakeMembers(in Input, series map[string]int) *Members {
	t := &Members{Head: in.head(), Members: []Member{}}
	for _, m := range in.Members {
		list := m.Reporting()
		if len(list) == 0 {
			list = m.Incarnations[:1]
		}
		for _, i := range list {
			one := Member{
				Named: named(m.Place), Instance: known(i.Instance), BotVersion: known(i.Version), FirstSeen: i.First.UTC(), LastSeen: i.Last.UTC(),
				State: string(i.EndedBy), Pushes: &i.Reports, Refused: &i.Refused, LastRefusal: known(i.LastRefusal),
			}
			if n, there := series[i.Instance]; there {
				one.Series = &n
			}
			if i.Interval > 0 {
				s := i.Interval.Seconds()
				one.Interval = &s
			}
			if i.ClockOffset != nil {
				s := i.ClockOffset.Seconds()
				one.ClockOffset = &s
			}
			if i.EndedBy == members.Here {
				one.State = "reporting"
				if i.Late() {
					one.State = "late"
				}
				t.Gone = max(t.Gone, i.Deadline().Seconds())
			}
			t.Members = append(t.Members, one)
		}
	}
	return t
}
