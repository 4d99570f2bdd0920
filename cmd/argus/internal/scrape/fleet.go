package scrape

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/argus-dgo/argus/internal/evidence"
	"github.com/argus-dgo/argus/resource"
)

// A Bot is what Prometheus distinguishes bots by.
type Bot = evidence.Bot

// Bot says which bot a process of the target is one of. A label of the target wins,
// as it does in Prometheus. The job of a scrape is written in Prometheus'
// configuration, which is not seen from here; service.name, which is the job of what
// is pushed, stands for it.
func (r Result) Bot(p Process) Bot {
	return Bot{Job: cmp.Or(r.Labels["job"], p.Service), Name: cmp.Or(r.Labels[string(resource.BotKey)], p.Bot)}
}

// A Group is what targets say of one bot.
type Group struct {
	Bot     Bot
	Results []Result // those that answered, each with the processes of this bot alone
}

// ByBot takes what targets say apart by bot, in the order of their names.
func ByBot(results []Result) []Group {
	groups := map[Bot][]Result{}
	for _, r := range results {
		if r.Page == nil {
			continue
		}
		of := map[Bot][]Process{}
		for _, p := range r.Page.Processes {
			of[r.Bot(p)] = append(of[r.Bot(p)], p)
		}
		for bot, processes := range of {
			part, page := r, *r.Page
			page.Processes = processes
			part.Page = &page
			groups[bot] = append(groups[bot], part)
		}
	}
	var list []Group
	for _, bot := range slices.SortedFunc(maps.Keys(groups), func(a, b Bot) int {
		return cmp.Or(cmp.Compare(a.Job, b.Job), cmp.Compare(a.Name, b.Name))
	}) {
		list = append(list, Group{bot, groups[bot]})
	}
	return list
}

// A Cluster is a process' name among those of its bot.
type Cluster struct{ Region, ID string }

// String quotes the id, and names the region if there is one.
func (c Cluster) String() string {
	if c.Region == "" {
		return fmt.Sprintf("%q", c.ID)
	}
	return fmt.Sprintf("%q in region %q", c.ID, c.Region)
}

// Clusters returns the addresses of the targets of one bot by cluster.
func (g Group) Clusters() map[Cluster][]string {
	clusters := map[Cluster][]string{}
	for _, r := range g.Results {
		for _, p := range r.Page.Processes {
			c := Cluster{cmp.Or(r.Labels[string(resource.RegionKey)], p.Region), p.Cluster}
			clusters[c] = append(clusters[c], r.Address)
		}
	}
	return clusters
}

// Shared returns the clusters that several targets of one bot say to be, in the order
// of their ids.
func (g Group) Shared() (clusters []Cluster, addresses map[Cluster][]string) {
	addresses = g.Clusters()
	maps.DeleteFunc(addresses, func(_ Cluster, of []string) bool { return len(of) < 2 })
	return slices.SortedFunc(maps.Keys(addresses), func(a, b Cluster) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Region, b.Region))
	}), addresses
}
