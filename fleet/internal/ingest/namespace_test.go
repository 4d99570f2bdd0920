package ingest

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/argus-dgo/argus/fleet/internal/members"
	"github.com/argus-dgo/argus/instrument"
)

// TestNamespace: metrics of Argus have their usual names whatever the bot calls them, and
// are read like others; metrics of the bot's own keep their names.
func TestNamespace(t *testing.T) {
	s := newStage(t, members.Config{})
	md := pmetric.NewMetrics()
	add(md, s.clock(), process("i"), map[string]int64{"my_bot.guilds": 3, "my_bot.bot.info": 1, "argus.up": 1, "my_bot.nothing": 1})
	all := md.ResourceMetrics().At(0).ScopeMetrics()
	all.At(0).Scope().SetName(instrument.ScopeName)
	own := all.AppendEmpty()
	own.Scope().SetName("mybot")
	m := own.Metrics().AppendEmpty()
	m.SetName("my_bot.guilds")
	p := m.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetIntValue(9)
	p.SetTimestamp(pcommon.NewTimestampFromTime(s.clock()))
	if receipt, err := s.Push(t.Context(), md); err != nil || receipt.Refused > 0 {
		t.Fatalf("%+v, %v", receipt, err)
	}
	for expr, want := range map[string]int{
		"discord_guilds == 3": 1, "discord_bot_info": 1, "argus_up": 1, "my_bot_guilds == 9": 1, "my_bot_nothing": 1, "my_bot_bot_info": 0,
	} {
		if got := s.rows(t, expr); got != want {
			t.Errorf("%s has %d series, want %d", expr, got, want)
		}
	}
}

// TestScope: the name is that of the instrumentation.
func TestScope(t *testing.T) {
	if scope != instrument.ScopeName {
		t.Errorf("the scope is %s", instrument.ScopeName)
	}
}
