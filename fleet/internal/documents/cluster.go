package documents

import (
	"time"

	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/internal/findings"
	"github.com/argus-dgo/argus/internal/rules"
)

// The states of a cluster. The first that applies counts.
const (
	stateGone    = "gone"
	stateLeft    = "left"
	stateTwice   = "twice"
	stateDown    = "down"
	stateLate    = "late"
	stateUp      = "up"
	stateUnknown = "unknown"
)

// A Cluster is one row of the table of clusters.
type Cluster struct {
	Named
	Number       int           `json:"number"`
	State        string        `json:"state"`
	Severity     *string       `json:"severity"`
	Since        *time.Time    `json:"since"`
	LastReport   *time.Time    `json:"last_report_at"`
	Shards       ClusterShards `json:"shards"`
	Failures     *float64      `json:"failures_per_minute"`
	FailureRatio *float64      `json:"failure_ratio"`
	P95          *float64      `json:"answer_p95_seconds"`
	RateLimits   *float64      `json:"rate_limits_per_minute"`
	Guilds       *int          `json:"guilds"`
	BotVersion   *string       `json:"version"`
	Instance     *string       `json:"instance"`
	Started      *time.Time    `json:"started_at"`

	place members.Place
}

// ClusterShards are the shards of a cluster.
type ClusterShards struct {
	Up    *int   `json:"up"`
	Total *int   `json:"total"`
	IDs   string `json:"ids"`
}

// reports tells whether the numbers of a cluster belong into sums.
func (c Cluster) reports() bool { return c.State != stateGone && c.State != stateLeft }

// row makes the row of a place.
func (p *picture) row(in Input, m members.Member, twice map[members.Place]bool) Cluster {
	newest := m.Incarnations[0]
	c := Cluster{Named: named(m.Place), Number: m.Number, LastReport: at(newest.Last), Instance: known(newest.Instance), BotVersion: known(newest.Version), place: m.Place}
	if v := p.version[m.Place]; v != "" {
		c.BotVersion = known(v)
	}
	if len(m.Reporting()) == 0 {
		c.State = stateGone
		if newest.EndedBy == members.Goodbye {
			c.State = stateLeft
		}
		c.Since, c.Started = at(newest.Last), at(newest.First)
		return c
	}
	var up int
	var list []int
	for id, is := range p.shards[m.Place] {
		list = append(list, id)
		if is {
			up++
		}
	}
	if list != nil {
		total := len(list)
		c.Shards = ClusterShards{&up, &total, ids(list)}
	}
	if answers, there := p.answers[m.Place]; there {
		failures := 60 * p.failures[m.Place] // absent series of one that has others are 0
		c.Failures, c.FailureRatio = &failures, share(p.failures[m.Place], answers)
	}
	c.P95, c.RateLimits, c.Guilds = number(p.p95, m.Place), number(p.limits, m.Place), whole(number(p.guilds, m.Place))
	if uptime := number(p.uptime, m.Place); uptime != nil {
		c.Started = at(in.At.Add(-time.Duration(*uptime * float64(time.Second))))
	}
	var since time.Time
	late := false
	about(in.Reports[evidence.Bot{Job: m.Job, Name: m.Bot}].Findings, m.Place, func(f findings.Finding) {
		if f.Severity == rules.Info {
			return
		}
		if c.Severity == nil || *c.Severity == rules.Warning && f.Severity == rules.Critical {
			c.Severity, since = &f.Severity, f.Since
		}
		late = late || f.ID == "DiscordAckBudgetBurnsFast" || f.ID == "DiscordAckBudgetBurnsSlowly"
	})
	if c.Since = at(since); c.Since == nil && c.Severity == nil {
		c.Since = c.Started
	}
	switch {
	case twice[m.Place]:
		c.State = stateTwice
	case c.Shards.Up == nil:
		c.State = stateUnknown
	case *c.Shards.Up < *c.Shards.Total:
		c.State = stateDown
	case late:
		c.State = stateLate
	default:
		c.State = stateUp
	}
	return c
}
