package fleet

import (
	"compress/gzip"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql/parser"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.yaml.in/yaml/v3"
)

// recordings has what make record-plays has recorded.
const recordings = "../../../internal/agreement/testdata"

// tapeStep is the time between two scrapes of a recording, and so between two pushes.
const tapeStep = 30 * time.Second

// A tape is a recording of the processes of one bot, by cluster.
type tape struct {
	name      string
	steps     int
	processes map[string][]track
}

// A track is a series. An absent value is NaN.
type track struct {
	labels labels.Labels
	values []float64
	kind   kind
}

// A kind says how a series goes on when the tape begins again.
type kind int

const (
	level kind = iota // as it was
	total             // from where it is
	clock             // with the time
)

func kindOf(name string) kind {
	switch {
	case strings.HasSuffix(name, "_timestamp_seconds"), strings.HasSuffix(name, "_start_time_seconds"), name == "discord_uptime_seconds":
		return clock
	case strings.HasSuffix(name, "_total"), strings.HasSuffix(name, "_bucket"), strings.HasSuffix(name, "_sum"), strings.HasSuffix(name, "_count"):
		return total
	}
	return level
}

// isTime reports whether a series has times, which recordings count from their beginning.
func (k track) isTime() bool {
	return k.kind == clock && k.labels.Get(model.MetricNameLabel) != "discord_uptime_seconds"
}

// tapes are those that were read, by folder and name. Nobody changes them.
var tapes sync.Map

// readTape reads a recording.
func readTape(t *testing.T, folder, name string) *tape {
	t.Helper()
	if known, is := tapes.Load(folder + "/" + name); is {
		if r, is := known.(*tape); is {
			return r
		}
	}
	r := loadTape(t, folder, name)
	tapes.Store(folder+"/"+name, r)
	return r
}

func loadTape(t *testing.T, folder, name string) *tape {
	t.Helper()
	file, err := os.Open(filepath.Join(recordings, folder, name+".yml.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var content struct {
		Tests []struct {
			Input []struct{ Series, Values string } `yaml:"input_series"`
		}
	}
	if err := yaml.NewDecoder(text).Decode(&content); err != nil {
		t.Fatal(err)
	}
	p := parser.NewParser(parser.Options{})
	r := &tape{name: name, processes: map[string][]track{}}
	for _, in := range content.Tests[0].Input {
		of, sequence, err := p.ParseSeriesDesc(in.Series + " " + in.Values)
		if err != nil {
			t.Fatal(err)
		}
		cluster, name := of.Get("cluster"), of.Get(model.MetricNameLabel)
		if cluster == "" {
			continue // Prometheus' own; a fleet writes up itself
		}
		one := track{labels: of, kind: kindOf(name)}
		for _, v := range sequence {
			if v.Omitted || value.IsStaleNaN(v.Value) { // OTLP has no such markers
				v.Value = math.NaN()
			}
			one.values = append(one.values, v.Value)
		}
		r.processes[cluster] = append(r.processes[cluster], one)
		r.steps = max(r.steps, len(one.values))
	}
	return r
}

// lead is the number of steps of a tape before its bot starts.
const lead = 2

// warm is the part of a tape that is not played again: the start of the bot.
const warm = 8

// at is the value at a step. After its end, the tape begins again: counters go on from
// where they are.
func (k track) at(step, steps int) float64 {
	value := func(step int) float64 {
		if step >= len(k.values) {
			return math.NaN()
		}
		return k.values[step]
	}
	if step < steps {
		return value(step)
	}
	length := steps - 1 - warm
	rounds := float64((step - warm) / length)
	now := value(warm + (step-warm)%length)
	switch k.kind {
	case total:
		return now + rounds*(value(steps-1)-value(warm))
	case clock:
		return now + rounds*float64(length)*tapeStep.Seconds()
	}
	return now
}

// push is what a process of a bot pushes at a step, on a tape that began at a time. Each
// series is a gauge, which keeps its name and its labels.
func (r *tape) push(job, bot, cluster, instance string, tracks []track, step int, began time.Time) pmetric.Metrics {
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	for name, value := range map[string]string{"service.name": job, "service.instance.id": instance, "bot": bot, "cluster": cluster} {
		if value != "" {
			rm.Resource().Attributes().PutStr(name, value)
		}
	}
	list := rm.ScopeMetrics().AppendEmpty().Metrics()
	when := pcommon.NewTimestampFromTime(began.Add(time.Duration(step) * tapeStep))
	for _, one := range tracks {
		number := one.at(step, r.steps)
		if math.IsNaN(number) {
			continue
		}
		if one.isTime() {
			number += float64(began.Unix())
		}
		m := list.AppendEmpty()
		p := m.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetDoubleValue(number)
		p.SetTimestamp(when)
		one.labels.Range(func(l labels.Label) {
			switch l.Name {
			case model.MetricNameLabel:
				m.SetName(otlpName(l.Value))
			case "job", "instance", "bot", "cluster":
			default:
				p.Attributes().PutStr(l.Name, l.Value)
			}
		})
	}
	return md
}

// otlpName is the name of a metric, as far as the fleet reads it before it stores it.
func otlpName(name string) string {
	switch name {
	case "argus_up":
		return "argus.up"
	case "discord_bot_info":
		return "discord.bot.info"
	}
	return name
}

// clusters are the clusters of a tape, in order.
func (r *tape) clusters() []string {
	var list []string
	for cluster := range r.processes {
		list = append(list, cluster)
	}
	slices.Sort(list)
	return list
}
