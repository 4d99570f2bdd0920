package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
)

// captured is a push with a point of each kind.
func captured(t *testing.T) []byte {
	t.Helper()
	md := pmetric.NewMetrics()
	rm := md.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "discord-bot")
	rm.Resource().Attributes().PutStr("cluster", "demo")
	metrics := rm.ScopeMetrics().AppendEmpty().Metrics()
	add := func(name string) pmetric.Metric {
		m := metrics.AppendEmpty()
		m.SetName(name)
		return m
	}
	number := func(p pmetric.NumberDataPoint, v int64, shard string) {
		p.SetIntValue(v)
		if shard != "" {
			p.Attributes().PutStr("shard", shard)
		}
	}
	number(add("discord.bot.shards").SetEmptyGauge().DataPoints().AppendEmpty(), 2, "")
	number(add("discord.shard.last_event").SetEmptyGauge().DataPoints().AppendEmpty(), 1_800_000_000, "1")
	number(add("discord.shard.up").SetEmptyGauge().DataPoints().AppendEmpty(), 1, "1")
	sum := add("discord.gateway.events").SetEmptySum()
	sum.SetIsMonotonic(true)
	number(sum.DataPoints().AppendEmpty(), 7, "")
	number(sum.DataPoints().AppendEmpty(), 0, "")
	h := add("discord.interaction.ack.duration").SetEmptyHistogram().DataPoints().AppendEmpty()
	h.BucketCounts().FromRaw([]uint64{1, 0, 2})
	h.SetCount(3)
	add("go.gc").SetEmptySummary().DataPoints().AppendEmpty()
	push, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	return push
}

// TestCast: each cluster is a process of its own, with its own shards of one bot.
func TestCast(t *testing.T) {
	list, err := cast(captured(t), 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i, one := range list {
		attributes := one.request.Metrics().ResourceMetrics().At(0).Resource().Attributes()
		for _, name := range []string{"cluster", "service.instance.id"} {
			v, _ := attributes.Get(name)
			if text := name + v.AsString(); v.AsString() == "" || seen[text] {
				t.Errorf("cluster %d has the %s %q, as another one has", i, name, v.AsString())
			} else {
				seen[text] = true
			}
		}
		one.each(visitor{number: func(m pmetric.Metric, p pmetric.NumberDataPoint) {
			if shard, there := p.Attributes().Get("shard"); there && shard.AsString() != []string{"1", "3", "5"}[i] {
				t.Errorf("cluster %d has shard %s", i, shard.AsString())
			}
			if m.Name() == "discord.bot.shards" && p.IntValue() != 6 {
				t.Errorf("the bot has %d shards", p.IntValue())
			}
		}, histogram: func(pmetric.HistogramDataPoint) {}})
	}
	if _, err := cast([]byte("\xff"), 1, 1); err == nil {
		t.Error("what is no push is taken for one")
	}
}

// TestMove: counters never shrink, those that have counted grow within a few pushes, and
// all points have the time of the push.
func TestMove(t *testing.T) {
	list, err := cast(captured(t), 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Unix(1_900_000_000, 0)
	counts := map[string][]int64{}
	for n := range 10 {
		at := begin.Add(time.Duration(n) * 15 * time.Second)
		list[0].move(at)
		stamped := func(stamp pcommon.Timestamp) {
			if !stamp.AsTime().Equal(at) {
				t.Errorf("a point of %v has the time %v", at, stamp.AsTime())
			}
		}
		list[0].each(visitor{number: func(m pmetric.Metric, p pmetric.NumberDataPoint) {
			stamped(p.Timestamp())
			switch m.Name() {
			case "discord.gateway.events":
				counts[m.Name()] = append(counts[m.Name()], p.IntValue())
			case "discord.shard.last_event":
				if p.IntValue() != at.Unix()-1 {
					t.Errorf("the last event was at %d", p.IntValue())
				}
			case "discord.shard.up":
				if p.IntValue() != 1 {
					t.Errorf("up is %d", p.IntValue())
				}
			}
		}, histogram: func(p pmetric.HistogramDataPoint) {
			stamped(p.Timestamp())
			counts["histogram"] = append(counts["histogram"], int64(p.Count()))
			if total := p.BucketCounts().At(0) + p.BucketCounts().At(1) + p.BucketCounts().At(2); total != p.Count() || p.BucketCounts().At(1) != 0 {
				t.Errorf("the buckets have %v of %d", p.BucketCounts().AsRaw(), p.Count())
			}
		}, summary: func(p pmetric.SummaryDataPoint) { stamped(p.Timestamp()) }})
	}
	for name, step := range map[string]int{"discord.gateway.events": 2, "histogram": 1} {
		list := counts[name]
		for n := step; n < len(list); n++ {
			if list[n] < list[n-step] {
				t.Errorf("%s shrinks: %v", name, list)
			}
		}
		if list[len(list)-step] == list[0] {
			t.Errorf("%s does not grow: %v", name, list)
		}
	}
	if events := counts["discord.gateway.events"]; events[len(events)-1] != 0 {
		t.Errorf("a counter that has not counted grows: %v", events)
	}
}

// TestMisuse: a flag that cannot be used is named, and nothing runs.
func TestMisuse(t *testing.T) {
	for _, line := range [][]string{{"--clusters", "10,x"}, {"--clusters", "0"}, {"more"}, {"--what"}} {
		var out, errOut bytes.Buffer
		if code := run(t.Context(), line, &out, &errOut); code != misuse || !strings.Contains(errOut.String(), strings.TrimPrefix(line[0], "--")) || out.Len() > 0 {
			t.Errorf("%v: %d %s%s", line, code, &out, &errOut)
		}
	}
}
