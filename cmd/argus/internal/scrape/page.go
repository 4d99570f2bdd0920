package scrape

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/argus-dgo/argus/internal/catalog"
	"github.com/argus-dgo/argus/resource"
)

// A Page is what a metrics page says. It has one process, unless several Argus
// share a registry.
type Page struct {
	Processes []Process // by bot, region and cluster id
	// Clock is the clock of the process less ours, and Within how far off that may
	// be; Within is 0 when it is not known.
	Clock, Within time.Duration
}

// A Process is what one Argus says.
type Process struct {
	Bot, Region string // empty where the process was given none
	Cluster     string
	// Service is service.name, with service.namespace and a slash before it if there is
	// one, and Instance is service.instance.id: what job and instance are of a push.
	// They are empty when it does not say.
	Service, Instance string
	// Versions that the process is built from; empty when it does not say.
	Argus, Discordgo string
	// Shards it has a session of that was opened, and whether they are up.
	Shards map[int]bool
	// Unopened is the number of its sessions that are no shards: they have not been
	// opened, or make REST calls alone.
	Unopened int
	// ShardCount is the number of shards of the whole bot; 0 when not known.
	ShardCount int
	// Late is the smallest age of an interaction lately, its receipt less its creation by
	// Discord's clock; nil when not known.
	Late *time.Duration
	// Budget is nil when the process has not asked Discord for it.
	Budget *Budget
	// Down are the parts of Argus that are configured and do not work.
	Down []string
}

// A Budget is how many sessions the token of the bot may still start.
type Budget struct {
	Remaining, Total int
	Reset            time.Time
	Concurrency      int
}

var errNotArgus = errors.New("not the metrics page of Argus: it has no " + catalog.Up.PrometheusName())

// parse reads a page in Prometheus' text format.
func parse(text []byte) (*Page, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return nil, errors.New("not a metrics page")
	}
	processes := map[name]*Process{}
	for _, m := range families[catalog.Up.PrometheusName()].GetMetric() {
		n := nameOf(m)
		processes[n] = &Process{Bot: n.bot, Region: n.region, Cluster: n.cluster, Shards: map[int]bool{}}
	}
	if len(processes) == 0 {
		return nil, errNotArgus
	}
	// each calls f for the samples of an instrument, of every process.
	namespace := namespaceOf(families)
	each := func(i catalog.Instrument, f func(p *Process, m *dto.Metric, value float64)) {
		for _, m := range families[i.In(namespace).PrometheusName()].GetMetric() {
			if p := processes[nameOf(m)]; p != nil {
				f(p, m, m.GetGauge().GetValue())
			}
		}
	}
	for _, m := range families["target_info"].GetMetric() {
		if p := processes[nameOf(m)]; p != nil {
			p.Service, p.Instance = label(m, "service_name"), label(m, "service_instance_id")
			if namespace := label(m, "service_namespace"); namespace != "" {
				p.Service = namespace + "/" + p.Service
			}
		}
	}
	each(catalog.BotInfo, func(p *Process, m *dto.Metric, _ float64) {
		p.Argus, p.Discordgo = label(m, "argus_version"), label(m, "discordgo_version")
	})
	each(catalog.ShardUp, func(p *Process, m *dto.Metric, value float64) {
		if id, err := strconv.Atoi(label(m, "shard")); err == nil { // else one of the rest, beyond the cap
			p.Shards[id] = value == 1
		}
	})
	each(catalog.Sessions, func(p *Process, _ *dto.Metric, value float64) { p.Unopened += int(value) })
	for _, p := range processes {
		p.Unopened = max(0, p.Unopened-len(p.Shards))
	}
	each(catalog.BotShards, func(p *Process, _ *dto.Metric, value float64) { p.ShardCount = int(value) })
	each(catalog.ClockOffset, func(p *Process, _ *dto.Metric, value float64) {
		late := time.Duration(value * float64(time.Second))
		p.Late = &late
	})
	each(catalog.SubsystemUp, func(p *Process, m *dto.Metric, value float64) {
		if value == 0 {
			p.Down = append(p.Down, label(m, "subsystem"))
		}
	})
	// The remaining starts are what makes a budget: the others stay when it is over.
	each(catalog.SessionStartRemaining, func(p *Process, _ *dto.Metric, value float64) { p.Budget = &Budget{Remaining: int(value)} })
	for instrument, set := range map[*catalog.Instrument]func(b *Budget, value float64){
		&catalog.SessionStartLimit:       func(b *Budget, value float64) { b.Total = int(value) },
		&catalog.SessionStartReset:       func(b *Budget, value float64) { b.Reset = time.Unix(int64(value), 0) },
		&catalog.SessionStartConcurrency: func(b *Budget, value float64) { b.Concurrency = int(value) },
	} {
		each(*instrument, func(p *Process, _ *dto.Metric, value float64) {
			if p.Budget != nil {
				set(p.Budget, value)
			}
		})
	}
	page := &Page{}
	for _, n := range slices.SortedFunc(maps.Keys(processes), name.compare) {
		page.Processes = append(page.Processes, *processes[n])
	}
	return page, nil
}

// A name is what tells the processes of a page apart.
type name struct{ bot, region, cluster string }

func nameOf(m *dto.Metric) name {
	return name{label(m, string(resource.BotKey)), label(m, string(resource.RegionKey)), label(m, string(resource.ClusterKey))}
}

func (n name) compare(o name) int {
	return cmp.Or(cmp.Compare(n.bot, o.bot), cmp.Compare(n.region, o.region), cmp.Compare(n.cluster, o.cluster))
}

// namespaceOf is the first part of the names of the bot's metrics.
func namespaceOf(families map[string]*dto.MetricFamily) string {
	suffix := strings.TrimPrefix(catalog.BotInfo.PrometheusName(), catalog.Namespace)
	for name, family := range families {
		namespace, ok := strings.CutSuffix(name, suffix)
		if ok && slices.ContainsFunc(family.GetMetric(), func(m *dto.Metric) bool { return label(m, "argus_version") != "" }) {
			return namespace
		}
	}
	return catalog.Namespace
}

func label(m *dto.Metric, name string) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

// ShownIDs writes shard ids for a message of bounded length.
func ShownIDs(ids []int) string {
	const most = 40
	text := resource.FormatShardIDs(ids)
	if len(text) <= most {
		return text
	}
	cut := strings.LastIndexByte(text[:most], ',')
	if cut < 0 {
		cut = most
	}
	return fmt.Sprintf("%s and more, %d in total", text[:cut], len(ids))
}
