package sources

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/internal/evidence"
)

// A process is what is reported about at a place.
type process struct {
	members.Place
	instance string
}

// seen is what a poll finds of a process.
type seen struct {
	newest        time.Time
	version, host string
	age           time.Duration
	aged          bool
	alive         bool
}

const identity = "job, bot, region, cluster, instance"

// queries find the processes. Each has a row for each.
var queries = []struct {
	expr string
	take func(p *seen, s evidence.Series)
}{
	{
		fmt.Sprintf("max by (%s) (timestamp(%s))", identity, catalog.Up.PrometheusName()),
		func(p *seen, s evidence.Series) {
			p.newest = time.UnixMilli(int64(s.Points[0].Number * 1000))
		},
	},
	{
		fmt.Sprintf("max by (%s) (%s)", identity, catalog.Up.PrometheusName()),
		func(p *seen, s evidence.Series) { p.alive = s.Points[0].Number != 0 },
	},
	{
		fmt.Sprintf("max by (%s) (%s)", identity, catalog.Uptime.PrometheusName()),
		func(p *seen, s evidence.Series) {
			p.age, p.aged = time.Duration(s.Points[0].Number*float64(time.Second)), true
		},
	},
	{
		fmt.Sprintf("group by (%s, version) (%s)", identity, catalog.BotInfo.PrometheusName()),
		func(p *seen, s evidence.Series) { p.version = s.Labels["version"] },
	},
}

// hosts finds where processes run, as far as they say it: target_info has no label of the
// bot but those of the target.
const hosts = `group by (job, instance, host_name) (target_info{host_name!=""})`

type target struct{ job, instance string }

// poll asks the server once, and reports what it finds.
func (s *Source) poll(ctx context.Context, registry *members.Registry, report func(error)) {
	found, err := s.look(ctx)
	if ctx.Err() != nil {
		return
	}
	now := time.Now()
	s.answered(err, now)
	if err != nil {
		report(err)
		return
	}
	if err := s.tell(found, registry, now); err != nil {
		report(err)
	}
	rules, err := s.client.Rules(ctx)
	if err != nil {
		report(fmt.Errorf("its rules: %w", err))
		return
	}
	s.mu.Lock()
	s.rules, s.ruled = rules, true
	s.mu.Unlock()
}

func (s *Source) look(ctx context.Context) (map[process]*seen, error) {
	found := map[process]*seen{}
	for i, q := range queries {
		series, err := s.client.Query(ctx, q.expr, time.Time{})
		if err != nil {
			return nil, err
		}
		for _, one := range series {
			l := one.Labels
			p := process{members.Place{Job: l["job"], Bot: l["bot"], Region: l["region"], Cluster: l["cluster"]}, l["instance"]}
			if p.Region == "" {
				p.Region = s.Region
			}
			if i == 0 {
				found[p] = &seen{}
			}
			if of := found[p]; of != nil {
				q.take(of, one)
			}
		}
	}
	series, err := s.client.Query(ctx, hosts, time.Time{})
	if err != nil {
		return nil, err
	}
	at := map[target]string{}
	for _, one := range series {
		at[target{one.Labels["job"], one.Labels["instance"]}] = one.Labels["host_name"]
	}
	for p, of := range found {
		of.host = at[target{p.Job, p.instance}]
	}
	return found, nil
}

// tell reports the processes that have a newer sample than at the last poll.
func (s *Source) tell(found map[process]*seen, registry *members.Registry, now time.Time) error {
	var errs []error
	at := make(map[process]time.Time, len(found))
	for p, of := range found {
		at[p] = of.newest
		s.mu.Lock()
		before := s.at[p]
		s.mu.Unlock()
		if !of.newest.After(before) {
			continue
		}
		if _, err := registry.Room(p.Place, p.instance, now); err != nil {
			errs = append(errs, err)
			continue
		}
		r := members.Report{
			Place: p.Place, Instance: p.instance, Version: of.version, Host: of.host, At: now, Newest: of.newest, Polled: true, Final: !of.alive,
		}
		if of.aged {
			r.Began = of.newest.Add(-of.age)
		}
		registry.Report(r)
	}
	places := make(map[members.Place]bool, len(at))
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, newest := range s.at { // whose place it was is asked when it is lost
		if _, there := at[p]; !there && now.Sub(newest) < remembered {
			at[p] = newest
		}
	}
	for p := range at {
		places[p.Place] = true
	}
	s.at, s.places, s.told = at, places, now
	return errors.Join(errs...)
}

// remembered is how long a source is known to have a process that it shows no more.
const remembered = time.Hour
