package documents

import (
	"net"
	"net/url"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/argus-dgo/argus/fleet/internal/members"
)

// A TargetGroup is one of Prometheus' http_sd format.
type TargetGroup struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// metaLabel begins the labels that say who a target is. Prometheus drops them after
// relabeling. A label cluster would hide that of the process (exported_cluster).
const metaLabel = model.MetaLabelPrefix + "argus_"

// MakeTargets lists the members that report and say where they can be scraped, sorted as
// the members are. Bots that share a page are one target, without what differs.
func MakeTargets(in Input, w Wanted) []TargetGroup {
	groups := []TargetGroup{}
	of := map[string]int{}
	for _, m := range in.Members {
		if !w.Is(m.Job, m.Bot) {
			continue
		}
		for _, i := range m.Reporting() {
			group, is := target(m.Place, i)
			if !is {
				continue
			}
			n, known := of[i.Scrape]
			if !known {
				of[i.Scrape] = len(groups)
				groups = append(groups, group)
				continue
			}
			for name, value := range groups[n].Labels {
				if group.Labels[name] != value {
					delete(groups[n].Labels, name)
				}
			}
		}
	}
	return groups
}

// target is that of a process, if what it says can be used.
func target(p members.Place, i members.Incarnation) (g TargetGroup, is bool) {
	u, err := url.Parse(i.Scrape)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" {
		return g, false
	}
	host := u.Host
	if u.Port() == "" {
		port := map[string]string{"http": "80", "https": "443"}[u.Scheme]
		host = net.JoinHostPort(u.Hostname(), port)
	}
	labels := map[string]string{model.SchemeLabel: u.Scheme, model.MetricsPathLabel: "/" + strings.TrimPrefix(u.EscapedPath(), "/")}
	for name, value := range map[string]string{"job": p.Job, "bot": p.Bot, "region": p.Region, "cluster": p.Cluster, "instance": i.Instance, "version": i.Version} {
		if value != "" {
			labels[metaLabel+name] = value
		}
	}
	return TargetGroup{[]string{host}, labels}, true
}
