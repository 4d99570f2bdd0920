package main

import (
	"fmt"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"

	"github.com/argus-dgo/argus/internal/catalog"
)

// A cluster is a process that pushes what was captured, with its own identity and shards.
type cluster struct{ request pmetricotlp.ExportRequest }

// cast makes so many clusters of one bot in three regions.
func cast(push []byte, n, shards int) ([]cluster, error) {
	list := make([]cluster, n)
	for i := range list {
		request := pmetricotlp.NewExportRequest()
		if err := request.UnmarshalProto(push); err != nil {
			return nil, fmt.Errorf("the push that was captured: %w", err)
		}
		list[i] = cluster{request}
		resources := request.Metrics().ResourceMetrics()
		for r := range resources.Len() {
			attributes := resources.At(r).Resource().Attributes()
			attributes.PutStr("cluster", strconv.Itoa(i))
			attributes.PutStr("region", []string{"eu", "us", "ap"}[i%3])
			attributes.PutStr("service.instance.id", fmt.Sprintf("instance-%d", i))
		}
		list[i].each(visitor{number: func(m pmetric.Metric, p pmetric.NumberDataPoint) {
			renumber(p.Attributes(), i*shards)
			if m.Name() == catalog.BotShards.Name {
				p.SetIntValue(int64(n * shards))
			}
		}, histogram: func(p pmetric.HistogramDataPoint) { renumber(p.Attributes(), i*shards) }})
	}
	return list, nil
}

// renumber makes a shard's number one of the cluster's.
func renumber(attributes pcommon.Map, first int) {
	if label, there := attributes.Get("shard"); there {
		if shard, err := strconv.Atoi(label.AsString()); err == nil {
			attributes.PutStr("shard", strconv.Itoa(first+shard))
		}
	}
}

// move changes the values as a bot's do between two pushes: counters and histograms that
// have counted go on, gauges vary a little, and what is a time is a moment ago.
func (c cluster) move(at time.Time) {
	stamp, turn := pcommon.NewTimestampFromTime(at), at.Unix()
	const aTime = 1e9 // a Unix time in seconds; no other gauge is as large
	c.each(visitor{number: func(m pmetric.Metric, p pmetric.NumberDataPoint) {
		p.SetTimestamp(stamp)
		counter := m.Type() == pmetric.MetricTypeSum && m.Sum().IsMonotonic()
		switch isInt := p.ValueType() == pmetric.NumberDataPointValueTypeInt; {
		case isInt && counter && p.IntValue() != 0:
			p.SetIntValue(p.IntValue() + turn%7)
		case isInt && p.IntValue() > aTime && !counter:
			p.SetIntValue(turn - 1)
		case !isInt && counter && p.DoubleValue() != 0:
			p.SetDoubleValue(p.DoubleValue() + float64(turn%7)/100)
		case !isInt && p.DoubleValue() > aTime && !counter:
			p.SetDoubleValue(float64(turn - 1))
		case !isInt && p.DoubleValue() != 0 && !counter:
			p.SetDoubleValue(p.DoubleValue() * (1 + float64(turn%11-5)/1000))
		}
	}, histogram: func(p pmetric.HistogramDataPoint) {
		p.SetTimestamp(stamp)
		var more uint64
		for b := range p.BucketCounts().Len() {
			if n := p.BucketCounts().At(b); n > 0 {
				p.BucketCounts().SetAt(b, n+uint64(turn%3)) //nolint:gosec // 0 to 2
				more += uint64(turn % 3)                    //nolint:gosec // as above
			}
		}
		p.SetCount(p.Count() + more)
		p.SetSum(p.Sum() + float64(more)*0.037)
	}, summary: func(p pmetric.SummaryDataPoint) { p.SetTimestamp(stamp) }})
}

// A visitor is called with each point of its kind.
type visitor struct {
	number    func(pmetric.Metric, pmetric.NumberDataPoint)
	histogram func(pmetric.HistogramDataPoint)
	summary   func(pmetric.SummaryDataPoint)
}

func (c cluster) each(v visitor) {
	resources := c.request.Metrics().ResourceMetrics()
	for r := range resources.Len() {
		scopes := resources.At(r).ScopeMetrics()
		for s := range scopes.Len() {
			metrics := scopes.At(s).Metrics()
			for i := range metrics.Len() {
				v.visit(metrics.At(i))
			}
		}
	}
}

func (v visitor) visit(m pmetric.Metric) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		for p := range m.Gauge().DataPoints().Len() {
			v.number(m, m.Gauge().DataPoints().At(p))
		}
	case pmetric.MetricTypeSum:
		for p := range m.Sum().DataPoints().Len() {
			v.number(m, m.Sum().DataPoints().At(p))
		}
	case pmetric.MetricTypeHistogram:
		for p := range m.Histogram().DataPoints().Len() {
			v.histogram(m.Histogram().DataPoints().At(p))
		}
	case pmetric.MetricTypeSummary:
		for p := range m.Summary().DataPoints().Len() {
			if v.summary != nil {
				v.summary(m.Summary().DataPoints().At(p))
			}
		}
	}
}

// clone is what the cluster pushes now. What takes it may change it.
func (c cluster) clone() pmetric.ResourceMetricsSlice {
	copied := pmetric.NewMetrics()
	c.request.Metrics().CopyTo(copied)
	return copied.ResourceMetrics()
}
